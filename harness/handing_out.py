"""Commands that hand results out, and the one that removes a hand-in. Arguments in, words and codes out."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

import typer

from harness.options import (
    DEFAULT_ASSIGNMENT,
    CacheOption,
    GradedOption,
    NameArgument,
    cache_folder,
    guarded,
)

if TYPE_CHECKING:
    from harness.downloads import HandIn
    from harness.results import Result
    from harness.roster import Assigned, Roster

T = TypeVar("T")

export = typer.Typer(no_args_is_help=True, help="Hand marks out: to Canvas, Gradescope, GitHub, or as files.")

OutArgument = Annotated[Path, typer.Argument(help="A folder that `harness grade` wrote.")]
RosterOption = Annotated[
    Path | None, typer.Option(help="CSV table of who belongs to which group; a group's mark goes to its members.")
]
ToFile = Annotated[Path | None, typer.Option("--to", help="File to write; standard output by default.")]
ToFolder = Annotated[Path, typer.Option("--to", help="Folder to write into; made where it does not exist.")]
AnonymousOption = Annotated[
    bool, typer.Option("--anonymous", help="Pseudonyms for names; they stay the same for this folder.")
]
OnlyOption = Annotated[
    list[str] | None, typer.Option("--only", metavar="NAME", help="Only this hand-in; may be given again.")
]


@export.command("canvas")
def export_canvas(
    out: OutArgument,
    gradebook: Annotated[Path, typer.Option(help="The gradebook as Canvas exported it (Grades, Export).")],
    to: Annotated[Path | None, typer.Option(help="File to write; gradebook.csv in OUT by default.")] = None,
    column: Annotated[
        str | None,
        typer.Option(help="The assignment's column: its head, title or id; needed where there are more."),
    ] = None,
    roster: RosterOption = None,
    incomplete: Annotated[
        bool, typer.Option("--incomplete", help="Also totals that are not final: the points so far.")
    ] = False,
) -> None:
    """Fill the assignment's column of an exported gradebook, to be imported again. Nothing else in it changes."""
    from harness.exports import canvas
    from harness.files import write_atomically

    path = to or out / "gradebook.csv"

    def run() -> tuple[canvas.Filled, Assigned]:
        results, _, assigned, _ = _read(out, roster)
        filled = canvas.fill(canvas.read(gradebook), results, assigned, column, incomplete)
        write_atomically(path, filled.text.encode())
        return filled, assigned

    filled, assigned = _told(run)
    replaced = [one for one in filled.changes if one.before not in ("", one.after)]
    for one in replaced:
        _say(f"{one.student}: {one.before} becomes {one.after} ({one.submission})")
    for sentence in (*filled.kept, *filled.lost):
        _say(f"{sentence}: no mark was written")
    _say_missing(assigned)
    if filled.without:
        _say(f"{len(filled.without)} in the gradebook without a mark: {_some(filled.without)}")
    _say(f"{len(filled.changes)} marks in {filled.column!r}. Written: {path}")
    raise typer.Exit(1 if filled.lost else 0)


@export.command("gradescope")
def export_gradescope(out: OutArgument, to: ToFolder, only: OnlyOption = None) -> None:
    """Write Gradescope's results.json: into the folder for one hand-in, into a folder each for several."""
    import json

    from harness.exports.gradescope import results_json

    def run() -> list[Path]:
        results, _, _, _ = _read(out, None, only)
        documents = {
            result.submission.name: json.dumps(results_json(result), indent=1) + "\n" for result in results
        }
        if len(documents) == 1:
            return [_written(to / "results.json", next(iter(documents.values())))]
        return [_written(to / name / "results.json", text) for name, text in documents.items()]

    _say(f"Written: {_some([str(path) for path in _told(run)])}")


@export.command("autograder")
def export_autograder(
    file: Annotated[Path, typer.Argument(help="Zip to write, for Gradescope's Configure Autograder.")],
    assignment: Annotated[
        str, typer.Option(help="Id of the assignment, installed where it runs.")
    ] = DEFAULT_ASSIGNMENT,
    profile: Annotated[Literal["quick", "full"], typer.Option(help="quick is a forecast.")] = "quick",
    install: Annotated[str | None, typer.Option(help="What pip installs there; this version by default.")] = None,
    wheel: Annotated[Path | None, typer.Option(help="A wheel of the harness, packed along and installed.")] = None,
) -> None:
    """Write an autograder for Gradescope that runs `harness check` on each hand-in."""
    import harness
    from harness.exports.gradescope import autograder
    from harness.files import write_atomically

    def run() -> None:
        packed = (wheel.name, wheel.read_bytes()) if wheel else None
        made = autograder(assignment, profile, install or f"nn-grading-harness=={harness.__version__}", packed)
        write_atomically(file, made)

    _told(run)
    _say(f"Written: {file}")


