"""What a fit answers in a dry run: a History of placeholders, under the names that Keras would give."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_LOW_IS_GOOD = ("mae", "mse", "mape", "msle", "kld", "loss", "error", "divergence", "entropy")
_ACCURACIES = ("acc", "accuracy", "categorical_accuracy", "sparse_categorical_accuracy")
_OLD = {"acc": "accuracy", "val_acc": "val_accuracy", "accuracy": "acc", "val_accuracy": "val_acc"}


class OldNames(dict[str, Any]):
    """A history, or the logs of an epoch, that also answers to `acc` and `val_acc`, the keys before Keras 2.3."""

    def __init__(self, values: dict[str, Any], note: Callable[[str, str], None]) -> None:
        super().__init__(values)
        self._note = note

    def __missing__(self, key: str) -> Any:
        new = _OLD.get(key)
        if new is None or new not in self:
            raise KeyError(key)
        if key in ("acc", "val_acc"):
            self._note("keras2-name", f"`history['{key}']` is Keras 2; write `history['{new}']`.")
        return self[new]

    def get(self, key: str, default: Any = None) -> Any:
        """The value of a key by either of its names."""
        try:
            return self[key]
        except KeyError:
            return default


def placeholder(name: str, epoch: int) -> float:
    """High for scores and low for losses, so that `while accuracy < 0.97: fit()` ends."""
    if any(word in name for word in _LOW_IS_GOOD):
        return 0.5 / (epoch + 1)
    return 1.0 - 0.5 / (epoch + 1) ** 2


def placeholders(
    names: list[str], epochs: int, validated: bool, every: int = 1, before: int = 0
) -> dict[str, list[float]]:
    """One value an epoch for each of Keras's names; validation values each `every` epochs. They go on from those of
    the epochs `before`."""
    values = {name: [placeholder(name, before + epoch) for epoch in range(epochs)] for name in names}
    if validated:
        held_out = range(every - 1, epochs, every)
        values |= {f"val_{name}": [placeholder(name, before + epoch) for epoch in held_out] for name in names}
    return values


def truthful(
    values: dict[str, list[float]], true: dict[str, list[float]], every: int = 1
) -> tuple[dict[str, list[float]], bool]:
    """Placeholders with what training gave in their place, as long as that is; and whether none is left.

    Training tells loss and accuracy; what a hand-in calls its accuracy is that. `every`: as for `placeholders`.
    """
    known = {
        f"{held_out}{name}": true[f"{held_out}{told}"]
        for held_out in ("", "val_")
        for told, names in (("loss", ("loss",)), ("accuracy", _ACCURACIES))
        for name in names
        if f"{held_out}{told}" in true
    }
    made = {}
    epochs = max((len(series) for series in true.values()), default=0)
    for name, series in values.items():
        step = every if name.startswith("val_") else 1
        made[name] = known[name][step - 1 :: step] if name in known else series[: epochs // step]
    return made, all(name in known for name in values)


def make(model: Any, values: OldNames, epochs: range, steps: int | None, verbose: Any) -> Any:
    """Keras's History object with these values; the model holds it too, as after a real fit."""
    import keras

    history = keras.callbacks.History()
    history.set_model(model)
    history.epoch = list(epochs)
    history.params = {"verbose": verbose, "epochs": epochs.stop, "steps": steps}
    history.history = values
    model.history = history
    return history
