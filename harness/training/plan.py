"""Which recipes a matched task needs, with which seeds, before anything is trained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from harness.assignment import Assignment, Profile
from harness.datasets import Dataset
from harness.evidence import Network
from harness.training.recipe import Prepared, Scale, from_fit


@dataclass(frozen=True)
class PlannedFit:
    """A recorded fit, what is trained for it, and the seeds it is trained with (none where others stand for it)."""

    fit: str
    prepared: Prepared
    handed_in: str
    """Identity of the recipe with the epochs and batch size that were handed in."""
    scale: Scale | None
    seeds: tuple[int, ...]


def plan_fit(
    assignment: Assignment,
    task: str,
    network: Network,
    frames: dict[str, NDArray[Any]],
    dataset: Dataset,
    profile: Profile,
    before: Sequence[PlannedFit],
) -> PlannedFit:
    """Plan one fit of a task, after those that were planned `before` for the same task.

    In a sweep each fit is one replicate: its seed is its number among the equal ones. Elsewhere a network is
    trained with the profile's number of seeds. Raises Refused where the fit asks for what is not trained.
    """
    spec = assignment.tasks[task]
    scale = spec.scale(dataset.name, profile)
    prepared = from_fit(network.record, frames, dataset, scale)
    handed_in = prepared.recipe if scale is None else from_fit(network.record, frames, dataset).recipe
    if spec.sweep:
        number = sum(1 for other in before if other.prepared.recipe == prepared.recipe)
        seeds: tuple[int, ...] = (number,) if number < assignment.profile(profile).sweep_replicates else ()
    else:
        seeds = tuple(range(assignment.seeds(profile, network.convolutional)))
    return PlannedFit(network.record.id, prepared, handed_in.without_seed, scale, seeds)
