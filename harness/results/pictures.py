"""Networks, figures and images, as data that a page draws."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from harness.recording import Where
from harness.results.base import Value

NAMED = 8  # layers of a summary


class LayerFacts(Value):
    """One layer of a rebuilt model, as trusted code sees it."""

    class_name: str
    name: str
    units: int | None = None
    activation: str | None = None
    params: int
    output_shape: tuple[int | None, ...] = ()
    regularizers: tuple[str, ...] = ()
    """For instance "kernel L2 0.0001"."""


def summary(layers: Sequence[LayerFacts]) -> str:
    """ "Conv2D 32, Conv2D 64, Dense 10": the layers with units; where there is none, the classes of all."""
    kept = [layer for layer in layers if layer.units is not None] or list(layers)
    names = [layer.class_name if layer.units is None else f"{layer.class_name} {layer.units}" for layer in kept]
    return ", ".join(names[:NAMED] + ["…"] * (len(names) > NAMED))


class Curve(Value):
    """Values an epoch, for one seed."""

    seed: int
    accuracy: tuple[float, ...] = ()
    val_accuracy: tuple[float, ...] = ()
    loss: tuple[float, ...] = ()
    val_loss: tuple[float, ...] = ()
    diverged: bool = False
    """A value stopped being finite: its values end before."""


class Speed(Value):
    """Time a network takes over the time the reference takes; below 1 is faster. Reported, never marked."""

    work: Literal["inference", "training"]
    ratio: float
    low: float
    high: float
    n: int
    """Turns that the two took; `low` and `high` are the extreme turns."""
    kept: bool = False
    """It was measured before, on this kind of machine, for an equal network."""


class ModelCard(Value):
    """A matched network as the page draws it."""

    task: str
    fit: str
    title: str
    where: Where | None = None
    params: int
    layers: tuple[LayerFacts, ...] = ()
    loss: str = ""
    optimizer: str = ""
    epochs: int = 0
    batch_size: int = 0
    trained_epochs: int | None = None
    trained_batch_size: int | None = None
    """What was trained in place of it (on digits the recipe is scaled); None: as handed in."""
    curves: tuple[Curve, ...] = ()
    accuracy: float | None = None
    """On the evaluation images, the mean over seeds."""
    counts: bool = True
    """False where another network of the task is the one that its points rest on."""
    problem: str = ""
    """Why it was not trained, where it was not."""
    trainer: str = ""
    speed: tuple[Speed, ...] = ()


class Series(Value):
    """A line of a plot. `low` and `high` bound each point where there is an interval or a spread."""

    label: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()


class Plot(Value):
    """A figure as data: series over one axis, and horizontal lines that name what they mean."""

    task: str
    title: str
    x_label: str
    y_label: str
    series: tuple[Series, ...]
    lines: tuple[tuple[str, float], ...] = ()
    log_x: bool = False
    note: str = ""
    """What the figure does and does not say, for the reader."""


class GalleryRow(Value):
    """A strip of images: a PNG, grey, as base64, made by trusted code."""

    label: str
    png: str
    images: int


class Gallery(Value):
    """Rows of images under each other, for instance original, seasoned and denoised."""

    task: str
    title: str
    rows: tuple[GalleryRow, ...]
    note: str = ""


class OwnFigure(Value):
    """A figure that the hand-in's own code drew when it ran again with trained weights. Shown, never marked.

    `png` is base64 of a PNG of at most 256 colours, made by trusted code of pixels that crossed. `task` is empty
    where it stands before any task's work. `placeholder`: it rests on a network that was not trained.
    """

    task: str
    where: Where
    png: str
    width: int
    height: int
    placeholder: bool = False


class OwnWork(Value):
    """What the hand-in's own code showed in its replay. `notes` say in sentences how real that run was."""

    figures: tuple[OwnFigure, ...] = ()
    notes: tuple[str, ...] = ()
