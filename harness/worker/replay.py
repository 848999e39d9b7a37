"""Replay: the hand-in runs again, and `fit` answers with the weights and the history of the real training.

What its own code then computes with trained networks is real: `predict` predicts. Images that its decoder draws
cross as arrays.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict

from harness.recording import Graph
from harness.worker.arrays import Array
from harness.worker.frames import FrameWriter

MAX_IMAGES = 400
FRAME = "generated"


class TrainedFit(BaseModel):
    """What training gave for one recorded fit: the names of its weights in the data file, in Keras's order."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    weights: tuple[str, ...]
    history: dict[str, tuple[float, ...]] = {}


class Replay:
    """Answers fits with trained weights, and catches what a decoder draws."""

    def __init__(self, fits: dict[str, TrainedFit], npz: Path, frames: FrameWriter) -> None:
        self._fits = fits
        self._npz = npz
        self._frames = frames
        self._autoencoders: list[set[int]] = []
        self._drawn: list[Array] = []

    def fit(self, model: Any, graph: Graph, name: str) -> dict[str, list[float]] | None:
        """Put trained weights into a model; gives the true history, or None where this fit was not trained."""
        trained = self._fits.get(name)
        if trained is None:
            return None
        with np.load(self._npz, allow_pickle=False) as archive:
            weights = [archive[weight] for weight in trained.weights]
        model.set_weights(weights)
        layers = {layer.uid for layer in graph.layers if layer.class_name != "InputLayer"}
        self._autoencoders.append(layers)
        return {key: list(values) for key, values in trained.history.items()}

    def drew(self, graph: Graph, given: Array, images: Array) -> None:
        """Keep the output of a model that is the last part of a trained one and turns less into more: a decoder.

        Hand-ins draw one image a call as often as many at once; the last ones count.
        """
        layers = {layer.uid for layer in graph.layers if layer.class_name != "InputLayer"}
        part = any(layers and layers < trained for trained in self._autoencoders)
        if part and np.prod(given.shape[1:]) < np.prod(images.shape[1:]):
            rows = images[-MAX_IMAGES:].reshape(min(len(images), MAX_IMAGES), -1)
            if self._drawn and self._drawn[0].shape[1] != rows.shape[1]:
                self._drawn = []
            self._drawn = [*self._drawn, rows][-MAX_IMAGES:]

    def hand_over(self, images: Array | None) -> None:
        """Send images that a function made, or else the last that a decoder drew."""
        if images is None and self._drawn:
            images = np.concatenate(self._drawn)[-MAX_IMAGES:]
        if images is not None and images.dtype.kind in "iufb" and images.ndim >= 2 and len(images):
            rows = images[:MAX_IMAGES]
            self._frames.array(FRAME, rows.reshape(len(rows), -1).astype(np.float32))
