"""Saved models as Keras writes them, made without Keras: for tests of reading them."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np

RNG = np.random.default_rng(7)
SGD = {
    "module": "keras.optimizers",
    "class_name": "SGD",
    "config": {"name": "sgd", "learning_rate": 0.10000000149011612, "weight_decay": None, "momentum": 0.0},
    "registered_name": None,
}
COMPILED = {"optimizer": SGD, "loss": "categorical_crossentropy", "metrics": ["accuracy"], "loss_weights": None}


def dense(units: int, name: str, activation: str = "relu", **more: Any) -> dict[str, Any]:
    """A Dense layer of Keras 3."""
    config = {"name": name, "trainable": True, "dtype": {"class_name": "DTypePolicy", "config": {}}} | more
    config |= {"units": units, "activation": activation, "use_bias": True, "kernel_regularizer": None}
    return layer("Dense", config)


def layer(class_name: str, config: Mapping[str, Any], module: str | None = "keras.layers") -> dict[str, Any]:
    """A layer of Keras 3."""
    return {"module": module, "class_name": class_name, "config": dict(config), "registered_name": None}


def entry(shape: Sequence[int | None] = (None, 28, 28, 1), name: str = "input_layer") -> dict[str, Any]:
    """An InputLayer of Keras 3."""
    return layer("InputLayer", {"batch_shape": list(shape), "dtype": "float32", "sparse": False, "name": name})


def sequential(*layers: Any, compiled: Any = None, name: str = "sequential") -> dict[str, Any]:
    """A Sequential of Keras 3."""
    made = {
        "module": "keras",
        "class_name": "Sequential",
        "config": {"name": name, "trainable": True, "layers": list(layers)},
        "registered_name": None,
        "build_config": {},
    }
    return made if compiled is None else made | {"compile_config": compiled}


def mlp(**more: Any) -> dict[str, Any]:
    """784-64-64-10, compiled as the assignment asks."""
    flat = layer("Flatten", {"name": "flatten", "data_format": "channels_last"})
    layers = [entry(), flat, dense(64, "dense"), dense(64, "dense_1"), dense(10, "dense_2", "softmax")]
    return sequential(*layers, compiled=COMPILED, **more)


def mlp_weights() -> dict[str, list[Any]]:
    """Weights of `mlp`, by the place of its layers in a file of Keras 3."""
    shapes = {"dense": (784, 64), "dense_1": (64, 64), "dense_2": (64, 10)}
    return {
        name: [RNG.normal(size=shape).astype("float32"), np.zeros(shape[1], "float32")]
        for name, shape in shapes.items()
    }


def old(class_name: str, **config: Any) -> dict[str, Any]:
    """A layer or a model, as Keras 2 writes it."""
    return {"class_name": class_name, "config": config}


def autoencoder() -> dict[str, Any]:
    """A functional model of two inner models, which Keras 2 calls for the second time."""

    def chain(name: str, first: int, *units: int) -> dict[str, Any]:
        made = [old("InputLayer", batch_input_shape=[None, first], name=f"{name}_in", sparse=False, ragged=False)]
        made += [old("Dense", units=size, name=f"{name}_{number}") for number, size in enumerate(units)]
        return old("Sequential", name=name, layers=made)

    return old(
        "Model",
        name="whole",
        layers=[
            old("InputLayer", batch_input_shape=[None, 6], name="x", sparse=False)
            | {"name": "x", "inbound_nodes": []},
            chain("enc", 6, 4, 2) | {"name": "enc", "inbound_nodes": [[["x", 0, 0, {}]]]},
            chain("dec", 2, 4, 6) | {"name": "dec", "inbound_nodes": [[["enc", 1, 0, {}]]]},
        ],
        input_layers=[["x", 0, 0]],
        output_layers=[["dec", 1, 0]],
    )


AUTOENCODER_WEIGHTS = {
    "x": {},
    "enc": {
        "enc_0/kernel:0": np.full((6, 4), 1.0), "enc_0/bias:0": np.full(4, 2.0),
        "enc_1/kernel:0": np.full((4, 2), 3.0), "enc_1/bias:0": np.full(2, 4.0),
    },
    "dec": {
        "dec_0/kernel:0": np.full((2, 4), 5.0), "dec_0/bias:0": np.full(4, 6.0),
        "dec_1/kernel:0": np.full((4, 6), 7.0), "dec_1/bias:0": np.full(6, 8.0),
    },
}  # fmt: skip
"""Of `autoencoder`, by layer and by name."""


def keras_h5(weights: Mapping[str, Sequence[Any]], top: str = "layers") -> bytes:
    """`model.weights.h5` of Keras 3: `layers/dense/vars/0`."""
    out = io.BytesIO()
    with h5py.File(out, "w") as file:
        for name, arrays in weights.items():
            for number, values in enumerate(arrays):
                file[f"{top}/{name}/vars/{number}"] = values
        file["optimizer/vars/0"] = np.array(3)
    return out.getvalue()


def write_keras(path: Path, config: Any, weights: Mapping[str, Sequence[Any]] | bytes) -> Path:
    """A `.keras` file."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("metadata.json", json.dumps({"keras_version": "3.15.1"}))
        archive.writestr("config.json", config if isinstance(config, (str, bytes)) else json.dumps(config))
        body = weights if isinstance(weights, bytes) else keras_h5(weights)
        archive.writestr("model.weights.h5", body)
    return path


def write_h5(path: Path, config: Any, weights: Mapping[str, Mapping[str, Any]], training: Any = None) -> Path:
    """A `.h5` file: of a whole model, or of its weights alone (`config` None); `weights` by layer, and by name."""
    with h5py.File(path, "w") as file:
        top = file
        if config is not None:
            file.attrs["model_config"] = json.dumps(config)
            file.attrs["keras_version"] = "2.9.0"
            top = file.create_group("model_weights")
        if training is not None:
            file.attrs["training_config"] = json.dumps(training)
        top.attrs["layer_names"] = [name.encode() for name in weights]
        for name, arrays in weights.items():
            group = top.create_group(name)
            group.attrs["weight_names"] = [weight.encode() for weight in arrays]
            for weight, values in arrays.items():
                group[weight] = values
    return path


def message(*fields: tuple[int, bytes | str]) -> bytes:
    """A protocol buffer of these fields."""
    made = b""
    for number, value in fields:
        data = value.encode() if isinstance(value, str) else value
        made += _varint(number << 3 | 2) + _varint(len(data)) + data
    return made


def _varint(value: int) -> bytes:
    made = b""
    while value > 127:
        made += bytes([value & 127 | 128])
        value >>= 7
    return made + bytes([value])
