"""What a person decides about a hand-in, as entries of a log that only grows.

The present state of a target is its last entry. Nothing measured is changed by one: a result takes them in when it
is written, in `harness.marking.applied`.
"""

from __future__ import annotations

import datetime
import unicodedata
from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated, Any, NamedTuple

from pydantic import AfterValidator, AwareDatetime, ConfigDict, Field, model_validator

from harness.results.base import Value

DIGITS = 6  # of points behind the decimal point, as everywhere in results
LONGEST = 4_000  # characters of a comment or a reason: what a page shows of one text


class Kind(StrEnum):
    """What an entry decides."""

    MARK = "mark"
    """The points of a task's part that a person gives."""
    OVERRIDE = "override"
    """Points of a check in place of the measured ones."""
    NOTE = "note"
    """Words for whoever else marks. They are on no page and in no export but that of the log."""
    CONFIRMED = "confirmed"
    """A person stands for the total of the hand-in."""


class Key(NamedTuple):
    """What an entry is about. `target`: a task's id of a mark, a check's id of an override, a task's id or "" of a
    note, "" of a confirmed total."""

    submission: str
    kind: Kind
    target: str


def _typed(text: str) -> str:
    """Text as a person typed it, without what nobody types: control characters; line ends are line feeds."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(sign for sign in lines if sign in "\n\t" or unicodedata.category(sign) != "Cc").strip()


def _line(text: str) -> str:
    return " ".join(_typed(text).split())


def _rounded(points: float) -> float:
    return round(points, DIGITS)


def _in_utc(time: datetime.datetime) -> datetime.datetime:
    return time.astimezone(datetime.UTC)


Name = Annotated[str, Field(max_length=300)]
Text = Annotated[str, Field(max_length=LONGEST), AfterValidator(_typed)]
Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]


class Draft(Value):
    """A decision that is to be kept. `points` None: there are none; of a mark or an override it is withdrawn."""

    model_config = ConfigDict(strict=True)

    author: Annotated[str, Field(max_length=200), AfterValidator(_line), Field(min_length=1)]
    kind: Kind
    submission: Annotated[Name, Field(min_length=1)]
    sha256: Annotated[str, Field(max_length=64)] = ""
    """The content of the hand-in that the author saw."""
    target: Name = ""
    points: Annotated[float, Field(ge=0, le=1_000), AfterValidator(_rounded)] | None = None
    text: Text = ""
    """The comment of a mark, which the student reads; the reason of an override, which the student reads too."""
    rubric: Annotated[tuple[Name, ...], Field(max_length=50)] = ()
    """Of a mark: the ids of the rubric's items that were chosen."""
    basis: Annotated[str, Field(max_length=64)] = ""
    """Of an override: what was measured when it was made (`applied.basis`); of a confirmed total: what it was made
    of."""
    undoes: int | None = None
    """The entry that this one takes back. What it says then is what was there before that one."""
    time: Moment | None = None
    """When it was decided, in UTC; None: when it is kept."""

    @model_validator(mode="after")
    def _whole(self) -> Draft:
        if self.kind in (Kind.MARK, Kind.OVERRIDE) and not self.target:
            raise ValueError(f"a {self.kind.value} names a {'task' if self.kind is Kind.MARK else 'check'}")
        if self.kind is Kind.OVERRIDE and self.points is not None and not self.text:
            raise ValueError("an override says why: the student reads the reason")
        if self.kind is Kind.CONFIRMED and self.target:
            raise ValueError("a total is confirmed of a whole hand-in")
        if self.rubric and self.kind is not Kind.MARK:
            raise ValueError("items of a rubric are chosen in a mark")
        return self

    @property
    def key(self) -> Key:
        """What it is about."""
        return Key(self.submission, self.kind, self.target)

    @property
    def withdrawn(self) -> bool:
        """Whether nothing is left of it: neither points nor words."""
        return self.points is None and not self.text


class Entry(Draft):
    """A decision as the log has it. Ids grow, and none is given twice."""

    id: int
    time: Moment


def standing(log: Iterable[Entry]) -> list[Entry]:
    """Of the entries of one target, those that were not undone, the oldest first."""
    left: list[Entry] = []
    for entry in log:
        if entry.undoes is None:
            left.append(entry)
        elif left:
            left.pop()
    return left


def undoing(log: Iterable[Entry], author: str) -> Draft | None:
    """What takes back the last entry of one target: it says what the one before said, and as a first one is taken
    back, nothing. Undone again, the one before that is taken back. None where nothing is left to undo."""
    left = standing(log)
    if not left:
        return None
    last = left[-1]
    said: dict[str, Any] = {"points": None, "text": "", "rubric": (), "sha256": last.sha256, "basis": ""}
    if len(left) > 1:
        said = {name: getattr(left[-2], name) for name in said}
    return Draft(
        author=author, kind=last.kind, submission=last.submission, target=last.target, undoes=last.id, **said
    )
