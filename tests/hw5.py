"""Evidence on hand-ins to the second assignment, built without TensorFlow, as `evidence` does for the first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from evidence import (
    WHERE,
    data,
    dense,
    evidence,
    fit,
    gate,
    image_input,
    images,
    layer_facts,
    model_facts,
    network,
)

from harness.assignment import load
from harness.evidence import Evidence, Network, Stacked
from harness.measured import CodesAgainstPixels, Reconstruction
from harness.models import ModelFacts
from harness.plugin import run_checks
from harness.recording import ArrayRecord, Derivation, FitData, LayerState, ModelRecord, Noise, UseRecord
from harness.results import CheckResult, Curve
from harness.results.pictures import LayerFacts

HW5 = load("nn_hw5")
GAUSSIAN = Noise(kind="gaussian", level=0.0999, clipped=True)
FLAT = images(shape=(60_000, 784))
LEVELS = (0.05, 0.1, 0.2, 0.3, 0.4)
GATES = {
    "4.removed": gate("4", 0.6, 0.7, measure="removed", of="the error"),
    "5.accuracy": gate("5", 0.85, 0.88),
    "6.difference": gate("6", -0.01, 0.01, measure="difference", difference=True),
}


def autoencoder_facts(*units: int, normalised: bool = True, **changes: Any) -> ModelFacts:
    """784-512-512-256-196-256-512-784 with batch normalisation, dropout and LeakyReLU, or with other units."""
    sizes = (784, *(units or (512, 512, 256, 196, 256, 512)), 784)
    layers = []
    for number, (before, size) in enumerate(pairwise(sizes)):
        shape = (None, size)
        last, code = number == len(sizes) - 2, size == 196
        activation = "sigmoid" if last else "linear"
        layers.append(layer_facts("Dense", size, activation, params=before * size + size, output_shape=shape))
        if normalised and not last and not code:
            layers.append(layer_facts("BatchNormalization", params=4 * size, output_shape=shape))
            if number < 2:
                layers.append(layer_facts("Dropout", output_shape=shape))
            layers.append(layer_facts("LeakyReLU", output_shape=shape))
    params = sum(layer.params for layer in layers)
    frozen = sum(layer.params // 2 for layer in layers if layer.class_name == "BatchNormalization")
    return model_facts(
        tuple(layers), trainable_params=params - frozen, output_shape=(784,), cross_entropy_error=None, **changes
    )  # fmt: skip


def autoencoder(
    facts: ModelFacts | None = None, x: ArrayRecord | None = None, y: ArrayRecord | None = None,
    val_loss: tuple[float, ...] = (0.04, 0.02, 0.01), recorded: dict[str, Any] | None = None, **changes: Any,
) -> Network:  # fmt: skip
    """The network of tasks 2 to 4; `recorded` are fields of its fit, `changes` of its evidence."""
    noisy = images(shape=(60_000, 784), noise=GAUSSIAN)
    test = images(shape=(10_000, 784), source="x_test", rows=None)
    given = data(x=x or noisy, y=y or FLAT, validation_x=test, validation_y=test)
    layers = (image_input(784), dense(196, name="code"), dense(784, "sigmoid", "image"))
    own = {"id": "fit-ae", "model": 5, "epochs": 100, "batch_size": 256, "data": given, "metrics": ()}
    record = fit(*layers, **{**own, **(recorded or {})})
    curve = Curve(seed=0, loss=(0.06, 0.03, 0.02), val_loss=val_loss)
    made = network(record, facts or autoencoder_facts(), (0.0,))
    runs = (made.evidence.runs[0].model_copy(update={"accuracy": None, "curve": curve}),)
    scaled = {"epochs": 3, "batch_size": 256}
    training = {"loss": ("MeanSquaredError", {}), "optimizer": ("Adam", {}), "runs": runs, "scaled": scaled}
    return network(record, facts or autoencoder_facts(), (), **{**training, **changes})


def classifier_facts(inputs: int, *hidden: int) -> ModelFacts:
    first, second = hidden or (64, 32)
    return model_facts(
        (
            layer_facts("Dense", first, "relu", params=inputs * first + first),
            layer_facts("Dropout", name="rate 0.4"),
            layer_facts("Dense", second, "relu", params=first * second + second),
            layer_facts("BatchNormalization", params=4 * second),
            layer_facts("Dropout", name="rate 0.4"),
            layer_facts("Dense", 10, "softmax", params=second * 10 + 10),
        )
    )


def codes(
    values: int = 196, trained: bool = True, model: int = 6, unknown: str | None = None, **given: Any
) -> ArrayRecord:
    """What the encoder of `autoencoder` makes of the images, or one whose layers were not trained, or of `unknown`
    weights; of `model` 5 the images that it gives itself."""
    states = (LayerState(layer=2, fit="fit-ae", of=2),) if trained and unknown is None else ()
    made = Derivation(model=model, given=images(shape=(60_000, 784), **given), states=states, unknown=unknown)
    return images(shape=(60_000, values), source=None, rows=None, encoding=None, derived=made)


def on_codes(
    x: ArrayRecord | None = None, facts: ModelFacts | None = None, accuracy: float = 0.89,
    trained_by: tuple[str, dict[str, Any]] = ("Adam", {}),
    loss: tuple[str, dict[str, Any]] = ("CategoricalCrossentropy", {}), **changes: Any,
) -> Network:  # fmt: skip
    """The classifier of task 5; `changes` are fields of its fit."""
    given = data(x=x or codes(), validation_x=None, validation_y=None, validation_split=2 / 9)
    own = {"id": "fit-codes", "model": 7, "epochs": 100, "data": given}
    record = fit(image_input(196), dense(10, "softmax"), **{**own, **changes})
    return network(record, facts or classifier_facts(196), (accuracy,), optimizer=trained_by, loss=loss)


def scaled_codes(values: int = 196) -> ArrayRecord:
    """What a scaler makes of the codes."""
    why = "it was computed from the answers of a network in a way that is not repeated here"
    plain = {"source": None, "rows": None, "encoding": None}
    return images(shape=(60_000, values), **plain, not_kept=why, of_answers=True)


def stacked(facts: ModelFacts | None = None, **changes: Any) -> Network:
    """The classifier of task 5 with the encoder under it in one model, frozen, trained on images. `changes` are
    fields of what is known of the encoder, or `accuracy`."""
    under = {"fits": ("fit-ae",), "of": (2,), "layers": 11, "values": 196, "at_random": True}
    accuracy = changes.pop("accuracy", 0.89)
    made = on_codes(FLAT, None, accuracy)
    whole = Stacked(**{**under, **changes})
    layers = (*autoencoder_facts().layers[:11], *(facts or classifier_facts(196)).layers)
    evidence = made.evidence.model_copy(update={"facts": model_facts(layers), "stacked": whole, "fresh": False})
    return Network(made.record, evidence)


def on_pixels(facts: ModelFacts | None = None, **changes: Any) -> Network:
    """The classifier of task 6; `changes` are fields of its fit."""
    own = {"id": "fit-pixels", "model": 8, "epochs": 100, "data": data(x=FLAT)}
    record = fit(image_input(784), dense(10, "softmax"), **{**own, **changes})
    return network(record, facts or classifier_facts(784), (0.87,), optimizer=("Adam", {}))


def reconstruction(**changes: Any) -> Reconstruction:
    """What an autoencoder makes of uniform noise that helps from 0.2 on."""
    whole: dict[str, Any] = {
        "autoencoder": "fit-ae", "noise": "uniform", "levels": LEVELS, "images": 2000, "judged": (0.2, 0.4),
        "clean": 0.005, "noisy": (0.001, 0.003, 0.01, 0.02, 0.04), "denoised": (0.005, 0.005, 0.005, 0.006, 0.01),
        "gain": (-0.004, -0.002, 0.005, 0.014, 0.03), "gain_low": (-0.005, -0.003, 0.004, 0.013, 0.029),
        "gain_high": (-0.003, -0.001, 0.006, 0.015, 0.031), "removed": 0.7, "shown": 2,
        "shown_denoised": ((0.004, 0.006),) * 5,
        "strips": dict.fromkeys(("raw", "noisy", "denoised"), ("aa==",) * 5),
    }  # fmt: skip
    return Reconstruction(**{**whole, **changes})


def compared(**changes: Any) -> CodesAgainstPixels:
    """A classifier that is a little better on codes."""
    whole: dict[str, Any] = {
        "autoencoder": "fit-ae", "classifier": "fit-codes", "values": 196, "seeds": (0, 1, 2, 3, 4),
        "codes": (0.89, 0.88, 0.89, 0.9, 0.89), "pixels": (0.87, 0.88, 0.87, 0.87, 0.88),
        "low": 0.003, "high": 0.029,
    }  # fmt: skip
    return CodesAgainstPixels(**{**whole, **changes})


def tried(
    *levels: float, kind: str = "uniform", source: str = "x_test", model: int = 5, rows: int = 10_000,
    **noise: Any,
) -> tuple[UseRecord, ...]:  # fmt: skip
    """The autoencoder, or another `model`, tried on images with noise of these levels."""
    return tuple(
        UseRecord(
            method="predict", model=model, where=WHERE,
            x=images(shape=(rows, 784), source=source, noise=Noise(kind=kind, level=level, **noise)),
        )
        for level in levels
    )  # fmt: skip


def complete(**changes: Any) -> Evidence:
    """A hand-in on which every check passes. `changes`: networks by builder's name, fields of the evidence, or
    `recorded`, fields of the recording."""
    builders = {"autoencoder": autoencoder, "on_codes": on_codes, "on_pixels": on_pixels}
    networks = [changes.pop(name) if name in changes else make() for name, make in builders.items()]
    recorded = changes.pop("recorded", {"uses": tried(*LEVELS)})
    measured = {"reconstruction": reconstruction(), "codes": compared(), "gates": GATES}
    made = evidence(HW5, *(one for one in networks if one is not None), **{**measured, **changes})
    return made.model_copy(update={"recording": made.recording.model_copy(update=recorded)})


def judged(**changes: Any) -> dict[str, CheckResult]:
    """Results by check, of `complete`."""
    return {result.id: result for result in run_checks(HW5, complete(**changes))}


def noisy(kind: str = "gaussian", level: float = 0.1, clipped: bool = True, shared: bool = False) -> ArrayRecord:
    return images(shape=(60_000, 784), noise=Noise(kind=kind, level=level, clipped=clipped, shared=shared))


def with_layers(whole: ModelFacts, make: Callable[[LayerFacts], Sequence[LayerFacts]]) -> ModelFacts:
    """The same, with what `make` gives for each layer in its place."""
    layers = (one for layer in whole.layers for one in make(layer))
    return whole.model_copy(update={"layers": tuple(layers)})


def changed(inputs: int = 196, **classes: dict[str, Any]) -> ModelFacts:
    """The classifier's facts, in which the layers of a class have other fields."""
    return with_layers(
        classifier_facts(inputs), lambda layer: [layer.model_copy(update=classes.get(layer.class_name, {}))]
    )


def without(name: str, inputs: int = 196) -> ModelFacts:
    """The classifier's facts without the layers of a class."""
    return with_layers(classifier_facts(inputs), lambda layer: [] if layer.class_name == name else [layer])


def held_out(share: float) -> FitData:
    """What a classifier on codes is trained on, a share of it held out."""
    return data(x=codes(), validation_x=None, validation_y=None, validation_split=share)


FRESH = ModelRecord(
    uid=6, name="encoder", kind="functional",
    layers=(image_input(784), dense(196, name="code").model_copy(update={"params": 153_860})),
)  # fmt: skip
