"""The command line: arguments in, printed words and exit codes out. No logic of its own.

Exit codes: 0 no check failed, 1 some did, 2 usage, 3 harness fault.
"""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

import harness
from harness import authoring, handing_out
from harness.complaints import commands as complaints
from harness.marking import commands as marking
from harness.marking import opening
from harness.options import (
    DEFAULT_ASSIGNMENT,
    AssignmentOption,
    CacheOption,
    CacheSizeOption,
    ClassOption,
    ConfigOption,
    DataOption,
    DeviceOption,
    JobsOption,
    MapOption,
    ProfileOption,
    SchedulerOption,
    cache_folder,
    cache_limit,
    guarded,
    load,
)

app = typer.Typer(
    name="harness",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help="Grades neural-network hand-ins: records them in a sandbox, trains their networks, explains every point.",
    epilog="Exit codes: 0 no check failed, 1 some did, 2 usage, 3 harness fault.",
)


@app.command()
def grade(
    submissions: Annotated[
        list[Path],
        typer.Argument(help="Hand-ins: each a folder, archive, notebook or script; or one download of a class."),
    ],
    out: Annotated[Path, typer.Option(help="Folder for results; made where it does not exist.")],
    assignment: AssignmentOption = DEFAULT_ASSIGNMENT,
    profile: ProfileOption = "full",
    data: DataOption = "auto",
    device: DeviceOption = "auto",
    jobs: JobsOption = None,
    scheduler: SchedulerOption = "",
    whole_class: ClassOption = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on where an earlier run in this output folder was cut off.")
    ] = False,
    allow_unisolated: Annotated[
        bool, typer.Option("--allow-unisolated", help="Run code without a sandbox. Only for code that you trust.")
    ] = False,
    matches: MapOption = None,
    config: ConfigOption = None,
    cache: CacheOption = True,
    cache_size: CacheSizeOption = None,
) -> None:
    """Grade hand-ins: results, scorecards and a class page go to the output folder."""
    from harness import bars, mapping, showing
    from harness.classroom import Options
    from harness.classroom import grade as grade_all
    from harness.results import Result

    def run() -> list[Result]:
        loaded = load(assignment)
        settings = mapping.settings_file(config, Path(), submissions)
        options = Options(
            assignment=loaded, out=out, data=data, profile=profile, device=device, jobs=jobs,
            scheduler=scheduler, resume=resume, one_is_a_class=whole_class,
            isolation="preferred" if allow_unisolated else "required", cache=cache_folder(cache),
            cache_limit=cache_limit(cache_size),
            overrides=mapping.read(matches or (), settings, [rule.task for rule in loaded.rules()]),
        )  # fmt: skip
        with bars.progress(len(submissions)) as progress:
            if settings is not None:
                progress.note(f"Matches are taken from {settings}.")
            return grade_all(submissions, options, progress)

    results = guarded(run)
    showing.show_class(results, out)
    raise typer.Exit(max(result.exit_code for result in results))


@app.command()
def plan(
    submissions: Annotated[
        list[Path],
        typer.Argument(help="Hand-ins: each a folder, archive, notebook or script; or one download of a class."),
    ],
    assignment: AssignmentOption = DEFAULT_ASSIGNMENT,
    profile: ProfileOption = "full",
    data: DataOption = "auto",
    device: DeviceOption = "auto",
    jobs: JobsOption = None,
    scheduler: SchedulerOption = "",
    whole_class: ClassOption = None,
    allow_unisolated: Annotated[
        bool, typer.Option("--allow-unisolated", help="Run code without a sandbox. Only for code that you trust.")
    ] = False,
    matches: MapOption = None,
    config: ConfigOption = None,
    cache: CacheOption = True,
    cache_size: CacheSizeOption = None,
) -> None:
    """Look at a class before grading it: what cannot be read, what is unsure, how long training will take."""
    from harness import bars, mapping, preflight, showing
    from harness.classroom import Options

    def run() -> preflight.Plan:
        loaded = load(assignment)
        settings = mapping.settings_file(config, Path(), submissions)
        options = Options(
            assignment=loaded, out=Path(), data=data, profile=profile, device=device, jobs=jobs,
            scheduler=scheduler, one_is_a_class=whole_class,
            isolation="preferred" if allow_unisolated else "required", cache=cache_folder(cache),
            cache_limit=cache_limit(cache_size),
            overrides=mapping.read(matches or (), settings, [rule.task for rule in loaded.rules()]),
        )  # fmt: skip
        with bars.progress(None) as progress:
            if settings is not None:
                progress.note(f"Matches are taken from {settings}.")
            return preflight.plan(submissions, options, progress)

    showing.show_plan(guarded(run))


