"""Cross-entropy from logits, as Keras on TensorFlow computes it, for Keras on JAX.

On TensorFlow, Keras takes the logits from behind a softmax or sigmoid that made the probabilities
(`keras/src/backend/tensorflow/nn.py`, `_get_logits`). On JAX it clips the probabilities, so that what is saturated
has no gradient: a network on images in 0 … 255, for instance, would learn in a student's `fit`, and not here.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import ModuleType
from typing import Any

_PAIRS = {
    "softmax": ("categorical_crossentropy", "sparse_categorical_crossentropy"),
    "sigmoid": ("binary_crossentropy",),
}
"""Functions of Keras's backend: what makes probabilities, and the losses that are computed from them."""


class _Made:
    """The last probabilities of a kind and their logits. A loss follows its network in the same trace."""

    def __init__(self) -> None:
        self.probabilities: Any = None
        self.logits: Any = None


def install(backend: ModuleType) -> None:
    """Let the losses of Keras's JAX backend (the module `keras.src.backend.jax.nn`) find the logits; once."""
    if getattr(backend, "_finds_logits", False):
        return
    for activation, losses in _PAIRS.items():
        made = _Made()
        setattr(backend, activation, _remembering(getattr(backend, activation), made))
        for loss in losses:
            setattr(backend, loss, _finding(getattr(backend, loss), made))
    backend._finds_logits = True  # type: ignore[attr-defined]  # a mark of our own


def _remembering(activation: Callable[..., Any], made: _Made) -> Callable[..., Any]:
    @functools.wraps(activation)
    def remember(x: Any, *args: Any, **kwargs: Any) -> Any:
        made.probabilities, made.logits = activation(x, *args, **kwargs), x
        return made.probabilities

    return remember


def _finding(loss: Callable[..., Any], made: _Made) -> Callable[..., Any]:
    @functools.wraps(loss)
    def find(target: Any, output: Any, from_logits: bool = False, **kwargs: Any) -> Any:
        if made.probabilities is output and not from_logits:
            return loss(target, made.logits, from_logits=True, **kwargs)
        return loss(target, output, from_logits=from_logits, **kwargs)

    return find
