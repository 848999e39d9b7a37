"""The recipe: everything that decides a training run, in canonical form, with a hash.

Two submissions with the same recipe are trained once. A recipe is made from a recorded fit by
`harness.training.from_recording`; nothing else of a submission reaches a trainer.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from numpy.typing import NDArray
from pydantic import Field

from harness.datasets import Dataset
from harness.models import ModelSpec
from harness.recording import Strict
from harness.training.arrays_spec import (
    ArraySpec,
    Derive,
    LayerStart,
    evaluation_array,
    no_models,
    training_array,
    unused,
)

Pair = tuple[NDArray[Any], NDArray[Any]]
"""Inputs and targets."""


class Recipe(Strict):
    """Everything that decides a training run. `sha256` is its identity; the seed is part of it.

    `parent`: the layers that start from weights trained by other recipes, with this one's seed. `callbacks`: what
    steers the training (`harness.training.steering`), by class and arguments; where they watch held-out data other
    than the evaluation set, `validation` is that. `augmentation`: settings of Keras's ImageDataGenerator.
    """

    version: Literal[1] = 1
    model: ModelSpec
    optimizer: tuple[str, dict[str, Any]]
    loss: tuple[str, dict[str, Any]]
    epochs: int
    batch_size: int
    shuffle: bool
    class_weight: dict[str, float] | None = None
    dataset: str
    dataset_sha256: str
    x: ArraySpec
    y: ArraySpec
    seed: int = 0
    parent: tuple[LayerStart, ...] | None = None
    callbacks: tuple[tuple[str, dict[str, Any]], ...] | None = Field(default=None, exclude_if=unused)
    validation: tuple[ArraySpec, ArraySpec] | None = Field(default=None, exclude_if=unused)
    augmentation: dict[str, Any] | None = Field(default=None, exclude_if=unused)

    @property
    def sha256(self) -> str:
        """The recipe's identity: a hash of its canonical JSON."""
        return _digest(self.model_dump(mode="json"))

    @property
    def without_seed(self) -> str:
        """The identity of what is trained, whatever the seed."""
        return _digest(self.model_dump(mode="json", exclude={"seed"}))

    @property
    def classifier(self) -> bool:
        """Whether the targets are labels."""
        return self.y.encoding in ("labels", "one_hot")

    @property
    def parents(self) -> tuple[str, ...]:
        """The identities, without seeds, of the recipes whose weights this one needs; each once, in order."""
        starts = list(self.parent or ())
        for spec in (self.x, self.y, *(self.validation or ())):
            starts += _starts(spec)
        return tuple(sorted({start.parent for start in starts}))

    def with_seed(self, seed: int) -> Recipe:
        """The same training with another seed."""
        return self.model_copy(update={"seed": seed})


class Scale(Strict):
    """Epochs and batch size of an assignment's own, where its data set is too small for the ones asked."""

    epochs: int
    batch_size: int


@dataclass(frozen=True)
class Prepared:
    """A recipe, the arrays that it names by digest, and all that must be trained before it.

    `ancestors` stand in an order in which each comes after its own parents, and have no ancestors of their own
    here. `merged`: the fits whose epochs this recipe adds up, in their order, with the epochs that each asked for:
    what was handed in as several calls of `fit` on one model, alike, is one training. `notes`: sentences on what is
    trained otherwise than handed in.
    """

    recipe: Recipe
    arrays: dict[str, NDArray[Any]] = field(default_factory=dict)
    ancestors: tuple[Prepared, ...] = ()
    merged: tuple[tuple[str, int], ...] = ()
    notes: tuple[str, ...] = ()

    def with_seed(self, seed: int) -> Prepared:
        """The same training, its ancestors' too, with another seed."""
        ancestors = tuple(one.with_seed(seed) for one in self.ancestors)
        return replace(self, recipe=self.recipe.with_seed(seed), ancestors=ancestors)


def training_arrays(prepared: Prepared, dataset: Dataset, derive: Derive = no_models) -> Pair:
    """The recipe's training data: inputs (n, …) float32 and targets. Raises Refused."""
    return _pair((prepared.recipe.x, prepared.recipe.y), prepared, dataset, derive)


def validation_arrays(prepared: Prepared, dataset: Dataset, derive: Derive = no_models) -> Pair | None:
    """What the recipe's callbacks watch where that is not the evaluation set, else None. Raises Refused."""
    specs = prepared.recipe.validation
    return None if specs is None else _pair(specs, prepared, dataset, derive)


def evaluation_arrays(recipe: Recipe, dataset: Dataset, derive: Derive = no_models) -> Pair:
    """The evaluation set, prepared as the recipe's training data are. Raises Refused."""
    seed = recipe.seed + 1
    return evaluation_array(recipe.x, dataset, seed, derive), evaluation_array(recipe.y, dataset, seed, derive)


def _pair(specs: tuple[ArraySpec, ArraySpec], prepared: Prepared, dataset: Dataset, derive: Derive) -> Pair:
    x, y = (training_array(spec, dataset, prepared.arrays, prepared.recipe.seed, derive) for spec in specs)
    return x, y


def _starts(spec: ArraySpec) -> list[LayerStart]:
    if spec.derived is None:
        return []
    return [*spec.derived.starts, *_starts(spec.derived.given)]


def _digest(plain: Any) -> str:
    return hashlib.sha256(json.dumps(plain, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
