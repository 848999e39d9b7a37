"""Methods and attributes of Keras 2 models, layers and optimizers, and the backend's functions."""

from __future__ import annotations

import functools
import importlib
import sys
from collections.abc import Callable
from typing import Any

from harness.worker.keras2_modules import Note
from harness.worker.processes import IsTheirs

_FIT_ARGUMENTS = {
    "nb_epoch": "epochs",
    "nb_epochs": "epochs",
    "samples_per_epoch": "steps_per_epoch",
    "nb_val_samples": "validation_steps",
}
_LEFT_OUT = ("show_accuracy",)


def install(note: Note, is_theirs: IsTheirs) -> None:
    """Let models, layers, optimizers and `keras.backend` answer them. Comes before the recorder's methods.

    `is_theirs` tells code of the hand-in from that of libraries.
    """
    import keras

    _serve_prediction(keras, note)
    _serve_shapes(keras, note, is_theirs)
    _serve_inputs(keras, note)
    _serve_backend(note, is_theirs)
    optimizer = keras.optimizers.Optimizer
    if not hasattr(optimizer, "lr"):
        optimizer.lr = property(lambda self: self.learning_rate, _set_learning_rate)


def adapt_fit(note: Note) -> None:
    """Let the recorder's `fit` take what Keras 1 called its arguments. Comes after the recorder's methods."""
    import keras

    original = keras.Model.fit

    @functools.wraps(original)
    def fit(model: Any, *args: Any, **kwargs: Any) -> Any:
        for old, new in _FIT_ARGUMENTS.items():
            if old in kwargs:
                kwargs.setdefault(new, kwargs.pop(old))
                note("keras2-name", f"`fit({old}=…)` is Keras 1; write `{new}=`.")
        for old in _LEFT_OUT:
            if kwargs.pop(old, None) is not None:
                note("keras2-name", f"`fit({old}=…)` is Keras 1; leave it out.")
        return original(model, *args, **kwargs)

    keras.Model.fit = fit


def _set_learning_rate(optimizer: Any, value: Any) -> None:
    optimizer.learning_rate = value


def _serve_prediction(keras: Any, note: Note) -> None:
    """`predict_classes`, `predict_proba` and the generators."""

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


def _serve_shapes(keras: Any, note: Note, is_theirs: IsTheirs) -> None:
    """`layer.output_shape` and `layer.input_shape`."""

    def shape_of(side: str) -> Callable[[Any], Any]:
        def shape(layer: Any) -> Any:
            tensors = getattr(layer, side)  # raises AttributeError where the layer was never called
            if is_theirs(sys._getframe(1).f_code):
                note("keras2-name", f"`layer.{side}_shape` is Keras 2; write `layer.{side}.shape`.")
            return [tuple(each.shape) for each in tensors] if isinstance(tensors, list) else tuple(tensors.shape)

        return shape

    for side in ("input", "output"):
        if not hasattr(keras.Layer, f"{side}_shape"):
            setattr(keras.Layer, f"{side}_shape", property(shape_of(side)))


def _serve_inputs(keras: Any, note: Note) -> None:
    """`Model(input=…, output=…)` of Keras 1."""
    new, functional = keras.Model.__new__, importlib.import_module("keras.src.models.functional").Functional
    original = functional.__init__

    def today(kwargs: dict[str, Any]) -> dict[str, Any]:
        for old, name in (("input", "inputs"), ("output", "outputs")):
            if old in kwargs:
                kwargs.setdefault(name, kwargs.pop(old))
                note("keras2-name", f"`Model({old}=…)` is Keras 1; write `{name}=`.")
        return kwargs

    @functools.wraps(original)
    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **today(kwargs))

    def make(cls: Any, *args: Any, **kwargs: Any) -> Any:
        return new(cls, *args, **(today(kwargs) if cls is keras.Model else kwargs))

    keras.Model.__new__ = staticmethod(make)
    functional.__init__ = init


def _serve_backend(note: Note, is_theirs: IsTheirs) -> None:
    """`keras.backend.mean` and the like, which only `tensorflow.keras.backend` has today; image orderings."""
    plain: Any = importlib.import_module("keras.backend")
    whole: Any = importlib.import_module("keras._tf_keras.keras.backend")

    def set_image_dim_ordering(ordering: str) -> None:
        note("keras2-name", "`K.set_image_dim_ordering(…)` is Keras 1; write `K.set_image_data_format(…)`.")
        plain.set_image_data_format("channels_first" if ordering == "th" else "channels_last")

    def image_dim_ordering() -> str:
        note("keras2-name", "`K.image_dim_ordering()` is Keras 1; write `K.image_data_format()`.")
        return "th" if plain.image_data_format() == "channels_first" else "tf"

    def ignored(name: str) -> Callable[..., None]:
        def function(*_: Any, **__: Any) -> None:
            note("keras2-name", f"`K.{name}(…)` is TensorFlow 1 and does nothing today; leave it out.")

        return function

    def set_value(variable: Any, value: Any) -> None:
        variable.assign(value)  # Keras's own of this name asks for a data type that it no longer has

    for module in (plain, whole):
        module.set_value = set_value
        module.set_image_dim_ordering = set_image_dim_ordering
        module.image_dim_ordering = image_dim_ordering
        for name in ("set_session", "set_learning_phase", "manual_variable_initialization"):
            if not hasattr(module, name):
                setattr(module, name, ignored(name))

    def get(name: str) -> Any:
        if name.startswith("__") or not hasattr(whole, name):
            raise AttributeError(f"module 'keras.backend' has no attribute '{name}'")
        if is_theirs(sys._getframe(1).f_code):
            note("keras2-name", "`keras.backend` has few functions today; write `keras.ops` or `tf.keras.backend`.")
        return getattr(whole, name)

    plain.__getattr__ = get
