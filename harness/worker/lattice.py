"""Made-up answers lie on a lattice, which survives what is done to whole columns, and rows in any order.

Of standardised answers in another order neither rows nor an order are left by which `derived` would know them. But
whatever scales and shifts a column keeps its values at whole steps from each other, and as many steps as before.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

BITS = 12
STEPS = 2**BITS - 1  # from the lowest value to the highest; scans of 12 bits have as many, and are not handed in
FEWEST_COLUMNS = 6  # of fewer values, 12 bits each, two of a million rows could be alike
_FEWEST_ROWS = 200  # so many values of 4,096 reach nearly from end to end, and two of them are neighbours
_FAR_ENOUGH = 0.9  # of the steps, from the lowest to the highest of a column
_NEAR_ENOUGH = 0.05  # steps: what float32 leaves of a whole number of them
_MISCOUNTED = 20  # steps at most, where their number is told by the distance of two neighbours in float32
_COLUMNS = 16  # that are looked at, from all over a row


def on_lattice(values: NDArray[Any]) -> bool:
    """Whether a column of `values` (n, …), floats, has the lattice of made-up answers, scaled and shifted or not.
    Columns that were mixed, as by PCA, have it no more."""
    if values.ndim < 2 or len(values) < _FEWEST_ROWS or values.size == 0 or values.dtype.kind != "f":
        return False
    rows = values.reshape(len(values), -1)
    return any(_has_steps(rows[:, column]) for column in range(0, rows.shape[1], max(1, rows.shape[1] // _COLUMNS)))


def _has_steps(column: NDArray[Any]) -> bool:
    levels = np.unique(column.astype(np.float64))
    if len(levels) < _FEWEST_ROWS // 2 or len(levels) > STEPS + 1 or not np.isfinite(levels[[0, -1]]).all():
        return False
    with np.errstate(over="ignore"):  # of values as large, and steps as small, as floats go
        span = levels[-1] - levels[0]
        counted = span / np.diff(levels).min()
    if not _FAR_ENOUGH * STEPS <= counted <= STEPS + _MISCOUNTED:
        return False
    about = round(counted)
    likely = range(about - _MISCOUNTED, min(about + _MISCOUNTED, STEPS) + 1)
    return any(_whole((levels - levels[0]) / span * steps) for steps in likely)


def _whole(numbers: NDArray[np.float64]) -> bool:
    return bool((np.abs(numbers - np.rint(numbers)) < _NEAR_ENOUGH).all())
