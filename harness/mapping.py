"""A person's say on which fits answer which task: from `harness.toml`, from `--map`, or from the table of a class.

    [map."group 7"]            # a hand-in, as its folder or file is called; "*" is every one
    2C = "fit-3"               # as `harness record` names it,
    3A = "cell 14"             # or where it is: the fit of that cell, in "part2.ipynb cell 3" of that file
    2D = ["fit-4", "fit-5"]    # several together
    4A = ""                    # none

Only a person who grades may say so: a `harness.toml` that lies in a hand-in is never read.
"""

from __future__ import annotations

import csv
import io
import re
import tomllib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from harness.evidence import Evidence, Network
from harness.intake import clean_name
from harness.matching import UnknownFit, resolve
from harness.text import for_csv, quantity

SETTINGS = "harness.toml"
EVERYONE = "*"
MAX_BYTES = 4 * 2**20  # of a settings file or a table
MAX_FITS = 500  # of one task
SHOWN = 5  # hand-ins that a note names
COLUMNS = ("submission", "task", "fits", "places", "sure", "reasons")
_NEEDED = ("submission", "task", "fits", "sure")

Fits = tuple[str, ...]
_PLACE = re.compile(r",? (?=(?:cell|line) \d)")  # before the parts of a place
_Text = Annotated[str, StringConstraints(max_length=20_000)]


class MappingError(ValueError):
    """What a person gave to map fits by cannot be read: the message says where, and what to write."""


