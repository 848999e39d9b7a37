"""The configuration of a saved model, as Keras 2 and Keras 3 write it, as a tree of layers and their calls.

Nothing is built from it and nothing in it is called. Names of arguments become today's; whether a layer may be
built is for trusted code to say. A class that is not Keras's own is told by its whole name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from harness.worker.cells import clean
from harness.worker.describe import plain

MAX_LAYERS = 512
MAX_DEPTH = 8  # models within models
MAX_NESTED = 100  # lists and objects
MODELS = ("Sequential", "Functional", "Model")
_KERAS = re.compile(r"(tf_)?keras(\.|$)|tensorflow\.(python\.)?keras(\.|$)")
_OPERATIONS = re.compile(r"keras\.(src\.)?ops(\.|$)")
_OLD_OPERATIONS = {
    "math.truediv": "TrueDivide", "math.divide": "TrueDivide", "__operators__.truediv": "TrueDivide",
    "math.multiply": "Multiply", "__operators__.mul": "Multiply", "math.add": "Add", "__operators__.add": "Add",
    "math.subtract": "Subtract", "__operators__.sub": "Subtract",
}  # fmt: skip
_LEFT_OUT = (  # what decides nothing, or is kept elsewhere
    "name", "dtype", "trainable", "build_config", "quantization_config", "batch_input_shape", "input_dtype",
    "implementation", "use_cudnn", "zero_output_for_mask", "fused", "ragged", "input_dim", "input_shape",
)  # fmt: skip


class ConfigError(ValueError):
    """A configuration that is none of Keras's; the message completes "it …"."""


class ForeignModelError(ConfigError):
    """A model of a class that is not Keras's own; the message completes "it …" and names the class."""


@dataclass(frozen=True)
class Ref:
    """The output of call `call` of the layer `layer`, by its name."""

    layer: str
    call: int


@dataclass(frozen=True)
class Call:
    """One call of a layer. `arguments` as in a NodeRecord."""

    inputs: tuple[Ref, ...]
    arguments: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Layer:
    """A layer with today's arguments, or a model used as one (`inner`). `input_shape` without the batch."""

    class_name: str
    name: str
    config: dict[str, Any]
    trainable: bool = True
    inner: Tree | None = None
    calls: tuple[Call, ...] = ()
    input_shape: tuple[int | None, ...] | None = None


@dataclass(frozen=True, eq=False)
class Tree:
    """A model: its layers in Keras's order. A chain has neither `inputs` nor `outputs`."""

    name: str
    layers: tuple[Layer, ...]
    chain: bool
    inputs: tuple[Ref, ...] = ()
    outputs: tuple[Ref, ...] = ()
    input_shape: tuple[int | None, ...] | None = None

    def leaves(self) -> Iterator[Layer]:
        """The layers that are no models, with those of inner models, in order."""
        for layer in self.layers:
            if layer.inner is None:
                yield layer
            else:
                yield from layer.inner.leaves()


def read_model(config: Any, depth: int = 0) -> Tree:
    """The model of {"class_name": …, "config": …}. Raises ConfigError, and ForeignModelError for other classes."""
    if not isinstance(config, dict) or not isinstance(config.get("class_name"), str):
        raise ConfigError("names no class of model")
    if depth > MAX_DEPTH:
        raise ConfigError(f"nests models deeper than {MAX_DEPTH}")
    name = class_name(config)
    inner = config.get("config")
    if name not in MODELS:
        shown = name.removeprefix("custom:")
        raise ForeignModelError(f"is a `{shown}`, and no Sequential or functional model of Keras's")
    if name == "Sequential":
        return _sequential(inner, depth)
    if not isinstance(inner, dict) or not isinstance(inner.get("layers"), list):
        raise ConfigError("lists no layers")
    return _functional(inner, depth)


def class_name(entry: dict[str, Any]) -> str:
    """Keras's own class by its name; any other marked, with the module that it would come from."""
    name, module, registered = (entry.get(key) for key in ("class_name", "module", "registered_name"))
    name = clean(str(name))[:200]
    if isinstance(module, str) and not _KERAS.match(module):
        if name == "function" and isinstance(entry.get("config"), str):
            name = entry["config"]
        return clean(f"custom:{module}.{name}")[:300]
    if isinstance(registered, str) and registered != name:
        return clean(f"custom:{registered}")[:300]
    if isinstance(module, str) and _OPERATIONS.match(module):
        return f"ops.{name}"
    return f"custom:{name}" if ">" in name else name


def plainly(value: Any, depth: int = 0) -> Any:
    """A configuration with lists where Keras marked tuples and shapes: {"class_name": "__tuple__", "items": […]}.
    Raises ConfigError where it is nested too deeply."""
    if depth > MAX_NESTED:
        raise ConfigError(f"has a configuration nested deeper than {MAX_NESTED}")
    if isinstance(value, list):
        return [plainly(item, depth + 1) for item in value]
    if not isinstance(value, dict):
        return value
    if value.get("class_name") in ("__tuple__", "TensorShape") and isinstance(value.get("items"), list):
        return [plainly(item, depth + 1) for item in value["items"]]
    return {key: plainly(item, depth + 1) for key, item in value.items()}


