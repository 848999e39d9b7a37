"""Recognising arrays: which known images a hand-in gave to a network, in which order, and what was done to them.

Each image of the data set is known by a key of its bytes. An array is mapped back to bytes by the map its values
suggest (`/255` and the like, a threshold, black lines around, repeated channels) and its rows are looked up, so
that slices, shuffles, subsets and rescalings are all told exactly. Noise is recognised against the clean images
that the context names. What a model computed is known by its rows, and what nobody knows crosses as it is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from harness.recording import ArrayRecord, Derivation, FitData, Rows
from harness.worker.contents import Contents
from harness.worker.derived import Outputs, Part
from harness.worker.frames import FrameWriter
from harness.worker.images import KnownImages, unwrapped
from harness.worker.keys import Array as Array
from harness.worker.labels import decode_labels, may_be_labels
from harness.worker.noise_seen import Likeness, tell

Source = Literal["x_train", "x_test", "x_all"]

_REMEMBERED = 48  # arrays whose answer is kept, so that a sweep's fits are recognised once
_SEARCHES = 40  # of a run, for images that resemble noisy ones: each takes a third of a second
_FEWEST_SEARCHED = 8
_DEEPEST = 4  # networks whose answers went through each other; deeper nesting does not cross the wall
_OF_ANSWERS: dict[str, Any] = {
    "not_kept": "it was computed from the answers of a network in a way that is not repeated here",
    "of_answers": True,
}


@dataclass(frozen=True)
class Recognised:
    """A record, and the images (n,) that the rows show or were computed from, where they are known: numbers among
    training and evaluation images together."""

    record: ArrayRecord
    numbers: Array | None = None

    @property
    def known(self) -> bool:
        """Whether there is more to say than what the values are."""
        record = self.record
        return bool(record.source or record.derived or record.data_set or record.not_kept)


class Recogniser:
    """Knows the data set's images, other sets' images and networks' answers; turns arrays into ArrayRecords."""

    def __init__(self, data: dict[str, Array], frames: FrameWriter, contents: Contents | None = None) -> None:
        self._frames = frames
        self._contents = contents or Contents(frames)
        self._first_test = len(data["x_train"])
        self._labels = np.concatenate([data["y_train"], data["y_test"]]).astype(np.int64).reshape(-1)
        self._images = KnownImages(np.concatenate([_rows_of(data["x_train"]), _rows_of(data["x_test"])]))
        self._likeness = Likeness(self._images.images)
        self._searches = 0
        self._others: list[tuple[str, KnownImages]] = []
        self._outputs = Outputs()
        self._listings: dict[str, Array] = {}
        self._noisy: dict[int, Array] = {}  # the images last seen with noise, by how many they were
        self._seen: dict[tuple[str, int], Recognised] = {}

    # --- what the recorder asks

    @property
    def pixels(self) -> int:
        """How many values an image has."""
        return self._images.pixels

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
        """Records of inputs and targets of a fit. Noise on `x` is told, best where `y` holds its clean images; what
        is not recognised crosses."""
        seen_x, seen_y = self._recognise(x), self._recognise(y)
        labels = decode_labels(y) if not seen_y.known and may_be_labels(y) else None
        if labels is not None:
            seen_x = self._through_noise(x, seen_x, labels[1])
            return self._kept(x, seen_x), self._labelled(seen_y.record, labels, seen_x.numbers)
        seen_x = self._through_noise(x, seen_x, None, seen_y)
        if _fingerprint(x) == _fingerprint(y):  # the noise function worked in place, and the targets are the inputs
            return self._kept(x, seen_x), self._kept(y, seen_x)
        return self._kept(x, seen_x), self._kept(y, self._through_noise(y, seen_y, None, seen_x))

    def image_record(self, x: Array, y: Array | None = None) -> ArrayRecord:
        """The record of what `evaluate` or `predict` is given; `y` are the labels beside it. Values do not cross,
        unless a fit was given the same."""
        seen = self._recognise(x)
        labels = decode_labels(y) if y is not None and may_be_labels(y) else None
        seen = self._through_noise(x, seen, labels[1] if labels else None)
        return seen.record if seen.known else self._seen.get(("content", _fingerprint(x)), seen).record

    def remember_output(self, values: Array, derivation: Derivation) -> None:
        """Know `values` (n, …), a model's answer, again: rows of it are recorded as `derivation`."""
        self._outputs.remember(values, derivation)

    def remember_images(self, name: str, images: Array) -> None:
        """Know the images (n, …) uint8 of another data set again, by that data set's name."""
        self._others.append((name, KnownImages(_rows_of(images))))
        self._seen.clear()

    # --- one array

    def _recognise(self, array: Array) -> Recognised:
        return self._once("alone", array, lambda: self._recognise_afresh(array))

    def _once(self, question: str, array: Array, answer: Callable[[], Recognised]) -> Recognised:
        """The answer to a question about an array, from memory where its contents are the same."""
        key = (question, _fingerprint(array))
        seen = self._seen.pop(key) if key in self._seen else answer()
        self._seen[key] = seen
        while len(self._seen) > _REMEMBERED:
            del self._seen[next(iter(self._seen))]
        return seen

    def _recognise_afresh(self, array: Array) -> Recognised:
        facts = _facts(array)
        parts = self._outputs.find(array)
        if parts:
            return self._answered(facts, parts)
        low, high = facts["low"], facts["high"]
        if array.ndim < 2 or array.size == 0 or low is None:
            return Recognised(ArrayRecord(**facts))
        for name, images in (("", self._images), *self._others):
            for core in unwrapped(array, images.pixels, low, high):
                found = images.match(core.flat, low, high)
                if found is None:
                    continue
                if name:
                    return Recognised(ArrayRecord(**facts, data_set=name))
                source, rows = self._rows(found.numbers)
                record = ArrayRecord(
                    **facts,
                    source=source,
                    rows=rows,
                    encoding="pixels",
                    scale=float(found.scale),
                    offset=float(found.offset),
                    threshold=found.threshold,
                    pad=core.pad,
                    channels=core.channels,
                )
                return Recognised(record, found.numbers)
        return Recognised(ArrayRecord(**facts))

    def _kept(self, array: Array, seen: Recognised) -> ArrayRecord:
        """The record of an array given to fit; one that was not recognised crosses."""
        if seen.known or array.size == 0:
            return seen.record

        def send() -> Recognised:
            if self._outputs.behind(array):
                return Recognised(seen.record.model_copy(update=_OF_ANSWERS))
            name, reason = self._contents.send(array)
            return Recognised(seen.record.model_copy(update={"content": name, "not_kept": reason}))

        return self._once("content", array, send).record

    # --- rows

    def _source(self, numbers: Array) -> Source:
        if (numbers < self._first_test).all():
            return "x_train"
        return "x_test" if (numbers >= self._first_test).all() else "x_all"

    def _rows(self, numbers: Array) -> tuple[Source, Rows]:
        """The source of these images, and which of its rows they are."""
        source = self._source(numbers)
        if source == "x_test":
            return source, self._listing(numbers - self._first_test, len(self._labels) - self._first_test)
        return source, self._listing(numbers, self._first_test if source == "x_train" else len(self._labels))

    def _listing(self, numbers: Array, total: int) -> Rows:
        count = len(numbers)
        steps = np.diff(numbers)
        if count == total and numbers[0] == 0 and (steps == 1).all():
            return Rows(kind="all", count=count)
        if count == 1 or ((steps == steps[0]).all() and steps[0] > 0):
            step = int(steps[0]) if count > 1 else 1
            return Rows(kind="slice", count=count, start=int(numbers[0]), stop=int(numbers[-1]) + 1, step=step)
        listed = numbers.astype(np.int32)
        name = f"rows-{hashlib.sha256(listed.tobytes()).hexdigest()[:16]}"
        self._listings[name] = listed
        return Rows(kind="listed", count=count, frame=name if self._frames.array(name, listed) else None)

    def _listed(self, rows: Rows) -> Array | None:
        if rows.kind == "all":
            return np.arange(rows.count)
        if rows.kind == "slice":
            return np.arange(rows.start, rows.stop, rows.step)
        return self._listings.get(rows.frame or "")

    def _numbers(self, record: ArrayRecord) -> Array | None:
        """The images that the rows of a record show or were computed from, as in `Recognised`."""
        if record.derived is not None:
            numbers = self._numbers(record.derived.given)
            rows = self._listed(record.derived.rows) if record.derived.rows else None
            if record.derived.rows is None:
                return numbers
            return numbers[rows] if numbers is not None and rows is not None else None
        rows = self._listed(record.rows) if record.rows else None
        return rows + self._first_test if rows is not None and record.source == "x_test" else rows

    # --- answers of networks

    def _answered(self, facts: dict[str, Any], parts: list[Part]) -> Recognised:
        """The record of an array whose rows are answers of networks."""
        derivation = parts[0].derivation
        reason = derivation.given.not_kept
        if _depth(derivation) > _DEEPEST:
            reason = f"it went through more than {_DEEPEST} networks, one behind the other"
        if reason is not None:
            return Recognised(ArrayRecord(**facts, not_kept=reason, of_answers=True))
        if len(parts) == 1:
            total = int(derivation.given.shape[0] or 0)
            rows = self._listing(parts[0].rows, total)
            update = {"rows": None if rows.kind == "all" else rows}
            record = ArrayRecord(**facts, derived=derivation.model_copy(update=update))
            return Recognised(record, self._numbers(record))
        numbers = np.empty(facts["shape"][0], dtype=np.int64)
        for part in parts:
            own = self._numbers(part.derivation.given)
            if own is None or part.derivation.given.derived is not None or not _alike(part.derivation, derivation):
                return Recognised(ArrayRecord(**facts, **_OF_ANSWERS))
            numbers[part.places] = own[part.rows]
        source, rows = self._rows(numbers)
        shape = (len(numbers), *derivation.given.shape[1:])
        given = _bare(derivation.given).model_copy(update={"source": source, "rows": rows, "shape": shape})
        record = ArrayRecord(**facts, derived=derivation.model_copy(update={"given": given}))
        return Recognised(record, numbers)

    # --- labels

    def _labelled(self, record: ArrayRecord, decoded: tuple[Any, Array], numbers: Array | None) -> ArrayRecord:
        """The record of labels, given which images they stand beside."""
        encoding, labels = decoded
        if numbers is None or len(labels) != len(numbers):
            return record.model_copy(update={"encoding": encoding, "frame": self._label_frame(labels)})
        right = float((self._labels[numbers] == labels).mean())
        return record.model_copy(
            update={
                "encoding": encoding,
                "source": self._source(numbers).replace("x_", "y_"),
                "labels_match": right,
                "frame": None if right == 1.0 else self._label_frame(labels),
            }
        )

    def _label_frame(self, labels: Array) -> str | None:
        small = labels.astype(np.uint8)
        name = f"labels-{hashlib.sha256(small.tobytes()).hexdigest()[:16]}"
        return name if self._frames.array(name, small) else None

    # --- noise

    def _through_noise(
        self, x: Array, seen: Recognised, labels: Array | None, partner: Recognised | None = None
    ) -> Recognised:
        """`seen` with the noise on it told, where `x` was not recognised as it is.

        `partner` are the clean images beside it; without one, the images are looked for (see `_originals`).
        """
        if seen.known or x.ndim < 2 or not x.size or x.dtype.kind != "f" or seen.record.low is None:
            return seen
        if int(np.prod(x.shape[1:])) != self._images.pixels:
            return seen
        scale = 1 / 255
        if partner is not None and partner.numbers is not None and len(partner.numbers) == len(x):
            if not _in_unit_range(partner.record):
                return seen  # levels are told in units of [0, 1]
            scale, originals = partner.record.scale, iter([(partner.numbers, True)])
        else:
            originals = self._originals(x, labels)

        def look() -> Recognised:
            flat = x.reshape(len(x), -1)
            for numbers, sure in originals:
                if labels is not None and len(labels) == len(numbers):
                    sure = sure and bool((self._labels[numbers] == labels).all())
                noise = tell(self._images.images, numbers, scale, flat, sure)
                if noise is not None:
                    self._noisy[len(x)] = numbers
                    source, rows = self._rows(numbers)
                    update = {"source": source, "rows": rows, "encoding": "pixels", "scale": scale, "noise": noise}
                    return Recognised(seen.record.model_copy(update=update), numbers)
            return seen

        beside = labels if partner is None else partner.numbers
        context = None if beside is None else _fingerprint(beside)
        return self._once(f"noise, beside {context}, after {len(x) in self._noisy}", x, look)

    def _originals(self, x: Array, labels: Array | None) -> Iterator[tuple[Array, bool]]:
        """Images (n,) that `x` may show under noise, the likeliest first, and whether the context alone says so."""
        count, total = len(x), len(self._labels)
        if labels is not None and len(labels) == count and count >= _FEWEST_SEARCHED:
            for start in self._starts(labels):
                yield np.arange(start, start + count), True
        if count <= total - self._first_test:
            yield np.arange(self._first_test, self._first_test + count), count == total - self._first_test
        if count <= self._first_test:
            yield np.arange(count), count == self._first_test
        if count in self._noisy:
            yield self._noisy[count], True
        if count >= _FEWEST_SEARCHED and self._searches < _SEARCHES:
            self._searches += 1
            found = self._likeness.slice_of(x.reshape(count, -1))
            if found is not None:
                yield found, False

    def _starts(self, labels: Array) -> list[int]:
        """Where these labels stand among those of the data set, one behind the other."""
        last = len(self._labels) - len(labels)
        starts = np.arange(last + 1) if last >= 0 else np.arange(0)
        for place in range(min(len(labels), 16)):
            starts = starts[self._labels[starts + place] == labels[place]]
        same = [int(start) for start in starts if np.array_equal(self._labels[start : start + len(labels)], labels)]
        return same[:2]


