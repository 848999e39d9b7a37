"""What the class page shows, worked out of the results: the table's rows, how tasks and checks went, where
accuracies lie (`class_strips`), and what a person should look at (`class_looks`).

Everything here is data for `templates/class.html.j2`, which holds no arithmetic. Links are quoted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from harness import class_looks
from harness.class_looks import LIKENESSES, HandIn, Note, Notes, Open, PairView, Seen, TwinsView, still_open
from harness.class_strips import Strip, quartiles, strips
from harness.comparing import Likeness
from harness.results import Outcome, Result, TaskResult

MEASURED = (Outcome.PASSED, Outcome.PARTIAL, Outcome.FAILED)
"""What a failure rate is a share of."""
MAX_STRIPS = 16
MAX_FINDINGS = 20
MAX_KINDS = 60  # kinds of findings and of notes that the table can be filtered by

Kind = tuple[int, str, int]
"""A kind of findings or notes: its number on the page, its code, and how many hand-ins have it."""


@dataclass(frozen=True)
class ClassRow:
    """A line of the class page: a result, the path of its scorecard relative to the class page (not quoted), and
    for how many tasks it is not sure which fits answer them."""

    result: Result
    link: str
    unsure: int = 0


@dataclass(frozen=True)
class Cell:
    """A task of a hand-in. `task` None: it is not in this hand-in's assignment."""

    id: str
    task: TaskResult | None

    @property
    def rank(self) -> int:
        """What it sorts by: outcomes from good to bad, and last what is not there."""
        return list(Outcome).index(self.task.outcome) if self.task else len(Outcome)


@dataclass(frozen=True)
class RowView:
    """A line of the table. `findings` and `notes` are numbers of the page's lists of them, for the filters."""

    hand_in: HandIn
    result: Result
    cells: tuple[Cell, ...]
    machine: float | None
    """Points by machine, so far where `lost` says that some have no value."""
    lost: str
    findings: tuple[int, ...]
    notes: tuple[int, ...]
    note_count: int


@dataclass(frozen=True)
class Tally:
    """How a task or a check went in a class. `parts`: outcomes with their count, and start and width of their piece
    of a bar, in hundredths."""

    id: str
    title: str
    parts: tuple[tuple[Outcome, int, float, float], ...]
    hand_ins: int
    passed: int
    measured: int
    failed: int
    checks: tuple[Tally, ...] = ()

    @property
    def rate(self) -> float | None:
        """The share that failed of those that were measured; None where none was."""
        return self.failed / self.measured if self.measured else None


@dataclass(frozen=True)
class ClassView:
    """The whole page. `points` are those by machine of the hand-ins that have them all."""

    assignments: tuple[str, ...]
    tasks: Mapping[str, str]
    rows: tuple[RowView, ...]
    points: tuple[float, ...]
    most: float
    tallies: tuple[Tally, ...]
    strips: tuple[Strip, ...]
    findings: tuple[Seen, ...]
    finding_kinds: tuple[Kind, ...]
    """Number, code and count of hand-ins, of every finding."""
    notes: tuple[Notes, ...]
    note_kinds: tuple[Kind, ...]
    decisions: tuple[Note, ...]
    """What persons decided and have to confirm."""
    pairs: tuple[PairView, ...]
    more_pairs: int
    twins: tuple[TwinsView, ...]
    compared: int
    handed_out: bool
    open: tuple[Open, ...]
    unread: tuple[tuple[HandIn, str], ...]
    waiting: int
    """Hand-ins with points that a person has not given yet."""

    @property
    def summary(self) -> dict[str, float]:
        """The quartiles of the points, to hundredths; empty without any."""
        if not self.points:
            return {}
        low, middle, high = quartiles(self.points)
        return {"q1": round(low, 2), "median": round(middle, 2), "q3": round(high, 2)}

    @property
    def noted(self) -> int:
        """Hand-ins with something for the person who marks."""
        return sum(row.note_count > 0 for row in self.rows)

    @property
    def incomplete(self) -> int:
        """Hand-ins whose points by machine are not all known."""
        return sum(bool(row.lost) for row in self.rows)