# --- models


def _sequential(config: Any, depth: int) -> Tree:
    entries = config.get("layers") if isinstance(config, dict) else config  # the oldest files have a bare list
    layers = _layers(entries, depth)
    name = str(config.get("name", "")) if isinstance(config, dict) else ""
    built = config.get("build_input_shape") if isinstance(config, dict) else None
    shape = next((layer.input_shape for layer in layers[:1]), None) or _shape(built)
    if shape is None and layers and layers[0].inner is not None:
        shape = layers[0].inner.input_shape
    layers = [layer for layer in layers if layer.class_name != "InputLayer"]
    if not layers:
        raise ConfigError("has no layers")
    if shape is None:
        raise ConfigError("does not say the shape of its input: it was saved before it was given any")
    return Tree(clean(name)[:300], tuple(layers), chain=True, input_shape=shape)


def _functional(config: dict[str, Any], depth: int) -> Tree:
    layers = _layers(config["layers"], depth)
    inputs = tuple(_references(config.get("input_layers")))
    outputs = tuple(_references(config.get("output_layers")))
    if not inputs or not outputs:
        raise ConfigError("does not say its inputs and outputs")
    shape = next((layer.input_shape for layer in layers if layer.name == inputs[0].layer), None)
    tree = Tree(clean(str(config.get("name", "")))[:300], tuple(layers), False, inputs, outputs, shape)
    return _counted_from_zero(tree)


def _layers(entries: Any, depth: int) -> list[Layer]:
    if not isinstance(entries, list) or len(entries) > MAX_LAYERS:
        raise ConfigError(f"lists no layers, or more than {MAX_LAYERS}")
    return [_layer(entry, depth) for entry in entries]


def _layer(entry: Any, depth: int) -> Layer:
    if not isinstance(entry, dict) or not isinstance(entry.get("class_name"), str):
        raise ConfigError("has a layer that names no class")
    name, config = class_name(entry), entry.get("config")
    inner = None
    if name in MODELS:
        inner = read_model(entry, depth + 1)
    elif not isinstance(config, dict) and not name.startswith("custom:"):
        raise ConfigError(f"has a layer `{name}` without a configuration")
    named = entry.get("name") or (config.get("name") if isinstance(config, dict) else None)
    given = config if isinstance(config, dict) else {}
    nodes = _nodes(entry.get("inbound_nodes"))
    if name in _OLD_OPERATIONS.values() and entry.get("module") is None and _is_operation(name, nodes):
        name = f"ops.{name}"
    if name == "TFOpLambda":
        function = str(given.get("function"))
        known = _OLD_OPERATIONS.get(function)
        name = f"ops.{known}" if known else f"tf.{clean(function)}"[:300]
    return Layer(
        class_name=name,
        name=clean(str(named or name.removeprefix("custom:")))[:300],
        config={} if inner else _arguments(name, given),
        trainable=given.get("trainable") is not False,
        inner=inner,
        calls=tuple(_call(node, name) for node in nodes),
        input_shape=inner.input_shape if inner else _input_shape(given),
    )


def _counted_from_zero(tree: Tree) -> Tree:
    """The calls of inner models counted from 0: Keras counts the one that made such a model as its first."""
    used: dict[str, int] = {}
    for ref in (*tree.outputs, *(ref for layer in tree.layers for call in layer.calls for ref in call.inputs)):
        used[ref.layer] = max(used.get(ref.layer, 0), ref.call)
    late = {layer.name for layer in tree.layers if layer.inner and used.get(layer.name, 0) >= len(layer.calls)}

    def counted(ref: Ref) -> Ref:
        return Ref(ref.layer, max(0, ref.call - 1)) if ref.layer in late else ref

    layers = tuple(
        Layer(
            layer.class_name, layer.name, layer.config, layer.trainable, layer.inner,
            tuple(Call(tuple(map(counted, call.inputs)), call.arguments) for call in layer.calls),
            layer.input_shape,
        )
        for layer in tree.layers
    )  # fmt: skip
    return Tree(tree.name, layers, False, tree.inputs, tuple(map(counted, tree.outputs)), tree.input_shape)


# --- calls


def _nodes(found: Any) -> list[Any]:
    return found[:64] if isinstance(found, list) else []


def _is_operation(name: str, nodes: list[Any]) -> bool:
    """Whether `Add` and the like are `a + b` and no layer, which takes one list. `.h5` of Keras 3 does not say."""
    first = nodes[0].get("args") if nodes and isinstance(nodes[0], dict) else None
    return name == "TrueDivide" or (isinstance(first, list) and len(first) > 1)


