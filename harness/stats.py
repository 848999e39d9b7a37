"""Thresholds and intervals for random outcomes: what a training run, or a set of test images, may yield by chance.

Thresholds for runs that are normally distributed: `prediction_bound` for the mean of some, `tolerance_bound` for
one. For runs of any other distribution, such as one in which a run now and then goes astray: `retry_bound`.

Sources: Hahn and Meeker = G. J. Hahn and W. Q. Meeker, Statistical Intervals (1991; second edition with L. A.
Escobar, 2017): chapter 4, normal distribution; chapter 5, distribution-free. The others stand at their functions.
A promise counts the chance of the sample too: it holds over all samples of N runs, not for the one at hand.
tests/unit/test_stats_simulation.py holds every rule to the rate that it promises.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special  # not scipy.stats, which takes longer to import than a hand-in to judge


class Interval(NamedTuple):
    """A two-sided interval, in the unit of what it bounds."""

    low: float
    high: float


class McNemar(NamedTuple):
    """Two-sided p-values of McNemar's test, each in (0, 1]."""

    exact: float
    mid_p: float


def prediction_bound(values: Sequence[float] | NDArray[np.float64], m: int, alpha: float) -> float:
    """The lower bound that the mean of `m` further runs undercuts with probability `alpha`.

    `values`: N independent runs, N >= 2, normally distributed as the further ones will be. The bound is
    mean - t(N-1, 1-alpha) * s * sqrt(1/N + 1/m), with s the standard deviation over N-1: the one-sided
    prediction bound for the mean of m future observations (Hahn and Meeker, chapter 4). Where runs are not
    normally distributed the promise can fail by far: `retry_bound` is for those.

    Raises ValueError naming the argument: fewer than two values, a value not finite, m < 1, alpha outside (0, 1).
    """
    runs = _runs(values)
    _whole("m", m, lowest=1)
    _open_unit("alpha", alpha)
    n = len(runs)
    return float(runs.mean()) - student_quantile(n - 1, alpha) * float(runs.std(ddof=1)) * math.sqrt(1 / n + 1 / m)


def student_quantile(degrees: int, alpha: float) -> float:
    """The 1 - `alpha` quantile of Student's distribution with so many degrees of freedom."""
    return -float(special.stdtrit(degrees, alpha))


def tolerance_bound(values: Sequence[float] | NDArray[np.float64], coverage: float, confidence: float) -> float:
    """The lower bound that at least `coverage` of all single runs reach, said with `confidence`.

    `values`: N independent runs, N >= 2, normally distributed as all runs are. The bound is mean - k * s, with s
    the standard deviation over N-1 and k = t(confidence; N-1, z * sqrt(N)) / sqrt(N): t the quantile of Student's
    noncentral distribution with N-1 degrees of freedom, z the normal quantile of coverage. It is so low with
    probability `confidence`, over samples of N. Source: K. Krishnamoorthy, T. Mathew, Statistical Tolerance Regions
    (2009), chapter 2; Hahn and Meeker, chapter 4.

    Raises ValueError naming the argument: fewer than two values, a value not finite, coverage or confidence outside
    (0, 1).
    """
    runs = _runs(values)
    _open_unit("coverage", coverage)
    _open_unit("confidence", confidence)
    n = len(runs)
    noncentrality = float(special.ndtri(coverage)) * math.sqrt(n)
    factor = float(special.nctdtrit(n - 1, noncentrality, confidence)) / math.sqrt(n)
    return float(runs.mean()) - factor * float(runs.std(ddof=1))


