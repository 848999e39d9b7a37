"""Each rule of harness.stats held to the rate that it promises, by seeded simulation or by summing exactly.

A simulated rate has to agree with the promise within the simulation's own interval, so wide (confidence 1 - 1e-6)
that a correct rule does not miss it, with so many trials that a wrong one does.

`falls` is the chance that further runs fall below a bound. Given the bound it is known from the distribution, so
only the calibration is simulated and its chances averaged: far closer than counting falls, which are rare.
"""

import math
from dataclasses import dataclass

import numpy as np
import pytest
from scipy import special
from scipy import stats as scipy_stats

from harness.gates import Gate
from harness.stats import (
    bonferroni,
    mcnemar,
    mean_interval,
    paired_difference_interval,
    prediction_bound,
    retry_bound,
    tolerance_bound,
    wilson_interval,
)

SURE = 1 - 1e-6


def count_agrees(count, trials, promised):
    """Whether the promise lies in Clopper and Pearson's interval for the counted rate."""
    low, high = scipy_stats.binomtest(int(count), trials).proportion_ci(SURE, "exact")
    return low <= promised <= high


def mean_agrees(falls, promised):
    """Whether the promise lies in the normal interval for the mean of many chances."""
    error = falls.std(ddof=1) / math.sqrt(len(falls))
    return abs(falls.mean() - promised) <= scipy_stats.norm.ppf((1 + SURE) / 2) * error


def bound_of_each(rule, runs):
    """The bound that a rule gives each row, quickly: each rule is mean + factor * s, to which it is held here."""
    mean, s = runs.mean(axis=1), runs.std(axis=1, ddof=1)
    factor = rule((runs[0] - mean[0]) / s[0])
    bounds = mean + factor * s
    assert bounds[:20] == pytest.approx(np.array([rule(row) for row in runs[:20]]))
    return bounds


# --- what a run yields: three distributions of one run, the last two not normal ---


@dataclass(frozen=True)
class Normal:
    def draw(self, rng, shape):
        return rng.standard_normal(shape)

    def falls(self, bound):
        """The chance that a run falls below the bound."""
        return special.ndtr(bound)


@dataclass(frozen=True)
class Skewed:
    """Minus a lognormal variable: a long tail of bad runs."""

    def draw(self, rng, shape):
        return -np.exp(rng.standard_normal(shape))

    def falls(self, bound):
        return special.ndtr(-np.log(-bound))


@dataclass(frozen=True)
class Dips:
    """One run in 30 ends 8 standard deviations lower than it else would, as training now and then goes astray."""

    share: float = 1 / 30
    depth: float = 8.0

    def draw(self, rng, shape):
        return rng.standard_normal(shape) - self.depth * (rng.random(shape) < self.share)

    def falls(self, bound):
        return self.mean_falls(bound, 1)

    def mean_falls(self, bound, m):
        """The chance that the mean of m runs falls below the bound: summed over how many of them dip."""
        dips = np.arange(m + 1)
        weight = scipy_stats.binom.pmf(dips, m, self.share)
        return special.ndtr((bound[:, None] + dips * self.depth / m) * math.sqrt(m)) @ weight


# --- prediction and acceptance ---


@pytest.mark.parametrize("alpha", [0.01, 0.001])
@pytest.mark.parametrize("n", [12, 30])
@pytest.mark.parametrize("m", [1, 3])
def test_the_mean_of_m_runs_falls_below_the_prediction_bound_at_alpha(n, m, alpha):
    runs = np.random.default_rng(1).standard_normal((60_000, n))
    bounds = bound_of_each(lambda row: prediction_bound(row, m, alpha), runs)
    assert mean_agrees(special.ndtr(bounds * math.sqrt(m)), alpha)


def test_counted_falls_below_the_prediction_bound_too():
    """The plain experiment, on the scale of accuracies: calibrate, train three times, compare."""
    rng = np.random.default_rng(2)
    trials = 100_000
    bounds = bound_of_each(lambda row: prediction_bound(row, 3, 0.01), rng.normal(0.97, 0.002, (trials, 12)))
    further = rng.normal(0.97, 0.002, (trials, 3)).mean(axis=1)
    assert count_agrees((further < bounds).sum(), trials, 0.01)


def test_a_nominal_threshold_only_lowers_the_rate_of_falls():
    runs = np.random.default_rng(3).normal(0.97, 0.002, (2_000, 12))
    nominal = 0.966
    bounds = np.array(
        [
            Gate(task="2C", nominal=nominal, reference=tuple(row), runs=3, most=3, alpha=0.01).accepted
            for row in runs
        ]
    )
    lowered = bounds == nominal
    assert 0.05 < lowered.mean() < 0.95
    falls = special.ndtr((bounds - 0.97) / 0.002 * math.sqrt(3))
    assert 0 < falls.mean() <= 0.01


