"""The parts that results are made of in tests: checks, tasks, networks, figures, answers."""

from __future__ import annotations

import base64
import datetime
import io
import math
from itertools import pairwise
from typing import Any

from harness.recording import Where
from harness.results import (
    Answer,
    CheckResult,
    Curve,
    DatasetFacts,
    Gallery,
    GalleryRow,
    LayerFacts,
    ManualPart,
    Mark,
    Measurement,
    ModelCard,
    Outcome,
    OwnFigure,
    Plot,
    RubricItem,
    Series,
    TaskResult,
    Threshold,
)

SHA = "6d87418db22cc8025d05968bec9bd5c3932904b23485740db143a061a2c9d161"
MNIST = DatasetFacts(name="mnist", sha256=SHA, official=True, train_images=60_000, evaluation_images=10_000)
DIGITS = DatasetFacts(name="digits", sha256=SHA, official=False, train_images=1_437, evaluation_images=360)
NOON = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC)
TITLES = {
    "1": "Preprocessing explained",
    "2A": "The first network",
    "2B": "The loss and its formula",
    "2C": "Ten epochs, 97 % validation accuracy",
    "2D": "Weight decay: five factors, three replicates",
    "3A": "A convolutional network, 99 %",
    "3B": "Convolution against fully connected",
    "4A": "The denoising autoencoder",
    "4B": "Salt and pepper from 0 to 1",
    "4C": "Does denoising help the classifier?",
    "4D": "Digits from the decoder",
}
MANUAL = {
    "1": (0.5, "The explanation of each preprocessing step"),
    "2A": (0.25, "The reasons for these dimensions"),
    "2B": (0.5, "The interpretation of the loss"),
    "2D": (0.25, "Which information Hinton’s entry leaves out"),
    "3B": (1.0, "The discussion of convolution against fully connected layers"),
}


def where(cell: int | None = None, line: int | None = None, file: str = "assignment7.ipynb") -> Where:
    return Where(file=file, cell=cell, line=line)


def check(task: str, outcome: Outcome, points: float | None, most: float, **more: Any) -> CheckResult:
    slug = more.pop("id", "measured")
    title = more.pop("title", f"What {task} asks is there.")
    return CheckResult(
        id=f"{task}-{slug}",
        version="3f9c1e07ab52",
        title=title,
        task=task,
        outcome=outcome,
        points=points,
        max_points=most,
        **more,
    )


def task(
    name: str, outcome: Outcome, machine: float | None, most: float, *checks: CheckResult, **more: Any
) -> TaskResult:
    manual = more.pop("manual", None)
    if manual is None and name in MANUAL:
        manual = ManualPart(max_points=MANUAL[name][0], asks=MANUAL[name][1])
    total = round(most + (manual.max_points if manual else 0), 6)
    open_ = manual is not None and manual.points is None
    points = None if open_ or machine is None else machine + (manual.points if manual and manual.points else 0)
    return TaskResult(
        id=name,
        title=TITLES.get(name, name),
        points=points,
        max_points=total,
        machine_points=machine,
        machine_max_points=most,
        outcome=outcome,
        checks=checks,
        manual=manual,
        **more,
    )


def curve(seed: int, epochs: int, start: float, end: float, gap: float = 0.004) -> Curve:
    """Accuracies that rise from `start` towards `end`, a little different for each seed."""

    def rise(epoch: int, top: float) -> float:
        return round(top - (top - start) * math.exp(-epoch / (epochs / 4)) + 0.0006 * math.sin(7 * epoch + seed), 5)

    ends = end + 0.0012 * (seed - 1)
    return Curve(
        seed=seed,
        accuracy=tuple(rise(epoch, ends + gap) for epoch in range(epochs)),
        val_accuracy=tuple(rise(epoch, ends) for epoch in range(epochs)),
    )


def dense(units: int, inputs: int, activation: str, *regularizers: str) -> LayerFacts:
    return LayerFacts(
        class_name="Dense",
        name=f"dense_{units}",
        units=units,
        activation=activation,
        params=units * (inputs + 1),
        output_shape=(None, units),
        regularizers=regularizers,
    )


def plain(
    kind: str,
    shape: tuple[int | None, ...],
    params: int = 0,
    units: int | None = None,
    activation: str | None = None,
) -> LayerFacts:
    return LayerFacts(
        class_name=kind, name=kind.lower(), params=params, output_shape=shape, units=units, activation=activation
    )


def mlp(name: str = "2C", **more: Any) -> ModelCard:
    facts: dict[str, Any] = {
        "task": name,
        "fit": "fit-1",
        "title": "64-64-10, as task 2C asks",
        "where": where(7, 12),
        "params": 55_050,
        "layers": (
            plain("Flatten", (None, 784)),
            dense(64, 784, "relu"),
            dense(64, 64, "relu"),
            dense(10, 64, "softmax"),
        ),
        "loss": "categorical cross-entropy",
        "optimizer": "SGD, learning rate 0.1",
        "epochs": 10,
        "batch_size": 128,
        "curves": tuple(curve(seed, 10, 0.86, 0.9712) for seed in range(3)),
        "trainer": "keras_fit on a CPU",
    }
    return ModelCard(**(facts | more))


def decayed(factor: str, number: int) -> ModelCard:
    rule = f"kernel L2 {factor}"
    return ModelCard(
        task="2D",
        fit=f"fit-{number}",
        title=f"500-300 with weight decay {factor}",
        where=where(11, 9),
        params=545_810,
        layers=(
            plain("Flatten", (None, 784)),
            dense(500, 784, "relu", rule),
            dense(300, 500, "relu", rule),
            dense(10, 300, "softmax"),
        ),
        loss="categorical cross-entropy",
        optimizer="SGD, learning rate 0.1",
        epochs=2,
        batch_size=128,
        curves=(curve(0, 2, 0.88, 0.935),),
        trainer="keras_fit on a CPU",
    )


