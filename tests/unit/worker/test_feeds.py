"""What was given to a fit, as arrays: streams that repeat, streams that do not, and how much is drawn."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.worker import feeds

X = np.arange(60 * 4, dtype=np.float32).reshape(60, 4)
Y = np.arange(60) % 10


def in_order(size):
    """Batches of X and Y, pass after pass."""
    while True:
        for start in range(0, 60, size):
            yield X[start : start + size], Y[start : start + size]


def test_arrays_are_as_they_are():
    feed = feeds.read(X, Y)
    assert (feed.kind, feed.rows, feed.problem, feed.x is X, feed.y is Y) == ("arrays", 60, None, True, True)
    assert feed.few_x.shape == (2, 4)


def test_the_row_with_the_largest_label_is_tried():
    feed = feeds.read(X, np.where(np.arange(60) == 40, 99, Y))
    assert feed.few_y.max() == 99


@pytest.mark.parametrize(
    "form", [X.tolist(), [X], (X,), {"image": X}, memoryview(X)], ids=["numbers", "list", "tuple", "dict", "buffer"]
)
def test_one_array_in_every_form(form):
    np.testing.assert_array_equal(feeds.as_array(form), X)


@pytest.mark.parametrize("thing", [None, "text", [X, X], {"a": X, "b": X}, object(), np.array(["a"]), 3])
def test_what_is_not_one_array(thing):
    assert feeds.as_array(thing) is None


def test_inputs_and_targets_that_are_not_equally_many():
    with pytest.raises(ValueError, match="'x' sizes: 60 'y' sizes: 59"):
        feeds.read(X, Y[:-1])


def test_inputs_alone_say_so():
    assert "without targets" in feeds.read(X).problem


@given(st.integers(1, 60), st.integers(1, 4))
def test_a_generator_of_whole_passes_is_the_arrays(size, passes):
    steps = -(-60 // size) * passes
    feed = feeds.read(in_order(size), steps=steps, epochs=2)
    assert (feed.kind, feed.problem, feed.batch_size) == ("generator", None, size)
    np.testing.assert_array_equal(feed.x, np.tile(X, (passes, 1)))
    np.testing.assert_array_equal(feed.y, np.tile(Y, passes))


@given(st.integers(1, 29))
def test_a_part_of_a_pass_is_told(size):
    steps = 30 // size
    feed = feeds.read(in_order(size), steps=steps, epochs=2)
    assert "each of its epochs has other data" in feed.problem
    assert feeds.read(in_order(size), steps=steps, epochs=1).problem is None


def test_a_pass_without_its_last_rows_counts_as_one():
    def shuffled():
        rng = np.random.default_rng(0)
        while True:
            order = rng.permutation(60)
            for start in range(0, 48, 16):
                yield X[order[start : start + 16]], Y[order[start : start + 16]]

    feed = feeds.read(shuffled(), steps=3, epochs=5)
    assert (feed.rows, feed.problem) == (48, None)


def test_noise_on_the_inputs_does_not_matter_where_targets_are_images():
    def noisy():
        rng = np.random.default_rng(0)
        images = np.arange(6 * 64, dtype=np.float32).reshape(6, 64)
        while True:
            yield images + rng.normal(size=images.shape), images

    assert feeds.read(noisy(), steps=1, epochs=2).problem is None


def test_a_generator_that_ends_early():
    batches = itertools.islice(in_order(20), 3)
    assert "ends before the last epoch" in feeds.read(batches, steps=3, epochs=2).problem
    assert feeds.read(iter([])).problem == "its data are empty"


def test_a_generator_without_end_is_drawn_only_so_far(monkeypatch):
    monkeypatch.setattr(feeds, "MAX_ROWS", 500)
    feed = feeds.read(in_order(20))
    assert "more than is drawn here" in feed.problem
    assert feed.x is None


def test_sample_weights_in_batches():
    feed = feeds.read(iter([(X, Y, np.ones(60))]))
    assert "sample weights" in feed.problem


def test_batches_of_different_shapes():
    feed = feeds.read(iter([(X[:30], Y[:30]), (X[30:, :2], Y[30:])]))
    assert "different shapes" in feed.problem


@pytest.mark.parametrize(("steps", "part"), [(1, True), (2, True), (3, False), (4, False), (9, False)])
def test_steps_of_arrays(steps, part):
    problem = feeds.read(X, Y, batch_size=16, steps=steps).problem
    assert (problem is not None) is part


def test_validation_in_batches():
    feed = feeds.read_pair(in_order(20), steps=1)
    assert feed.x.shape == (20, 4)
    assert feeds.read_pair(in_order(20)) is None
    assert feeds.read_pair((X, Y)).y is Y
    assert feeds.read_pair(None) is None


@given(st.lists(st.integers(0, 5), max_size=30), st.lists(st.integers(0, 5), max_size=30))
def test_common_rows_are_counted_as_often_as_both_have_them(one, other):
    expected = sum(min(one.count(value), other.count(value)) for value in set(one))
    assert feeds._common(np.array(one, dtype=np.uint64), np.array(other, dtype=np.uint64)) == expected
