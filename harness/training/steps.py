"""The compiled trainer's program: an epoch of training steps and its validation, as Keras on JAX takes them.

A program is compiled once for all recipes that differ in seed, learning rate and weight-decay factors alone: those
are arguments. Data are arguments too, and stay on the device. Every step is Keras's own `train_step` on JAX, so
loss, regularisation, clipping, moving statistics and metrics are computed as `fit` computes them.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from harness.models import build
from harness.training.arrays_spec import ArraySpec
from harness.training.keras_fit import make_loss, make_optimizer, set_start
from harness.training.recipe import Recipe

VALIDATION_BATCH = 1000
"""Images of one validation step, as in `keras_fit`."""

Start = Mapping[int, Sequence[NDArray[Any]]]
"""Weights to start from, in Keras's order, by the layer's place in `recipe.model.layers`."""


class State(NamedTuple):
    """What a training run is between two steps, on the device. Each list is in Keras's order."""

    trainable: list[jax.Array]
    other: list[jax.Array]
    """Moving statistics, and the run's own state of each random generator."""
    optimizer: list[jax.Array]
    factors: list[jax.Array]
    """Of the L1 and L2 regularisers, in the order of the weights that bear them."""


class Examples(NamedTuple):
    """Inputs and targets on the device. Pixels may be uint8 (n, …); steps make the recipe's values of them."""

    x: Any
    y: Any
    weight: Any = None
    """Of each example in the loss, float32 (n,)."""


@dataclass(frozen=True)
class Axes:
    """Of each array: 0 where every run has its own, stacked; None where all share one."""

    examples: Examples
    evaluation: Examples


@dataclass(frozen=True)
class Program:
    """Compiled functions for a kind of recipe."""

    epoch: Callable[..., tuple[State, dict[str, jax.Array]]]
    """(state, examples, evaluation, order int32 (n,)) → state and the epoch's metrics."""
    predict: Callable[..., jax.Array]
    """(state, examples) → outputs float32 (n, …)."""
    weights: Callable[[State], list[jax.Array]]
    """Weights in Keras's order."""


def initial(recipe: Recipe, start: Start | None) -> tuple[Any, State]:
    """A compiled Keras model with fresh weights of the recipe's seed, or those given, and its state."""
    random.seed(recipe.seed + 1)  # what Keras draws its seeds from; keras.utils.set_random_seed imports TensorFlow
    built = build(recipe.model)
    set_start(built, start or {})
    model = built.model
    model.compile(
        optimizer=make_optimizer(recipe),
        loss=make_loss(recipe),
        metrics=["accuracy"] if recipe.classifier else [],
    )
    model.optimizer.build(model.trainable_variables)
    state = State(
        _values(model.trainable_variables),
        _values(model.non_trainable_variables),
        _values(model.optimizer.variables),
        [jnp.float32(getattr(regularizer, name)) for regularizer, name in _factors(model)],
    )
    return model, state


def settle(model: Any, data: Sequence[NDArray[Any]], recipe: Recipe) -> None:
    """Show Keras the shapes of a batch, as `fit` does first: it chooses the accuracy by them.

    Raises ValueError where model, loss and targets do not fit each other.
    """
    size = min(recipe.batch_size, len(data[0]))
    shown = []
    for array, spec in zip(data, (recipe.x, recipe.y), strict=True):
        pixels = array.dtype == np.uint8
        shape = spec.item_shape if pixels else array.shape[1:]
        shown.append(np.zeros((size, *shape), np.float32 if pixels else array.dtype))
    model._symbolic_build(data_batch=tuple(shown))


