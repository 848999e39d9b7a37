"""What is printed: progress, tables and errors, in plain words. Strings of a submission are cleaned on the way."""

from __future__ import annotations

import contextlib
import tempfile
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars
from rich.table import Table

from harness import explained
from harness.gates import Forecast
from harness.results import Cause, Outcome, Result
from harness.text import for_terminal, points, quantity, size

if TYPE_CHECKING:
    from harness.calibrated import Forecasts
    from harness.calibration import Held
    from harness.doctor import Fact
    from harness.fairness import FairnessReport
    from harness.power import PowerReport
    from harness.preflight import Plan
    from harness.regrade import Regraded
    from harness.store import StoreFacts

WORDS = {
    Outcome.PASSED: "[green]✓ passed[/]",
    Outcome.PARTIAL: "[yellow]◐ partial[/]",
    Outcome.FAILED: "[red]✗ failed[/]",
    Outcome.MANUAL: "[cyan]· for a person[/]",
    Outcome.NOT_ATTEMPTED: "[red]– not attempted[/]",
    Outcome.NOT_MEASURED: "[red]! not measured[/]",
}

FORECASTS = {Forecast.ON_TRACK: "green", Forecast.AT_RISK: "yellow", Forecast.WILL_FALL_SHORT: "red"}


def say(text: str) -> None:
    """One line."""
    Console().print(escape(text), soft_wrap=True)


def error(word: str, text: str) -> None:
    """A fault on standard error: whose it is, and what to do."""
    Console(stderr=True).print(f"[bold red]{word}:[/] {escape(for_terminal(text, 2_000))}", soft_wrap=True)


def show_error(fault: Exception) -> int:
    """Print an error in the words of whose fault it is; gives the exit code."""
    word, text, code = fault_of(fault)
    error(word, text)
    return code


def fault_of(fault: Exception) -> tuple[str, str, int]:
    """Whose fault an error is, in a word and in words, and the exit code. No traceback is told: one of ours goes to
    a file, whose name is."""
    from harness.assignment import AssignmentError
    from harness.bench import NotIsolated
    from harness.complaints.bundle import BundleError
    from harness.datasets import DatasetError
    from harness.downloads import DownloadError
    from harness.graded import GradedError
    from harness.intake import IntakeRefused, IntakeUsageError
    from harness.journal import OutputInUse
    from harness.lanes import LanesError
    from harness.mapping import MappingError
    from harness.marking.store import MarksError
    from harness.near import UnknownName
    from harness.plugin import ChecksFailed
    from harness.regrade import RegradeError
    from harness.store import CacheUsageError
    from harness.training.process import DeviceUnavailable

    if isinstance(fault, IntakeRefused):
        return "refused", str(fault), 1
    usage = (AssignmentError, NotIsolated, DatasetError, DownloadError, IntakeUsageError, DeviceUnavailable)
    of_a_folder = (GradedError, MappingError, MarksError, RegradeError, CacheUsageError, OutputInUse, LanesError)
    if isinstance(fault, (*usage, *of_a_folder, UnknownName, BundleError)):
        return "usage", str(fault), 2
    if isinstance(fault, ChecksFailed):
        return "usage", f"The checks of the assignment cannot be run: {fault}", 2
    if isinstance(fault, OSError) and fault.filename is not None:
        return "usage", f"{fault.filename}: {fault.strerror}", 2
    with tempfile.NamedTemporaryFile(
        "w", suffix=".txt", prefix="harness-fault-", delete=False, encoding="utf-8"
    ) as file:
        file.write("".join(traceback.format_exception(fault)))
    text = f"{type(fault).__name__}: {fault}. This is our fault; the details are in {file.name}"
    return "harness fault", text, 3


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
            _print_checks(self._bars.console, result, only_known=True)

    def done(self, result: Result) -> None:
        """A submission's result is written."""
        self._bars.advance(self._all)
        text = f"{result.submission.name}: {_earned(result)}"
        self._bars.console.print(f"  {escape(for_terminal(text))}")


