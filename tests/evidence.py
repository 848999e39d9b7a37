"""Recordings, networks and evidence as a grading run makes them, built without TensorFlow.

`layer`, `dense`, … give recorded layers with configurations as Keras 3 writes them; `fit` records a call of `fit`;
`network` adds what trusted code found out about it; `evidence` matches networks to tasks by an assignment's rules.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from harness import matching
from harness.assignment import Assignment
from harness.datasets import Dataset, load
from harness.evidence import Evidence, FitEvidence, Network, RunSummary
from harness.gates import Gate
from harness.measured import Denoising, Generation, NoiseFacts
from harness.models import ModelFacts
from harness.recording import (
    ArrayRecord,
    Component,
    Derivation,
    FitData,
    FitRecord,
    LayerRecord,
    ModelRecord,
    NodeRecord,
    Noise,
    Recording,
    Rows,
    TensorRef,
    UseRecord,
    Where,
)
from harness.results import Curve, DatasetFacts, LayerFacts, Outcome, SubmissionFacts

PASSED, PARTIAL, FAILED = Outcome.PASSED, Outcome.PARTIAL, Outcome.FAILED
NOT_ATTEMPTED, NOT_MEASURED, MANUAL = Outcome.NOT_ATTEMPTED, Outcome.NOT_MEASURED, Outcome.MANUAL

SHA = "6d87418db22cc8025d05968bec9bd5c3932904b23485740db143a061a2c9d161"
MNIST = DatasetFacts(name="mnist", sha256=SHA, official=True, train_images=60_000, evaluation_images=10_000)
WHERE = Where(file="assignment.ipynb", cell=4, line=3)


# --- recorded models


def initializer(name: str, **config: Any) -> dict[str, Any]:
    return {"class_name": name, "config": config}


_GLOROT = initializer("GlorotUniform", seed=None, input_axes=None, output_axes=None)
_KERNEL: dict[str, Any] = {
    "use_bias": True, "kernel_initializer": _GLOROT, "bias_initializer": initializer("Zeros"),
    "kernel_regularizer": None, "bias_regularizer": None, "kernel_constraint": None, "bias_constraint": None,
}  # fmt: skip


def layer(class_name: str, config: dict[str, Any] | None = None, name: str = "", **more: Any) -> LayerRecord:
    return LayerRecord(uid=0, class_name=class_name, name=name or class_name.lower(), config=config or {}, **more)


def image_input(*shape: int) -> LayerRecord:
    config = {"batch_shape": [None, *(shape or (28, 28, 1))], "sparse": False, "ragged": False, "optional": False}
    return layer("InputLayer", config)


def dense(units: int, activation: str = "linear", name: str = "dense", **config: Any) -> LayerRecord:
    return layer("Dense", {"units": units, "activation": activation, **_KERNEL, **config}, name)


def conv2d(filters: int, size: int = 3, activation: str = "relu", **config: Any) -> LayerRecord:
    own = {
        "filters": filters, "kernel_size": [size, size], "strides": [1, 1], "padding": "valid",
        "data_format": "channels_last", "dilation_rate": [1, 1], "groups": 1, "activation": activation,
    }  # fmt: skip
    return layer("Conv2D", {**own, **_KERNEL, "activity_regularizer": None, **config})


def flatten() -> LayerRecord:
    return layer("Flatten", {"data_format": "channels_last"})


def chain(*layers: LayerRecord) -> dict[str, Any]:
    """The graph of layers called one after the other, as the fields of a Graph."""
    records = tuple(one.model_copy(update={"uid": number + 1}) for number, one in enumerate(layers))
    nodes = [NodeRecord(layer=0)]
    nodes += [NodeRecord(layer=number, inputs=(TensorRef(node=number - 1),)) for number in range(1, len(layers))]
    return {"layers": records, "nodes": tuple(nodes), "outputs": (TensorRef(node=len(nodes) - 1),)}


MLP_LAYERS = (image_input(), flatten(), dense(64, "relu"), dense(64, "relu"), dense(10, "softmax"))
CNN_LAYERS = (image_input(), conv2d(16, 5), flatten(), dense(10, "softmax"))


# --- recorded fits


def images(**changes: Any) -> ArrayRecord:
    """The training images, preprocessed as the assignment asks."""
    whole: dict[str, Any] = {
        "shape": (60_000, 28, 28, 1), "dtype": "float32", "low": 0.0, "high": 1.0, "mean": 0.13,
        "source": "x_train", "rows": Rows(kind="all", count=60_000), "encoding": "pixels", "scale": 1 / 255,
    }  # fmt: skip
    return ArrayRecord(**{**whole, **changes})


def labels(**changes: Any) -> ArrayRecord:
    """Their labels, one-hot."""
    whole: dict[str, Any] = {
        "shape": (60_000, 10), "dtype": "float32", "low": 0.0, "high": 1.0, "source": "y_train",
        "encoding": "one_hot", "labels_match": 1.0,
    }  # fmt: skip
    return ArrayRecord(**{**whole, **changes})


def data(**changes: Any) -> FitData:
    """All training images and labels, the test images for validation."""
    whole: dict[str, Any] = {
        "x": images(), "y": labels(),
        "validation_x": images(shape=(10_000, 28, 28, 1), source="x_test", rows=Rows(kind="all", count=10_000)),
        "validation_y": labels(shape=(10_000, 10), source="y_test"),
    }  # fmt: skip
    return FitData(**{**whole, **changes})


def sgd(rate: float = 0.10000000149011612, **config: Any) -> Component:
    own = {
        "learning_rate": rate, "weight_decay": None, "clipnorm": None, "global_clipnorm": None, "clipvalue": None,
        "use_ema": False, "ema_momentum": 0.99, "ema_overwrite_frequency": None, "loss_scale_factor": None,
        "gradient_accumulation_steps": None, "momentum": 0.0, "nesterov": False,
    }  # fmt: skip
    return Component(class_name="SGD", config={**own, **config})


def fit(*layers: LayerRecord, **changes: Any) -> FitRecord:
    """The recorded fit of a network, 784-64-64-10 by default, trained as task 2C asks."""
    whole: dict[str, Any] = {
        "id": "fit-1", "model": 0, "epochs": 10, "batch_size": 128, "where": WHERE, "metrics": ("accuracy",),
        "loss": Component(class_name="categorical_crossentropy"), "optimizer": sgd(), "data": data(),
    }  # fmt: skip
    return FitRecord(**{**chain(*(layers or MLP_LAYERS)), **whole, **changes})


def digits() -> Dataset:
    """The data set that needs no file and no network."""
    return load("digits")


# --- what trusted code found


def layer_facts(
    class_name: str, units: int | None = None, activation: str | None = None, **more: Any
) -> LayerFacts:
    return LayerFacts(
        **{"class_name": class_name, "name": "", "units": units, "activation": activation, "params": 0} | more
    )


MLP_FACTS = (
    layer_facts("Flatten"),
    layer_facts("Dense", 64, "relu", params=50_240),
    layer_facts("Dense", 64, "relu", params=4_160),
    layer_facts("Dense", 10, "softmax", params=650),
)
CNN_FACTS = (
    layer_facts("Conv2D", 16, "relu", params=416),
    layer_facts("MaxPooling2D"),
    layer_facts("Flatten"),
    layer_facts("Dense", 10, "softmax", params=23_050),
)


def run(accuracy: float | None, seed: int = 0) -> RunSummary:
    curve = Curve(seed=seed, accuracy=(0.9, 0.97), val_accuracy=(0.9, accuracy or 0.0))
    return RunSummary(recipe=SHA, seed=seed, accuracy=accuracy, images=10_000, curve=curve, trainer="keras_fit")


def model_facts(layers: tuple[LayerFacts, ...] = MLP_FACTS, **changes: Any) -> ModelFacts:
    params = sum(one.params for one in layers)
    whole: dict[str, Any] = {
        "params": params, "trainable_params": params, "layers": layers, "input_shape": (28, 28, 1),
        "output_shape": (10,), "cross_entropy_error": 1e-7,
    }  # fmt: skip
    return ModelFacts(**{**whole, **changes})


def network(
    record: FitRecord | None = None, facts: ModelFacts | None = None, accuracies: tuple[float, ...] = (0.9716,),
    **changes: Any,
) -> Network:  # fmt: skip
    """A fit with its evidence: by default the network of task 2C, trained once, 97.16 %."""
    record = record or fit()
    whole: dict[str, Any] = {
        "fit": record.id, "facts": facts or model_facts(), "loss": ("CategoricalCrossentropy", {}),
        "optimizer": ("SGD", {"learning_rate": 0.1}),
        "runs": tuple(run(value, seed) for seed, value in enumerate(accuracies)),
    }  # fmt: skip
    return Network(record, FitEvidence(**{**whole, **changes}))


def mlp(accuracy: float = 0.9716, facts: ModelFacts | None = None, **changes: Any) -> Network:
    """The network of tasks 2A to 2C; `changes` are fields of its recorded fit."""
    return network(fit(**changes), facts, (accuracy,))


def cnn(accuracy: float = 0.992, facts: ModelFacts | None = None, **changes: Any) -> Network:
    """The network of task 3A."""
    record = fit(*CNN_LAYERS, **{"id": "fit-cnn", "epochs": 6, **changes})
    return network(record, facts or model_facts(CNN_FACTS), (accuracy,), optimizer=("Adam", {}))


def gate(task: str, accepted: float, mean: float, runs: int = 12, **changes: Any) -> Gate:
    """A gate by the mean, calibrated with runs that alternate around `mean` so that their bound is `accepted`."""
    whole: dict[str, Any] = {"task": task, "alpha": 0.0005, "total": 0.001, "gates": 2, **changes}
    unit = Gate(**whole | {"reference": tuple((-1.0) ** number for number in range(runs)), "nominal": None})
    assert unit.calibrated is not None
    half = (accepted - mean) / unit.calibrated * (1 + 1e-12)
    reference = tuple(mean + half * (-1.0) ** number for number in range(runs))
    return Gate(**whole | {"reference": reference})


GATES = {
    "2C.accuracy": gate("2C", 0.9650, 0.9713, 64, nominal=0.97),
    "3A.accuracy": gate("3A", 0.9890, 0.9921, nominal=0.99, partial_from=0.97),
    "4C.gain.3A": gate("4C", 0.15, 0.2, measure="gain", difference=True, partial_from=0.0),
    "4C.denoised.3A": gate("4C", 0.6, 0.64, measure="denoised"),
    "4D.recognised.3A": gate("4D", 0.55, 0.9, measure="recognised", nominal=0.5),
}


def evidence(assignment: Assignment, *networks: Network, **changes: Any) -> Evidence:
    """The evidence on a hand-in that trained these networks, matched to tasks by the assignment's own rules."""
    whole: dict[str, Any] = {
        "submission": SubmissionFacts(name="group-7", sha256=SHA), "dataset": MNIST, "profile": "quick",
        "recording": Recording(kind="notebook", complete=True, fits=tuple(one.record for one in networks)),
        "matches": matching.match(assignment.rules(), networks).by_task,
        "fits": {one.record.id: one.evidence for one in networks}, "gates": GATES, "isolation": "bubblewrap",
    }  # fmt: skip
    return Evidence(**{**whole, **changes})


