"""A small data set, and a recogniser that knows it, for the tests of what arrays are recognised as."""

import io

import numpy as np

from harness.sandbox.base import Limits
from harness.sandbox.frames import read_frames
from harness.worker.arrays import Recogniser
from harness.worker.frames import FrameWriter

TRAIN, TEST = 300, 80


def images(count, rng):
    """Images as digits are: three quarters black, some grey of every level, some white."""
    grey = rng.integers(0, 256, (count, 28, 28), dtype=np.uint8)
    grey[rng.random(grey.shape) < 0.1] = 255
    grey[rng.random(grey.shape) < 0.75] = 0
    return grey


def a_data_set(test=TEST):
    rng = np.random.default_rng(3)
    return {
        "x_train": images(TRAIN, rng),
        "y_train": rng.integers(0, 10, TRAIN).astype(np.uint8),
        "x_test": images(test, rng),
        "y_test": rng.integers(0, 10, test).astype(np.uint8),
    }


DATA = a_data_set()
X, Y, X_TEST, Y_TEST = DATA.values()
UNIT = (X / 255).astype("float32")
ONE_HOT = np.eye(10, dtype="float32")
CODES = np.random.default_rng(1).random((TRAIN, 96))
"""A row for each training image, and itself no image: what an encoder might make of them."""


class Seen:
    """A recogniser and the frames that it sent."""

    def __init__(self, data=DATA):
        self.channel = io.BytesIO()
        self.recogniser = Recogniser(data, FrameWriter(self.channel))
        self.pair = self.recogniser.pair

    def frame(self, name):
        return read_frames(self.channel.getvalue(), Limits()).arrays[name]

    def rows(self, record):
        """The row numbers of a record, whichever way it tells them."""
        rows = record.rows
        if rows.kind == "listed":
            return self.frame(rows.frame)
        return np.arange(rows.start, rows.stop, rows.step) if rows.kind == "slice" else np.arange(rows.count)
