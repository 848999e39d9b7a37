"""The present decisions of a folder as a CSV table, and such a table back into the log.

A line a decision: the last one about each task and check. What is withdrawn has a line without points, so that
another copy of the folder learns of it. A table that is read into a folder without decisions and written again is
the same, byte for byte. A spreadsheet may have been at it in between: other delimiters, line ends and quotes,
decimal commas.

A line is known again by who decided and when. What the log says already is passed over. A line that was changed in
the table is a decision of whoever reads it in, made now. One of another copy of the folder keeps its author and its
time, and gives way to a later decision here.
"""

from __future__ import annotations

import csv
import datetime
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from harness.csv_cells import Line, TableError, lines, text_of
from harness.marking.deciding import completed, told
from harness.marking.entries import DIGITS, Draft, Entry, Key, Kind
from harness.marking.store import MarksError, MarkStore
from harness.results import Result

HEADS = ("hand_in", "kind", "target", "points", "text", "rubric", "author", "time", "sha256", "basis")
NEEDED = ("hand_in", "kind", "target", "points", "text")
MAX_TOLD = 10  # faults that one message names
SHA = "sha256:"  # before a hash, so that no spreadsheet takes one for a number
_MOMENT = "%Y-%m-%d %H:%M:%S.%f UTC"  # which no spreadsheet takes for a date of its own
_NUMBER = re.compile(r"\d+(?:[.,]\d*)?|[.,]\d+")
_RISKY = re.compile(r"""(^|[;\t\n])(?=[\s'"]*[=+\-@＝＋－＠])""")  # where a cell may begin, however it is cut
_ARMED = re.compile(r"""(^|[;\t\n])'(?=[\s'"]*[=+\-@＝＋－＠])""")


@dataclass(frozen=True)
class Imported:
    """What became of a table's lines: what was added, how many said what the log says, and, in words, which gave
    way to a later decision here and which replaced an earlier one."""

    entries: tuple[Entry, ...]
    same: int
    older: tuple[str, ...]
    replaced: tuple[str, ...]


@dataclass
class _Reading:
    """A table that is being read in. `wanted`: what it adds, each after the entry that is the last one now."""

    log: dict[Key, list[Entry]]
    author: str
    wanted: list[tuple[Draft, int | None]] = field(default_factory=list)
    seen: dict[Key, int] = field(default_factory=dict)
    same: int = 0
    older: list[str] = field(default_factory=list)
    replaced: list[str] = field(default_factory=list)


