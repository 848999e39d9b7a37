"""Noise on images whose clean originals are known: which kind it is, and how much."""

from __future__ import annotations

import itertools
import math
from collections import Counter

import numpy as np

from harness.recording import Noise
from harness.worker.keys import Array

_SAMPLE = 2048  # images: 1.6 million pixels tell a level to a tenth of a percent
_FIRST_LOOK = 64
_COMPARED = 10_000  # images at a time
_PROBES = 16  # noisy images that are looked for
_BEYOND_CHANCE = 5.0  # standard deviations
_LARGEST = 1e6  # values of an image with noise, in units of its whole range
_SURE = 3  # pairs of them on one line, which chance does not bring there
_SEVERAL = 5  # images in which a pixel is black
_FEWEST_PIXELS = 50
_OF_MANY, _OF_ONE_DRAW = 0.06, 0.2  # how far ratios of quantiles may be off: of all pixels, of one image's
_LEFT_ALONE = 0.1  # share of grey pixels; added noise leaves fewer as they were


def tell(images: Array, numbers: Array, scale: float, noisy: Array, total: bool) -> Noise | None:
    """The noise that turns `images[numbers] * scale`, in [0, 1], into `noisy`, both (n, pixels).

    None where it is no known kind, or too little to be told. `total`: where every pixel of `noisy` is 0 or 1, so
    that nothing is left to compare, it may be called salt and pepper of level 1.
    """
    if len(numbers) != len(noisy) or not len(noisy):
        return None
    exact = 1e-3 if noisy.dtype == np.float16 else 1e-6
    noise = None
    for most in (_FIRST_LOOK, _SAMPLE) if len(noisy) > _FIRST_LOOK else (_FIRST_LOOK,):
        step = max(1, len(noisy) // most)
        taken = np.asarray(noisy[::step][:most], dtype=np.float64)
        noise = _tell(images[numbers[::step][:most]] * scale, taken, exact, total)
        if noise is None:
            return None
    return noise


def _tell(clean: Array, noisy: Array, exact: float, total: bool) -> Noise | None:
    """`tell` for float64 in [0, 1]; values that differ by less than `exact` are the same."""
    changed = np.abs(noisy - clean) > exact
    middle = (clean > 0.02) & (clean < 0.98)
    if not float(np.abs(noisy).max()) < _LARGEST or not (changed & middle).any():
        return None
    extreme = (np.abs(noisy) < exact) | (np.abs(noisy - 1) < exact)
    shared = _shared(clean, noisy)
    if float(extreme[changed].mean()) > 0.995 and float(changed.mean()) < 0.999:
        noise = _salt_and_pepper(clean, noisy, changed, middle, exact, total)
    else:
        noise = _added(clean, noisy, exact, _OF_ONE_DRAW if shared else _OF_MANY)
    return noise.model_copy(update={"shared": shared}) if noise is not None else None


def _shared(clean: Array, noisy: Array) -> bool:
    """Whether all of these images have the same noise, by the pixels that are black in several of them.

    A pixel's noise, averaged over k images, keeps 1/k of its variance where each image has noise of its own, and
    all of it where they share it.
    """
    black = clean < 0.02
    images = black.sum(axis=0)
    seen = images >= _SEVERAL
    if seen.sum() < _FEWEST_PIXELS:
        return False
    black, added = black[:, seen], (noisy - clean)[:, seen]
    average = np.where(black, added, 0).sum(axis=0) / images[seen]
    return bool(average.var() > 0.5 * added[black].var())


def _salt_and_pepper(
    clean: Array, noisy: Array, changed: Array, middle: Array, exact: float, total: bool
) -> Noise | None:
    if changed[middle].all() and not total:
        return None
    level = float(changed[middle].mean())
    salt = float((noisy[changed & middle] > 0.5).mean())
    edge = (clean < exact) | (clean > 1 - exact)  # here only one of the two is seen
    background = clean < exact
    seen = 2 * float(changed[background].mean()) if background.any() else level
    loose = 0.1 + 2 / np.sqrt(max(1, int((changed & middle).sum())))
    if abs(salt - 0.5) > loose or abs(seen - level) > loose:
        return None  # a threshold makes 0 and 1 too, not at random
    if changed[middle].all():
        return Noise(kind="salt_and_pepper", level=1.0)
    share = float(changed[middle | edge].sum()) / (float(middle.sum()) + float(edge.sum()) / 2)
    return Noise(kind="salt_and_pepper", level=round(min(1.0, share), 4))


def _added(clean: Array, noisy: Array, exact: float, tolerance: float) -> Noise | None:
    """Gaussian or uniform noise added to each pixel, clipped to [0, 1] or not.

    Told by quantiles on the black background, where clipping hides the lower half of what goes both ways and
    nothing else.
    """
    background, inner = clean < 0.02, (clean > 0.3) & (clean < 0.7)
    if background.sum() < 200 or inner.sum() < 20:
        return None
    shift = (noisy - clean)[inner]
    if float((np.abs(shift) < exact).mean()) > _LEFT_ALONE:
        return None
    clipped = bool(noisy.min() >= 0 and noisy.max() <= 1)
    if not _shows(clean, noisy, 0.35 if clipped else 0.6):
        return None  # not this image: it was taken for the likest one of something else
    quantiles = [float(part) for part in np.quantile((noisy - clean)[background], (0.25, 0.5, 0.75, 0.85, 0.95))]
    loose = max(tolerance, min(2 * tolerance, tolerance + 2.5 / math.sqrt(int(background.sum()))))
    upper, high = quantiles[2:4]
    if upper < 1e-4 or (clipped and high > 0.98):
        return None
    by_chance = upper / math.sqrt(shift.size)  # a third of how far the middle of so few may be off, or less
    middle = float(np.median(shift))
    if quantiles[1] > upper / 2:
        return _brighter(quantiles, middle, by_chance, clipped, loose)
    return _both_ways(quantiles, middle, by_chance, clipped, loose)


def _shows(clean: Array, noisy: Array, share: float) -> bool:
    """Whether the noisy images are bright where these are: at least so much of their contrast is in them, and more
    than chance brings there."""
    bright = clean - clean.mean()
    contrast = float((bright**2).sum())
    by_chance = float((noisy - clean).std()) * math.sqrt(contrast)
    return float((noisy * bright).sum()) > max(share * contrast, _BEYOND_CHANCE * by_chance)


def _brighter(
    quantiles: list[float], middle: float, by_chance: float, clipped: bool, tolerance: float
) -> Noise | None:
    """Uniform noise from 0 to a level, of which clipping takes nothing on black. `middle` is the median on grey."""
    lower, median, upper, _, highest = quantiles
    level = upper / 0.75
    off = max(abs(lower / level - 0.25), abs(median / level - 0.5), abs(highest / level - 0.95))
    if off > tolerance or abs(middle - level / 2) > 0.2 * upper + 2 * by_chance:
        return None  # on grey it must be as bright as on black: not noise that is mixed into this image
    return Noise(kind="uniform", level=round(level, 4), clipped=clipped, from_zero=True)


def _both_ways(
    quantiles: list[float], middle: float, by_chance: float, clipped: bool, tolerance: float
) -> Noise | None:
    """Noise that goes as far below an image's grey as above it."""
    lower, median, upper, high, highest = quantiles
    if abs(median) > 0.2 * upper + 0.02 or (not clipped and abs(lower + upper) > 0.2 * upper):
        return None
    if abs(middle) > 0.3 * upper + 3 * by_chance:
        return None  # it does not lie about the image: not noise on this image
    if clipped and highest > 0.98:
        normal, uniform = high / upper / 1.5366, high / upper / 1.4
    else:
        normal, uniform = highest / upper / 2.4387, highest / upper / 1.8
    if abs(normal - 1) < min(abs(uniform - 1), tolerance):
        return Noise(kind="gaussian", level=round(upper / 0.67449, 4), clipped=clipped)
    if abs(uniform - 1) < tolerance:
        return Noise(kind="uniform", level=round(2 * upper, 4), clipped=clipped)
    return None


class Likeness:
    """Finds the images that noisy ones resemble most."""

    def __init__(self, images: Array) -> None:
        self._images = images
        self._lengths: Array | None = None

    def slice_of(self, noisy: Array) -> Array | None:
        """The numbers (n,) of the images that `noisy` (n, pixels) shows: every k-th in order, or a few."""
        places = np.unique(np.linspace(0, len(noisy) - 1, _PROBES).astype(int))
        probes = noisy[places].astype(np.float32)
        if not np.isfinite(probes).all():
            return None
        nearest = self._nearest(probes - probes.mean(axis=1, keepdims=True))
        lines: Counter[tuple[int, int]] = Counter()
        for first, second in itertools.combinations(range(len(places)), 2):
            step, rest = divmod(int(nearest[second] - nearest[first]), int(places[second] - places[first]))
            if not rest and step >= 1:
                lines[step, int(nearest[first]) - step * int(places[first])] += 1
        (step, start), pairs = lines.most_common(1)[0] if lines else ((0, 0), 0)
        if pairs < _SURE and len(places) == len(noisy):
            return nearest  # few, and in no order: each was looked for
        if not lines:
            return None
        numbers = start + step * np.arange(len(noisy))
        return numbers if start >= 0 and numbers[-1] < len(self._images) else None

    def _nearest(self, probes: Array) -> Array:
        """The most correlated image of each probe (k, pixels), which have mean 0."""
        scores = []
        lengths = []
        for start in range(0, len(self._images), _COMPARED):
            part = self._images[start : start + _COMPARED].astype(np.float32)
            if self._lengths is None:
                lengths.append(part.std(axis=1) + np.float32(1e-6))
            scores.append(part @ probes.T)
        if self._lengths is None:
            self._lengths = np.concatenate(lengths)
        return np.asarray((np.concatenate(scores) / self._lengths[:, None]).argmax(axis=0))
