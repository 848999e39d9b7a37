"""The statistics against the rates that they promise, by seeded simulation, and against published values."""

import math

import numpy as np
import pytest
from scipy import stats as scipy_stats

from harness.stats import (
    acceptance_bound,
    bonferroni,
    mcnemar,
    mean_interval,
    paired_difference_interval,
    prediction_bound,
    wilson_interval,
)

VOLTAGES = [51.4, 49.5, 48.7, 49.3, 51.6]  # mean 50.10, s 1.31, as Hahn and Meeker's worked example has them


def within(rate, promised, trials, sigmas=4):
    """Whether a simulated rate is the promised one, to `sigmas` standard errors."""
    return abs(rate - promised) <= sigmas * math.sqrt(promised * (1 - promised) / trials)


# --- prediction and acceptance ---


@pytest.mark.parametrize(("n", "m", "alpha"), [(5, 1, 0.05), (10, 3, 0.01), (64, 3, 0.001)])
def test_prediction_bound_is_undercut_at_the_promised_rate(n, m, alpha):
    rng = np.random.default_rng(1)
    trials = 200_000
    runs = rng.normal(0.97, 0.002, (trials, n))
    further = rng.normal(0.97, 0.002, (trials, m)).mean(axis=1)
    # The bound is mean - factor * s: its factor is read off the function, the rest simulated.
    unit = np.array([-1.0, 1.0] * (n // 2) + [0.0] * (n % 2))
    factor = -prediction_bound(unit, m, alpha) / unit.std(ddof=1)
    bounds = runs.mean(axis=1) - factor * runs.std(axis=1, ddof=1)
    assert bounds[0] == pytest.approx(prediction_bound(runs[0], m, alpha), abs=1e-12)
    assert within(np.mean(further < bounds), alpha, trials)


def test_prediction_bound_of_a_worked_example():
    # By hand, t(4, .95) = 2.131847 from a table: 50.10 - 2.131847 * 1.313393 * sqrt(1/5 + 1/2) = 47.7574.
    assert np.std(VOLTAGES, ddof=1) == pytest.approx(1.313393, abs=1e-6)
    assert prediction_bound(VOLTAGES, 2, 0.05) == pytest.approx(47.7574, abs=1e-4)


def test_more_seeds_make_a_tighter_bound():
    values = [0.969, 0.971, 0.972, 0.973]
    bounds = [prediction_bound(values, m, 0.01) for m in (1, 3, 100)]
    assert bounds == sorted(bounds)
    assert len(set(bounds)) == 3


def test_acceptance_bound_never_exceeds_the_nominal():
    good = [0.9840, 0.9845, 0.9850, 0.9842]
    bound = prediction_bound(good, 3, 0.01)
    assert bound > 0.97
    assert acceptance_bound(good, 3, 0.01, 0.97) == 0.97
    assert acceptance_bound(good, 3, 0.01, 0.99) == bound
    assert acceptance_bound(good, 3, 0.01, None) == bound


def test_runs_that_do_not_vary_bound_themselves():
    assert prediction_bound([0.5, 0.5], 3, 0.001) == 0.5


# --- intervals ---


def test_mean_interval_of_a_worked_example():
    # By hand, t(4, .975) = 2.776 from a table: 50.10 ± 2.776 * 1.3134 / sqrt(5).
    low, high = mean_interval(VOLTAGES, 0.95)
    assert (low, high) == pytest.approx((48.47, 51.73), abs=0.005)


def test_mean_interval_covers_at_the_promised_rate():
    rng = np.random.default_rng(2)
    trials = 4_000
    covered = 0
    for row in rng.normal(3.0, 2.0, (trials, 4)):
        low, high = mean_interval(row, 0.9)
        covered += low <= 3.0 <= high
    assert within(covered / trials, 0.9, trials)


@pytest.mark.parametrize(
    ("k", "n", "expected"),
    [  # Newcombe (1998), Statistics in Medicine 17:857-872, table I, Wilson's score without correction
        (81, 263, (0.2553, 0.3662)),
        (15, 148, (0.0624, 0.1605)),
        (0, 20, (0.0000, 0.1611)),
        (1, 29, (0.0061, 0.1718)),
    ],
)
def test_wilson_interval_of_newcombes_table(k, n, expected):
    assert wilson_interval(k, n, 0.95) == pytest.approx(expected, abs=5e-5)


def test_wilson_interval_is_symmetric_and_ends_at_the_edges():
    for n in range(1, 100):  # exactly, whatever rounding does
        assert wilson_interval(0, n).low == 0
        assert wilson_interval(n, n).high == 1
    low, high = wilson_interval(7, 50)
    assert wilson_interval(43, 50) == pytest.approx((1 - high, 1 - low))


def test_wilson_interval_covers_an_accuracy_at_the_promised_rate():
    n, accuracy = 10_000, 0.97
    k = np.arange(9_500, 9_900)
    covers = [low <= accuracy <= high for low, high in (wilson_interval(int(each), n, 0.95) for each in k)]
    assert scipy_stats.binom.pmf(k, n, accuracy)[covers].sum() == pytest.approx(0.95, abs=0.005)


# --- pairs ---


def test_mcnemar_of_a_published_example():
    # Fagerland, Lydersen, Laake (2013), airway hyper-responsiveness: 1 and 7 discordant pairs.
    assert mcnemar(1, 7) == pytest.approx((0.0703, 0.0391), abs=5e-5)
    assert mcnemar(7, 1) == mcnemar(1, 7)


def test_mcnemar_agrees_with_scipys_binomial_test():
    for b, c in [(0, 1), (3, 9), (40, 61), (500, 430)]:
        assert mcnemar(b, c).exact == pytest.approx(scipy_stats.binomtest(b, b + c).pvalue)


def test_equal_counts_are_no_evidence():
    assert mcnemar(0, 0) == (1, 1)
    assert mcnemar(6, 6) == (1, 1)


@pytest.mark.parametrize("discordant", [12, 60, 300])
def test_mcnemar_keeps_its_level(discordant):
    """The exact rate of p <= .05 under equality, summed over the binomial distribution."""
    b = np.arange(discordant + 1)
    weight = scipy_stats.binom.pmf(b, discordant, 0.5)
    p = np.array([mcnemar(int(each), discordant - int(each)) for each in b])
    exact, mid = (weight[p[:, i] <= 0.05].sum() for i in (0, 1))
    assert exact <= 0.05
    assert exact <= mid <= 0.058  # mid-p may pass its level, by little


def test_mid_p_is_uniform_on_average():
    """The mean of a mid-p value under equality is one half, which exact's is not."""
    b = np.arange(21)
    weight = scipy_stats.binom.pmf(b, 20, 0.5)
    p = np.array([mcnemar(int(each), 20 - int(each)) for each in b])
    assert weight @ p[:, 0] > 0.55
    assert weight @ p[:, 1] == pytest.approx(0.5, abs=0.02)


def test_paired_difference_of_published_examples():
    # statpsych's manual for Bonett and Price (2012): f01 = 4, f10 = 26 of 48 give 0.2548067 to 0.6251933.
    assert paired_difference_interval(26, 4, 48, 0.95) == pytest.approx((0.2548067, 0.6251933), abs=1e-6)
    low, high = paired_difference_interval(4, 26, 48, 0.95)
    assert (low, high) == pytest.approx((-0.6251933, -0.2548067), abs=1e-6)


@pytest.mark.parametrize("confidence", [0.95, 0.99])
def test_paired_difference_covers_at_the_promised_rate(confidence):
    # Two classifiers of .975 and .970 on 10,000 images, disagreeing on 2.5 % of them.
    rng = np.random.default_rng(3)
    trials, n = 20_000, 10_000
    counts = rng.multinomial(n, [0.015, 0.010, 0.975], trials)
    inside = 0
    for b, c, _ in counts.tolist():
        low, high = paired_difference_interval(b, c, n, confidence)
        inside += low <= 0.005 <= high
    assert within(inside / trials, confidence, trials)


def test_paired_difference_stays_in_range():
    assert paired_difference_interval(3, 0, 3, 0.999).high == 1
    assert paired_difference_interval(0, 3, 3, 0.999).low == -1


# --- many checks ---


def test_bonferroni_bounds_the_rate_of_any_error():
    assert bonferroni(0.001, 4) == 0.00025
    rng = np.random.default_rng(4)
    alpha = bonferroni(0.05, 5)
    errors = (rng.random((100_000, 5)) < alpha).any(axis=1).mean()
    assert 0.045 < errors < 0.052


# --- refusals ---


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: prediction_bound([0.9], 1, 0.01), "values"),
        (lambda: prediction_bound([], 1, 0.01), "values"),
        (lambda: prediction_bound([0.9, math.nan], 1, 0.01), "values"),
        (lambda: prediction_bound([0.9, math.inf], 1, 0.01), "values"),
        (lambda: prediction_bound(np.ones((2, 2)), 1, 0.01), "values"),
        (lambda: prediction_bound([0.9, 0.91], 0, 0.01), "m"),
        (lambda: prediction_bound([0.9, 0.91], 1.5, 0.01), "m"),
        (lambda: prediction_bound([0.9, 0.91], 1, 0.0), "alpha"),
        (lambda: prediction_bound([0.9, 0.91], 1, 1.0), "alpha"),
        (lambda: prediction_bound([0.9, 0.91], 1, math.nan), "alpha"),
        (lambda: acceptance_bound([0.9, 0.91], 1, 0.01, math.nan), "nominal"),
        (lambda: mean_interval([0.9]), "values"),
        (lambda: mean_interval([0.9, 0.91], 95), "confidence"),
        (lambda: wilson_interval(0, 0), "n"),
        (lambda: wilson_interval(11, 10), "k"),
        (lambda: wilson_interval(-1, 10), "k"),
        (lambda: wilson_interval(1, 10, 1.0), "confidence"),
        (lambda: wilson_interval(math.nan, 10), "k"),
        (lambda: mcnemar(-1, 3), "b"),
        (lambda: mcnemar(1, -3), "c"),
        (lambda: paired_difference_interval(6, 5, 10), "c"),
        (lambda: paired_difference_interval(11, 0, 10), "b"),
        (lambda: paired_difference_interval(0, 0, 0), "n"),
        (lambda: bonferroni(0.0, 3), "total"),
        (lambda: bonferroni(0.05, 0), "gates"),
    ],
)
def test_wrong_arguments_are_named(call, named):
    with pytest.raises(ValueError, match=rf"^{named}: "):
        call()
