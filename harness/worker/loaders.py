"""Answers for the data loaders of Keras: the arrays come from the file that the harness handed in."""

from __future__ import annotations

import importlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

Data = dict[str, np.ndarray[Any, Any]]
_TREES = ("keras.datasets", "keras.src.datasets", "keras._tf_keras.keras.datasets", "tensorflow.keras.datasets")


def read_data(path: Path) -> Data:
    """The arrays x_train, y_train, x_test, y_test of an npz file, uint8."""
    with np.load(path, allow_pickle=False) as archive:
        return {name: archive[name] for name in ("x_train", "y_train", "x_test", "y_test")}


def install(data: Data, names: tuple[str, ...], npz: Path, home: Path) -> None:
    """Let `keras.datasets.<name>.load_data()` answer with copies of `data`, for each of `names`.

    `mnist.npz` is also laid where Keras keeps its downloads (`home`), for code that opens the file itself.
    """
    for name in names:
        answer = _loader(data)
        for tree in _TREES:
            try:
                module = importlib.import_module(f"{tree}.{name}")
            except ImportError:
                continue
            module.load_data = answer  # type: ignore[attr-defined]  # that is the point
        cached = home / "datasets" / f"{name}.npz"
        cached.parent.mkdir(parents=True, exist_ok=True)
        if not cached.exists():
            shutil.copyfile(npz, cached)


def _loader(data: Data) -> Callable[..., Any]:
    def load_data(path: str = "mnist.npz") -> Any:
        """(x_train, y_train), (x_test, y_test): uint8 images (n, 28, 28) and labels (n,)."""
        del path
        return (
            (data["x_train"].copy(), data["y_train"].copy()),
            (data["x_test"].copy(), data["y_test"].copy()),
        )

    return load_data
