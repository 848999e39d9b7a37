"""What a class page shows that no result holds, told anew from the evidence of a graded folder."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path

from harness import assignment, mapping
from harness.comparing import Trace
from harness.csv_cells import TableError, lines, text_of
from harness.evidence import Evidence
from harness.outputs import EVIDENCE, MATCHES
from harness.results import Result
from harness.traces import handed_out, trace


def of_class(out: Path, results: Sequence[Result]) -> tuple[list[mapping.Row], list[Trace]]:
    """The matches and the traces of these results; of one whose evidence cannot be read there are none.

    Which tasks are listed is as `matches.csv` has it.
    """
    tasks = matched(out / MATCHES)
    matches: list[mapping.Row] = []
    traces: list[Trace] = []
    for result in results:
        evidence = _evidence(out / result.submission.name / EVIDENCE)
        if evidence is not None:
            matches += mapping.rows(evidence, tasks.get(result.submission.name, ()))
            traces.append(trace(evidence, _handed_out(result)))
    return matches, traces


def matched(path: Path) -> dict[str, list[str]]:
    """The tasks of each submission, as the table of matches lists them."""
    tasks: dict[str, list[str]] = {}
    with contextlib.suppress(TableError):
        for line in lines(text_of(path), str(path))[1:]:
            if len(line.values) > 1:
                tasks.setdefault(line.values[0], []).append(line.values[1])
    return tasks


def _evidence(path: Path) -> Evidence | None:
    try:
        return Evidence.model_validate_json(path.read_bytes())
    except (ValueError, OSError):
        return None


def _handed_out(result: Result) -> frozenset[int]:
    """What the class was given; nothing where the assignment is not installed."""
    try:
        return handed_out(assignment.load(result.assignment.id))
    except assignment.AssignmentError:
        return frozenset()
