"""The statistics against published values, and their refusals; their promised rates: test_stats_simulation.py."""

import itertools
import math

import numpy as np
import pytest
from scipy import stats as scipy_stats

from harness.stats import (
    bonferroni,
    mcnemar,
    mean_interval,
    paired_difference_interval,
    prediction_bound,
    retries_needed,
    retry_bound,
    tolerance_bound,
    wilson_interval,
)

VOLTAGES = [51.4, 49.5, 48.7, 49.3, 51.6]  # mean 50.10, s 1.31, as Hahn and Meeker's worked example has them


def standardised(n):
    """n values of mean 0 and standard deviation 1 (over n-1)."""
    values = np.arange(n, dtype=np.float64)
    return (values - values.mean()) / values.std(ddof=1)


# --- prediction and acceptance ---


def test_prediction_bound_of_a_worked_example():
    # By hand, t(4, .95) = 2.131847 from a table: 50.10 - 2.131847 * 1.313393 * sqrt(1/5 + 1/2) = 47.7574.
    assert np.std(VOLTAGES, ddof=1) == pytest.approx(1.313393, abs=1e-6)
    assert prediction_bound(VOLTAGES, 2, 0.05) == pytest.approx(47.7574, abs=1e-4)


def test_more_seeds_make_a_tighter_bound():
    values = [0.969, 0.971, 0.972, 0.973]
    bounds = [prediction_bound(values, m, 0.01) for m in (1, 3, 100)]
    assert bounds == sorted(bounds)
    assert len(set(bounds)) == 3


def test_runs_that_do_not_vary_bound_themselves():
    assert prediction_bound([0.5, 0.5], 3, 0.001) == 0.5


# --- tolerance ---


@pytest.mark.parametrize(
    ("n", "coverage", "confidence", "factor"),
    [  # the one-sided factors that are tabulated everywhere (.90 with .95 is a material's "B basis")
        (5, 0.90, 0.95, 3.407),
        (10, 0.90, 0.95, 2.355),
        (20, 0.90, 0.95, 1.926),
        (50, 0.90, 0.95, 1.646),
        (10, 0.95, 0.95, 2.911),
        (40, 0.90, 0.99, 1.9017),
    ],
)
def test_tolerance_bound_has_the_tabulated_factors(n, coverage, confidence, factor):
    values = standardised(n)
    places = len(str(factor)) - 2
    assert round(-tolerance_bound(values, coverage, confidence), places) == factor
    assert tolerance_bound(7 + 2 * values, coverage, confidence) == pytest.approx(7 - 2 * factor, abs=0.002)


@pytest.mark.parametrize("n", [2, 3, 12, 30, 64, 200, 1000])
@pytest.mark.parametrize("coverage", [0.1, 0.5, 0.9, 0.99, 0.9999])
@pytest.mark.parametrize("confidence", [0.5, 0.95, 0.999])
def test_tolerance_factor_is_as_accurate_as_scipy_stats(n, coverage, confidence):
    """scipy.special's quantile of the noncentral t, inverted by the distribution of scipy.stats."""
    quantile = -tolerance_bound(standardised(n), coverage, confidence) * math.sqrt(n)
    noncentrality = scipy_stats.norm.ppf(coverage) * math.sqrt(n)
    assert scipy_stats.nct.cdf(quantile, n - 1, noncentrality) == pytest.approx(confidence, abs=5e-6)


# --- runs again ---


@pytest.mark.parametrize(("n", "runs"), [(2, 3), (4, 2), (6, 3), (9, 1), (5, 4)])
def test_retry_bound_is_exact_by_counting_every_order(n, runs):
    """Each of the ways in which further runs can lie among the values, counted: none is likelier than another."""
    orders = list(itertools.combinations(range(n + runs), runs))  # the places of the further runs, lowest first
    shares = []  # by rank: the share of orders in which all further runs lie below the value of that rank
    for rank in range(1, n + 1):
        below = 0
        for places in orders:
            value_places = [place for place in range(n + runs) if place not in places]
            below += max(places) < value_places[rank - 1]
        shares.append(below / len(orders))
    values = np.random.default_rng(0).permutation(n)  # value = rank - 1
    for rank, share in enumerate(shares, start=1):
        assert retry_bound(values, runs, share) == rank - 1
        if rank > 1:
            assert retry_bound(values, runs, share * 0.999) == rank - 2
    with pytest.raises(ValueError, match=r"^runs: "):
        retry_bound(values, runs, shares[0] * 0.999)


