"""Recordings, networks and evidence as a grading run makes them, built without TensorFlow.

`layer`, `dense`, … give recorded layers with configurations as Keras 3 writes them; `fit` records a call of `fit`;
`network` adds what trusted code found out about it; `evidence` matches networks to tasks by an assignment's rules.
"""

from __future__ import annotations

from typing import Any

from harness import matching
from harness.assignment import Assignment
from harness.datasets import Dataset, load
from harness.evidence import Bound, Evidence, FitEvidence, Network, RunSummary
from harness.models import ModelFacts
from harness.recording import (
    ArrayRecord,
    Component,
    FitData,
    FitRecord,
    LayerRecord,
    NodeRecord,
    Recording,
    Rows,
    TensorRef,
    Where,
)
from harness.results import Curve, DatasetFacts, LayerFacts, SubmissionFacts

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
    return LayerFacts(class_name=class_name, name="", units=units, activation=activation, **{"params": 0, **more})


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


BOUNDS = {
    "2C": Bound(task="2C", nominal=0.97, accepted=0.9650, reference_mean=0.9713, reference_runs=64),
    "3A": Bound(task="3A", nominal=0.99, accepted=0.9890, reference_mean=0.9921, reference_runs=12),
}


def evidence(assignment: Assignment, *networks: Network, **changes: Any) -> Evidence:
    """The evidence on a hand-in that trained these networks, matched to tasks by the assignment's own rules."""
    whole: dict[str, Any] = {
        "submission": SubmissionFacts(name="group-7", sha256=SHA), "dataset": MNIST, "profile": "quick",
        "recording": Recording(kind="notebook", complete=True, fits=tuple(one.record for one in networks)),
        "matches": matching.match(assignment.rules(), networks).by_task,
        "fits": {one.record.id: one.evidence for one in networks}, "bounds": BOUNDS, "isolation": "bubblewrap",
    }  # fmt: skip
    return Evidence(**{**whole, **changes})