@pytest.mark.parametrize("n", [30, 200])
@pytest.mark.parametrize("m", [1, 3])
def test_prediction_bound_breaks_its_promise_where_runs_dip(n, m):
    """Why `retry_bound` exists: five times the promised rate and more, and more calibration runs do not mend it."""
    dips = Dips()
    runs = dips.draw(np.random.default_rng(4), (20_000, n))
    bounds = bound_of_each(lambda row: prediction_bound(row, m, 0.001), runs)
    falls = dips.mean_falls(bounds, m)
    assert falls.mean() - 5 * falls.std() / math.sqrt(len(falls)) > 5 * 0.001


# --- tolerance ---


@pytest.mark.parametrize("n", [12, 30])
@pytest.mark.parametrize(("coverage", "confidence"), [(0.9, 0.95), (0.99, 0.95), (0.999, 0.99), (0.99, 0.5)])
def test_tolerance_bound_is_reached_by_its_coverage_with_its_confidence(n, coverage, confidence):
    trials = 100_000
    runs = np.random.default_rng(5).standard_normal((trials, n))
    bounds = bound_of_each(lambda row: tolerance_bound(row, coverage, confidence), runs)
    reached = 1 - special.ndtr(bounds)
    assert count_agrees((reached >= coverage).sum(), trials, confidence)


# --- runs again ---


@pytest.mark.parametrize("distribution", [Normal(), Skewed(), Dips()])
@pytest.mark.parametrize(
    ("n", "trials", "promised"),
    # By hand: the largest ranks below .001 are 2 of 30 and 19 of 200.
    [(30, 100_000, 4 / 5456), (200, 20_000, 1330 / 1373701)],
)
def test_all_of_three_runs_fall_below_the_retry_bound_at_one_rate(distribution, n, trials, promised):
    """The exact rate, not above alpha = .001, whatever the distribution."""
    runs = distribution.draw(np.random.default_rng(6), (trials, n))
    bounds = retry_bound_of_each(runs, 3, 0.001)
    assert mean_agrees(distribution.falls(bounds) ** 3, promised)


def test_counted_falls_below_the_retry_bound_too():
    """The plain experiment: calibrate, train up to three times, none reaches the bound. Rank 4: C(6, 3) of 5456."""
    rng = np.random.default_rng(7)
    trials = 200_000
    bounds = retry_bound_of_each(Dips().draw(rng, (trials, 30)), 3, 0.005)
    further = Dips().draw(rng, (trials, 3))
    assert count_agrees((further.max(axis=1) < bounds).sum(), trials, 20 / 5456)


def test_equal_accuracies_only_lower_the_rate():
    """Accuracies on few images, so that many are equal: below means below."""
    rng = np.random.default_rng(8)
    trials = 100_000
    bounds = retry_bound_of_each(rng.binomial(20, 0.9, (trials, 30)), 3, 0.005)
    further = rng.binomial(20, 0.9, (trials, 3))
    fallen = (further.max(axis=1) < bounds).sum()
    assert 0 < fallen < 20 / 5456 * trials


def retry_bound_of_each(runs, again, alpha):
    """The bound of each row, quickly: the value of one rank, to which the first rows are held."""
    n = runs.shape[1]
    rank = int(retry_bound(np.arange(n), again, alpha))
    bounds = np.partition(runs, rank, axis=1)[:, rank]
    assert bounds[:20].tolist() == [retry_bound(row, again, alpha) for row in runs[:20]]
    return bounds


# --- many checks ---


def test_bonferroni_is_reached_where_errors_exclude_each_other():
    """No larger alpha would do: with these gates the rate of any error is the total."""
    trials, gates = 200_000, 5
    place = np.random.default_rng(9).random(trials)
    alpha = bonferroni(0.05, gates)
    errors = [(gate * alpha <= place) & (place < (gate + 1) * alpha) for gate in range(gates)]
    assert count_agrees(np.any(errors, axis=0).sum(), trials, 0.05)


@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.99])
def test_bonferroni_holds_whatever_the_dependence_of_gates(correlation):
    """An assignment of four gates, each a prediction bound, whose quantities come from the same runs."""
    rng = np.random.default_rng(10)
    trials, n, m, gates, total = 40_000, 12, 3, 4, 0.01
    common = rng.standard_normal((trials, 1, n + m))
    own = rng.standard_normal((trials, gates, n + m))
    runs = math.sqrt(correlation) * common + math.sqrt(1 - correlation) * own
    alpha = bonferroni(total, gates)
    fallen = np.zeros(trials, dtype=bool)
    for gate in range(gates):
        bounds = bound_of_each(lambda row: prediction_bound(row, m, alpha), runs[:, gate, :n])
        fallen |= runs[:, gate, n:].mean(axis=1) < bounds
    if correlation == 0:  # independent: little is lost
        assert count_agrees(fallen.sum(), trials, 1 - (1 - alpha) ** gates)
    assert alpha / 2 < fallen.mean()
    assert scipy_stats.binomtest(int(fallen.sum()), trials, total, "greater").pvalue > 1 - SURE


