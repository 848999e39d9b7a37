"""The weights of a saved model, layer by layer, from the three ways in which Keras has written them.

`.weights.h5` (inside `.keras` too) names layers by their class and number, the older `.h5` by the names in the
configuration, and a folder of TensorFlow's counts the layers that have weights.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.worker.saved_config import Layer, Tree
from harness.worker.saved_hdf5 import Hdf5, TooLarge, UnreadableFile

Arrays = list[NDArray[np.float32]]
ByLayer = dict[Layer, Arrays]
_LAYERS = ("layers", "_layer_checkpoint_dependencies")
_ORDER = (  # of a layer's variables, where a file does not keep it
    "depthwise_kernel", "pointwise_kernel", "kernel", "recurrent_kernel", "alpha", "gamma", "beta", "bias",
    "moving_mean", "moving_variance",
)  # fmt: skip
_WITH_WEIGHTS = (
    "Dense", "Conv1D", "Conv2D", "SeparableConv2D", "DepthwiseConv2D", "Conv2DTranspose", "BatchNormalization",
    "LayerNormalization", "GroupNormalization", "PReLU", "LSTM", "GRU", "SimpleRNN",
)  # fmt: skip
_VALUE = "/.ATTRIBUTES/VARIABLE_VALUE"


# --- Keras 3, and `.keras` of Keras 2


def is_keras_3(file: Hdf5) -> bool:
    """Whether an HDF5 file has weights as `save_weights` of Keras 3 writes them, and no model."""
    return any(name.replace("\\", "/").split("/")[0] in _LAYERS for name in list(file.root)[:64])


def of_keras_3(file: Hdf5, tree: Tree) -> ByLayer:
    """The weights of each layer from a file in which `layers/dense_1/vars/0` is a weight."""
    return _walk(_stored(file), tree, ())


def named_of_keras_3(file: Hdf5) -> dict[str, Arrays]:
    """The weights of each layer by its place in the file, for instance `dense_1`; without an architecture."""
    found: dict[str, Arrays] = {}
    for path, data in _stored(file).items():
        found.setdefault("/".join(part for part in path[:-2] if part != "layers"), []).append(data())
    return found


def _stored(file: Hdf5) -> dict[tuple[str, ...], Callable[[], NDArray[np.float32]]]:
    """How to read each weight, by its path; the optimizer's variables are left alone."""
    found: dict[tuple[str, ...], Callable[[], NDArray[np.float32]]] = {}
    for path, data in file.datasets(file.root):
        parts = tuple("layers" if part in _LAYERS else part for part in path)
        if parts[0] == "layers" and "vars" in parts:
            found[parts] = partial(file.values, data)
    return found


def _walk(
    stored: Mapping[tuple[str, ...], Callable[[], NDArray[np.float32]]], tree: Tree, above: tuple[str, ...]
) -> ByLayer:
    made: ByLayer = {}
    used: dict[str, int] = {}
    for layer in tree.layers:
        stem = snake_case(_class_of(layer))
        used[stem] = used.get(stem, -1) + 1
        place = (*above, "layers", f"{stem}_{used[stem]}" if used[stem] else stem)
        if layer.inner is not None:
            made |= _walk(stored, layer.inner, place)
        else:
            made[layer] = [read() for path, read in stored.items() if path[: len(place)] == place]
    return made


def _class_of(layer: Layer) -> str:
    if layer.inner is not None:
        return "Sequential" if layer.inner.chain else "Functional"
    return layer.class_name.removeprefix("ops.").removeprefix("custom:").rpartition(".")[2]


def snake_case(name: str) -> str:
    """Keras's name for a class in a file: `max_pooling2d` of MaxPooling2D."""
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


# --- the older .h5


def of_keras_2(file: Hdf5, tree: Tree) -> ByLayer:
    """The weights of each layer from a file with a group for each top-level layer, by its name."""
    named = _groups(file)
    made: ByLayer = {}
    for layer in tree.layers:
        found = named.get(layer.name, [])
        if layer.inner is None:
            made[layer] = [values for _, values in found]
        else:
            made |= _shared_out(layer.inner, found)
    return made


def named_of_keras_2(file: Hdf5) -> dict[str, Arrays]:
    """The weights of each layer that has any, by its name, in the model's order; without an architecture."""
    return {name: [values for _, values in found] for name, found in _groups(file).items() if found}


def has_keras_2(file: Hdf5) -> bool:
    """Whether an HDF5 file has weights as the older format has them."""
    return bool(file.texts(_top(file), "layer_names"))


def _top(file: Hdf5) -> Any:
    found = file.child(file.root, "model_weights")
    return file.root if found is None else found


