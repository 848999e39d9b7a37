"""What of a submission's evidence is compared with the rest of its class: its source, and what it asks to train."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from harness import identity, likeness
from harness.assignment import Assignment, AssignmentError
from harness.comparing import Trace
from harness.evidence import Evidence


def handed_out(assignment: Assignment) -> frozenset[int]:
    """What the assignment's handed-out files hold, to be left out where sources are compared. Read once a process.

    Raises AssignmentError for a file that is not there or cannot be read.
    """
    return _held(assignment.handed_out)


@cache
def _held(paths: tuple[Path, ...]) -> frozenset[int]:
    texts: list[str] = []
    for path in paths:
        try:
            texts += likeness.read_handed_out(path)
        except (OSError, ValueError) as error:
            raise AssignmentError(f"{path}: a file that the class was given cannot be read: {error}") from None
    return likeness.handed_out(texts)


def trace(evidence: Evidence, known: frozenset[int]) -> Trace:
    """What of a submission is compared with others; `known` as `handed_out` gives it. Takes milliseconds."""
    source = likeness.fingerprint(evidence.recording.sources, known)
    recipes = {task: recipe for task in evidence.matches if (recipe := _recipe(evidence, task))}
    return Trace(evidence.submission.name, source, recipes, bool(known))


def _recipe(evidence: Evidence, task: str) -> str:
    """The identity of all that was asked to be trained for a task, with the epochs and batch sizes that were handed
    in; "" where nothing is trained, or only the assignment's own."""
    asked = {
        identity.of_values(network.evidence.recipe.without_seed, network.epochs, network.record.batch_size)
        for network in evidence.networks(task)
        if network.evidence.recipe is not None and not network.evidence.identical
    }
    return identity.of_values(sorted(asked)) if asked else ""
