"""One graded hand-in with all that lies beside it, read from an output folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from harness import explained
from harness.assignment import AssignmentError, load
from harness.evidence import Evidence
from harness.graded import GradedError, results, unknown
from harness.marking.entries import Entry
from harness.marking.store import MarkStore
from harness.near import UnknownName
from harness.outputs import EVIDENCE, RESULT
from harness.results import Result
from harness.results import load as load_result


@dataclass(frozen=True)
class Case:
    """A hand-in's result, its evidence where there is some, and the files of the assignment by which it is read."""

    result: Result
    evidence: Evidence | None = None
    files: Mapping[str, bytes] = field(default_factory=dict)
    log: tuple[Entry, ...] = ()
    """What persons decided about it, the oldest first."""


def case(out: Path, name: str, assignment: str | None = None, files: Mapping[str, bytes] | None = None) -> Case:
    """The hand-in `name` of an output folder. `assignment`: by default the one that its result names; without one
    that is installed there are no files. `files`: those of the assignment, where they are known already.

    Raises UnknownName, GradedError where it cannot be read, MarksError, and AssignmentError for one that was asked
    for.
    """
    folder = folder_of(out, name)
    try:
        result = load_result(folder / RESULT)
    except (ValueError, OSError) as error:
        raise GradedError(
            f"{folder / RESULT} is damaged, or was written by another version of the harness "
            f"({str(error).splitlines()[0][:200]}); grade it anew"
        ) from None
    log = tuple(entry for entry in MarkStore.of(out).since() if entry.submission == name)
    read = files_of(assignment, result) if files is None else files
    return Case(result, evidence_at(folder / EVIDENCE), read, log)


def folder_of(out: Path, name: str) -> Path:
    """The folder of a hand-in in an output folder. Raises UnknownName and GradedError."""
    if not out.is_dir():
        raise GradedError(f"{out}: there is no such folder; give the one that `harness grade` wrote (--out)")
    known = sorted(path.parent.name for path in out.glob(f"*/{RESULT}"))
    if not known:
        raise GradedError(f"{out} holds no graded hand-in; give the folder that `harness grade` wrote (--out)")
    if name not in known:
        raise UnknownName(unknown(out, name, known))
    return out / name


def evidence_at(path: Path) -> Evidence | None:
    """The evidence in a file; None where it is not there, or cannot be read."""
    try:
        return Evidence.model_validate_json(path.read_bytes())
    except (ValueError, OSError):
        return None


def quoted(out: Path, code: str) -> list[tuple[str, str]]:
    """The hand-ins and the check that a code on a scorecard ("7F3K-9QTM") stands for: one, or none, or several of
    equal content. Raises GradedError."""
    wanted = code.strip().upper()
    return [
        (result.submission.name, check.id)
        for result in results(out)
        for check in result.checks
        if explained.code(result, check) == wanted
    ]


def files_of(assignment: str | None, result: Result) -> dict[str, bytes]:
    """The files of an assignment, installed or in a folder; none where that of the result is not installed."""
    try:
        folder = load(assignment or result.assignment.id).folder
    except AssignmentError:
        if assignment is not None:
            raise
        return {}
    return files_in(folder)


def files_in(folder: Path) -> dict[str, bytes]:
    """What an assignment's folder holds, by path; without what Python and editors leave there."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not any(_is_left(part) for part in path.relative_to(folder).parts)
    }


def _is_left(part: str) -> bool:
    return part.startswith(".") or part == "__pycache__" or part.endswith((".pyc", "~"))
