"""Where a model's weights come from: fresh, or left by an earlier fit, told by the values themselves.

A recorded fit trains nothing, but it changes each weight that it would train by a little, never twice the same way.
So weights are known again wherever they turn up: copied, saved and loaded, or in a layer that another model took
over.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np

from harness.recording import LayerState
from harness.worker.keys import Array

Layers = list[tuple[int, Any]]
"""Layers with their uids."""

MAX_STATES = 512  # the types of a recording allow no more
_CHANGE = 1e-3  # of a weight, or of a tenth of 1 where it is 0


@dataclass(frozen=True)
class Left:
    """A weight that a fit left: the `position`-th of layer `layer`."""

    fit: str
    layer: int
    position: int


class UnknownWeightsError(Exception):
    """Weights that are neither fresh nor left by a fit; the message says which layer's."""


class States:
    """Knows what each fit left, and which values are fresh from an initializer."""

    def __init__(self) -> None:
        self._left: dict[bytes, Left] = {}
        self._fresh: set[bytes] = set()
        self._after: dict[int, tuple[str, tuple[bytes, ...]]] = {}
        self._changes = 0

    def install(self) -> None:
        """Know the values that Keras's random initializers give out."""
        import keras

        for name in dir(keras.initializers):
            owner = getattr(keras.initializers, name)
            if isinstance(owner, type) and issubclass(owner, keras.initializers.Initializer):
                self._watch(owner)

    def _watch(self, owner: Any) -> None:
        original = vars(owner).get("__call__")
        if original is None or hasattr(original, "__wrapped__"):
            return
        fresh = self._fresh

        @functools.wraps(original)
        def call(initializer: Any, *args: Any, **kwargs: Any) -> Any:
            values = original(initializer, *args, **kwargs)
            if hasattr(values, "numpy"):  # not while a graph is traced
                fresh.add(_key(np.asarray(values)))
            return values

        owner.__call__ = call

    def of(self, layers: Layers) -> tuple[LayerState, ...]:
        """Which of these layers start from what a fit left.

        Raises UnknownWeightsError where a layer has weights that are neither that nor fresh.
        """
        found = []
        for uid, layer in layers:
            values = _values(layer)
            left = [self._left.get(_key(value)) for value in values]
            known = [item for item in left if item is not None]
            if not known:
                if not all(self._is_fresh(value) for value in values):
                    raise UnknownWeightsError(_unknown(layer))
                continue
            first = known[0]
            if left != [Left(first.fit, first.layer, position) for position in range(len(values))]:
                raise UnknownWeightsError(_unknown(layer))
            found.append(LayerState(layer=uid, fit=first.fit, of=first.layer))
        return tuple(found[:MAX_STATES])

    def known(self, layers: Layers) -> tuple[tuple[LayerState, ...], str | None]:
        """The same, without those layers whose weights are neither; and what is said of the first of them."""
        found: list[LayerState] = []
        unknown = None
        for layer in layers:
            try:
                found += self.of([layer])
            except UnknownWeightsError as reason:
                unknown = unknown or str(reason)
        return tuple(found[:MAX_STATES]), unknown

    def left_by(self, fit: str, model: int, layers: Layers, frozen: Collection[int] = (), *, real: bool) -> None:
        """The fit `fit` trained these layers of `model`, but the `frozen` ones. Weights change, unless a `real`
        training did that."""
        for uid, layer in layers:
            for position, weight in enumerate(layer.weights):
                if uid in frozen or not _is_float(weight):
                    continue
                if not real:
                    weight.assign(self._changed(np.asarray(weight.numpy())))
                self._left[_key(np.asarray(weight.numpy()))] = Left(fit, uid, position)
        self._after[model] = (fit, _keys(layers))

    def compiled(self, model: int) -> None:
        """A new compile: the next fit starts with a fresh optimizer."""
        self._after.pop(model, None)

    def continues(self, model: int, layers: Layers) -> str | None:
        """The fit that the next one of this model goes on from, where nothing came in between."""
        fit, keys = self._after.get(model, (None, ()))
        return fit if fit is not None and keys == _keys(layers) else None

    def _is_fresh(self, values: Array) -> bool:
        """From a random initializer, or of the zeros and ones that layers start with otherwise."""
        constant = values.size == 0 or bool((values == values.flat[0]).all())
        return constant or bool(np.isin(values, (0, 1)).all()) or _key(values) in self._fresh

    def _changed(self, values: Array) -> Array:
        self._changes += 1
        by = np.random.Generator(np.random.SFC64([0, self._changes])).random(values.shape, dtype=np.float32)
        return np.asarray(values * (1 + _CHANGE * by) + np.where(values == 0, 0.1 * _CHANGE * by, 0), values.dtype)


def hash_of(layers: Layers) -> str | None:
    """A hash of all weights of these layers, 32 hexadecimal digits; None where they have none."""
    keys = _keys(layers)
    return hashlib.blake2b(b"".join(keys), digest_size=16).hexdigest() if keys else None


def _values(layer: Any) -> list[Array]:
    return [np.asarray(weight.numpy()) for weight in layer.weights]


def _keys(layers: Layers) -> tuple[bytes, ...]:
    return tuple(_key(value) for _, layer in layers for value in _values(layer))


def _key(values: Array) -> bytes:
    digest = hashlib.blake2b(f"{values.shape}".encode(), digest_size=16)
    digest.update(np.ascontiguousarray(values).data)
    return digest.digest()


def _is_float(weight: Any) -> bool:
    return "float" in str(weight.dtype)


def _unknown(layer: Any) -> str:
    return (
        f"its layer `{layer.name}` starts from weights that no fit of this work left: they were read from a file, "
        "computed, or trained by a loop of its own"
    )