def _in_unit_range(record: ArrayRecord) -> bool:
    """Whether an array is clean images in [0, 1], one value a pixel."""
    plain = record.noise is None and record.threshold is None and record.channels == 1 and not any(record.pad)
    return record.source is not None and plain and record.offset == 0 and 0.99 < 255 * record.scale < 1.01


def _bare(record: ArrayRecord) -> ArrayRecord:
    """A record without what says how many rows there are and which."""
    facts = {"shape": (-1, *record.shape[1:]), "low": None, "high": None, "mean": None}
    return record.model_copy(update={**facts, "source": None, "rows": None})


def _alike(one: Derivation, other: Derivation) -> bool:
    """Whether two answers differ in nothing but the images that were given."""
    one, other = (made.model_copy(update={"given": _bare(made.given), "rows": None}) for made in (one, other))
    return one == other


def _depth(derivation: Derivation) -> int:
    below = derivation.given.derived
    return 1 if below is None else 1 + _depth(below)


def _facts(array: Array) -> dict[str, Any]:
    facts: dict[str, Any] = {"shape": tuple(int(n) for n in array.shape), "dtype": str(array.dtype)}
    if array.size and array.dtype.kind in "iufb":
        with np.errstate(all="ignore"):  # a sum beyond all numbers is no mean
            low, high, mean = float(array.min()), float(array.max()), float(array.mean(dtype=np.float64))
        if np.isfinite([low, high, mean]).all():
            facts |= {"low": low, "high": high, "mean": mean}
    return {"low": None, "high": None} | facts


def _fingerprint(array: Array) -> int:
    """A quick mark of an array's contents: sums of its bytes' words along both axes of a table of them, so that
    each counts with its place. Two arrays that differ by chance differ in it."""
    marks: list[Any] = [array.shape, str(array.dtype)]
    rows = max(1, 2**20 * len(array) // max(1, array.nbytes)) if array.ndim else 1
    for start in range(0, len(array) if array.ndim else 0, rows):
        octets = np.ascontiguousarray(array[start : start + rows]).reshape(-1).view(np.uint8)
        table = octets[: octets.size // 1024 * 1024].view(np.uint64).reshape(-1, 128)
        marks += [table.sum(axis=0).tobytes(), table.sum(axis=1).tobytes(), octets[table.nbytes :].tobytes()]
    return hash(tuple(marks))


def _rows_of(images: Array) -> Array:
    return np.ascontiguousarray(images, dtype=np.uint8).reshape(len(images), -1)
