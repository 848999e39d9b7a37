"""Results as a grading run makes them, for the tests of every view. Figures are those of ASSIGNMENTS.md."""

from __future__ import annotations

import base64
import datetime
import io
import math
from itertools import pairwise
from statistics import NormalDist
from typing import Any, Literal

from harness.checking import CheckSpec, Ending, Verdict
from harness.gates import Forecast, Gate
from harness.recording import Finding, Where
from harness.results import (
    Answer,
    AssignmentFacts,
    Cause,
    CheckResult,
    Claim,
    Curve,
    DatasetFacts,
    ErrorNote,
    Gallery,
    GalleryRow,
    IntegrityNote,
    Judged,
    LayerFacts,
    ManualPart,
    Mark,
    Measurement,
    ModelCard,
    OtherNetwork,
    Outcome,
    Override,
    OwnFigure,
    OwnLoop,
    OwnWork,
    Plot,
    ReportFacts,
    Result,
    RubricItem,
    SavedFile,
    Series,
    SubmissionFacts,
    SubmittedFile,
    TaskResult,
    Threshold,
    Unplaced,
)
from harness.verdicts import ACCURACY, Words, hold

SHA = "6d87418db22cc8025d05968bec9bd5c3932904b23485740db143a061a2c9d161"
MNIST = DatasetFacts(name="mnist", sha256=SHA, official=True, train_images=60_000, evaluation_images=10_000)
DIGITS = DatasetFacts(name="digits", sha256=SHA, official=False, train_images=1_437, evaluation_images=360)
HOSTILE = (
    '<script>alert(1)</script>"><img src=x onerror=alert(2)>',
    "javascript:alert(3)//https://evil.example/a.js",
    "' onmouseover='alert(4)",
    "{{ 7*7 }}{% raw %}</style></script>",
    "abc\u202egpj.exe\u200b\u2066\x00\x1b[31mred\x07",
    "noncharacter \ufffe and a \u00ad soft hyphen",
)
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


