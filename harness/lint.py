"""What is unfinished in an assignment, told without running it: references, points, hints, calibration.

An assignment that does not load, or whose checks cannot be run, is refused with a reason elsewhere. What stands
here can be graded with, and should not be: a check that is worth nothing, a threshold of which nothing is known.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from harness import source
from harness.assignment import Assignment, AssignmentError
from harness.calibrated import Profile

HANDED_IN = "submission.py"
ENDINGS = ("Failed", "Partial")
"""How a check says that something is wrong: each tells what to do about it."""
CHECKED_DATA = ("digits",)
"""Besides the assignment's own data set: what stands in for it."""
EXACT = 1e-9


@dataclass(frozen=True)
class Flaw:
    """Something unfinished: where, what, and what to do about it."""

    where: str
    said: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.where}: {self.said}. {self.remedy}"


@dataclass(frozen=True)
class _Check:
    """A check as its source has it. `task` and `points` are None where its marker does not say them plainly."""

    place: str
    id: str
    task: str | None
    points: float | None
    titled: bool
    after: tuple[str, ...]


def lint(assignment: Assignment) -> list[Flaw]:
    """Everything that is unfinished, in the order of the files. Raises AssignmentError where one is not Python."""
    checks = [check for path in sorted(assignment.folder.glob("check_*.py")) for check in _checks(path)]
    return [
        *_points(assignment, checks),
        *_references(assignment),
        *_rules(assignment),
        *_hints(assignment.folder),
        *_calibration(assignment),
    ]


# --- points


def _points(assignment: Assignment, checks: Sequence[_Check]) -> Iterator[Flaw]:
    """Checks without points, a task, a sentence or a prerequisite that is there; points that do not sum."""
    ids = {check.id for check in checks}
    for check in checks:
        if check.task is None or check.points is None or check.points < 0:
            yield Flaw(check.place, "this check has no points", 'Mark it @pytest.mark.check("TASK", POINTS).')
        elif check.task not in assignment.tasks:
            there = ", ".join(assignment.tasks)
            yield Flaw(check.place, f"there is no task {check.task!r}", f"The assignment's tasks are {there}.")
        if not check.titled:
            yield Flaw(check.place, "this check has no docstring", "Write the sentence that the student reads.")
        for other in check.after:
            if other not in ids:
                yield Flaw(check.place, f"it comes after {other!r}, and there is no such check", "Mend its name.")
    for name, task in assignment.tasks.items():
        own = [check.points for check in checks if check.task == name and check.points is not None]
        where = f"assignment.toml, task {name}"
        if task.machine > 0 and not own:
            yield Flaw(where, f"{task.machine:g} points are the machine's, and it has no check", "Write one.")
        elif abs(sum(own) - task.machine) > EXACT:
            yield Flaw(
                where,
                f"its checks come to {sum(own):g} points, and {task.machine:g} are the machine's",
                "Grading shares what assignment.toml has in the checks' proportions; let both say the same.",
            )
        if task.person > 0 and not task.asks:
            yield Flaw(where, "a person marks a part of it, and nothing says what", "Say it in `asks`.")


def _checks(path: Path) -> Iterator[_Check]:
    for function in source.in_order(_tree(path), ast.FunctionDef):
        if function.name.startswith("check_"):
            name = function.name.removeprefix("check_").replace("_", "-")
            marks = [
                one
                for one in function.decorator_list
                if isinstance(one, ast.Call) and source.called(one) == "check"
            ]
            given = [_literal(argument) for argument in marks[0].args[:2]] if marks else []
            task, points = (*given, None, None)[:2]
            after = _literal(source.keyword(marks[0], "after")) if marks else None
            yield _Check(
                place=f"{path.name}, line {function.lineno}",
                id=f"{task}.{name}",
                task=task if isinstance(task, str) else None,
                points=float(points) if isinstance(points, int | float) else None,
                titled=bool(ast.get_docstring(function)),
                after=tuple(after) if isinstance(after, list | tuple) else (),
            )


def _literal(node: ast.expr | None) -> object:
    try:
        return None if node is None else ast.literal_eval(node)
    except ValueError:
        return None


# --- references


