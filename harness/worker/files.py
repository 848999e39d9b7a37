"""Saving and loading as Keras 2 did: folders, names without an ending, checkpoints of any name.

Keras 3 refuses such names. They are served under a name that it takes, remembered, and noted; a file that was never
saved is missing as before.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

Note = Callable[[str, str], None]
_WHOLE = (".keras", ".h5", ".hdf5")
_WEIGHTS = ".weights.h5"
_MODULES = ("keras.saving", "keras.models", "keras._tf_keras.keras.saving", "keras._tf_keras.keras.models")
MAX_CHECKPOINTS = 100  # files of one fit


class Files:
    """Names that were asked for, and those under which the files lie."""

    def __init__(self, note: Note) -> None:
        self._note = note
        self._real: dict[str, str] = {}

    def install(self) -> None:
        """Take over saving and loading, in `keras` and in `tensorflow.keras`."""
        import keras

        model = keras.Model
        model.save = self._saving(model.save, self._whole)
        model.save_weights = self._saving(model.save_weights, self._weights)
        model.load_weights = self._loading(model.load_weights, 1)
        for name in _MODULES:
            module: Any = importlib.import_module(name)
            module.save_model = self._saving(module.save_model, self._whole)
            module.load_model = self._loading(module.load_model, 0)
        self._serve_checkpoints(keras.callbacks.ModelCheckpoint)

    def checkpoints(self, model: Any, callbacks: list[Any], history: dict[str, list[float]], epochs: int) -> None:
        """Write the files that a fit's ModelCheckpoints would have left."""
        import keras

        for callback in callbacks:
            if isinstance(callback, keras.callbacks.ModelCheckpoint):
                with contextlib.suppress(Exception):  # a path that cannot be: the real fit would have failed too
                    self._checkpoint(model, callback, history, epochs)

    def _checkpoint(self, model: Any, callback: Any, history: dict[str, list[float]], epochs: int) -> None:
        paths = []
        for epoch in range(max(0, epochs - MAX_CHECKPOINTS), epochs):
            values = {name: series[epoch] for name, series in history.items() if epoch < len(series)}
            path = str(callback.filepath).format(epoch=epoch + 1, **values)
            asked = str(getattr(callback, "asked_path", callback.filepath)).format(epoch=epoch + 1, **values)
            self._real[_key(asked)] = path
            paths.append(path)
        paths = list(dict.fromkeys(paths))
        for path in paths[:1]:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            model.save_weights(path) if callback.save_weights_only else model.save(path)
        for path in paths[1:]:
            shutil.copyfile(paths[0], path)

    def _saving(self, original: Callable[..., Any], served: Callable[[str], str]) -> Callable[..., Any]:
        @functools.wraps(original)
        def save(model: Any, filepath: Any, *args: Any, **kwargs: Any) -> Any:
            if not isinstance(filepath, (str, os.PathLike)):
                return original(model, filepath, *args, **kwargs)
            kwargs.pop("save_format", None)
            return original(model, served(os.fspath(filepath)), *args, **kwargs)

        return save

    def _loading(self, original: Callable[..., Any], position: int) -> Callable[..., Any]:
        @functools.wraps(original)
        def load(*args: Any, **kwargs: Any) -> Any:
            if len(args) > position and isinstance(args[position], (str, os.PathLike)):
                path = self._real.get(_key(args[position]), args[position])
                args = (*args[:position], path, *args[position + 1 :])
            elif isinstance(kwargs.get("filepath"), (str, os.PathLike)):
                kwargs["filepath"] = self._real.get(_key(kwargs["filepath"]), kwargs["filepath"])
            return original(*args, **kwargs)

        return load

    def _within_reach(self, path: str) -> str:
        """Where a file goes that is saved as `path`: here, where its folder is elsewhere (Colab's drive)."""
        absolute = PurePosixPath(path).is_absolute() or PureWindowsPath(path).is_absolute()
        if not absolute or Path(path).parent.is_dir():
            return path
        self._real[_key(path)] = f"elsewhere-{len(self._real)}-{PureWindowsPath(path).name}"
        return self._real[_key(path)]

    def _whole(self, path: str) -> str:
        """Where a model goes that is saved as `path`: a folder of Keras 2 becomes a folder with a file in it."""
        if path.endswith(_WHOLE):
            return self._within_reach(path)
        self._note("keras2-name", '`model.save("folder")` is Keras 2; write `model.save("model.keras")`.')
        Path(path).mkdir(parents=True, exist_ok=True)
        self._real[_key(path)] = str(Path(path) / "model.keras")
        return self._real[_key(path)]

    def _weights(self, path: str) -> str:
        """Where weights go that are saved as `path`."""
        if path.endswith(_WEIGHTS):
            return self._within_reach(path)
        self._note("keras2-name", f"`save_weights` of Keras 3 wants a name that ends in `{_WEIGHTS}`.")
        self._real[_key(path)] = path + _WEIGHTS
        return path + _WEIGHTS

    def _serve_checkpoints(self, checkpoint: Any) -> None:
        original = checkpoint.__init__
        note = self._note

        @functools.wraps(original)
        def init(callback: Any, filepath: Any, *args: Any, **kwargs: Any) -> None:
            asked, path = filepath, os.fspath(filepath)
            if kwargs.pop("period", None) is not None:
                note("keras2-name", "`ModelCheckpoint(period=…)` is Keras 2; write `save_freq=`.")
            only_weights = args[3] if len(args) > 3 else kwargs.get("save_weights_only", False)
            ending = _WEIGHTS if only_weights else ".keras"
            if not path.endswith(ending) and (only_weights or not path.endswith(".h5")):
                note("keras2-name", f"`ModelCheckpoint` of Keras 3 wants a name that ends in `{ending}`.")
                path += ending
            original(callback, path, *args, **kwargs)
            callback.asked_path = asked

        checkpoint.__init__ = init


def _key(path: Any) -> str:
    return os.path.abspath(str(path))  # noqa: PTH100 - of a path that need not exist, links unresolved
