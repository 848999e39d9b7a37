"""The plain trainer: Keras's own `fit` on TensorFlow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.models import build
from harness.training.recipe import Recipe

NAME = "keras_fit"


@dataclass(frozen=True)
class Trained:
    """What training gave: history an epoch (as `fit` reports it), the last epoch's predictions on the evaluation
    set, float32 (n, …), and the weights in Keras's order."""

    history: dict[str, list[float]]
    predictions: NDArray[np.float32]
    weights: list[NDArray[Any]]


def train(
    recipe: Recipe,
    data: tuple[NDArray[Any], NDArray[Any]],
    evaluation: tuple[NDArray[Any], NDArray[Any]],
    on_epoch: Callable[[int], None],
) -> Trained:
    """Train the recipe from its seed. `data` and `evaluation` are (inputs, targets).

    Raises harness.allowlist.Refused where the model cannot be built, and ValueError as Keras does where model,
    loss and targets do not fit each other.
    """
    import keras

    keras.backend.clear_session()
    keras.utils.set_random_seed(recipe.seed + 1)  # seed 0 means "none" to some generators
    model = build(recipe.model).model
    model.compile(
        optimizer=make_optimizer(recipe),
        loss=make_loss(recipe),
        metrics=["accuracy"] if recipe.y.encoding != "pixels" else [],
    )
    weights = recipe.class_weight
    history = model.fit(
        *data,
        batch_size=recipe.batch_size,
        epochs=recipe.epochs,
        shuffle=recipe.shuffle,
        class_weight={int(key): value for key, value in weights.items()} if weights else None,
        validation_data=evaluation,
        validation_batch_size=1000,
        callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, _logs: on_epoch(epoch + 1))],
        verbose=0,
    )
    predictions = model.predict(evaluation[0], batch_size=1000, verbose=0)
    return Trained(
        history={name: [float(value) for value in values] for name, values in history.history.items()},
        predictions=np.asarray(predictions, dtype=np.float32),
        weights=[np.asarray(weight) for weight in model.get_weights()],
    )


def make_optimizer(recipe: Recipe) -> Any:
    """The recipe's optimizer as a Keras object."""
    import keras

    name, arguments = recipe.optimizer
    return getattr(keras.optimizers, name)(**arguments)


def make_loss(recipe: Recipe) -> Any:
    """The recipe's loss as a Keras object."""
    import keras

    name, arguments = recipe.loss
    return getattr(keras.losses, name)(**arguments)
