"""Trained parents at hand, in the trainer's process: weights to start from, and arrays that they compute."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.allowlist import Refused
from harness.models import build
from harness.training.arrays_spec import DerivedSpec, LayerStart
from harness.training.keras_fit import set_start
from harness.training.recipe import Recipe
from harness.training.trained import BATCH, Network

Array = NDArray[Any]


class Parents:
    """Trained networks by their recipes' identities without seed."""

    def __init__(self, networks: Mapping[str, Network], seed: int) -> None:
        self._networks = networks
        self._seed = seed

    def start(self, recipe: Recipe) -> dict[int, list[Array]]:
        """The weights that the recipe's layers start from, by layer. Raises Refused."""
        return self._weights(recipe.parent or ())

    def derive(self, spec: DerivedSpec, given: Array) -> Array:
        """A `harness.training.arrays_spec.Derive`: float32, as the network gives it. Raises Refused."""
        import keras

        keras.utils.set_random_seed(self._seed + 1)  # of layers that nothing trained
        built = build(spec.model)
        set_start(built, self._weights(spec.starts))
        try:
            outputs = built.model.predict(given, batch_size=BATCH, verbose=0)
        except (ValueError, TypeError) as error:
            raise Refused(f"a network cannot take the array that it is given: {str(error)[:300]}") from None
        if not isinstance(outputs, np.ndarray):
            raise Refused("an array that was computed by a network of several outputs is not trained on")
        return np.asarray(outputs, dtype=np.float32)

    def _weights(self, starts: Iterable[LayerStart]) -> dict[int, list[Array]]:
        made = {}
        for start in starts:
            network = self._networks.get(start.parent)
            if network is None:
                raise RuntimeError("the coordinator sent a recipe without its parent")
            layer = network.built.layers[start.of] if start.of < len(network.built.layers) else None
            if layer is None:
                raise Refused("it starts from the weights of a layer that has none")
            made[start.layer] = layer.get_weights()
        return made
