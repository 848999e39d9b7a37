"""The images of one data set, known by keys of their bytes, and the maps that hide them: recognised and undone."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from harness.worker.keys import Array, KeyIndex, RowKeys

_SCALES = (1 / 255, 1.0, 1 / 256, 1 / 255**2, 1 / 256**2)  # tried first; then what the range suggests
_TOLERANCE = 0.02  # of one grey level
_TOLERANCE_HALF = 0.2  # the same for float16, which rounds by an eighth of a grey level
_PROBE = 64  # rows that are looked at before all are
_NARROWINGS = 12  # thresholds tried in turn
_FEWEST_WHITE = 10  # pixels of an image in black and white that say which image it is
_LARGEST_SIDE = 256  # of padded images
_MOST_PADS = 256  # places that are tried


class Match(NamedTuple):
    """Rows of the data set (n,), and the map: `value = pixel * scale + offset`, then `threshold`."""

    numbers: Array
    scale: float
    offset: float
    threshold: float | None = None


class Unwrapped(NamedTuple):
    """Images (n, pixels) without the black around them and without repeated channels."""

    flat: Array
    pad: tuple[int, int, int, int]
    channels: int


class KnownImages:
    """Images of one data set: `images` is uint8 (n, pixels)."""

    def __init__(self, images: Array) -> None:
        self.images = images
        self._row_keys = RowKeys(images.shape[1])
        self._index = KeyIndex(self._row_keys(images))

    @property
    def pixels(self) -> int:
        """Values of one image."""
        return int(self.images.shape[1])

    def match(self, flat: Array, low: float, high: float) -> Match | None:
        """The rows that `flat` (n, pixels) shows, and the map that was applied; None where a row is unknown."""
        probe = _sample(flat)
        for scale, offset in _affine_candidates(low, high, probe):
            if self._numbers(probe, scale, offset) is None:
                continue
            numbers = self._numbers(flat, scale, offset)
            if numbers is not None:
                return Match(numbers, scale, offset)
        return self._black_and_white(flat) if low == 0 and high == 1 else None

    def _numbers(self, flat: Array, scale: float, offset: float) -> Array | None:
        keys = np.empty(len(flat), dtype=np.uint64)
        step = 1024
        for start in range(0, len(flat), step):
            part = flat[start : start + step]
            levels = _levels(part, scale, offset)
            if levels is None:
                return None
            keys[start : start + step] = self._row_keys(levels)
        return self._index.find(keys)

    # --- black and white

    def _black_and_white(self, flat: Array) -> Match | None:
        """Which threshold turned images into `flat`, where its values are 0 and 1; white may be either side."""
        if not all(((part == 0) | (part == 1)).all() for part in _chunks(flat)):
            return None
        white = flat.astype(bool)
        for inverted in (False, True):
            found = self._thresholded(~white if inverted else white)
            if found is not None:
                numbers, level = found
                threshold = (level + 0.5) / 255
                if inverted:
                    return Match(numbers, -1 / 255, 1.0, 1 - threshold)
                return Match(numbers, 1 / 255, 0.0, threshold)
        return None

    def _thresholded(self, white: Array) -> tuple[Array, int] | None:
        """Rows and grey level such that `pixel > level` gives `white` (n, pixels) bool."""
        counts = white.sum(axis=1)
        probe = int(counts.argmax())  # the more is white, the fewer images it can be
        if counts[probe] < _FEWEST_WHITE:
            return None
        packed = np.packbits(white, axis=1)
        row_keys = RowKeys(packed.shape[1])
        keys = row_keys(packed)
        lowest, highest = 0, 254
        tried: set[int] = set()
        for _ in range(_NARROWINGS):
            bounds = self._between(white[probe], lowest, highest)
            if bounds is None:
                return None
            lowest, highest = bounds
            level = next((usual for usual in (127, 0) if lowest <= usual <= highest), (lowest + highest) // 2)
            if level in tried:
                return None
            tried.add(level)
            index = KeyIndex(row_keys(np.packbits(self.images > level, axis=1)))
            numbers = index.find(keys)
            if numbers is not None:
                return numbers, level
            probe = int(np.where(index.has(keys), 0, counts).argmax())
            if index.has(keys[probe : probe + 1]).all() or counts[probe] < _FEWEST_WHITE:
                return None
        return None

    def _between(self, white: Array, lowest: int, highest: int) -> tuple[int, int] | None:
        """The levels of [lowest, highest] at which some image turns into `white` (pixels,); None without any.

        Of several images, the one with the widest range counts.
        """
        least = np.minimum(np.min(self.images[:, white], axis=1, initial=255).astype(int) - 1, highest)
        most = np.maximum(np.max(self.images[:, ~white], axis=1, initial=0).astype(int), lowest)
        best = int(np.argmax(least - most))
        return (int(most[best]), int(least[best])) if most[best] <= least[best] else None


def unwrapped(array: Array, pixels: int, low: float, high: float) -> Iterator[Unwrapped]:
    """The ways to see `array` (n, …) as images of `pixels` values, without channels and black lines around them."""
    channels = 1
    if array.ndim >= 3 and 2 <= array.shape[-1] <= 4 and array.size >= pixels * len(array) * array.shape[-1]:
        first = array[..., :1]
        if not all((part == part[..., :1]).all() for part in _chunks(array)):
            return
        array, channels = first, array.shape[-1]
    size = int(np.prod(array.shape[1:]))
    if size == pixels:
        yield Unwrapped(array.reshape(len(array), -1), (0, 0, 0, 0), channels)
    sides = _sides(array.shape[1:])
    inner = round(pixels**0.5)
    if sides is None or inner**2 != pixels or size <= pixels or min(sides) < inner:
        return
    square = array.reshape(len(array), *sides)
    for black in (low, high):
        for pad in itertools.islice(_pads(square, inner, black), _MOST_PADS):
            top, bottom, left, right = pad
            core = square[:, top : sides[0] - bottom, left : sides[1] - right]
            yield Unwrapped(core.reshape(len(core), -1), pad, channels)


def _sides(shape: tuple[int, ...]) -> tuple[int, int] | None:
    """Height and width of images of this shape; a flat image is taken for a square."""
    sides = [side for side in shape if side != 1]
    if len(sides) == 1:
        sides = [round(sides[0] ** 0.5)] * 2 if round(sides[0] ** 0.5) ** 2 == sides[0] else []
    return (sides[0], sides[1]) if len(sides) == 2 and max(sides) <= _LARGEST_SIDE else None


def _pads(square: Array, inner: int, black: float) -> Iterator[tuple[int, int, int, int]]:
    """Where images of `inner` lines may lie in `square` (n, height, width) with only `black` around them: above,
    below, left, right; in the middle first."""
    shown = np.zeros(square.shape[1:], dtype=bool)
    for part in _chunks(square):
        shown |= (part != black).any(axis=0)
    if not shown.any():
        return
    starts = []
    for axis in (1, 0):
        lines: Array = np.any(shown, axis=axis)
        seen = np.flatnonzero(lines)
        earliest, latest = max(0, int(seen[-1]) + 1 - inner), min(int(seen[0]), len(lines) - inner)
        middle = (len(lines) - inner) / 2
        starts.append(sorted(range(earliest, latest + 1), key=lambda start: abs(start - middle)))
    height, width = square.shape[1:]
    for top in starts[0]:
        for left in starts[1]:
            yield (top, height - inner - top, left, width - inner - left)


def _chunks(array: Array, rows: int = 1024) -> Iterator[Array]:
    for start in range(0, len(array), rows):
        yield array[start : start + rows]


def _sample(flat: Array) -> Array:
    return flat[:: max(1, len(flat) // _PROBE)][:_PROBE]


def _levels(flat: Array, scale: float, offset: float) -> Array | None:
    """The grey levels uint8 that the map turned into `flat`; None where a value is none of them."""
    if flat.dtype == np.uint8 and (scale, offset) == (1.0, 0.0):
        return flat
    precise = flat.dtype == np.float64 or flat.dtype.kind in "iu"
    kind = np.float64 if precise else np.float32
    tolerance = _TOLERANCE_HALF if flat.dtype == np.float16 else _TOLERANCE
    with np.errstate(all="ignore"):
        levels: Array = flat.astype(kind)
        np.subtract(levels, kind(offset), out=levels)
        np.divide(levels, kind(scale), out=levels)
        rounded: Array = np.rint(levels)
        np.subtract(levels, rounded, out=levels)
        if not (rounded.min() >= 0 and rounded.max() <= 255):
            return None  # NaN too
        if not (levels.min() >= -tolerance and levels.max() <= tolerance):
            return None
        return rounded.astype(np.uint8)


def _affine_candidates(low: float, high: float, probe: Array) -> list[tuple[float, float]]:
    """(scale, offset) pairs worth trying, the commonest first: `value = pixel * scale + offset`."""
    if not high > low:
        return []
    if probe.dtype.kind in "iub":
        pairs = [(1.0, 0.0), (-1.0, 255.0)]
    else:
        pairs = [(scale, 0.0) for scale in _SCALES]
        pairs += [(2 / 255, -1.0), (1 / 255, -0.5), (-1 / 255, 1.0), (-2 / 255, 1.0)]
    suggested = (high - low) / 255
    pairs += [(suggested, low), (-suggested, high)]
    step = _step(low, high, probe)
    if step is not None:
        pairs += [pair for part in (step, step / 2, step / 3) for pair in ((part, low), (-part, high))]
    fitting = []
    for scale, offset in pairs:
        black, white = sorted((offset, 255 * scale + offset))
        if low >= black - 1e-2 * abs(scale) and high <= white + 1e-2 * abs(scale):
            fitting.append((scale, offset))
    return fitting


def _step(low: float, high: float, probe: Array) -> float | None:
    """The distance between neighbouring grey levels, as far as the values of `probe` show it."""
    values = np.unique(probe.astype(np.float64))
    gaps = np.diff(values)
    gaps = gaps[gaps > 0.3 * (high - low) / 255]  # smaller ones are rounding
    if not len(gaps) or not np.isfinite(gaps).all():
        return None
    return (high - low) / max(1, round((high - low) / float(gaps.min())))
