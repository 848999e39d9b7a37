"""Commands for a mark that is questioned. Arguments in, words and codes out."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from harness.options import AuthorOption, GradedOption, NameArgument, guarded


def explain(
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME CHECK",
            help="A hand-in and one of its checks, or a task for all of them; or alone, the code that a student "
            "quotes. A frozen bundle stands in the place of the hand-in: BUNDLE.zip CHECK.",
        ),
    ],
    assignment: Annotated[
        str | None, typer.Option(help="Id or folder of the assignment; by default the one of the result.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print all of it as JSON.")] = False,
    out: GradedOption = None,
) -> None:
    """Tell everything behind a verdict: recipe, runs, bound, which rule decided, the lines, the check itself."""
    from harness.complaints.asking import explanations

    made = guarded(lambda: explanations(out, names, assignment))
    if as_json:
        plain = [one.model_dump(mode="json") for one in made]
        sys.stdout.write(json.dumps(plain, indent=1) + "\n")
        return
    from rich.console import Console

    from harness.complaints.telling import tell

    console = Console(highlight=False)
    for number, one in enumerate(made):
        if number:
            console.rule()
        tell(one, console)


def freeze(
    name: NameArgument,
    to: Annotated[
        Path | None,
        typer.Option("--to", metavar="FILE.zip", help="The bundle to write; NAME-frozen.zip here by default."),
    ] = None,
    source: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="HAND-IN",
            help="Its files go into the bundle: as they were handed in, or the download of the class.",
        ),
    ] = None,
    assignment: Annotated[
        str | None, typer.Option(help="Folder of the assignment that judged, where another version is installed.")
    ] = None,
    out: GradedOption = None,
) -> None:
    """Freeze one hand-in with all that its verdicts rest on, as one zip that holds nothing of anybody else."""
    import tempfile

    from harness import bars, graded, terminal
    from harness.complaints.freeze import Frozen
    from harness.complaints.freeze import freeze as write
    from harness.text import size

    def run() -> Frozen:
        folder, file = graded.found(out), to or Path(f"{name}-frozen.zip")
        with tempfile.TemporaryDirectory(prefix="harness-") as scratch, bars.progress(None) as progress:
            return write(folder, name, file, Path(scratch), progress, source, assignment)

    made = guarded(run)
    for sentence in made.lacks:
        terminal.say(f"Not in it. {sentence}")
    terminal.say(f"Written: {made.path}, {made.files} files, {size(made.size)}, SHA-256 {made.sha256}")


def diff(
    old: Annotated[
        Path | None,
        typer.Argument(
            help="A folder that `harness grade` wrote, the folder of one result in it, or a bundle; this folder, "
            "or `graded` in it, by default."
        ),
    ] = None,
    new: Annotated[
        Path | None, typer.Argument(help="What it is compared with; without, OLD's own former results.")
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Also numbers that were measured otherwise beside the same verdict.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print all of it as JSON.")] = False,
) -> None:
    """Tell every mark that differs, and why. Exit code 0: none does; 1: some do, or one side lacks a hand-in."""
    from harness import graded
    from harness.complaints.comparing import compare

    made = guarded(lambda: compare(graded.found(old, "behind the command"), new, everything))
    if as_json:
        sys.stdout.write(json.dumps(made.model_dump(mode="json"), indent=1) + "\n")
    else:
        from rich.console import Console

        from harness.complaints.telling_diff import tell_diff

        tell_diff(made, Console(highlight=False))
    raise typer.Exit(0 if made.same else 1)


def confirm(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="NAME", help="Hand-ins; by default all of them.")
    ] = None,
    by: AuthorOption = None,
    incomplete: Annotated[
        bool, typer.Option("--incomplete", help="Also totals that are no marks yet: the points so far.")
    ] = False,
    undo: Annotated[bool, typer.Option("--undo", help="Take back what was confirmed last.")] = False,
    out: GradedOption = None,
) -> None:
    """Confirm final totals by name. A total that changes later says so, and has to be confirmed again."""
    from harness import graded, terminal
    from harness.complaints.confirm import Confirmed, take_back
    from harness.complaints.confirm import confirm as keep
    from harness.marking import shown
    from harness.marking.author import author
    from harness.text import for_terminal, points, quantity

    def run() -> tuple[Confirmed, list[str], str]:
        folder, who = graded.found(out), author(by)
        made = take_back(folder, names or (), who) if undo else keep(folder, names or (), who, incomplete)
        return made, shown.written(folder) if made.entries else [], who

    made, notes, who = guarded(run)
    for entry in made.entries:
        said = "taken back" if entry.withdrawn else f"{points(entry.points)} points"
        terminal.say(for_terminal(f"{entry.submission}: {said}"))
    count = quantity(len(made.entries), "total")
    already = f" {quantity(len(made.already), 'was', 'were')} confirmed already." if made.already else ""
    terminal.say(for_terminal(f"{count} {'taken back' if undo else 'confirmed'} by {who}.{already}"))
    for line in notes:
        terminal.say(for_terminal(line, 2_000))


def add_to(app: typer.Typer) -> None:
    """Add the commands to the program."""
    for command in (explain, freeze, diff, confirm):
        app.command()(command)