# --- intervals ---


@pytest.mark.parametrize("n", [2, 4, 12, 30])
@pytest.mark.parametrize("confidence", [0.9, 0.99])
def test_mean_interval_covers_the_mean_at_its_confidence(n, confidence):
    trials = 100_000
    runs = np.random.default_rng(11).normal(3.0, 2.0, (trials, n))
    low = bound_of_each(lambda row: mean_interval(row, confidence).low, runs)
    high = bound_of_each(lambda row: mean_interval(row, confidence).high, runs)
    assert count_agrees(((low <= 3.0) & (high >= 3.0)).sum(), trials, confidence)


def wilson_coverage(n, proportions, confidence):
    """The exact chance, by proportion, that the interval covers it: summed over the binomial distribution."""
    k = np.arange(n + 1)
    low, high = np.array([wilson_interval(int(each), n, confidence) for each in k]).T
    return np.array([scipy_stats.binom.pmf(k, n, p)[(low <= p) & (p <= high)].sum() for p in proportions.tolist()])


@pytest.mark.parametrize(("n", "off"), [(20, 0.004), (100, 0.0015), (1000, 0.0005)])
@pytest.mark.parametrize("confidence", [0.95, 0.99])
def test_wilson_interval_covers_at_its_confidence_on_average(n, off, confidence):
    """Nominal over all proportions, not for each: near 0 and 1 it may be far less, which is said so in its docs."""
    coverage = wilson_coverage(n, np.linspace(0.0005, 0.9995, 500), confidence)
    assert coverage.mean() == pytest.approx(confidence, abs=off)
    assert 0.84 < coverage.min() < confidence - 0.005


def test_wilson_interval_covers_each_accuracy_on_ten_thousand_images():
    coverage = wilson_coverage(10_000, np.linspace(0.95, 0.995, 20), 0.95)
    assert coverage == pytest.approx(0.95, abs=0.008)


# --- pairs ---


def mcnemar_rates(discordant, level):
    """The exact rates of p <= level under equality, given how many are discordant: of exact, and of mid-p."""
    b = np.arange(discordant + 1)
    weight = scipy_stats.binom.pmf(b, discordant, 0.5)
    p = np.array([mcnemar(int(each), discordant - int(each)) for each in b])
    return weight @ (p <= level)


@pytest.mark.parametrize("level", [0.05, 0.01, 0.001])
def test_mcnemar_exact_never_passes_its_level_and_mid_p_is_near_it(level):
    few = np.array([mcnemar_rates(discordant, level) for discordant in range(1, 50)])
    many = np.array([mcnemar_rates(discordant, level) for discordant in range(50, 301, 5)])
    assert few[:, 0].max() <= level
    assert many[:, 0].max() <= level
    assert few[:, 1].max() < 2 * level
    assert many[:, 1].max() < 1.4 * level
    assert many[:, 1].mean() == pytest.approx(level, rel=0.05)
    assert many[:, 0].mean() < many[:, 1].mean()  # exact is the cautious one


def test_mid_p_is_uniform_on_average():
    """The mean of a mid-p value under equality is one half, which exact's is not."""
    b = np.arange(21)
    weight = scipy_stats.binom.pmf(b, 20, 0.5)
    p = np.array([mcnemar(int(each), 20 - int(each)) for each in b])
    assert weight @ p[:, 0] > 0.55
    assert weight @ p[:, 1] == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("confidence", [0.95, 0.99])
@pytest.mark.parametrize(
    ("n", "first_only", "second_only", "off"),
    [  # two classifiers of .975 and .970 that disagree on 2.5 % of the test images; and two on few, little alike
        (10_000, 0.015, 0.010, 0.002),
        (100, 0.20, 0.10, 0.008),
    ],
)
def test_paired_difference_interval_covers_near_its_confidence(n, first_only, second_only, off, confidence):
    trials = 100_000
    rng = np.random.default_rng(12)
    drawn = rng.multinomial(n, [first_only, second_only, 1 - first_only - second_only], trials)
    pairs, times = np.unique(drawn[:, :2], axis=0, return_counts=True)
    low, high = np.array([paired_difference_interval(b, c, n, confidence) for b, c in pairs.tolist()]).T
    difference = first_only - second_only
    covered = times[(low <= difference) & (difference <= high)].sum() / trials
    assert covered == pytest.approx(confidence, abs=off)
