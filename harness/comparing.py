"""What hand-ins of a class have in common that a person should see: nearly the same source, or the same training.

Neither is a finding, and neither touches a point: this says where to look.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from harness import likeness
from harness.likeness import COMMON, FEW, Pair, Print

MAX_PAIRS = 40  # of which the passages are looked for, and which are listed


@dataclass(frozen=True)
class Trace:
    """What of one hand-in is compared with those of the others.

    `recipes`: by task, the identity of the trainings that were handed in for it, where they are not the
    assignment's own. `handed_out`: files that the class was given are known, and left out of the fingerprints.
    """

    submission: str
    source: Print
    recipes: Mapping[str, str] = field(default_factory=dict)
    handed_out: bool = False


@dataclass(frozen=True)
class Twins:
    """Hand-ins, by name, that train the same networks in the same way for a task."""

    task: str
    submissions: tuple[str, ...]


@dataclass(frozen=True)
class Likeness:
    """What the hand-ins of a class have in common. `names` are those that a pair's numbers stand for."""

    names: tuple[str, ...] = ()
    pairs: tuple[Pair, ...] = ()
    """The most alike, with their longest passages."""
    more: int = 0
    """How many pairs are not among them."""
    twins: tuple[Twins, ...] = ()
    handed_out: bool = False


def compare(traces: Sequence[Trace]) -> Likeness:
    """Compare all hand-ins of a class with each other."""
    prints = [trace.source for trace in traces]
    known = bool(traces) and all(trace.handed_out for trace in traces)
    pairs = likeness.alike(prints, without_common=not known)
    return Likeness(
        names=tuple(trace.submission for trace in traces),
        pairs=tuple(likeness.with_passage(pair, prints) for pair in pairs[:MAX_PAIRS]),
        more=len(pairs[MAX_PAIRS:]),
        twins=tuple(_twins(traces)),
        handed_out=known,
    )


def _twins(traces: Sequence[Trace]) -> list[Twins]:
    """Groups of hand-ins with the same training for a task, the tasks in their order, the smallest groups first.

    What more than COMMON of the class train, and more than FEW, is what everybody would.
    """
    holders: dict[tuple[str, str], list[str]] = {}
    for trace in traces:
        for task, recipe in trace.recipes.items():
            holders.setdefault((task, recipe), []).append(trace.submission)
    most = max(FEW, COMMON * len(traces))
    groups = [Twins(task, tuple(names)) for (task, _), names in holders.items() if 2 <= len(names) <= most]
    return sorted(groups, key=lambda group: (group.task, len(group.submissions), group.submissions))
