"""The commands of a person's half: marks, overrides, and their table. Arguments in, words and exit codes out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.options import AuthorOption, GradedOption, NameArgument, guarded

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.marking.entries import Draft, Entry, Key
    from harness.marking.store import MarkStore
    from harness.marking.table import Imported
    from harness.results import Result

marks = typer.Typer(help="What persons decided: show it, hand it out as a table, take a table in.")

UndoOption = Annotated[bool, typer.Option("--undo", help="Take back the last decision about it.")]
ConfirmOption = Annotated[
    bool, typer.Option("--confirm", help="It stands, although what it was about has changed since.")
]


def mark(
    name: NameArgument,
    task: Annotated[str, typer.Argument(help="A task's id, as 2A.")],
    points: Annotated[float | None, typer.Option(help="Points for the part that a person gives.")] = None,
    comment: Annotated[str, typer.Option(help="What the student reads beside them.")] = "",
    item: Annotated[
        list[str] | None,
        typer.Option(help="Id of an item of the task's rubric; may be given again. Without --points they add up."),
    ] = None,
    undo: UndoOption = False,
    confirm: ConfirmOption = False,
    by: AuthorOption = None,
    out: GradedOption = None,
) -> None:
    """Give points for the part of a task that asks for judgement."""
    from harness.marking import deciding
    from harness.marking.entries import Key, Kind
    from harness.marking.store import MarksError

    def wanted(result: Result, _last: Entry | None, author: str) -> Draft:
        if points is None and not item:
            raise MarksError("say how many points with --points, or what was found with --item")
        return deciding.mark(result, task, points, comment, author, item or ())

    _one_of(undo, confirm, points is not None or bool(comment) or bool(item))
    _decide(out, Key(name, Kind.MARK, task), by, None if undo else _confirmed if confirm else wanted)


def override(
    name: NameArgument,
    check: Annotated[str, typer.Argument(help="A check's id, as 2C.accuracy; `harness marks` lists them.")],
    points: Annotated[float | None, typer.Option(help="Points in place of the measured ones.")] = None,
    reason: Annotated[str, typer.Option(help="Why; the student reads it.")] = "",
    undo: UndoOption = False,
    confirm: ConfirmOption = False,
    by: AuthorOption = None,
    out: GradedOption = None,
) -> None:
    """Give a check other points than were measured, with a reason. What was measured stays, and is shown beside."""
    from harness.marking import deciding
    from harness.marking.entries import Key, Kind
    from harness.marking.store import MarksError

    def wanted(result: Result, _last: Entry | None, author: str) -> Draft:
        if points is None:
            raise MarksError("say how many points with --points, and why with --reason")
        return deciding.override(result, check, points, reason, author)

    _one_of(undo, confirm, points is not None or bool(reason))
    _decide(out, Key(name, Kind.OVERRIDE, check), by, None if undo else _confirmed if confirm else wanted)


@marks.callback(invoke_without_command=True)
def show(context: typer.Context, out: GradedOption = None) -> None:
    """Show what is marked, what is open, what was overruled, and what waits to be confirmed."""
    if context.invoked_subcommand is not None:
        if out is not None:
            from harness import terminal

            word = context.invoked_subcommand
            terminal.error("usage", f"--out goes behind {word}: harness marks {word} … --out {out}")
            raise typer.Exit(2)
        return
    from harness import graded
    from harness.marking import shown
    from harness.marking.applied import with_marks
    from harness.marking.store import MarkStore

    def run() -> tuple[list[Result], Path]:
        folder = graded.found(out)
        present = MarkStore.of(folder).present().values()
        return [with_marks(result, present) for result in graded.results(folder)], folder

    results, folder = guarded(run)
    shown.table(results, folder)


@marks.command("export")
def export(
    to: Annotated[Path | None, typer.Option("--to", help="File to write; standard output by default.")] = None,
    out: GradedOption = None,
) -> None:
    """Write all present decisions as a CSV table."""
    from harness import graded, terminal
    from harness.files import write_atomically
    from harness.marking import table
    from harness.marking.store import MarkStore

    def run() -> str:
        text = table.export(MarkStore.of(graded.found(out)).present().values())
        if to is not None:
            write_atomically(to, text.encode())
        return text

    text = guarded(run)
    if to is None:
        sys.stdout.write(text)
    else:
        terminal.say(f"Written: {to}")


@marks.command("import")
def read_in(
    table: Annotated[Path, typer.Argument(help="A CSV table as `harness marks export` writes it.")],
    by: AuthorOption = None,
    out: GradedOption = None,
) -> None:
    """Take the decisions of a table in: all of them, or, where a line is at fault, none."""
    from harness import graded, terminal
    from harness.marking import shown
    from harness.marking import table as module
    from harness.marking.author import author
    from harness.marking.store import MarkStore
    from harness.text import for_terminal, quantity

    def run() -> tuple[Imported, list[str]]:
        folder = graded.found(out)
        made = module.read_in(table, MarkStore.of(folder), graded.results(folder), author(by))
        return made, shown.written(folder) if made.entries else []

    made, notes = guarded(run)
    terminal.say(f"{quantity(len(made.entries), 'decision')} read in, {made.same} were there already.")
    for words, listed in (("gave way", made.older), ("replaced", made.replaced)):
        for sentence in listed:
            terminal.say(f"{words}: {for_terminal(sentence)}")
    for note in notes:
        terminal.say(note)


def add_to(app: typer.Typer) -> None:
    """Add the commands to the program."""
    for command in (mark, override):
        app.command()(command)
    app.add_typer(marks, name="marks")


# --- what they share


def _one_of(*asked: bool) -> None:
    from harness import terminal

    if sum(asked) > 1:
        terminal.error("usage", "Either points are given, or something is taken back or confirmed: one at a time.")
        raise typer.Exit(2)


def _decide(
    out: Path | None, key: Key, by: str | None, wanted: Callable[[Result, Entry | None, str], Draft] | None
) -> None:
    """Keep what is `wanted`, or, where it is None, take back the last; and write the files anew."""
    from harness import graded, terminal
    from harness.marking import shown
    from harness.marking.author import author
    from harness.marking.store import MarkStore
    from harness.text import for_terminal

    def run() -> tuple[Entry, list[str]]:
        folder = graded.found(out)
        result = graded.results(folder, [key.submission])[0]
        store: MarkStore = MarkStore.of(folder)
        last, who = store.last(key), author(by)
        after = last.id if last else None
        if wanted is None:
            entry = store.undo(key, who, after=after)
        else:
            entry = store.add(wanted(result, last, who), after=after)
        return entry, shown.written(folder, key.submission)

    entry, notes = guarded(run)
    for line in (shown.sentence(entry), *notes):
        terminal.say(for_terminal(line, 2_000))


def _confirmed(result: Result, last: Entry | None, author: str) -> Draft:
    from harness.marking import deciding
    from harness.marking.store import MarksError

    if last is None:
        raise MarksError(f"{result.submission.name}: nothing was decided there, so there is nothing to confirm")
    return deciding.confirmed(result, last, author)
