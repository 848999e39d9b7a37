"""From a recipe to its run: out of the cache, or trained after the recipes that it starts from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from harness.allowlist import Refused
from harness.results import Cause
from harness.training.cache import RunCache, StoredRun
from harness.training.channel import cause_of
from harness.training.process import TimeLimit, TrainerFailed, TrainerProcess, TrainingStopped
from harness.training.recipe import Prepared, Recipe
from harness.training.sent import Job, Weighted

Found = tuple[StoredRun, dict[str, NDArray[Any]]]
OnEpoch = Callable[[int, int], None]
"""on_epoch(epoch, of)"""


@dataclass(frozen=True)
class Untrained:
    """Why a recipe could not be trained, and whose fault that is, as plain data."""

    reason: str
    cause: Cause

    @classmethod
    def of(cls, error: Refused | TrainingStopped | TrainerFailed) -> Untrained:
        """What was raised."""
        return cls(str(error), cause_of(error))

    @property
    def error(self) -> Refused | TrainingStopped | TrainerFailed:
        """What is raised for it."""
        if self.cause is Cause.REFUSED:
            return Refused(self.reason)
        if self.cause is Cause.HARNESS_FAULT:
            return TrainerFailed(self.reason)
        return TrainingStopped(self.reason, self.cause)


@dataclass(frozen=True)
class Made:
    """A run that was trained elsewhere; `kept`: earlier, and for another reason."""

    found: Found
    kept: bool


Given = Mapping[str, Made | Untrained]
"""What was trained elsewhere, by the recipe's identity with its seed."""


@dataclass(frozen=True)
class Runs:
    """The runs of recipes with one trainer, kept in one cache; those that are `given` are taken as they are."""

    trainer: TrainerProcess
    cache: RunCache
    given: Given = field(default_factory=dict)

    def known(self, recipe: Recipe) -> Found | None:
        """The run of a recipe that was trained before, with its arrays."""
        given = self.given.get(recipe.sha256)
        if isinstance(given, Made):
            return given.found
        return self.cache.get(recipe, self.trainer.describe(recipe))

    def train(self, prepared: Prepared, on_epoch: OnEpoch, limit: TimeLimit | None) -> Found:
        """Train a recipe that is not known, and before it what it starts from; `limit` holds for each training.

        Raises Refused and TrainingStopped (theirs) and TrainerFailed (ours), also where that is what was given.
        """
        given = self.given.get(prepared.recipe.sha256)
        if isinstance(given, Untrained):
            raise given.error
        weights: dict[str, Weighted] = {}
        for one in prepared.ancestors:
            found = self.known(one.recipe)
            if found is None:
                try:
                    given = self.given.get(one.recipe.sha256)
                    if isinstance(given, Untrained):
                        raise given.error
                    found = self._train_from(one, weights, on_epoch, limit)
                except Refused as reason:
                    raise Refused(f"it starts from a network that is not trained: {reason}") from None
            weights[one.recipe.without_seed] = weighted(one.recipe, found[1])
        return self._train_from(prepared, weights, on_epoch, limit)

    def train_ahead(self, several: Sequence[Prepared], on_epoch: OnEpoch, limit: TimeLimit | None) -> None:
        """On a GPU, train those that are not known and start from nothing together, as many at once as fit.

        Elsewhere they are trained one after the other when they are asked for. Raises as `train` does.
        """
        if self.trainer.describe()["device"] != "gpu":
            return
        new = {
            one.recipe.sha256: one
            for one in several
            if not one.ancestors and one.recipe.sha256 not in self.given and self.known(one.recipe) is None
        }
        jobs = [Job(one) for one in new.values()]
        runs = self.trainer.train_all(jobs, on_epoch, limit) if jobs else []
        for job, run in zip(jobs, runs, strict=True):
            self.cache.put(job.prepared.recipe, run)

    def _train_from(
        self, prepared: Prepared, weights: Mapping[str, Weighted], on_epoch: OnEpoch, limit: TimeLimit | None
    ) -> Found:
        parents = [weights[identity] for identity in prepared.recipe.parents]
        return self.cache.put(prepared.recipe, self.trainer.train(prepared, on_epoch, parents, limit))


def weighted(recipe: Recipe, arrays: Mapping[str, NDArray[Any]]) -> Weighted:
    """A recipe with the weights among a run's arrays."""
    return Weighted(recipe, [arrays[name] for name in sorted(arrays) if name != "predictions"])
