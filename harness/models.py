"""Models as trusted code holds them: checked against an allow-list, in canonical form, built when needed.

A recorded graph never reaches Keras's own deserialisation. `canonical` turns it into a ModelSpec, whose arguments
are all of allowed kinds; `build` calls Keras's layer classes by name with those arguments.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from pydantic import Field

from harness import allowlist
from harness.allowlist import Refused
from harness.recording import Graph, Name, Strict, TensorRef
from harness.results import LayerFacts

MAX_LAYERS = 256
MAX_PARAMS = 60_000_000  # some forty times an assignment's largest network
MAX_ACTIVATIONS = 20_000_000  # values of one layer's output for one image


class LayerSpec(Strict):
    """A layer of an allowed class; `arguments` are those that differ from Keras's defaults."""

    class_name: Name
    arguments: dict[Name, Any] = Field(default_factory=dict)
    trainable: bool = True


class NodeSpec(Strict):
    """A call of a layer on the outputs of earlier nodes."""

    layer: int
    inputs: tuple[TensorRef, ...] = ()
    constant: float | None = None
    """The number in `x / 255.`; `constant_first` where it stands on the left."""
    constant_first: bool = False


class ModelSpec(Strict):
    """A model in canonical form: equal networks have equal specs, however they were written down."""

    layers: tuple[LayerSpec, ...]
    nodes: tuple[NodeSpec, ...]
    outputs: tuple[TensorRef, ...]


class ModelFacts(Strict):
    """What trusted code found when it rebuilt a model. `refused` says why it could not, where it could not."""

    refused: str | None = None
    params: int = 0
    trainable_params: int = 0
    layers: tuple[LayerFacts, ...] = ()
    input_shape: tuple[int, ...] = ()
    output_shape: tuple[int, ...] = ()
    cross_entropy_error: float | None = None
    """Largest relative difference between the compiled loss and −Σ y·log p on unsaturated probabilities."""


def canonical(graph: Graph) -> ModelSpec:
    """The spec of a recorded graph. Raises Refused with the layer and what is wrong with it."""
    if not graph.nodes or not graph.outputs:
        raise Refused("the model has no layers that could be rebuilt")
    if len(graph.layers) > MAX_LAYERS:
        raise Refused(f"the model has {len(graph.layers)} layers; at most {MAX_LAYERS} are built")
    layers = tuple(_layer(layer.class_name, layer.name, layer.config, layer.trainable) for layer in graph.layers)
    nodes: list[NodeSpec] = []
    for number, node in enumerate(graph.nodes):
        if node.layer >= len(layers) or any(ref.node >= number or ref.output for ref in node.inputs):
            raise Refused("the model's graph refers to a layer or a tensor that does not exist")
        nodes.append(_node(node.layer, layers[node.layer], node.inputs, node.arguments))
    if any(ref.node >= len(nodes) or ref.output for ref in graph.outputs):
        raise Refused("the model's output refers to a tensor that does not exist")
    return ModelSpec(layers=layers, nodes=tuple(nodes), outputs=graph.outputs)


def _layer(class_name: str, name: str, config: dict[str, Any], trainable: bool) -> LayerSpec:
    if class_name.startswith("ops.") and class_name[4:] in allowlist.OPERATIONS:
        return LayerSpec(class_name=class_name)
    if class_name not in allowlist.LAYERS:
        shown = class_name.removeprefix("custom:")
        own = "a layer class of the hand-in's own" if class_name.startswith("custom:") else "a layer"
        raise Refused(f"`{shown}` ({name}) is {own} that is not on the list of what can be trained")
    try:
        arguments = allowlist.arguments(allowlist.LAYERS[class_name], config)
    except ValueError as error:
        raise Refused(f"layer `{class_name}` ({name}): {error}") from None
    if class_name == "InputLayer" and "batch_shape" not in arguments:
        raise Refused(f"layer `InputLayer` ({name}) has no shape")
    return LayerSpec(class_name=class_name, arguments=arguments, trainable=trainable)


def _node(index: int, layer: LayerSpec, inputs: tuple[TensorRef, ...], arguments: dict[str, Any]) -> NodeSpec:
    if not _is_operation(layer):
        return NodeSpec(layer=index, inputs=inputs)
    positional, named = arguments.get("args", []), arguments.get("kwargs", {})
    values = [*(positional if isinstance(positional, list) else [positional])]
    values += named.values() if isinstance(named, dict) else [named]
    others = [value for value in values if value != "tensor"]
    if len(inputs) == 2 and not others:
        return NodeSpec(layer=index, inputs=inputs)
    if len(inputs) == 1 and len(values) == 2 and len(others) == 1 and allowlist.is_number(others[0]):
        number = allowlist.canonical_float(float(others[0]))
        return NodeSpec(layer=index, inputs=inputs, constant=number, constant_first=values[0] != "tensor")
    raise Refused(f"the operation `{layer.class_name[4:]}` is used in a way that is not rebuilt")