def typical(name: str = "group-17", **more: Any) -> Result:
    """A hand-in as most are: good in parts, with mistakes, some tasks missing."""
    passed, failed, partial = Outcome.PASSED, Outcome.FAILED, Outcome.PARTIAL
    tasks = (
        task(
            "1",
            passed,
            0.5,
            0.5,
            check(
                "1",
                passed,
                0.5,
                0.5,
                title="Images are float32 in [0, 1] with shape (n, 28, 28, 1), labels one-hot.",
                message="All of it holds, for training and evaluation images alike.",
            ),
        ),
        task(
            "2A",
            passed,
            0.75,
            0.75,
            check(
                "2A",
                passed,
                0.5,
                0.5,
                id="layers",
                title="The network is Flatten, Dense 64 relu, Dense 64 relu, Dense 10 softmax.",
            ),
            check(
                "2A",
                passed,
                0.25,
                0.25,
                id="parameters",
                title="It has 55,050 parameters.",
                measurements=(Measurement(name="parameters", value=55_050),),
                thresholds=(asked(55_050),),
            ),
        ),
        task(
            "2B",
            passed,
            0.5,
            0.5,
            check(
                "2B",
                passed,
                0.5,
                0.5,
                title="The compiled loss is categorical cross-entropy.",
                message="Equal to −Σ y·log p on a batch of probabilities.",
                measurements=(Measurement(name="largest relative difference", value=2.4e-7, n=256),),
            ),
        ),
        task(
            "2C",
            passed,
            1,
            1,
            check("2C", passed, 0.25, 0.25, id="recipe", title="Trained for 10 epochs, batch 128, SGD 0.1."),
            check(
                "2C",
                passed,
                0.75,
                0.75,
                id="accuracy",
                title="Validation accuracy reaches 97 %.",
                message="Between the bound and 97 %: a correct network ends here in one run of six, so it passes.",
                measurements=(accuracy(0.9694, 0.9678, 0.9711, 3),),
                thresholds=(asked(0.97), accepted(0.9661)),
                where=where(7, 12),
            ),
            matched=(
                "Fit 1 (cell 7) is the only network of 64-64-10.",
                "It was trained for 10 epochs, as 2C asks.",
            ),
        ),
        task(
            "2D",
            partial,
            0.25,
            0.75,
            check(
                "2D", passed, 0.25, 0.25, id="network", title="Hidden layers of 500 and 300; 545,810 parameters."
            ),
            check(
                "2D",
                failed,
                0,
                0.25,
                id="epochs",
                title="Each network is trained for 40 epochs.",
                message="These networks were trained for 2 epochs.",
                where=where(11, 14),
                measurements=(Measurement(name="epochs", value=2),),
                thresholds=(asked(40),),
                hint="Set epochs=40 in the call of fit; with 2 epochs weight decay has nothing to show.",
            ),
            check(
                "2D",
                Outcome.NOT_ATTEMPTED,
                0,
                0.25,
                id="replicates",
                title="Three fresh networks are trained for each factor.",
                message="Not looked at: it depends on “Each network is trained for 40 epochs”.",
            ),
        ),
        task(
            "3A",
            partial,
            0.82,
            1,
            check(
                "3A",
                partial,
                0.82,
                1,
                id="accuracy",
                title="Validation accuracy reaches 99 %.",
                message="Close to what was asked. A person reads your account of the attempts and gives the rest.",
                hint="Try a second convolution before the pooling, or more epochs: accuracy is still rising.",
                measurements=(accuracy(0.9883, 0.9862, 0.9904, 1),),
                thresholds=(asked(0.99), accepted(0.9887)),
                where=where(15, 4),
            ),
        ),
        task("3B", Outcome.MANUAL, None, 0),
        *(
            task(
                name_,
                Outcome.NOT_ATTEMPTED,
                0,
                most,
                check(name_, Outcome.NOT_ATTEMPTED, 0, most, message="No autoencoder was found in the hand-in."),
            )
            for name_, most in (("4A", 1), ("4B", 1), ("4C", 0.75), ("4D", 0.25))
        ),
    )
    facts: dict[str, Any] = {
        "submission": SubmissionFacts(
            name=name,
            sha256=SHA,
            files=(
                SubmittedFile(name="assignment7.ipynb", bytes=48_213, sha256=SHA),
                SubmittedFile(name="report.pdf", bytes=1_204_551, sha256=SHA[::-1]),
            ),
        ),
        "assignment": AssignmentFacts(id="dat405_a7", title="DAT405 assignment 7: neural networks", version="1"),
        "profile": "full",
        "dataset": MNIST,
        "tasks": tasks,
        "models": (mlp(), *(decayed(f, i) for i, f in enumerate(("1e-6", "1e-5", "1e-4", "1e-3"), 2)), deep()),
        "claims": (
            Claim(
                name="2C validation accuracy",
                claimed=0.9725,
                measured=0.9694,
                where=where(8),
                text="Test accuracy: 0.9725",
            ),
            Claim(name="3A validation accuracy", claimed=0.9908, measured=0.9883, where=where(16)),
            Claim(name="2D best validation accuracy", claimed=0.9826, where=where(13)),
        ),
        "findings": (
            Finding(
                code="two-epochs",
                task="2D",
                where=where(11, 14),
                message="The results in the text below speak of 40 epochs, the code says 2.",
            ),
            Finding(
                code="keras-2-name",
                message="SGD(lr=0.1) is Keras 2; today it is learning_rate=0.1. It was understood.",
                where=where(7, 9),
            ),
        ),
        "integrity": (
            IntegrityNote(
                code="pasted-results",
                where=where(13, 1),
                message="The accuracies plotted for 2D are typed in; no run of this notebook made them.",
            ),
        ),
        "errors": (
            ErrorNote(
                where=where(18, 3),
                type="NameError",
                message="name 'autoencoder' is not defined",
                source="decoded = autoencoder.predict(noisy)",
            ),
        ),
        "isolation": "bubblewrap",
        "isolated": True,
        "provenance": {
            "harness": "0.1.0",
            "python": "3.11.7",
            "packages": {"tensorflow": "2.20.0", "keras": "3.12.0"},
            "device": "cpu",
            "arguments": {"profile": "full", "data": "auto"},
            "seeds": [0, 1, 2],
            "dirty": False,
        },
        "timing": {"intake": 0.08, "record": 6.4, "train": 75.2, "check": 0.6, "render": 0.5},
    }
    return Result(**(facts | more))


