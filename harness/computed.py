"""How a verdict on a random outcome was computed: the rule in words, its formula with the gate's own numbers, and
what it promises. The formulas are those of harness.stats; a first course in statistics is enough to read them."""

from __future__ import annotations

import math
from dataclasses import dataclass

from harness import stats
from harness.gates import Gate
from harness.results import Judged
from harness.text import quantity, share, signed


@dataclass(frozen=True)
class Computation:
    """An explanation, in the order in which it is read. `terms` are rows of a name and its value."""

    rule: str
    formula: str = ""
    numbers: str = ""
    terms: tuple[tuple[str, str], ...] = ()
    runs: str = ""
    promise: str = ""
    command: str = ""
    """The command that measured the reference's runs; "" where there are none."""


def computation(judged: Judged, command: str) -> Computation:
    """How the runs of a hand-in were held against their gate. `command` calibrates the gate."""
    gate = judged.gate
    if gate.calibrated is None:
        return Computation(_uncalibrated(gate), runs=_shortfall(gate))
    made = _retry(gate) if gate.rule == "retry" else _mean(gate)
    rule, formula, numbers, terms = made
    terms = (
        *terms,
        ("α", f"{_rate(gate.alpha)}: {_plain(gate.total)} over {quantity(gate.gates, 'threshold')} (course)"),
    )
    runs = [_runs(gate), f"This hand-in had {len(judged.values)}.", _capped(gate), _shortfall(gate)]
    if judged.identity:
        runs.append("None of it decided here: network and training are the assignment's own, and pass as they are.")
    return Computation(
        rule, formula, numbers, terms, " ".join(part for part in runs if part), _promise(gate), command
    )


def _mean(gate: Gate) -> tuple[str, str, str, tuple[tuple[str, str], ...]]:
    n, m = len(gate.reference), gate.most
    mean, s, bound = gate.reference_mean or 0.0, gate.reference_sd or 0.0, gate.calibrated or 0.0
    looked = gate.most > gate.runs
    t = stats.student_quantile(n - 1, gate.alpha / (2 if looked else 1))
    further = "one further run" if m == 1 else f"the average of {m} further runs"
    rule = (
        f"The reference solution was trained {n} times, each time with another random seed. How far apart those "
        f"runs ended tells how low {further} of a correct solution may fall by chance. Less is not accepted."
    )
    symbol = "α/2" if looked else "α"
    formula = "accepted = mean − t · s · √(1/N + 1/m)"
    unit = "percentage points" if gate.difference else "%"
    numbers = signed(f"{100 * mean:.3f} − {t:.3f} · {100 * s:.4f} · √(1/{n} + 1/{m}) = {100 * bound:.2f} {unit}")
    terms = (
        ("mean, s", f"average and standard deviation of the reference’s N = {n} runs (calibration)"),
        ("m", f"{m}, the most runs of a hand-in that are trained"),
        ("t", f"{t:.3f}, the 1 − {symbol} quantile of Student’s t with {n - 1} degrees of freedom"
              + ("; the other half of α is for looking at fewer runs first" if looked else "")),
    )  # fmt: skip
    return rule, formula, numbers, terms


def _retry(gate: Gate) -> tuple[str, str, str, tuple[tuple[str, str], ...]]:
    n, k = len(gate.reference), gate.most
    r = stats.retry_rank(n, k, gate.alpha)
    ways, all_ways = math.comb(r + k - 1, k), math.comb(n + k, k)
    rule = (
        f"The reference solution was trained {n} times, each time with another random seed. Now and then one of "
        f"its runs ends far below the others, so one good run of {k} is enough: it has to reach the r-th lowest of "
        f"the reference’s. r is as high as it can be while a correct solution hardly ever falls short {k} times."
    )
    formula = "chance that all k runs are lower = C(r + k − 1, k) / C(N + k, k) ≤ α"
    chance = f"{ways:,} / {all_ways:,} = {_plain(ways / all_ways)}"
    numbers = f"C({r + k - 1}, {k}) / C({n + k}, {k}) = {chance} ≤ {_plain(gate.alpha)}"
    terms = (
        ("N", f"{n}, the reference’s runs (calibration)"),
        ("k", f"{k}, the most runs of a hand-in that are trained"),
        ("r", f"{r}: the {_ordinal(r)} lowest of the {n} runs is {share(gate.calibrated or 0.0, gate.difference)}"),
        ("C(a, b)", "in how many ways b of a can be chosen"),
    )
    return rule, formula, numbers, terms


def _runs(gate: Gate) -> str:
    """How many runs are trained, and when more are."""
    if gate.rule == "retry" or gate.most == gate.runs:
        always = quantity(gate.runs, "run is", "runs are")
        more = "" if gate.most == gate.runs else f"; where none reaches it, more follow, up to {gate.most}"
        return f"{always} trained in any case{more}."
    bounds = [
        f"{share(gate.hopeless(n), gate.difference)} after {quantity(n, 'run')}"
        for n in range(gate.runs, gate.most)
    ]
    return (
        f"{quantity(gate.runs, 'run is', 'runs are')} trained in any case. While the average is not accepted, "
        f"one more is trained, up to {gate.most}; only an average below {' or '.join(bounds)} ends it before."
    )


def _capped(gate: Gate) -> str:
    if gate.nominal is None or gate.calibrated is None or gate.calibrated <= gate.nominal:
        return ""
    return (
        f"More than the {share(gate.nominal, gate.difference)} asked ({gate.source}) is never demanded, so that is "
        f"what is accepted in place of {share(gate.calibrated, gate.difference)}."
    )


def _shortfall(gate: Gate) -> str:
    """From where on less than what is accepted earns something."""
    accepted = gate.nominal if gate.accepted is None else gate.accepted
    if gate.partial_from is None or accepted is None or gate.partial_from >= accepted:
        return ""
    none = share(gate.partial_from, gate.difference)
    return f"Below what is accepted the points shrink evenly, to none at {none} (course)."


def _promise(gate: Gate) -> str:
    if not gate.total:
        return ""
    supposed = (
        "whatever the distribution of its runs"
        if gate.rule == "retry"
        else "where its runs are normally distributed"
    )
    return (
        f"All such thresholds of the assignment together fail fewer than 1 in {round(1 / gate.total):,} correct "
        "hand-ins: α for each of them adds up to no more (Bonferroni). That is what the rule promises of a "
        f"solution that ends as the reference does, {supposed}. It is no rate that was counted: those are in "
        "docs/fairness.md."
    )


def _uncalibrated(gate: Gate) -> str:
    known = len(gate.reference)
    few = f"Only {quantity(known, 'run')} of the reference" if known else "No run of the reference"
    verb = "is" if known <= 1 else "are"
    asked = "" if gate.nominal is None else f" What is asked ({gate.source}) decides by itself."
    return f"{few} {verb} known for this data set and profile, so nothing is known of what chance does.{asked}"


def _rate(alpha: float) -> str:
    return f"{_plain(alpha)}, 1 in {round(1 / alpha):,}"


def _plain(value: float) -> str:
    """0.00025, not 2.5e-4."""
    return f"{value:.7f}".rstrip("0").rstrip(".")


def _ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 4th."""
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th") if number % 100 not in (11, 12, 13) else "th"
    return f"{number}{ending}"
