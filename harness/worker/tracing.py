"""Models and layers of the hand-in's own classes as graphs: their `call` is followed on symbolic inputs.

What a class only puts together from Keras's layers and operations becomes the same graph as if it had been written
with the functional API.
"""

from __future__ import annotations

import inspect
from typing import Any

_ONLY_IN_TRAINING = (
    "Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "AlphaDropout", "GaussianDropout",
    "GaussianNoise", "ActivityRegularization",
)  # fmt: skip
"""Layers that do nothing to an image in inference: a `call` may leave them out there."""


class UntraceableError(Exception):
    """A `call` that cannot be followed; the message says why, in words for the student."""


def functional(thing: Any, shapes: Any, dtype: str = "float32") -> Any:
    """A functional model that does what the `call` of a model or layer does to inputs of these shapes.

    `shapes` are those of all inputs, without the batch: a tuple, or a list of tuples. Raises UntraceableError.
    """
    nodes = {id(layer): (layer, len(layer._inbound_nodes)) for layer in _layers(thing)}
    try:
        inference = _followed(thing, shapes, dtype, training=False)
        training = _followed(thing, shapes, dtype, training=True)
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        raise UntraceableError(f"its own `call` could not be followed ({reason[:500]})") from None
    finally:
        for layer, count in nodes.values():  # `layer.output` would be ambiguous in the hand-in's code
            del layer._inbound_nodes[count:]
    if _kept(inference) != _kept(training):
        raise UntraceableError("its own `call` does something else in training than afterwards")
    return training


def _followed(thing: Any, shapes: Any, dtype: str, training: bool) -> Any:
    import keras

    several = isinstance(shapes, list)
    inputs = [keras.Input(shape, dtype=dtype) for shape in (shapes if several else [shapes])]
    arguments = inspect.signature(thing.call).parameters
    named = {"training": training} if "training" in arguments else {}
    outputs = thing.call(inputs if several else inputs[0], **named)
    return keras.Model(inputs if several else inputs[0], outputs)


def _kept(model: Any) -> list[tuple[str, int]]:
    """The operations of a graph that work in inference, with how often each is called."""
    counts: dict[str, int] = {}
    for operation in model.operations:
        name = type(operation).__name__
        if name not in _ONLY_IN_TRAINING:
            counts[name] = counts.get(name, 0) + 1
    return sorted(counts.items())


def _layers(thing: Any) -> list[Any]:
    return list(thing._flatten_layers(include_self=False, recursive=True))


def has_weights_of_its_own(layer: Any) -> bool:
    """Whether a layer has weights beside those of the layers in it."""
    return bool(layer._trainable_variables or layer._non_trainable_variables)
