"""One notebook of many named cells, run by the worker: what was seen of each cell. For tests of the recorder."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from harness.parsing import parse_recording
from harness.recording import CellError, FitRecord, Recording, UseRecord
from harness.sandbox.base import Ended, Limits
from harness.sandbox.plain import PlainSandbox

NETWORK = """
import numpy as np, tensorflow as tf, keras
from keras import layers
from keras.datasets import mnist
(x_train, y_train), (x_test, y_test) = mnist.load_data()
X = x_train.reshape(-1, 784).astype("float32") / 255
X_test = x_test.reshape(-1, 784).astype("float32") / 255
Y, Y_test = keras.utils.to_categorical(y_train, 10), keras.utils.to_categorical(y_test, 10)
images = X.reshape(-1, 28, 28, 1)
def mlp(**more):
    m = keras.Sequential([keras.Input((784,)), layers.Dense(8, activation="relu", name="hidden"),
                          layers.Dense(10, activation="softmax", name="last")])
    m.compile(**({"optimizer": "sgd", "loss": "categorical_crossentropy", "metrics": ["accuracy"]} | more))
    return m
m = mlp()
"""
"""A first cell for such a notebook: the data, and `mlp()`, a small network that is compiled."""


@dataclass
class Seen:
    """What was seen of one cell."""

    errors: list[CellError] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    messages: str = ""
    fits: list[FitRecord] = field(default_factory=list)
    uses: list[UseRecord] = field(default_factory=list)
    printed: str = ""


def run(folder: Path, npz: Path, **job: float) -> tuple[Recording, dict[str, np.ndarray]]:
    """The recording of a hand-in, and the arrays that crossed with it; `job` changes limits, in seconds."""
    asked = {"datasets": ["mnist"], "statement_seconds": 40.0, "run_seconds": 200.0, **job}
    ended = PlainSandbox().run(asked, folder, npz, Limits(seconds=250))
    assert ended.ended is Ended.FINISHED, ended.log[-3000:]
    return parse_recording(ended.frames.recording), ended.frames.arrays


def save_images(path: Path) -> Path:
    """A data set of 60 and 20 images of random pixels, as the worker reads it."""
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 256, (80, 28, 28), dtype=np.uint8), rng.integers(0, 10, 80, dtype=np.uint8)
    np.savez(path, x_train=images[:60], y_train=labels[:60], x_test=images[60:], y_test=labels[60:])
    return path


def by_cell(recording: Recording, file: str, names: list[str]) -> dict[str, Seen]:
    """What was seen of each cell of a notebook, by the cells' names."""
    found = {name: Seen() for name in names}

    def cells(things):
        for thing in things:
            if thing.where is not None and thing.where.file == file:
                yield found[names[thing.where.cell - 1]], thing

    for cell, error in cells(recording.errors):
        cell.errors.append(error)
    for cell, finding in cells(recording.findings):
        cell.codes.append(finding.code)
        cell.messages += finding.message
    for cell, fit in cells(recording.fits):
        cell.fits.append(fit)
    for cell, use in cells(recording.uses):
        cell.uses.append(use)
    for cell, passage in cells(recording.printed):
        cell.printed += passage.text
    return found
