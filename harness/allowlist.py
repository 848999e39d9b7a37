"""What a submitted model may be made of: layers, their arguments, and what the arguments may be.

Every layer stands here with each argument's kind and its Keras default. Canonical form leaves out arguments that
have their default, so that two spellings of one network come out equal, and so that a new version of Keras that
writes more into its configurations changes no hash. What is not listed is refused by name.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Check = Callable[[Any], Any]
"""Takes a recorded value, gives its canonical form, raises ValueError where it is not allowed."""

MAX_UNITS = 65_536


class Refused(ValueError):
    """Something that trusted code will not build; the message names it, in words for the student."""


def canonical_float(value: float) -> float:
    """A float as it was written: 0.10000000149011612, which is 0.1 in float32, becomes 0.1."""
    import numpy as np

    with np.errstate(over="ignore"):
        single = np.float32(value)
    return float(str(single)) if float(single) == value else value


def integer(low: int, high: int) -> Check:
    """A whole number within bounds; a float that is whole counts."""

    def check(value: Any) -> int:
        if not is_number(value) or value % 1:
            raise ValueError(f"{show(value)} is not a whole number")
        if not low <= value <= high:
            raise ValueError(f"{show(value)} lies outside {low} … {high:,}")
        return int(value)

    return check


def number(low: float, high: float) -> Check:
    """A finite number within bounds, canonical."""

    def check(value: Any) -> float:
        if not is_number(value):
            raise ValueError(f"{show(value)} is not a number")
        if not low <= value <= high:
            raise ValueError(f"{show(value)} lies outside {low:g} … {high:g}")
        return canonical_float(float(value))

    return check


def boolean(value: Any) -> bool:
    """True or False."""
    if not isinstance(value, bool):
        raise ValueError(f"{show(value)} is neither True nor False")
    return value


def choice(*allowed: str) -> Check:
    """One of some words."""

    def check(value: Any) -> str:
        if value not in allowed:
            raise ValueError(f"{show(value)} is none of {', '.join(allowed)}")
        return str(value)

    return check


def integers(low: int, high: int, at_most: int = 6, *, pairs: bool = False) -> Check:
    """A list of whole numbers, or one; with `pairs`, a list of such lists too."""
    one = integer(low, high)

    def check(value: Any) -> Any:
        if isinstance(value, (list, tuple)):
            if len(value) > at_most:
                raise ValueError(f"{len(value)} numbers, at most {at_most}")
            inner = integers(low, high, 2) if pairs else one
            return [inner(item) for item in value]
        return one(value)

    return check


def numbers(low: float, high: float, at_most: int = 1000) -> Check:
    """A list of numbers."""
    one = number(low, high)

    def check(value: Any) -> list[float]:
        if not isinstance(value, (list, tuple)) or len(value) > at_most:
            raise ValueError(f"{show(value)} is no list of at most {at_most} numbers")
        return [one(item) for item in value]

    return check


def optional(inner: Check) -> Check:
    """None, or what `inner` allows."""
    return lambda value: None if value is None else inner(value)


def either(*checks: Check) -> Check:
    """What any of the checks allows."""

    def check(value: Any) -> Any:
        for one in checks:
            try:
                return one(value)
            except ValueError as error:
                reason = error
        raise reason

    return check


def component(kinds: dict[str, dict[str, tuple[Check, Any]]], what: str) -> Check:
    """A class with arguments, from a table like LAYERS, in the form [name, arguments]."""
    by_lower = {name.lower(): name for name in kinds}

    def check(value: Any) -> list[Any] | None:
        if value is None:
            return None
        if isinstance(value, str):
            name, config = value, None
        elif isinstance(value, dict) and isinstance(value.get("class_name"), str):
            name, config = value["class_name"], value.get("config") or {}
        else:
            raise ValueError(f"{show(value)} is no {what}")
        known = by_lower.get(name.lower().replace("_", ""))
        if known is None:
            raise ValueError(f"the {what} {show(name)} is not on the list of what can be trained")
        return [known, arguments(kinds[known], config if isinstance(config, dict) else {})]

    return check


def arguments(table: dict[str, tuple[Check, Any]], config: dict[str, Any]) -> dict[str, Any]:
    """The arguments that differ from their defaults, canonical. Raises ValueError naming the argument."""
    kept: dict[str, Any] = {}
    for name, value in sorted(config.items()):
        if name not in table:
            if value is None or value is False or name in IGNORED:
                continue
            raise ValueError(f"its argument {name}={show(value)} is not on the list of what can be trained")
        check, default = table[name]
        if value is None and default is None:
            continue
        try:
            canonical = check(value)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
        if canonical != default:
            kept[name] = canonical
    return kept


def is_number(value: Any) -> bool:
    """True for a finite number that is not a truth value and that a float can hold."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return abs(value) < 2**1000  # NaN and infinity compare false