class _Settings(BaseModel):
    """`harness.toml`."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    map: dict[_Text, dict[_Text, _Text | list[_Text]]] = Field(default_factory=dict)


@dataclass(frozen=True)
class Overrides:
    """Fits by submission and task, as they were written down; no fits: none answers this task.

    `named` are the submissions that must be among those that are graded, because they were named by hand for this
    run; others are passed over.
    """

    fits: Mapping[str, Mapping[str, Fits]] = field(default_factory=dict)
    named: frozenset[str] = frozenset()

    def of(self, submission: str) -> dict[str, Fits]:
        """What is given for one submission; what names it counts for more than what is for everyone."""
        given = dict(self.fits.get(EVERYONE, {}))
        for name, fits in self.fits.items():
            if name != EVERYONE and _same(name, submission):
                given |= fits
        return given

    def require(self, submissions: Sequence[str]) -> None:
        """Raises MappingError where a submission was named that is not there."""
        for name in sorted(self.named):
            if not any(_same(name, one) for one in submissions):
                raise MappingError(
                    f"--map names the hand-in {name!r}, and it is not among those that are graded: "
                    f"{', '.join(submissions[:20])}"
                )

    def passed_over(self, submissions: Sequence[str]) -> list[str]:
        """The names for which something is given and that are not among these submissions."""
        names = (name for name, given in self.fits.items() if given and name != EVERYONE)
        return [name for name in names if not any(_same(name, one) for one in submissions)]

    def then(self, other: Overrides) -> Overrides:
        """Both, `other` counting for more."""
        fits = {name: dict(tasks) for name, tasks in self.fits.items()}
        for name, tasks in other.fits.items():
            fits[name] = {**fits.get(name, {}), **tasks}
        return Overrides(fits, self.named | other.named)


@dataclass(frozen=True)
class Row:
    """A line of the table of a class: which fits answer a task of a submission, where they are, and why."""

    submission: str
    task: str
    fits: Fits
    places: tuple[str, ...]
    sure: bool
    reasons: tuple[str, ...]


def follow(given: Mapping[str, Fits], evidence: Evidence) -> tuple[dict[str, Fits], list[str]]:
    """Of what is given for a submission, the fits by their ids where they differ from what its rules found or were
    not sure of; and a sentence for each task whose fits are not there, which its rules then decide."""
    networks = [Network(record, evidence.fits[record.id]) for record in evidence.recording.fits]
    followed: dict[str, Fits] = {}
    problems: list[str] = []
    for task, names in given.items():
        found = evidence.matches.get(task)
        try:
            fits = resolve(names, networks)
        except UnknownFit as error:
            problems.append(f"task {task}: not matched as given, because {error}.")
            continue
        if set(fits) != set(found.fits if found else ()) or (found is not None and not found.sure):
            followed[task] = fits
    return followed, problems


# --- reading


def read(arguments: Iterable[str], settings: Path | None, tasks: Collection[str]) -> Overrides:
    """All that was given: the settings file, then each `--map` in turn, a later one counting for more.

    `tasks` are those that fits can answer. Raises MappingError.
    """
    found = Overrides() if settings is None else read_settings(settings, tasks)
    for argument in arguments:
        table = "=" not in argument and argument.lower().endswith(".csv")
        found = found.then(read_table(Path(argument), tasks) if table else read_argument(argument, tasks))
    return found


def settings_file(given: Path | None, folder: Path, hand_ins: Sequence[Path]) -> Path | None:
    """The settings file to read: the one that is given, else that of `folder`, where the command runs.

    One in a hand-in is its author's and not read. Raises MappingError where the given one is that, or not there.
    """
    if given is not None:
        if not given.is_file():
            raise MappingError(f"{given}: there is no such file")
        if _in_a_hand_in(given, hand_ins):
            raise MappingError(f"{given} lies in a hand-in, whose author does not decide this; copy it elsewhere")
        return given
    path = folder / SETTINGS
    return path if path.is_file() and not _in_a_hand_in(path, hand_ins) else None


def read_settings(path: Path, tasks: Collection[str]) -> Overrides:
    """The overrides of a `harness.toml`. Raises MappingError."""
    try:
        settings = _Settings.model_validate(tomllib.loads(_text(path)))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise MappingError(f'{path}: {place}: {first["msg"]}; write [map."group 7"] and 2C = "fit-3"') from None
    except tomllib.TOMLDecodeError as error:
        raise MappingError(f"{path}: {error}") from None
    fits = {
        _submission(name, str(path)): {
            _task(task, tasks, str(path)): split(given, str(path)) for task, given in by_task.items()
        }
        for name, by_task in settings.map.items()
    }
    return Overrides(fits)


def read_argument(text: str, tasks: Collection[str]) -> Overrides:
    """The override of one `--map`, "2C=fit-3" for every hand-in or "group 7:2C=fit-3". Raises MappingError."""
    left, equals, right = text.partition("=")
    if not equals:
        raise MappingError(f"--map {text!r}: write TASK=FITS, HAND-IN:TASK=FITS, or the path of a table (.csv)")
    name, colon, task = left.rpartition(":")
    where = f"--map {text!r}"
    submission = _submission(name, where) if colon else EVERYONE
    fits = {submission: {_task(task.strip(), tasks, where): split(right, where)}}
    return Overrides(fits, frozenset() if submission == EVERYONE else frozenset({submission}))


def read_table(path: Path, tasks: Collection[str]) -> Overrides:
    """The overrides of a table that `table` wrote and a person went through: the rows whose `sure` is yes.

    Commas or semicolons, with or without a byte order mark, as spreadsheets save it. Raises MappingError with the
    line.
    """
    text = _text(path)
    first = text.partition("\n")[0]
    reader = csv.reader(
        io.StringIO(text), delimiter=";" if first.count(";") > first.count(",") else ",", strict=True
    )
    fits: dict[str, dict[str, Fits]] = {}
    try:
        heads = [head.strip().lower() for head in next(reader, [])]
        missing = [name for name in _NEEDED if name not in heads]
        if missing:
            raise MappingError(f"{path}, line 1: there is no column {missing[0]!r}; it needs {', '.join(_NEEDED)}")
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            where = f"{path}, line {reader.line_num}"
            if len(cells) != len(heads):
                raise MappingError(f"{where}: there are {len(cells)} cells, and {len(heads)} in the first line")
            row = dict(zip(heads, cells, strict=True))
            submission, sure = _submission(row["submission"], where), row["sure"].strip().lower()
            task = _task(row["task"].strip(), tasks, where)
            if sure not in ("yes", "no"):
                raise MappingError(f"{where}: sure is {row['sure'][:40]!r}; write yes or no")
            by_task = fits.setdefault(submission, {})
            if task in by_task:
                raise MappingError(f"{where}: task {task} of {submission} stands there twice")
            if sure == "yes":
                by_task[task] = split(row["fits"], where)
    except csv.Error as error:
        raise MappingError(f"{path}, line {reader.line_num}: {error}") from None
    return Overrides(fits)


def split(given: str | Sequence[str], where: str) -> Fits:
    """Fits as a person lists them, with commas or semicolons; "a.ipynb, cell 3, line 2", as pages show a place, and
    "a.ipynb cell 3" are one. Raises MappingError."""
    fits: list[str] = []
    for text in [given] if isinstance(given, str) else given:
        for part in text.split(";"):
            apart: list[str] = []
            for piece in part.split(","):
                name = _PLACE.sub(", ", " ".join(piece.split()))
                if apart and _says_more(name, apart[-1]):
                    apart[-1] += f", {name}"
                elif name:
                    apart.append(name)
            fits += apart
    chosen = tuple(dict.fromkeys(fits))
    if len(chosen) > MAX_FITS or any(len(name) > 300 or not name.isprintable() for name in chosen):
        raise MappingError(f'{where}: write fits as "fit-3", "cell 14" or "part2.ipynb cell 3", at most {MAX_FITS}')
    return chosen


# --- writing


def rows(evidence: Evidence, tasks: Iterable[str]) -> list[Row]:
    """The lines of one submission: a line a task that fits can answer; none where nothing was recorded."""
    if evidence.problem is not None:
        return []
    made = []
    for task in tasks:
        match = evidence.matches.get(task)
        places = tuple(str(network.where) for network in evidence.networks(task) if network.where)
        made.append(
            Row(
                submission=evidence.submission.name,
                task=task,
                fits=match.fits if match else (),
                places=places,
                sure=match.sure if match else True,
                reasons=match.reasons if match else ("No fit was found for it.",),
            )
        )
    return made


def table(lines: Iterable[Row]) -> str:
    """The table of a class as CSV text with a header, to be written as UTF-8; no cell is taken for a formula."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in lines:
        writer.writerow(
            [
                for_csv(row.submission),
                for_csv(row.task),
                for_csv(", ".join(row.fits), 20_000),
                for_csv("; ".join(dict.fromkeys(row.places)), 4_000),
                "yes" if row.sure else "no",
                for_csv(" ".join(row.reasons), 4_000),
            ]
        )
    return text.getvalue()