@export.command("github")
def export_github(
    out: OutArgument,
    to: Annotated[Path | None, typer.Option(help="Folder for classroom.json and summary.md.")] = None,
    folder: Annotated[str, typer.Option(help="Where the hand-in lies in its repository, for annotations.")] = "",
    only: OnlyOption = None,
) -> None:
    """Annotate a hand-in on GitHub, and report to GitHub Classroom.

    Annotations go to standard output. Within a step of GitHub Actions the summary goes to $GITHUB_STEP_SUMMARY and
    the result for the Classroom reporter to $GITHUB_OUTPUT, as `result`.
    """
    import json

    from harness.exports import github

    def run() -> list[str]:
        results, _, _, _ = _read(out, None, only)
        page = github.summary(results)
        documents = {result.submission.name: github.classroom(result) for result in results}
        if to is not None:
            _written(to / "summary.md", page)
            for name, document in documents.items():
                path = to / "classroom.json" if len(documents) == 1 else to / name / "classroom.json"
                _written(path, json.dumps(document, indent=1) + "\n")
        _append("GITHUB_STEP_SUMMARY", page)
        if len(documents) == 1:
            _append("GITHUB_OUTPUT", f"result={github.encoded(next(iter(documents.values())))}\n")
        return github.workflow_commands(results, folder)

    for line in _told(run):
        sys.stdout.write(line + "\n")


@export.command("junit")
def export_junit(
    out: OutArgument, to: ToFolder, only: OnlyOption = None, anonymous: AnonymousOption = False
) -> None:
    """Write a JUnit XML file a hand-in, named for it."""
    from harness.exports.junit import junit
    from harness.files import write_atomically

    def run() -> int:
        results, hand_ins, assigned, _ = _read(out, None, only)
        shown = _anonymous(out, results, hand_ins, assigned) if anonymous else results
        to.mkdir(parents=True, exist_ok=True)
        for result in shown:
            write_atomically(to / f"{result.submission.name}.xml", junit(result))
        return len(shown)

    _say(f"{_told(run)} written into {to}")


@export.command("csv")
def export_csv(
    out: OutArgument, to: ToFile = None, roster: RosterOption = None, anonymous: AnonymousOption = False
) -> None:
    """Write the table of marks: a line a hand-in; with a roster a line a student, those without one among them."""
    from harness.exports.members import members_csv
    from harness.exports.table import grades_csv

    def run() -> str:
        results, hand_ins, assigned, read = _read(out, roster)
        if anonymous:
            return grades_csv(_anonymous(out, results, hand_ins, assigned))
        return members_csv(results, assigned, read) if read else grades_csv(results)

    _give(_told(run), to)


@export.command("json")
def export_json(
    out: OutArgument,
    to: ToFile = None,
    roster: RosterOption = None,
    only: OnlyOption = None,
    anonymous: AnonymousOption = False,
) -> None:
    """Write all results as one JSON document."""
    from harness.exports.document import class_json

    def run() -> str:
        results, hand_ins, assigned, _ = _read(out, roster, only)
        return class_json(_anonymous(out, results, hand_ins, assigned) if anonymous else results)

    _give(_told(run), to)


def feedback(out: OutArgument, to: ToFolder, roster: RosterOption = None, only: OnlyOption = None) -> None:
    """Write one page a student, named as Canvas takes it back, and a zip of them to upload."""
    from harness.exports import feedback as module

    def run() -> tuple[module.Feedback, Assigned]:
        results, hand_ins, assigned, _ = _read(out, roster, only)
        names = [result.submission.name for result in results]
        return module.write(out, to, names, hand_ins, assigned), assigned

    made, assigned = _told(run)
    for sentence in made.by_hand:
        _say(f"{sentence}")
    if not only:
        _say_missing(assigned)
    _say(f"{len(made.sheets)} pages written into {to}")
    if made.archive is not None:
        _say(f"For Canvas (the assignment's page, Upload Submissions): {made.archive}")