def view(rows: Sequence[ClassRow], likeness: Likeness | None = None) -> ClassView:
    """What the page shows of these rows, in their order; `likeness` is what those of its names have in common."""
    likeness = likeness or Likeness()
    results = [row.result for row in rows]
    hand_ins = [_hand_in(row) for row in rows]
    titles = {task.id: task.title for result in results for task in result.tasks}
    finding_codes = [[each.code for each in result.findings] for result in results]
    note_codes = class_looks.note_codes(results, likeness)
    finding_kinds, note_kinds = _kinds(finding_codes), _kinds(note_codes)
    finding_of, note_of = ({code: number for number, code, _ in kinds} for kinds in (finding_kinds, note_kinds))
    every = list(zip(hand_ins, results, strict=True))
    return ClassView(
        assignments=tuple(dict.fromkeys(result.assignment.title or result.assignment.id for result in results)),
        tasks=titles,
        rows=tuple(
            _row(*each, list(titles), [finding_of[code] for code in dict.fromkeys(findings) if code in finding_of],
                 [note_of[code] for code in dict.fromkeys(notes) if code in note_of], len(notes))
            for each, findings, notes in zip(every, finding_codes, note_codes, strict=True)
        ),
        points=tuple(result.machine_points for result in results if result.machine_points is not None),
        most=max((result.machine_max_points for result in results), default=0.0),
        tallies=tuple(_tally(task, title, results) for task, title in titles.items()),
        strips=tuple(strips(every)[:MAX_STRIPS]),
        findings=tuple(class_looks.seen(*kind, every) for kind in finding_kinds[:MAX_FINDINGS]),
        finding_kinds=finding_kinds,
        notes=tuple(class_looks.notes(*kind, every) for kind in note_kinds if kind[1] not in LIKENESSES),
        note_kinds=note_kinds,
        decisions=class_looks.decisions(every),
        pairs=class_looks.pairs(likeness, every),
        more_pairs=likeness.more,
        twins=class_looks.twins(likeness, every),
        compared=len(likeness.names),
        handed_out=likeness.handed_out,
        open=class_looks.without_value(every),
        unread=tuple((hand_in, result.problem) for hand_in, result in every if result.problem),
        waiting=sum(any(task.manual and task.manual.points is None for task in each.tasks) for each in results),
    )  # fmt: skip


def _kinds(codes: Iterable[Sequence[str]]) -> tuple[Kind, ...]:
    """The codes, that of most hand-ins first."""
    counts = Counter(code for each in codes for code in set(each))
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:MAX_KINDS]
    return tuple((number, code, count) for number, (code, count) in enumerate(ranked))


# --- the table


def _hand_in(row: ClassRow) -> HandIn:
    link = quote(row.link.encode("utf-8", "replace"), safe="/")  # quoting ":" leaves no scheme
    return HandIn(row.result.submission.name, link)


def _row(
    hand_in: HandIn, result: Result, tasks: Sequence[str], findings: Sequence[int], notes: Sequence[int], count: int
) -> RowView:
    by_id = {task.id: task for task in result.tasks}
    known = [task.machine_points for task in result.tasks if task.machine_points is not None]
    machine = result.machine_points
    return RowView(
        hand_in=hand_in,
        result=result,
        cells=tuple(Cell(task, by_id.get(task)) for task in tasks),
        machine=sum(known) if machine is None and known else machine,
        lost="; ".join(f"{', '.join(names)}: {reason}" for reason, names in still_open(result).items()),
        findings=tuple(findings),
        notes=tuple(notes),
        note_count=count,
    )


# --- how tasks and checks went


def _tally(task: str, title: str, results: Sequence[Result]) -> Tally:
    found = [each for result in results for each in result.tasks if each.id == task]
    checks = {check.id: check for each in found for check in each.checks}
    tallies = tuple(
        _counted(
            check.id,
            check.title,
            [one.counted_outcome for each in found for one in each.checks if one.id == check.id],
        )
        for check in checks.values()
    )
    return _counted(task, title, [each.outcome for each in found], tallies)


def _counted(name: str, title: str, outcomes: Sequence[Outcome], checks: tuple[Tally, ...] = ()) -> Tally:
    counts = Counter(outcomes)
    parts, start = [], 0
    for outcome in Outcome:
        if counts[outcome]:
            width = 100 * counts[outcome] / len(outcomes)
            parts.append((outcome, counts[outcome], round(100 * start / len(outcomes), 2), round(width, 2)))
            start += counts[outcome]
    measured = sum(counts[outcome] for outcome in MEASURED)
    return Tally(
        name, title, tuple(parts), len(outcomes), counts[Outcome.PASSED], measured, counts[Outcome.FAILED], checks
    )
