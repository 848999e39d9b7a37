"""A result as a notebook shows it: by task, what was seen and what to do, in the words of the scorecard."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from harness import explained
from harness.recording import Finding, Where
from harness.report import WORDS, banners, render_part
from harness.results import Cause, CheckResult, Outcome, Result, TaskResult
from harness.text import clean, points, quantity

SYMBOLS = {
    Outcome.PASSED: "✓",
    Outcome.PARTIAL: "◐",
    Outcome.FAILED: "✗",
    Outcome.MANUAL: "·",
    Outcome.NOT_ATTEMPTED: "–",
    Outcome.NOT_MEASURED: "!",
}
WAITING = "…"  # for training
SEEN = "→"
TRAIN = " harness.check(train=True) trains."
GOOD = (Outcome.PASSED, Outcome.MANUAL)
LONGEST = 900  # characters of one sentence


@dataclass(frozen=True)
class Line:
    """A sentence and its place. `mark`: of a check the symbol of what became of it. `head`: what a check asks."""

    text: str
    where: str = ""
    mark: str = SEEN
    head: str = ""
    hint: str = ""


@dataclass(frozen=True)
class TaskView:
    """What there is to say of a task. `state`: its outcome, points, and the checks that there is no more to say
    of."""

    id: str
    title: str
    mark: str
    state: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class View:
    """All that is shown. `findings` are those of the tasks that are told of; `seen` says how fresh the file is."""

    verdict: str
    seen: str
    passed: bool
    findings: tuple[Finding, ...]
    tasks: tuple[TaskView, ...]
    notices: tuple[tuple[str, str], ...] = ()
    errors: tuple[Line, ...] = ()
    others: tuple[Line, ...] = ()
    """Findings that are about no task."""
    notes: tuple[Line, ...] = ()
    """For the person who marks; the student reads them too."""
    waits: str = ""
    """That some checks need training, which was left out."""
    problem: str = ""
    scorecard: str = ""
    link: str = ""
    """The scorecard's address from the notebook's."""


def view(result: Result, only: Sequence[str], seen: str, scorecard: Path | None) -> View:
    """What a notebook shows of a result: of the tasks `only`, or of all where there are none. `scorecard`: its
    file, where it is written already."""
    tasks = [task for task in result.tasks if not only or task.id in only]
    checks = [check for task in tasks for check in task.checks]
    findings = tuple(one for one in result.findings if not only or _is_about(one, tasks))
    known = {task.id for task in result.tasks}
    looked_at = [check for check in checks if check.cause is not Cause.NOT_TRAINED]
    link = quote("/".join(scorecard.parts[-3:])) if scorecard else ""
    waiting = len(checks) - len(looked_at)
    waits = quantity(waiting, "check needs", "checks need") if waiting else ""
    return View(
        verdict=_verdict(tasks, result),
        seen=seen,
        passed=not result.problem and all(check.counted_outcome in GOOD for check in looked_at),
        findings=findings,
        tasks=tuple(_task(task, result) for task in tasks),
        notices=tuple(banners([result])),
        errors=tuple(_line(f"{error.type}: {error.message}", error.where) for error in result.errors),
        others=tuple(_line(one.message, one.where) for one in findings if one.task not in known),
        notes=tuple(_line(note.message, note.where) for note in result.integrity if not only),
        waits=f"{waits} training, which was left out:" if waits else "",
        problem=clean(result.problem or ""),
        scorecard=str(scorecard or ""),
        link=link,
    )


def as_html(shown: View) -> str:
    """A piece of HTML, complete in itself: no script, and nothing is fetched."""
    return render_part("notebook.html.j2", view=shown)


def as_text(shown: View) -> str:
    """The same as plain text."""
    lines = [clean(f"{shown.verdict} {shown.waits}{TRAIN if shown.waits else ''}", LONGEST)]
    lines += [clean(shown.seen, LONGEST)] if shown.seen else []
    lines += [f"{clean(title)}. {clean(sentence, LONGEST)}" for title, sentence in shown.notices]
    if shown.errors:
        lines += ["", "Errors in statements that stopped; what follows them ran all the same"]
        lines += _listed(shown.errors)
    for task in shown.tasks:
        lines += ["", f"{task.mark} {clean(task.id, 20)} {clean(task.title, 160)}: {task.state}"]
        lines += _listed(task.lines)
    if shown.others:
        lines += ["", "Seen in the whole notebook", *_listed(shown.others)]
    if shown.notes:
        lines += ["", "For the person who marks", *_listed(shown.notes)]
    if shown.scorecard:
        lines += ["", f"Scorecard: {clean(shown.scorecard, 1_000)}"]
    return "\n".join(lines)


def _listed(several: Iterable[Line]) -> Iterator[str]:
    for line in several:
        said = clean(line.text, LONGEST)
        placed = f"{said} ({clean(line.where, 200)})" if line.where else said
        yield f"  {line.mark} {clean(line.head, LONGEST) or placed}"
        if line.head and said:
            yield f"    {placed}"
        if line.hint:
            yield f"    {clean(line.hint, LONGEST)}"


def problem(said: str) -> tuple[str, str]:
    """Why there is no answer, as text and as HTML."""
    said = clean(said, 2_000)
    return said, render_part("notebook_problem.html.j2", problem=said)


def _task(task: TaskResult, result: Result) -> TaskView:
    told = [check for check in task.checks if _is_told(check)]
    lines = [_line(one.message, one.where) for one in result.findings if one.task == task.id]
    lines += [_check(check, result) for check in told]
    waiting = sum(check.cause is Cause.NOT_TRAINED for check in task.checks)
    passed = sum(check.counted_outcome is Outcome.PASSED and check not in told for check in task.checks)
    untold = task.cause is Cause.NOT_TRAINED
    state = ["nothing wrong so far" if untold else WORDS[task.outcome]]
    if task.checks and task.machine_points is not None:
        state += [f"{points(task.machine_points)} of {points(task.machine_max_points)} points by machine"]
    forecast = explained.forecast(task)
    state += [f"in the full check {forecast.value}: {explained.FORECASTS[forecast]}"] if forecast else []
    state += [f"{quantity(passed, 'check')} passed"] if passed else []
    state += [f"{quantity(waiting, 'check waits', 'checks wait')} for training"] if waiting else []
    return TaskView(
        id=task.id,
        title=task.title,
        mark=WAITING if untold else SYMBOLS[task.outcome],
        state="; ".join(state),
        lines=tuple(dict.fromkeys(lines)),
    )


def _is_told(check: CheckResult) -> bool:
    """Whether there is more to say of a check than that it passed: it did not, or training had a say in it."""
    if check.cause is Cause.NOT_TRAINED:
        return False
    return check.outcome is not Outcome.PASSED or check.judged is not None


def _check(check: CheckResult, result: Result) -> Line:
    said = f"{check.message} {explained.own_number(result, check)}".strip()
    return Line(said, _place(check.where, said), SYMBOLS[check.counted_outcome], check.title, _to_do(check, result))


def _to_do(check: CheckResult, result: Result) -> str:
    """The likely reason where one was seen in the same work, as on the scorecard; else what to do."""
    reason = explained.reason(result, check)
    if reason is None:
        return check.hint if check.counted_outcome not in GOOD else ""
    place = _place(reason.where, reason.message)
    said = f"{reason.message} ({place})" if place else reason.message
    if reason.sure:
        return f"Likely reason: {said}"
    return f"{check.hint} Possible reason, seen elsewhere in the work: {said}".strip()


def _line(message: str, where: Where | None) -> Line:
    return Line(message, _place(where, message))


def _place(where: Where | None, said: str) -> str:
    """A place, where the sentence does not name it already."""
    return str(where) if where is not None and str(where) not in said else ""


def _verdict(tasks: Sequence[TaskResult], result: Result) -> str:
    """What a reader has to know first, in a sentence."""
    if result.problem:
        return f"Nothing could be checked. {result.problem}"
    wrong = [task.id for task in tasks if any(_is_wrong(check) for check in task.checks)]
    if wrong:
        return f"Look at {', '.join(wrong[:-1])}{' and ' if wrong[1:] else ''}{wrong[-1]}."
    return "No check failed."


def _is_wrong(check: CheckResult) -> bool:
    return check.counted_outcome not in GOOD and check.cause is not Cause.NOT_TRAINED


def _is_about(finding: Finding, tasks: Sequence[TaskResult]) -> bool:
    """Whether a finding is about one of these tasks, or about a cell that one of them is answered in."""
    if finding.task is not None:
        return finding.task in [task.id for task in tasks]
    places = [(check.where.file, check.where.cell) for task in tasks for check in task.checks if check.where]
    return finding.where is not None and (finding.where.file, finding.where.cell) in places
