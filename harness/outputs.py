"""What grading leaves in the output folder, and the judging that it is made from: the same for a class that is
graded, for one that is judged again, and for one that a person marks. Nothing here trains or needs a framework."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import ValidationError

from harness.assignment import Assignment
from harness.comparing import Likeness, Trace, compare
from harness.evidence import Evidence
from harness.exports.junit import junit
from harness.exports.table import grades_csv
from harness.files import write_atomically
from harness.findings import find
from harness.kept_figures import KeptFigures
from harness.mapping import Row, table
from harness.marking.applied import with_marks
from harness.marking.entries import Entry, Key
from harness.plugin import run_checks
from harness.report import ClassRow, render_class, render_scorecard
from harness.results import Result, Value, as_json
from harness.scoring import build_result

EVIDENCE = "evidence.json"
RESULT = "result.json"
FAULT = "fault.txt"
MATCHES = "matches.csv"
CLASS = "class.json"

Files = dict[str, bytes]
"""A submission's files by their names in its folder."""


class ClassFacts(Value):
    """What the class page shows that no result holds: the order of its hand-ins, of how many tasks it is not sure
    which fits answer them, and what hand-ins have in common. With it the page is written anew without comparing."""

    hand_ins: tuple[str, ...]
    unsure: Mapping[str, int]
    likeness: Likeness


def judge(assignment: Assignment, evidence: Evidence) -> Result:
    """The result of one submission, without provenance and timing."""
    return build_result(assignment, evidence, run_checks(assignment, evidence), find(assignment, evidence))


def evidence_files(evidence: Evidence) -> Files:
    """What the checks are given, from which a submission is judged again."""
    return {
        "recording.json": evidence.recording.model_dump_json(indent=1).encode(),
        EVIDENCE: evidence.model_dump_json().encode(),
    }


def result_files(result: Result, figures: KeptFigures | None = None) -> tuple[Result, Files]:
    """A submission's result and its views, and the result with the time that drawing them took.

    Without `figures` each figure is drawn.
    """
    started = time.perf_counter()
    page = render_scorecard(result, figures)
    timing = {**result.timing, "render": round(time.perf_counter() - started, 3)}
    result = result.model_copy(update={"timing": timing})
    return result, {"scorecard.html": page.encode(), "junit.xml": junit(result), RESULT: as_json(result)}


def write_files(files: Files, folder: Path) -> None:
    """Write a submission's files into its folder, each whole or not at all, and the result last: where it is, so is
    all the rest."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in sorted(files, key=lambda name: name == RESULT):
        write_atomically(folder / name, files[name])


def write_result(result: Result, folder: Path, figures: KeptFigures | None = None) -> Result:
    """Write a submission's result and its views, as `result_files` makes them; gives that result."""
    result, files = result_files(result, figures)
    write_files(files, folder)
    return result


def write_marked(
    result: Result, folder: Path, present: Mapping[Key, Entry], figures: KeptFigures | None = None
) -> Result:
    """The result with the decisions of persons. Where they are not in it yet, it is written anew with its views."""
    marked = with_marks(result, present.values())
    return result if marked == result else write_result(marked, folder, figures)


def write_class(
    results: Sequence[Result],
    matches: Sequence[Row],
    out: Path,
    traces: Sequence[Trace] = (),
    figures: KeptFigures | None = None,
) -> None:
    """Write index.html, grades.csv, matches.csv and class.json over all results.

    The submissions of the `traces` are compared with each other. Without `figures` each figure is drawn.
    """
    unsure: dict[str, int] = {}
    for row in matches:
        unsure[row.submission] = unsure.get(row.submission, 0) + (not row.sure)
    names = tuple(result.submission.name for result in results)
    facts = ClassFacts(hand_ins=names, unsure=unsure, likeness=compare(traces))
    write_atomically(out / MATCHES, table(matches).encode())
    write_atomically(out / CLASS, facts.model_dump_json().encode())
    write_pages(results, facts, out, figures)


def write_pages(
    results: Sequence[Result], facts: ClassFacts, out: Path, figures: KeptFigures | None = None
) -> None:
    """Write index.html and grades.csv, with what else is known of the class."""
    rows = [
        ClassRow(result, f"{result.submission.name}/scorecard.html", facts.unsure.get(result.submission.name, 0))
        for result in results
    ]
    write_atomically(out / "index.html", render_class(rows, facts.likeness, figures).encode())
    write_atomically(out / "grades.csv", grades_csv(results).encode())


def class_facts(out: Path) -> ClassFacts | None:
    """What is known of a class beside its results; None where it was not written, or by another version."""
    try:
        return ClassFacts.model_validate_json((out / CLASS).read_bytes())
    except (FileNotFoundError, ValidationError):
        return None