def make_program(recipe: Recipe, model: Any, axes: Axes | None) -> Program:
    """The program for this model's kind; `settle` was called on it. With `axes` it takes several runs at once."""
    metrics = _values(model.metrics_variables)
    places = _factors(model)

    def batch(data: Examples, rows: jax.Array) -> tuple[jax.Array, ...]:
        x, y = _as_values(data.x[rows], recipe.x), _as_values(data.y[rows], recipe.y)
        return (x, y) if data.weight is None else (x, y, data.weight[rows])

    def epoch(
        state: State, data: Examples, evaluation: Examples, order: jax.Array
    ) -> tuple[State, dict[str, jax.Array]]:
        def train(carry: Any, rows: jax.Array) -> Any:
            logs, carry = model.train_step(carry, batch(data, rows))
            return tuple(carry), logs

        def validate(carry: Any, rows: jax.Array) -> Any:
            logs, carry = model.test_step(carry, batch(evaluation, rows))
            return tuple(carry), logs

        with _with_factors(places, state.factors):
            carry, logs = _over(train, (*state[:3], metrics), order, recipe.batch_size)
            trainable, other, optimizer, _ = carry
            everything = jnp.arange(len(evaluation.y), dtype=jnp.int32)
            _, told = _over(validate, (trainable, other, metrics), everything, VALIDATION_BATCH)
        logs |= {f"val_{name}": value for name, value in told.items()}
        return State(trainable, other, optimizer, state.factors), logs

    def predict(state: State, data: Examples) -> jax.Array:
        def forward(carry: None, rows: jax.Array) -> Any:
            outputs, _ = model.stateless_call(
                state.trainable, state.other, _as_values(data.x[rows], recipe.x), training=False
            )
            return carry, outputs

        everything = jnp.arange(len(data.x), dtype=jnp.int32)
        return _collect(forward, everything, VALIDATION_BATCH)

    def weights(state: State) -> list[jax.Array]:
        return _in_keras_order(model, state)

    if axes is not None:
        epoch = jax.vmap(epoch, in_axes=(0, axes.examples, axes.evaluation, 0))
        predict = jax.vmap(predict, in_axes=(0, axes.evaluation))
    return Program(jax.jit(epoch, donate_argnums=0), jax.jit(predict), weights)


def class_weights(targets: NDArray[Any], weights: Mapping[str, float]) -> NDArray[np.float32]:
    """Each example's weight in the loss, (n,), from those of its class."""
    integers = targets.argmax(axis=-1) if targets.ndim > 1 and targets.shape[-1] > 1 else targets.reshape(-1)
    of = {int(name): weight for name, weight in weights.items()}
    return np.array([of.get(int(one), 1.0) for one in integers], dtype=np.float32)


def _over(step: Any, carry: Any, rows: jax.Array, size: int) -> tuple[Any, dict[str, jax.Array]]:
    """Steps over batches of `size` rows, the last one smaller; the metrics as the last step tells them.

    The smaller batch is a step of its own: padding it would change what batch normalisation sees.
    """
    whole = len(rows) // size
    logs: dict[str, jax.Array] = {}
    if whole:
        carry, every = jax.lax.scan(step, carry, rows[: whole * size].reshape(whole, size))
        logs = {name: values[-1] for name, values in every.items()}
    if whole * size < len(rows):
        carry, logs = step(carry, rows[whole * size :])
    return carry, dict(logs)


def _collect(step: Any, rows: jax.Array, size: int) -> jax.Array:
    whole = len(rows) // size
    parts = []
    if whole:
        _, made = jax.lax.scan(step, None, rows[: whole * size].reshape(whole, size))
        parts.append(made.reshape(-1, *made.shape[2:]))
    if whole * size < len(rows):
        parts.append(step(None, rows[whole * size :])[1])
    return jnp.concatenate(parts)


def _as_values(array: jax.Array, spec: ArraySpec) -> jax.Array:
    """Rows as the recipe has them: bytes become pixel · scale + offset, float32; the rest is as it should be."""
    if array.dtype != jnp.uint8:
        return array
    values = array.astype(jnp.float32) * np.float32(spec.scale) + np.float32(spec.offset)
    return values.reshape(len(array), *spec.item_shape)


def _values(variables: Sequence[Any]) -> list[jax.Array]:
    return [jnp.asarray(variable.value) for variable in variables]


def _in_keras_order(model: Any, state: State) -> list[jax.Array]:
    """The model's weights, which are its variables without the states of random generators."""
    of = dict(zip((variable.path for variable in model.trainable_variables), state.trainable, strict=True))
    of |= dict(zip((variable.path for variable in model.non_trainable_variables), state.other, strict=True))
    return [of[variable.path] for variable in model.weights]


def _factors(model: Any) -> list[tuple[Any, str]]:
    """Regularisers of one factor, and the name of it; each once, in the order of the weights."""
    places: list[tuple[Any, str]] = []
    for variable in model.trainable_variables:
        name = {"L1": "l1", "L2": "l2"}.get(type(variable.regularizer).__name__)
        if name and all(variable.regularizer is not other for other, _ in places):
            places.append((variable.regularizer, name))
    return places


@contextmanager
def _with_factors(places: list[tuple[Any, str]], factors: Sequence[jax.Array]) -> Iterator[None]:
    """Let regularisers use these factors while a function is traced; Keras's own `L2(factor)` takes numbers."""
    before = [getattr(regularizer, name) for regularizer, name in places]
    for (regularizer, name), factor in zip(places, factors, strict=True):
        setattr(regularizer, name, factor)
    try:
        yield
    finally:
        for (regularizer, name), value in zip(places, before, strict=True):
            setattr(regularizer, name, value)
