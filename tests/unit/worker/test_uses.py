"""Which uses of models are noted, and how much is looked at for it."""

import numpy as np
import pytest
from known_images import UNIT, X_TEST, Seen

from harness.recording import FEW_IMAGES, FEW_NOTED, LayerState, Where
from harness.worker.uses import Uses

TEST = (X_TEST / 255).reshape(-1, 784)
STATES = (LayerState(layer=1, fit="fit-1", of=1),)


def noisy(images, seed=0):
    return images + np.random.default_rng(seed).uniform(-0.2, 0.2, images.shape)


@pytest.fixture
def uses():
    return Uses(Seen().recogniser)


def note(uses, x, line=1):
    uses.note("predict", 3, x, None, Where(file="a.py", line=line), lambda: STATES)


@pytest.mark.parametrize(
    ("x", "noted"),
    [
        (noisy(TEST[:10]), True),
        (noisy(TEST[:9]), False),
        (TEST[:10], False),
        (np.random.default_rng(0).random((10, 784)), True),
        (np.random.default_rng(0).random((10, 196)), False),
        (UNIT.reshape(-1, 784)[:FEW_IMAGES], True),
    ],
    ids=["noisy", "nine", "clean", "unknown", "codes", "many"],
)
def test_few_images_are_noted_where_they_are_noisy_or_unknown(uses, x, noted):
    note(uses, x)
    assert len(uses.records) == noted


def test_where_there_is_noise_the_model_s_weights_are_told(uses):
    note(uses, noisy(TEST))
    note(uses, UNIT.reshape(-1, 784))
    assert [use.states for use in uses.records] == [STATES, ()]


def test_few_images_are_looked_at_some_times_at_a_place_and_in_a_run(uses):
    """A training loop of the hand-in's own has thousands of small batches."""
    for seed in range(30):
        note(uses, TEST[seed : seed + 10])
    note(uses, noisy(TEST[:10]))
    assert uses.records == []
    note(uses, noisy(TEST[:10]), line=2)
    assert len(uses.records) == 1
    for line in range(3, 20):
        for _ in range(FEW_NOTED):
            note(uses, TEST[:10], line)
    note(uses, noisy(TEST[:10]), line=20)
    assert len(uses.records) == 1
    assert not uses.looks_at(10, lambda: Where(file="a.py", line=20))
    assert uses.looks_at(FEW_IMAGES, lambda: None)
