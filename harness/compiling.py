"""What a submitted model may be compiled with: optimizers, learning-rate schedules and losses, as in
`harness.allowlist`."""

from __future__ import annotations

from typing import Any

from harness.allowlist import Check, boolean, choice, component, integer, integers, number, numbers, optional

_SMALL = number(0, 1e3)
_SHARE = number(0, 0.999)
_RATE = number(0, 1e3)
_STEPS = integer(1, 10**9)
_DECAY: dict[str, tuple[Check, Any]] = {
    "initial_learning_rate": (_RATE, None), "decay_steps": (_STEPS, None), "decay_rate": (_RATE, None),
    "staircase": (boolean, False),
}  # fmt: skip
SCHEDULES: dict[str, dict[str, tuple[Check, Any]]] = {
    "ExponentialDecay": _DECAY, "InverseTimeDecay": _DECAY,
    "PiecewiseConstantDecay": {
        "boundaries": (numbers(0, 1e9), None), "values": (numbers(0, 1e3), None),
    },
    "PolynomialDecay": {
        "initial_learning_rate": (_RATE, None), "decay_steps": (_STEPS, None), "power": (_SMALL, 1.0),
        "end_learning_rate": (_RATE, 0.0001), "cycle": (boolean, False),
    },
    "CosineDecay": {
        "initial_learning_rate": (_RATE, None), "decay_steps": (_STEPS, None), "alpha": (_RATE, 0.0),
        "warmup_target": (optional(_RATE), None), "warmup_steps": (integer(0, 10**9), 0),
    },
    "CosineDecayRestarts": {
        "initial_learning_rate": (_RATE, None), "first_decay_steps": (_STEPS, None), "t_mul": (_SMALL, 2.0),
        "m_mul": (_SMALL, 1.0), "alpha": (_RATE, 0.0),
    },
}  # fmt: skip
"""Learning rates that fall with the number of steps: in canonical form [class, arguments] in place of a number."""
_schedule = component(SCHEDULES, "learning rate schedule")


def _learning_rate(value: Any) -> Any:
    return _schedule(value) if isinstance(value, dict) else _RATE(value)


_MOMENT = number(0, 1)
_CLIPPING: dict[str, tuple[Check, Any]] = {
    "learning_rate": (_learning_rate, None), "weight_decay": (optional(_SMALL), None),
    "clipnorm": (optional(_SMALL), None),
    "clipvalue": (optional(_SMALL), None), "global_clipnorm": (optional(_SMALL), None), "use_ema": (boolean, False),
    "ema_momentum": (_MOMENT, 0.99), "gradient_accumulation_steps": (optional(integer(1, 64)), None),
}  # fmt: skip
_ADAM = _CLIPPING | {"beta_1": (_MOMENT, 0.9), "beta_2": (_MOMENT, 0.999), "epsilon": (_SMALL, 1e-7)}
OPTIMIZERS: dict[str, dict[str, tuple[Check, Any]]] = {
    "SGD": _CLIPPING | {"momentum": (_MOMENT, 0.0), "nesterov": (boolean, False)},
    "Adam": _ADAM | {"amsgrad": (boolean, False)},
    "AdamW": _ADAM | {"amsgrad": (boolean, False), "weight_decay": (optional(_SMALL), 0.004)},
    "Adamax": _ADAM, "Nadam": _ADAM,
    "RMSprop": _CLIPPING | {
        "rho": (_MOMENT, 0.9), "momentum": (_MOMENT, 0.0), "epsilon": (_SMALL, 1e-7), "centered": (boolean, False),
    },
    "Adagrad": _CLIPPING | {"initial_accumulator_value": (_SMALL, 0.1), "epsilon": (_SMALL, 1e-7)},
    "Adadelta": _CLIPPING | {"rho": (_MOMENT, 0.95), "epsilon": (_SMALL, 1e-7)},
    "Ftrl": _CLIPPING | {
        "learning_rate_power": (number(-10, 0), -0.5), "initial_accumulator_value": (_SMALL, 0.1),
        "l1_regularization_strength": (_SMALL, 0.0), "l2_regularization_strength": (_SMALL, 0.0),
        "l2_shrinkage_regularization_strength": (_SMALL, 0.0), "beta": (_SMALL, 0.0),
    },
}  # fmt: skip

_FROM_LOGITS: dict[str, tuple[Check, Any]] = {"from_logits": (boolean, False)}
_reduction = choice("sum_over_batch_size", "sum")
_REDUCTION: dict[str, tuple[Check, Any]] = {"reduction": (_reduction, "sum_over_batch_size")}
_CROSS = _FROM_LOGITS | _REDUCTION | {"label_smoothing": (_SHARE, 0.0), "axis": (integers(-4, 4), -1)}
LOSSES: dict[str, dict[str, tuple[Check, Any]]] = {
    "CategoricalCrossentropy": _CROSS, "BinaryCrossentropy": _CROSS,
    "SparseCategoricalCrossentropy": _FROM_LOGITS | _REDUCTION | {
        "ignore_class": (optional(integer(0, 1000)), None), "axis": (integers(-4, 4), -1),
    },
    "MeanSquaredError": _REDUCTION, "MeanAbsoluteError": _REDUCTION, "MeanSquaredLogarithmicError": _REDUCTION,
    "MeanAbsolutePercentageError": _REDUCTION,
    "KLDivergence": _REDUCTION, "Poisson": _REDUCTION, "Hinge": _REDUCTION, "SquaredHinge": _REDUCTION,
    "CategoricalHinge": _REDUCTION, "LogCosh": _REDUCTION, "Huber": _REDUCTION | {"delta": (_SMALL, 1.0)},
}  # fmt: skip
LOSS_NAMES = {
    "mse": "MeanSquaredError", "mae": "MeanAbsoluteError", "mean_squared_error": "MeanSquaredError",
    "mean_absolute_error": "MeanAbsoluteError", "kld": "KLDivergence", "kl_divergence": "KLDivergence",
    "kullback_leibler_divergence": "KLDivergence", "msle": "MeanSquaredLogarithmicError",
    "mape": "MeanAbsolutePercentageError",
    "bce": "BinaryCrossentropy", "logcosh": "LogCosh", "log_cosh": "LogCosh",
}  # fmt: skip
optimizer = component(OPTIMIZERS, "optimizer")
_loss = component(LOSSES, "loss")


def loss(value: Any) -> list[Any] | None:
    """A loss by name, short name or class."""
    if isinstance(value, str):
        value = LOSS_NAMES.get(value.lower(), value)
    elif isinstance(value, dict) and isinstance(value.get("class_name"), str):
        name = value["class_name"]
        value = {**value, "class_name": LOSS_NAMES.get(name.lower(), name)}
    canonical: list[Any] | None = _loss(value)
    return canonical