# --- the other tasks


def sweep_facts(factor: float | None = 1e-4, units: tuple[int, ...] = (500, 300), **changes: Any) -> ModelFacts:
    """784-500-300-10 with L2 on the hidden kernels; `regularizers` replaces what lies on each hidden layer."""
    own = (f"kernel L2 {factor:g}",) if factor is not None else ()
    regularizers = changes.pop("regularizers", (own,) * len(units))
    sizes = (784, *units)
    hidden = tuple(
        layer_facts("Dense", size, "relu", params=before * size + size, regularizers=tuple(texts))
        for before, size, texts in zip(sizes, units, regularizers, strict=False)
    )
    last = layer_facts("Dense", 10, "softmax", params=sizes[-1] * 10 + 10, regularizers=changes.pop("output", ()))
    return model_facts((layer_facts("Flatten"), *hidden, last), **changes)


FACTORS = (1e-6, 2.5e-4, 5e-4, 7.5e-4, 1e-3)


def sweep(
    factors: tuple[float, ...] = FACTORS, replicates: int = 3, facts: dict[str, Any] | None = None, **changes: Any
) -> tuple[Network, ...]:
    """The networks of task 2D. `facts` are arguments of `sweep_facts`, `changes` fields of every recorded fit."""
    return tuple(
        network(
            fit(**{"id": f"sweep-{place}-{number}", "epochs": 40, **changes}),
            sweep_facts(**{"factor": factor, **(facts or {})}),
            (0.982 + 0.0001 * number,),
        )
        for place, factor in enumerate(factors)
        for number in range(replicates)
    )


