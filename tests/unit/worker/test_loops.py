"""Steps of `train_on_batch` as epochs, and the budget of loops that train for real."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.recording import Graph
from harness.worker import feeds
from harness.worker.loops import Loop
from harness.worker.own_loops import OwnLoops
from harness.worker.own_time import StatementTimeout
from harness.worker.registry import Models

X = np.arange(60 * 4, dtype=np.float32).reshape(60, 4)
Y = np.arange(60) % 10


def loop_over(batches):
    loop = Loop({}, Graph())
    for rows in batches:
        loop.add(X[rows], Y[rows])
    return loop


@given(st.integers(1, 6), st.integers(1, 60), st.booleans())
def test_shuffled_passes_are_epochs(epochs, size, shuffled):
    rng = np.random.default_rng(0)
    orders = [rng.permutation(60) if shuffled else np.arange(60) for _ in range(epochs)]
    loop = loop_over(order[start : start + size] for order in orders for start in range(0, 60, size))
    assert (loop.epochs(), loop.batch_size) == (epochs, size)
    assert sorted(np.concatenate(loop.x)[:, 0].tolist()) == X[:, 0].tolist()


def test_passes_that_leave_out_the_last_rows_are_epochs():
    rng = np.random.default_rng(0)
    orders = [rng.permutation(60) for _ in range(8)]
    assert loop_over(order[start : start + 7] for order in orders for start in range(0, 56, 7)).epochs() == 8


@pytest.mark.parametrize("steps", [5, 20, 200])
def test_rows_drawn_at_random_are_no_epochs(steps):
    rng = np.random.default_rng(0)
    assert loop_over(rng.integers(0, 60, 16) for _ in range(steps)).epochs() is None


def test_what_is_kept_is_limited(monkeypatch):
    monkeypatch.setattr(feeds, "MAX_ROWS", 30)
    loop = loop_over([np.arange(20), np.arange(20, 40), np.arange(40, 60)])
    assert "more rows than are kept" in loop.problem
    assert loop.x == []


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def test_a_loop_of_its_own_ends_with_the_budget():
    clock, notes = Clock(), []
    watch = OwnLoops(Models(lambda: None), lambda: None, lambda code, message: notes.append(code), clock)
    for _ in range(20):
        watch._step([])
        clock.now += 1
    clock.now += 1000  # another cell, later
    watch._step([])
    clock.now += 0.5
    with pytest.raises(StatementTimeout):
        for _ in range(10):
            watch._step([])
            clock.now += 1
    assert notes == ["own-loop-ended"]
    with pytest.raises(StatementTimeout):
        watch._step([])
