"""What a person who grades a class should look at: what was seen in many hand-ins, notes, points without a value,
and what hand-ins have in common. Each leads to the scorecards that it is about.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from harness import explained
from harness.comparing import Likeness
from harness.likeness import Passage
from harness.recording import Where
from harness.results import Cause, ModelCard, Result, summary
from harness.text import clean, points, quantity

MAX_NAMES = 6  # hand-ins that are named beside a finding; the table's filter shows all
MAX_LISTED = 40  # notes of one kind, and hand-ins that are named in a list
LIKENESSES = ALIKE, TWIN = "source like another’s", "trained like another’s"
"""The kinds of likeness, in words: the table is filtered by them as by the codes of integrity notes."""

Graded = Sequence[tuple["HandIn", Result]]


@dataclass(frozen=True)
class HandIn:
    """A hand-in's name and the quoted address of its scorecard, and a place in it where one is meant."""

    name: str
    link: str
    where: Where | None = None


@dataclass(frozen=True)
class Seen:
    """Something that was seen in several hand-ins: its code, how it is said most often, and where.

    `number` is that of the filter. `count` hand-ins have it; `hand_ins` names the first of them, each place once.
    """

    number: int
    code: str
    message: str
    count: int
    hand_ins: tuple[HandIn, ...]
    more: int
    tasks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Note:
    """An integrity note of a hand-in."""

    hand_in: HandIn
    message: str


@dataclass(frozen=True)
class Notes:
    """The integrity notes of one kind."""

    number: int
    code: str
    count: int
    notes: tuple[Note, ...]
    more: int


@dataclass(frozen=True)
class PairView:
    """Two hand-ins whose own source is alike; places as words."""

    hand_ins: tuple[HandIn, HandIn]
    shares: tuple[float, float]
    places: tuple[str, str]


@dataclass(frozen=True)
class TwinsView:
    """Hand-ins that train the same for a task, and what that is in words."""

    task: str
    what: str
    hand_ins: tuple[HandIn, ...]


@dataclass(frozen=True)
class Open:
    """Why machine points of some hand-ins have no value yet, and of which."""

    reason: str
    count: int
    hand_ins: tuple[tuple[HandIn, str], ...]
    """Each with its tasks."""
    more: int


def still_open(result: Result) -> dict[str, list[str]]:
    """Why tasks have machine points without a value yet, and which tasks these are."""
    reasons: dict[str, list[str]] = {}
    for task in result.tasks:
        if task.machine_points is None and task.machine_max_points > 0:
            causes = {check.cause for check in task.checks if not check.overruled}
            reason = "a person has to look first"
            if Cause.HARNESS_FAULT in causes:
                reason = "a fault of the harness, not of the work"
            elif Cause.NOT_TRAINED in causes:
                reason = "training was left out of this check"
            reasons.setdefault(reason, []).append(task.id)
    return reasons


def note_codes(results: Sequence[Result], likeness: Likeness) -> list[list[str]]:
    """Of each hand-in, the codes of its integrity notes, and the kinds of likeness that are listed of it."""
    alike = {likeness.names[number] for pair in likeness.pairs for number in pair.hand_ins}
    twin = {name for group in likeness.twins for name in group.submissions}
    found = []
    for result in results:
        name = result.submission.name
        codes = [note.code for note in result.integrity]
        found.append(codes + [ALIKE] * (name in alike) + [TWIN] * (name in twin))
    return found


def seen(number: int, code: str, count: int, graded: Graded) -> Seen:
    """A kind of findings over the class, told as it is told most often."""
    said: Counter[str] = Counter()
    tasks: set[str] = set()
    places: dict[str, HandIn] = {}
    for hand_in, result in graded:
        for found in result.findings:
            if found.code == code:
                said[found.message] += 1
                tasks |= {found.task} if found.task else set()
                places.setdefault(hand_in.link, HandIn(hand_in.name, hand_in.link, found.where))
    message = max(said, key=lambda message: (said[message], -len(message)), default="")
    named = tuple(places.values())
    return Seen(number, code, message, count, named[:MAX_NAMES], len(named[MAX_NAMES:]), tuple(sorted(tasks)))


