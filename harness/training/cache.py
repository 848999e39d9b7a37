"""Runs that were trained before, in the store: named by the recipe and what trained it."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterator
from typing import Any

from harness.recording import Strict
from harness.store import Arrays, Store
from harness.training.process import TrainedRun
from harness.training.recipe import Recipe


class StoredRun(Strict):
    """What is kept of a run beside its arrays."""

    recipe: str
    seed: int
    history: dict[str, tuple[float | None, ...]]
    seconds: float
    trainer: str
    device: dict[str, str]


class RunCache:
    """Runs by recipe, in a store; without one, or where a run cannot be written to it, in this process's memory."""

    def __init__(self, store: Store | None) -> None:
        self.store = store
        self._here: dict[str, tuple[StoredRun, Arrays]] = {}
        self._held: dict[str, tuple[StoredRun, Arrays]] | None = None

    def get(self, recipe: Recipe, device: dict[str, Any]) -> tuple[StoredRun, Arrays] | None:
        """The run of a recipe on such a device, with its arrays ("predictions", "w0000", …), or None."""
        key = _key(recipe, device)
        known = self._here.get(key) or (self._held or {}).get(key)
        if known is not None or self.store is None:
            return known
        found = self.store.get("run", key, StoredRun)
        if found is not None and self._held is not None:
            self._held[key] = found
        return found

    def put(self, recipe: Recipe, run: TrainedRun) -> tuple[StoredRun, Arrays]:
        """Keep a run; gives back what `get` will give."""
        key = _key(recipe, run.device)
        arrays: Arrays = {"predictions": run.predictions}
        arrays |= {f"w{number:04}": weight for number, weight in enumerate(run.weights)}
        stored = StoredRun(
            recipe=recipe.sha256,
            seed=recipe.seed,
            history={name: tuple(values) for name, values in run.history.items()},
            seconds=run.seconds,
            trainer=run.trainer,
            device={name: str(value) for name, value in run.device.items()},
        )
        if self.store is None or not self.store.put("run", key, stored, arrays):
            self._here[key] = (stored, arrays)
        elif self._held is not None:
            self._held[key] = (stored, arrays)
        return stored, arrays

    @contextlib.contextmanager
    def holding(self) -> Iterator[None]:
        """Within this, what was read or put once is there until the end, whatever is evicted meanwhile."""
        self._held = {}
        try:
            yield
        finally:
            self._held = None


def _key(recipe: Recipe, device: dict[str, Any]) -> str:
    """The recipe, and everything about the trainer that may change its weights."""
    names = ("keras", "tensorflow", "jax", "backend", "device", "device_name", "trainer_key")
    trained_by = {name: str(device.get(name)) for name in names}
    text = json.dumps([recipe.sha256, trained_by], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
