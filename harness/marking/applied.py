"""What a result comes to with the decisions of persons: the one place where that is decided.

Nothing measured is changed. A decision counts as long as what it was made about is as it was: an override while the
check's verdict and measurements are the same, a mark while the hand-in is. Else it is shown with what changed, and
counts when a person confirms it. A decision never gives more than there is to give.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from harness.identity import of_values
from harness.marking.entries import Entry, Kind
from harness.results import (
    CheckResult,
    Decision,
    ManualPart,
    Mark,
    Override,
    Result,
    TaskResult,
    Unplaced,
    with_totals,
)
from harness.text import points as shown

OTHER_HAND_IN = "The hand-in has changed since."
OTHER_MEASUREMENT = "What was measured has changed since."
OTHER_PARTS = "What the total is made of has changed since."


@dataclass(frozen=True)
class ToConfirm:
    """A decision that does not count until a person confirms it. `max_points`: what can be given there now."""

    kind: Kind
    target: str
    decision: Decision
    max_points: float


def basis(check: CheckResult) -> str:
    """What an override of this check rests on, "m-" and twelve hex digits: the same as long as the check, its
    verdict and what was measured are. The letter keeps spreadsheets from taking it for a number."""
    measured = [one.model_dump(mode="json") for one in check.measurements]
    earned = None if check.points is None else float(check.points)
    values = (check.id, check.version, check.outcome.value, earned, float(check.max_points), measured)
    return f"m-{of_values(*values)[:12]}"


def basis_of_total(result: Result) -> str:
    """What a confirmed total rests on, "t-" and twelve hex digits: the same as long as the hand-in is, and what
    each of its tasks comes to."""
    parts = [(task.id, _number(task.points_so_far), task.max_points) for task in result.tasks]
    return f"t-{of_values(result.submission.sha256, parts)[:12]}"


def _number(value: float | None) -> float | None:
    return None if value is None else float(value)


def with_marks(result: Result, present: Iterable[Entry]) -> Result:
    """The result with these entries, the last of each target, and with no other decisions. Entries of other
    hand-ins are passed over; notes change nothing, and a confirmed total no points."""
    name = result.submission.name
    given: dict[tuple[Kind, str], Entry] = {
        (entry.kind, entry.target): entry
        for entry in present
        if entry.submission == name
        and entry.kind in (Kind.MARK, Kind.OVERRIDE, Kind.CONFIRMED)
        and entry.points is not None
    }
    tasks = tuple(_task(task, given, result.submission.sha256) for task in result.tasks)
    places = {(Kind.MARK, task.id) for task in result.tasks if task.manual}
    places |= {(Kind.OVERRIDE, check.id) for check in result.checks} | {(Kind.CONFIRMED, "")}
    unplaced = tuple(
        Unplaced(
            kind=entry.kind.value, target=entry.target, points=entry.points or 0.0, text=entry.text,
            by=entry.author, at=entry.time,
        )
        for place, entry in given.items()
        if place not in places
    )  # fmt: skip
    made = result.model_copy(update={"tasks": tasks, "unplaced": unplaced})
    return made.model_copy(update={"confirmed": _confirmed(made, given.get((Kind.CONFIRMED, "")))})


def to_confirm(result: Result) -> list[ToConfirm]:
    """The decisions in a result that do not count until a person confirms them, in the order of the tasks."""
    found = []
    for task in result.tasks:
        for check in task.checks:
            if check.override is not None and not check.override.holds:
                found.append(ToConfirm(Kind.OVERRIDE, check.id, check.override, check.max_points))
        if task.manual and task.manual.mark and not task.manual.mark.holds:
            found.append(ToConfirm(Kind.MARK, task.id, task.manual.mark, task.manual.max_points))
    return found


def _task(task: TaskResult, given: dict[tuple[Kind, str], Entry], sha256: str) -> TaskResult:
    checks = tuple(_check(check, given.get((Kind.OVERRIDE, check.id))) for check in task.checks)
    manual = task.manual and _manual(task.manual, given.get((Kind.MARK, task.id)), sha256)
    if checks == task.checks and manual == task.manual:
        return task
    return with_totals(task.model_copy(update={"checks": checks, "manual": manual}))


def _check(check: CheckResult, entry: Entry | None) -> CheckResult:
    if entry is None:
        return check if check.override is None else check.model_copy(update={"override": None})
    doubt = OTHER_MEASUREMENT if entry.basis != basis(check) else _too_many(entry, check.max_points)
    return check.model_copy(update={"override": Override(reason=entry.text, **_decision(entry, doubt))})


def _manual(part: ManualPart, entry: Entry | None, sha256: str) -> ManualPart:
    if entry is None:
        return part.model_copy(update={"points": None, "mark": None})
    doubt = doubt_of_mark(entry, sha256, part.max_points)
    mark = Mark(comment=entry.text, chosen=entry.rubric, **_decision(entry, doubt))
    return part.model_copy(update={"points": mark.points if mark.holds else None, "mark": mark})


def _confirmed(result: Result, entry: Entry | None) -> Decision | None:
    if entry is None:
        return None
    doubt = ""
    if entry.sha256 != result.submission.sha256:
        doubt = OTHER_HAND_IN
    elif entry.points != result.points:
        doubt = f"The total was {shown(entry.points)}, and is {shown(result.points)} now."
    elif entry.basis != basis_of_total(result):
        doubt = OTHER_PARTS
    return Decision(**_decision(entry, doubt))


def doubt_of_mark(entry: Entry, sha256: str, most: float) -> str:
    """Why a mark does not count for a hand-in of this content, of which a person gives `most` points; "" where it
    does."""
    return OTHER_HAND_IN if entry.sha256 != sha256 else _too_many(entry, most)


def _decision(entry: Entry, doubt: str) -> dict[str, Any]:
    return {
        "points": entry.points, "by": entry.author, "at": entry.time, "holds": not doubt, "doubt": doubt,
    }  # fmt: skip


def _too_many(entry: Entry, most: float) -> str:
    if entry.points is None or entry.points <= most:
        return ""
    return f"There are only {shown(most)} points to give now."
