"""Gates: which runs decide, when more of them do, and how often a correct solution is failed."""

import numpy as np
import pytest
from scipy import stats as scipy_stats

from harness.gates import Decision, Forecast, Gate, decide, figure_of, forecast
from harness.stats import prediction_bound, retry_bound

PASSED, OPEN, FAILED = Decision.PASSED, Decision.OPEN, Decision.FAILED
RUNS = tuple(0.97 + 0.002 * z for z in scipy_stats.norm.ppf((np.arange(30) + 0.5) / 30))
MEAN = Gate(task="2C", nominal=0.97, reference=RUNS, runs=1, most=3, alpha=0.001, total=0.001)
RETRY = MEAN.model_copy(update={"rule": "retry"})


def test_the_mean_rule_accepts_at_the_bound_for_most_runs():
    assert MEAN.accepted == prediction_bound(RUNS, 3, 0.0005)
    once = MEAN.model_copy(update={"most": 1})
    assert once.accepted == prediction_bound(RUNS, 1, 0.001)  # no earlier look takes of its alpha


def test_the_retry_rule_accepts_at_an_order_statistic():
    assert RETRY.accepted == retry_bound(RUNS, 3, 0.001)
    assert RETRY.accepted in RUNS


def test_too_few_runs_to_promise_anything_calibrate_nothing():
    assert RETRY.model_copy(update={"reference": RUNS[:5]}).accepted is None
    assert RETRY.model_copy(update={"reference": ()}).accepted is None
    assert MEAN.model_copy(update={"reference": RUNS[:1]}).accepted is None


@pytest.mark.parametrize("nominal", [float("nan"), float("inf")])
def test_a_nominal_is_a_number(nominal):
    with pytest.raises(ValueError, match="nominal"):
        Gate(task="2C", nominal=nominal)


def test_never_above_the_nominal():
    for above in (0.99, None):
        assert MEAN.model_copy(update={"nominal": above}).accepted == prediction_bound(RUNS, 3, 0.0005)
    assert MEAN.model_copy(update={"nominal": 0.9}).accepted == 0.9
    assert RETRY.model_copy(update={"nominal": 0.9}).accepted == 0.9


def test_what_is_known_of_the_reference():
    assert MEAN.reference_mean == pytest.approx(0.97)
    assert MEAN.reference_sd == pytest.approx(np.std(RUNS, ddof=1))
    bare = Gate(task="2C")
    assert (bare.reference_mean, bare.reference_sd, bare.known) == (None, None, False)
    assert Gate(task="2C", nominal=0.97).known


LOW = MEAN.hopeless(1)


@pytest.mark.parametrize(
    ("values", "decided"),
    [
        ((0.97,), PASSED),
        ((MEAN.accepted,), PASSED),
        ((MEAN.accepted - 1e-6,), OPEN),
        ((LOW,), OPEN),
        ((LOW - 1e-6,), FAILED),
        ((MEAN.accepted - 1e-6, 0.97), PASSED),
        ((MEAN.accepted - 0.001,) * 2, OPEN),
        ((MEAN.accepted - 0.001,) * 3, FAILED),
        ((MEAN.accepted - 0.001, 0.97, 0.5), PASSED),  # decided at the second: what comes later changes nothing
        ((LOW - 1e-6, 0.99, 0.99), FAILED),
    ],
)
def test_the_first_stage_that_decides_does(values, decided):
    assert decide(MEAN, values) is decided


@pytest.mark.parametrize(
    ("values", "decided"),
    [((0.5,), OPEN), ((0.5, RETRY.accepted), PASSED), ((0.5,) * 3, FAILED), ((0.5, 0.5, 0.97), PASSED)],
)
def test_by_the_retry_rule_any_run_will_do(values, decided):
    assert decide(RETRY, values) is decided


def test_fewer_runs_than_are_trained_in_any_case_cannot_fail():
    together = MEAN.model_copy(update={"runs": 3, "most": 6})
    assert decide(together, (-0.3,)) is OPEN
    assert decide(together, (0.98,)) is PASSED


def test_runs_that_are_trained_in_any_case_are_looked_at_together():
    together = MEAN.model_copy(update={"runs": 3})
    assert decide(together, (0.9601, 0.975, 0.975)) is PASSED
    assert decide(MEAN, (0.9601, 0.975, 0.975)) is FAILED


def test_figures():
    assert figure_of(MEAN, (0.1, 0.3)) == pytest.approx(0.2)
    assert figure_of(RETRY, (0.1, 0.3)) == 0.3


