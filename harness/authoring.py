"""Commands for whoever writes an assignment: calibration, power, fairness. Arguments in, words and codes out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.options import (
    CacheOption,
    CacheSizeOption,
    DataOption,
    DeviceOption,
    ProfileOption,
    cache_folder,
    cache_limit,
    guarded,
    load,
)

if TYPE_CHECKING:
    from harness.calibrated import Forecasts

AssignmentArgument = Annotated[str, typer.Argument(help="Id of an installed assignment, or the folder of one.")]
OutOption = Annotated[Path | None, typer.Option(help="File for the report as JSON.")]


def calibrate(
    assignment: AssignmentArgument,
    data: DataOption = "auto",
    profile: ProfileOption = "full",
    seeds: Annotated[
        int | None, typer.Option(min=2, help="Runs of each reference; by default what the assignment's tasks say.")
    ] = None,
    device: DeviceOption = "auto",
    check: Annotated[
        bool, typer.Option("--check", help="Train a few seeds anew and say whether the file holds on this machine.")
    ] = False,
    costs_only: Annotated[
        bool, typer.Option("--costs-only", help="Only write what the references take to train; trains nothing.")
    ] = False,
) -> None:
    """Train the references over many seeds and write the raw runs, from which acceptance bounds are computed.

    What the file holds already is not trained again: a calibration that was stopped goes on.
    """
    from harness import bars, calibration, showing, terminal
    from harness.references import reference

    def checked() -> calibration.Checked:
        with bars.progress(1) as progress:
            return calibration.check(load(assignment), data, profile, seeds or 3, device, progress)

    def written() -> Path:
        with bars.progress(1) as progress:
            if not costs_only:
                return calibration.calibrate(load(assignment), data, profile, seeds, device, progress)
            with reference(load(assignment), data, profile, device) as made:
                return calibration.write_costs(made)

    if check:
        raise typer.Exit(showing.show_checked(guarded(checked)))
    terminal.say(f"Written: {guarded(written)}")


def power(
    assignment: AssignmentArgument,
    mutants: Annotated[
        Path | None, typer.Option(help="Folder of right and wrong hand-ins; the checkout's by default.")
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option(metavar="MUTANT", help="Only this one; may be given again.")
    ] = None,
    profile: ProfileOption = "quick",
    data: DataOption = "auto",
    device: DeviceOption = "auto",
    jobs: Annotated[int, typer.Option(min=1, help="Hand-ins recorded at the same time.")] = 1,
    out: OutOption = None,
    graded: Annotated[
        Path | None, typer.Option(help="Folder that keeps the scorecards, for `harness forecasts` and for reading.")
    ] = None,
    cache: CacheOption = True,
    cache_size: CacheSizeOption = None,
) -> None:
    """Grade planted mistakes and say which check catches which; one that nothing catches costs exit code 1."""
    from harness import bars, showing
    from harness import mutants as planted
    from harness import power as module

    def run() -> module.PowerReport:
        loaded = load(assignment)
        folder = mutants or planted.default_folder(loaded)
        count = len(planted.chosen(planted.read(folder), only or ()).names)
        with bars.progress(count) as progress:
            report = module.measure(
                folder, loaded, progress, data=data, profile=profile, device=device, jobs=jobs,
                cache=cache_folder(cache), cache_limit=cache_limit(cache_size), only=only or (), graded=graded,
            )  # fmt: skip
        if out is not None:
            module.write(report, out)
        return report

    report = guarded(run)
    showing.show_power(report)
    raise typer.Exit(report.exit_code)


def fairness(
    assignment: AssignmentArgument,
    data: DataOption = "auto",
    profile: ProfileOption = "full",
    hand_ins: Annotated[int, typer.Option(min=1, help="Correct hand-ins that are imagined for each task.")] = 200,
    task: Annotated[list[str] | None, typer.Option(help="Only this task; may be given again.")] = None,
    device: DeviceOption = "auto",
    out: OutOption = None,
) -> None:
    """Judge fresh runs of the references, without the identity rule: how often correct solutions are failed."""
    from harness import bars, showing
    from harness import fairness as module

    def run() -> module.FairnessReport:
        with bars.progress(1) as progress:
            report = module.measure(load(assignment), data, profile, hand_ins, tuple(task or ()), device, progress)
        if out is not None:
            module.write(report, out)
        return report

    showing.show_fairness(guarded(run))


def forecasts(
    assignment: AssignmentArgument,
    quick: Annotated[Path, typer.Argument(help="Folder of hand-ins graded with --profile quick.")],
    full: Annotated[Path, typer.Argument(help="Folder of the same hand-ins graded with --profile full.")],
) -> None:
    """Compare what quick checks forecast with what became of the same hand-ins in full; the scorecard tells it."""
    from harness import forecasts as module
    from harness import showing, terminal

    def run() -> tuple[Forecasts, Path]:
        loaded = load(assignment)
        made = module.measure(loaded, quick, full)
        return made, module.write(loaded, made)

    made, path = guarded(run)
    showing.show_forecasts(made)
    terminal.say(f"Written: {path}")


def lint(assignment: AssignmentArgument) -> None:
    """Say what is unfinished in an assignment: references, points, hints, calibration; then the exit code is 1.

    Nothing is run or trained.
    """
    from harness import terminal
    from harness.lint import Flaw
    from harness.lint import lint as look
    from harness.text import quantity

    def run() -> list[Flaw]:
        return look(load(assignment))

    flaws = guarded(run)
    for flaw in flaws:
        terminal.say(str(flaw))
    terminal.say(f"{quantity(len(flaws), 'thing')} to mend." if flaws else "Nothing is missing.")
    raise typer.Exit(1 if flaws else 0)


def add_to(app: typer.Typer) -> None:
    """Add the commands to the program."""
    for command in (lint, calibrate, power, fairness, forecasts):
        app.command()(command)
