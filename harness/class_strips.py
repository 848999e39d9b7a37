"""Where the random outcomes of a class lie beside the reference's runs, and which lie far from the others."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from harness.class_looks import Graded, HandIn
from harness.gates import Gate, figure_of
from harness.results import CheckResult

FENCE = 1.5  # interquartile ranges beyond the quartiles, from where on a value is an outlier (Tukey, 1977)
FEW_VALUES = 8  # with fewer there are no quartiles to speak of


@dataclass(frozen=True)
class Dot:
    """A hand-in's value in a strip."""

    hand_in: HandIn
    value: float


@dataclass(frozen=True)
class Strip:
    """A random outcome over the class, held against one gate. `outliers` are the dots beyond `fences`; both stand
    with the lowest first."""

    check: CheckResult
    gate: Gate
    dots: tuple[Dot, ...]
    outliers: tuple[Dot, ...] = ()
    fences: tuple[float, float] | None = None
    unaccepted: int = 0
    """How many lie below what is accepted."""

    @property
    def measured(self) -> str:
        """What was measured, in words."""
        return self.check.judged.name if self.check.judged else self.gate.measure

    @property
    def names(self) -> list[str]:
        """Of whom the dots are."""
        return [dot.hand_in.name for dot in self.dots]

    @property
    def values(self) -> list[float]:
        """Where the dots lie."""
        return [dot.value for dot in self.dots]


def strips(graded: Graded) -> list[Strip]:
    """A strip for each check with a random outcome; several where hand-ins are held against different gates."""
    groups: dict[tuple[object, ...], tuple[CheckResult, Gate, list[Dot]]] = {}
    for hand_in, result in graded:
        for check in result.checks:
            judged = check.judged
            if judged is None or not judged.values:
                continue
            gate = judged.gate
            key = (check.id, gate.measure, gate.nominal, gate.reference, gate.rule)
            dots = groups.setdefault(key, (check, gate, []))[2]
            dots.append(Dot(HandIn(hand_in.name, hand_in.link, check.where), figure_of(gate, judged.values)))
    return [_strip(*group) for group in groups.values()]


def quartiles(values: Sequence[float]) -> tuple[float, float, float]:
    """The quartiles, by linear interpolation between the values; of one value, three times that."""
    if len(values) == 1:
        return (values[0],) * 3
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return low, middle, high


def fences(values: Sequence[float], least: float = 0.0) -> tuple[float, float] | None:
    """Tukey's fences: FENCE interquartile ranges below the first quartile and above the third. `least` is the range
    that is taken at least. None with fewer than FEW_VALUES values, or where all are within no range at all."""
    if len(values) < FEW_VALUES:
        return None
    low, _, high = quartiles(values)
    spread = max(high - low, least)
    return (low - FENCE * spread, high + FENCE * spread) if spread > 0 else None


def _strip(check: CheckResult, gate: Gate, dots: list[Dot]) -> Strip:
    dots.sort(key=lambda dot: dot.value)
    bounds = fences([dot.value for dot in dots], gate.reference_sd or 0.0)
    beyond = [dot for dot in dots if bounds and not bounds[0] <= dot.value <= bounds[1]]
    accepted = gate.threshold
    below = sum(accepted is not None and dot.value < accepted for dot in dots)
    return Strip(check, gate, tuple(dots), tuple(beyond), bounds, below)
