"""What differs between two results of the same hand-ins: what `harness diff --json` prints."""

from __future__ import annotations

from typing import Literal

from pydantic import computed_field

from harness.results import Value

Kind = Literal[
    "hand_in", "data", "profile", "match", "measurement", "threshold", "cause", "earlier", "check", "points",
    "harness", "assignment", "person", "unknown",
]  # fmt: skip
"""Why something differs: another version of the hand-in was graded; other data; another profile; other networks
answer; other numbers were measured; it is held against another threshold; it could be measured, or not; an earlier
check came out otherwise; the check's source changed; it is worth another number of points; another version of the
harness, or of the rest of the assignment; a person decided; nothing that the results hold tells why."""


class Why(Value):
    """One reason, in a sentence."""

    kind: Kind
    text: str


class Side(Value):
    """What counts of a check, or of the part of a task that a person gives. `points` None: no value yet."""

    points: float | None
    max_points: float
    outcome: str = ""


class Difference(Value):
    """A check, or with an empty `check` the part of a task that a person gives. None: it is not there."""

    submission: str
    task: str
    check: str = ""
    title: str = ""
    before: Side | None
    after: Side | None
    why: tuple[Why, ...] = ()

    @computed_field  # type: ignore[prop-decorator]  # pydantic's own idiom for computed properties
    @property
    def counts(self) -> bool:
        """Whether points or outcome differ, and not only what was measured."""
        return self.before != self.after


class Total(Value):
    """The points of a hand-in so far, before and after."""

    submission: str
    before: float | None
    after: float | None
    max_before: float
    max_after: float


class Diff(Value):
    """All that differs. `versions`: of the harness and the assignment, as (name, before, after) where they do."""

    old: str
    new: str
    compared: int
    """Hand-ins that are on both sides."""
    only_old: tuple[str, ...] = ()
    only_new: tuple[str, ...] = ()
    versions: tuple[tuple[str, str, str], ...] = ()
    totals: tuple[Total, ...] = ()
    """Of the hand-ins whose points differ."""
    differences: tuple[Difference, ...] = ()

    @computed_field  # type: ignore[prop-decorator]
    @property
    def same(self) -> bool:
        """Whether the same hand-ins are on both sides, and no mark and no outcome differs."""
        counted = any(one.counts for one in self.differences)
        return not (counted or self.totals or self.only_old or self.only_new)
