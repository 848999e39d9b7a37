"""Progress on the terminal while something is graded. Strings of a submission are cleaned on the way."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

from harness.results import Result
from harness.showing import earned, print_checks
from harness.text import for_terminal


class Drawn:
    """Progress on the terminal: one line for the whole run, one for what is being done."""

    def __init__(self, bars: Bars, total: int | None, structure: bool) -> None:
        self._bars = bars
        self._structure = structure
        self._all: TaskID = bars.add_task("grading", total=total)
        self._now: TaskID = bars.add_task("", total=None)

    def total(self, submissions: int) -> None:
        """So many submissions are graded in this run."""
        self._bars.update(self._all, total=submissions)

    def passed_over(self, name: str) -> None:
        """A file among the arguments is no hand-in."""
        self._bars.console.print(f"  [dim]{escape(for_terminal(name))} is no hand-in: passed over[/]")

    def note(self, text: str) -> None:
        """Something that whoever runs this should know."""
        self._bars.console.print(f"  [yellow]{escape(for_terminal(text, 2_000))}[/]", soft_wrap=True)

    def stage(self, submission: str, stage: str, detail: str = "") -> None:
        """A submission has entered a stage."""
        text = escape(for_terminal(f"{submission}: {stage} {detail}", 70))
        self._bars.update(self._now, description=text, total=None, completed=0)

    def epoch(self, submission: str, task: str, epoch: int, of: int) -> None:
        """A network of a submission has finished an epoch."""
        text = escape(for_terminal(f"{submission}: train {task}", 70))
        self._bars.update(self._now, description=text, total=of, completed=epoch)

    def structure(self, result: Result) -> None:
        """What can be told before training."""
        if self._structure:
            self._bars.console.print("[bold]Before training[/] (accuracies follow):")
            print_checks(self._bars.console, result, only_known=True)

    def done(self, result: Result) -> None:
        """A submission's result is written."""
        self._bars.advance(self._all)
        text = f"{result.submission.name}: {earned(result)}"
        self._bars.console.print(f"  {escape(for_terminal(text))}")


@contextlib.contextmanager
def progress(total: int | None, structure: bool = False) -> Iterator[Drawn]:
    """Progress bars on standard error, so that standard output stays clean."""
    columns = (TextColumn("{task.description}"), BarColumn(bar_width=24), TimeElapsedColumn())
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
        yield Drawn(bars, total, structure)