def _call(node: Any, name: str) -> Call:
    """One entry of `inbound_nodes`: {"args", "kwargs"} in Keras 3, [[layer, call, output, kwargs], …] before."""
    arguments: dict[str, Any] = {}
    if isinstance(node, dict):
        given = node.get("args") if isinstance(node.get("args"), list) else []
        if name.startswith("ops."):
            named = node.get("kwargs") if isinstance(node.get("kwargs"), dict) else {}
            kept = {str(key)[:300]: _marked(value) for key, value in (named or {}).items() if value is not None}
            arguments = {"args": [_marked(value) for value in (given or [])[:8]]} | (
                {"kwargs": kept} if kept else {}
            )
        return Call(tuple(_tensors(node)), arguments)
    inputs = tuple(_references(node))
    if name.startswith("ops."):
        last = node[-1] if isinstance(node, list) and node else None
        last = last[-1] if isinstance(last, list) and last else last
        other = last.get("y") if isinstance(last, dict) else None
        beside = tuple(_references(other))
        arguments = {"args": ["tensor", "tensor" if beside else plain(other)]}
        inputs += beside
    return Call(inputs, arguments)


def _marked(value: Any) -> Any:
    return "tensor" if next(_tensors(value), None) is not None else plain(value)


def _tensors(value: Any, depth: int = 0) -> Iterator[Ref]:
    """The tensors in Keras 3's arguments of a call."""
    if depth > 8:
        return
    if isinstance(value, dict):
        if value.get("class_name") == "__keras_tensor__":
            inner = value.get("config")
            yield from _references(inner.get("keras_history") if isinstance(inner, dict) else None)
            return
        value = list(value.values())
    if isinstance(value, list):
        for item in value[:64]:
            yield from _tensors(item, depth + 1)


def _references(value: Any, depth: int = 0) -> Iterator[Ref]:
    """[layer, call, output, …] wherever it stands in lists and dicts."""
    if depth > 8:
        return
    if isinstance(value, dict):
        value = list(value.values())
    if not isinstance(value, list):
        return
    if len(value) >= 3 and isinstance(value[0], str) and all(type(part) is int for part in value[1:3]):
        yield Ref(clean(value[0])[:300], max(0, value[1]))
        return
    for item in value[:64]:
        yield from _references(item, depth + 1)


# --- arguments


def _shape(value: Any) -> tuple[int | None, ...] | None:
    """A batch's shape without the batch; None where it is none."""
    if not isinstance(value, list) or not 2 <= len(value) <= 6:
        return None
    sizes = value[1:]
    return tuple(sizes) if all(size is None or (type(size) is int and size > 0) for size in sizes) else None


def _input_shape(config: dict[str, Any]) -> tuple[int | None, ...] | None:
    return _shape(config.get("batch_shape")) or _shape(config.get("batch_input_shape"))


def _arguments(name: str, config: dict[str, Any]) -> dict[str, Any]:
    """The arguments of a layer as today's Keras has them, as plain data."""
    return _today(name, {str(key)[:300]: modern(value) for key, value in config.items()})


def _today(name: str, given: dict[str, Any]) -> dict[str, Any]:
    """Arguments by today's names, without those that decide nothing."""
    shape = given.get("batch_shape", given.get("batch_input_shape"))
    kept = {key: value for key, value in given.items() if key not in _LEFT_OUT and key != "batch_shape"}
    if name == "InputLayer":
        return {"batch_shape": shape} if shape is not None else {}
    if name == "LeakyReLU" and "alpha" in kept:
        kept["negative_slope"] = kept.pop("alpha")
    axis = kept.get("axis")
    if name in ("BatchNormalization", "LayerNormalization") and isinstance(axis, list) and len(axis) == 1:
        kept["axis"] = axis[0]
    return dict(list(kept.items())[:64])


def modern(value: Any) -> Any:
    """A value as plain data, with today's names of regularisers and functions."""
    if isinstance(value, dict) and isinstance(value.get("class_name"), str):
        name, config = class_name(value), value.get("config")
        if value["class_name"] == "function" and isinstance(config, str) and not name.startswith("custom:"):
            return clean(config)[:300]
        if name == "custom:builtins.function" or name == f"custom:builtins.{config}":
            return clean(str(config))[:300]
        made = plain({"class_name": name, "config": config if isinstance(config, dict) else {}})
        return _single_penalty({**made, "config": _today(name, made["config"])})
    if isinstance(value, str):
        return clean(value).removesuffix("_v2")[:2000]
    return plain(value)


def _single_penalty(made: dict[str, Any]) -> dict[str, Any]:
    """Keras 2 wrote `regularizers.l2(factor)` as an L1L2 with an L1 of 0."""
    config = made["config"]
    if made["class_name"] != "L1L2":
        return made
    if config.get("l1") == 0 and config.get("l2"):
        return {"class_name": "L2", "config": {"l2": config["l2"]}}
    if config.get("l2") == 0 and config.get("l1"):
        return {"class_name": "L1", "config": {"l1": config["l1"]}}
    return made
