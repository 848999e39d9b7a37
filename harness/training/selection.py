"""Which rows of the data set a recorded array stands for, and at which places of the array they stand."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from harness import recorded_rows
from harness.allowlist import Refused
from harness.datasets import OFFICIAL_ROWS, Dataset, Part
from harness.recording import ArrayRecord, Rows

Array = NDArray[Any]
Frames = Mapping[str, Array]

MAX_ROWS = 200_000  # of an array that was not recognised; the data set with its evaluation images has 70,000
_SHIFT = OFFICIAL_ROWS["train"]  # in `x_all` the evaluation images follow the training images


@dataclass(frozen=True)
class Selection:
    """Rows of a part of the data set, int64, and for each its place in the array that the hand-in gave to `fit`.

    With official data the places count up. On digits a recording shows each image many times; its first place
    counts.
    """

    part: Literal["train", "test", "both", "content"]
    rows: Array
    places: Array

    def training(self, split: float) -> Selection:
        """What Keras trains on where the share `split` is held out; at least one row."""
        cut = self._cut(split)
        return Selection(self.part, self.rows[:cut], self.places[:cut])

    def held_out(self, split: float) -> Selection:
        """The share that Keras holds out: the last rows. At least one."""
        cut = min(self._cut(split), len(self.rows) - 1)
        return Selection(self.part, self.rows[cut:], self.places[cut:])

    def _cut(self, split: float) -> int:
        return max(1, math.floor(len(self.rows) * (1 - split)))


def select(record: ArrayRecord, what: str, frames: Frames, dataset: Dataset) -> Selection:
    """The rows of an array of images that was recognised, or that was derived from one.

    Raises Refused with a sentence that calls the array `what`.
    """
    root, rows, listed = _root(record, what, frames)
    if root.source is None or root.source[0] != "x" or rows is None:
        raise Refused(
            f"the {what} of the fit, an array of shape {shape_of(root)}, could not be recognised as images of the "
            "data set"
        )
    if root.data_set is not None and root.data_set != dataset.name:
        raise Refused(f"the {what} of the fit are images of another data set, {root.data_set}")
    try:
        if root.source == "x_all":
            return _of_both(dataset, rows, listed)
        part: Part = "train" if root.source == "x_train" else "test"
        chosen = recorded_rows.select(dataset, part, rows, listed)
    except ValueError as error:
        raise Refused(f"the {what} of the fit name images that do not exist: {error}") from None
    images = len(dataset.y_train if part == "train" else dataset.y_test)
    return Selection(part, chosen, _places(chosen, _positions(rows, listed) % images, dataset))


def select_content(count: int, beside: Selection | None, dataset: Dataset) -> Selection:
    """The rows of an array of `count` items that was not recognised: those of its partner, where that was.

    On digits the array repeats its images some forty times; without a partner as many of its rows are taken as
    there are training images. Raises Refused where there are none, or more than MAX_ROWS.
    """
    if not 0 < count <= MAX_ROWS:
        raise Refused(f"the fit is given an array of {count:,} rows; 1 to {MAX_ROWS:,} are trained on")
    if beside is not None:
        if beside.places.max(initial=0) >= count:
            raise Refused(f"inputs and targets of the fit differ in number: there are {count:,} inputs")
        return Selection("content", beside.places, beside.places)
    rows = np.arange(count if dataset.official else min(count, len(dataset.y_train)), dtype=np.int64)
    return Selection("content", rows, rows)


def shape_of(record: ArrayRecord) -> str:
    """A shape as it is written: "(60000, 784)"."""
    return "(" + ", ".join(str(n) for n in record.shape) + ")"


def _root(record: ArrayRecord, what: str, frames: Frames) -> tuple[ArrayRecord, Rows | None, Array | None]:
    """The array that an array was derived from in the end, and the rows of that which are left."""
    if record.derived is None:
        return record, record.rows, _listed(record.rows, frames)
    root, rows, listed = _root(record.derived.given, what, frames)
    chosen = record.derived.rows
    if chosen is None or rows is None:
        return root, rows, listed
    return root, *_chosen(rows, listed, chosen, _listed(chosen, frames), what)


def _chosen(
    rows: Rows, listed: Array | None, chosen: Rows, chosen_listed: Array | None, what: str
) -> tuple[Rows, Array | None]:
    """The rows `chosen` of the rows `rows`."""
    if listed is None and chosen_listed is None:
        if chosen.kind == "all":
            return rows, None
        start, step = (rows.start, rows.step) if rows.kind == "slice" else (0, 1)
        try:
            made = Rows(
                kind="slice",
                count=chosen.count,
                start=start + chosen.start * step,
                stop=start + (chosen.stop - 1) * step + 1,
                step=chosen.step * step,
            )
        except ValueError:  # numbers that no array has
            raise Refused(f"the {what} of the fit name images that do not exist") from None
        return made, None
    positions, wanted = _positions(rows, listed), _positions(chosen, chosen_listed)
    if wanted.max(initial=-1) >= len(positions) or wanted.min(initial=0) < 0:
        raise Refused(f"the {what} of the fit name images that do not exist")
    return Rows(kind="listed", count=len(wanted)), positions[wanted]


def _listed(rows: Rows | None, frames: Frames) -> Array | None:
    return frames.get(rows.frame) if rows is not None and rows.frame else None


def _positions(rows: Rows, listed: Array | None) -> Array:
    """Positions in the array that the hand-in cut its own from. `rows` are valid."""
    if listed is not None:
        return listed.astype(np.int64)
    if rows.kind == "all":
        return np.arange(min(rows.count, sum(OFFICIAL_ROWS.values())), dtype=np.int64)
    count = min(rows.count, sum(OFFICIAL_ROWS.values()))
    return rows.start + rows.step * np.arange(count, dtype=np.int64)


def _places(chosen: Array, shown: Array, dataset: Dataset) -> Array:
    """For each chosen row, where an array that shows the rows `shown` has it first.

    An image that a short slice did not show stands for one from the same relative place.
    """
    if dataset.official:
        return np.arange(len(chosen), dtype=np.int64)
    known, first = np.unique(shown, return_index=True)
    place = np.minimum(np.searchsorted(known, chosen), len(known) - 1)
    thinned = np.arange(len(chosen)) * len(shown) // len(chosen)
    return np.where(known[place] == chosen, first[place], thinned).astype(np.int64)


def _of_both(dataset: Dataset, rows: Rows, listed: Array | None) -> Selection:
    """Rows of the training images with the evaluation images behind them; a row of the latter counts on from them.

    Raises ValueError as `recorded_rows.select` does.
    """
    n = len(dataset.y_train)
    if rows.kind != "listed" and rows.count > sum(OFFICIAL_ROWS.values()):
        raise ValueError(f"rows: the count is {rows.count:,}, there are {sum(OFFICIAL_ROWS.values()):,} rows")
    if (listed is None) == (rows.kind == "listed"):
        raise ValueError("listed: positions go with rows of kind 'listed'")
    positions = _positions(rows, listed)
    if len(positions) == 0 or positions.min() < 0 or positions.max() >= sum(OFFICIAL_ROWS.values()):
        raise ValueError(f"rows: positions outside 0 to {sum(OFFICIAL_ROWS.values()) - 1:,}")
    if dataset.official:
        return Selection("both", positions, np.arange(len(positions), dtype=np.int64))
    later = positions >= _SHIFT
    shown = np.where(later, n + (positions - _SHIFT) % len(dataset.y_test), positions % n)
    if rows.kind == "listed":
        first = np.sort(np.unique(shown, return_index=True)[1])
        return Selection("both", shown[first], first.astype(np.int64))
    parts = []
    for part, of_part, base in (("train", positions[~later], 0), ("test", positions[later] - _SHIFT, n)):
        if len(of_part):
            whole = Rows(
                kind="slice", count=len(of_part), start=int(of_part[0]), stop=int(of_part[-1]) + 1, step=rows.step
            )
            parts.append(base + recorded_rows.select(dataset, part, whole))  # type: ignore[arg-type]
    chosen = np.concatenate(parts)
    return Selection("both", chosen, _places(chosen, shown, dataset))
