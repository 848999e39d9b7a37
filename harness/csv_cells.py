"""Tables that other programs wrote, cell by cell with the place of each, so that one cell can be changed and every
other byte stays.

The format is RFC 4180's with commas, semicolons or tabs: a cell in quotes may hold any sign, a quote in it stands
twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

MAX_BYTES = 50_000_000
DELIMITERS = ",;\t"
BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"


class TableError(ValueError):
    """A table that cannot be read; the message names its file and line."""


@dataclass(frozen=True)
class Cell:
    """A cell: what it says, and where it stands in the text, its quotes among it."""

    value: str
    start: int
    end: int


@dataclass(frozen=True)
class Line:
    """A row; `number` is that of the line of text where it begins, from 1."""

    number: int
    cells: tuple[Cell, ...]

    @property
    def values(self) -> tuple[str, ...]:
        """What the cells say, without blanks around it."""
        return tuple(cell.value.strip() for cell in self.cells)

    @property
    def blank(self) -> bool:
        """Whether there is nothing in it."""
        return not any(self.values)


def text_of(path: Path) -> str:
    """The text of a table in UTF-8, line ends and byte order mark as they are. Raises TableError."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise TableError(f"{path} cannot be read: {error.strerror}") from None
    if len(data) > MAX_BYTES:
        raise TableError(f"{path} has more than {MAX_BYTES:,} bytes; that is no table of a class")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise TableError(f'{path}, line {line}: not in UTF-8; save it as "CSV UTF-8"') from None


def lines(text: str, name: str) -> list[Line]:
    """The rows of a table; `name` is the file's, for messages. Raises TableError."""
    start = len(BOM) if text.startswith(BOM) else 0
    delimiter = _delimiter(text[start:])
    return list(_lines(text, start, delimiter, name))


def changed(text: str, cells: Iterable[tuple[Cell, str]]) -> str:
    """The text with these cells saying something else, which needs no quotes; the rest is untouched."""
    for cell, value in sorted(cells, key=lambda pair: pair[0].start, reverse=True):
        text = text[: cell.start] + value + text[cell.end :]
    return text


def _delimiter(text: str) -> str:
    """What stands most often between the cells of the first row."""
    first, quoted = "", False
    for character in text:
        quoted ^= character == '"'
        if character in "\r\n" and not quoted:
            break
        first += "" if quoted else character
    return max(DELIMITERS, key=first.count)


def _lines(text: str, at: int, delimiter: str, name: str) -> Iterator[Line]:
    number = 1
    cells: list[Cell] = []
    begun = number
    while at < len(text) or cells:
        cell = _cell(text, at, delimiter, f"{name}, line {number}")
        number += text.count("\n", cell.start, cell.end)
        cells.append(cell)
        at = cell.end
        if text[at : at + 1] == delimiter:
            at += 1
            continue
        yield Line(begun, tuple(cells))
        cells = []
        at += 2 if text[at : at + 2] == "\r\n" else 1
        number += 1
        begun = number


def _cell(text: str, start: int, delimiter: str, where: str) -> Cell:
    if text[start : start + 1] != '"':
        ends = (text.find(sign, start) for sign in (delimiter, "\r", "\n"))
        end = min((place for place in ends if place >= 0), default=len(text))
        return Cell(text[start:end], start, end)
    at = start + 1
    while True:
        at = text.find('"', at)
        if at < 0:
            raise TableError(f"{where}: a quote that is opened and never closed")
        if text[at : at + 2] != '""':
            break
        at += 2
    end = at + 1
    if text[end : end + 1] not in ("", delimiter, "\r", "\n"):
        raise TableError(f"{where}: something stands behind a closing quote")
    return Cell(text[start + 1 : at].replace('""', '"'), start, end)
