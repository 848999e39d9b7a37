"""Which trainer a recipe gets, and why; which recipes may share a compiled program."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from harness.models import ModelSpec
from harness.training.recipe import Recipe

Backend = Literal["jax", "tensorflow"]
Kind = Literal["cpu", "gpu"]
TrainerName = Literal["jax_scan", "keras_fit"]

GPU_WIDTH = 16
"""Runs trained at once on a GPU: the fifteen of a sweep. Fixed, so that a run's numbers depend on nothing else."""


VERSIONS: dict[TrainerName, int] = {"keras_fit": 1, "jax_scan": 2}
"""Raised with each change of a trainer that may change its numbers, so that kept runs of another are no hits."""


@dataclass(frozen=True)
class Choice:
    """A trainer, the reason as a sentence, the device that it trains on, and how many runs at once."""

    trainer: TrainerName
    why: str
    kind: Kind
    width: int = 1

    @property
    def backend(self) -> Backend:
        """What Keras runs on in the trainer's process."""
        return "jax" if self.trainer == "jax_scan" else "tensorflow"

    @property
    def key(self) -> str:
        """What of this choice may change a run's numbers."""
        return f"{self.trainer} {VERSIONS[self.trainer]} {self.kind} {self.width}"


def choose(recipe: Recipe, kind: Kind) -> Choice:
    """The trainer for a recipe on a machine whose device is of this kind.

    keras_fit always trains on the processor: TensorFlow is installed without CUDA.
    """
    reason = _not_compiled(recipe, kind)
    if reason:
        return Choice("keras_fit", reason, "cpu")
    if kind == "cpu":
        return Choice("jax_scan", "A compiled program of all steps is the fastest on a processor.", kind)
    width = 1 if convolutional(recipe.model) else GPU_WIDTH
    return Choice("jax_scan", "A compiled program of all steps is the fastest on a GPU.", kind, width)


def backend(models: Iterable[ModelSpec], kind: Kind) -> Backend:
    """Where networks are put to use: convolutions on a processor with TensorFlow."""
    return "tensorflow" if kind == "cpu" and any(convolutional(model) for model in models) else "jax"


def convolutional(model: ModelSpec) -> bool:
    """Whether any layer is a convolution."""
    return any("Conv" in layer.class_name for layer in model.layers)


def groups(recipes: Sequence[Recipe], kind: Kind) -> list[list[int]]:
    """The recipes' numbers, grouped as they are trained: those of one kind together where the width allows it."""
    made: list[list[int]] = []
    kinds: dict[tuple[str, int], list[int]] = {}
    for number, recipe in enumerate(recipes):
        width = choose(recipe, kind).width
        same = (same_program(recipe), recipe.epochs)
        if width == 1 or same not in kinds or len(kinds[same]) == width:
            kinds[same] = []
            made.append(kinds[same])
        kinds[same].append(number)
    return made


def same_program(recipe: Recipe) -> str:
    """What recipes have in common that one compiled program can train.

    Epochs, seeds, constant learning rates, the factors of L1 and L2 and the arrays are arguments of the program.
    """
    plain = recipe.model_dump(mode="json", exclude={"epochs", "seed", "parent", "validation"})
    if not isinstance(plain["optimizer"][1].get("learning_rate"), list):
        plain["optimizer"][1].pop("learning_rate", None)
    for layer in plain["model"]["layers"]:
        for value in layer["arguments"].values():
            if isinstance(value, list) and len(value) == 2 and value[0] in ("L1", "L2"):
                value[1] = {}
    plain["x"], plain["y"] = _seen_by_a_step(plain["x"]), _seen_by_a_step(plain["y"])
    return json.dumps(plain, sort_keys=True)


def _seen_by_a_step(spec: dict[str, Any]) -> dict[str, Any]:
    return {name: spec[name] for name in ("count", "item_shape", "encoding", "scale", "offset")}


def _not_compiled(recipe: Recipe, kind: Kind) -> str:
    """Why the compiled trainer does not do, as a sentence; "" where it does."""
    if recipe.callbacks:
        return f"The callback {recipe.callbacks[0][0]} steers the training, which Keras's own fit does."
    if recipe.augmentation:
        return "Images are changed at random as they are trained on, which Keras's own fit does."
    if recipe.optimizer[1].get("use_ema"):
        return "The optimizer averages its weights, which Keras's own fit ends in a way of its own."
    if kind == "cpu" and convolutional(recipe.model):
        return "TensorFlow's convolutions on a processor are several times as fast as compiled ones."
    return ""