@app.command()
def check(
    submission: Annotated[Path, typer.Argument(help="Your hand-in; the current folder by default.")] = Path(),
    assignment: AssignmentOption = DEFAULT_ASSIGNMENT,
    profile: ProfileOption = "quick",
    data: DataOption = "auto",
    device: DeviceOption = "auto",
    out: Annotated[Path | None, typer.Option(help="Folder for the scorecard; `graded` beside the hand-in.")] = None,
    train: Annotated[
        bool, typer.Option("--train/--no-train", help="Train too; without, what can be told within a minute.")
    ] = True,
    cache: CacheOption = True,
    cache_size: CacheSizeOption = None,
) -> None:
    """Check your own hand-in before handing it in: structure first, training after, a scorecard beside it."""
    from harness import bars, showing
    from harness.classroom import Options
    from harness.classroom import grade as grade_all
    from harness.results import Result

    folder = out or (submission if submission.is_dir() else submission.parent) / "graded"

    def run() -> list[Result]:
        options = Options(
            assignment=load(assignment), out=folder, data=data, profile=profile, device=device,
            isolation="preferred", cache=cache_folder(cache), cache_limit=cache_limit(cache_size),
            structure_first=train, one_is_a_class=False, train=train,
        )  # fmt: skip
        with bars.progress(1, structure=train) as progress:
            return grade_all([submission], options, progress)

    result = guarded(run)[0]
    showing.show_result(result, folder / result.submission.name / "scorecard.html")
    raise typer.Exit(result.exit_code)


@app.command()
def record(
    submission: Annotated[Path, typer.Argument(help="A hand-in.")],
    out: Annotated[Path | None, typer.Option(help="File for the recording; standard output by default.")] = None,
    assignment: AssignmentOption = DEFAULT_ASSIGNMENT,
    data: DataOption = "auto",
    allow_unisolated: Annotated[
        bool, typer.Option("--allow-unisolated", help="Run code without a sandbox. Only for code that you trust.")
    ] = False,
) -> None:
    """Dry-run a hand-in and write what it would train, as JSON."""
    from harness import terminal
    from harness.classroom import record_one
    from harness.dryrun import DryRun

    def run() -> DryRun:
        isolation: Literal["required", "preferred"] = "preferred" if allow_unisolated else "required"
        return record_one(submission, load(assignment), data, isolation)

    dry_run = guarded(run)
    text = dry_run.recording.model_dump_json(indent=2) + "\n"
    if out is None:
        sys.stdout.write(text)
    else:
        guarded(lambda: out.write_text(text, encoding="utf-8"))
    if dry_run.problem:
        terminal.error("problem", dry_run.problem)
        raise typer.Exit(1)


