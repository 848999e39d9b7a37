"""Models as data: the graph of layer calls behind a Keras model, with configurations in plain JSON.

A Sequential and a functional model that do the same come out alike, and a model used as a layer is inlined.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from harness.recording import Component, Graph, LayerRecord, NodeRecord, RegularizerRecord, TensorRef
from harness.worker import tracing

_LEFT_OUT = ("name", "dtype", "trainable", "build_config", "quantization_config")


class Identities:
    """Numbers for objects, stable within one run. It holds the objects, so that no number is given twice."""

    def __init__(self) -> None:
        self._numbers: dict[int, int] = {}
        self._things: list[Any] = []

    def __call__(self, thing: object) -> int:
        number = self._numbers.setdefault(id(thing), len(self._things))
        if number == len(self._things):
            self._things.append(thing)
        return number

    def things(self, uids: Iterable[int]) -> list[tuple[int, Any]]:
        """The objects of these numbers, each with its number."""
        return [(uid, self._things[uid]) for uid in uids]


class Undescribable(Exception):
    """A model without a graph; the message says why, in words for the student."""


class Graphs:
    """Makes the graphs of models. Those of the hand-in's own classes are followed once for each shape of input."""

    def __init__(self, identify: Identities) -> None:
        self._identify = identify
        self._followed: dict[tuple[int, str], tuple[Any, Any]] = {}

    def of(self, model: Any, shape: tuple[int, ...] | None = None) -> Graph:
        """The graph of a model that has been built. A class without a configuration needs the `shape` of one input.

        Raises Undescribable where its input shape is not known, or its own code cannot be followed.
        """
        builder = _GraphBuilder(self._identify, self)
        own = is_subclassed(model)
        outputs = builder.inline(self.functional(model, shape), None, followed=own)
        return Graph(
            layers=tuple(builder.layers),
            nodes=tuple(builder.nodes),
            outputs=tuple(outputs),
            params=sum(layer.params for layer in builder.layers),
        )

    def functional(self, model: Any, shapes: Any) -> Any:
        """The functional model behind `model`: itself, what a Sequential keeps inside, or what its class does."""
        import keras

        if isinstance(model, keras.Sequential):
            inner = getattr(model, "_functional", None)
            if inner is None:
                raise Undescribable("its input shape is not known: it was neither given one nor fitted nor built")
            return inner
        if not is_subclassed(model):
            return model
        if shapes is None:
            raise Undescribable("it is a class of its own, and was never given an input that says its shape")
        return self.follow(model, shapes)

    def follow(self, thing: Any, shapes: Any) -> Any:
        """What a model or layer of the hand-in's own class does to inputs of these shapes. Raises Undescribable."""
        key = (id(thing), str(shapes))
        if key not in self._followed:
            try:
                self._followed[key] = (thing, tracing.functional(thing, shapes))
            except tracing.UntraceableError as reason:
                self._followed[key] = (thing, Undescribable(f"it is a class of its own, and {reason}"))
        found = self._followed[key][1]
        if isinstance(found, Undescribable):
            raise found
        return found


def is_subclassed(model: Any) -> bool:
    """Whether a model is a class of the hand-in's own, which has no configuration."""
    import keras

    return not isinstance(model, keras.Sequential) and getattr(model, "_nodes_by_depth", None) is None


class _GraphBuilder:
    """Collects layers and nodes while models are walked from their inputs to their outputs."""

    def __init__(self, identify: Identities, graphs: Graphs) -> None:
        self.layers: list[LayerRecord] = []
        self.nodes: list[NodeRecord] = []
        self._identify = identify
        self._graphs = graphs
        self._index: dict[int, int] = {}

    def inline(self, function: Any, given: list[TensorRef] | None, *, followed: bool) -> list[TensorRef]:
        """Add the nodes of `function`, whose inputs are `given`, or input layers of its own.

        `followed`: the `training` in its calls is not the hand-in's word, but ours.
        """
        tensors: dict[int, TensorRef] = {}
        for position, tensor in enumerate(_flat(function.inputs)):
            if given is None:
                tensors[id(tensor)] = self._add(tensor._keras_history.operation, [], {}, [tensor])[0]
            else:
                tensors[id(tensor)] = given[position]
        for depth in sorted(function._nodes_by_depth, reverse=True):
            for node in function._nodes_by_depth[depth]:
                if node.is_input:
                    continue
                inputs = [tensors[id(tensor)] for tensor in node.input_tensors]
                inner = self._inside(node)
                if inner is not None:
                    outputs = self.inline(inner, inputs, followed=followed or _is_own(node.operation))
                else:
                    outputs = self._add(node.operation, inputs, _arguments(node, followed), node.outputs)
                tensors.update({id(tensor): output for tensor, output in zip(node.outputs, outputs, strict=True)})
        return [tensors[id(tensor)] for tensor in _flat(function.outputs)]

    def _inside(self, node: Any) -> Any:
        """What a model, or a layer that only puts others together, does inside; None for a layer as such."""
        import keras

        operation = node.operation
        shapes = [tuple(tensor.shape[1:]) for tensor in node.input_tensors]
        given = shapes[0] if len(shapes) == 1 else shapes
        if isinstance(operation, keras.Model):
            return self._graphs.functional(operation, given)
        if not isinstance(operation, keras.Layer) or not _is_own(operation):
            return None
        if tracing.has_weights_of_its_own(operation):
            return None
        try:
            return self._graphs.follow(operation, given)
        except Undescribable:
            return None

    def _add(
        self, operation: Any, inputs: list[TensorRef], arguments: dict[str, Any], outputs: list[Any]
    ) -> list[TensorRef]:
        uid = self._identify(operation)
        if uid not in self._index:
            self._index[uid] = len(self.layers)
            self.layers.append(_layer(operation, uid, outputs))
        self.nodes.append(NodeRecord(layer=self._index[uid], inputs=tuple(inputs), arguments=arguments))
        return [TensorRef(node=len(self.nodes) - 1, output=number) for number in range(len(outputs))]


