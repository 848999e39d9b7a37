"""What a trainer is: a function that turns a recipe and its arrays into weights, predictions and history."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from harness.training.recipe import Pair, Recipe


@dataclass(frozen=True)
class Trained:
    """What training gave: history an epoch (as `fit` reports it), the last epoch's predictions on the evaluation
    set, float32 (n, …), and the weights in Keras's order."""

    history: dict[str, list[float]]
    predictions: NDArray[np.float32]
    weights: list[NDArray[Any]]


@dataclass(frozen=True)
class Run:
    """What a trainer is given for one run: the arguments of `Trainer`, and what callbacks watch where that is not
    the evaluation set. The compiled one also takes pixels as uint8 (n, …), of which it makes the values."""

    recipe: Recipe
    data: Pair
    evaluation: Pair
    start: Mapping[int, Sequence[NDArray[Any]]] | None = None
    validation: Pair | None = None


class Trainer(Protocol):
    """Trains a recipe from its seed.

    `data` and `evaluation` are (inputs, targets). `on_epoch` is told the number of each epoch that ended, from 1.
    `start` gives weights, in Keras's order, to layers by their index in `recipe.model.layers`; the others start
    fresh. Raises harness.allowlist.Refused where the model cannot be built or a layer's weights do not fit, and
    ValueError as Keras does where model, loss and targets do not fit each other.
    """

    def __call__(
        self,
        recipe: Recipe,
        data: Pair,
        evaluation: Pair,
        on_epoch: Callable[[int], None],
        start: Mapping[int, Sequence[NDArray[Any]]] | None = None,
    ) -> Trained: ...