@contextlib.contextmanager
def progress(total: int | None, structure: bool = False) -> Iterator[Drawn]:
    """Progress bars on standard error, so that standard output stays clean."""
    columns = (TextColumn("{task.description}"), BarColumn(bar_width=24), TimeElapsedColumn())
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
        yield Drawn(bars, total, structure)


def show_class(results: Sequence[Result], out: Path) -> None:
    """A table, one line a submission, with the banners that belong to it."""
    console = Console()
    table = Table(title=None, box=None, header_style="bold", pad_edge=False)
    table.add_column("submission", overflow="fold", ratio=1)
    table.add_column("by machine", justify="right")
    for task in results[0].tasks if results else ():
        table.add_column(escape(for_terminal(task.id, 20)), justify="center")
    table.add_column("findings", justify="right")
    for result in results:
        symbols = [WORDS[task.outcome].split(" ")[0] + "[/]" for task in result.tasks]
        name = escape(for_terminal(result.submission.name, 40))
        table.add_row(name, _earned(result), *symbols, str(len(result.findings)))
    console.print(table)
    console.print("[dim]✓ passed  ◐ partial  ✗ failed  – not attempted  ! not measured  · for a person[/]")
    _banners(console, results)
    console.print(f"Class page: {escape(str(out / 'index.html'))}", soft_wrap=True)


def show_plan(plan: Plan) -> None:
    """What a class is before it is graded: a line for each hand-in that needs a look, and what training takes."""
    console = Console()
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("submission", "not attempted", "unsure", "what keeps it from being graded"):
        table.add_column(name, overflow="fold")
    for one in plan.looks:
        if one.problem or one.missing or one.unsure:
            cells = (one.name, ", ".join(one.missing), ", ".join(one.unsure), one.problem)
            table.add_row(*(escape(for_terminal(cell, 300)) for cell in cells))
    if table.rows:
        console.print(table)
    unreadable = sum(bool(one.problem) for one in plan.looks)
    count = quantity(len(plan.looks), "hand-in")
    console.print(f"{count}; {unreadable} cannot be graded as handed in.", soft_wrap=True)
    console.print(
        f"They ask for {quantity(plan.asked, 'training')}: {plan.distinct} different ones, of which {plan.kept} "
        "were trained before.",
        soft_wrap=True,
    )
    for kind, rate in plan.rates.items():
        console.print(f"Measured here: {rate / 1e9:,.1f} billion operations a second of {kind} networks.")
    if plan.hours is not None:
        processes = quantity(plan.width, "process", "processes")
        console.print(
            f"Grading takes about {_hours(plan.hours)} with {processes}: {_hours(plan.training_hours or 0.0)} of "
            f"training and {_hours(plan.other_hours)} of the rest, divided among them. Runs that do not decide are "
            "trained with more seeds, which is not counted.",
            soft_wrap=True,
        )
    else:
        console.print("How long training takes is not known: no network of one kind could be trained.")


def _hours(hours: float) -> str:
    """40 s · 12 min · 3.5 h"""
    if hours < 1 / 60:
        return f"{hours * 3600:.0f} s"
    return f"{hours * 60:.0f} min" if hours < 1 else f"{hours:.1f} h"


def show_result(result: Result, scorecard: Path) -> None:
    """A student's own result: each check in a sentence, what to do next, where the scorecard is."""
    from harness.report import next_steps

    console = Console()
    _banners(console, [result])
    if result.problem:
        console.print(f"[bold red]{escape(for_terminal(result.problem))}[/]")
    _print_checks(console, result, only_known=False)
    if result.findings:
        console.print("\n[bold]Seen in the work[/]")
        for finding in result.findings:
            place = f" ({finding.where})" if finding.where and str(finding.where) not in finding.message else ""
            console.print(f"  · {escape(for_terminal(finding.message + place))}", soft_wrap=True)
    forecasts = explained.forecasts(result)
    if forecasts:
        console.print("\n[bold]Forecast of the full check[/]")
        for forecast, means, tasks in forecasts:
            colour = FORECASTS[forecast]
            named = escape(for_terminal(", ".join(tasks)))
            console.print(f"  [{colour}]{forecast.value}[/]: {named} ({means})", soft_wrap=True)
    steps = next_steps(result)
    if steps:
        console.print("\n[bold]What to do next[/]")
        for number, step in enumerate(steps, 1):
            head = f"{step.task}: {step.title}" if step.task else step.title
            console.print(f" {number}. {escape(for_terminal(head))}")
            for line in step.lines:
                place = f" ({line.where})" if line.where else ""
                console.print(f"    {escape(for_terminal(line.text + place))}", soft_wrap=True)
    console.print(f"\n{_earned(result)} points by machine; a person gives the rest.")
    console.print(f"Scorecard: {escape(str(scorecard))}", soft_wrap=True)