def notes(number: int, code: str, count: int, graded: Graded) -> Notes:
    """The integrity notes of one kind over the class."""
    found = [
        Note(HandIn(hand_in.name, hand_in.link, note.where), note.message)
        for hand_in, result in graded
        for note in result.integrity
        if note.code == code
    ]
    return Notes(number, code, count, tuple(found[:MAX_LISTED]), len(found[MAX_LISTED:]))


def decisions(graded: Graded) -> tuple[Note, ...]:
    """What persons decided and have to confirm, and what they decided about checks and tasks that are gone."""
    found = []
    for hand_in, result in graded:
        for task in result.tasks:
            doubtful = [check for check in task.checks if check.override and not check.override.holds]
            found += [Note(hand_in, f"{check.id}. {explained.overruled(check)}") for check in doubtful]
            if task.manual and task.manual.mark and not task.manual.mark.holds:
                found.append(Note(hand_in, f"{task.id}. {explained.marked(task.manual)}"))
        if result.confirmed and not result.confirmed.holds:
            found.append(Note(hand_in, explained.final(result)))
        found += [
            Note(hand_in, f"{one.target}: {points(one.points)} points by {one.by}; the assignment has it no more.")
            for one in result.unplaced
        ]
    return tuple(found)


def without_value(graded: Graded) -> tuple[Open, ...]:
    """Of which hand-ins some machine points have no value, reason by reason."""
    found: dict[str, list[tuple[HandIn, str]]] = {}
    for hand_in, result in graded:
        for reason, tasks in still_open(result).items():
            found.setdefault(reason, []).append((hand_in, ", ".join(tasks)))
    return tuple(
        Open(reason, len(each), tuple(each[:MAX_LISTED]), len(each[MAX_LISTED:])) for reason, each in found.items()
    )


# --- what hand-ins have in common


def pairs(likeness: Likeness, graded: Graded) -> tuple[PairView, ...]:
    """The pairs of which both hand-ins are on the page."""
    hand_ins = {hand_in.name: hand_in for hand_in, _ in graded}
    shown = []
    for pair in likeness.pairs:
        one, other = (hand_ins.get(likeness.names[number]) for number in pair.hand_ins)
        if one and other:
            first, second = (_span(passage) for passage in pair.passages) if pair.passages else ("", "")
            shown.append(PairView((one, other), pair.shares, (first, second)))
    return tuple(shown)


def _span(passage: Passage) -> str:
    """ "notebook.ipynb, cell 4, lines 3 to 21", or both ends where they stand in different cells."""
    first, last = passage.first, passage.last
    if first.file != last.file:
        return f"{first} to {last}"
    if first.cell != last.cell:
        return f"{first} to cell {last.cell}, line {last.line}"
    lines = f"line {first.line}" if first.line == last.line else f"lines {first.line} to {last.line}"
    return f"{first.model_copy(update={'line': None})}, {lines}"


def twins(likeness: Likeness, graded: Graded) -> tuple[TwinsView, ...]:
    """The groups with the same training of which two hand-ins or more are on the page."""
    by_name = {hand_in.name: (hand_in, result) for hand_in, result in graded}
    shown = []
    for group in likeness.twins:
        known = [by_name[name] for name in group.submissions if name in by_name]
        if len(known) > 1:
            cards = [card for card in known[0][1].models if card.task == group.task]
            shown.append(TwinsView(group.task, _training(cards), tuple(hand_in for hand_in, _ in known)))
    return tuple(shown)


def _training(cards: Sequence[ModelCard]) -> str:
    """A task's network and how it is trained, in words: of the one that counts, and how many more there are."""
    card = next((card for card in cards if card.counts), None)
    if card is None:
        return ""
    how = [summary(card.layers), clean(card.optimizer, 80)]
    how.append(quantity(card.epochs, "epoch") if card.epochs else "")
    how.append(f"batch {card.batch_size:,}" if card.batch_size else "")
    told = ", ".join(part for part in how if part)
    return told + (f", and {quantity(len(cards) - 1, 'more network')}" if cards[1:] else "")
