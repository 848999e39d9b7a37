"""The faster coin: the same distribution, types and seeding as numpy's binomial, and numpy's own for the rest."""

import numpy as np
import pytest

from harness.worker import quick_random


@pytest.fixture(autouse=True)
def installed(monkeypatch):
    monkeypatch.setattr(np.random, "binomial", np.random.binomial)  # put back afterwards
    quick_random.install()


@pytest.mark.parametrize("p", [0.0, 0.3, 0.6, 1.0])
def test_tosses_have_their_probability(p):
    np.random.seed(0)
    drawn = np.random.binomial(size=(1000, 784), n=1, p=p)
    assert drawn.shape == (1000, 784) and drawn.dtype == np.int64
    assert set(np.unique(drawn)) <= {0, 1}
    assert abs(drawn.mean() - p) < 4 * np.sqrt(p * (1 - p) / drawn.size) + 1e-12
    assert np.corrcoef(drawn[0], drawn[1])[0, 1] < 0.2 if 0 < p < 1 else True


def test_the_seed_decides():
    np.random.seed(7)
    first, second = np.random.binomial(1, 0.5, 200_000), np.random.binomial(1, 0.5, 200_000)
    np.random.seed(7)
    assert (np.random.binomial(1, 0.5, 200_000) == first).all()
    assert (first != second).any()


def test_anything_else_is_numpys_own():
    np.random.seed(3)
    ours = np.random.binomial(5, 0.5, 200_000), np.random.binomial(1, 0.5, 10), np.random.binomial(1, 0.5)
    np.random.seed(3)
    numpys = np.random.RandomState(3)
    for drawn, size, n in zip(ours, (200_000, 10, None), (5, 1, 1), strict=True):
        assert np.array_equal(drawn, numpys.binomial(n, 0.5, size))
    with pytest.raises(ValueError, match="p"):
        np.random.binomial(1, 1.5, 200_000)