def show(value: Any) -> str:
    """A value as a message names it, cut."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"


IGNORED = {"seed", "name", "dtype", "registered_name", "module", "build_config", "autocast", "shared_object_id"}
"""Arguments that decide nothing we keep: seeds are ours, names are nobody's."""

_UNIT = number(-1e6, 1e6)
_SMALL = number(0, 1e3)
_SHARE = number(0, 0.999)

ACTIVATIONS = (
    "linear", "relu", "sigmoid", "softmax", "tanh", "elu", "selu", "gelu", "softplus", "softsign", "swish", "silu",
    "relu6", "leaky_relu", "hard_sigmoid", "exponential", "mish", "log_softmax", "hard_silu",
)  # fmt: skip

_RANDOM: dict[str, tuple[Check, Any]] = {"mean": (_UNIT, 0.0), "stddev": (_SMALL, 0.05)}
INITIALIZERS: dict[str, dict[str, tuple[Check, Any]]] = {
    "Zeros": {}, "Ones": {}, "Constant": {"value": (_UNIT, 0.0)},
    "GlorotUniform": {}, "GlorotNormal": {}, "HeUniform": {}, "HeNormal": {}, "LecunUniform": {}, "LecunNormal": {},
    "RandomNormal": _RANDOM, "TruncatedNormal": _RANDOM,
    "RandomUniform": {"minval": (_UNIT, -0.05), "maxval": (_UNIT, 0.05)},
    "Orthogonal": {"gain": (_SMALL, 1.0)}, "Identity": {"gain": (_SMALL, 1.0)},
    "VarianceScaling": {
        "scale": (_SMALL, 1.0), "mode": (choice("fan_in", "fan_out", "fan_avg"), "fan_in"),
        "distribution": (choice("truncated_normal", "untruncated_normal", "uniform"), "truncated_normal"),
    },
}  # fmt: skip
REGULARIZERS: dict[str, dict[str, tuple[Check, Any]]] = {
    "L1": {"l1": (_SMALL, 0.01)}, "L2": {"l2": (_SMALL, 0.01)}, "L1L2": {"l1": (_SMALL, 0.0), "l2": (_SMALL, 0.0)},
}  # fmt: skip
CONSTRAINTS: dict[str, dict[str, tuple[Check, Any]]] = {
    "MaxNorm": {"max_value": (_SMALL, 2.0), "axis": (integers(-4, 4), 0)}, "NonNeg": {},
    "UnitNorm": {"axis": (integers(-4, 4), 0)},
}  # fmt: skip

_initializer = component(INITIALIZERS, "initializer")
_regularizer = component(REGULARIZERS, "regularizer")
_constraint = component(CONSTRAINTS, "constraint")
_GLOROT: list[Any] = ["GlorotUniform", {}]
_ZEROS: list[Any] = ["Zeros", {}]
_ONES: list[Any] = ["Ones", {}]
_units = integer(1, MAX_UNITS)
_size = integers(1, 1024)

