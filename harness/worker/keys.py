"""Rows of bytes known by 64-bit keys, so that a hundred thousand images are found again in a moment."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class RowKeys:
    """Gives each row of `width` bytes a uint64 key; equal rows have equal keys."""

    def __init__(self, width: int) -> None:
        self._width = width
        words = -(-width // 8)
        rng = np.random.default_rng(0)
        self._weights = rng.integers(1, 2**63, size=words, dtype=np.uint64) * np.uint64(2) + np.uint64(1)

    def __call__(self, rows: Array) -> Array:
        """Keys (n,) uint64 of the rows (n, width) uint8."""
        if self._width % 8 == 0:
            words = np.ascontiguousarray(rows).view(np.uint64)
        else:
            padded = np.zeros((len(rows), len(self._weights) * 8), dtype=np.uint8)
            padded[:, : self._width] = rows
            words = padded.view(np.uint64)
        keys = np.empty(len(rows), dtype=np.uint64)
        step = max(1, 2**17 // len(self._weights))  # a megabyte at a time stays in the processor's cache
        for start in range(0, len(rows), step):
            part = words[start : start + step]
            # A plain sum of products wraps, and is linear: mixing first keeps equal sums from meaning equal rows.
            mixed = (part ^ (part >> np.uint64(29))) * self._weights
            keys[start : start + step] = (mixed ^ (mixed >> np.uint64(32))).sum(axis=1, dtype=np.uint64)
        return keys


class KeyIndex:
    """Finds keys among known ones."""

    def __init__(self, keys: Array) -> None:
        self._keys = keys
        self._order = np.argsort(keys, kind="stable")
        self._sorted = keys[self._order]
        self._repeats = bool((self._sorted[1:] == self._sorted[:-1]).any())

    def __len__(self) -> int:
        return len(self._keys)

    def has(self, keys: Array) -> Array:
        """Which of these keys are known: bool (n,)."""
        return np.asarray(self._sorted[self._places(keys)] == keys)

    def find(self, keys: Array) -> Array | None:
        """The places (n,) int64 of these keys, or None where one is unknown or there is none.

        Of equal rows the first counts, unless all of `keys` are found one behind the other.
        """
        if not len(keys) or not len(self._keys):
            return None
        places = self._places(keys)
        if not (self._sorted[places] == keys).all():
            return None
        if self._repeats:
            last = np.searchsorted(self._sorted, keys[0], side="right")
            for start in self._order[places[0] : last].tolist():
                if np.array_equal(self._keys[start : start + len(keys)], keys):
                    return np.arange(start, start + len(keys))
        return np.asarray(self._order[places])

    def _places(self, keys: Array) -> Array:
        places = np.searchsorted(self._sorted, keys)
        places[places == len(self._sorted)] = 0
        return places