def test_retry_bound_of_the_sizes_in_use():
    # C(4, 3) = 4 of C(33, 3) = 5456, and C(21, 3) = 1330 of C(203, 3) = 1373701; the next ranks are above .001.
    assert retry_bound(np.arange(1.0, 31.0), 3, 0.001) == 2
    assert retry_bound(np.arange(1.0, 201.0), 3, 0.001) == 19


def test_retry_bound_says_what_would_be_enough():
    values = np.arange(30.0)
    with pytest.raises(ValueError, match=r"^runs: all 1 fall .* 0\.032, .* 0\.001; 3 runs .*, or 999 values$"):
        retry_bound(values, 1, 0.001)
    assert retry_bound(values, 3, 0.001) >= 0
    with pytest.raises(ValueError, match=r"^runs: "):
        retry_bound(values, 2, 0.001)
    assert retry_bound(np.arange(999.0), 1, 0.001) == 0
    with pytest.raises(ValueError, match=r"^runs: "):
        retry_bound(np.arange(998.0), 1, 0.001)


def test_retries_needed_is_the_fewest():
    for n in range(1, 60):
        for alpha in (0.5, 0.05, 0.001, 0.00025):
            runs = retries_needed(n, alpha)
            assert 1 / math.comb(n + runs, runs) <= alpha
            assert 1 / math.comb(n + runs - 1, runs - 1) > alpha
    assert retries_needed(1, 1e-30) > 10**29  # does not count one by one


# --- intervals ---


def test_mean_interval_of_a_worked_example():
    # By hand, t(4, .975) = 2.776 from a table: 50.10 ± 2.776 * 1.3134 / sqrt(5).
    low, high = mean_interval(VOLTAGES, 0.95)
    assert (low, high) == pytest.approx((48.47, 51.73), abs=0.005)


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


def test_paired_difference_of_published_examples():
    # statpsych's manual for Bonett and Price (2012): f01 = 4, f10 = 26 of 48 give 0.2548067 to 0.6251933.
    assert paired_difference_interval(26, 4, 48, 0.95) == pytest.approx((0.2548067, 0.6251933), abs=1e-6)
    low, high = paired_difference_interval(4, 26, 48, 0.95)
    assert (low, high) == pytest.approx((-0.6251933, -0.2548067), abs=1e-6)


def test_paired_difference_stays_in_range():
    assert paired_difference_interval(3, 0, 3, 0.999).high == 1
    assert paired_difference_interval(0, 3, 3, 0.999).low == -1


# --- many checks ---


def test_bonferroni_shares_the_total_among_the_gates():
    assert bonferroni(0.001, 4) == 0.00025
    assert bonferroni(0.001, 1) == 0.001


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
        (lambda: tolerance_bound([0.9], 0.9, 0.9), "values"),
        (lambda: tolerance_bound([0.9, 0.91], 1.0, 0.9), "coverage"),
        (lambda: tolerance_bound([0.9, 0.91], 0.9, 0.0), "confidence"),
        (lambda: retry_bound([0.9], 3, 0.1), "values"),
        (lambda: retry_bound([0.9, math.nan], 3, 0.1), "values"),
        (lambda: retry_bound([0.9, 0.91], 0, 0.1), "runs"),
        (lambda: retry_bound([0.9, 0.91], 1.5, 0.1), "runs"),
        (lambda: retry_bound([0.9, 0.91], 3, 1.0), "alpha"),
        (lambda: retries_needed(0, 0.1), "n"),
        (lambda: retries_needed(5, 0.0), "alpha"),
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