@app.command()
def regrade(
    out: Annotated[
        Path | None,
        typer.Argument(
            help="A folder that `harness grade` wrote, or a frozen bundle; this folder, or `graded` in it, by "
            "default."
        ),
    ] = None,
    assignment: Annotated[
        str | None, typer.Option(help="Id or folder of the assignment; by default the one of the results.")
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option("--only", metavar="NAME", help="Only this hand-in; may be given again.")
    ] = None,
    source: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="HAND-IN",
            help="Grade it anew from its files: as they were handed in, the download of the class, or a bundle.",
        ),
    ] = None,
    data: Annotated[
        Literal["auto", "mnist", "fashion_mnist", "digits"] | None,
        typer.Option(help="With --from: data to train and measure on; as it was graded by default."),
    ] = None,
    profile: Annotated[
        Literal["quick", "full"] | None, typer.Option(help="With --from: as it was graded by default.")
    ] = None,
    device: DeviceOption = "auto",
    matches: Annotated[
        list[str] | None, typer.Option("--map", metavar="TASK=FITS", help="With --from: which fits answer a task.")
    ] = None,
    allow_unisolated: Annotated[
        bool, typer.Option("--allow-unisolated", help="Run code without a sandbox. Only for code that you trust.")
    ] = False,
    cache: CacheOption = True,
    cache_size: CacheSizeOption = None,
) -> None:
    """Judge graded hand-ins again after points, thresholds, checks or templates changed. Trains nothing, but with
    --from, which grades one hand-in anew."""
    from harness import bars, graded, showing
    from harness.complaints.asking import Wanted, regraded
    from harness.regrade import Regraded

    def run() -> tuple[Regraded, Path]:
        folder = graded.found(out, "behind the command")
        wanted = Wanted(
            out=folder, assignment=assignment, only=tuple(only or ()), cache=cache_folder(cache),
            cache_limit=cache_limit(cache_size), source=source, data=data, profile=profile, device=device,
            isolation="preferred" if allow_unisolated else "required", matches=tuple(matches or ()),
        )  # fmt: skip
        with bars.progress(None) as progress:
            return regraded(wanted, progress), folder

    made, folder = guarded(run)
    showing.show_regraded(made, folder)
    raise typer.Exit(max(result.exit_code for result in made.results))


@app.command("cache")
def look_after_cache(
    clear: Annotated[bool, typer.Option("--clear", help="Remove all that is kept.")] = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="Read all that is kept and remove what is damaged.")
    ] = False,
    cache_size: CacheSizeOption = None,
) -> None:
    """Show what is kept of earlier gradings: the folder, its size and hits."""
    from harness import showing
    from harness.store import Store, StoreFacts

    def run() -> tuple[StoreFacts, int | None, int | None]:
        store = Store(Store.default_folder(), cache_limit(cache_size))
        damaged = store.verify() if verify else None
        cleared = store.clear() if clear else None
        return store.facts(), damaged, cleared

    showing.show_cache(*guarded(run))


authoring.add_to(app)
handing_out.add_to(app)
complaints.add_to(app)
marking.add_to(app)
opening.add_to(app)


@app.command()
def doctor() -> None:
    """Say what this machine has, and what to do about what is missing."""
    from harness import doctor as module
    from harness import showing

    facts = guarded(module.examine)
    showing.show_facts(facts)
    raise typer.Exit(0 if all(fact.ok or not fact.needed for fact in facts) else 3)


@app.command()
def schema() -> None:
    """Print the JSON Schema of result.json."""
    import json

    from harness.results import json_schema

    sys.stdout.write(json.dumps(json_schema(), indent=2) + "\n")


@app.callback(invoke_without_command=True)
def about(
    version: Annotated[bool, typer.Option("--version", help="Print the version and leave.", is_eager=True)] = False,
) -> None:
    """Options that belong to no command."""
    if version:
        sys.stdout.write(f"harness {harness.__version__}\n")
        raise typer.Exit


def main() -> None:
    """The program. Output is UTF-8 whatever the terminal's own idea."""
    gc.set_threshold(100_000, 50, 50)  # Python's own, 700, costs a seventh of judging a hand-in again
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(encoding="utf-8", errors="replace")
    try:
        app()
    except Exception as error:  # anything that a command did not turn into words itself
        from harness import terminal

        sys.exit(terminal.show_error(error))