def purge(
    name: NameArgument,
    out: GradedOption = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask first.")] = False,
    cache: CacheOption = True,
) -> None:
    """Remove all of one hand-in: results, rows of the class, lines of the journal, what the cache holds of it."""
    from harness import graded
    from harness.purge import Purged
    from harness.purge import purge as remove
    from harness.store import Store
    from harness.text import for_terminal

    graded_in = _told(lambda: graded.found(out))
    if not yes:
        what = for_terminal(f"all of {name} from {graded_in}", 400)
        typer.confirm(f"Remove {what}? Nothing of it can be brought back", abort=True)

    def run() -> Purged:
        folder = cache_folder(cache)
        return remove(name, graded_in, None if folder is None else Store(folder))

    made = _told(run)
    kept = ", ".join(f"{count} {kind}s" for kind, count in made.cache.items()) or "nothing"
    of_class = f"{made.rows} rows, {made.journal_lines} lines of the journal"
    _say(f"{made.files} files, {of_class} and {made.marks} decisions of persons were removed.")
    _say(f"Of the cache: {kept}; {made.shared} that others use as well stay.")
    for note in made.notes:
        _say(note)
    _say("Exports and feedback that were written before are not touched.")
    raise typer.Exit(1 if made.notes else 0)


def add_to(app: typer.Typer) -> None:
    """Add the commands to the program."""
    app.add_typer(export, name="export")
    for command in (feedback, purge):
        app.command()(command)


# --- what they share


def _told(run: Callable[[], T]) -> T:
    """What `run` gives; a fault of whoever asked becomes a sentence and exit code 2."""
    from harness.downloads import DownloadError
    from harness.exports.anonymous import SecretError
    from harness.exports.canvas import CanvasError
    from harness.exports.feedback import FeedbackError
    from harness.graded import GradedError
    from harness.roster import RosterError

    def known() -> tuple[T | None, Exception | None]:
        try:
            return run(), None
        except (CanvasError, DownloadError, FeedbackError, GradedError, RosterError, SecretError) as error:
            return None, error

    made, error = guarded(known)
    if error is not None:
        from harness import terminal

        terminal.error("usage", str(error))
        raise typer.Exit(2)
    return made  # type: ignore[return-value]  # None only where there is an error, or where T is None


def _read(
    out: Path, roster: Path | None, only: list[str] | None = None
) -> tuple[list[Result], dict[str, HandIn], Assigned, Roster | None]:
    """The results in a folder, their hand-ins as far as they are known, and whose they are. What does not count is
    told on standard error: standard output may be the export."""
    from harness import graded, terminal
    from harness.downloads import saved
    from harness.marking import writing
    from harness.roster import assign
    from harness.roster import read as read_roster

    writing.caught_up(out)
    results = graded.results(out, only or ())
    for sentence in graded.told(graded.left_out(out)) if not only else ():
        terminal.error("note", sentence)
    download = saved(out)
    hand_ins = download.by_name() if download else {}
    people = read_roster(roster) if roster else None
    return results, hand_ins, assign([result.submission.name for result in results], hand_ins, people), people


def _anonymous(out: Path, results: list[Result], hand_ins: dict[str, HandIn], assigned: Assigned) -> list[Result]:
    """The results under their pseudonyms, in the order of those, which tells nothing of the names."""
    from harness.exports.anonymous import anonymous, pseudonyms

    given = pseudonyms(out)
    made = []
    for result in results:
        name = result.submission.name
        made.append(anonymous(result, given, hand_ins.get(name), assigned.members.get(name, ())))
    return sorted(made, key=lambda result: result.submission.name)


def _written(path: Path, text: str) -> Path:
    from harness.files import write_atomically

    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, text.encode())
    return path


def _append(variable: str, text: str) -> None:
    """Append to the file that a variable of GitHub Actions names, where there is one."""
    name = os.environ.get(variable)
    if name:
        with Path(name).open("a", encoding="utf-8", newline="\n") as file:
            file.write(text)


def _give(text: str, to: Path | None) -> None:
    if to is None:
        sys.stdout.write(text)
    else:
        _say(f"Written: {guarded(lambda: _written(to, text))}")


def _say(text: str) -> None:
    from harness import terminal
    from harness.text import for_terminal

    terminal.say(for_terminal(text, 2_000))


def _say_missing(assigned: Assigned) -> None:
    if assigned.missing:
        _say(f"{len(assigned.missing)} handed in nothing: {_some(assigned.missing)}")
    if assigned.unknown:
        _say(f"{len(assigned.unknown)} belong to nobody in the roster: {_some(assigned.unknown)}")


def _some(names: tuple[str, ...] | list[str]) -> str:
    return "; ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")
