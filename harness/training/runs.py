"""From a recipe to its run: out of the cache, or trained after the recipes that it starts from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from harness.allowlist import Refused
from harness.training.cache import RunCache, StoredRun
from harness.training.process import Job, TimeLimit, TrainerProcess, Weighted
from harness.training.recipe import Prepared, Recipe

Found = tuple[StoredRun, dict[str, NDArray[Any]]]
OnEpoch = Callable[[int, int], None]
"""on_epoch(epoch, of)"""


@dataclass(frozen=True)
class Runs:
    """The runs of recipes with one trainer, kept in one cache."""

    trainer: TrainerProcess
    cache: RunCache

    def known(self, recipe: Recipe) -> Found | None:
        """The run of a recipe that was trained before, with its arrays."""
        return self.cache.get(recipe, self.trainer.describe(recipe))

    def train(self, prepared: Prepared, on_epoch: OnEpoch, limit: TimeLimit | None) -> Found:
        """Train a recipe that is not known, and before it what it starts from; `limit` holds for each training.

        Raises Refused and TrainingStopped (theirs) and TrainerFailed (ours).
        """
        weights: dict[str, Weighted] = {}
        for one in prepared.ancestors:
            found = self.known(one.recipe)
            if found is None:
                try:
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
        new = {one.recipe.sha256: one for one in several if not one.ancestors and self.known(one.recipe) is None}
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