@dataclass(frozen=True)
class Built:
    """A Keras model with fresh weights, its layers (None for inputs and operations) and each node's tensor."""

    spec: ModelSpec
    model: Any
    layers: list[Any]
    tensors: list[Any]

    def after(self, node: int) -> Any:
        """A model of its own from the output of `node` to the output: shares the layers, so it is trained as they
        are. Raises Refused where the rest needs more than that output (a skip connection around it)."""
        import keras

        entry = keras.Input(self.tensors[node].shape[1:])
        made: dict[int, Any] = {node: entry}
        for number in range(node + 1, len(self.spec.nodes)):
            call = self.spec.nodes[number]
            if any(ref.node not in made for ref in call.inputs):
                continue
            layer = self.spec.layers[call.layer]
            made[number] = _call(layer, self.layers[call.layer], call, [made[ref.node] for ref in call.inputs])
        last = self.spec.outputs[0].node
        if last not in made:
            raise Refused("the part after the bottleneck also needs what comes before it")
        return keras.Model(entry, made[last])

    def until(self, node: int) -> Any:
        """A model of its own from the input to the output of `node`."""
        import keras

        return keras.Model(self.model.input, self.tensors[node])


def build(spec: ModelSpec) -> Built:
    """Build a model with fresh weights. Imports Keras. Raises Refused where it would be too large or cannot be."""
    import keras

    layers = [_instance(layer, number) for number, layer in enumerate(spec.layers)]
    tensors: list[Any] = []  # an allowed layer has one output, so a node makes one tensor
    inputs: list[Any] = []
    total = 0
    for node in spec.nodes:
        layer = spec.layers[node.layer]
        given = [tensors[ref.node] for ref in node.inputs]
        if layer.class_name == "InputLayer":
            inputs.append(keras.Input(tuple(layer.arguments["batch_shape"])))
            tensors.append(inputs[-1])
            continue
        if not given:
            raise Refused("a layer of the model has no input")
        total += _weights(layer, given[0].shape)
        if total > MAX_PARAMS:
            raise Refused(f"the model has more than {MAX_PARAMS:,} parameters, which is more than is trained here")
        try:
            made = _call(layer, layers[node.layer], node, given)
        except (ValueError, TypeError, IndexError) as error:
            raise Refused(f"layer `{layer.class_name}` does not fit its input: {str(error)[:300]}") from None
        size = math.prod(n or 1 for n in made.shape[1:])
        if size > MAX_ACTIVATIONS:
            raise Refused(f"layer `{layer.class_name}` has {size:,} outputs an image, more than is trained here")
        tensors.append(made)
    outputs = [tensors[ref.node] for ref in spec.outputs]
    single = len(inputs) == 1 and len(outputs) == 1
    model = keras.Model(inputs[0], outputs[0]) if single else keras.Model(inputs, outputs)
    return Built(spec, model, layers, tensors)


def _call(layer: LayerSpec, instance: Any, node: NodeSpec, given: list[Any]) -> Any:
    import keras

    if _is_operation(layer):
        operands = [*given] if node.constant is None else [given[0], node.constant]
        if node.constant_first:
            operands.reverse()
        name = {"TrueDivide": "true_divide"}.get(layer.class_name[4:], layer.class_name[4:].lower())
        return getattr(keras.ops, name)(*operands)
    return instance(given[0] if len(given) == 1 else given)


def _instance(layer: LayerSpec, number: int) -> Any:
    import keras

    if layer.class_name == "InputLayer" or _is_operation(layer):
        return None
    try:
        arguments = {name: _value(name, value) for name, value in layer.arguments.items()}
        instance = getattr(keras.layers, layer.class_name)(**arguments, name=f"layer_{number}")
    except (ValueError, TypeError) as error:
        raise Refused(f"layer `{layer.class_name}` cannot be made: {str(error)[:300]}") from None
    instance.trainable = layer.trainable
    return instance


_FAMILIES = {"initializer": "initializers", "regularizer": "regularizers", "constraint": "constraints"}


