"""Decisions about a result as entries to be kept. What does not fit the result is refused, in words."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import ValidationError

from harness.marking.applied import basis
from harness.marking.entries import Draft, Entry, Kind
from harness.marking.store import MarksError
from harness.near import near
from harness.results import CheckResult, ManualPart, Result
from harness.text import points as shown


def mark(
    result: Result, task: str, points: float | None, comment: str, author: str, chosen: Sequence[str] = ()
) -> Draft:
    """The points for the part of a task that a person gives; without `points`, those of the `chosen` items of the
    rubric, at most what there is to give. Without either the comment stands alone, and the part stays open.

    Raises MarksError for a task that is not there or leaves nothing to a person, an item that the rubric does not
    have, and points outside of 0 and what there is to give.
    """
    part = manual_part(result, task)
    items = {item.id: item for item in part.rubric}
    for name in chosen:
        if name not in items:
            raise MarksError(f"{task}: the rubric has no item {name!r}; {near(name, items)}")
    if points is None and chosen:
        points = min(round(sum(items[name].points for name in dict.fromkeys(chosen)), 6), part.max_points)
    _in_range(points, part.max_points, f"{task}, a person's part,")
    picked = tuple(name for name in items if name in chosen)
    return _draft(
        author=author, kind=Kind.MARK, submission=result.submission.name, sha256=result.submission.sha256,
        target=task, points=points, text=comment, rubric=picked,
    )  # fmt: skip


def override(result: Result, check: str, points: float, reason: str, author: str) -> Draft:
    """Points for a check in place of the measured ones, and why.

    Raises MarksError for a check that is not there, points outside of 0 and the check's, and where no reason is
    given.
    """
    found = check_of(result, check)
    _in_range(points, found.max_points, f"the check {check}")
    if not reason.strip():
        raise MarksError(f"{check}: say why with a reason; the student reads it")
    return _draft(
        author=author, kind=Kind.OVERRIDE, submission=result.submission.name, sha256=result.submission.sha256,
        target=check, points=points, text=reason, basis=basis(found),
    )  # fmt: skip


def confirmed(result: Result, entry: Entry, author: str) -> Draft:
    """The same mark or override again, of the work and the measurement as they are now.

    Raises MarksError where its task or check is not there any more, or has fewer points than it gives.
    """
    if entry.points is None:
        raise MarksError(f"{entry.submission}, {entry.target}: there is no {entry.kind.value} to confirm")
    if entry.kind is Kind.OVERRIDE:
        return override(result, entry.target, entry.points, entry.text, author)
    part = manual_part(result, entry.target)
    known = [item.id for item in part.rubric]
    chosen = [name for name in entry.rubric if name in known]
    return mark(result, entry.target, entry.points, entry.text, author, chosen)


def completed(result: Result, draft: Draft) -> Draft:
    """A decision that was made elsewhere, as one about this result: where a mark or an override does not say which
    work or which measurement it was about, it is about those of now.

    Raises MarksError where its points do not fit the task or the check.
    """
    if draft.points is None or draft.kind not in (Kind.MARK, Kind.OVERRIDE):
        return draft
    about = {"sha256": draft.sha256 or result.submission.sha256}
    if draft.kind is Kind.MARK:
        _in_range(draft.points, manual_part(result, draft.target).max_points, f"{draft.target}, a person's part,")
    else:
        check = check_of(result, draft.target)
        _in_range(draft.points, check.max_points, f"the check {draft.target}")
        about["basis"] = draft.basis or basis(check)
    return draft.model_copy(update=about)


def told(error: ValidationError) -> str:
    """What is wrong with a decision, in words: the first of pydantic's complaints."""
    first = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    said = str(first["msg"]).removeprefix("Value error, ")
    return f"{where}: {said}" if where else said


def manual_part(result: Result, task: str) -> ManualPart:
    """The part of a task that a person gives. Raises MarksError where there is no such task, or no such part."""
    found = {each.id: each for each in result.tasks}
    if task not in found:
        raise MarksError(f"{result.submission.name} has no task {task!r}; {near(task, found)}")
    part = found[task].manual
    if part is None:
        checks = ", ".join(check.id for check in found[task].checks)
        raise MarksError(f"{task} leaves nothing to a person; to overrule a check of it ({checks}), use override")
    return part


def check_of(result: Result, check: str) -> CheckResult:
    """A check by its id. Raises MarksError where there is none."""
    found = {each.id: each for each in result.checks}
    if check not in found:
        name = result.submission.name
        raise MarksError(f"{name} has no check {check!r}; {near(check, found)}")
    return found[check]


def _draft(**said: object) -> Draft:
    """A draft; what it cannot hold is said in words. Raises MarksError."""
    try:
        return Draft.model_validate(said)
    except ValidationError as error:
        raise MarksError(told(error)) from None


def _in_range(points: float | None, most: float, of: str) -> None:
    if points is not None and not 0 <= points <= most:
        raise MarksError(f"{shown(points)} points: {of} has {shown(most)}; give 0 to {shown(most)}")
