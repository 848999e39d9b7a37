"""One who marks, at one output folder: what stands of each target, and what becomes of a decision.

Everything that is decided goes through `harness.marking.store`; nothing is kept here that a kill could lose.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Annotated

from pydantic import Field

from harness.marking.applied import doubt_of_mark, with_marks
from harness.marking.deciding import mark, override
from harness.marking.entries import LONGEST, Draft, Entry, Key, Kind, standing
from harness.marking.gathered import Gathered
from harness.marking.store import MarksError, MarkStore
from harness.results.base import Value

MAX_HISTORY = 8  # decisions about one target that the page lists
MAX_COMMENTS = 40  # reusable comments of a question


class DecisionRefused(ValueError):
    """A decision that cannot be: too many points, a task or check that is not there. Whoever marks mends it."""


class Target(Value):
    """What a decision is about: a mark's task or an override's check, of the hand-in of this key."""

    kind: Kind
    key: Annotated[str, Field(max_length=300)]
    target: Annotated[str, Field(max_length=300)]
    after: int | None
    """The last entry about it that the page had seen."""


class Given(Target):
    """What the page sends. `points` None: there are none, or no longer."""

    points: Annotated[float, Field(ge=0, le=1_000)] | None
    text: Annotated[str, Field(max_length=LONGEST)]
    rubric: Annotated[tuple[str, ...], Field(max_length=50)] = ()


class Past(Value):
    """A decision that was made: by whom, when (UTC, ISO 8601), and what it said."""

    by: str
    at: str
    points: float | None
    text: str
    undoes: bool


class Standing(Value):
    """What stands of a target, as the page shows it."""

    after: int | None = None
    points: float | None = None
    text: str = ""
    rubric: tuple[str, ...] = ()
    by: str = ""
    at: str = ""
    counts: bool = False
    """Whether it gives points: there are some, and what was handed in or measured is what its author saw."""
    can_undo: bool = False
    history: tuple[Past, ...] = ()
    """The latest first."""


class Session:
    """Marking of one output folder by one author. Safe in threads."""

    def __init__(
        self,
        gathered: Gathered,
        store: MarkStore,
        author: str,
        decided: Callable[[str], None] = lambda _name: None,
    ) -> None:
        """`decided` is told the name of each hand-in with a new decision."""
        self.gathered = gathered
        self.author = author
        self._store = store
        self._decided = decided

    def standing(self, kind: Kind, key: str, target: str) -> Standing:
        """What stands of a target. Raises MarksError and GradedError."""
        of = Key(self.gathered.line(key).name, kind, target)
        return self._standing(key, self._store.history(of))

    def overrides(self, key: str) -> dict[str, Standing]:
        """What stands of each check of a hand-in that was ever overridden, by the check's id."""
        name = self.gathered.line(key).name
        return {
            of.target: self._standing(key, self._store.history(of))
            for of in self._store.present(name)
            if of.kind is Kind.OVERRIDE
        }

    def decide(self, given: Given) -> Standing:
        """Keep a decision; when this returns, it is on the disk. What stands by it: of what somebody else decided
        right after it, the next decision is told by a Conflict. Raises DecisionRefused, Conflict, MarksError."""
        of = self._key(given)
        made = self._store.add(self._draft(given), after=given.after)
        self._decided(of.submission)
        return self._standing_by(given.key, made)

    def undo(self, target: Target) -> Standing:
        """Take back the last decision about a target. What stands by that, as in `decide`. Raises Conflict,
        NothingToUndo and MarksError."""
        of = self._key(target)
        made = self._store.undo(of, self.author, after=target.after)
        self._decided(of.submission)
        return self._standing_by(target.key, made)

    def marked(self) -> dict[str, list[str]]:
        """By task, the keys of the hand-ins whose mark counts."""
        keys = {line.name: line for line in self.gathered.lines.values()}
        found: dict[str, list[str]] = {task: [] for task in self.gathered.questions}
        for (name, kind, task), entry in self._store.present().items():
            line = keys.get(name)
            if kind is not Kind.MARK or entry.points is None or not line or task not in line.shares:
                continue
            if task in found and not doubt_of_mark(entry, line.sha256, line.shares[task]):
                found[task].append(line.key)
        return found

    def comments(self, task: str) -> list[str]:
        """The lines of comments that stand in this question, those of the most hand-ins first."""
        counted: Counter[str] = Counter()
        for (_, kind, target), entry in self._store.present().items():
            if kind is Kind.MARK and target == task:
                counted.update({line.strip() for line in entry.text.splitlines() if line.strip()})
        return [line for line, _ in counted.most_common(MAX_COMMENTS)]

    # --- what may be decided

    def _key(self, target: Target) -> Key:
        if target.kind not in (Kind.MARK, Kind.OVERRIDE):
            raise DecisionRefused(f"the page gives marks and overrides, no {target.kind.value}")
        return Key(self.gathered.line(target.key).name, target.kind, target.target)

    def _draft(self, given: Given) -> Draft:
        result = self.gathered.result(given.key)
        try:
            if given.kind is Kind.MARK:
                return mark(result, given.target, given.points, given.text, self.author, given.rubric)
            if given.points is None:
                raise DecisionRefused("an override gives points; undo takes it back")
            return override(result, given.target, given.points, given.text, self.author)
        except MarksError as error:
            raise DecisionRefused(
                str(error).replace(result.submission.name, given.key)
            ) from None  # names may be hidden

    # --- what stands

    def _standing_by(self, key: str, made: Entry) -> Standing:
        """What stood when this was the last entry: ids grow."""
        return self._standing(key, [entry for entry in self._store.history(made.key) if entry.id <= made.id])

    def _standing(self, key: str, log: Sequence[Entry]) -> Standing:
        if not log:
            return Standing()
        last = log[-1]
        return Standing(
            after=last.id,
            points=last.points,
            text=last.text,
            rubric=last.rubric,
            by=last.author,
            at=last.time.isoformat(timespec="seconds"),
            counts=self._counts(key, last),
            can_undo=bool(standing(log)),
            history=tuple(_past(entry) for entry in reversed(log[-MAX_HISTORY:])),
        )

    def _counts(self, key: str, entry: Entry) -> bool:
        """Whether it gives points to the hand-in as it is now."""
        result = with_marks(self.gathered.result(key), [entry])
        if entry.kind is Kind.MARK:
            parts = [task.manual for task in result.tasks if task.id == entry.target and task.manual]
            return any(part.mark is not None and part.mark.holds for part in parts)
        return any(check.overruled for check in result.checks if check.id == entry.target)


def _past(entry: Entry) -> Past:
    at = entry.time.isoformat(timespec="seconds")
    return Past(by=entry.author, at=at, points=entry.points, text=entry.text, undoes=entry.undoes is not None)