def marked(most: float, comment: str, by: str = "Ada", **more: Any) -> ManualPart:
    """A person's part with all of its points, and a rubric of which one item was found."""
    items = tuple(RubricItem(id=name, text=f"what {name} is", points=most / 2) for name in ("this", "that"))
    mark = Mark(points=most, comment=comment, chosen=("this",), by=by, at=NOON, **more)
    points = most if mark.holds else None
    return ManualPart(max_points=most, points=points, asks="The reasons", rubric=items, mark=mark)


def complete(name: str = "group-02", **more: Any) -> Result:
    """Everything right and everything marked; a check of 4B was overruled."""
    passed = Outcome.PASSED
    tasks = []
    for each in TITLES:
        manual = marked(MANUAL[each][0], "Well explained.\nSee page 2, too.") if each in MANUAL else None
        most = {"1": 0.5, "2A": 0.75, "2B": 0.5, "2D": 0.75, "3B": 0.0, "4C": 0.75, "4D": 0.25}.get(each, 1.0)
        checks = [check(each, passed, most, most)] if most else []
        if each == "4B":
            said = {"override": Override(points=most, reason="It is on page 5.", by="Grace", at=NOON)}
            checks = [check(each, Outcome.FAILED, 0, most, message="No figure was found.", **said)]
        tasks.append(task(each, passed, most if most else 0.0, most, *checks, manual=manual))
    return typical(
        name, **({"tasks": tuple(tasks), "models": (mlp(),), "errors": (), "findings": (), "integrity": ()} | more)
    )


def broken(name: str = "group-40", **more: Any) -> Result:
    """Nothing could be recorded; one check lost its value by the harness's own fault."""
    theirs = {"cause": Cause.ERROR_IN_SUBMISSION, "message": "The notebook is not valid JSON."}
    tasks = [
        task(each, Outcome.NOT_MEASURED, 0, 0.5, check(each, Outcome.NOT_MEASURED, 0, 0.5, **theirs))
        for each in TITLES
        if each != "3B"
    ]
    tasks[3] = task(
        "2C",
        Outcome.NOT_MEASURED,
        None,
        1,
        check(
            "2C",
            Outcome.NOT_MEASURED,
            None,
            1,
            cause=Cause.HARNESS_FAULT,
            message="The trainer ended without an answer.",
        ),
    )
    facts = {
        "tasks": tuple(tasks),
        "models": (),
        "claims": (),
        "findings": (),
        "errors": (),
        "integrity": (),
        "problem": "assignment7.ipynb is not a notebook: its JSON ends in line 41.",
        "dataset": DIGITS,
        "isolated": False,
        "isolation": "Bubblewrap is not installed; the plain runner was used.",
        "profile": "quick",
    }
    return typical(name, **(facts | more))


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


def gate(name: str, mean: float, sd: float, known: int, **more: Any) -> Gate:
    """A gate with so many runs of the reference, as a normal distribution has them."""
    reference = tuple(NormalDist(mean, sd).inv_cdf((number + 0.5) / known) for number in range(known))
    facts: dict[str, Any] = {"alpha": 0.00025, "total": 0.001, "gates": 4, "reference": reference}
    return Gate(task=name, **(facts | more))


