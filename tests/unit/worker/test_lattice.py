"""Made-up answers are told from other arrays by their lattice, whatever scales and shifts their columns."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.worker.derived import placeholder
from harness.worker.lattice import FEWEST_COLUMNS, on_lattice

RNG = np.random.default_rng(0)


@settings(max_examples=60, deadline=None)
@given(
    rows=st.integers(200, 5000),
    columns=st.integers(FEWEST_COLUMNS, 40),
    scale=st.floats(0.01, 1000),
    shift=st.floats(-5, 5),
    kind=st.sampled_from(["float32", "float64"]),
)
def test_scaled_columns_keep_it(rows, columns, scale, shift, kind):
    answers = placeholder((rows, columns), (rows, columns)).astype(kind)
    assert on_lattice(((answers + shift) * scale).astype(kind)[np.random.default_rng(rows).permutation(rows)])


@pytest.mark.parametrize(
    "other",
    [
        RNG.random((3000, 20)),
        RNG.normal(size=(3000, 20)).astype("float32"),
        RNG.integers(0, 256, (3000, 20)) / 255,
        RNG.integers(0, 65_536, (3000, 20)) / 65_535,
        RNG.integers(0, 1000, (3000, 20)) / 10,
        np.zeros((3000, 20)),
        np.full((3000, 20), np.nan),
        np.full((3000, 20), np.inf),
        np.linspace(0, 1, 3000)[:, None],
        RNG.integers(0, 4096, (3000, 20)),
        np.linspace(-1, 1, 300)[:, None] * 1.7e308,
        np.append(np.linspace(0, 1, 299), 5e-324)[:, None],
        placeholder((100, 20), (1, 1)),
        placeholder((5000,), (1, 1)),
        placeholder((5000, 1), (1, 1)),
    ],
    ids=[
        "uniform", "normal", "grey values", "16 bits", "tenths", "zeros", "no numbers", "without end",
        "evenly spaced", "whole numbers", "too far", "too near", "too few rows", "no columns", "too few columns",
    ],
)  # fmt: skip
def test_other_arrays_have_none(other):
    assert not on_lattice(other)
