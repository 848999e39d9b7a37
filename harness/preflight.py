"""Before a class is graded: what cannot be read, what is missing or unsure, and how long training will take.

Everything is recorded and looked at as grading does it, and kept, so that grading does not do it again. How long it
takes is computed from the operations of each different recipe and from this machine's rate, which is measured on
recipes of the class itself, for an epoch of each kind.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness import stages
from harness.classroom import Options, in_lanes, jobs_of
from harness.progress import Progress
from harness.receiving import listed, received
from harness.stages import HandIn, Outline, Wanted

STAGES_AFTER = 1.5
"""A replay, checks and pages take about so many times what recording takes."""


@dataclass(frozen=True)
class Look:
    """What is known of a hand-in before training. `problem`: why it cannot be graded as it is."""

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
        lanes = stack.enter_context(in_lanes(options, scratch, jobs_of(options, len(several)), progress))
        submissions = list(received(several, scratch / "received", options.overrides, lanes.travels, progress))
        seen = {one.name: lanes.submit(f"{one.name}: look", stages.look, one) for one in submissions}
        told = {
            lanes.submit(f"{name}: outline", stages.outline, ticket, True): name for name, ticket in seen.items()
        }
        outlines: dict[str, Outline] = {}
        seconds = 0.0
        while len(outlines) < len(told):
            ticket = lanes.next()
            if ticket in told:
                outline = lanes.value(ticket)
                outlines[told[ticket]] = outline
                seconds += outline.seconds
                for note in outline.notes:
                    progress.note(note)
        wanted = {one.key: (name, one) for name, outline in outlines.items() for one in outline.wanted}
        left = {key: one for key, (_, one) in wanted.items() if not one.kept}
        rates: dict[str, float] = {}
        for kind in dict.fromkeys(map(_kind, left.values())):
            key = min((key for key in left if _kind(left[key]) == kind), key=lambda key: left[key].operations)
            progress.stage(wanted[key][0], f"rate of {kind} networks")
            ticket = lanes.submit("rate", stages.rate, seen[wanted[key][0]], key)
            while lanes.next() is not ticket:
                pass
            rate = lanes.value(ticket)
            if rate is not None:
                rates[kind] = rate
        tasks = [rule.task for rule in options.assignment.rules()]
        known = all(_kind(one) in rates for one in left.values())
        training = sum(one.operations / rates[_kind(one)] for one in left.values()) if known else None
        return Plan(
            looks=tuple(_look(one, outlines[one.name], tasks) for one in submissions),
            asked=sum(len(outline.wanted) for outline in outlines.values()),
            distinct=len(wanted),
            kept=len(wanted) - len(left),
            width=lanes.width,
            training_hours=None if training is None else training / 3600,
            other_hours=seconds * STAGES_AFTER / 3600,
            rates=rates,
        )


def _kind(wanted: Wanted) -> str:
    return "convolutional" if wanted.convolutional else "dense"


def _look(hand_in: HandIn, outline: Outline, tasks: Sequence[str]) -> Look:
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
