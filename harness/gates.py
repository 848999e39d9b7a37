"""Gates: what a random outcome is held against, and when more training runs decide.

A correct solution ends differently with each seed, so a gate has, beside the assignment's own threshold (nominal),
one that the calibrated runs of the reference allow (accepted). Both rules keep the rate at which a correct solution
is failed below the gate's `alpha`, whatever else is decided on the way:

"mean": the mean of the runs is held against the prediction bound for the mean of `most` further runs, at alpha/2.
    After `runs` of them a mean that reaches it passes. One that lies below the bound for so many runs, at alpha/2
    shared by all stages before the last, fails at once. In between one more run is trained, up to `most`. A correct
    solution fails at the last stage with probability alpha/2, and at the earlier ones with alpha/2 together
    (Bonferroni; that it may pass earlier only lowers this). Normal runs are supposed.
"retry": for runs that are not normal, such as a network that ends in a dip once in thirty times. Passes where any
    of `most` runs reaches that order statistic of the calibrated runs below which all of them fall with probability
    alpha at most, whatever the distribution (harness.stats.retry_bound).
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from harness import stats

Rule = Literal["mean", "retry"]


class Decision(StrEnum):
    """What runs decide so far."""

    PASSED = "passed"
    OPEN = "open"
    FAILED = "failed"


class Forecast(StrEnum):
    """What a quick check tells of the full one."""

    ON_TRACK = "on track"
    AT_RISK = "at risk"
    WILL_FALL_SHORT = "will fall short"


class Record(BaseModel):
    """How often a forecast was told, and how often the check then passed in full; measured on graded hand-ins."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    told: int = Field(ge=1)
    passed: int = Field(ge=0)


class Gate(BaseModel):
    """A threshold on a random outcome; see this module. Without calibrated runs only the nominal is known."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    task: str
    measure: str = "accuracy"
    of: str = "images"
    """What a share is a share of."""
    difference: bool = False
    """The measure is a difference of two shares: told in percentage points."""
    nominal: float | None = None
    source: Literal["assignment", "course"] = "assignment"
    """Whose figure the nominal is."""
    partial_from: float | None = None
    """From where on a shortfall earns a share of the points; None where it earns nothing."""
    rule: Rule = "mean"
    reference: tuple[float, ...] = ()
    """The calibrated runs of the reference, raw."""
    runs: int = 1
    """How many runs are trained in any case."""
    most: int = 1
    """How many are trained at most, where fewer do not decide."""
    alpha: float = 0.0
    """The probability of failing a correct solution that this gate keeps below."""
    total: float = 0.0
    """The same for all gates of the assignment together."""
    gates: int = 1
    forecasts: dict[Forecast, Record] = Field(default_factory=dict)
    """How forecasts of the quick profile came out, over all gates of the assignment on this data set."""

    @property
    def threshold(self) -> float | None:
        """What runs are held against: what is accepted or, where nothing is calibrated, the nominal; None where
        neither is known."""
        accepted = self.accepted
        return self.nominal if accepted is None else accepted

    @property
    def known(self) -> bool:
        """Whether there is anything to hold runs against."""
        return self.threshold is not None

    @property
    def reference_mean(self) -> float | None:
        """The mean of the calibrated runs."""
        return sum(self.reference) / len(self.reference) if self.reference else None

    @property
    def reference_sd(self) -> float | None:
        """Their standard deviation, over N − 1; None for fewer than two."""
        mean = self.reference_mean
        if mean is None or len(self.reference) < 2:
            return None
        return float((sum((value - mean) ** 2 for value in self.reference) / (len(self.reference) - 1)) ** 0.5)

    @property
    def calibrated(self) -> float | None:
        """The threshold that the calibrated runs give; None where there are too few."""
        if self.rule == "retry":
            if not self.reference or stats.retries_needed(len(self.reference), self.alpha) > self.most:
                return None
            return stats.retry_bound(self.reference, self.most, self.alpha)
        if len(self.reference) < 2:
            return None
        return stats.prediction_bound(self.reference, self.most, self.alpha / (1 if self._stages == 0 else 2))

    @property
    def accepted(self) -> float | None:
        """What passes: the calibrated threshold, but never above the nominal; None where nothing is calibrated."""
        calibrated = self.calibrated
        if calibrated is None or self.nominal is None:
            return calibrated
        return min(calibrated, self.nominal)

    def hopeless(self, n: int) -> float:
        """Below this a mean of `n` runs fails although more could be trained; minus infinity where nothing does."""
        if self.rule == "retry" or len(self.reference) < 2 or not self._stages:
            return float("-inf")
        bound = stats.prediction_bound(self.reference, n, self.alpha / 2 / self._stages)
        return bound if self.accepted is None else min(bound, self.accepted)

    @property
    def _stages(self) -> int:
        """Looks at the runs before the last."""
        return max(0, self.most - self.runs)


def figure_of(gate: Gate, values: Sequence[float]) -> float:
    """The one figure of several runs that a gate is about: their mean, or by the re-try rule the best."""
    return max(values) if gate.rule == "retry" else sum(values) / len(values)


def decide(gate: Gate, values: Sequence[float]) -> Decision:
    """What runs, in the order of their seeds, decide: the first stage that decides does. Fewer runs than are
    trained in any case can pass, and cannot fail.

    Raises ValueError without runs, or where the gate has no threshold.
    """
    threshold = gate.threshold
    if threshold is None or not values:
        raise ValueError(f"{gate.task}: {'no runs' if threshold is not None else 'no threshold is known'}")
    for n in range(min(gate.runs, len(values)), len(values) + 1):
        figure = figure_of(gate, values[:n])
        if figure >= threshold:
            return Decision.PASSED
        if n >= gate.most or (n >= gate.runs and figure < gate.hopeless(n)):
            return Decision.FAILED
    return Decision.OPEN


def forecast(gate: Gate, values: Sequence[float]) -> Forecast:
    """What the runs of a quick check tell of the full one: on track where they pass; at risk where they do not, but
    no further below what is accepted than two standard deviations of a mean of so many runs, or by the re-try rule
    not below all calibrated runs; and otherwise it will fall short. Raises ValueError as `decide` does."""
    decided = decide(gate, values)
    if decided is Decision.PASSED:
        return Forecast.ON_TRACK
    if decided is Decision.OPEN:
        return Forecast.AT_RISK
    if gate.accepted is None or gate.reference_sd is None:
        return Forecast.WILL_FALL_SHORT
    spread = gate.reference_sd * (1 / len(gate.reference) + 1 / len(values)) ** 0.5
    lowest = min(gate.reference) if gate.rule == "retry" else gate.accepted - 2 * spread
    return Forecast.AT_RISK if figure_of(gate, values) >= lowest else Forecast.WILL_FALL_SHORT
