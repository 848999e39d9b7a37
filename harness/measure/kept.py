"""Measurements that were made before, in the store: named by what was measured, and by what measured it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import BaseModel

from harness import identity
from harness.allowlist import Refused
from harness.recording import Strict
from harness.results import Speed, Value
from harness.store import Store
from harness.training.device import processor
from harness.training.process import TrainerProcess
from harness.training.recipe import Recipe
from harness.training.sent import Weighted

M = TypeVar("M", bound=BaseModel)

CODE = (
    "allowlist", "compiling", "datasets", "evidence", "grading", "measure", "measured", "models", "noise",
    "recorded_models", "recorded_rows", "recording", "results", "stats", "training",
)  # fmt: skip
"""Everything that a measurement is made with; a change in it is a miss."""


class KeptMeasurement(Strict):
    """A measurement as JSON, or why there is none."""

    value: str | None = None
    refused: str | None = None


class Speeds(Value):
    """The speeds of one network."""

    speeds: tuple[Speed, ...]


class Measurements:
    """Measurements in a store, of one trainer on one data set; without a store each is made anew.

    Kept are those that the work itself decides, refusals among them; what failed by our fault or ran out of time
    or memory is tried again.
    """

    def __init__(self, store: Store | None, trainer: dict[str, Any], dataset_sha256: str) -> None:
        self._store = store
        self._made_by = [{name: str(value) for name, value in trainer.items()}, dataset_sha256]
        self._code = identity.of_source(CODE) if store else ""

    def of(self, what: str, decided_by: list[Any], type_: type[M], make: Callable[[], M]) -> tuple[M, bool]:
        """The measurement `what` of that which decides it (plain data), and whether it was kept. Raises Refused."""
        if self._store is None:
            return make(), False
        key = identity.of_values(what, decided_by, self._made_by, self._code)
        found = self._store.get("measurement", key, KeptMeasurement)
        if found is not None and found[0].refused is not None:
            raise Refused(found[0].refused)
        if found is not None and found[0].value is not None:
            try:
                return type_.model_validate_json(found[0].value), True
            except ValueError:  # not what it should be
                self._store.drop("measurement", key)
        try:
            made = make()
        except Refused as reason:
            self._store.put("measurement", key, KeptMeasurement(refused=str(reason)))
            raise
        self._store.put("measurement", key, KeptMeasurement(value=made.model_dump_json()))
        return made, False


def identity_of(network: Weighted) -> list[str]:
    """What tells a trained network from every other: its recipe, and its weights to the bit."""
    return [network.recipe.sha256, *map(identity.of_array, network.weights)]


def speed_beside(
    measured: Measurements, trainer: TrainerProcess, recipe: Recipe, reference: Path, function: str
) -> tuple[Speed, ...]:
    """A recipe's network beside the builder `function` of the file `reference`. Raises Refused and TrainerFailed.

    A speed is one of a machine, so its processor and cores decide it too. It is kept all the same: it is a ratio of
    two turns on one machine, it earns nothing, and to measure it again would only draw its noise again. That it was
    kept is said beside it.
    """

    def make() -> Speeds:
        told = trainer.speed(recipe, reference, function)
        names: tuple[Literal["inference", "training"], ...] = ("inference", "training")
        return Speeds(
            speeds=tuple(
                Speed(work=name, ratio=one["ratio"], low=one["low"], high=one["high"], n=int(one["n"]))
                for name in names
                for one in [told[name]]
            )
        )

    beside = identity.of_files((path.name, path) for path in reference.parent.glob("*.py"))
    decided_by = [recipe.sha256, reference.name, function, beside, processor(), os.cpu_count()]
    found, kept = measured.of("speed", decided_by, Speeds, make)
    return tuple(speed.model_copy(update={"kept": kept}) for speed in found.speeds)