def _value(name: str, value: Any) -> Any:
    """An argument as Keras wants it: [class, arguments] becomes an object, lists become tuples."""
    import keras

    family = _FAMILIES.get(name.rsplit("_", 1)[-1])
    if family and value is not None:
        return getattr(getattr(keras, family), value[0])(**value[1])
    if name == "activation" and isinstance(value, list):
        return getattr(keras.layers, value[0])(**{key: _value(key, item) for key, item in value[1].items()})
    return _tuples(value) if isinstance(value, list) else value


def _tuples(value: Any) -> Any:
    return tuple(_tuples(item) for item in value) if isinstance(value, list) else value


def _weights(layer: LayerSpec, shape: Any) -> int:
    """How many weights the layers that can grow large will have, before they are made."""
    arguments = layer.arguments
    last = int(shape[-1] or 1)
    if layer.class_name == "PReLU":  # one for each place of its input, but for the axes that share theirs
        shared = arguments.get("shared_axes") or []
        kept = [
            axis for axis in range(1, len(shape)) if axis not in (shared if isinstance(shared, list) else [shared])
        ]
        return _product(shape, kept)
    if "Normalization" in layer.class_name:
        axes = arguments.get("axis", -1)
        return 4 * _product(shape, axes if isinstance(axes, list) else [axes])
    if "units" in arguments:
        units = int(arguments["units"])
        gates = {"LSTM": 4, "GRU": 3}.get(layer.class_name, 1)
        recurrent = units * units * gates if layer.class_name in ("LSTM", "GRU", "SimpleRNN") else 0
        return last * units * gates + recurrent
    size = arguments.get("kernel_size", 1)
    area = int(math.prod(size)) if isinstance(size, list) else int(size) ** 2
    filters = int(arguments.get("filters", 0))
    if layer.class_name in ("DepthwiseConv2D", "SeparableConv2D"):
        channels = last * int(arguments.get("depth_multiplier", 1))
        return area * channels + channels * filters
    return area * last * filters


def _product(shape: Any, axes: list[int]) -> int:
    """Of the sizes of these axes; Keras itself says of one that is none."""
    return math.prod(int(shape[axis] or 1) for axis in axes if -len(shape) <= axis < len(shape))


def facts(model: Any, spec: ModelSpec) -> tuple[LayerFacts, ...]:
    """Each layer of a built model in the order of its calls: class, units, activation, parameters, shape."""
    made = []
    built = {layer.name: layer for layer in model.layers}
    seen: set[int] = set()
    for node in spec.nodes:
        layer = spec.layers[node.layer]
        keras_layer = built.get(f"layer_{node.layer}")
        if layer.class_name == "InputLayer" or node.layer in seen or keras_layer is None:
            continue
        seen.add(node.layer)
        arguments = layer.arguments
        has_activation = "activation" in allowlist.LAYERS[layer.class_name]
        shown = arguments.get("activation", "linear" if has_activation else None)
        made.append(
            LayerFacts(
                class_name=layer.class_name,
                name=_describe(layer),
                units=arguments.get("units", arguments.get("filters")),
                activation=shown[0] if isinstance(shown, list) else shown,
                params=int(keras_layer.count_params()),
                output_shape=tuple(keras_layer.output.shape),
                regularizers=tuple(_regularizers(arguments)),
            )
        )
    return tuple(made)


def _describe(layer: LayerSpec) -> str:
    """What is worth saying beside the class: "3×3, strides 2×2", "rate 0.4"."""
    arguments = layer.arguments
    words = []
    for name in ("kernel_size", "pool_size", "size"):
        if name in arguments:
            words.append(_sides(arguments[name]))
    usual = arguments.get("pool_size", [2, 2]) if "Pooling" in layer.class_name else None
    if "strides" in arguments and arguments["strides"] != usual:
        words.append("strides " + _sides(arguments["strides"]))
    if arguments.get("padding") == "same":
        words.append("same padding")
    if "rate" in arguments:
        words.append(f"rate {arguments['rate']:g}")
    if not layer.trainable:
        words.append("frozen")
    return ", ".join(words)


def _sides(size: Any) -> str:
    return "×".join(str(n) for n in (size if isinstance(size, list) else [size]))


def _regularizers(arguments: dict[str, Any]) -> list[str]:
    words = []
    for name, value in arguments.items():
        if name.endswith("_regularizer") and value is not None:
            factors = " ".join(f"{factor:g}" for factor in value[1].values()) or "0.01"
            words.append(f"{name.removesuffix('_regularizer')} {value[0]} {factors}")
    return words


def _is_operation(layer: LayerSpec) -> bool:
    return layer.class_name.startswith("ops.")
