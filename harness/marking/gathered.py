"""The hand-ins of an output folder as they are marked: which questions there are, who has them, under which keys.

A key is what an address and a page call a hand-in: its name or, where names are hidden, its pseudonym.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

from harness.downloads import HandIn, saved
from harness.exports.anonymous import Pseudonyms, anonymous, pseudonyms
from harness.graded import RESULT, GradedError, result_of, results
from harness.marking.applied import with_marks
from harness.marking.store import MarkStore
from harness.results import Result, RubricItem
from harness.results.base import Value
from harness.roster import Roster, assign

KEPT = 16  # results that are kept in memory: those that were looked at last, and the ones beside them


class Question(Value):
    """A task's part that a person marks."""

    task: str
    title: str
    asks: str
    max_points: float
    rubric: tuple[RubricItem, ...] = ()


@dataclass(frozen=True)
class Line:
    """One hand-in. `shares`: the points that a person can give, by task."""

    key: str
    name: str
    sha256: str
    shares: dict[str, float]


class Gathered:
    """The hand-ins of an output folder, in the order in which they are marked. A result that changes is read again.

    Raises GradedError where there is none, and what `pseudonyms` and `saved` raise. Safe in threads.
    """

    def __init__(self, out: Path, hidden: bool = False, roster: Roster | None = None) -> None:
        """`hidden`: names are; those of a `roster` as well."""
        found = results(out)
        self.out = out
        self.hidden = hidden
        self.title = found[0].assignment.title or found[0].assignment.id
        self.assignment = found[0].assignment.id
        self.questions = _questions(found)
        download = saved(out)
        self._hand_ins: dict[str, HandIn] = download.by_name() if download else {}
        names = [result.submission.name for result in found]
        self._members = assign(names, self._hand_ins, roster).members if hidden else {}
        self._pseudonyms: Pseudonyms | None = pseudonyms(out) if hidden else None
        lines = [self._line(result) for result in found]
        lines.sort(key=lambda line: line.key)  # pseudonyms in the order of the names would tell them
        self.lines = {line.key: line for line in lines}
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[str, int], Result] = OrderedDict()

    def line(self, key: str) -> Line:
        """The hand-in of this key. Raises GradedError."""
        try:
            return self.lines[key]
        except KeyError:
            raise GradedError(f"there is no hand-in {key!r} here") from None

    def result(self, key: str) -> Result:
        """Its result as it lies in the folder now. Raises GradedError."""
        name = self.line(key).name
        try:
            return self._result(key, name)
        except GradedError:
            if self.hidden:  # the words name it
                raise GradedError("the result of this hand-in cannot be read any more") from None
            raise

    def _result(self, key: str, name: str) -> Result:
        changed = _changed(self.out / name / RESULT)
        with self._lock:
            found = self._kept.get((name, changed))
        if found is None:
            found = result_of(self.out / name)
            with self._lock:
                self._kept[name, changed] = found
                while len(self._kept) > KEPT:
                    self._kept.popitem(last=False)
                self.lines[key] = self._line(found)
        return found

    def shown(self, key: str) -> Result:
        """Its result as the page shows it: with what is decided now, without names where they are hidden."""
        result = self.result(key)
        result = with_marks(result, MarkStore.of(self.out).present(result.submission.name).values())
        if self._pseudonyms is None:
            return result
        name = result.submission.name
        hand_in, members = self._hand_ins.get(name), self._members.get(name, ())
        return anonymous(result, self._pseudonyms, hand_in, members, written=True)

    def _line(self, result: Result) -> Line:
        name = result.submission.name
        key = self._pseudonyms.of(name) if self._pseudonyms else name
        shares = {task.id: task.manual.max_points for task in result.tasks if task.manual}
        return Line(key, name, result.submission.sha256, shares)


def _questions(found: list[Result]) -> dict[str, Question]:
    """What a person marks, by task, in the order of the assignment: of the hand-in that has the most of it."""
    most = max(found, key=lambda result: len(result.tasks))
    return {
        task.id: Question(
            task=task.id,
            title=task.title,
            asks=task.manual.asks,
            max_points=task.manual.max_points,
            rubric=task.manual.rubric,
        )
        for task in most.tasks
        if task.manual
    }


def _changed(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        raise GradedError(f"{path} is gone; start the page again") from None
