"""What is printed of decisions: one that was made, and all of a class."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from harness import graded
from harness.kept_figures import KeptFigures
from harness.marking import writing
from harness.marking.applied import ToConfirm, to_confirm
from harness.marking.entries import Entry, Kind
from harness.results import Result, TaskResult
from harness.store import Store
from harness.text import for_terminal, points, quantity

MAX_WAITING = 10  # decisions to confirm that are listed after grading


def written(out: Path, name: str = "") -> list[str]:
    """Write the files of a graded folder anew with what was decided; in sentences, what a hand-in, or the class,
    comes to, and what waits to be confirmed."""
    figures = KeptFigures(Store(Store.default_folder(), Store.default_limit()))
    with writing.alone(out) as free:
        if not free:
            return ["It is kept. A run of the harness writes to the folder: its pages show this when it ends."]
        found = writing.write_all(out, figures)
    one = next((result for result in found if result.submission.name == name), None)
    said = [_total(one)] if one else []
    complete = sum(result.complete for result in found)
    verb = "is" if complete == 1 else "are"
    said.append(f"{quantity(complete, 'total')} of {len(found)} {verb} complete.")
    return [*said, *waiting(found, out)]


def sentence(entry: Entry) -> str:
    """A decision, as it was kept."""
    what = f"{entry.submission}, {'task' if entry.kind is Kind.MARK else 'check'} {entry.target}"
    if entry.points is None:
        said = "what was decided is taken back"
    elif entry.undoes is not None:
        said = f"back to {points(entry.points)} points"
    else:
        said = f"{points(entry.points)} points"
    return f"{what}: {said}, by {entry.author}."


def waiting(found: Sequence[Result], out: Path | None) -> list[str]:
    """What a person has to confirm or to decide anew, a sentence each. `out`: the folder of the results; None where
    it is one that nobody can name."""
    flag = graded.flag(out)
    said = []
    for result in found:
        said += [_unconfirmed(result, one, flag) for one in to_confirm(result)]
        said += _lost(result) + _stale(result, flag)
    return said


def _unconfirmed(result: Result, one: ToConfirm, flag: str) -> str:
    name = result.submission.name
    given = f"{points(one.decision.points)} of {points(one.max_points)} points by {one.decision.by} do not count"
    command = f"harness {one.kind.value} {shlex.quote(name)} {shlex.quote(one.target)} --confirm{flag}"
    return f"{name}, {one.target}: {given}. {one.decision.doubt} Where they stand all the same: {command}"


def _stale(result: Result, flag: str) -> list[str]:
    one = result.confirmed
    if one is None or one.holds:
        return []
    name = result.submission.name
    command = f"harness confirm {shlex.quote(name)}{flag}"
    return [f"{name}: the total that {one.by} confirmed holds no longer. {one.doubt} To do it anew: {command}"]


def _lost(result: Result) -> list[str]:
    return [
        f"{result.submission.name}: {lost.by} gave {lost.kind} {lost.target} {points(lost.points)} points; the "
        "assignment does not have it any more."
        for lost in result.unplaced
    ]


def table(found: Sequence[Result], out: Path) -> None:
    """A line a hand-in, a column a task: the points that persons gave, and what is left."""
    console = Console()
    shown = Table(box=None, header_style="bold", pad_edge=False)
    shown.add_column("submission", overflow="fold", ratio=1)
    tasks = list(dict.fromkeys(task.id for result in found for task in result.tasks))
    for task in tasks:
        shown.add_column(escape(for_terminal(task, 20)), justify="right")
    shown.add_column("total", justify="right")
    for result in found:
        by_id = {task.id: task for task in result.tasks}
        cells = [_cell(by_id[task]) if task in by_id else "" for task in tasks]
        total = f"{points(result.points)} / {points(result.max_points)}"
        shown.add_row(
            escape(for_terminal(result.submission.name, 40)),
            *cells,
            total if result.complete else f"[dim]{total}[/]",
        )
    console.print(shown)
    console.print("[dim]given by a person; · open  – nothing to give  * a check overruled  ? to confirm[/]")
    open_ = sum(task.manual.points is None for result in found for task in result.tasks if task.manual)
    complete = sum(result.complete for result in found)
    console.print(f"{quantity(open_, 'part is', 'parts are')} open, {complete} of {len(found)} totals complete.")
    show_waiting(console, found, out, most=1_000)
    console.print(f"Class page: {escape(str(out / 'index.html'))}", soft_wrap=True)


def show_waiting(console: Console, found: Sequence[Result], out: Path | None, most: int = MAX_WAITING) -> None:
    """What waits to be confirmed, a line each, at most so many."""
    lines = waiting(found, out)
    for line in lines[:most]:
        console.print(f"[yellow]{escape(for_terminal(line, 1_000))}[/]", soft_wrap=True)
    if lines[most:]:
        more = f"and {len(lines) - most} more: harness marks{graded.flag(out)}"
        console.print(f"[yellow]{escape(for_terminal(more, 1_000))}[/]", soft_wrap=True)


def _cell(task: TaskResult) -> str:
    signs = "*" if any(check.overruled for check in task.checks) else ""
    doubt = any(check.override and not check.override.holds for check in task.checks)
    manual = task.manual
    if doubt or (manual and manual.mark and not manual.mark.holds):
        signs += "?"
    if manual is None:
        return f"–{signs}"
    return f"{'·' if manual.points is None else points(manual.points)}{signs}"


def _total(result: Result) -> str:
    so_far = "" if result.complete else " so far"
    return f"{result.submission.name}: {points(result.points)} of {points(result.max_points)} points{so_far}."