def autoencoder_facts(*units: int, outputs: int = 784, activation: str = "relu") -> ModelFacts:
    sizes = (784, *(units or (128, 96, 128)), outputs)
    layers = tuple(
        layer_facts("Dense", size, activation, params=before * size + size, output_shape=(None, size))
        for before, size in pairwise(sizes)
    )
    return model_facts(layers, cross_entropy_error=None)


SALT = Noise(kind="salt_and_pepper", level=0.4)


def autoencoder(
    facts: ModelFacts | None = None, x: ArrayRecord | None = None, y: ArrayRecord | None = None, **changes: Any
) -> Network:
    """The network of task 4A, trained from noisy images to clean ones; `changes` are fields of its evidence."""
    flat = {"shape": (60_000, 784)}
    given = data(x=x or images(noise=SALT, **flat), y=y or images(**flat))
    record = fit(id="fit-ae", epochs=32, batch_size=64, data=given, metrics=())
    training = {"loss": ("BinaryCrossentropy", {}), "optimizer": ("Adam", {"learning_rate": 0.001})}
    return network(record, facts or autoencoder_facts(), (), **{**training, **changes})


def another(network: Network, name: str, **changes: Any) -> Network:
    """The same network once more, with layers of its own: another fit. `changes` are fields of its evidence."""
    shift = 1000 * sum(map(ord, name))
    own = tuple(one.model_copy(update={"uid": one.uid + shift}) for one in network.record.layers)
    record = network.record.model_copy(update={"id": name, "layers": own})
    return Network(record, network.evidence.model_copy(update={"fit": name, **changes}))


