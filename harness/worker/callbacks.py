"""The callbacks of a fit: told as data, and run where the hand-in's own code waits to be called.

Keras's callbacks do not run, except those that only write down what they are given. The hand-in's own run once an
epoch with placeholder logs, so that curves they collect exist. Whether one steers the training (sets
`stop_training`, a learning rate or weights) is told by the names that its code uses.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Iterator
from typing import Any

import numpy as np

from harness.recording import Component
from harness.worker.describe import class_name, plain
from harness.worker.history import OldNames
from harness.worker.own_time import time_limit

MAX_CALLBACKS = 32
MAX_RATES = 10_000
SECONDS = 20.0  # for all that callbacks of one fit do
STEERING_NAMES = ("stop_training", "learning_rate", "lr", "set_value", "assign", "set_weights", "trainable")
_LEFT_OUT = ("self", "kwargs", "args", "verbose", "schedule")
_WRITING = ("History", "CSVLogger", "LambdaCallback")


def listed(callbacks: Any) -> list[Any]:
    """The callbacks that `fit` was given, as a list."""
    if callbacks is None:
        return []
    inner = getattr(callbacks, "callbacks", callbacks)  # a CallbackList holds them so
    return list(inner) if isinstance(inner, (list, tuple)) else [inner]


def component(callback: Any, rates: list[float] | None) -> Component:
    """A callback as its class and its settings, by the names of Keras's arguments.

    A LearningRateScheduler's function becomes the `rates` of its epochs. For code of the hand-in's own,
    `steers` lists what it may change.
    """
    name = class_name(callback)
    config: dict[str, Any] = {}
    if name == "LearningRateScheduler" and rates is not None:
        config["rates"] = rates[:MAX_RATES]
    elif not name.startswith("custom:") and name != "LambdaCallback":
        for argument in inspect.signature(type(callback).__init__).parameters:
            if argument not in _LEFT_OUT and hasattr(callback, argument):
                config[argument] = plain(getattr(callback, argument))
        if isinstance(config.get("min_delta"), (int, float)):
            config["min_delta"] = abs(config["min_delta"])  # Keras turns its sign once it runs
    if _is_own(callback):
        config["steers"] = sorted(_names(callback) & set(STEERING_NAMES))
    return Component(class_name=name, config=config)


def rates_of(callback: Any, optimizer: Any, epochs: range) -> list[float] | None:
    """What a LearningRateScheduler's function gives for each epoch, asked as Keras does; None for other callbacks.

    The optimizer is left with the last rate, as after a real fit. Raises what the function raises, and ValueError
    where it gives no number.
    """
    import keras

    if not isinstance(callback, keras.callbacks.LearningRateScheduler):
        return None
    rates: list[float] = []
    for epoch in epochs[:MAX_RATES]:
        try:
            rate = callback.schedule(epoch, float(optimizer.learning_rate))
        except TypeError:  # a function of the epoch alone
            rate = callback.schedule(epoch)
        if hasattr(rate, "numpy"):  # a tensor, which Keras 2 took
            rate = float(rate)
        if not isinstance(rate, (float, np.floating)):
            raise ValueError(f"The output of the `schedule` function should be a float. Got: {rate}")
        optimizer.learning_rate = rate
        rates.append(float(rate))
    return rates


def run(callbacks: list[Any], model: Any, history: Any, epochs: range, steps: int | None) -> None:
    """Call the hand-in's own callbacks as a fit of these epochs would, with the history's placeholders as logs.

    Raises what they raise; StatementTimeout where they take longer than SECONDS.
    """
    waiting = [callback for callback in callbacks if _is_own(callback) or type(callback).__name__ in _WRITING]
    if not waiting:
        return
    stop_training = getattr(model, "stop_training", False)
    with time_limit(SECONDS):
        for callback in waiting:
            callback.set_model(model)
            callback.set_params({"verbose": 0, "epochs": epochs.stop, "steps": steps})
        last = None
        for hook, number, logs in _hooks(history, epochs, steps):
            for callback in waiting:
                method = getattr(callback, hook)
                method(logs) if number is None else method(number, logs)
            last = logs or last
        for callback in waiting:
            callback.on_train_end(last)
    model.stop_training = stop_training


def _hooks(history: Any, epochs: range, steps: int | None) -> Iterator[tuple[str, int | None, Any]]:
    """The calls of a fit, with one batch an epoch: the method, its number, its logs."""
    yield "on_train_begin", None, None
    for place, epoch in enumerate(epochs):
        values = history.history
        logs = {name: series[place] for name, series in values.items() if place < len(series)}
        training = {name: value for name, value in logs.items() if not name.startswith("val_")}
        yield "on_epoch_begin", epoch, None
        yield "on_train_batch_begin", max(0, (steps or 1) - 1), None
        yield "on_train_batch_end", max(0, (steps or 1) - 1), OldNames(training, values._note)
        yield "on_epoch_end", epoch, OldNames(logs, values._note)


def _is_own(callback: Any) -> bool:
    return not type(callback).__module__.startswith("keras.") or type(callback).__name__ == "LambdaCallback"


def _names(callback: Any) -> set[str]:
    """All names that the code of a callback uses: its own methods, or the functions that it was made of."""
    functions = [
        value
        for owner in type(callback).__mro__
        if not owner.__module__.startswith("keras.")
        for value in vars(owner).values()
    ]
    functions += [value for name, value in vars(callback).items() if name.startswith("on_")]
    names: set[str] = set()
    codes = [function.__code__ for function in functions if isinstance(function, types.FunctionType)]
    while codes:
        code = codes.pop()
        names |= set(code.co_names)
        codes += [constant for constant in code.co_consts if isinstance(constant, types.CodeType)]
    return names
