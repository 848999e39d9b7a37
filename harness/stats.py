"""Thresholds and intervals for random outcomes: what a training run, or a set of test images, may yield by chance.

Sources: Hahn and Meeker = G. J. Hahn and W. Q. Meeker, Statistical Intervals (1991; second edition with L. A.
Escobar, 2017), chapter 4, normal distribution. The others stand at their functions.
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
    prediction bound for the mean of m future observations (Hahn and Meeker, chapter 4).

    Raises ValueError naming the argument: fewer than two values, a value not finite, m < 1, alpha outside (0, 1).
    """
    runs = _runs(values)
    _whole("m", m, lowest=1)
    _open_unit("alpha", alpha)
    n = len(runs)
    quantile = -float(special.stdtrit(n - 1, alpha))
    return float(runs.mean()) - quantile * float(runs.std(ddof=1)) * math.sqrt(1 / n + 1 / m)


def acceptance_bound(
    values: Sequence[float] | NDArray[np.float64], m: int, alpha: float, nominal: float | None
) -> float:
    """The threshold that a mean of `m` runs must reach: `prediction_bound`, but never above the `nominal` one.

    A correct solution falls below it with probability `alpha` at most. `nominal` None: the assignment names none.
    Raises ValueError as `prediction_bound`, and for a nominal that is not finite.
    """
    bound = prediction_bound(values, m, alpha)
    if nominal is None:
        return bound
    if not math.isfinite(nominal):
        raise ValueError(f"nominal: {nominal} is not finite")
    return min(bound, nominal)


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
