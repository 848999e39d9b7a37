"""Arguments of Keras 1 and 2: renamed, or taken and left out, and each noted with today's spelling."""

from __future__ import annotations

import functools
import importlib
import inspect
from collections.abc import Callable
from typing import Any

from harness.worker.keras2_modules import TREES, Note

Adapt = Callable[[list[Any], dict[str, Any]], None]

# Keras 1, of any layer.
_LAYER_ARGUMENTS = {
    "init": "kernel_initializer",
    "W_regularizer": "kernel_regularizer",
    "b_regularizer": "bias_regularizer",
    "W_constraint": "kernel_constraint",
    "b_constraint": "bias_constraint",
    "border_mode": "padding",
    "subsample": "strides",
    "output_dim": "units",
    "nb_filter": "filters",
    "bias": "use_bias",
}
RATES = {"SGD": 0.01}  # what an optimizer learns with where nothing is said; the others 0.001
_DIM_ORDERING = {"tf": "channels_last", "th": "channels_first"}


def install(note: Note) -> None:
    """Let classes of Keras take them."""
    import keras

    for name in dir(keras.optimizers):
        optimizer = getattr(keras.optimizers, name)
        if inspect.isclass(optimizer) and "learning_rate" in inspect.signature(optimizer.__init__).parameters:
            wrap_init(optimizer, functools.partial(_optimizer, name, note))
    named = (getattr(keras.layers, name) for name in dir(keras.layers))
    for layer in dict.fromkeys(thing for thing in named if inspect.isclass(thing)):  # some have several names
        if issubclass(layer, keras.Layer) and "__init__" in vars(layer):
            wrap_init(layer, functools.partial(_layer, layer.__name__, inspect.signature(layer.__init__), note))
    for name, old, new in (("LeakyReLU", "alpha", "negative_slope"), ("Dropout", "p", "rate")):
        rename_argument(getattr(keras.layers, name), old, new, note)
    rename_argument(keras.regularizers.L2, "l", "l2", note)
    rename_argument(keras.regularizers.L1, "l", "l1", note)
    for dimensions in (1, 2, 3):
        _give_pool_size(getattr(keras.layers, f"AveragePooling{dimensions}D"), note)
    _serve_first_layers(keras, note)
    _serve_convolution2d(keras, note)


def wrap_init(owner: Any, adapt: Adapt) -> None:
    """Let `adapt` change the arguments of a class before it is made."""
    original = owner.__init__

    @functools.wraps(original)
    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        positional = list(args)
        adapt(positional, kwargs)
        original(self, *positional, **kwargs)

    init.__signature__ = inspect.signature(original)  # type: ignore[attr-defined]  # Keras looks at it
    owner.__init__ = init


def rename_argument(owner: Any, old: str, new: str, note: Note) -> None:
    """Let a class take the argument `new` by the name `old` too."""

    def adapt(_: list[Any], kwargs: dict[str, Any]) -> None:
        _rename(owner.__name__, old, new, kwargs, note)

    wrap_init(owner, adapt)


def _rename(owner: str, old: str, new: str, kwargs: dict[str, Any], note: Note) -> None:
    if old in kwargs:
        kwargs.setdefault(new, kwargs.pop(old))
        note("keras2-name", f"`{owner}({old}=…)` is Keras 2; write `{new}=`.")


def _optimizer(owner: str, note: Note, args: list[Any], kwargs: dict[str, Any]) -> None:
    """`lr` is `learning_rate`; `decay` divides it by 1 + decay × steps, as Keras 2 did; `epsilon=None` is none."""
    from keras.optimizers.schedules import InverseTimeDecay

    _rename(owner, "lr", "learning_rate", kwargs, note)
    if kwargs.get("epsilon", 0) is None:
        del kwargs["epsilon"]
    decay = kwargs.pop("decay", None)
    if not decay:
        return
    note(
        "keras2-name",
        f"`{owner}(decay=…)` is Keras 2; write `learning_rate=keras.optimizers.schedules.InverseTimeDecay(…)`.",
    )
    rate = args.pop(0) if args else kwargs.pop("learning_rate", RATES.get(owner, 0.001))
    args.insert(0, InverseTimeDecay(float(rate), 1, float(decay)) if isinstance(rate, (int, float)) else rate)


def _layer(owner: str, signature: inspect.Signature, note: Note, _: list[Any], kwargs: dict[str, Any]) -> None:
    """Names of Keras 1 where the layer has today's argument; `dim_ordering`."""
    for old, new in _LAYER_ARGUMENTS.items():
        if old in kwargs and old not in signature.parameters and new in signature.parameters:
            _rename(owner, old, new, kwargs, note)
    if "dim_ordering" in kwargs and "data_format" in signature.parameters:
        kwargs["dim_ordering"] = _DIM_ORDERING.get(kwargs["dim_ordering"], "channels_last")
        _rename(owner, "dim_ordering", "data_format", kwargs, note)


def _give_pool_size(owner: Any, note: Note) -> None:
    def adapt(args: list[Any], kwargs: dict[str, Any]) -> None:
        if not args and "pool_size" not in kwargs:
            kwargs["pool_size"] = 2
            note("keras2-name", f"`{owner.__name__}()` without a size is Keras 2; write `pool_size=2`.")

    wrap_init(owner, adapt)


def _serve_first_layers(keras: Any, note: Note) -> None:
    """`batch_input_shape=` of any layer, and `weights=`, which are put in once there are variables."""

    def adapt(args: list[Any], kwargs: dict[str, Any]) -> None:
        del args
        shape = kwargs.pop("batch_input_shape", None)
        if shape is not None:
            kwargs["input_shape"] = tuple(shape)[1:]
            note("keras2-name", "`batch_input_shape=` is Keras 2; write `keras.Input(batch_shape=…)`.")

    wrap_init(keras.Layer, adapt)
    original = keras.Layer.__init__

    @functools.wraps(original)
    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        weights = kwargs.pop("weights", None)
        original(self, *args, **kwargs)
        if weights is not None:
            note("keras2-name", "`weights=` of a layer is Keras 2; call `layer.set_weights(…)` after building.")
            build = self.build

            @functools.wraps(build)
            def build_with_weights(*shapes: Any, **named: Any) -> None:
                build(*shapes, **named)
                self.set_weights(weights)

            self.build = build_with_weights

    init.__signature__ = inspect.signature(original)  # type: ignore[attr-defined]
    keras.Layer.__init__ = init


def _serve_convolution2d(keras: Any, note: Note) -> None:
    """`Convolution2D(32, 3, 3)` of Keras 1 has a 3 × 3 kernel; today's `Conv2D(32, 3, 3)` has strides of 3."""

    def convolution_2d(*args: Any, **kwargs: Any) -> Any:
        note("keras2-name", "`Convolution2D` is Keras 1; write `Conv2D(filters, (rows, columns), …)`.")
        if len(args) > 2 and all(isinstance(number, int) for number in args[1:3]):
            args = (args[0], (args[1], args[2]), *args[3:])
        if "nb_row" in kwargs and "nb_col" in kwargs:
            kwargs["kernel_size"] = (kwargs.pop("nb_row"), kwargs.pop("nb_col"))
        return keras.layers.Conv2D(*args, **kwargs)

    for tree in TREES:
        layers: Any = importlib.import_module(f"{tree}.layers")
        layers.Convolution2D = convolution_2d
