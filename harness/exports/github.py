"""GitHub: the JSON that GitHub Classroom's reporter reads, annotations on files, and a step's summary.

The JSON is version 3 of the test runners' (exercism.org, "The test runner interface"), with the scores that
classroom-resources/autograding-grading-reporter adds up. Annotations are workflow commands, escaped as
actions/toolkit does (packages/core/src/command.ts). All read in November 2026.

A runner obeys every line of a step's output that begins with `::`, so nothing of a hand-in may begin one: what is
written here stands on one line, behind words of ours.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any

from harness import explained
from harness.exports.junit import kind
from harness.recording import Where
from harness.results import CheckResult, ManualPart, Outcome, Result
from harness.text import NO_VALUE, clean, points

MAX_SUMMARY = 1_048_576  # bytes that GitHub takes from one step
MAX_ANNOTATIONS = 10  # that GitHub shows of each kind from one step
_ROOM = 400  # bytes for the sentence that says what was cut
_SIGNS = {
    Outcome.PASSED: "✓ passed", Outcome.PARTIAL: "◐ partial", Outcome.FAILED: "✗ failed",
    Outcome.MANUAL: "for a person", Outcome.NOT_ATTEMPTED: "not attempted", Outcome.NOT_MEASURED: "not measured",
}  # fmt: skip


def classroom(result: Result) -> dict[str, Any]:
    """The result for GitHub Classroom's reporter: a test a check that is decided, and one for each part that a
    person marked, with its score.

    A check without a value by our fault has the status "error" and, as the reporter adds scores up, the score 0;
    its message says whose fault that is.
    """
    tests = [_test(check) for check in result.checks if check.counted_outcome is not Outcome.MANUAL]
    parts = {task.id: task.manual for task in result.tasks if task.manual}
    marks = {name: part for name, part in parts.items() if part.points is not None and part.mark}
    tests += [_mark(name, part) for name, part in marks.items()]
    if result.problem and not tests:
        message = clean(result.problem, 2_000)
        tests = [_told("The hand-in can be recorded", "fail", message, 0.0, None)]
    states = [test["status"] for test in tests]
    status = "error" if "error" in states else "fail" if "fail" in states else "pass"
    return {
        "version": 3,
        "status": status,
        "message": clean(result.problem, 2_000) if result.problem else None,
        "max_score": round(result.machine_max_points + sum(part.max_points for part in marks.values()), 6),
        "tests": tests,
    }


def encoded(document: dict[str, Any]) -> str:
    """The JSON in base64, as a step's output `result` holds it for the reporter."""
    return base64.b64encode(json.dumps(document).encode()).decode()


def _test(check: CheckResult) -> dict[str, Any]:
    found = kind(check)
    status = {"failure": "fail", "error": "error", "skipped": "fail"}.get(found or "", "pass")
    said = " ".join(part for part in (check.message, check.hint, explained.overruled(check)) if part)
    if found == "error":
        said = f"Not measured, and not by your fault: {said}"
    return _told(
        f"{check.task}: {check.title}", status, clean(said, 2_000), check.counted_points or 0.0, check.where
    )


def _mark(task: str, part: ManualPart) -> dict[str, Any]:
    status = "pass" if part.points == part.max_points else "fail"
    said = clean(explained.marked(part), 2_000)
    return _told(f"{task}: {part.asks or 'what asks for judgement'}", status, said, part.points or 0.0, None)


def _told(name: str, status: str, message: str, score: float, where: Where | None) -> dict[str, Any]:
    return {
        "name": clean(name, 300),
        "status": status,
        "message": None if status == "pass" else message or None,
        "score": score,
        "filename": clean(where.file, 300) if where else None,
        "line_no": _line(where),
    }


# --- annotations


def workflow_commands(results: Sequence[Result], folder: str = "") -> list[str]:
    """Annotations as workflow commands, a line each: checks that lost points are errors, the most first.

    Findings are warnings. `folder` is where the hand-in lies in its repository. GitHub shows ten of each kind and
    leaves out the rest; the last line of a kind says how many more there are. A line of a notebook's cell is none
    of its file, so there the place stands in the words.
    """
    lost = [check for result in results for check in result.checks if kind(check) in ("failure", "error")]
    lost.sort(key=lambda check: -(check.max_points - (check.counted_points or 0.0)))
    errors = [
        (check.where, f"{check.task}: {check.title}", f"{check.message} {check.hint}".strip() or check.title)
        for check in lost
    ]
    errors += [(None, "hand-in", result.problem) for result in results if result.problem and not result.checks]
    findings = [finding for result in results for finding in result.findings]
    warnings = [(finding.where, finding.task or "seen in the work", finding.message) for finding in findings]
    return [*_commands("error", errors, folder), *_commands("warning", warnings, folder)]


