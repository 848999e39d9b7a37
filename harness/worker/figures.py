"""Figures of a replay: what pyplot holds open at `plt.show()` and at the end of a cell, drawn and sent as pixels.

No picture of a hand-in crosses as a file: an array of numbers is all that trusted code reads.
"""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.recording import FigureRecord, Where
from harness.worker.frames import FrameWriter
from harness.worker.own_time import StatementTimeout, time_limit

MAX_FIGURES = 24
MAX_SIDE = 1_000  # pixels
MAX_BYTES = 48 * 2**20  # of all figures together
DPI = 100.0  # of a figure that fits at it
SECONDS = 20.0  # for drawing one figure


class Figures:
    """Draws open figures and sends them; `place` tells the statement of the hand-in that is running."""

    def __init__(self, frames: FrameWriter, place: Callable[[], Where | None]) -> None:
        self.records: list[FigureRecord] = []
        self._frames = frames
        self._place = place
        self._bytes = 0

    def install(self) -> None:
        """Let `plt.show()` end figures, as a notebook's does."""
        import matplotlib.pyplot as pyplot

        def show(*_: Any, **__: Any) -> None:
            self.take(self._place() or Where(file=""))

        pyplot.show = show

    def take(self, where: Where) -> None:
        """Send every open figure that is not blank as drawn at `where`, and close them all.

        A figure that cannot be drawn is left out: it could not have been seen in the hand-in either.
        """
        for figure in _open_figures():
            if len(self.records) >= MAX_FIGURES:
                break
            with contextlib.suppress(Exception, StatementTimeout), time_limit(SECONDS):
                if is_blank(figure):
                    continue
                pixels = draw(figure)
                if self._bytes + pixels.nbytes <= MAX_BYTES and (pixels != pixels[0, 0]).any():
                    self._send(pixels, where)
        close_figures()

    def _send(self, pixels: NDArray[np.uint8], where: Where) -> None:
        name = f"figure-{len(self.records) + 1:02}"
        self._frames.array(name, pixels)
        self._bytes += pixels.nbytes
        self.records.append(FigureRecord(where=where, frame=name))


def close_figures() -> None:
    """Forget every open figure, so that a loop of plots costs no memory."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        with contextlib.suppress(Exception):
            pyplot.close("all")


def draw(figure: Any) -> NDArray[np.uint8]:
    """A matplotlib figure as RGB pixels (height, width, 3), cut to what is drawn, no side above `MAX_SIDE`."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image

    canvas: Any = FigureCanvasAgg(figure)
    box = figure.get_tightbbox(canvas.get_renderer()).padded(0.1)  # inches
    dpi = min(DPI, (MAX_SIDE - 1) / box.width, (MAX_SIDE - 1) / box.height)
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png", dpi=dpi, bbox_inches=box, facecolor="white")
    image = Image.open(drawn).convert("RGB")
    image.thumbnail((MAX_SIDE, MAX_SIDE))
    return np.array(image, dtype=np.uint8)


def is_blank(figure: Any) -> bool:
    """Whether nothing was drawn: no data on any of its axes, and no words of its own."""
    words = [*figure.texts, *(text for axes in figure.axes for text in axes.texts)]
    return not words and not figure.images and not any(axes.has_data() or axes.tables for axes in figure.axes)


def _open_figures() -> list[Any]:
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is None:
        return []
    with contextlib.suppress(Exception):
        return [pyplot.figure(number) for number in pyplot.get_fignums()]
    return []