def decoder(network: Network) -> ModelRecord:
    """A model of the last two layers of a network."""
    made = chain(*network.record.layers[-2:])
    return ModelRecord(**{**made, "layers": network.record.layers[-2:]}, uid=0, name="decoder", kind="sequential")


LEVELS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


def noise(**changes: Any) -> NoiseFacts:
    """What a right salt_and_pepper does to an array of 0.5."""
    whole: dict[str, Any] = {
        "function": "salt_and_pepper", "where": WHERE, "levels": LEVELS, "changed": LEVELS,
        "extreme": (1.0,) * 6, "white": (0.5, 0.49, 0.51, 0.5, 0.5, 0.5), "pixels": 50_176,
        "images": 64, "masks": (1, 64, 64, 64, 64, 1),
    }  # fmt: skip
    return NoiseFacts(**{**whole, **changes})


def denoising(**changes: Any) -> Denoising:
    """Curves of an autoencoder that helps."""
    whole: dict[str, Any] = {
        "autoencoder": "fit-ae", "classifier": "fit-cnn", "levels": LEVELS, "images": 2000,
        "seasoned": (0.99, 0.9, 0.7, 0.4, 0.2, 0.1), "denoised": (0.97, 0.95, 0.9, 0.7, 0.3, 0.1),
        "gain": (-0.02, 0.05, 0.2, 0.3, 0.1, 0.0), "gain_low": (-0.03, 0.04, 0.18, 0.28, 0.08, -0.01),
        "gain_high": (-0.01, 0.06, 0.22, 0.32, 0.12, 0.01), "judged": (0.4, 0.8), "mean_gain": (0.2, 0.19, 0.21),
        "p_values": (0.0,) * 6, "error_noisy": (0.0, 0.05, 0.12, 0.2, 0.25, 0.3),
        "error_denoised": (0.01, 0.011, 0.012, 0.02, 0.04, 0.08), "classifier_task": "3A",
    }  # fmt: skip
    return Denoising(**{**whole, **changes})


def generation(**changes: Any) -> Generation:
    """Images of a decoder that draws digits."""
    whole: dict[str, Any] = {
        "decoder": "decoder", "own": False, "latent": 96, "images": 200, "in_range": True, "recognised": 0.9,
        "class_entropy": 0.95, "nearest": (0.05, 0.08, 0.12), "nearest_held_out": (0.06, 0.1, 0.15), "strip": "",
        "strip_images": 10, "classifier_task": "3A",
    }  # fmt: skip
    return Generation(**{**whole, **changes})


def use(**changes: Any) -> UseRecord:
    """A classifier evaluated on noisy evaluation images; `changes` are fields of the record or of the images."""
    fields = {name: changes.pop(name) for name in ("method", "model", "where") if name in changes}
    x = images(**{"shape": (10_000, 28, 28, 1), "source": "x_test", "noise": SALT, **changes})
    return UseRecord(**{"method": "evaluate", "model": 0, "x": x, "where": WHERE, **fields})


def cleaned(**changes: Any) -> UseRecord:
    """The same of what a model made of images."""
    return use(**{"source": None, "noise": None, "derived": Derivation(model=1, given=images()), **changes})


def complete(assignment: Assignment, **changes: Any) -> Evidence:
    """A hand-in on which every check passes. `changes`: fields of the evidence, networks by builder's name, or
    `recorded`, fields of the recording."""
    networks = [changes.pop(name, made) for name, made in {"mlp": mlp(), "cnn": cnn()}.items()]
    networks += changes.pop("sweep", sweep())
    networks += [changes.pop("autoencoder", autoencoder())]
    measured = {"noise": noise(), "denoising": denoising(), "generation": generation()}
    recorded = changes.pop("recorded", {"uses": (use(), cleaned())})
    made = evidence(assignment, *(one for one in networks if one is not None), **{**measured, **changes})
    return made.model_copy(update={"recording": made.recording.model_copy(update=recorded)})