def retry_bound(values: Sequence[float] | NDArray[np.float64], runs: int, alpha: float) -> float:
    """The highest of the `values` that all of `runs` further runs fall below with probability `alpha` at most.

    For the rule that a solution may be trained `runs` times and passes where one run reaches the bound. `values`:
    N independent runs, N >= 2, of any continuous distribution, which the further ones share. The bound is the r-th
    smallest value, r the largest with C(r+k-1, k) / C(N+k, k) <= alpha, k = runs. For all k fall below the r-th
    smallest of the N where the r+k-1 lowest of the N+k are the k and r-1 of the N, and each choice of k places
    among N+k is as likely. Where runs can be equal (an accuracy is a whole number of images) the probability is
    lower, never higher. Source: B. Epstein (1954), Annals of Mathematical Statistics 25:762-768, equation 2 (there
    N = k) at x = 0; Hahn and Meeker, chapter 5.

    Raises ValueError naming the argument: fewer than two values, a value not finite, runs < 1, alpha outside
    (0, 1), and `runs` where even the smallest value promises less: how many runs, or values, would be enough.
    """
    ordered = np.sort(_runs(values))
    _whole("runs", runs, lowest=1)
    _open_unit("alpha", alpha)
    n = len(ordered)
    rank = retry_rank(n, runs, alpha)
    if rank == 0:
        raise ValueError(
            f"runs: all {runs} fall below the smallest of {n} values with probability"
            f" {_all_below(1, n, runs):.2g}, above alpha {alpha:.2g};"
            f" {retries_needed(n, alpha)} runs would be enough, or {retries_needed(runs, alpha)} values"
        )
    return float(ordered[rank - 1])


def retry_rank(n: int, runs: int, alpha: float) -> int:
    """The r of `retry_bound`: the bound is the r-th lowest of `n` values. 0 where even the lowest promises less.

    Raises ValueError naming the argument: n < 1, runs < 1, alpha outside (0, 1).
    """
    _whole("n", n, lowest=1)
    _whole("runs", runs, lowest=1)
    _open_unit("alpha", alpha)
    rank = 0
    while rank < n and _all_below(rank + 1, n, runs) <= alpha:
        rank += 1
    return rank


def retries_needed(n: int, alpha: float) -> int:
    """The fewest runs that all fall below the smallest of `n` values with probability `alpha` at most.

    The smallest k with 1 / C(n+k, k) <= alpha, as in `retry_bound`. As C(n+k, k) = C(n+k, n), it is also the fewest
    values that are enough for `n` runs. Raises ValueError naming the argument: n < 1, alpha outside (0, 1).
    """
    _whole("n", n, lowest=1)
    _open_unit("alpha", alpha)
    enough = 1
    while _all_below(1, n, enough) > alpha:
        enough *= 2
    too_few = enough // 2
    while enough - too_few > 1:
        middle = (too_few + enough) // 2
        if _all_below(1, n, middle) <= alpha:
            enough = middle
        else:
            too_few = middle
    return enough


def mean_interval(values: Sequence[float] | NDArray[np.float64], confidence: float = 0.95) -> Interval:
    """Student's interval for the mean that the `values` come from: mean ± t(N-1, (1+confidence)/2) * s / sqrt(N).

    Source: Student (1908), Biometrika 6:1-25; Hahn and Meeker, chapter 4. Raises ValueError naming the argument:
    fewer than two values, a value not finite, confidence outside (0, 1).
    """
    runs = _runs(values)
    _open_unit("confidence", confidence)
    n = len(runs)
    half = -float(special.stdtrit(n - 1, (1 - confidence) / 2)) * float(runs.std(ddof=1)) / math.sqrt(n)
    mean = float(runs.mean())
    return Interval(mean - half, mean + half)


