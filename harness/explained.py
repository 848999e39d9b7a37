"""What is said of a check beside its message, on the page and on the terminal: the likely reason, what it costs, a
code to quote, what became of the own number, and what a quick check forecasts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from harness import identity, text
from harness.gates import Forecast
from harness.recording import Finding, Where
from harness.results import Cause, CheckResult, Claim, Decision, Judged, ManualPart, Outcome, Result, TaskResult

OF_THE_DATA = ("not-rescaled", "rescaled-twice", "labels-one-hot-twice", "another-data-set")
"""Findings that explain why a network falls short, and may explain the shortfall of networks elsewhere too."""
TELLING = (*OF_THE_DATA, "evaluation-images-in-training", "trainable-without-compile", "noise-on-target")
"""All findings that do, whatever the assignment, the most telling first; then come the assignment's own."""
NO_REASON = (
    "contradicted-number", "hard-coded-results", "commented-out-training", "template-unsolved", "keras2-name",
    "old-numpy-name", "missing-import", "missing-package", "asks-for-input", "data-path", "own-settings",
    "too-much-to-record", "self-trained", "fit-without-source", "addressed-to-a-reviewer",
)  # fmt: skip
"""Findings that explain no shortfall, whatever the assignment: what they are about does not change how a network is
trained. The assignment names its own."""

FORECASTS = {
    Forecast.ON_TRACK: "what was trained already reaches what is needed",
    Forecast.AT_RISK: "a little below what is needed: full grading decides",
    Forecast.WILL_FALL_SHORT: "too low to be bad luck in training: mend it before you hand in",
}
"""What each forecast means, from good to bad."""

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: nothing in it is read as something else


@dataclass(frozen=True)
class Reason:
    """Why a check may have fallen short. `sure`: seen in the very work that it is about."""

    message: str
    where: Where | None
    sure: bool


def code(result: Result, check: CheckResult) -> str:
    """Eight signs to quote when asking a person, "7F3K-9QTM": one of 2⁴⁰, the same as long as the hand-in, the
    check and the check's version are."""
    number = int(identity.of_values(result.submission.sha256, check.id, check.version)[:10], 16)
    signs = "".join(_ALPHABET[number >> 5 * place & 31] for place in reversed(range(8)))
    return f"{signs[:4]}-{signs[4:]}"


def asks(check: CheckResult) -> bool:
    """Whether there may be something to ask about this check: it was looked at and did not pass."""
    return check.outcome is not Outcome.PASSED and check.cause is not Cause.NOT_TRAINED


def cost(result: Result, check: CheckResult) -> str:
    """What a check that did not pass costs, in a sentence; "" where it costs nothing, or that is not known yet."""
    lost = check.max_points - check.counted_points if check.counted_points is not None else 0.0
    if lost <= 0:
        return ""
    return f"Costs {text.points(lost)} of the assignment's {text.points(result.max_points)} points."


def overruled(check: CheckResult) -> str:
    """What a person said in place of the verdict, in sentences; "" where nobody did."""
    said = check.override
    if said is None:
        return ""
    where = f"{text.points(said.points)} of {text.points(check.max_points)} points in place of what was measured"
    return _decided(said, where, said.reason)


def marked(part: ManualPart) -> str:
    """What a person gave for the part that asks for judgement, in sentences; "" where nobody gave anything."""
    if part.mark is None:
        return ""
    where = f"{text.points(part.mark.points)} of {text.points(part.max_points)} points"
    return _decided(part.mark, where, part.mark.comment)


def final(result: Result) -> str:
    """Who stands for the total, in a sentence; "" where nobody confirmed one."""
    if result.confirmed is None:
        return ""
    one = result.confirmed
    who = f" by {one.by}" if one.by else ""
    total = f"{text.points(one.points)} of {text.points(result.max_points)} points"
    said = f"Confirmed{who} on {one.at:%Y-%m-%d}: {total}."
    return said if one.holds else f"{said} This does not hold until it is confirmed again. {one.doubt}"


def _decided(decision: Decision, what: str, why: str) -> str:
    who = f" by {decision.by}" if decision.by else ""
    words = f": {why}" if why else "."
    said = f"Given{who} on {decision.at:%Y-%m-%d}, {what}{words}"
    return said if decision.holds else f"{said} This does not count until it is confirmed. {decision.doubt}"


def reason(result: Result, check: CheckResult) -> Reason | None:
    """The finding that tells most of why a random outcome fell short; None where none does, or nothing fell short.

    Findings of the same task, or of the same cell, come before those about the data in other places.
    """
    if check.judged is None or check.outcome not in (Outcome.FAILED, Outcome.PARTIAL, Outcome.MANUAL):
        return None
    silent = (*NO_REASON, *result.assignment.silent)
    telling = (*TELLING, *result.assignment.telling)
    own = [one for one in result.findings if one.code not in silent and _is_of(one, check)]
    data = [one for one in result.findings if one.code in OF_THE_DATA]
    for found, sure in ((own, True), (data, False)):
        if found:
            first = min(found, key=lambda one: telling.index(one.code) if one.code in telling else len(telling))
            return Reason(first.message, first.where, sure)
    return None


def own_number(result: Result, check: CheckResult) -> str:
    """What became of the number that the hand-in itself shows for this measure, in a sentence; "" without one."""
    claim = _claim(result.claims, check)
    if check.judged is None or claim is None:
        return ""
    shown = text.share(claim.claimed, check.judged.gate.difference)
    if claim.contradicted:
        return (
            f"Your own run's {shown} was not used. It is further from ours than chance explains, so a person looks "
            "at it; that costs nothing."
        )
    return f"Your own run's {shown} counts neither for nor against you: every network is trained anew here."


def forecast(task: TaskResult) -> Forecast | None:
    """What a quick check forecasts of a task: the worst of its checks' forecasts; None where none is made."""
    made = [check.judged.forecast for check in task.checks if check.judged and check.judged.forecast]
    return max(made, key=list(Forecast).index, default=None)


def came_true(judged: Judged) -> str:
    """How often a check with this forecast then passed in full, in a sentence; "" where that was not counted."""
    counted = judged.gate.forecasts.get(judged.forecast) if judged.forecast else None
    if counted is None:
        return ""
    return f"Of {text.quantity(counted.told, 'check')} that were told this, {counted.passed:,} passed in full."


def forecasts(result: Result) -> list[tuple[Forecast, str, list[str]]]:
    """Each forecast that is made, what it means, and the tasks that it is made of; from good to bad."""
    of = {task.id: forecast(task) for task in result.tasks}
    made = [(one, means, [task for task, told in of.items() if told is one]) for one, means in FORECASTS.items()]
    return [each for each in made if each[2]]


def _is_of(finding: Finding, check: CheckResult) -> bool:
    return finding.task == check.task or _same_cell(finding.where, check.where)


def _claim(claims: Iterable[Claim], check: CheckResult) -> Claim | None:
    """The saved number of the measured network: that of its cell, or the only one of the task."""
    name = f"{check.task} {check.judged.name}" if check.judged else ""
    made = [claim for claim in claims if claim.name == name and claim.source == "saved"]
    near = [claim for claim in made if _same_cell(claim.where, check.where)]
    return near[0] if near else made[0] if len(made) == 1 else None


def _same_cell(one: Where | None, other: Where | None) -> bool:
    return one is not None and other is not None and (one.file, one.cell) == (other.file, other.cell)
