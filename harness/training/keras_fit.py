"""The plain trainer: Keras's own `fit` on TensorFlow."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.allowlist import Refused
from harness.models import Built, build
from harness.training.recipe import Pair, Recipe
from harness.training.trainer import Trained

NAME = "keras_fit"
_VALIDATION_BATCH = 1000


def train(
    recipe: Recipe,
    data: Pair,
    evaluation: Pair,
    on_epoch: Callable[[int], None],
    start: Mapping[int, Sequence[NDArray[Any]]] | None = None,
    validation: Pair | None = None,
) -> Trained:
    """A `harness.training.trainer.Trainer`. `validation`: what the recipe's callbacks watch, where that is not the
    evaluation set; the history's validation values are of the evaluation set all the same."""
    import keras

    keras.backend.clear_session()
    keras.utils.set_random_seed(recipe.seed + 1)  # seed 0 means "none" to some generators
    built = build(recipe.model)
    set_start(built, start or {})
    model = built.model
    model.compile(
        optimizer=make_optimizer(recipe),
        loss=make_loss(recipe),
        metrics=["accuracy"] if recipe.classifier else [],
    )
    weights = recipe.class_weight
    inputs, targets = _augmented(recipe, data)
    watching = _evaluating(evaluation) if validation is not None else None
    history = model.fit(
        inputs,
        targets,
        batch_size=None if targets is None else recipe.batch_size,
        epochs=recipe.epochs,
        shuffle=recipe.shuffle,
        class_weight={int(key): value for key, value in weights.items()} if weights else None,
        validation_data=evaluation if validation is None else validation,
        validation_batch_size=_VALIDATION_BATCH,
        callbacks=[
            *([watching] if watching else []),
            *make_callbacks(recipe),
            keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, _logs: on_epoch(epoch + 1)),
        ],
        verbose=0,
    ).history
    if watching is not None:
        history |= watching.values
    predictions = model.predict(evaluation[0], batch_size=_VALIDATION_BATCH, verbose=0)
    return Trained(
        history={name: [float(value) for value in values] for name, values in history.items()},
        predictions=np.asarray(predictions, dtype=np.float32),
        weights=[np.asarray(weight) for weight in model.get_weights()],
    )


def set_start(built: Built, start: Mapping[int, Sequence[NDArray[Any]]]) -> None:
    """Give layers, by their index in the spec, these weights. Raises Refused where they do not fit."""
    for number, weights in start.items():
        layer = built.layers[number] if number < len(built.layers) else None
        if layer is None:
            raise Refused("it starts from the weights of a layer that has none")
        try:
            layer.set_weights(list(weights))
        except ValueError as error:
            kind = built.spec.layers[number].class_name
            raise Refused(f"layer `{kind}` does not take the weights that it starts from: {error}") from None


def make_optimizer(recipe: Recipe) -> Any:
    """The recipe's optimizer as a Keras object."""
    import keras

    name, arguments = recipe.optimizer
    rate = arguments.get("learning_rate")
    if isinstance(rate, list):
        schedule = getattr(keras.optimizers.schedules, rate[0])(**rate[1])
        arguments = {**arguments, "learning_rate": schedule}
    return getattr(keras.optimizers, name)(**arguments)


def make_loss(recipe: Recipe) -> Any:
    """The recipe's loss as a Keras object."""
    import keras

    name, arguments = recipe.loss
    return getattr(keras.losses, name)(**arguments)


def make_callbacks(recipe: Recipe) -> list[Any]:
    """The recipe's callbacks as Keras objects, in their order."""
    import keras

    made = []
    for name, arguments in recipe.callbacks or ():
        if name == "LearningRateScheduler":
            rates = arguments["rates"]
            made.append(keras.callbacks.LearningRateScheduler(_rate_of(rates)))
        else:
            made.append(getattr(keras.callbacks, name)(**arguments))
    return made


def _rate_of(rates: Sequence[float]) -> Callable[[int], float]:
    return lambda epoch: rates[min(epoch, len(rates) - 1)]


def _augmented(recipe: Recipe, data: Pair) -> tuple[Any, Any]:
    """Inputs and targets as `fit` takes them: the arrays, or a generator of changed images and None."""
    if recipe.augmentation is None:
        return data
    from keras._tf_keras.keras.preprocessing.image import ImageDataGenerator

    generator = ImageDataGenerator(**recipe.augmentation)
    flow = generator.flow(*data, batch_size=recipe.batch_size, shuffle=recipe.shuffle, seed=recipe.seed + 1)
    return flow, None


def _evaluating(evaluation: Pair) -> Any:
    """A callback whose `values` are the validation values of `evaluation` after each epoch."""
    import keras

    class Evaluating(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types
        def __init__(self) -> None:
            super().__init__()
            self.values: dict[str, list[float]] = {}

        def on_epoch_end(self, _epoch: int, _logs: Any = None) -> None:
            results = self.model.evaluate(*evaluation, batch_size=_VALIDATION_BATCH, verbose=0, return_dict=True)
            for name, value in results.items():
                self.values.setdefault(f"val_{name}", []).append(value)

    return Evaluating()