MLP_GATE = gate("2C", 0.9713, 0.0016, 200, nominal=0.97, rule="retry", runs=3, most=3)
CNN_GATE = gate("3A", 0.9921, 0.0009, 12, nominal=0.99, partial_from=0.97, most=3)
GAIN_GATE = gate("4C", 0.211, 0.02, 12, measure="gain", difference=True, partial_from=0.0, most=3)
GAIN = Words(
    name="gain",
    reaches="your autoencoder, from noise level 0.4 to 0.8, gains your classifier",
    trained="your autoencoder",
    how="of each training, mean over levels 0.4 to 0.8",
    hint="Is the autoencoder trained from noisy to clean images, on the scale that the classifier takes?",
    shown=lambda value: f"{100 * value:.1f} percentage points",
    correct="gain on average",
    figure="it gains ",
)
ASKED = {
    "2C": "Validation accuracy reaches 97 %.",
    "3A": "Validation accuracy reaches 99 %.",
    "4C": "Denoised images are told better than noisy ones, from the autoencoder's own noise level upwards.",
}


def held(
    values: tuple[float, ...],
    gate: Gate,
    points: float,
    at: Where | None = None,
    words: Words = ACCURACY,
    profile: Literal["quick", "full"] = "full",
    **more: Any,
) -> CheckResult:
    """A check on a random outcome with these runs, in the words that it has."""
    spec = CheckSpec(f"{gate.task}.{gate.measure}", gate.task, points, ASKED[gate.task], "3f9c1e07ab52")
    verdict = Verdict()
    try:
        hold(values, gate, verdict, words, profile, at, **more)
    except Ending as ending:
        return spec.result(verdict, ending)
    return spec.result(verdict, None)


def _of(one: CheckResult) -> TaskResult:
    return task(one.task, one.outcome, one.points, one.max_points, one)


def random(name: str = "group-31", **more: Any) -> Result:
    """A full check: 2C falls short for a reason that is seen, 3A earns a part, denoising gains too little."""
    tasks = (
        _of(held((0.9611, 0.963, 0.9619), MLP_GATE, 0.6, where(7, 12))),
        _of(held((0.9843, 0.9851, 0.9838), CNN_GATE, 0.7, where(15, 4))),
        _of(held((0.031, 0.022, 0.041), GAIN_GATE, 0.3, where(21, 2), GAIN)),
    )
    facts: dict[str, Any] = {
        "tasks": (*tasks, task("3B", Outcome.MANUAL, None, 0)),
        "models": (mlp(),),
        "claims": (
            Claim(name="2C validation accuracy", claimed=0.9702, measured=0.962, where=where(7, 12)),
            Claim(
                name="3A validation accuracy", claimed=0.9995, measured=0.9844, where=where(15), contradicted=True
            ),
        ),
        "findings": (
            Finding(
                code="contradicted-number", task="2C", where=where(7, 12), message="The saved output says 0.9702."
            ),
            Finding(
                code="too-few-epochs", task="2C", where=where(7, 14),
                message="The network trains for 2 epochs; the assignment asks for 10.",
            ),
            Finding(
                code="not-rescaled", task="1", where=where(21, 2),
                message="The images reach the network with values up to 255; divide them by 255.",
            ),
        ),
        "errors": (),
    }  # fmt: skip
    return typical(name, **(facts | more))


def lucky(name: str = "group-32", **more: Any) -> Result:
    """A full check: all passes, one below what is asked, one as the assignment's own training."""
    tasks = (
        _of(held((0.9691, 0.9695, 0.9688), MLP_GATE, 0.6, where(7, 12))),
        _of(held((0.9911,), CNN_GATE, 0.7, where(15, 4))),
        _of(held((0.16,), GAIN_GATE, 0.3, where(21, 2), GAIN, own=True)),
    )
    facts: dict[str, Any] = {"tasks": tasks, "models": (mlp(),), "errors": (), "findings": ()}
    return typical(name, **(facts | more))


