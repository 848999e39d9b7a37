"""Commands for a mark that is questioned. Arguments in, words and codes out."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from harness.options import guarded

OutArgument = Annotated[Path, typer.Argument(metavar="OUT", help="A folder that `harness grade` wrote.")]


def explain(
    out: OutArgument,
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="[NAME] CHECK",
            help="A hand-in and one of its checks, or a task for all of them; or the code that a student quotes.",
        ),
    ],
    assignment: Annotated[
        str | None, typer.Option(help="Id or folder of the assignment; by default the one of the result.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print all of it as JSON.")] = False,
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


def add_to(app: typer.Typer) -> None:
    """Add the commands to the program."""
    for command in (explain,):
        app.command()(command)
