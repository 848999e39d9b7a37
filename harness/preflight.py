"""Before a class is graded: what cannot be read, what is missing or unsure, and how long training will take.

Everything is recorded and looked at as grading does it, and kept, so that grading does not do it again. How long it
takes is computed from the operations of each different recipe and from this machine's rate, which is measured on
recipes of the class itself, for an epoch of each kind.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness import stages
from harness.classroom import Options, check_names, in_lanes, jobs_of
from harness.coordinator import TOGETHER, TRIES
from harness.lanes import TRAINER, Lanes, Ticket, WorkerLost
from harness.progress import Progress
from harness.receiving import listed, received
from harness.stages import HandIn, Outline, Wanted

STAGES_AFTER = 1.5
"""A replay, checks and pages take about so many times what recording takes."""


@dataclass(frozen=True)
class Look:
    """What is known of a hand-in before training. `problem`: why it cannot be graded as it is, or why nothing is
    known of it."""

    name: str
    problem: str
    missing: tuple[str, ...]
    unsure: tuple[str, ...]
    trainings: int


@dataclass(frozen=True)
class Plan:
    """What grading a class will take. Hours are None where nothing could be measured."""

    looks: tuple[Look, ...]
    asked: int
    """Trainings that hand-ins ask for."""
    distinct: int
    kept: int
    """Of the different ones, those that were trained before."""
    width: int
    """How many stages run at the same time."""
    training_hours: float | None
    other_hours: float
    rates: dict[str, float] = field(default_factory=dict)
    """Operations a second, measured here, of dense and of convolutional networks."""

    @property
    def hours(self) -> float | None:
        """Wall time in hours, where every process has work until the end. More seeds, where runs do not decide,
        are not in it."""
        return None if self.training_hours is None else (self.training_hours + self.other_hours) / self.width


def plan(paths: Sequence[Path], options: Options, progress: Progress) -> Plan:
    """Look at each path as grading does, and say what grading will take. Raises as `harness.classroom.grade`."""
    with contextlib.ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="harness-")))
        several, _ = listed(paths, scratch / "download", options.one_is_a_class, progress)
        check_names(options.overrides, [one.name for one in several], progress)
        lanes = stack.enter_context(in_lanes(options, scratch, jobs_of(options, len(several)), progress))
        submissions = list(received(several, scratch / "received", options.overrides, lanes.travels, progress))
        outlines = _outlines(lanes, submissions, progress)
        wanted: dict[str, tuple[HandIn, Wanted]] = {}
        for one in submissions:
            if one.name in outlines:
                wanted.update({each.key: (one, each) for each in outlines[one.name].wanted})
        left = {key: each for key, (_, each) in wanted.items() if not each.kept}
        rates = _rates(lanes, {key: wanted[key] for key in left}, progress)
        tasks = [rule.task for rule in options.assignment.rules()]
        known = all(_kind(one) in rates for one in left.values())
        training = sum(one.operations / rates[_kind(one)] for one in left.values()) if known else None
        seconds = sum(outline.seconds for outline in outlines.values())
        return Plan(
            looks=tuple(_look(one, outlines.get(one.name), tasks) for one in submissions),
            asked=sum(len(outline.wanted) for outline in outlines.values()),
            distinct=len(wanted),
            kept=len(wanted) - len(left),
            width=lanes.width,
            training_hours=None if training is None else training / 3600,
            other_hours=seconds * STAGES_AFTER / 3600,
            rates=rates,
        )


def _outlines(lanes: Lanes, submissions: Sequence[HandIn], progress: Progress) -> dict[str, Outline]:
    """What each hand-in asks for, by name. One whose process died is tried again; one that died twice has none."""
    deaths: Counter[str] = Counter()
    outlines: dict[str, Outline] = {}
    waiting: dict[Ticket[Outline], tuple[HandIn, Ticket[stages.Seen]]] = {}

    def look(one: HandIn) -> None:
        seen = lanes.submit(f"{one.name}: look", stages.look, one)
        waiting[lanes.submit(f"{one.name}: outline", stages.outline, seen, True)] = one, seen

    for one in submissions:
        look(one)
    while waiting:
        ticket = lanes.next()
        if ticket not in waiting:
            continue
        one, seen = waiting.pop(ticket)
        try:
            outlines[one.name] = lanes.value(ticket)
            for note in outlines[one.name].notes:
                progress.note(note)
        except WorkerLost:
            deaths[one.name] += 1
            if deaths[one.name] < TRIES:
                progress.note(f"{one.name}: the process that looked at it died; it is tried again.")
                look(one)
        lanes.forget(ticket)
        lanes.forget(seen)
    return outlines


# --- how fast it goes


def _rates(lanes: Lanes, left: Mapping[str, tuple[HandIn, Wanted]], progress: Progress) -> dict[str, float]:
    """Operations a second of each kind that is left to train, where one of the kind could be trained."""
    rates: dict[str, float] = {}
    programs = Counter(one.program for _, one in left.values() if one.program)
    for kind in dict.fromkeys(_kind(one) for _, one in left.values()):
        for key in typical(one for _, one in left.values() if _kind(one) == kind):
            hand_in, one = left[key]
            progress.stage(hand_in.name, f"rate of {kind} networks")
            together = min(programs[one.program], TOGETHER) if one.program else 1
            rate = _value(lanes, hand_in, key, together)
            if rate is not None:
                rates[kind] = rate
                break
    return rates


def typical(several: Iterable[Wanted], most: int = 3) -> Iterator[str]:
    """By which of these trainings' rates the time of all is computed: first the one in the middle of all their
    operations, half of which are in larger ones or in it; then, where that cannot be trained, the next smaller."""
    ordered = sorted(several, key=lambda one: (one.operations, one.key))
    half = sum(one.operations for one in ordered) / 2
    done, middle = 0.0, 0
    for middle, one in enumerate(ordered):  # noqa: B007  # the place at which it stops is what is asked for
        done += one.operations
        if done >= half:
            break
    for one in ordered[middle::-1][:most]:
        yield one.key


def _value(lanes: Lanes, hand_in: HandIn, key: str, together: int) -> float | None:
    """The rate of one training; None also where its process died twice. What was recorded is kept, so that looking
    at the hand-in again takes little, and not all of the class is held until now."""
    for _ in range(TRIES):
        seen = lanes.submit(f"{hand_in.name}: look", stages.look, hand_in)
        ticket = lanes.submit("rate", stages.rate, seen, key, together, resource=TRAINER)
        while lanes.next() is not ticket:
            pass
        with contextlib.suppress(WorkerLost):
            return lanes.value(ticket)
    return None


def _kind(wanted: Wanted) -> str:
    return "convolutional" if wanted.convolutional else "dense"


def _look(hand_in: HandIn, outline: Outline | None, tasks: Sequence[str]) -> Look:
    if outline is None:
        why = f"the harness's own process died {TRIES} times while it looked at this hand-in: a person has to"
        return Look(hand_in.name, why, (), (), 0)
    evidence = outline.evidence
    if evidence is None:
        raise RuntimeError("an outline was asked for with its evidence and has none")
    return Look(
        name=hand_in.name,
        problem=evidence.problem or evidence.interrupted or "",
        missing=tuple(task for task in tasks if task not in evidence.matches or not evidence.matches[task].fits),
        unsure=tuple(task for task, match in evidence.matches.items() if match.fits and not match.sure),
        trainings=len(outline.wanted),
    )
