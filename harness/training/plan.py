"""Which recipes a matched task needs, with which seeds, before anything is trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from harness.assignment import Assignment
from harness.calibrated import Profile
from harness.datasets import Dataset
from harness.evidence import Match, Network
from harness.recording import Recording
from harness.training.cost import Work
from harness.training.from_recording import Recipes
from harness.training.recipe import Prepared, Recipe, Scale


@dataclass(frozen=True)
class PlannedFit:
    """A recorded fit, what is trained for it, and the seeds it is trained with (none where others stand for it)."""

    fit: str
    prepared: Prepared
    handed_in: str
    """Identity of the recipe with the epochs and batch size that were handed in."""
    scale: Scale | None
    seeds: tuple[int, ...]
    work: Work = field(default_factory=Work)
    """What one run takes, together with those that it starts from."""


class Planner:
    """Plans the fits of one recording's tasks. A fit that another builds on is trained as its own task has it."""

    def __init__(
        self,
        assignment: Assignment,
        profile: Profile,
        dataset: Dataset,
        recording: Recording,
        frames: Mapping[str, NDArray[Any]],
        matches: Mapping[str, Match],
    ) -> None:
        self._assignment = assignment
        self._profile = profile
        self._dataset = dataset
        self._recording = recording
        self._frames = frames
        scales = {task: spec.scale(dataset.name, profile) for task, spec in assignment.tasks.items()}
        self._scales: dict[str, Scale | None] = {}
        for match in matches.values():
            for fit in match.fits:
                self._scales.setdefault(fit, scales[match.task])
        self._as_handed_in = Recipes(recording, frames, dataset)
        self._recipes: dict[Scale | None, Recipes] = {None: self._as_handed_in}

    def plan(self, task: str, network: Network, before: Sequence[PlannedFit]) -> PlannedFit:
        """Plan one fit of a task, after those that were planned `before` for the same task.

        In a sweep each fit is one replicate: its seed is its number among the equal ones. Elsewhere a network is
        trained with the profile's number of seeds where its accuracy is judged, and once where it is not. Raises
        Refused where the fit asks for what is not trained.
        """
        spec = self._assignment.tasks[task]
        scale = self._scales.get(network.record.id, spec.scale(self._dataset.name, self._profile))
        prepared = self._scaled(scale).of(network.record.id)
        handed_in = self.handed_in(network)
        if spec.sweep:
            number = sum(1 for other in before if other.prepared.recipe == prepared.recipe)
            replicates = self._assignment.profile(self._profile).sweep_replicates
            seeds: tuple[int, ...] = (number,) if number < replicates else ()
        else:
            count = self._assignment.seeds(self._profile, network.convolutional) if spec.accuracy is not None else 1
            seeds = tuple(range(count))
        return PlannedFit(network.record.id, prepared, handed_in.without_seed, scale, seeds)

    def handed_in(self, network: Network) -> Recipe:
        """The recipe of a fit with the epochs and batch size that were handed in. Raises Refused."""
        return self._as_handed_in.of(network.record.id).recipe

    def _scaled(self, scale: Scale | None) -> Recipes:
        if scale not in self._recipes:
            self._recipes[scale] = Recipes(self._recording, self._frames, self._dataset, scale, self._scales)
        return self._recipes[scale]
