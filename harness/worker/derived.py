"""Arrays that a model of the hand-in computed: made up in a dry run, and known again wherever they turn up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.recording import Derivation
from harness.worker import lattice
from harness.worker.keys import KeyIndex, RowKeys

Array = NDArray[Any]

_SAMPLED = 64  # of the latest answers a few values are kept, to tell what was computed from them
_SAMPLE = 32  # rows, and twice as many columns
MAX_ROWS = 2_000_000  # of all outputs that are remembered: 8 bytes a row


def placeholder(shape: tuple[int, ...], key: tuple[int, ...], sums_to_one: bool = False) -> NDArray[np.float32]:
    """What `predict` answers in a dry run: float32 in (0, 1), of which no two rows are alike. Where a row has
    six values and more, they lie on a lattice (see `lattice`).

    The same `key` (the model's uid and the number of the call) gives the same values. `sums_to_one`: those along
    the last axis sum to 1, as a softmax's do.
    """
    size = int(np.prod(shape))
    draw = np.random.Generator(np.random.SFC64([*key]))
    bits = draw.integers(0, 2**64, size=(size + 1) // 2, dtype=np.uint64).view(np.uint32)[:size]
    bits >>= np.uint32(9)
    if size >= lattice.FEWEST_COLUMNS * shape[0]:
        bits &= np.uint32(2**23 - 2 ** (23 - lattice.BITS))
    bits |= np.uint32(0x3F800001)  # the bits of a float32 between 1 and 2: thrice as fast as drawing floats
    values: NDArray[np.float32] = bits.view(np.float32).reshape(shape)
    values -= np.float32(1)
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
        self._samples: list[tuple[tuple[int, int], Array]] = []  # by rows and values in a row

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
        if len(rows) > _SAMPLE:
            sample = _sample(values)
            self._samples = [*self._samples[1 - _SAMPLED :], ((len(values), width // 4), sample)]

    def find(self, values: Array) -> list[Part]:
        """The answers that the rows of `values` are from, in the order in which they were given.

        Together the parts account for every row; there are none where a row is from no answer.
        """
        rows, width, index = self._look_up(values)
        if rows is None or index is None or index.find(RowKeys(width)(rows[:1])) is None:
            return []
        numbers = index.find(RowKeys(width)(rows))
        if numbers is None:
            return []
        known = self._known[width]
        ends = np.cumsum([len(keys) for _, keys in known])
        owners = np.searchsorted(ends, numbers, side="right")
        starts = ends - [len(keys) for _, keys in known]
        parts = []
        for owner in np.unique(owners).tolist():
            places = np.flatnonzero(owners == owner)
            parts.append(Part(known[owner][0], places, numbers[places] - starts[owner]))
        return parts

    def behind(self, values: Array) -> bool:
        """Whether `values` were computed from answers: some rows are of one, all rise and fall with one's, or a
        column has their lattice."""
        rows, width, index = self._look_up(values)
        if rows is not None and index is not None and index.has(RowKeys(width)(rows)).any():
            return True
        shape = (len(values), width // 4) if values.ndim else ()
        if any(shape == own and _together(sample, _sample(values)) for own, sample in self._samples):
            return True
        return bool(self._known) and lattice.on_lattice(values)

    def _look_up(self, values: Array) -> tuple[Array | None, int, KeyIndex | None]:
        """The rows of `values`, their width in bytes, and the index of the answers of that width."""
        width = int(np.prod(values.shape[1:])) * 4
        known = self._known.get(width)
        rows = _rows(values) if known else None
        if known and width not in self._indices:
            self._indices[width] = KeyIndex(np.concatenate([keys for _, keys in known]))
        return rows, width, self._indices.get(width)


def _sample(values: Array) -> Array:
    """A few values, from all over the array: float64 (rows, columns)."""
    rows = values.reshape(len(values), -1)[:: max(1, len(values) // _SAMPLE)]
    return np.asarray(rows[:, :: max(1, rows.shape[1] // (2 * _SAMPLE))], dtype=np.float64)


def _together(one: Array, other: Array) -> bool:
    """Whether two samples rise and fall together, column by column: those of independent values do not."""
    with np.errstate(all="ignore"):
        one, other = one - one.mean(axis=0), other - other.mean(axis=0)
        other = other / np.where(other.std(axis=0) > 0, other.std(axis=0), 1)
        likeness = float((one * other).sum() / np.sqrt((one**2).sum() * (other**2).sum()))
    return abs(likeness) > 0.5


def _rows(values: Array) -> Array | None:
    """The rows of an array (n, …) as bytes of float32; None where its values are whole numbers, or none."""
    if values.ndim < 1 or values.size == 0 or values.dtype.kind != "f":
        return None
    with np.errstate(over="ignore"):
        single = np.ascontiguousarray(values, dtype=np.float32)
    return single.reshape(len(values), -1).view(np.uint8)