def _commands(word: str, told: Sequence[tuple[Where | None, str, str]], folder: str) -> list[str]:
    shown = told if len(told) <= MAX_ANNOTATIONS else told[: MAX_ANNOTATIONS - 1]
    made = []
    for where, title, message in shown:
        place = f" ({where})" if where and _line(where) is None else ""
        properties = {"title": clean(title, 200)}
        if where and where.file:
            properties = {"file": clean(f"{folder}/{where.file}" if folder else where.file, 500)} | properties
            if (line := _line(where)) is not None:
                properties["line"] = str(line)
        listed = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
        made.append(f"::{word} {listed}::{_data(clean(message + place, 1_000))}")
    if len(shown) < len(told):
        made.append(f"::{word} title=more::{len(told) - len(shown)} more stand in the summary of this step")
    return made


def _line(where: Where | None) -> int | None:
    """The line of the file, where the place is one."""
    return where.line if where and where.cell is None and where.line else None


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


# --- the summary


def summary(results: Sequence[Result]) -> str:
    """Markdown for a step's summary, less than 1 MiB in UTF-8: a heading and a table a hand-in, what to do next.

    What does not fit is left out from the end, and how many lines those were is said.
    """
    lines = [line for result in results for line in _summary(result)]
    kept: list[str] = []
    room = MAX_SUMMARY - _ROOM
    for line in lines:
        room -= len(line.encode()) + 1
        if room < 0:
            kept += ["", f"{len(lines) - len(kept):,} more lines do not fit here; the scorecard has them all."]
            break
        kept.append(line)
    return "\n".join(kept) + "\n"


def for_markdown(text: str, limit: int = 400) -> str:
    """Text as GitHub's Markdown shows it sign by sign: no link, image, mention, HTML or table cell comes of it."""
    plain = clean(text, limit)
    return "".join(f"\\{sign}" if sign.isascii() and not sign.isalnum() and sign != " " else sign for sign in plain)


def _summary(result: Result) -> list[str]:
    earned = f"{points(result.machine_points)} of {points(result.machine_max_points)} points by machine"
    lines = [f"## {for_markdown(result.submission.name, 100)}: {earned}", ""]
    if result.profile == "quick":
        lines += ["A forecast: networks were trained for a short time only.", ""]
    if not result.isolated:
        lines += [f"Not isolated: {for_markdown(result.isolation)}", ""]
    if result.problem:
        lines += [f"**{for_markdown(result.problem)}**", ""]
    lines += ["| task | outcome | points | what was seen |", "|---|---|---|---|"]
    for check in result.checks:
        place = f" ({check.where})" if check.where else ""
        seen = check.title if check.outcome is Outcome.PASSED else f"{check.message or check.title}{place}"
        seen = f"{seen} {explained.overruled(check)}".strip()
        lines.append(_row(check.task, check.counted_outcome, check.counted_points, check.max_points, seen))
    for task in result.tasks:
        if task.manual and task.manual.mark:
            part, said = task.manual, explained.marked(task.manual)
            lines.append(_row(task.id, Outcome.MANUAL, part.points, part.max_points, said))
    todo = [check for check in result.checks if check.hint and kind(check) == "failure"]
    if todo:
        lines += ["", "### What to do next", ""]
        lines += [f"- {for_markdown(check.task, 20)}: {for_markdown(check.hint)}" for check in todo]
    if result.findings:
        lines += ["", "### Seen in the work", ""]
        lines += [f"- {for_markdown(finding.message)}" for finding in result.findings]
    return [*lines, ""]


def _row(task: str, outcome: Outcome, earned: float | None, most: float, said: str) -> str:
    shown = f"{points(earned)} / {points(most)}" if most else NO_VALUE
    return f"| {for_markdown(task, 20)} | {_SIGNS[outcome]} | {shown} | {for_markdown(said)} |"