_activation_layers: dict[str, dict[str, tuple[Check, Any]]] = {
    "ReLU": {
        "max_value": (optional(_UNIT), None), "negative_slope": (_UNIT, 0.0), "threshold": (_UNIT, 0.0),
    },
    "LeakyReLU": {"negative_slope": (_UNIT, 0.3)},
    "ELU": {"alpha": (_UNIT, 1.0)},
    "PReLU": {
        "alpha_initializer": (_initializer, _ZEROS), "alpha_regularizer": (_regularizer, None),
        "alpha_constraint": (_constraint, None), "shared_axes": (optional(integers(1, 4)), None),
    },
    "Softmax": {"axis": (integers(-4, 4), -1)},
}  # fmt: skip
activation = either(choice(*ACTIVATIONS), component(_activation_layers, "activation"))

_KERNEL: dict[str, tuple[Check, Any]] = {
    "activation": (activation, "linear"), "use_bias": (boolean, True),
    "kernel_initializer": (_initializer, _GLOROT), "bias_initializer": (_initializer, _ZEROS),
    "kernel_regularizer": (_regularizer, None), "bias_regularizer": (_regularizer, None),
    "activity_regularizer": (_regularizer, None),
    "kernel_constraint": (_constraint, None), "bias_constraint": (_constraint, None),
}  # fmt: skip
_data_format = choice("channels_last", "channels_first")
_FORMAT: dict[str, tuple[Check, Any]] = {"data_format": (_data_format, "channels_last")}


def _convolution(dimensions: int) -> dict[str, tuple[Check, Any]]:
    ones = [1] * dimensions
    return _KERNEL | _FORMAT | {
        "filters": (_units, None), "kernel_size": (_size, None), "strides": (_size, ones),
        "padding": (choice("valid", "same", "causal"), "valid"), "dilation_rate": (_size, ones),
        "groups": (integer(1, 1024), 1),
    }  # fmt: skip


def _pooling(usual: list[int] | None) -> dict[str, tuple[Check, Any]]:
    """`usual`: the size that need not be said; today's Keras has one for the maximum alone."""
    return _FORMAT | {
        "pool_size": (_size, usual), "strides": (optional(_size), None),
        "padding": (choice("valid", "same"), "valid"),
    }  # fmt: skip


_DEPTHWISE: dict[str, tuple[Check, Any]] = {
    "depth_multiplier": (integer(1, 64), 1), "depthwise_initializer": (_initializer, _GLOROT),
    "depthwise_regularizer": (_regularizer, None), "depthwise_constraint": (_constraint, None),
}  # fmt: skip
_AXIS: dict[str, tuple[Check, Any]] = {"axis": (integers(-4, 4), -1)}
_NORMALIZATION: dict[str, tuple[Check, Any]] = _AXIS | {
    "epsilon": (_SMALL, 0.001), "center": (boolean, True), "scale": (boolean, True),
    "beta_initializer": (_initializer, _ZEROS), "gamma_initializer": (_initializer, _ONES),
    "beta_regularizer": (_regularizer, None), "gamma_regularizer": (_regularizer, None),
    "beta_constraint": (_constraint, None), "gamma_constraint": (_constraint, None),
}  # fmt: skip
_RECURRENT: dict[str, tuple[Check, Any]] = _KERNEL | {
    "units": (_units, None), "activation": (activation, "tanh"),
    "recurrent_initializer": (_initializer, ["Orthogonal", {}]), "recurrent_regularizer": (_regularizer, None),
    "recurrent_constraint": (_constraint, None), "dropout": (_SHARE, 0.0), "recurrent_dropout": (_SHARE, 0.0),
    "return_sequences": (boolean, False), "go_backwards": (boolean, False),
}  # fmt: skip
_GATED = _RECURRENT | {"recurrent_activation": (activation, "sigmoid")}