# --- details


def unsure(lines: Iterable[Row], path: Path) -> str | None:
    """What the person who grades is to do about unsure matches, whose table lies at `path`; None where all are
    sure."""
    tasks: dict[str, list[str]] = {}
    for line in lines:
        if not line.sure:
            tasks.setdefault(line.submission, []).append(line.task)
    if not tasks:
        return None
    first = "; ".join(f"{name}: {', '.join(several)}" for name, several in list(tasks.items())[:SHOWN])
    count = quantity(sum(map(len, tasks.values())), "match is", "matches are")
    return (
        f"{count} unsure ({first}{'; …' if len(tasks) > SHOWN else ''}). Look at {path}, correct the column fits, "
        f"write yes under sure, and run this again with --map {path}."
    )


def _says_more(name: str, place: str) -> bool:
    """Whether "cell 3" or "line 2" belongs to the file or the cell before it, and is no fit of its own."""
    if name.startswith("cell "):
        return place.endswith((".ipynb", ".py"))
    return name.startswith("line ") and not place.startswith("fit-")


def _same(written: str, submission: str) -> bool:
    """Whether a person who writes "group 7", "group 7.zip" or "group_7" means the submission "group_7"."""
    return submission.casefold() in (written.casefold(), clean_name(Path(written)).casefold())


def _submission(name: str, where: str) -> str:
    shown = name.strip()
    if not shown or len(shown) > 300 or not shown.isprintable():
        raise MappingError(f"{where}: {shown[:40]!r} is no name of a hand-in")
    return shown


def _task(name: str, tasks: Collection[str], where: str) -> str:
    found = next((task for task in tasks if task.casefold() == name.casefold()), None)
    if found is None:
        raise MappingError(f"{where}: {name[:40]!r} is no task that fits answer; those are {', '.join(tasks)}")
    return found


def _in_a_hand_in(path: Path, hand_ins: Sequence[Path]) -> bool:
    place = path.resolve()
    return any(hand_in.is_dir() and place.is_relative_to(hand_in.resolve()) for hand_in in hand_ins)


def _text(path: Path) -> str:
    """A file's text. Raises MappingError where it is missing, too large or not UTF-8."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise MappingError(f"{path}: {error.strerror or error}") from None
    if len(data) > MAX_BYTES:
        raise MappingError(f"{path}: it has {len(data):,} bytes; at most {MAX_BYTES:,} are read")
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError:
        raise MappingError(f"{path}: it is not UTF-8; save it as “CSV UTF-8”") from None