def test_without_calibration_the_nominal_decides_at_once():
    bare = Gate(task="2C", nominal=0.97)
    assert [decide(bare, (value,)) for value in (0.97, 0.9699)] == [PASSED, FAILED]


def test_nothing_to_decide():
    with pytest.raises(ValueError, match="no threshold"):
        decide(Gate(task="2C"), (0.97,))
    with pytest.raises(ValueError, match="no runs"):
        decide(MEAN, ())


@pytest.mark.parametrize("gate", [MEAN, RETRY], ids=["mean", "retry"])
def test_forecasts(gate):
    assert forecast(gate, (0.97,)) is Forecast.ON_TRACK
    assert forecast(gate, (gate.accepted - 1e-5,)) is Forecast.AT_RISK
    assert forecast(gate, (gate.accepted - 1e-5,) * 3) is Forecast.AT_RISK
    assert forecast(gate, (0.9,) * 3) is Forecast.WILL_FALL_SHORT


def test_the_risk_ends_two_standard_deviations_below_what_is_accepted():
    once = MEAN.model_copy(update={"most": 1})
    edge = once.accepted - 2 * once.reference_sd * (1 / 30 + 1) ** 0.5
    assert forecast(once, (edge + 1e-6,)) is Forecast.AT_RISK
    assert forecast(once, (edge - 1e-6,)) is Forecast.WILL_FALL_SHORT


def test_by_the_retry_rule_the_risk_ends_below_all_calibrated_runs():
    assert forecast(RETRY, (min(RUNS),) * 3) is Forecast.AT_RISK
    assert forecast(RETRY, (min(RUNS) - 1e-6,) * 3) is Forecast.WILL_FALL_SHORT


def test_what_is_not_calibrated_falls_short():
    assert forecast(Gate(task="2C", nominal=0.97), (0.9699,)) is Forecast.WILL_FALL_SHORT


# --- by simulation: how often a correct solution is failed


def sequences(draw, gates, trials=20_000, n=30):
    """Whether each of `trials` correct solutions is failed, its gate calibrated with `n` runs of the same kind."""
    runs = draw((trials, n + gates.most))
    failed = 0
    for row in runs:
        gate = gates.model_copy(update={"reference": tuple(row[:n])})
        values: tuple[float, ...] = tuple(row[n : n + gate.runs])
        while decide(gate, values) is OPEN:
            values = tuple(row[n : n + len(values) + 1])
        failed += decide(gate, values) is FAILED
    return failed


def at_most(failed, trials, rate):
    """Whether so many failures are no evidence against the rate: probability of as many or more above 1e-4."""
    return scipy_stats.binom.sf(failed - 1, trials, rate) > 1e-4


def dips(rng):
    """Draws runs one in thirty of which ends six standard deviations lower."""
    return lambda shape: rng.normal(0.97, 0.002, shape) - 0.012 * (rng.random(shape) < 1 / 30)


@pytest.mark.parametrize(("runs", "most"), [(1, 1), (1, 3), (3, 6)])
def test_the_mean_rule_keeps_its_promise_on_normal_runs(runs, most):
    rng = np.random.default_rng(1)
    gate = Gate(task="2C", runs=runs, most=most, alpha=0.02)
    failed = sequences(lambda shape: rng.normal(0.97, 0.002, shape), gate, 4_000)
    assert at_most(failed, 4_000, 0.02)
    assert failed > 0.1 * 0.02 * 4_000  # and is not merely never failing


def test_the_mean_rule_breaks_it_where_runs_dip():
    """Why the re-try rule is there."""
    gate = Gate(task="2C", runs=3, most=3, alpha=0.002)
    failed = sequences(dips(np.random.default_rng(2)), gate, 4_000, n=30)
    assert not at_most(failed, 4_000, 0.002)


@pytest.mark.parametrize("n", [30, 200])
def test_the_retry_rule_keeps_it_where_runs_dip(n):
    gate = Gate(task="2C", rule="retry", runs=1, most=3, alpha=0.002)
    failed = sequences(dips(np.random.default_rng(3)), gate, 4_000, n=n)
    assert at_most(failed, 4_000, 0.002)


def test_a_worse_network_is_told():
    """Power: a network that ends two standard deviations lower on average is failed by most of its runs."""
    rng = np.random.default_rng(4)
    gate = MEAN.model_copy(update={"runs": 3, "most": 9})
    failed = 0
    for _ in range(500):
        values = tuple(rng.normal(0.966, 0.002, 3))
        while decide(gate, values) is OPEN:
            values = (*values, rng.normal(0.966, 0.002))
        failed += decide(gate, values) is FAILED
    assert failed > 350