def _groups(file: Hdf5) -> dict[str, list[tuple[str, NDArray[np.float32]]]]:
    top = _top(file)
    found = {}
    for name in file.texts(top, "layer_names"):
        group = file.child(top, name)
        if group is None:
            raise UnreadableFile(f"lists a layer {name[:80]} and does not hold it")
        weights = file.texts(group, "weight_names")
        found[name] = [(weight, file.values(file.child(group, weight))) for weight in weights]
    return found


def _shared_out(tree: Tree, found: list[tuple[str, NDArray[np.float32]]]) -> ByLayer:
    """The weights of an inner model, which stand in one list, by the names of its layers in theirs."""
    leaves = list(tree.leaves())
    made: ByLayer = {leaf: [] for leaf in leaves}
    for name, values in found:
        parts = name.split("/")[:-1]
        owner = next((leaf for part in reversed(parts) for leaf in leaves if leaf.name == part), None)
        if owner is None:
            raise UnreadableFile("holds the weights of an inner model under names that tell no layer")
        made[owner].append(values)
    return made


# --- TensorFlow's checkpoints


def of_checkpoint(prefix: str, tree: Tree, room: int) -> ByLayer:
    """The weights of each layer from the variables of a SavedModel, read without its graph."""
    import tensorflow as tf

    try:
        reader = tf.train.load_checkpoint(prefix)
        shapes = reader.get_variable_to_shape_map()
    except (tf.errors.OpError, ValueError, UnicodeDecodeError) as error:
        raise UnreadableFile(f"holds variables that TensorFlow cannot read ({type(error).__name__})") from None
    size = 4 * sum(int(np.prod(shape, dtype=np.float64)) for shape in shapes.values())
    if size > room:
        raise TooLarge(f"declares weights of {size:,} bytes; {room:,} are left to be read")

    def read(prefix: str) -> Arrays:
        return values(sorted((name for name in shapes if name.startswith(prefix) and _is_weight(name)), key=_place))

    def values(names: Iterable[str]) -> Arrays:
        try:
            return [np.ascontiguousarray(reader.get_tensor(name), dtype=np.float32) for name in names]
        except (tf.errors.OpError, ValueError, TypeError) as error:
            raise UnreadableFile(f"holds variables that cannot be read ({type(error).__name__})") from None

    if any(_is_weight(name) for name in shapes):
        return _counted(tree, "", read)
    return _in_turn(tree, values(name for n in range(len(shapes)) if (name := f"variables/{n}{_VALUE}") in shapes))


def _in_turn(tree: Tree, values: Arrays) -> ByLayer:
    """The weights of each layer from a list of all of them, in the order of the layers."""
    made: ByLayer = {}
    at = 0
    for leaf in tree.leaves():
        count = _count(leaf)
        made[leaf] = values[at : at + count]
        at += count
    if at != len(values):
        raise UnreadableFile(f"holds {len(values)} weights for layers that have {at}")
    return made


def _count(leaf: Layer) -> int:
    """How many weights a layer has, which with its bias, or with scale and centre."""
    if leaf.class_name not in _WITH_WEIGHTS:
        return 0
    if leaf.class_name.endswith("Normalization"):
        moving = 2 * (leaf.class_name == "BatchNormalization")
        return moving + (leaf.config.get("center") is not False) + (leaf.config.get("scale") is not False)
    if leaf.class_name == "PReLU":
        return 1
    kernels = 2 if leaf.class_name in ("SeparableConv2D", "LSTM", "GRU", "SimpleRNN") else 1
    return kernels + (leaf.config.get("use_bias") is not False)


def _counted(tree: Tree, above: str, read: Callable[[str], Arrays]) -> ByLayer:
    made: ByLayer = {}
    number = 0
    for layer in tree.layers:
        place = f"{above}layer_with_weights-{number}/"
        if layer.inner is not None:
            made |= _counted(layer.inner, place, read)
            number += _has_weights(layer.inner.leaves())
        else:
            weighted = _has_weights([layer])
            made[layer] = read(place) if weighted else []
            number += weighted
    return made


def _has_weights(leaves: Iterable[Layer]) -> bool:
    return any(leaf.class_name in _WITH_WEIGHTS for leaf in leaves)


def _is_weight(name: str) -> bool:
    return name.startswith("layer_with_weights-") and name.endswith(_VALUE) and ".OPTIMIZER_SLOT" not in name


def _place(name: str) -> tuple[int, str]:
    last = name.removesuffix(_VALUE).rpartition("/")[2]
    return (_ORDER.index(last) if last in _ORDER else len(_ORDER), name)
