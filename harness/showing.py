"""What is printed of results, plans and reports: tables and sentences in plain words. Strings of a submission are
cleaned on the way."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from harness import explained, graded
from harness.gates import Forecast
from harness.results import Cause, Outcome, Result
from harness.terminal import error, say
from harness.text import for_terminal, points, quantity, size

if TYPE_CHECKING:
    from harness.calibrated import Forecasts
    from harness.calibration import Checked
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
        table.add_row(name, earned(result), *symbols, str(len(result.findings)))
    console.print(table)
    console.print("[dim]✓ passed  ◐ partial  ✗ failed  – not attempted  ! not measured  · for a person[/]")
    _banners(console, results, out)
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
    _banners(console, [result], scorecard.parent.parent)
    if result.problem:
        console.print(f"[bold red]{escape(for_terminal(result.problem))}[/]")
    print_checks(console, result, only_known=False)
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
    console.print(f"\n{earned(result)} points by machine; a person gives the rest.")
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
    for sentence in regraded.left_out:
        console.print(escape(for_terminal(sentence, 2_000)), soft_wrap=True)
    _banners(console, regraded.results, None if out.is_file() else out)
    if out.is_file():
        console.print("The bundle itself stays as it is.")
        return
    if regraded.kept:
        count = quantity(len(regraded.kept), "former result is", "former results are")
        said = f"{count} kept; `harness diff{graded.argument(out)}` tells what changed and why."
        console.print(escape(said), soft_wrap=True)
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


def show_checked(checked: Checked) -> int:
    """Whether a calibration file holds on this machine, a line a quantity; gives the exit code."""
    console = Console()
    table = Table(box=None, pad_edge=False, show_header=False)
    for name in checked.outdated:
        table.add_row("[red]✗[/]", name, "the file's runs are not of what the references train and measure now")
    for one in checked.held:
        mark = "[green]✓[/]" if one.holds else "[red]✗[/]"
        again = ", ".join(f"{value:.4f}" for value in one.again)
        if one.equal:
            said = f"{again}: as in the file, to the bit"
        else:
            where = "within" if one.holds else "outside"
            said = f"{again}: their mean is {where} {one.low:.4f} to {one.high:.4f}"
        table.add_row(mark, one.name, said)
    console.print(table)
    if checked.holds:
        return 0
    if checked.outdated:
        error("usage", "References were changed since they were calibrated: `harness calibrate` trains them anew.")
        return 2
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


def print_checks(console: Console, result: Result, only_known: bool) -> None:
    """Each check in a sentence; with `only_known` those that wait for no training."""
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


def _banners(console: Console, results: Sequence[Result], out: Path | None) -> None:
    if any(not result.dataset.official for result in results):
        names = escape(for_terminal(", ".join(sorted({result.dataset.name for result in results}))))
        console.print(f"[yellow]Measured on {names}, not on the assignment's own data: not marks.[/]")
    for warning in sorted({result.isolation for result in results if not result.isolated}):
        console.print(f"[yellow]{escape(for_terminal(warning, 2_000))}[/]", soft_wrap=True)

    from harness.marking.shown import show_waiting

    show_waiting(console, results, out)


def earned(result: Result) -> str:
    """The machine's points, and how many it can give: "3.9 / 5.9"."""
    return f"{points(result.machine_points)} / {points(result.machine_max_points)}"