def export(present: Iterable[Entry]) -> str:
    """The table, its lines ended by line feeds, in the order of hand-ins, kinds and targets; written as UTF-8.

    What a spreadsheet would take for a formula gets an apostrophe before it, which `read_in` takes away again.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADS)
    for entry in sorted(present, key=lambda entry: (entry.submission, list(Kind).index(entry.kind), entry.target)):
        cells = (
            entry.submission, entry.kind.value, entry.target, _number(entry.points), entry.text,
            " ".join(entry.rubric), entry.author, entry.time.strftime(_MOMENT),
            f"{SHA}{entry.sha256}" if entry.sha256 else "", entry.basis,
        )  # fmt: skip
        writer.writerow([_RISKY.sub(r"\1'", cell) for cell in cells])
    return text.getvalue()


def read_in(path: Path, store: MarkStore, results: Sequence[Result], author: str) -> Imported:
    """Take the lines of a table into the log: all of them or, where one is at fault, none.

    Raises MarksError with the number of each faulty line, and Conflict where somebody decides meanwhile.
    """
    by_name = {result.submission.name: result for result in results}
    reading = _Reading({}, author)
    for entry in store.since():
        reading.log.setdefault(entry.key, []).append(entry)
    faults: list[str] = []
    for number, cells in _rows(path):
        try:
            _take(reading, number, cells, by_name)
        except MarksError as error:
            faults.append(f"line {number}: {error}")
    if faults:
        more = f"; and {len(faults) - MAX_TOLD} more" if len(faults) > MAX_TOLD else ""
        raise MarksError(f"{path}: nothing was read in. {'; '.join(faults[:MAX_TOLD])}{more}")
    made = store.add_all(reading.wanted) if reading.wanted else []
    return Imported(tuple(made), reading.same, tuple(reading.older), tuple(reading.replaced))


# --- a line against the log


def _take(reading: _Reading, number: int, cells: Mapping[str, str], results: Mapping[str, Result]) -> None:
    """Note what a line adds to the log. Raises MarksError where it cannot be followed."""
    result = results.get(cells["hand_in"])
    if result is None:
        raise MarksError(f"there is no hand-in {cells['hand_in']!r}")
    key = Key(result.submission.name, _kind(cells["kind"]), cells["target"])
    if key in reading.seen:
        raise MarksError(f"it is about the same as line {reading.seen[key]}")
    reading.seen[key] = number
    log = reading.log.get(key, [])
    last = log[-1] if log else None
    draft = _draft(key, cells, last, reading.author)
    if last is None:
        if draft.withdrawn and draft.time is None:
            return  # a line that nobody filled in
        reading.wanted.append((completed(result, draft), None))
        return
    if _says(draft) == _says(last):
        reading.same += 1
        return
    decided = draft.time
    seen = [entry for entry in log if (entry.author, entry.time) == (draft.author, decided)]
    since = f"{last.author} decided on {last.time:%Y-%m-%d %H:%M} UTC"
    what = f"{key.submission}, {key.kind.value} {key.target}".rstrip()
    if decided is None:
        raise MarksError(f"{since}; export the table, and change that line")
    if seen and seen[-1] == last:  # changed in the table
        draft = draft.model_copy(update={"author": reading.author, "time": None})
    elif seen and _says(seen[-1]) != _says(draft):
        raise MarksError(f"it was changed in the table, and since the export {since}; export it again")
    elif seen or decided <= last.time:
        reading.older.append(f"{what}: {since}")
        return
    else:
        reading.replaced.append(f"{what}: {since}")
    reading.wanted.append((completed(result, draft), last.id))


def _says(draft: Draft) -> tuple[object, ...]:
    return draft.points, draft.text, draft.rubric, draft.sha256, draft.basis


# --- cells


def _rows(path: Path) -> list[tuple[int, dict[str, str]]]:
    """The lines below the heads: the number of each, and its cells by their heads. Raises MarksError."""
    try:
        table = [line for line in lines(text_of(path), str(path)) if not line.blank]
    except TableError as error:
        raise MarksError(str(error)) from None
    heads = [value.casefold() for value in table[0].values] if table else []
    missing = [head for head in NEEDED if head not in heads]
    if missing:
        raise MarksError(
            f"{path}, line 1: no column {' or '.join(missing)}; give a table as `harness marks export` writes it"
        )
    return [(line.number, _cells(line, heads, path)) for line in table[1:]]


def _cells(line: Line, heads: Sequence[str], path: Path) -> dict[str, str]:
    if len(line.cells) != len(heads):
        raise MarksError(
            f"{path}, line {line.number}: there are {len(line.cells)} cells, and {len(heads)} in the first line"
        )
    return {head: _ARMED.sub(r"\1", value) for head, value in zip(heads, line.values, strict=True)}


def _draft(key: Key, cells: Mapping[str, str], last: Entry | None, author: str) -> Draft:
    """What a line says. Of a column that the table does not have, it says what the last entry does."""
    known = {"rubric": " ".join(last.rubric), "sha256": last.sha256, "basis": last.basis} if last else {}
    said = {**known, **cells}
    try:
        return Draft(
            author=said.get("author") or author, kind=key.kind, submission=key.submission, target=key.target,
            points=_points(said["points"]), text=said["text"], rubric=tuple(said.get("rubric", "").split()),
            sha256=said.get("sha256", "").removeprefix(SHA), basis=said.get("basis", ""),
            time=_time(said.get("time", "")),
        )  # fmt: skip
    except ValidationError as error:
        raise MarksError(told(error)) from None


def _kind(text: str) -> Kind:
    try:
        return Kind(text.casefold())
    except ValueError:
        kinds = ", ".join(kind.value for kind in Kind)
        raise MarksError(f"{text!r} is no kind of decision; there are {kinds}") from None


def _number(points: float | None) -> str:
    return "" if points is None else f"{points:.{DIGITS}f}".rstrip("0").rstrip(".")


def _points(text: str) -> float | None:
    if not text:
        return None
    if not _NUMBER.fullmatch(text):
        raise MarksError(f"{text!r} is no number of points")
    return float(text.replace(",", "."))


def _time(text: str) -> datetime.datetime | None:
    if not text:
        return None
    try:
        return datetime.datetime.strptime(text, _MOMENT).replace(tzinfo=datetime.UTC)
    except ValueError:
        raise MarksError(
            f"{text!r} is no time as `harness marks export` writes it; leave it as it was, or empty for now"
        ) from None
