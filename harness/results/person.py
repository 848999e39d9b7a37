"""What a person decided, as the result tree holds it beside what was measured."""

from __future__ import annotations

import datetime

from pydantic import Field

from harness.results.base import Value


class RubricItem(Value):
    """Something that a person looks for in a task, and what it is worth."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")
    text: str = Field(min_length=1, max_length=300)
    points: float = Field(ge=0)


class Decision(Value):
    """A decision, who made it, and whether it still counts."""

    points: float
    by: str
    at: datetime.datetime
    """In UTC."""
    holds: bool = True
    """False where something changed since, so that it counts only when a person confirms it."""
    doubt: str = ""
    """What changed, in a sentence, where it does not hold."""


class Mark(Decision):
    """The points that a person gave for the part of a task that asks for judgement."""

    comment: str = ""
    chosen: tuple[str, ...] = ()
    """Ids of the rubric's items that were found in the work."""


class Override(Decision):
    """Points that a person gave a check in place of the measured ones."""

    reason: str


class Unplaced(Value):
    """A decision about a task or a check that is not there any more."""

    kind: str
    target: str
    points: float
    text: str
    by: str
    at: datetime.datetime
