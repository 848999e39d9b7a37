"""Confirming final totals by name: who stands for what a hand-in comes to, in the log of what persons decided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.exports.canvas import unfinished
from harness.graded import results, unknown
from harness.marking.applied import basis_of_total, with_marks
from harness.marking.entries import Draft, Entry, Key, Kind
from harness.marking.store import MarksError, MarkStore
from harness.near import UnknownName
from harness.results import Result
from harness.text import clean, quantity

MAX_SHOWN = 8  # hand-ins named in one message


@dataclass(frozen=True)
class Confirmed:
    """What was kept, and the hand-ins whose total somebody stands for already."""

    entries: tuple[Entry, ...]
    already: tuple[str, ...] = ()


def confirm(out: Path, names: Sequence[str], author: str, incomplete: bool = False) -> Confirmed:
    """Keep that a person stands for the totals of these hand-ins, by default of all, as they are now: all of them,
    or none.

    Raises GradedError, UnknownName, and MarksError for a total that is no mark yet, unless `incomplete` says that
    the points so far are meant, and where somebody decides at the same time.
    """
    store = MarkStore.of(out)
    present = store.present()
    found = [with_marks(result, present.values()) for result in _named(out, names)]
    left = [result for result in found if not (result.confirmed and result.confirmed.holds)]
    if not incomplete:
        _refuse_unfinished(left)
    drafts = []
    for result in left:
        last = present.get(_key(result))
        drafts.append((_draft(result, author), last.id if last else None))
    already = tuple(result.submission.name for result in found if result not in left)
    return Confirmed(tuple(store.add_all(drafts)), already)


def take_back(out: Path, names: Sequence[str], author: str) -> Confirmed:
    """Take back what was confirmed last of each of these hand-ins, by default of all that were. Raises GradedError,
    UnknownName and MarksError."""
    store = MarkStore.of(out)
    present = store.present()
    last = {result.submission.name: present.get(_key(result)) for result in _named(out, names)}
    standing = [entry for entry in last.values() if entry is not None and not entry.withdrawn]
    if not standing:
        raise MarksError("nothing of these is confirmed, so there is nothing to take back")
    return Confirmed(tuple(store.undo(entry.key, author, after=entry.id) for entry in standing))


def _named(out: Path, names: Sequence[str]) -> list[Result]:
    found = {result.submission.name: result for result in results(out)}
    for name in names:
        if name not in found:
            raise UnknownName(unknown(out, name, found))
    return [result for name, result in found.items() if not names or name in names]


def _key(result: Result) -> Key:
    return Key(result.submission.name, Kind.CONFIRMED, "")


def _refuse_unfinished(found: Sequence[Result]) -> None:
    """A total that somebody confirmed before, and that changed, may be confirmed again."""
    why = unfinished([result.model_copy(update={"confirmed": None}) for result in found])
    if why:
        shown = "; ".join(f"{clean(name, 100)} ({reason})" for name, reason in list(why.items())[:MAX_SHOWN])
        more = f" and {len(why) - MAX_SHOWN} more" if len(why) > MAX_SHOWN else ""
        raise MarksError(
            f"{quantity(len(why), 'total is', 'totals are')} no mark yet: {shown}{more}. Nothing was confirmed; "
            "name the hand-ins that are complete, or say --incomplete to stand for the points so far"
        )


def _draft(result: Result, author: str) -> Draft:
    if result.points is None:
        raise MarksError(f"{clean(result.submission.name, 100)} has no points yet: none can be confirmed")
    return Draft(
        author=author, kind=Kind.CONFIRMED, submission=result.submission.name, sha256=result.submission.sha256,
        points=result.points, basis=basis_of_total(result),
    )  # fmt: skip
