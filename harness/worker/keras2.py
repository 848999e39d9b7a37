"""Names of Keras 2 and names that everyone imports: served, and each use noted with today's spelling.

Hand-ins of 2020 to 2023 were written for a Keras that no longer installs. What they call is still there under
another name; this module answers the old one.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import sys
import types
from collections.abc import Callable
from typing import Any

Note = Callable[[str, str], None]
"""note(code, message): a finding at the line that is running."""

EVERYDAY: dict[str, str] = {
    "np": "numpy",
    "numpy": "numpy",
    "plt": "matplotlib.pyplot",
    "matplotlib": "matplotlib",
    "tf": "tensorflow",
    "tensorflow": "tensorflow",
    "keras": "keras",
    "os": "os",
    "math": "math",
    "random": "random",
    "time": "time",
    "pd": "pandas",
    "layers": "keras.layers",
    "Sequential": "keras:Sequential",
    "Model": "keras:Model",
    "Input": "keras:Input",
    "Dense": "keras.layers:Dense",
    "Flatten": "keras.layers:Flatten",
    "Dropout": "keras.layers:Dropout",
    "Conv2D": "keras.layers:Conv2D",
    "MaxPooling2D": "keras.layers:MaxPooling2D",
    "Activation": "keras.layers:Activation",
    "SGD": "keras.optimizers:SGD",
    "Adam": "keras.optimizers:Adam",
    "regularizers": "keras.regularizers",
    "mnist": "keras.datasets.mnist",
    "np_utils": "keras.utils.np_utils",
    "to_categorical": "keras.utils:to_categorical",
    "load_model": "keras.models:load_model",
}

# Modules of Keras 2 and the Keras 3 module that holds their names.
MOVED: dict[str, str] = {
    "utils.np_utils": "utils",
    "utils.vis_utils": "utils",
    "utils.generic_utils": "utils",
    "utils.layer_utils": "utils",
    "layers.core": "layers",
    "layers.convolutional": "layers",
    "layers.pooling": "layers",
    "layers.normalization": "layers",
    "layers.advanced_activations": "layers",
    "layers.noise": "layers",
    "layers.merge": "layers",
    "layers.embeddings": "layers",
    "layers.recurrent": "layers",
    "optimizers.legacy": "optimizers",
    "optimizers.gradient_descent_v2": "optimizers",
    "optimizers.adam_v2": "optimizers",
    "optimizers.rmsprop_v2": "optimizers",
    "engine.training": "models",
    "engine.sequential": "models",
    "preprocessing.image": "_tf_keras.keras.preprocessing.image",  # the whole of it is only there
    "wrappers.scikit_learn": "wrappers",
}
_TREES = ("keras", "keras._tf_keras.keras")


def supplier(note: Note) -> Callable[[str], Any]:
    """A function that imports a name that everyone imports, and notes that the hand-in did not."""

    def supply(name: str) -> Any:
        target = EVERYDAY.get(name)
        if target is None:
            raise KeyError(name)
        module, _, attribute = target.partition(":")
        value = importlib.import_module(module)
        statement = (
            f"from {module} import {attribute}"
            if attribute
            else (f"import {module}" if name == module else f"import {module} as {name}")
        )
        note("missing-import", f"`{name}` is used but never imported; add `{statement}` at the top.")
        return getattr(value, attribute) if attribute else value

    return supply


def install(note: Note) -> None:
    """Make the old names answer, in `keras` and in `tensorflow.keras`."""
    import keras

    for tree in _TREES:
        for old, new in MOVED.items():
            target = f"keras.{new}" if new.startswith("_tf_keras.") else f"{tree}.{new}"
            _serve_module(f"{tree}.{old}", target, note)
    _serve_old_arguments(keras, note)
    _serve_old_methods(keras, note)


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
    label = name.replace("keras._tf_keras.keras", "tensorflow.keras")
    modern = target.replace("keras._tf_keras.keras", "tensorflow.keras")
    old = _OldModule(name, new, functools.partial(note, "keras2-name", f"`{label}` is Keras 2; write `{modern}`."))
    sys.modules[name] = old
    if name.startswith("keras._tf_keras."):
        sys.modules[label] = old
    parent, _, child = name.rpartition(".")
    try:
        holder = importlib.import_module(parent)
    except ImportError:
        return
    if isinstance(getattr(holder, child, old), types.ModuleType):
        setattr(holder, child, old)


class _OldModule(types.ModuleType):
    """A module of Keras 2: its names are looked up in the module that holds them now."""

    def __init__(self, name: str, new: types.ModuleType, noted: Callable[[], None]) -> None:
        super().__init__(name)
        self.__dict__["_new"] = new
        self.__dict__["_noted"] = noted
        self.__path__: list[str] = []

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        value = getattr(self.__dict__["_new"], name)
        self.__dict__["_noted"]()
        return value


def _serve_old_arguments(keras: Any, note: Note) -> None:
    """`SGD(lr=…)`, `LeakyReLU(alpha=…)` and the like."""
    for name in dir(keras.optimizers):
        optimizer = getattr(keras.optimizers, name)
        if inspect.isclass(optimizer) and "learning_rate" in inspect.signature(optimizer.__init__).parameters:
            _rename_argument(optimizer, "lr", "learning_rate", note)
            _drop_argument(optimizer, "decay", note)
    _rename_argument(keras.layers.LeakyReLU, "alpha", "negative_slope", note)
    for dimensions in (1, 2, 3):
        _give_pool_size(getattr(keras.layers, f"AveragePooling{dimensions}D"), note)


def _wrap_init(owner: Any, adapt: Callable[[tuple[Any, ...], dict[str, Any]], None]) -> None:
    """Let `adapt` change the keyword arguments of a class before it is made."""
    original = owner.__init__

    @functools.wraps(original)
    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        adapt(args, kwargs)
        original(self, *args, **kwargs)

    init.__signature__ = inspect.signature(original)  # type: ignore[attr-defined]  # Keras looks at it
    owner.__init__ = init


def _rename_argument(owner: Any, old: str, new: str, note: Note) -> None:
    def adapt(_: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if old in kwargs:
            kwargs.setdefault(new, kwargs.pop(old))
            note("keras2-name", f"`{owner.__name__}({old}=…)` is Keras 2; write `{new}=`.")

    _wrap_init(owner, adapt)


def _drop_argument(owner: Any, old: str, note: Note) -> None:
    def adapt(_: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if kwargs.pop(old, None):
            note("keras2-name", f"`{owner.__name__}({old}=…)` is Keras 2; today's Keras ignores `{old}`.")

    _wrap_init(owner, adapt)


def _give_pool_size(owner: Any, note: Note) -> None:
    def adapt(args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if not args and "pool_size" not in kwargs:
            kwargs["pool_size"] = 2
            note("keras2-name", f"`{owner.__name__}()` without a size is Keras 2; write `pool_size=2`.")

    _wrap_init(owner, adapt)


def _serve_old_methods(keras: Any, note: Note) -> None:
    """`predict_classes`, `predict_proba` and the generators of Keras 2 models; `lr` of an optimizer."""

    def predict_classes(self: Any, x: Any, *args: Any, **kwargs: Any) -> Any:
        note("keras2-name", "`model.predict_classes(x)` is Keras 2; write `model.predict(x).argmax(axis=-1)`.")
        return self.predict(x, *args, **kwargs).argmax(axis=-1)

    def predict_proba(self: Any, x: Any, *args: Any, **kwargs: Any) -> Any:
        note("keras2-name", "`model.predict_proba(x)` is Keras 2; write `model.predict(x)`.")
        return self.predict(x, *args, **kwargs)

    def with_generator(name: str) -> Callable[..., Any]:
        def method(self: Any, *args: Any, **kwargs: Any) -> Any:
            note("keras2-name", f"`model.{name}_generator(…)` is Keras 2; write `model.{name}(…)`.")
            data = (kwargs.pop("generator"),) if "generator" in kwargs else ()
            return getattr(self, name)(*data, *args, **kwargs)

        return method

    methods = {"predict_classes": predict_classes, "predict_proba": predict_proba}
    methods |= {f"{name}_generator": with_generator(name) for name in ("fit", "evaluate", "predict")}
    for name, method in methods.items():
        if not hasattr(keras.Model, name):
            setattr(keras.Model, name, method)
    optimizer = keras.optimizers.Optimizer
    if not hasattr(optimizer, "lr"):
        optimizer.lr = property(lambda self: self.learning_rate)