def wilson_interval(k: int, n: int, confidence: float = 0.95) -> Interval:
    """Wilson's score interval for a proportion of which `k` among `n` were seen; within [0, 1].

    With z the normal quantile of (1+confidence)/2 and p = k/n:
    (p + z²/2n ± z * sqrt(p(1-p)/n + z²/4n²)) / (1 + z²/n). Source: E. B. Wilson (1927), JASA 22:209-212.
    It covers a proportion with `confidence` on average over all of them, not each: near 0 or 1 (n * p or n * (1-p)
    about 1) it covers some with less.
    Raises ValueError naming the argument: n < 1, k outside 0 … n, confidence outside (0, 1).
    """
    _whole("n", n, lowest=1)
    _whole("k", k, lowest=0, highest=n)
    z = _normal_quantile(confidence)
    p = k / n
    centre = p + z * z / (2 * n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    # Exactly 0 at k = 0 and 1 at k = n, which rounding would miss.
    low = 0.0 if k == 0 else max(0.0, (centre - half) / scale)
    high = 1.0 if k == n else min(1.0, (centre + half) / scale)
    return Interval(low, high)


def mcnemar(b: int, c: int) -> McNemar:
    """Whether two classifiers differ, from the test images on which exactly one is right.

    `b` images only the first has right, `c` only the second. Under equality b is binomial(b + c, 1/2). exact =
    2 * P(X <= min(b, c)), at most 1: keeps its level always, and is cautious. mid_p = exact - P(X = min(b, c)), and
    1 where b = c: close to its level. Source: M. W. Fagerland, S. Lydersen, P. Laake (2013), BMC Medical
    Research Methodology 13:91. Without discordant images both are 1.
    Raises ValueError naming the argument for a negative count.
    """
    _whole("b", b, lowest=0)
    _whole("c", c, lowest=0)
    if b == c:
        return McNemar(1.0, 1.0)
    fewer = min(b, c)
    exact = min(1.0, 2 * float(special.bdtr(fewer, b + c, 0.5)))
    return McNemar(exact, exact - math.comb(b + c, fewer) / 2 ** (b + c))


def paired_difference_interval(b: int, c: int, n: int, confidence: float = 0.95) -> Interval:
    """Interval for accuracy of the first minus accuracy of the second classifier, both on the same `n` images.

    `b` images only the first has right, `c` only the second. Bonett and Price's adjusted Wald interval: with
    p = (b+1)/(n+2) and q = (c+1)/(n+2), p - q ± z * sqrt((p + q - (p-q)²) / (n+2)), within [-1, 1].
    Source: D. G. Bonett, R. M. Price (2012), Journal of Educational and Behavioral Statistics 37:479-488,
    recommended by Fagerland, Lydersen and Laake (2014), Statistics in Medicine 33:2850-2875.
    Raises ValueError naming the argument: n < 1, a negative count, b + c > n, confidence outside (0, 1).
    """
    _whole("n", n, lowest=1)
    _whole("b", b, lowest=0, highest=n)
    _whole("c", c, lowest=0, highest=n - b)
    z = _normal_quantile(confidence)
    p, q = (b + 1) / (n + 2), (c + 1) / (n + 2)
    half = z * math.sqrt((p + q - (p - q) ** 2) / (n + 2))
    return Interval(max(-1.0, p - q - half), min(1.0, p - q + half))


def bonferroni(total: float, gates: int) -> float:
    """The alpha of each of `gates` checks, so that any of them errs with probability `total` at most: total/gates.

    Source: Bonferroni's inequality; holds whatever the dependence between checks. Raises ValueError naming the
    argument: total outside (0, 1), gates < 1.
    """
    _open_unit("total", total)
    _whole("gates", gates, lowest=1)
    return total / gates


def _runs(values: Sequence[float] | NDArray[np.float64]) -> NDArray[np.float64]:
    runs = np.asarray(values, dtype=np.float64)
    if runs.ndim != 1 or len(runs) < 2:
        raise ValueError(f"values: at least two runs are needed, in one row; got shape {runs.shape}")
    if not np.isfinite(runs).all():
        raise ValueError("values: not all are finite numbers")
    return runs


def _all_below(rank: int, n: int, runs: int) -> float:
    """The probability that all further runs fall below the value of this rank (1 is the smallest) among n."""
    return math.comb(rank + runs - 1, runs) / math.comb(n + runs, runs)


def _open_unit(name: str, value: float) -> None:
    if not 0 < value < 1:
        raise ValueError(f"{name}: {value} is outside (0, 1)")


def _whole(name: str, value: int, lowest: int, highest: int | None = None) -> None:
    if value % 1 != 0 or value < lowest or (highest is not None and value > highest):
        limit = f"at least {lowest}" if highest is None else f"{lowest} to {highest}"
        raise ValueError(f"{name}: {value} is not a whole number, {limit}")


def _normal_quantile(confidence: float) -> float:
    _open_unit("confidence", confidence)
    return -float(special.ndtri((1 - confidence) / 2))