def _references(assignment: Assignment) -> Iterator[Flaw]:
    """Tasks that are trained and have no reference, and builders that are named and not there."""
    own = assignment.folder / HANDED_IN
    if not own.is_file():
        yield Flaw(HANDED_IN, "it is missing", "It hands in the references, which is what calibration trains.")
        return
    defined = _defined(own)
    built = {build.task for build in assignment.contract.builds}
    for build in assignment.contract.builds:
        if build.task not in assignment.tasks:
            yield Flaw("assignment.toml, [[contract.builds]]", f"there is no task {build.task!r}", "Mend its name.")
        if build.function not in defined:
            yield Flaw(HANDED_IN, f"{build.function}() of task {build.task} is missing", "Import the reference's.")
    for rule in assignment.rules():
        if rule.task not in built and not rule.decodes:
            yield Flaw(
                f"assignment.toml, task {rule.task}", "networks are looked for, and there is no reference",
                "Add it to [[contract.builds]] and to submission.py.",
            )  # fmt: skip
    for name, task in assignment.tasks.items():
        file, _, function = task.reference.partition(":")
        path = assignment.folder / file
        if file and (not path.is_file() or function not in _defined(path)):
            yield Flaw(
                f"assignment.toml, task {name}", f"its reference {task.reference} is not there",
                'Name a file beside it and a function in it, "FILE.py:FUNCTION".',
            )  # fmt: skip


def _defined(path: Path) -> set[str]:
    """The names that the top level of a file defines or imports."""
    found: set[str] = set()
    for node in _tree(path).body:
        if isinstance(node, ast.FunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.ImportFrom):
            found |= {one.asname or one.name for one in node.names}
        elif (pair := source.assigned(node)) is not None:
            found.add(pair[0])
    return found


def _rules(assignment: Assignment) -> Iterator[Flaw]:
    """Rules and measurements that are about tasks which are not there, or for which nothing is matched."""
    rules = {rule.task for rule in assignment.rules()}
    for rule in assignment.rules():
        if rule.task not in assignment.tasks:
            yield Flaw("matching.py", f"there is no task {rule.task!r}", "Mend its name.")
        if not rule.wanted:
            yield Flaw(
                "matching.py", f"the rule of task {rule.task} does not say what is wanted", "Say it in `wanted`."
            )
    for kind, task in assignment.measurements.on:
        if task not in rules:
            yield Flaw(
                f"assignment.toml, [measurements.{kind}]", f"no network is looked for in task {task!r}",
                "Give the task a rule in matching.py.",
            )  # fmt: skip


# --- messages


def _hints(folder: Path) -> Iterator[Flaw]:
    """Verdicts that say what is wrong, and not what to do."""
    for path in sorted(folder.glob("check_*.py")):
        for call in source.in_order(_tree(path), ast.Call):
            name = source.called(call)
            hint = source.keyword(call, "hint")
            if name in ENDINGS and len(call.args) > 1:
                hint = call.args[1]
            if name in (*ENDINGS, "Words") and (hint is None or _literal(hint) == ""):
                yield Flaw(
                    f"{path.name}, line {call.lineno}", f"this {name} has no hint",
                    "Say in it what the student should do.",
                )  # fmt: skip


# --- calibration


def _calibration(assignment: Assignment) -> Iterator[Flaw]:
    """Gates of which no run of the reference is known, so that a person has to decide."""
    if assignment.costs() is None:
        yield Flaw(
            "calibration/cost.json", "it is missing, so that nothing limits what a hand-in trains",
            f"harness calibrate {assignment.id} --costs-only",
        )  # fmt: skip
    for data in dict.fromkeys((assignment.dataset, *CHECKED_DATA)):
        for profile in get_args(Profile):
            bare = [name for name, gate in assignment.gates(data, profile).items() if gate.calibrated is None]
            if bare:
                yield Flaw(
                    f"calibration/{data}-{profile}.json", f"uncalibrated: {', '.join(bare)}",
                    f"harness calibrate {assignment.id} --data {data} --profile {profile}",
                )  # fmt: skip


def _tree(path: Path) -> ast.Module:
    try:
        return ast.parse(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, SyntaxError) as error:
        raise AssignmentError(f"{path}: {type(error).__name__}: {error}") from None