def quick(name: str = "group-33", **more: Any) -> Result:
    """A quick check, with each of the three forecasts."""
    tasks = (
        _of(held((0.9702,), MLP_GATE.model_copy(update={"runs": 1}), 0.6, where(7, 12), profile="quick")),
        _of(held((0.9882,), CNN_GATE.model_copy(update={"most": 2}), 0.7, where(15, 4), profile="quick")),
        _of(held((0.031,), GAIN_GATE, 0.3, where(21, 2), GAIN, profile="quick")),
    )
    facts: dict[str, Any] = {
        "tasks": tasks, "models": (mlp(curves=(curve(0, 10, 0.86, 0.9702),)),), "errors": (), "findings": (),
        "profile": "quick",
    }  # fmt: skip
    return typical(name, **(facts | more))


def busy(name: str = "group-23", **more: Any) -> Result:
    """A hand-in that did much beside what was asked, in an order of its own."""
    made = typical(name)
    tasks = tuple(each.model_copy(update={"sure": each.id != "3A"}) for each in made.tasks)
    facts: dict[str, Any] = {
        "tasks": tasks,
        "models": (
            mlp(),
            deep().model_copy(update={"accuracy": 0.9883}),
            deep().model_copy(update={"fit": "fit-10", "accuracy": 0.9712, "counts": False}),
            deep().model_copy(
                update={"fit": "fit-11", "counts": False, "curves": (), "problem": "the layer Mine is not known"}
            ),
        ),
        "own": OwnWork(
            figures=(drawn(), drawn("2C", 9, width=60, png=png(1, 60, "RGB"), placeholder=True), drawn("", 1)),
            notes=("Networks that were not trained answered with placeholders; figures that use them say so.",),
        ),
        "others": (
            OtherNetwork(fit="fit-20", summary="Dense 32, Dense 10", params=25_450, epochs=3, where=where(9, 2)),
            OtherNetwork(fit="fit-21", summary="", reason="its data are not arrays"),
        ),
        "own_loops": (
            OwnLoop(
                summary="Dense 32, Dense 10", how="gradient_tape", params=25_450, accuracy=0.9412, images=10_000,
                stopped=True, where=where(21, 5),
            ),
            OwnLoop(summary="", how="train_step", problem="its weights did not cross"),
        ),
        "saved_models": (
            SavedFile(
                file="autoencoder.h5", what="HDF5, Keras 2.9.0",
                summary="Dense 128, Dense 96, Dense 128, Dense 784", params=226_416, error=0.0123, images=10_000,
                task="4A, 4D",
            ),
            SavedFile(file="decoder.h5", what="HDF5", params=113_552, note="a part of the model in autoencoder.h5"),
            SavedFile(
                file="mlp.keras", what="Keras 3.15.1", summary="Dense 64, Dense 64, Dense 10", params=55_050,
                accuracy=0.9694, images=10_000, task="2C", trained=0.9701,
            ),
            SavedFile(file="model.keras", what="", problem="is a web page (HTML), whatever its name says"),
        ),
        "order": "executed",
        "claims": (
            Claim(name="2C validation accuracy", claimed=0.9995, measured=0.9694, where=where(8),
                  text="Test accuracy: 0.9995", source="replay", contradicted=True),
        ),
    }  # fmt: skip
    return typical(name, **(facts | more))


