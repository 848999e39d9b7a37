"""Judging a graded class again from its evidence, after points, thresholds, checks or templates have changed.

Nothing is run, trained or measured, and no framework is imported. The matches of fits to tasks and everything that
was measured stay; what a hand-in earns for it is told anew, and each result says that it was.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import harness
from harness import mapping, provenance
from harness.assignment import Assignment, load
from harness.comparing import Trace
from harness.evidence import Evidence
from harness.kept_figures import KeptFigures
from harness.marking.applied import with_marks
from harness.marking.store import MarkStore
from harness.outputs import EVIDENCE, RESULT, judge, write_class, write_result
from harness.results import Result, TaskResult
from harness.results import load as load_result
from harness.store import Store
from harness.traces import handed_out, trace

MAX_SHOWN = 5  # hand-ins named in one message


class RegradeError(ValueError):
    """What is to be judged again is not there, or not this assignment's: the fault of whoever asked."""


@dataclass(frozen=True)
class Change:
    """Points of a task, the machine's and a person's as far as given, before and after. None: no value."""

    submission: str
    task: str
    before: float | None
    after: float | None
    max_before: float
    max_after: float


@dataclass(frozen=True)
class Regraded:
    """The results after judging again, what changed, and the versions of the assignment before."""

    results: tuple[Result, ...]
    changes: tuple[Change, ...]
    assignment: Assignment
    before: tuple[str, ...]


def regrade(
    out: Path,
    assignment: str | None = None,
    done: Callable[[str], None] = lambda _name: None,
    store: Store | None = None,
) -> Regraded:
    """Judge every submission in a graded folder again, and write results, pages and tables anew.

    `assignment` is an id or a folder; by default the one that the results name. Everything is read before anything
    is written. What persons decided stays, and is asked for again where it was about something that has changed.
    `done` is told each name; figures that the `store` has are not drawn again. Raises RegradeError, MarksError,
    AssignmentError and ChecksFailed.
    """
    figures = KeptFigures(store)
    marks = MarkStore.of(out).present()
    folders = _graded(out)
    before = {folder: _result(folder) for folder in folders}
    chosen = _assignment(assignment, before)
    for folder in folders:
        _evidence(folder)
    results: list[Result] = []
    changes: list[Change] = []
    matches: list[mapping.Row] = []
    traces: list[Trace] = []
    known = handed_out(chosen)
    for folder in folders:
        evidence = _evidence(folder)
        # Gates hold the assignment's thresholds: they are not what was measured, but what it is held against.
        gates = chosen.gates(evidence.dataset.name, evidence.profile)
        old = before[folder]
        result = judge(chosen, evidence.model_copy(update={"gates": gates}))
        about = {"provenance": _noted(old, chosen), "timing": old.timing}
        result = with_marks(result.model_copy(update=about), marks.values())
        result = write_result(result, folder, figures)
        results.append(result)
        changes += _changes(old, result)
        matches += mapping.rows(evidence, [rule.task for rule in chosen.rules()])
        traces.append(trace(evidence, known))
        done(result.submission.name)
    write_class(results, matches, out, traces, figures)
    versions = dict.fromkeys(old.assignment.version for old in before.values())
    return Regraded(tuple(results), tuple(changes), chosen, tuple(versions))


# --- reading


def _graded(out: Path) -> list[Path]:
    """The folders of submissions, by name. Raises RegradeError where there are none, or one lacks its evidence."""
    if not out.is_dir():
        raise RegradeError(f"{out}: there is no such folder; give the one that `harness grade` wrote (--out)")
    folders = sorted((path for path in out.iterdir() if path.is_dir()), key=lambda path: path.name)
    graded = [folder for folder in folders if (folder / RESULT).is_file() or (folder / EVIDENCE).is_file()]
    if not graded:
        raise RegradeError(f"{out} holds no graded hand-in; give the folder that `harness grade` wrote (--out)")
    for name in (EVIDENCE, RESULT):
        missing = [folder for folder in graded if not (folder / name).is_file()]
        if missing:
            raise RegradeError(f"{_named(missing)}: there is no {name}, {_remedy(missing)}")
    return graded


def _result(folder: Path) -> Result:
    try:
        return load_result(folder / RESULT)
    except (ValueError, OSError) as error:
        raise _damaged(folder, RESULT, error) from None


def _evidence(folder: Path) -> Evidence:
    try:
        return Evidence.model_validate_json((folder / EVIDENCE).read_bytes())
    except (ValueError, OSError) as error:
        raise _damaged(folder, EVIDENCE, error) from None


def _damaged(folder: Path, name: str, error: Exception) -> RegradeError:
    first = str(error).splitlines()[0][:200]
    why = f"is damaged, or was written by another version of the harness ({first})"
    return RegradeError(f"{folder / name} {why}, {_remedy([folder])}")


def _assignment(name: str | None, before: dict[Path, Result]) -> Assignment:
    """The assignment to judge by. Raises RegradeError where a result belongs to another."""
    chosen = load(name or next(iter(before.values())).assignment.id)
    others = [folder for folder, result in before.items() if result.assignment.id != chosen.id]
    if others:
        theirs = before[others[0]].assignment.id
        raise RegradeError(
            f"{_named(others)}: graded by the assignment {theirs}, not {chosen.id}; say --assignment {theirs}, or "
            "keep the classes of two assignments in two folders"
        )
    return chosen


def _named(folders: Sequence[Path]) -> str:
    more = len(folders) - MAX_SHOWN
    return ", ".join(str(folder) for folder in folders[:MAX_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _remedy(folders: Sequence[Path]) -> str:
    what = "it" if len(folders) == 1 else "them"
    return f"so nothing was judged again; grade {what} anew with `harness grade`, or move {what} out of the folder"


# --- what is told


def _noted(old: Result, assignment: Assignment) -> dict[str, Any]:
    """The provenance of the measurement, and that it was judged again."""
    note = {
        "time": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "harness": harness.__version__,
        "commit": provenance.commit(),
        "assignment_before": old.assignment.version,
        "assignment_after": assignment.version,
    }
    return {**old.provenance, "regraded": note, "regraded_times": old.provenance.get("regraded_times", 0) + 1}


def _changes(old: Result, new: Result) -> list[Change]:
    before = {task.id: task for task in old.tasks}
    after = {task.id: task for task in new.tasks}
    changed = []
    for name in dict.fromkeys([*after, *before]):
        was, now = _points(before.get(name)), _points(after.get(name))
        if was != now:
            changed.append(Change(new.submission.name, name, was[0], now[0], was[1], now[1]))
    return changed


def _points(task: TaskResult | None) -> tuple[float | None, float]:
    return (None, 0.0) if task is None else (task.points_so_far, task.max_points)