LAYERS: dict[str, dict[str, tuple[Check, Any]]] = {
    "InputLayer": {"batch_shape": (lambda shape: _input_shape(shape), None)},
    "Dense": _KERNEL | {"units": (_units, None)},
    "Flatten": _FORMAT,
    "Reshape": {"target_shape": (integers(-1, MAX_UNITS), None)},
    "Permute": {"dims": (integers(1, 6), None)},
    "Activation": {"activation": (activation, None), "activity_regularizer": (_regularizer, None)},
    **_activation_layers,
    "Dropout": {"rate": (_SHARE, None), "noise_shape": (optional(integers(1, 64)), None)},
    "SpatialDropout2D": _FORMAT | {"rate": (_SHARE, None)},
    "GaussianNoise": {"stddev": (_SMALL, None)},
    "GaussianDropout": {"rate": (_SHARE, None)},
    "ActivityRegularization": {"l1": (_SMALL, 0.0), "l2": (_SMALL, 0.0)},
    "BatchNormalization": _NORMALIZATION | {
        "momentum": (number(0, 1), 0.99), "moving_mean_initializer": (_initializer, _ZEROS),
        "moving_variance_initializer": (_initializer, _ONES), "synchronized": (boolean, False),
        "renorm": (boolean, False), "renorm_momentum": (number(0, 1), 0.99),
    },
    "LayerNormalization": _NORMALIZATION,
    "GroupNormalization": _NORMALIZATION | {"groups": (integer(-1, 4096), 32)},
    "Conv1D": _convolution(1), "Conv2D": _convolution(2),
    "SeparableConv2D": _convolution(2) | _DEPTHWISE | {
        "pointwise_initializer": (_initializer, _GLOROT), "pointwise_regularizer": (_regularizer, None),
        "pointwise_constraint": (_constraint, None),
    },
    "DepthwiseConv2D": _convolution(2) | _DEPTHWISE,
    "Conv2DTranspose": _convolution(2) | {"output_padding": (optional(_size), None)},
    "MaxPooling1D": _pooling([2]), "MaxPooling2D": _pooling([2, 2]),
    "AveragePooling1D": _pooling(None), "AveragePooling2D": _pooling(None),
    "GlobalAveragePooling1D": _FORMAT | {"keepdims": (boolean, False)},
    "GlobalAveragePooling2D": _FORMAT | {"keepdims": (boolean, False)},
    "GlobalMaxPooling1D": _FORMAT | {"keepdims": (boolean, False)},
    "GlobalMaxPooling2D": _FORMAT | {"keepdims": (boolean, False)},
    "UpSampling2D": _FORMAT | {
        "size": (_size, [2, 2]), "interpolation": (choice("nearest", "bilinear"), "nearest"),
    },
    "ZeroPadding2D": _FORMAT | {"padding": (integers(0, 64, pairs=True), [[1, 1], [1, 1]])},
    "Cropping2D": _FORMAT | {"cropping": (integers(0, 64, pairs=True), [[0, 0], [0, 0]])},
    "Concatenate": _AXIS, "Add": {}, "Subtract": {}, "Multiply": {}, "Average": {}, "Maximum": {}, "Minimum": {},
    "Rescaling": {"scale": (_UNIT, None), "offset": (_UNIT, 0.0)},
    "RepeatVector": {"n": (integer(1, 4096), None)},
    "LSTM": _GATED | {"unit_forget_bias": (boolean, True)},
    "GRU": _GATED | {"reset_after": (boolean, True)},
    "SimpleRNN": _RECURRENT,
}  # fmt: skip

OPERATIONS = ("TrueDivide", "Divide", "Multiply", "Add", "Subtract")
"""Arithmetic with a constant inside a model, such as `x / 255.`."""


def _input_shape(shape: Any) -> list[int]:
    """An input layer's shape without the batch: [28, 28, 1]."""
    if not isinstance(shape, (list, tuple)) or not 2 <= len(shape) <= 6:
        raise ValueError(f"{show(shape)} is not the shape of a batch")
    if any(size is None for size in shape[1:]):
        raise ValueError(f"{show(shape)} leaves a size open")
    return [integer(1, MAX_UNITS)(size) for size in shape[1:]]