def _layer(operation: Any, uid: int, outputs: list[Any]) -> LayerRecord:
    import keras

    shape = tuple(outputs[0].shape) if outputs else None
    if not isinstance(operation, keras.Layer):  # `x / 255.` inside a model is an operation, not a layer
        return LayerRecord(
            uid=uid,
            class_name=f"ops.{type(operation).__name__}",
            name=operation.name[:300],
            config={},
            output_shape=shape,
        )
    return LayerRecord(
        uid=uid,
        class_name=class_name(operation),
        name=operation.name[:300],
        config=layer_config(operation),
        trainable=bool(operation.trainable),
        params=operation.count_params() if operation.built else 0,
        output_shape=shape,
    )


def class_name(thing: Any) -> str:
    """Keras's own class by its name; a class of the student's marked as such."""
    name = type(thing).__name__
    return f"custom:{name}"[:300] if _is_own(thing) else name


def _is_own(thing: Any) -> bool:
    return not type(thing).__module__.startswith("keras.")


def layer_config(layer: Any) -> dict[str, Any]:
    """A layer's configuration without names and dtype policy, as plain JSON."""
    try:
        config = dict(layer.get_config())
    except Exception as error:
        return {"unreadable": type(error).__name__}
    for key in _LEFT_OUT:
        config.pop(key, None)
    activation = getattr(layer, "activation", None)
    if "activation" in config and callable(activation) and not isinstance(activation, type):
        config["activation"] = _activation(activation, config["activation"])
    return {str(key)[:300]: plain(value) for key, value in config.items()}


def _activation(function: Any, serialised: Any) -> Any:
    """`tf.nn.softmax` calls itself `softmax_v2`; a layer used as an activation keeps its configuration."""
    import keras

    if isinstance(function, keras.Layer):
        return {"class_name": class_name(function), "config": layer_config(function)}
    if isinstance(serialised, str):
        return serialised
    return str(getattr(function, "__name__", "unknown")).removesuffix("_v2")


def _arguments(node: Any, followed: bool) -> dict[str, Any]:
    """What a call was given besides its input tensors, in call order, tensors marked by "tensor"."""
    import keras

    positional = [
        "tensor" if isinstance(value, keras.KerasTensor) else plain(value) for value in node.arguments.args
    ]
    named = {
        name: "tensor" if isinstance(value, keras.KerasTensor) else plain(value)
        for name, value in node.arguments.kwargs.items()
        if value is not None and not (followed and name == "training")
    }
    if isinstance(node.operation, keras.Layer) and len(positional) <= 1:
        positional = []
    return ({"args": positional} if positional else {}) | ({"kwargs": named} if named else {})


def component(thing: Any) -> Component | None:
    """A loss, optimizer, regulariser or callback as class and configuration."""
    if thing is None:
        return None
    if isinstance(thing, str):
        return Component(class_name=thing[:300])
    if isinstance(thing, (dict, list, tuple)) and len(thing) == 1:
        return component(next(iter(thing.values())) if isinstance(thing, dict) else thing[0])
    if isinstance(thing, (dict, list, tuple)):
        return Component(class_name="several", config={"values": plain(thing)})
    if callable(thing) and hasattr(thing, "__name__"):
        own = str(getattr(thing, "__module__", "")).startswith("keras.")
        return Component(class_name=(thing.__name__ if own else f"custom:{thing.__name__}")[:300])
    try:
        config = dict(thing.get_config())
    except Exception:
        config = {}
    config.pop("name", None)
    config.pop("dtype", None)
    return Component(
        class_name=class_name(thing), config={str(key)[:300]: plain(value) for key, value in config.items()}
    )


def regularizers(graph: Graph) -> tuple[RegularizerRecord, ...]:
    """Every regulariser of a graph, with the layer and the target it sits on."""
    found = []
    for layer in graph.layers:
        for target in ("kernel", "bias", "activity"):
            value = layer.config.get(f"{target}_regularizer")
            if isinstance(value, dict):
                config = value.get("config") or {}
                factor = next((number for number in config.values() if isinstance(number, float)), None)
                name = str(value.get("class_name"))[:300]
                found.append(RegularizerRecord(layer=layer.name, target=target, class_name=name, factor=factor))
    return tuple(found)


def plain(value: Any, depth: int = 0) -> Any:
    """`value` as JSON data: Keras's serialised objects become {"class_name", "config"}, the rest text at last."""
    import numpy as np

    if depth > 8:
        return "…"
    if value is None or isinstance(value, (bool, str)):
        return value[:2000] if isinstance(value, str) else value
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, int):
        return value if abs(value) < 2**53 else str(value)[:40]
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, dict):
        if "class_name" in value and "config" in value:
            config = value["config"]
            if isinstance(config, dict):
                config = {key: item for key, item in config.items() if key not in ("name", "dtype")}
            return {"class_name": str(value["class_name"])[:300], "config": plain(config, depth + 1)}
        return {str(key)[:300]: plain(item, depth + 1) for key, item in list(value.items())[:64]}
    if isinstance(value, (list, tuple)):
        return [plain(item, depth + 1) for item in value[:256]]
    if isinstance(value, np.ndarray) and value.size <= 64:
        return plain(value.tolist(), depth + 1)
    name = getattr(value, "name", None) or getattr(value, "__name__", None)
    return str(name if isinstance(name, str) else type(value).__name__)[:300]


def _flat(tensors: Any) -> list[Any]:
    import keras

    return list(keras.tree.flatten(tensors))
