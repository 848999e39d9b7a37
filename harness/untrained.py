"""Evidence of a check that trains nothing, or for some tasks alone: what training would show is said to be left
out, by nobody's fault."""

from __future__ import annotations

from collections.abc import Collection

from harness.assignment import Assignment
from harness.evidence import Evidence, FitEvidence, Unmeasured
from harness.results import Cause

LEFT_OUT = "training was left out of this check"


def untrained(evidence: Evidence) -> Evidence:
    """The evidence as it is before training, with that as the reason wherever there is no other one."""
    fits = {name: _left_out(fit) for name, fit in evidence.fits.items()}
    missing = Unmeasured(reason=LEFT_OUT, cause=Cause.NOT_TRAINED)
    unmeasured = {"denoising": missing, "generation": missing, **evidence.unmeasured}
    return evidence.model_copy(update={"fits": fits, "unmeasured": unmeasured})


def trained_for(evidence: Evidence, assignment: Assignment, only: Collection[str]) -> Evidence:
    """The evidence before training, with training left out of what the tasks `only` do not need; without any, as it
    is."""
    if not only:
        return evidence
    needed = needed_by(assignment, only)
    kept = {fit for task, match in evidence.matches.items() if task in needed for fit in match.fits}
    fits = {name: fit if name in kept else _left_out(fit) for name, fit in evidence.fits.items()}
    return evidence.model_copy(update={"fits": fits})


def needed_by(assignment: Assignment, only: Collection[str]) -> frozenset[str]:
    """The tasks whose networks are trained for the verdicts of the tasks `only`: their own, the one whose decoder
    answers one of them, and those that are measured together with one. A task without networks of its own is judged
    by others', which nothing declares: it needs all."""
    decoded = {rule.task: rule.decodes for rule in assignment.rules()}
    if not set(only) <= set(decoded):
        return frozenset(decoded)
    needed = {*only, *(decoded[task] for task in only if decoded[task])}
    together: dict[str, list[str]] = {}
    for kind, task in assignment.measurements.on:
        together.setdefault(kind, []).append(task)
    for first, *classifiers in together.values():
        if first in needed:
            needed |= set(classifiers)
    return frozenset(needed)


def _left_out(fit: FitEvidence) -> FitEvidence:
    if fit.problem is not None:
        return fit
    return fit.model_copy(update={"problem": LEFT_OUT, "cause": Cause.NOT_TRAINED})