def hostile(text: str) -> Result:
    """The same text in every place where a hand-in can put one."""
    place = Where(file=text[:300], cell=3, line=4)
    bad = check(
        "2C",
        Outcome.FAILED,
        0,
        1,
        id=text,
        title=text,
        message=text,
        hint=text,
        where=place,
        measurements=(Measurement(name=text, value=0.5, unit=text, how=text),),
        thresholds=(Threshold(value=0.97, source="course", name=text),),
    )
    card = mlp(
        title=text,
        loss=text,
        optimizer=text,
        trainer=text,
        where=place,
        layers=(LayerFacts(class_name=text, name=text, activation=text, params=5, regularizers=(text,)),),
    )
    watched = Measurement(name="accuracy", value=0.5)
    gate = CNN_GATE.model_copy(update={"task": text, "measure": text})
    judged = Judged(name=text, values=(0.5, 0.51), gate=gate, forecast=Forecast.AT_RISK)
    bad = bad.model_copy(update={"judged": judged})
    bad = bad.model_copy(update={"measurements": (*bad.measurements, watched)})
    doubt = {"holds": False, "doubt": text}
    bad = bad.model_copy(update={"override": Override(points=1, reason=text, by=text, at=NOON, **doubt)})
    plot = sweep(
        task="2C",
        title=text,
        x_label=text,
        y_label=text,
        note=text,
        series=tuple(Series(label=text, x=(0.0, 1.0), y=(0.5, 0.6)) for _ in range(2)),
        lines=((text, 0.55),),
    )
    strips = gallery(GalleryRow(label=text, png=png(), images=10), GalleryRow(label="x", png=text, images=1))
    strips = strips.model_copy(update={"task": "2C", "title": text, "note": text})
    said = answer(text, "2C", where=place, facts=((text, True), (text, False)))
    tasks = (
        TaskResult(
            id="2C",
            title=text,
            points=0,
            max_points=1,
            machine_points=0,
            machine_max_points=1,
            outcome=Outcome.FAILED,
            checks=(bad,),
            matched=(text,),
            sure=False,
            manual=marked(0.5, text, by=text, **doubt).model_copy(
                update={"asks": text, "rubric": (RubricItem(id="this", text=text[:300] or "a", points=0.5),)}
            ),
        ),
        TaskResult(
            id=text,
            title=text,
            points=None,
            max_points=1,
            machine_points=None,
            machine_max_points=0,
            outcome=Outcome.MANUAL,
        ),
    )
    finding = Finding(code="a-finding", message=text, task="2C", where=place)
    lost = Unplaced(kind=text, target=text, points=1, text=text, by=text, at=NOON)
    return typical(
        text,
        tasks=tasks,
        unplaced=(lost,),
        models=(
            card.model_copy(update={"counts": False, "problem": text}),
            card.model_copy(update={"task": text}),
            card.model_copy(update={"task": "9"}),
        ),
        plots=(plot, plot.model_copy(update={"task": text})),
        galleries=(strips, strips.model_copy(update={"task": text})),
        answers=(said, said.model_copy(update={"task": "9"})),
        unanswered=(text,),
        own=OwnWork(
            figures=(
                OwnFigure(task="2C", where=place, png=png(3, 60, "RGB"), width=180, height=60, placeholder=True),
                OwnFigure(task=text, where=place, png=text, width=1, height=1),
            ),
            notes=(text,),
        ),
        others=(OtherNetwork(fit=text, summary=text, where=place, reason=text),),
        own_loops=(OwnLoop(summary=text, how=text, where=place, problem=text),),
        saved_models=(SavedFile(file=text, what=text, summary=text, task=text, note=text, problem=text),),
        reports=(
            ReportFacts(file=text, pages=3, title=text, group=text, author=text, front_page=text, problem=text),
        ),
        claims=(
            Claim(name=text, claimed=0.9, measured=0.8, where=place, text=text),
            Claim(name=f"2C {text}", claimed=0.9, measured=0.8, where=place, text=text),
        ),
        findings=(finding, finding.model_copy(update={"task": None})),
        integrity=(IntegrityNote(code=text, message=text, where=place),),
        errors=(ErrorNote(where=place, type=text, message=text, source=text),),
        problem=text,
        isolation=text,
        isolated=False,
        provenance={text: {text: [text]}},
        timing={text: 1.0},
        submission=SubmissionFacts(name=text, sha256=text, files=(SubmittedFile(name=text, bytes=3, sha256=text),)),
        assignment=AssignmentFacts(id=text, title=text, version=text),
        dataset=DatasetFacts(name=text, sha256=text, official=False),
    )
