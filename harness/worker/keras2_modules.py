"""Modules and functions of Keras 2 that have moved: each use is answered from where they are now, and noted."""

from __future__ import annotations

import functools
import importlib
import sys
import types
from collections.abc import Callable
from typing import Any

Note = Callable[[str, str], None]

# Modules of Keras 2 and the Keras 3 module that holds their names; a module comes before what is in it.
MOVED: dict[str, str] = {
    "utils.np_utils": "utils",
    "utils.vis_utils": "utils",
    "utils.generic_utils": "utils",
    "utils.layer_utils": "utils",
    "utils.data_utils": "utils",
    "utils.io_utils": "utils",
    "utils.visualize_util": "utils",
    "layers.core": "layers",
    "layers.core.dense": "layers",
    "layers.convolutional": "layers",
    "layers.convolutional.conv2d": "layers",
    "layers.pooling": "layers",
    "layers.normalization": "layers",
    "layers.normalization.batch_normalization": "layers",
    "layers.normalization.batch_normalization_v1": "layers",
    "layers.normalization_v2": "layers",
    "layers.advanced_activations": "layers",
    "layers.noise": "layers",
    "layers.merge": "layers",
    "layers.embeddings": "layers",
    "layers.recurrent": "layers",
    "layers.wrappers": "layers",
    "layers.local": "layers",
    "layers.experimental": "layers",
    "layers.experimental.preprocessing": "layers",
    "optimizers.legacy": "optimizers",
    "optimizers.experimental": "optimizers",
    "optimizers.optimizer_v2": "optimizers",
    "optimizers.gradient_descent_v2": "optimizers",
    "optimizers.adam_v2": "optimizers",
    "optimizers.rmsprop_v2": "optimizers",
    "optimizer_v2": "optimizers",
    "optimizer_v2.gradient_descent": "optimizers",
    "optimizer_v2.adam": "optimizers",
    "optimizer_v1": "optimizers",
    "optimizers_v1": "optimizers",
    "optimizers_v2": "optimizers",
    "callbacks.callbacks": "callbacks",
    "callbacks.tensorboard_v1": "callbacks",
    "engine": "models",
    "engine.training": "models",
    "engine.sequential": "models",
    "engine.functional": "models",
    "engine.topology": "layers",
    "engine.base_layer": "layers",
    "engine.input_layer": "layers",
    "objectives": "losses",
    "initializations": "initializers",
    "initializers.initializers_v2": "initializers",
    "saving.save": "saving",
    "preprocessing.image": "_tf_keras.keras.preprocessing.image",  # the whole of it is only there
    "wrappers.scikit_learn": "wrappers",
    "backend.tensorflow_backend": "backend",
}

# Names of Keras 2, the module that had them, and what that module calls them today.
RENAMED: dict[str, dict[str, str]] = {
    "losses": {
        "mse": "mean_squared_error",
        "MSE": "mean_squared_error",
        "mae": "mean_absolute_error",
        "MAE": "mean_absolute_error",
        "mape": "mean_absolute_percentage_error",
        "MAPE": "mean_absolute_percentage_error",
        "msle": "mean_squared_logarithmic_error",
        "MSLE": "mean_squared_logarithmic_error",
        "kld": "kl_divergence",
        "KLD": "kl_divergence",
        "kullback_leibler_divergence": "kl_divergence",
        "cosine": "cosine_similarity",
        "cosine_proximity": "cosine_similarity",
        "logcosh": "log_cosh",
        "bce": "binary_crossentropy",
        "BCE": "binary_crossentropy",
    },
    "metrics": {
        "mse": "mean_squared_error",
        "MSE": "mean_squared_error",
        "mae": "mean_absolute_error",
        "MAE": "mean_absolute_error",
    },
    "optimizers": {
        name.lower(): name for name in ("SGD", "Adam", "RMSprop", "Adagrad", "Adadelta", "Adamax", "Nadam")
    },
    "initializers": {"normal": "RandomNormal", "uniform": "RandomUniform", "gaussian": "RandomNormal"},
    "regularizers": {"l1l2": "L1L2"},
    "constraints": {"maxnorm": "MaxNorm", "nonneg": "NonNeg", "unitnorm": "UnitNorm"},
    "layers": {"Deconvolution2D": "Conv2DTranspose", "MaxPool2d": "MaxPooling2D", "AtrousConvolution2D": "Conv2D"},
}
TREES = ("keras", "keras._tf_keras.keras")


def unite_trees() -> None:
    """Let `import tensorflow.keras.layers` give what `tf.keras.layers` is, and not a second module of its own.

    Comes before anything in these modules is replaced.
    """
    importlib.import_module("tensorflow.keras")
    importlib.import_module(TREES[1])
    for name, module in list(sys.modules.items()):
        if name.startswith(f"{TREES[1]}."):
            sys.modules.setdefault(label(name), module)


def install(note: Note) -> None:
    """Make the old names answer, in `keras` and in `tensorflow.keras`."""
    for tree in TREES:
        for module, names in RENAMED.items():
            _serve_names(tree, module, names, note)
        for old, new in MOVED.items():
            target = f"keras.{new}" if new.startswith("_tf_keras.") else f"{tree}.{new}"
            _serve_module(f"{tree}.{old}", target, note)


def label(module: str) -> str:
    """The name of a module as hand-ins write it."""
    return module.replace("keras._tf_keras.keras", "tensorflow.keras")


def _serve_module(name: str, target: str, note: Note) -> None:
    """Put a module under an old name that hands out the new module's names and notes it once."""
    if name == target:
        return
    try:
        new = importlib.import_module(target)
    except ImportError:
        return
    if target == "keras._tf_keras.keras.preprocessing.image":
        target = "tensorflow.keras.preprocessing.image"
    noted = functools.partial(note, "keras2-name", f"`{label(name)}` is Keras 2; write `{label(target)}`.")
    root = importlib.import_module(TREES[name.startswith(TREES[1])])
    old = _OldModule(name, new, root, noted)
    sys.modules[name] = old
    if name.startswith("keras._tf_keras."):
        sys.modules[label(name)] = old
    parent, _, child = name.rpartition(".")
    try:
        holder = importlib.import_module(parent)
    except ImportError:
        return
    if isinstance(vars(holder).get(child, old), types.ModuleType):
        setattr(holder, child, old)


class _OldModule(types.ModuleType):
    """A module of Keras 2: its names are looked up in the module that holds them now, or in the whole of Keras."""

    def __init__(self, name: str, new: types.ModuleType, root: types.ModuleType, noted: Callable[[], None]) -> None:
        super().__init__(name)
        self.__dict__["_root"] = root
        self.__dict__["_new"] = new
        self.__dict__["_noted"] = noted
        self.__path__: list[str] = []

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        new = self.__dict__["_new"]
        value = getattr(new if hasattr(new, name) else self.__dict__["_root"], name)
        self.__dict__["_noted"]()
        return value


def _serve_names(tree: str, module_name: str, names: dict[str, str], note: Note) -> None:
    """Let a module answer to names that it no longer has; each is noted when it is asked for."""
    module: Any = importlib.import_module(f"{tree}.{module_name}")
    shown = label(f"{tree}.{module_name}")

    def get(name: str) -> Any:
        new = names.get(name)
        if new is None or not hasattr(module, new):
            raise AttributeError(f"module '{shown}' has no attribute '{name}'")
        note("keras2-name", f"`{shown}.{name}` is Keras 2; write `{shown}.{new}`.")
        return getattr(module, new)

    module.__getattr__ = get