def show_regraded(regraded: Regraded, out: Path) -> None:
    """What judging again changed: a line a task of a submission."""
    console = Console()
    assignment, before = regraded.assignment, ", ".join(regraded.before)
    count = quantity(len(regraded.results), "hand-in")
    version = f"version {assignment.version} (before: {before})"
    console.print(escape(f"{count} judged again by {assignment.id}, {version}."), soft_wrap=True)
    if regraded.changes:
        table = Table(box=None, header_style="bold", pad_edge=False)
        for name in ("submission", "task", "before", "after"):
            table.add_column(name, justify="right" if name in ("before", "after") else "left")
        for change in regraded.changes:
            shown = escape(for_terminal(change.submission, 40))
            was = f"{points(change.before)} / {points(change.max_before)}"
            now = f"{points(change.after)} / {points(change.max_after)}"
            table.add_row(shown, escape(change.task), was, now)
        console.print(table)
    else:
        console.print("No points changed.")
    _banners(console, regraded.results)
    if out.is_file():
        console.print("The bundle itself stays as it is.")
        return
    if regraded.kept:
        count = quantity(len(regraded.kept), "former result is", "former results are")
        said = f"{count} kept; `harness diff {escape(str(out))}` tells what changed and why."
        console.print(said, soft_wrap=True)
    console.print(f"Class page: {escape(str(out / 'index.html'))}", soft_wrap=True)


def show_cache(facts: StoreFacts, damaged: int | None, cleared: int | None) -> None:
    """What the cache holds, and what was done to it."""
    if damaged is not None:
        say(
            f"{quantity(damaged, 'file was', 'files were')} damaged and removed."
            if damaged
            else "Every file is whole."
        )
    if cleared is not None:
        say(f"{quantity(cleared, 'file was', 'files were')} removed.")
    say(f"folder       {facts.folder}")
    for kind, count in facts.kept.items():
        say(f"{kind + 's':13}{count:,}")
    say(f"size         {size(facts.size)} of at most {size(facts.limit)}")
    say(f"asked        {quantity(facts.hits + facts.misses, 'time')}, {quantity(facts.hits, 'hit')}")


def show_held(held: Sequence[Held]) -> int:
    """Whether a calibration file holds on this machine, a line a network; gives the exit code."""
    console = Console()
    table = Table(box=None, pad_edge=False, show_header=False)
    for one in held:
        mark = "[green]✓[/]" if one.holds else "[red]✗[/]"
        again = ", ".join(f"{value:.4f}" for value in one.again)
        if not one.same_training:
            said = "the file is of another recipe: calibrate anew"
        elif one.equal:
            said = f"{again}: as in the file, to the bit"
        else:
            where = "within" if one.holds else "outside"
            said = f"{again}: their mean is {where} {one.low:.4f} to {one.high:.4f}"
        table.add_row(mark, one.name, said)
    console.print(table)
    if all(one.holds for one in held):
        return 0
    error("usage", "The calibration does not hold on this machine: write one of its own with `harness calibrate`.")
    return 2


