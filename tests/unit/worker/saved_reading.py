"""The saved models of a folder as trusted code has them: read by the worker, and carried over the wall."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np

from harness.parsing import parse_recording
from harness.recording import Recording, SavedModelRecord
from harness.sandbox.base import Limits
from harness.sandbox.frames import read_frames
from harness.worker import saved_models
from harness.worker.frames import FrameWriter


def read(folder: Path) -> tuple[tuple[SavedModelRecord, ...], dict[str, np.ndarray]]:
    """The records of a hand-in in `folder` after they crossed the wall, and their frames."""
    channel = io.BytesIO()
    writer = FrameWriter(channel)
    writer.recording(Recording(complete=True, saved_models=saved_models.read_all(folder, writer)))
    frames = read_frames(channel.getvalue(), Limits())
    return parse_recording(frames.recording).saved_models, frames.arrays


def read_one(folder: Path) -> tuple[SavedModelRecord, dict[str, np.ndarray]]:
    """The same of a folder with one saved model."""
    (record,), frames = read(folder)
    return record, frames
