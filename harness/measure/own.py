"""What a hand-in shows by itself when it runs again with trained weights: its figures and what it prints.

Nothing of it counts. Pixels are all that is taken of a figure, and they are encoded here.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Collection, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from harness.answers import headed
from harness.dryrun import DryRun
from harness.evidence import Evidence, Replayed
from harness.recording import Where
from harness.results import OwnFigure

MAX_FIGURES = 24
MAX_SIDE = 1_000  # pixels
COLOURS = 256
Frames = Mapping[str, NDArray[np.generic]]


def replayed(
    evidence: Evidence, run: DryRun, trained: Collection[str], headings: Mapping[str, Sequence[str]]
) -> Replayed:
    """A replay as evidence. `trained` are the fits that it answered with weights; `headings` are each task's key
    words, by which the sections of a notebook are told."""
    recording = run.recording
    return Replayed(
        fits=tuple(trained),
        figures=tuple(_figures(evidence, run, headings)),
        printed=recording.printed,
        placeholders=recording.placeholders,
        seconds=recording.seconds,
        problem=run.problem or run.interrupted,
    )


def _figures(evidence: Evidence, run: DryRun, headings: Mapping[str, Sequence[str]]) -> Iterator[OwnFigure]:
    marks = _marks(evidence, headings)
    resting = {(where.file, where.cell) for where in run.recording.placeholders}
    for record in run.recording.figures[:MAX_FIGURES]:
        pixels = run.frames.get(record.frame)
        if pixels is not None and is_picture(pixels):
            yield OwnFigure(
                task=task_at(record.where, marks),
                where=record.where,
                png=encoded(pixels),
                width=pixels.shape[1],
                height=pixels.shape[0],
                placeholder=(record.where.file, record.where.cell) in resting,
            )


def is_picture(pixels: NDArray[np.generic]) -> bool:
    """Whether an array that crossed is RGB pixels (height, width, 3), uint8, of a size that is shown."""
    shape = pixels.shape
    return (
        pixels.dtype == np.uint8 and len(shape) == 3 and shape[2] == 3
        and 0 < shape[0] <= MAX_SIDE and 0 < shape[1] <= MAX_SIDE
    )  # fmt: skip


def encoded(pixels: NDArray[np.generic]) -> str:
    """RGB pixels (height, width, 3) as a PNG of at most 256 colours, base64. Few figures have more."""
    from PIL import Image

    buffer = io.BytesIO()
    image = Image.fromarray(np.ascontiguousarray(pixels, dtype=np.uint8))
    image.quantize(COLOURS, Image.Quantize.FASTOCTREE).save(buffer, "PNG", optimize=True)
    return base64.b64encode(buffer.getvalue()).decode()


def task_at(where: Where, marks: Sequence[tuple[str, float, str]]) -> str:
    """The task of the nearest mark above a place in the same file, or in it; empty where there is none."""
    above = [mark for mark in marks if mark[0] == where.file and mark[1] <= (where.cell or 0)]
    return max(above, key=lambda mark: mark[1])[2] if above else ""


def _marks(evidence: Evidence, headings: Mapping[str, Sequence[str]]) -> list[tuple[str, float, str]]:
    """Places that tell what follows: headings that name a task, and cells that train its network.

    (file, place, task); the place is the number of the code cell, and half a number below it for a heading.
    """
    found = [(file, cell + 0.5, task) for file, cell, task in headed(evidence.recording, headings)]
    for task in evidence.matches:
        for network in evidence.networks(task):
            if network.where is not None:
                found.append((network.where.file, network.where.cell or 0, task))
    return found
