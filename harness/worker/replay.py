"""Replay: the hand-in runs again, and `fit` answers with the weights and the history of the real training.

What its own code then computes with trained networks is real: `predict` predicts, `evaluate` evaluates. A fit that
was not trained answers with placeholders, as in a dry run, and the cells that rest on it are told. Images that its
decoder draws cross as arrays, and so do its figures.
"""

from __future__ import annotations

import types
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict

from harness.recording import REPLAYED_IN_FULL, REPLAYED_SAMPLE, FigureRecord, Graph, Where
from harness.worker.arrays import Array
from harness.worker.cells import Cell
from harness.worker.figures import Figures
from harness.worker.frames import FrameWriter
from harness.worker.placeholders import Placeholders

MAX_IMAGES = 400
BATCH = 1_000  # images that go through a network at once
FRAME = "generated"


class TrainedFit(BaseModel):
    """What training gave for one recorded fit: the names of its weights in the data file, in Keras's order."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    weights: tuple[str, ...]
    history: dict[str, tuple[float, ...]] = {}


class Replay:
    """Answers fits with trained weights, and catches what the hand-in draws."""

    def __init__(
        self, fits: dict[str, TrainedFit], npz: Path, frames: FrameWriter, place: Callable[[], Where | None]
    ) -> None:
        self._fits = fits
        self._npz = npz
        self._frames = frames
        self._figures = Figures(frames, place)
        self._placeholders = Placeholders()
        self._untrained: set[int] = set()
        self._autoencoders: list[set[int]] = []
        self._drawn: list[Array] = []
        self._evaluated: weakref.WeakKeyDictionary[Any, int] = weakref.WeakKeyDictionary()

    def install(self) -> None:
        """Let `plt.show()` hand figures over."""
        self._figures.install()

    @property
    def figures(self) -> tuple[FigureRecord, ...]:
        """The figures that were sent."""
        return tuple(self._figures.records)

    @property
    def placeholders(self) -> tuple[Where, ...]:
        """The cells that rest on a fit that was not trained."""
        return tuple(self._placeholders.cells)

    # --- what the recorder asks

    def fit(self, model: Any, graph: Graph, name: str) -> dict[str, list[float]] | None:
        """Put trained weights into a model; gives the true history, or None where this fit was not trained.

        A model of other shapes is another fit, in a run that went another way than the recorded one.
        """
        trained = self._fits.get(name)
        layers = _layers(graph)
        if trained is not None:
            with np.load(self._npz, allow_pickle=False) as archive:
                weights = [archive[weight] for weight in trained.weights]
            if [weight.shape for weight in weights] == [tuple(weight.shape) for weight in model.weights]:
                model.set_weights(weights)
                self._untrained -= layers
                self._autoencoders.append(layers)
                return {key: list(values) for key, values in trained.history.items()}
        self._untrained |= layers
        self._placeholders.answered()
        return None

    def made_up(self) -> None:
        """A placeholder is given to the cell that is running."""
        self._placeholders.answered()

    def is_real(self, graph: Graph) -> bool:
        """Whether what this model computes is what it would compute in a real run: no fit of one of its layers went
        without training. Where it is not, the cell that is running rests on placeholders."""
        real = not (_layers(graph) & self._untrained)
        if not real:
            self._placeholders.answered()
        return real

    def evaluate(self, model: Any, x: Array, y: Array) -> dict[str, float]:
        """The loss and the metrics of a model on (x, y), by Keras's names, batch by batch and without a graph to
        compile first. Raises what Keras raises where they do not fit each other.

        A curve over noise levels takes a network through all test images some twenty times. After
        `REPLAYED_IN_FULL` images it is evaluated on `REPLAYED_SAMPLE` of them, drawn once and for all.
        """
        before = self._evaluated.get(model, 0)
        self._evaluated[model] = before + len(x)
        if before >= REPLAYED_IN_FULL and len(x) > REPLAYED_SAMPLE and len(y) == len(x):
            drawn = np.sort(np.random.default_rng(0).choice(len(x), REPLAYED_SAMPLE, replace=False))
            x, y = x[drawn], y[drawn]
        model.reset_metrics()
        logs: dict[str, Any] = {}
        for first in range(0, len(x), BATCH):
            logs = model.test_step((x[first : first + BATCH], y[first : first + BATCH]))
        return {name: float(value) for name, value in logs.items()}

    def predict(self, model: Any, x: Array) -> Any:
        """What a model makes of x (n, …): an array (n, …) float32, or a list of them, batch by batch."""
        parts = [model(x[first : first + BATCH], training=False) for first in range(0, len(x), BATCH)]
        if parts and isinstance(parts[0], list | tuple):
            return [np.concatenate([np.asarray(one) for one in output]) for output in zip(*parts, strict=True)]
        return np.concatenate([np.asarray(part) for part in parts])

    def drew(self, graph: Graph, given: Array, images: Array) -> None:
        """Keep the output of a model that is the last part of a trained one and turns less into more: a decoder.

        Hand-ins draw one image a call as often as many at once; the last ones count.
        """
        layers = _layers(graph)
        part = any(layers and layers < trained for trained in self._autoencoders)
        if part and np.prod(given.shape[1:]) < np.prod(images.shape[1:]):
            rows = images[-MAX_IMAGES:].reshape(min(len(images), MAX_IMAGES), -1)
            if self._drawn and self._drawn[0].shape[1] != rows.shape[1]:
                self._drawn = []
            self._drawn = [*self._drawn, rows][-MAX_IMAGES:]

    # --- what the session tells

    def end_of_cell(self, cell: Cell, namespace: dict[str, Any]) -> None:
        """Take the figures that the cell left open, and note whether it rests on placeholders."""
        self._figures.take(cell.where)
        modules = {name for name, value in list(namespace.items()) if type(value) is types.ModuleType}
        self._placeholders.end_of_cell(cell.where, cell.text, modules)

    def end_of_file(self) -> None:
        """The next file has a namespace of its own."""
        self._placeholders.end_of_file()

    def hand_over(self, images: Array | None) -> None:
        """Send images that a function made, or else the last that a decoder drew."""
        if images is None and self._drawn:
            images = np.concatenate(self._drawn)[-MAX_IMAGES:]
        if images is not None and images.dtype.kind in "iufb" and images.ndim >= 2 and len(images):
            rows = images[:MAX_IMAGES]
            self._frames.array(FRAME, rows.reshape(len(rows), -1).astype(np.float32))


def _layers(graph: Graph) -> set[int]:
    return {layer.uid for layer in graph.layers if layer.class_name != "InputLayer"}
