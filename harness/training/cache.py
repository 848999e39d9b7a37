"""Runs that were trained before, on disk: a folder a run, named by the recipe and what trained it.

A run is written whole into a temporary folder and renamed into place, with a checksum of its arrays; what is not
whole when read is a miss. Only the coordinator writes.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs
from numpy.typing import NDArray

from harness.recording import Strict
from harness.training.process import TrainedRun
from harness.training.recipe import Recipe


class StoredRun(Strict):
    """What is kept of a run beside its arrays."""

    recipe: str
    seed: int
    history: dict[str, tuple[float | None, ...]]
    seconds: float
    trainer: str
    device: dict[str, str]
    arrays_sha256: str


class RunCache:
    """Runs by recipe, in a folder; without one, or where it cannot be written, in this process's memory."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._here: dict[str, tuple[StoredRun, dict[str, NDArray[Any]]]] = {}

    @staticmethod
    def default_folder() -> Path:
        """`$HARNESS_CACHE`, or the user's cache folder."""
        return Path(os.environ.get("HARNESS_CACHE") or platformdirs.user_cache_dir("nn-grading-harness")) / "runs"

    def get(self, recipe: Recipe, device: dict[str, Any]) -> tuple[StoredRun, dict[str, NDArray[Any]]] | None:
        """The run of a recipe on such a device, with its arrays ("predictions", "w0000", …), or None."""
        key = _key(recipe, device)
        if key in self._here:
            return self._here[key]
        found = None if self._folder is None else _read(self._folder / key[:2] / key)
        return found if found is not None and found[0].recipe == recipe.sha256 else None

    def put(self, recipe: Recipe, run: TrainedRun) -> tuple[StoredRun, dict[str, NDArray[Any]]]:
        """Keep a run; gives back what `get` will give."""
        key = _key(recipe, run.device)
        arrays: dict[str, NDArray[Any]] = {"predictions": run.predictions}
        arrays |= {f"w{number:04}": weight for number, weight in enumerate(run.weights)}
        stored = StoredRun(
            recipe=recipe.sha256,
            seed=recipe.seed,
            history={name: tuple(values) for name, values in run.history.items()},
            seconds=run.seconds,
            trainer=run.trainer,
            device={name: str(value) for name, value in run.device.items()},
            arrays_sha256=_checksum(arrays),
        )
        if self._folder is None or not _write(self._folder / key[:2] / key, stored, arrays):
            self._here[key] = (stored, arrays)
        return stored, arrays


def _key(recipe: Recipe, device: dict[str, Any]) -> str:
    """The recipe, and everything about the trainer that may change its weights."""
    names = ("keras", "tensorflow", "backend", "device", "device_name")
    trained_by = {name: str(device.get(name)) for name in names}
    text = json.dumps([recipe.sha256, trained_by, "keras_fit"], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _read(folder: Path) -> tuple[StoredRun, dict[str, NDArray[Any]]] | None:
    try:
        stored = StoredRun.model_validate_json((folder / "run.json").read_bytes())
        with (folder / "arrays.npz").open("rb") as file, np.load(file, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except Exception:  # a damaged archive raises whatever its readers meet: a miss all the same
        return None
    return (stored, arrays) if _checksum(arrays) == stored.arrays_sha256 else None


def _write(folder: Path, stored: StoredRun, arrays: dict[str, NDArray[Any]]) -> bool:
    """Whether the run can be read in `folder` afterwards, written by us or by another process."""
    temporary = None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".new-"))
        with (temporary / "arrays.npz").open("wb") as file:
            named: dict[str, Any] = dict(arrays)
            np.savez(file, **named)
        (temporary / "run.json").write_text(stored.model_dump_json(), encoding="utf-8")
        if folder.exists() and _read(folder) is None:
            shutil.rmtree(folder, ignore_errors=True)
        temporary.rename(folder)
        return True
    except OSError:  # the disk is full, or another process was first
        return _read(folder) is not None
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)


def _checksum(arrays: dict[str, NDArray[Any]]) -> str:
    digest = hashlib.sha256()
    for name in sorted(arrays):
        digest.update(f"{name} {arrays[name].dtype.str} {arrays[name].shape}".encode())
        digest.update(np.ascontiguousarray(arrays[name]).tobytes())
    return digest.hexdigest()
