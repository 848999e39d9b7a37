"""Which trainer a recipe gets, and why."""

from __future__ import annotations

import json
from typing import Any, Literal

from harness.training.recipe import Recipe

TrainerName = Literal["jax_scan", "keras_fit"]
Kind = Literal["cpu", "gpu"]

GPU_WIDTH = 16
"""Runs trained at once on a GPU: the fifteen of a sweep. Fixed, so that a run's numbers depend on nothing else."""


def same_program(recipe: Recipe) -> str:
    """What recipes have in common that one compiled program can train.

    Seeds, learning rates, the factors of L1 and L2 and the arrays are arguments of the program.
    """
    plain = recipe.model_dump(mode="json", exclude={"seed"})
    plain["optimizer"][1].pop("learning_rate", None)
    for layer in plain["model"]["layers"]:
        for value in layer["arguments"].values():
            if _is_factor(value):
                value[1] = {}
    for spec in (plain["x"], plain["y"]):
        for name in ("rows", "labels", "noise"):
            spec.pop(name, None)
    return json.dumps(plain, sort_keys=True)


def _is_factor(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and value[0] in ("L1", "L2") and isinstance(value[1], dict)
