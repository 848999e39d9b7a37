"""`harness marking`: what is behind the page, put together and served. Arguments in, words and codes out."""

from __future__ import annotations

import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from harness.options import CacheOption, ClassOption, cache_folder, guarded

OutArgument = Annotated[
    Path | None,
    typer.Argument(help="The folder that `harness grade` wrote; this folder, or `graded` in it, by default."),
]


def marking(
    out: OutArgument = None,
    anonymous: Annotated[
        bool, typer.Option("--anonymous", help="Pseudonyms in place of names, in another order.")
    ] = False,
    by: Annotated[
        str | None, typer.Option(help="Who marks; by default $HARNESS_AUTHOR, git's user.name or the login.")
    ] = None,
    hand_ins: Annotated[
        list[Path] | None,
        typer.Option("--hand-ins", help="What was graded, so that reports can be read; may be given again."),
    ] = None,
    whole_class: ClassOption = None,
    roster: Annotated[
        Path | None, typer.Option(help="CSV table of who belongs to which group: names that --anonymous hides.")
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1; a free one by default.")] = 0,
    open_: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
    cache: CacheOption = True,
) -> None:
    """Mark in a browser: one question across the class, or one hand-in through all questions."""
    from harness import terminal

    def run() -> str:
        from harness import graded
        from harness.exports.anonymous import SecretError
        from harness.kept_figures import KeptFigures
        from harness.marking.author import author
        from harness.marking.gathered import Gathered
        from harness.marking.guard import Keys
        from harness.marking.pages import Pages
        from harness.marking.reports import Reports
        from harness.marking.server import Marking, application, listening, serve
        from harness.marking.session import Session
        from harness.marking.store import MarkStore
        from harness.marking.writer import Writer
        from harness.roster import RosterError
        from harness.roster import read as read_roster
        from harness.store import Store

        folder = cache_folder(cache)
        figures = KeptFigures(Store(folder) if folder else None)
        who = author(by)
        found = graded.found(out)
        try:
            gathered = Gathered(found, anonymous, read_roster(roster) if roster else None)
        except (RosterError, SecretError) as error:
            raise graded.GradedError(str(error)) from None
        on = listening(port)
        reports = Reports(hand_ins or (), whole_class)
        writer = Writer(found, figures, terminal.show_error)
        keys = Keys(on.getsockname()[1])
        session = Session(gathered, MarkStore.of(found), who, writer.decided)
        app = application(Marking(session, Pages(gathered, reports, figures), reports, keys), terminal.show_error)

        def ready() -> None:
            terminal.say(f"Marking {found} as {who}. Open {keys.address}")
            terminal.say("Whoever has this address can mark. Ctrl-C ends; what is saved stays.")
            if open_:
                webbrowser.open(keys.address)

        try:
            serve(app, on, ready)
        finally:
            terminal.say(f"Writing the pages of {found}.")
            writer.close()
            reports.close()
        return str(MarkStore.of(found).path)

    where = guarded(run)
    terminal.say(f"Marks are in {where}.")


def add_to(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("marking")(marking)