def show_power(report: PowerReport) -> None:
    """Which check catches which mutant, a line each, and what that amounts to."""
    console = Console()
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("mutant", "task", "caught by", "by other tasks", "expected, and did not"):
        table.add_column(name, overflow="fold")
    for one in report.mutants:
        caught = {
            "caught": escape(", ".join(catch.said for catch in one.caught)),
            "argued": f"[yellow]nothing: {escape(one.argued)}[/]",
            "missed": "[red]nothing[/]",
            "unknown": f"[red]our fault: {escape(', '.join(one.unknown))}[/]",
        }[one.status]
        elsewhere = escape(", ".join(catch.said for catch in one.elsewhere))
        table.add_row(escape(one.name), escape(one.task), caught, elsewhere, escape(", ".join(one.unseen)))
    console.print(table)
    for right in report.right:
        if right.lost:
            said = f"{right.name} is right and loses points by {', '.join(catch.said for catch in right.lost)}."
            console.print(f"[red]{escape(said)}[/]", soft_wrap=True)
    counts = {status: len(report.with_status(status)) for status in ("caught", "argued", "missed", "unknown")}
    said = f"{counts['caught']} of {quantity(len(report.mutants), 'mutant')} caught by a check of their own task"
    said += "".join(f", {counts[status]} {status}" for status in ("argued", "missed", "unknown") if counts[status])
    console.print(f"{said}; measured on {report.dataset}, {report.profile}.", soft_wrap=True)


def show_forecasts(forecasts: Forecasts) -> None:
    """How forecasts came out, a line each."""
    for forecast, record in forecasts.records.items():
        say(f"{forecast.value:16} {record.passed} of {quantity(record.told, 'check')} passed in full")


def show_fairness(report: FairnessReport) -> None:
    """How often fresh correct solutions are failed, a line a gate."""
    console = Console()
    table = Table(box=None, pad_edge=False)
    for name in ("gate", "hand-ins", "failed", "rate, 95 %", "trained again", "first run below what is asked"):
        table.add_column(name)
    for one in report.gates:
        low, high = one.rate
        table.add_row(
            one.name, str(len(one.hand_ins)), str(one.failed), f"{low:.2%} to {high:.2%}", str(one.extended),
            "–" if one.gate.nominal is None else str(one.below_nominal),
        )  # fmt: skip
    console.print(table)


def show_facts(facts: Sequence[Fact]) -> None:
    """What doctor found."""
    console = Console()
    table = Table(box=None, pad_edge=False, show_header=False)
    for fact in facts:
        mark = "[green]✓[/]" if fact.ok else "[red]✗[/]" if fact.needed else "[yellow]–[/]"
        table.add_row(mark, fact.name, escape(for_terminal(fact.value)))
        if fact.remedy and not fact.ok:
            table.add_row("", "", f"[dim]{escape(fact.remedy)}[/]")
    console.print(table)


def _print_checks(console: Console, result: Result, only_known: bool) -> None:
    for task in result.tasks:
        waits = [check for check in task.checks if check.cause is Cause.NOT_TRAINED]
        for check in task.checks:
            if only_known and check in waits:
                continue
            name, title = escape(for_terminal(task.id, 20)), escape(for_terminal(check.title))
            head = f"{name:>3}  {WORDS[check.outcome]}  {title}"
            console.print(head, soft_wrap=True)
            if check.outcome is Outcome.PASSED:
                continue
            if check.message:
                own = explained.own_number(result, check)
                place = f" ({check.where})" if check.where else ""
                said = f"{check.message} {own}".strip() + place
                console.print(f"       {escape(for_terminal(said, 900))}", soft_wrap=True)
            if not only_known and check not in waits and check.outcome is not Outcome.NOT_ATTEMPTED:
                code = f"To ask a person about this, quote {explained.code(result, check)}."
                console.print(f"       [dim]{f'{explained.cost(result, check)} {code}'.strip()}[/]", soft_wrap=True)


def _banners(console: Console, results: Sequence[Result]) -> None:
    if any(not result.dataset.official for result in results):
        names = escape(for_terminal(", ".join(sorted({result.dataset.name for result in results}))))
        console.print(f"[yellow]Measured on {names}, not on the assignment's own data: not marks.[/]")
    for warning in sorted({result.isolation for result in results if not result.isolated}):
        console.print(f"[yellow]{escape(for_terminal(warning, 2_000))}[/]", soft_wrap=True)

    from harness.marking.shown import show_waiting

    show_waiting(console, results)


def _earned(result: Result) -> str:
    return f"{points(result.machine_points)} / {points(result.machine_max_points)}"
