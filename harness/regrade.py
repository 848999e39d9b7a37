"""Judging a graded class again from its evidence, after points, thresholds, checks or templates have changed.

Nothing is run, trained or measured, and no framework is imported. The matches of fits to tasks and everything that
was measured stay; what a hand-in earns for it is told anew, and each result says that it was.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import harness
from harness import graded, mapping, provenance
from harness.assignment import Assignment, load
from harness.comparing import Trace
from harness.evidence import Evidence
from harness.history import keep
from harness.journal import journal
from harness.kept_figures import KeptFigures
from harness.marking.applied import with_marks
from harness.marking.store import MarkStore
from harness.outputs import EVIDENCE, RESULT, Files, judge, write_class, write_files, write_result
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
class Again:
    """A hand-in's result as it is now, its lines in the table of matches, and what of it is compared with others.
    `files`: its evidence and what else is written, where it was measured anew."""

    result: Result
    rows: Sequence[mapping.Row]
    trace: Trace
    files: Files = field(default_factory=dict)


@dataclass(frozen=True)
class Regraded:
    """The results that were made again, what changed, and the versions of the assignment before."""

    results: tuple[Result, ...]
    changes: tuple[Change, ...]
    assignment: Assignment
    before: tuple[str, ...]
    kept: tuple[Path, ...] = ()
    """Where the results lie that these took the place of and that said something else."""
    left_out: tuple[str, ...] = ()
    """Which results of earlier runs lie there, do not count and were left as they are, and why: sentences."""


def regrade(
    out: Path,
    assignment: str | None = None,
    done: Callable[[str], None] = lambda _name: None,
    store: Store | None = None,
    only: Collection[str] = (),
) -> Regraded:
    """Judge every submission in a graded folder again, and write results, pages and tables anew; with `only` those
    of these names, and the pages and tables of the class.

    `assignment` is an id or a folder; by default the one that the results name. Everything is judged before
    anything is written. `done` is told each name; figures that the `store` has are not drawn again. A result that
    says something else has the former one kept beside it. What persons decided stays, and is asked for again where
    it was about something that has changed. Raises RegradeError, MarksError, AssignmentError, ChecksFailed and
    OutputInUse.
    """
    folders = _graded(out)
    unknown = [name for name in only if name not in {folder.name for folder in folders}]
    if unknown:
        known = [folder.name for folder in folders]
        why = graded.left_out(out, unknown[:1]).get(unknown[0])
        raise RegradeError(f"{unknown[0]}: {why}" if why else graded.unknown(out, unknown[0], known))
    chosen_folders = [folder for folder in folders if not only or folder.name in only]
    before = {folder: _result(folder) for folder in chosen_folders}
    chosen = _assignment(assignment, before)
    again: dict[str, Again] = {}
    for folder, old in before.items():
        evidence = _evidence(folder)
        # Gates hold the assignment's thresholds: they are not what was measured, but what it is held against.
        gates = chosen.gates(evidence.dataset.name, evidence.profile)
        result = judge(chosen, evidence.model_copy(update={"gates": gates}))
        about = {"provenance": _noted(old, chosen), "timing": old.timing}
        again[folder.name] = Again(result.model_copy(update=about), *_told_of(evidence, chosen))
    made = put(out, chosen, again, done, store)
    return made if only else replace(made, left_out=tuple(graded.told(graded.left_out(out))))


def put(
    out: Path,
    assignment: Assignment,
    again: Mapping[str, Again],
    done: Callable[[str], None] = lambda _name: None,
    store: Store | None = None,
) -> Regraded:
    """Put results in the place of those that hand-ins of these names have, and write the class anew.

    What persons decided stays, and is asked for again where it was about something that has changed; a result that
    said something else is kept. Raises RegradeError, MarksError and OutputInUse.
    """
    figures = KeptFigures(store)
    marks = MarkStore.of(out).present()
    before = {folder: _result(folder) for folder in _graded(out)}
    results: list[Result] = []
    changes: list[Change] = []
    matches: list[mapping.Row] = []
    traces: list[Trace] = []
    kept: list[Path | None] = []
    with journal(out) as log:
        for folder, old in before.items():
            one = again.get(folder.name) or Again(old, *_told_of(_evidence(folder), assignment))
            result = one.result
            if folder.name in again:
                result = with_marks(result, marks.values())
                kept.append(keep(folder, old, result, same_evidence=not one.files))
                write_files({name: data for name, data in one.files.items() if name != RESULT}, folder)
                result = write_result(result, folder, figures)
                log.add("regraded", result.submission.name)
                changes += _changes(old, result)
                done(result.submission.name)
            results.append(result)
            matches += one.rows
            traces.append(one.trace)
        write_class(results, matches, out, traces, figures)
    mine = [old for folder, old in before.items() if folder.name in again]
    return Regraded(
        tuple(result for result in results if result.submission.name in again),
        tuple(changes),
        assignment,
        tuple(dict.fromkeys(old.assignment.version for old in mine)),
        tuple(path for path in kept if path is not None),
    )


def _told_of(evidence: Evidence, assignment: Assignment) -> tuple[list[mapping.Row], Trace]:
    """What the class is told of a hand-in: its matches, and what is compared with others."""
    rows = mapping.rows(evidence, [rule.task for rule in assignment.rules()])
    return rows, trace(evidence, handed_out(assignment))


# --- reading


def _graded(out: Path) -> list[Path]:
    """The folders of submissions whose results count, by name. Raises RegradeError where there are none, or one
    lacks its evidence."""
    if not out.is_dir():
        raise RegradeError(f"{out}: there is no such folder; give the one that `harness grade` wrote (--out)")
    folders = sorted((path for path in out.iterdir() if path.is_dir()), key=lambda path: path.name)
    lying = [folder for folder in folders if (folder / RESULT).is_file() or (folder / EVIDENCE).is_file()]
    if not lying:
        raise RegradeError(f"{out} holds no graded hand-in; give the folder that `harness grade` wrote (--out)")
    left = graded.left_out(out, [folder.name for folder in lying])
    present = [folder for folder in lying if folder.name not in left]
    if not present:
        raise RegradeError(f"{out} holds no result that counts; {next(iter(left))}: {next(iter(left.values()))}")
    for name in (EVIDENCE, RESULT):
        missing = [folder for folder in present if not (folder / name).is_file()]
        if missing:
            raise RegradeError(f"{_named(missing)}: there is no {name}, {_remedy(missing)}")
    return present


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
    """The provenance of the measurement, that of the thresholds of now, and that it was judged again."""
    note = {
        "time": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "harness": harness.__version__,
        "commit": provenance.commit(),
        "assignment_before": old.assignment.version,
        "assignment_after": assignment.version,
    }
    calibration = assignment.calibration(old.dataset.name, old.profile)
    return {
        **old.provenance,
        "calibration": calibration.provenance if calibration else None,
        "regraded": note,
        "regraded_times": old.provenance.get("regraded_times", 0) + 1,
    }


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
