"""Recognising arrays: which known images a hand-in gave to `fit`, in which order, and what was done to them.

Each image of the data set is known by a 64-bit key of its 784 bytes. An array is mapped back to bytes by the
affine map its values suggest (`/255` and the like) and its rows are looked up, so that slices, shuffles, subsets
and rescalings are all told exactly. Noise is recognised against the clean images of the same fit.
"""

from __future__ import annotations

import hashlib
import weakref
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from harness.recording import ArrayRecord, FitData, Noise, Rows
from harness.worker.frames import FrameWriter

Array = NDArray[Any]
Part = Literal["x_train", "x_test"]

_SCALES = (1 / 255, 1.0, 1 / 256, 1 / 255**2, 1 / 256**2)  # tried first; then what the range suggests
_TOLERANCE = 0.02  # of one grey level
_TOLERANCE_HALF = 0.2  # the same for float16, which rounds by an eighth of a grey level
_REMEMBERED = 24  # arrays whose answer is kept so that a sweep's fits are recognised once


class Recogniser:
    """Knows the data set's images; turns arrays into ArrayRecords."""

    def __init__(self, data: dict[str, Array], frames: FrameWriter) -> None:
        self._frames = frames
        self._labels = {"x_train": data["y_train"].astype(np.int64), "x_test": data["y_test"].astype(np.int64)}
        self._images = {"x_train": _rows_of(data["x_train"]), "x_test": _rows_of(data["x_test"])}
        self._pixels = self._images["x_train"].shape[1]
        rng = np.random.default_rng(0)
        words = -(-self._pixels // 8)
        self._weights = rng.integers(1, 2**63, size=words, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
        keys = np.concatenate([self._keys(self._images["x_train"]), self._keys(self._images["x_test"])])
        self._order = np.argsort(keys, kind="stable")
        self._sorted = keys[self._order]
        self._seen: list[tuple[weakref.ref[Array], int, tuple[ArrayRecord, Array | None]]] = []

    def fit_data(self, x: Any, y: Any, validation: Any, split: float) -> FitData:
        """The record of a fit's arrays, each recognised on its own and with its partner."""
        record_x, record_y = self.pair(x, y)
        validation_x = validation_y = None
        if validation is not None:
            validation_x, validation_y = self.pair(validation[0], validation[1])
        return FitData(
            x=record_x,
            y=record_y,
            validation_x=validation_x,
            validation_y=validation_y,
            validation_split=float(split or 0.0),
        )

    def pair(self, x: Array, y: Array) -> tuple[ArrayRecord, ArrayRecord]:
        """Records of inputs and targets. Noise on `x` is told where `y` holds its clean images."""
        record_x, rows_x = self._recognise(x)
        if _may_be_labels(y):
            return record_x, self._recognise_labels(y, rows_x, record_x.source)
        record_y, rows_y = self._recognise(y)
        if rows_x is None and rows_y is not None and len(x) == len(y):
            record_x = self._noisy(x, record_x, rows_y, record_y)
        return record_x, record_y

    # --- images

    def _recognise(self, array: Array) -> tuple[ArrayRecord, Array | None]:
        """The record, and the row numbers within its source where the rows are known."""
        mark = _mark(array)
        for known, known_mark, answer in self._seen:
            if known() is array and known_mark == mark:
                return answer
        answer = self._recognise_afresh(array)
        self._seen = [*self._seen[-_REMEMBERED:], (weakref.ref(array), mark, answer)]
        return answer

    def _recognise_afresh(self, array: Array) -> tuple[ArrayRecord, Array | None]:
        facts = _facts(array)
        if array.ndim < 2 or array.size == 0 or int(np.prod(array.shape[1:])) != self._pixels:
            return ArrayRecord(**facts), None
        flat = array.reshape(len(array), -1)
        for scale, offset in _affine_candidates(facts["low"], facts["high"], array.dtype):
            numbers = self._lookup(flat, scale, offset)
            if numbers is not None:
                break
        else:
            return ArrayRecord(**facts), None
        first_test = len(self._images["x_train"])
        if (numbers < first_test).all():
            source: Part = "x_train"
        elif (numbers >= first_test).all():
            source, numbers = "x_test", numbers - first_test
        else:
            return ArrayRecord(**facts), None
        rows = self._rows(numbers, len(self._images[source]))
        return ArrayRecord(
            **facts, source=source, rows=rows, encoding="pixels", scale=float(scale), offset=float(offset)
        ), numbers

    def _lookup(self, flat: Array, scale: float, offset: float) -> Array | None:
        """Row numbers among training and evaluation images together, or None where a row is unknown."""
        probe = flat[:: max(1, len(flat) // 64)][:64]
        if self._match(probe, scale, offset) is None:
            return None
        found = np.empty(len(flat), dtype=np.int64)
        for start in range(0, len(flat), 8192):
            part = self._match(flat[start : start + 8192], scale, offset)
            if part is None:
                return None
            found[start : start + len(part)] = part
        return found

    def _match(self, flat: Array, scale: float, offset: float) -> Array | None:
        with np.errstate(all="ignore"):
            levels = (flat.astype(np.float64) - offset) / scale
            rounded = np.rint(levels)
            tolerance = _TOLERANCE_HALF if flat.dtype == np.float16 else _TOLERANCE
            if not (rounded.min() >= 0 and rounded.max() <= 255 and np.abs(levels - rounded).max() <= tolerance):
                return None  # NaN too
        keys = self._keys(rounded.astype(np.uint8))
        places = np.searchsorted(self._sorted, keys)
        places[places == len(self._sorted)] = 0
        return self._order[places] if (self._sorted[places] == keys).all() else None

    def _keys(self, rows: Array) -> Array:
        padded = np.zeros((len(rows), len(self._weights) * 8), dtype=np.uint8)
        padded[:, : rows.shape[1]] = rows
        words = padded.view(np.uint64)
        # A plain sum of products wraps, and is linear: mixing first keeps equal sums from meaning equal rows.
        mixed = (words ^ (words >> np.uint64(29))) * self._weights
        return np.asarray((mixed ^ (mixed >> np.uint64(32))).sum(axis=1, dtype=np.uint64))

    def _rows(self, numbers: Array, total: int) -> Rows:
        count = len(numbers)
        steps = np.diff(numbers)
        if count == total and numbers[0] == 0 and (steps == 1).all():
            return Rows(kind="all", count=count)
        if count == 1 or ((steps == steps[0]).all() and steps[0] > 0):
            step = int(steps[0]) if count > 1 else 1
            return Rows(kind="slice", count=count, start=int(numbers[0]), stop=int(numbers[-1]) + 1, step=step)
        listed = numbers.astype(np.int32)
        name = f"rows-{hashlib.sha256(listed.tobytes()).hexdigest()[:16]}"
        self._frames.array(name, listed)
        return Rows(kind="listed", count=count, frame=name)

    # --- labels

    def _recognise_labels(self, y: Array, rows: Array | None, source: str | None) -> ArrayRecord:
        facts = _facts(y)
        encoding, labels = _decode_labels(y)
        if encoding is None or labels is None:
            return ArrayRecord(**facts)
        if rows is None or source is None or len(labels) != len(rows):
            return ArrayRecord(**facts, encoding=encoding, frame=self._label_frame(labels))
        right = float((self._labels[source][rows] == labels).mean())
        return ArrayRecord(
            **facts,
            encoding=encoding,
            source="y_train" if source == "x_train" else "y_test",
            labels_match=right,
            frame=None if right == 1.0 else self._label_frame(labels),
        )

    def _label_frame(self, labels: Array) -> str:
        small = labels.astype(np.uint8)
        name = f"labels-{hashlib.sha256(small.tobytes()).hexdigest()[:16]}"
        self._frames.array(name, small)
        return name

    # --- noise

    def _noisy(self, x: Array, record: ArrayRecord, rows: Array, clean: ArrayRecord) -> ArrayRecord:
        """`record` with the noise on it told, given the rows that its partner holds clean."""
        if clean.source is None or int(np.prod(x.shape[1:])) != self._pixels:
            return record
        if clean.offset != 0 or not 0.99 < 255 * clean.scale < 1.01:
            return record  # levels are told in units of [0, 1]
        take = slice(0, 2048)  # enough pixels (1.6 million) to tell a level to a tenth of a percent
        known = self._images["x_train" if clean.source == "x_train" else "x_test"][rows[take]]
        value = known * clean.scale + clean.offset
        noisy = np.asarray(x[take], dtype=np.float64).reshape(len(value), -1)
        noise = _noise(value, noisy, 1e-3 if x.dtype == np.float16 else 1e-6)
        if noise is None:
            return record
        return record.model_copy(
            update={
                "source": clean.source,
                "rows": clean.rows,
                "encoding": "pixels",
                "scale": clean.scale,
                "offset": clean.offset,
                "noise": noise,
            }
        )


def _noise(clean: Array, noisy: Array, exact: float) -> Noise | None:
    """The noise that turns `clean` into `noisy` (both in [0, 1]), where it is one of the known kinds; values that
    differ by less than `exact` are the same."""
    changed = np.abs(noisy - clean) > exact
    middle = (clean > 0.02) & (clean < 0.98)
    if not np.isfinite(noisy).all() or not (changed & middle).any():
        return None
    extreme = (np.abs(noisy) < exact) | (np.abs(noisy - 1) < exact)
    if float(extreme[changed].mean()) > 0.995 and float(changed.mean()) < 0.999:
        level = float(changed[middle].mean())
        salt = float((noisy[changed & middle] > 0.5).mean())
        background = clean < exact  # here only salt is seen
        seen = 2 * float(changed[background].mean()) if background.any() else level
        fair = abs(salt - 0.5) < 0.1 and abs(seen - level) < 0.1  # a threshold makes 0 and 1 too, not at random
        return Noise(kind="salt_and_pepper", level=round(level, 4)) if fair else None
    return _added_noise(clean, noisy)


def _added_noise(clean: Array, noisy: Array) -> Noise | None:
    """Gaussian or uniform noise added to each pixel, clipped to [0, 1] or not.

    Told by quantiles on the black background, where clipping hides the lower half and nothing else.
    """
    background, inner = clean < 0.02, (clean > 0.4) & (clean < 0.6)
    if background.sum() < 200 or inner.sum() < 20:
        return None
    added = (noisy - clean)[background]
    clipped = bool(noisy.min() >= 0 and noisy.max() <= 1)
    lower, median, upper, high, highest = (
        float(part) for part in np.quantile(added, (0.25, 0.5, 0.75, 0.85, 0.95))
    )
    if upper < 1e-4 or abs(median) > 0.2 * upper + 0.02 or (not clipped and abs(lower + upper) > 0.2 * upper):
        return None
    if abs(float(np.median((noisy - clean)[inner]))) > 0.3 * upper:
        return None  # it does not lie about the image: not noise on this image
    if clipped and high > 0.98:
        return None
    if clipped and highest > 0.98:
        normal, uniform = high / upper / 1.5366, high / upper / 1.4
    else:
        normal, uniform = highest / upper / 2.4387, highest / upper / 1.8
    if abs(normal - 1) < min(abs(uniform - 1), 0.06):
        return Noise(kind="gaussian", level=round(upper / 0.67449, 4), clipped=clipped)
    if abs(uniform - 1) < 0.06:
        return Noise(kind="uniform", level=round(2 * upper, 4), clipped=clipped)
    return None


def _may_be_labels(y: Array) -> bool:
    return y.ndim == 1 or (y.ndim == 2 and y.shape[1] <= 64) or (y.ndim == 3 and y.shape[2] == 2)


def _decode_labels(
    y: Array,
) -> tuple[Literal["labels", "one_hot", "one_hot_twice"] | None, Array | None]:
    """The encoding of labels and the labels as integers (n,)."""
    if y.size == 0:
        return None, None
    if y.ndim == 3:
        inner = y[..., 1]
        return ("one_hot_twice", inner.argmax(axis=1)) if _is_one_hot(inner) else (None, None)
    if y.ndim == 2 and y.shape[1] > 1:
        return ("one_hot", y.argmax(axis=1)) if _is_one_hot(y) else (None, None)
    flat = y.reshape(-1)
    if flat.dtype.kind not in "iufb" or not ((flat >= 0) & (flat < 256) & (flat == np.rint(flat))).all():
        return None, None
    return "labels", flat.astype(np.int64)


def _is_one_hot(y: Array) -> bool:
    return y.dtype.kind in "iufb" and bool(((y == 0) | (y == 1)).all() and (y.sum(axis=1) == 1).all())


def _affine_candidates(low: float | None, high: float | None, dtype: Any) -> list[tuple[float, float]]:
    """(scale, offset) pairs worth trying, the commonest first."""
    if low is None or high is None or not high > low:
        return []
    pairs = [(1.0, 0.0)] if dtype.kind in "iu" else [(scale, 0.0) for scale in _SCALES]
    suggested = ((high - low) / 255, low)
    pairs += [(2 / 255, -1.0), suggested]
    return [pair for pair in pairs if low >= pair[1] - 1e-6 and high <= 255 * pair[0] + pair[1] + 1e-4 * pair[0]]


def _facts(array: Array) -> dict[str, Any]:
    facts: dict[str, Any] = {"shape": tuple(int(n) for n in array.shape), "dtype": str(array.dtype)}
    if array.size and array.dtype.kind in "iufb":
        with np.errstate(all="ignore"):  # a sum beyond all numbers is no mean
            low, high, mean = float(array.min()), float(array.max()), float(array.mean(dtype=np.float64))
        if np.isfinite([low, high, mean]).all():
            facts |= {"low": low, "high": high, "mean": mean}
    return {"low": None, "high": None} | facts


def _mark(array: Array) -> int:
    """A cheap mark of an array's contents, so that a change in place is noticed: every byte counts by a sum, a
    sample by its place."""
    flat = array.reshape(-1) if array.flags.c_contiguous else np.ravel(array[:: max(1, len(array) // 512)])
    sample = np.ascontiguousarray(flat[:: max(1, flat.size // 65_536)])
    total = 0
    if array.flags.c_contiguous and array.size:
        octets = flat.view(np.uint8)
        words = octets[: octets.size // 8 * 8].view(np.uint64)
        total = int(words.sum(dtype=np.uint64)) + int(octets[words.size * 8 :].sum(dtype=np.uint64))
    return hash((array.shape, str(array.dtype), sample.tobytes(), total))


def _rows_of(images: Array) -> Array:
    return np.ascontiguousarray(images, dtype=np.uint8).reshape(len(images), -1)
