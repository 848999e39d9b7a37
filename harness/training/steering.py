"""What else steers a training: callbacks, rates an epoch, augmentation. Allow-lists, and their canonical form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.allowlist import (
    Check,
    Refused,
    arguments,
    boolean,
    choice,
    integer,
    integers,
    number,
    numbers,
    optional,
)
from harness.recording import Component

HARMLESS_CALLBACKS = frozenset(
    {
        "History", "ProgbarLogger", "TensorBoard", "CSVLogger", "ModelCheckpoint", "TerminateOnNaN",
        "LambdaCallback", "RemoteMonitor", "BackupAndRestore", "custom:TqdmCallback", "custom:PlotLossesKeras",
    }
)  # fmt: skip
"""Callbacks that watch and do not steer. ModelCheckpoint writes files; the last epoch is what counts."""

MONITORS = ("loss", "accuracy", "val_loss", "val_accuracy")
_OLD_NAMES = {"acc": "accuracy", "val_acc": "val_accuracy"}
_MODE = choice("auto", "min", "max")
_ANY = number(-1e6, 1e6)
MAX_PATIENCE = 10_000  # epochs
_PATIENCE = integer(0, MAX_PATIENCE)
_IN_EPOCHS = ("patience", "cooldown", "start_from_epoch")


def _monitor(value: Any) -> str:
    name = _OLD_NAMES.get(value, value) if isinstance(value, str) else value
    return str(choice(*MONITORS)(name))


CALLBACKS: dict[str, dict[str, tuple[Check, Any]]] = {
    "EarlyStopping": {
        "monitor": (_monitor, "val_loss"), "min_delta": (_ANY, 0.0), "patience": (_PATIENCE, 0),
        "mode": (_MODE, "auto"), "baseline": (optional(_ANY), None), "restore_best_weights": (boolean, False),
        "start_from_epoch": (_PATIENCE, 0),
    },
    "ReduceLROnPlateau": {
        "monitor": (_monitor, "val_loss"), "factor": (number(0, 1), 0.1), "patience": (_PATIENCE, 10),
        "mode": (_MODE, "auto"), "min_delta": (_ANY, 1e-4), "cooldown": (_PATIENCE, 0),
        "min_lr": (number(0, 1e3), 0.0),
    },
    "LearningRateScheduler": {"rates": (numbers(0, 1e3), None)},
}  # fmt: skip
"""Callbacks that steer and are trained with, with Keras's defaults."""

Callbacks = tuple[tuple[str, dict[str, Any]], ...]


def callbacks(recorded: Sequence[Component], *, classifier: bool, validated: bool) -> Callbacks | None:
    """The callbacks that steer a fit, canonical, in their order; None where there are none.

    One that watches a validation value of a fit that has no validation data does nothing in Keras, and is left out.
    Raises Refused with the name of one that is not trained with.
    """
    kept: list[tuple[str, dict[str, Any]]] = []
    for item in recorded:
        name = item.class_name.removeprefix("custom:")
        steers = item.config.get("steers")  # what code of the hand-in's own may change, as far as it was told
        if steers == [] or (item.class_name in HARMLESS_CALLBACKS and not steers):
            continue
        if item.class_name not in CALLBACKS:
            raise Refused(f"the fit uses the callback {name}, which is not trained with")
        table = CALLBACKS[item.class_name]
        try:
            own = arguments(table, {key: value for key, value in item.config.items() if key in table})
        except ValueError as error:
            raise Refused(f"the fit uses the callback {name}, which is not trained with: {error}") from None
        if name == "LearningRateScheduler" and not own.get("rates"):
            raise Refused("the fit uses the callback LearningRateScheduler, and its rates are not known")
        watched = own.get("monitor", "val_loss") if "monitor" in table else None
        if watched is not None and watched.endswith("accuracy") and not classifier:
            raise Refused(f"the callback {name} watches {watched} of a network that is no classifier")
        if watched is None or validated or not watched.startswith("val_"):
            kept.append((name, own))
    return tuple(kept) or None


def watches_validation(steering: Callbacks | None) -> bool:
    """Whether any of the callbacks decides by a validation value."""
    monitors = [own.get("monitor", "val_loss") for name, own in steering or () if "monitor" in CALLBACKS[name]]
    return any(monitor.startswith("val_") for monitor in monitors)


def stretched(steering: Callbacks | None, epochs: int, of: int) -> Callbacks | None:
    """The callbacks of a fit of `of` epochs for one of `epochs`: a table of rates keeps its shape, and what
    counts epochs its share of them, rounded up as the table is."""
    if steering is None:
        return None
    made = []
    for name, own in steering:
        if name == "LearningRateScheduler":
            rates = own["rates"]
            rates = [rates[min(epoch * of // epochs, len(rates) - 1)] for epoch in range(epochs)]
            made.append((name, {**own, "rates": rates}))
        else:
            table = CALLBACKS[name]
            counted = {key: own.get(key, table[key][1]) for key in _IN_EPOCHS if key in table}
            scaled = {key: min(-(-count * epochs // of), MAX_PATIENCE) for key, count in counted.items()}
            made.append((name, arguments(table, {**own, **scaled})))
    return tuple(made)


_FRACTION = number(0, 1000)  # below 1 a share of the image, from 1 on pixels


def _span(low: float, high: float) -> Check:
    """A number, or two of them."""
    one = number(low, high)

    def check(value: Any) -> Any:
        return [one(item) for item in value] if isinstance(value, (list, tuple)) and len(value) == 2 else one(value)

    return check


AUGMENTATION: dict[str, tuple[Check, Any]] = {
    "rotation_range": (number(0, 360), 0.0), "width_shift_range": (_FRACTION, 0.0),
    "height_shift_range": (_FRACTION, 0.0), "brightness_range": (optional(_span(0, 100)), None),
    "shear_range": (number(0, 360), 0.0), "zoom_range": (_span(0, 10), 0.0),
    "channel_shift_range": (number(0, 255), 0.0),
    "fill_mode": (choice("nearest", "constant", "reflect", "wrap"), "nearest"), "cval": (_ANY, 0.0),
    "horizontal_flip": (boolean, False), "vertical_flip": (boolean, False),
    "rescale": (optional(number(-1e3, 1e3)), None), "interpolation_order": (integers(0, 5), 1),
    "data_format": (optional(choice("channels_last")), None), "dtype": (optional(choice("float32")), None),
}  # fmt: skip
"""Settings of Keras's ImageDataGenerator that are trained with; what it learns from data first (`fit`) is not."""

_OFF = {"zca_epsilon", "validation_split"}


def augmentation(recorded: dict[str, Any]) -> dict[str, Any] | None:
    """The settings that differ from the generator's defaults, canonical; None for none. Raises Refused."""
    known = {name: value for name, value in recorded.items() if name not in _OFF or value not in (0, 1e-6)}
    try:
        own = arguments(
            AUGMENTATION, {name: value for name, value in known.items() if value != 0 or name == "cval"}
        )
    except ValueError as error:
        raise Refused(f"the images are augmented in a way that is not trained with: {error}") from None
    own.pop("data_format", None)
    own.pop("dtype", None)
    return own or None
