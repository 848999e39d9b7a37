"""The compiled trainer's accuracies are equivalent to plain `fit`'s: two one-sided tests over many seeds.

Both train the assignment's own 64-64-10 network with the same seeds. Equivalent is a mean that differs by less than
the margin: 0.3 percentage points, about twice the standard deviation of MNIST's calibrated runs, so less than what
luck decides between two seeds of one trainer.
"""

from __future__ import annotations

import statistics

import pytest
from evidence import fit
from scipy import stats

from harness import datasets
from harness.assignment import load
from harness.measure.classification import accuracy
from harness.training import choose as choosing
from harness.training import process
from harness.training.choose import Choice
from harness.training.from_recording import from_fit
from harness.training.process import TrainerProcess

pytestmark = pytest.mark.nightly

MARGIN = 0.003
LEVEL = 0.05
ASSIGNMENT = load("dat405_a7")


SEEDS = 30


@pytest.mark.parametrize("name", ["digits", pytest.param("mnist", marks=pytest.mark.mnist)])
def bench_equivalence(benchmark, monkeypatch, name):
    dataset = datasets.load(name)
    prepared = from_fit(fit(), {}, dataset, ASSIGNMENT.tasks["2C"].scale(name, "full"))
    quantity = ASSIGNMENT.calibration(name, "full").quantities["2C.accuracy"]
    assert prepared.recipe.without_seed == quantity.recipe

    def train(wanted: str) -> list[float]:
        with TrainerProcess("cpu") as trainer:
            runs = [trainer.train(prepared.with_seed(seed), lambda *_: None) for seed in range(SEEDS)]
        assert {run.trainer for run in runs} == {wanted}
        return [accuracy(run.predictions, dataset.y_test) for run in runs]

    ours = benchmark.pedantic(train, ("jax_scan",), rounds=1, iterations=1)
    for module in (process, choosing):
        monkeypatch.setattr(module, "choose", lambda _recipe, _kind: Choice("keras_fit", "", "cpu"))
    plain = train("keras_fit")
    low, high = interval(plain, ours)
    benchmark.extra_info.update(
        work="equivalence", data=name, margin=MARGIN, plain=plain, ours=ours, low=low, high=high
    )
    assert -MARGIN < low < high < MARGIN


def interval(plain: list[float], ours: list[float]) -> tuple[float, float]:
    """The interval of the difference of means (Welch) that lies within the margin where both one-sided tests reject
    at the level: of confidence 1 − 2·level."""
    variances = [statistics.variance(values) / len(values) for values in (plain, ours)]
    error = sum(variances) ** 0.5
    freedom = sum(variances) ** 2 / sum(
        one**2 / (len(values) - 1) for one, values in zip(variances, (plain, ours), strict=True)
    )
    reach = float(stats.t.ppf(1 - LEVEL, freedom)) * error
    difference = statistics.mean(ours) - statistics.mean(plain)
    return difference - reach, difference + reach
