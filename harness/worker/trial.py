"""Trying a model on a few rows, so that what would fail in a real run fails in a dry run too."""

from __future__ import annotations

from typing import Any

import numpy as np

from harness.worker.keys import Array


def must_be_compiled(model: Any, method: str) -> None:
    """Raises ValueError as Keras does where the model is not compiled."""
    if not getattr(model, "compiled", False):
        raise ValueError(f"You must call `compile()` before calling `{method}()`.")


def forward(model: Any, rows: Any) -> Any:
    """What the model makes of a few rows, by its call alone; builds it first where it is not built."""
    import keras

    if not model.built and isinstance(model, keras.Sequential) and hasattr(rows, "shape"):
        model.build((None, *rows.shape[1:]))
    return model(rows, training=False)


class Trials:
    """Tries models out, each combination of shapes once a `compile`; knows what Keras reports of each model."""

    def __init__(self) -> None:
        self._done: dict[int, set[Any]] = {}
        self._names: dict[int, list[str]] = {}

    def forget(self, uid: int) -> None:
        """The model was compiled anew."""
        self._done.pop(uid, None)
        self._names.pop(uid, None)

    def names(self, uid: int) -> list[str]:
        """What Keras reports of a model that was tried, `loss` first."""
        return self._names.get(uid, ["loss"])

    def run(self, model: Any, uid: int, x: Any, y: Any) -> None:
        """Run a few rows through model, loss and metrics. Raises what Keras raises where they do not fit."""
        question = (_shapes(x), _shapes(y), _largest(y))
        if question in self._done.get(uid, ()):
            return
        outputs = forward(model, x)
        model.compute_loss(x=x, y=y, y_pred=outputs, sample_weight=None)
        reported = model.compute_metrics(x, y, outputs, sample_weight=None)
        model.reset_metrics()
        names = [str(name)[:300] for name in reported]
        self._names[uid] = ["loss", *(name for name in names if name != "loss")][:33]
        self._done.setdefault(uid, set()).add(question)


def few(x: Array, y: Array | None) -> Array:
    """Row numbers to try: the first, and the one with the largest label, which a loss may not have room for."""
    last = min(1, len(x) - 1)
    if y is not None and len(y) == len(x) and y.size == len(y) and y.dtype.kind in "iuf":
        last = int(np.argmax(y.reshape(-1)))
    return np.array([0, last])


def _shapes(thing: Any) -> Any:
    import keras

    return tuple((tuple(leaf.shape[1:]), str(leaf.dtype)) for leaf in keras.tree.flatten(thing) if leaf is not None)


def _largest(y: Any) -> float | None:
    return float(y.max()) if isinstance(y, np.ndarray) and y.size == len(y) and y.size else None
