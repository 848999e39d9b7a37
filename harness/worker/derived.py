"""Arrays that a model of the hand-in computed: made up in a dry run, and known again wherever they turn up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.recording import Derivation
from harness.worker.keys import KeyIndex, RowKeys

Array = NDArray[Any]

MAX_ROWS = 2_000_000  # of all outputs that are remembered: 8 bytes a row


def placeholder(shape: tuple[int, ...], key: tuple[int, ...], sums_to_one: bool = False) -> NDArray[np.float32]:
    """What `predict` answers in a dry run: float32 in (0, 1), of which no two rows are alike.

    The same `key` (the model's uid and the number of the call) gives the same values. `sums_to_one`: those along
    the last axis sum to 1, as a softmax's do.
    """
    values = np.random.Generator(np.random.SFC64([*key])).random(shape, dtype=np.float32)
    np.clip(values, 2.0**-24, None, out=values)
    if sums_to_one and values.ndim > 1:
        values /= values.sum(axis=-1, keepdims=True)
    return values


@dataclass(frozen=True)
class Part:
    """Rows of an array that are a model's answer: `places` in the array, `rows` of what the model was given."""

    derivation: Derivation
    places: Array
    rows: Array


class Outputs:
    """The answers of models, found again by their rows: sliced, shuffled, reshaped or joined."""

    def __init__(self) -> None:
        self._known: dict[int, list[tuple[Derivation, Array]]] = {}  # by the bytes in a row: with the rows' keys
        self._indices: dict[int, KeyIndex] = {}
        self._rows = 0

    def remember(self, values: Array, derivation: Derivation) -> None:
        """Know the rows of `values` (n, …) again as `derivation`'s; past a limit the oldest are forgotten."""
        rows = _rows(values)
        if rows is None or len(rows) > MAX_ROWS:
            return
        width = rows.shape[1]
        self._known.setdefault(width, []).append((derivation, RowKeys(width)(rows)))
        self._indices.pop(width, None)
        self._rows += len(rows)
        while self._rows > MAX_ROWS:
            oldest = next(width for width, known in self._known.items() if known)
            self._rows -= len(self._known[oldest].pop(0)[1])
            self._indices.pop(oldest, None)

    def find(self, values: Array) -> list[Part]:
        """The answers that the rows of `values` are from, in the order in which they were given.

        Together the parts account for every row; there are none where a row is from no answer.
        """
        width = int(np.prod(values.shape[1:])) * 4
        known = self._known.get(width)
        rows = _rows(values) if known else None
        if not known or rows is None:
            return []
        if width not in self._indices:
            self._indices[width] = KeyIndex(np.concatenate([keys for _, keys in known]))
        index = self._indices[width]
        hash_ = RowKeys(width)
        if index.find(hash_(rows[:1])) is None:
            return []
        numbers = index.find(hash_(rows))
        if numbers is None:
            return []
        ends = np.cumsum([len(keys) for _, keys in known])
        owners = np.searchsorted(ends, numbers, side="right")
        starts = ends - [len(keys) for _, keys in known]
        parts = []
        for owner in np.unique(owners).tolist():
            places = np.flatnonzero(owners == owner)
            parts.append(Part(known[owner][0], places, numbers[places] - starts[owner]))
        return parts


def _rows(values: Array) -> Array | None:
    """The rows of an array (n, …) as bytes of float32; None where it is none of those, or does not fit float32."""
    if values.ndim < 1 or values.size == 0 or values.dtype.kind != "f":
        return None
    single = values.astype(np.float32, copy=False)
    if values.dtype.itemsize > 4 and not (single == values).all():
        return None
    return np.ascontiguousarray(single).reshape(len(values), -1).view(np.uint8)