def deep() -> ModelCard:
    """Twenty-three layers, as an ambitious group hands in."""
    layers = [plain("InputLayer", (None, 28, 28, 1))]
    side, channels, before = 28, 32, 1
    for _ in range(3):
        for kind in (
            "Conv2D",
            "BatchNormalization",
            "Activation",
            "Conv2D",
            "BatchNormalization",
            "MaxPooling2D",
            "Dropout",
        ):
            params = 0
            if kind == "Conv2D":
                params, before = 9 * before * channels + channels, channels
            side = side // 2 if kind == "MaxPooling2D" else side
            params = 4 * channels if kind == "BatchNormalization" else params
            layers.append(
                plain(
                    kind,
                    (None, side, side, channels),
                    params,
                    channels if kind == "Conv2D" else None,
                    "relu" if kind == "Activation" else None,
                )
            )
        channels *= 2
    layers += [plain("GlobalAveragePooling2D", (None, 128)), dense(10, 128, "softmax")]
    return ModelCard(
        task="3A",
        fit="fit-9",
        title="Three blocks of convolutions",
        where=where(15, 4),
        params=sum(layer.params for layer in layers),
        layers=tuple(layers),
        loss="categorical cross-entropy",
        optimizer="Adam, learning rate 0.001",
        epochs=12,
        batch_size=128,
        curves=(curve(0, 12, 0.95, 0.9893, 0.008),),
        trainer="keras_fit on a GPU",
    )


def autoencoder() -> ModelCard:
    """784-128-96-128-784, as task 4A asks; its first layer is the first dense one."""
    widths = (784, 128, 96, 128, 784)
    layers = tuple(
        dense(units, inputs, "sigmoid" if units == 784 else "relu") for inputs, units in pairwise(widths)
    )
    return mlp("4A", fit="fit-12", title="The autoencoder", params=226_416, layers=layers, curves=())


def sweep(**more: Any) -> Plot:
    """Five weight decay factors, three networks each, and Hinton's line."""
    factors, means = (1e-6, 1e-5, 1e-4, 3e-4, 1e-3), (0.9801, 0.9812, 0.9826, 0.9799, 0.972)
    series = Series(
        label="mean ± sd",
        x=factors,
        y=means,
        low=tuple(mean - 0.001 for mean in means),
        high=tuple(mean + 0.001 for mean in means),
    )
    facts: dict[str, Any] = {
        "task": "2D",
        "title": "Accuracy against weight decay",
        "x_label": "weight decay factor",
        "y_label": "accuracy",
        "series": (series,),
        "lines": (("Hinton 0.9847", 0.9847),),
        "log_x": True,
        "note": "3 networks a factor: too few to tell neighbouring factors apart.",
    }
    return Plot(**(facts | more))


def denoising(points: int = 11) -> Plot:
    levels = tuple(number / max(points - 1, 1) for number in range(points))
    series = tuple(
        Series(label=label, x=levels, y=tuple(0.98 - drop * level**2 for level in levels))
        for label, drop in (("seasoned", 0.87), ("denoised", 0.8))
    )
    return sweep(
        task="4C", title="Accuracy against noise", x_label="noise level", series=series, lines=(), log_x=False
    )


def png(images: int = 10, side: int = 28, mode: str = "L") -> str:
    """A strip of grey squares as base64."""
    from PIL import Image

    drawn = Image.new(mode, (images * side, side))
    drawn.putdata([(x // side) * 20 % 256 for _ in range(side) for x in range(images * side)])
    buffer = io.BytesIO()
    drawn.save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()


def gallery(*rows: GalleryRow, **more: Any) -> Gallery:
    strips = (
        GalleryRow(label="original", png=png(), images=10),
        GalleryRow(label="denoised, level 0.4", png=png(20), images=20),
    )
    return Gallery(task="4B", title="Original and denoised", rows=rows or strips, note="Noise of our own.", **more)


def answer(text: str = "The loss is *categorical cross-entropy*.", task: str = "2B", **more: Any) -> Answer:
    return Answer(task=task, text=text, **more)


def accuracy(value: float, low: float, high: float, n: int) -> Measurement:
    return Measurement(
        name="validation accuracy",
        value=value,
        low=low,
        high=high,
        n=n,
        how="last epoch, mean over seeds, 10,000 images",
    )


def asked(value: float) -> Threshold:
    return Threshold(value=value, source="assignment", name="asked")


def accepted(value: float) -> Threshold:
    return Threshold(value=value, source="calibration", name="accepted")


def marked(most: float, comment: str, by: str = "Ada", **more: Any) -> ManualPart:
    """A person's part with all of its points, and a rubric of which one item was found."""
    items = tuple(RubricItem(id=name, text=f"what {name} is", points=most / 2) for name in ("this", "that"))
    mark = Mark(points=most, comment=comment, chosen=("this",), by=by, at=NOON, **more)
    points = most if mark.holds else None
    return ManualPart(max_points=most, points=points, asks="The reasons", rubric=items, mark=mark)


def drawn(name: str = "2C", cell: int = 8, **more: Any) -> OwnFigure:
    """A figure that the hand-in drew: a wide one of three coloured squares."""
    facts: dict[str, Any] = {
        "task": name,
        "where": where(cell, 4),
        "png": png(3, 60, "RGB"),
        "width": 180,
        "height": 60,
    }
    return OwnFigure(**(facts | more))
