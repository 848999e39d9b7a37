"""What is kept of a training, epoch by epoch, as the curve that checks and figures see."""

import pytest

from harness.grading import curve_of
from harness.training.cache import StoredRun


def stored(**history):
    return StoredRun.model_construct(seed=3, history=history)


def test_a_curve_has_all_epochs():
    curve = curve_of(stored(loss=(0.5, 0.4), val_loss=(0.6, 0.5), accuracy=(0.8, 0.9)))
    assert (curve.seed, curve.loss, curve.val_loss, curve.accuracy) == (3, (0.5, 0.4), (0.6, 0.5), (0.8, 0.9))
    assert (curve.val_accuracy, curve.diverged) == ((), False)


@pytest.mark.parametrize("name", ["loss", "val_loss"])
def test_a_curve_that_stops_being_finite_ends_there_and_says_so(name):
    curve = curve_of(stored(**{name: (0.5, None, 0.4)}))
    assert (getattr(curve, name), curve.diverged) == ((0.5,), True)
