"""The coordinator's side of the trainer's process: start it, ask it, notice when it dies."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from harness.allowlist import Refused
from harness.models import ModelFacts, ModelSpec
from harness.results import Cause
from harness.training.arrays_spec import ArraySpec
from harness.training.recipe import Prepared, Recipe

Device = Literal["auto", "cpu", "gpu"]


class TrainerFailed(RuntimeError):
    """The trainer's process ended or answered nonsense: our fault. The message holds the end of its log."""


class DeviceUnavailable(RuntimeError):
    """A device was asked for that this machine has not: the fault of whoever asked."""


class TrainingStopped(RuntimeError):
    """The recipe's own fault at run time; `cause` says which."""

    def __init__(self, message: str, cause: Cause) -> None:
        super().__init__(message)
        self.cause = cause


@dataclass(frozen=True)
class Weighted:
    """A recipe and the weights that training it gave."""

    recipe: Recipe
    weights: Sequence[NDArray[Any]]


class TrainedRun:
    """The answer to one training request. `history` holds None where a value was not finite."""

    def __init__(self, answer: dict[str, Any], arrays: dict[str, NDArray[Any]], device: dict[str, Any]) -> None:
        self.history: dict[str, list[float | None]] = answer["history"]
        self.seconds = float(answer["seconds"])
        self.trainer = str(answer["trainer"])
        self.predictions: NDArray[np.float32] = arrays.pop("predictions")
        self.weights: list[NDArray[Any]] = [arrays[name] for name in sorted(arrays)]
        self.device = device


class TrainerProcess:
    """A context in which models can be inspected and recipes trained. The framework is imported on first use."""

    def __init__(self, device: Device = "auto") -> None:
        self._device = device
        self._process: subprocess.Popen[str] | None = None
        self._log: deque[str] = deque(maxlen=60)
        self._reader: threading.Thread | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._described: dict[str, Any] | None = None
        self._inspected: dict[str, ModelFacts] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process and remove its folder."""
        if self._process is not None:
            if self._process.stdin:
                with contextlib.suppress(OSError):  # a dead process takes no last words
                    self._process.stdin.close()
            try:
                self._process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            for stream in (self._process.stdout, self._process.stderr):
                if stream:
                    stream.close()
            if self._reader:
                self._reader.join(timeout=5)
        if self._folder is not None:
            self._folder.cleanup()
        self._process = self._folder = self._described = None

    def describe(self) -> dict[str, Any]:
        """Versions, backend, device and precision of the trainer."""
        if self._described is None:
            answer = self._ask({"ask": "describe"})
            if self._device == "gpu" and answer["device"] != "gpu":
                raise DeviceUnavailable(
                    "A GPU was asked for and TensorFlow sees none here; `harness doctor` says why. "
                    "Without --device gpu the processor is used."
                )
            answer.pop("kind")
            self._described = answer
        return self._described

    def inspect(self, spec: ModelSpec, loss: tuple[str, dict[str, Any]] | None) -> ModelFacts:
        """Rebuild a model and say what it is. A model that cannot be rebuilt comes back with `refused` set.

        Equal models are rebuilt once: a sweep has fifteen of them.
        """
        request = {"ask": "inspect", "model": spec.model_dump(mode="json"), "loss": loss}
        key = json.dumps(request, sort_keys=True)
        if key not in self._inspected:
            try:
                answer = self._ask(request)
                self._inspected[key] = ModelFacts.model_validate_json(json.dumps(answer["facts"]))
            except Refused as reason:
                self._inspected[key] = ModelFacts(refused=str(reason))
        return self._inspected[key]

    def train(
        self, prepared: Prepared, on_epoch: Callable[[int, int], None], parents: Sequence[Weighted] = ()
    ) -> TrainedRun:
        """Train one recipe, given those of its parents. Raises Refused or TrainingStopped (theirs) and TrainerFailed
        (ours)."""
        device = self.describe()
        folder = Path(self._require_folder())
        arrays, out = folder / "arrays.npz", folder / "out.npz"
        with arrays.open("wb") as file:
            named: dict[str, Any] = dict(prepared.arrays)
            np.savez(file, **named)
        request: dict[str, Any] = {"ask": "train", "recipe": prepared.recipe.model_dump(mode="json")}
        request["parents"] = [self._sent(f"parent-{number}", parent) for number, parent in enumerate(parents)]
        answer = self._ask({**request, "arrays": str(arrays), "out": str(out)}, on_epoch)
        with np.load(out, allow_pickle=False) as archive:
            made = {name: archive[name] for name in archive.files}
        out.unlink()
        return TrainedRun(answer, made, device)

    def denoise(
        self, classifier: Weighted, denoiser: Weighted, levels: Sequence[float], images: int, shown: int
    ) -> dict[str, NDArray[Any]]:
        """What `harness.training.trained.denoising_curves` gives. Raises Refused and TrainerFailed."""
        request = {"ask": "denoise", "levels": list(levels), "images": images, "shown": shown, "seed": 0}
        return self._ask_arrays(request, classifier=classifier, denoiser=denoiser)

    def generate(
        self, autoencoder: Weighted, cut: int, classifier: Weighted, count: int
    ) -> dict[str, NDArray[Any]]:
        """What `harness.training.trained.generated_images` gives. Raises Refused and TrainerFailed."""
        request = {"ask": "generate", "cut": cut, "count": count, "seed": 0}
        return self._ask_arrays(request, autoencoder=autoencoder, classifier=classifier)

    def classify(self, classifier: Weighted, images: NDArray[Any]) -> NDArray[Any]:
        """The classifier's probabilities for images (n, 784) in [0, 1]. Raises Refused and TrainerFailed."""
        path = Path(self._require_folder()) / "images.npz"
        with path.open("wb") as file:
            np.savez(file, images=images.astype(np.float32))
        return self._ask_arrays({"ask": "classify", "images": str(path)}, classifier=classifier)["probabilities"]

    def speed(self, recipe: Recipe, file: Path, function: str) -> dict[str, dict[str, float]]:
        """What `harness.measure.speed.measure_speed` gives. Raises Refused and TrainerFailed."""
        request = {
            "ask": "speed",
            "recipe": recipe.model_dump(mode="json"),
            "file": str(file),
            "function": function,
        }
        speed: dict[str, dict[str, float]] = self._ask(request)["speed"]
        return speed

    def _ask_arrays(self, request: dict[str, Any], **networks: Weighted) -> dict[str, NDArray[Any]]:
        out = Path(self._require_folder()) / "out.npz"
        for name, network in networks.items():
            request[name] = self._sent(name, network)
        self._ask({**request, "out": str(out)})
        with np.load(out, allow_pickle=False) as archive:
            made = {name: archive[name] for name in archive.files}
        out.unlink()
        return made

    def evaluate(
        self, model: ModelSpec, weights: Sequence[NDArray[Any]], x: ArraySpec, dataset: str
    ) -> NDArray[Any]:
        """What `harness.training.trained.evaluated` gives. Raises Refused, TrainingStopped and TrainerFailed."""
        path = self._saved("self-trained", weights)
        request = {"ask": "evaluate", "model": model.model_dump(mode="json"), "weights": path, "dataset": dataset}
        return self._ask_arrays({**request, "x": x.model_dump(mode="json")})["predictions"]

    # --- talking

    def _sent(self, name: str, network: Weighted) -> dict[str, Any]:
        """A network as a request carries it, its weights in a file of this name."""
        recipe = network.recipe.model_dump(mode="json")
        return {"recipe": recipe, "weights": self._saved(name, network.weights)}

    def _saved(self, name: str, weights: Sequence[NDArray[Any]]) -> str:
        path = Path(self._require_folder()) / f"{name}.npz"
        with path.open("wb") as file:
            named: dict[str, Any] = {f"w{number:04}": weight for number, weight in enumerate(weights)}
            np.savez(file, **named)
        return str(path)

    def _ask(
        self, request: dict[str, Any], on_epoch: Callable[[int, int], None] = lambda _epoch, _of: None
    ) -> dict[str, Any]:
        process = self._started()
        if process.stdin is None or process.stdout is None:
            raise TrainerFailed("the trainer has no pipes")
        try:
            process.stdin.write(json.dumps(request) + "\n")
            process.stdin.flush()
        except OSError:
            raise self._died() from None
        for line in process.stdout:
            answer: dict[str, Any] = json.loads(line)
            if answer["kind"] == "epoch":
                on_epoch(answer["epoch"], answer["of"])
            elif answer["kind"] == "refused":
                raise Refused(answer["reason"])
            elif answer["kind"] == "out_of_memory":
                raise TrainingStopped(answer["reason"], Cause.OUT_OF_MEMORY)
            else:
                return answer
        raise self._died()

    def _started(self) -> subprocess.Popen[str]:
        if self._process is None:
            environment = dict(os.environ, KERAS_BACKEND="tensorflow", TF_CPP_MIN_LOG_LEVEL="3", PYTHONHASHSEED="0")
            if self._device == "cpu":
                environment["CUDA_VISIBLE_DEVICES"] = ""
            self._process = subprocess.Popen(
                [sys.executable, "-m", "harness.training.server"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                encoding="utf-8",
                errors="replace",
                env=environment,
            )
            self._reader = threading.Thread(target=self._keep_log, args=(self._process,), daemon=True)
            self._reader.start()
        return self._process

    def _keep_log(self, process: subprocess.Popen[str]) -> None:
        if process.stderr is not None:
            for line in process.stderr:
                self._log.append(line.rstrip())

    def _require_folder(self) -> str:
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="harness-trainer-")
        return self._folder.name

    def _died(self) -> TrainerFailed:
        code = self._process.wait() if self._process else None
        log = "\n".join(list(self._log)[-15:])
        self.close()
        return TrainerFailed(f"the trainer's process ended with code {code}; the end of its log:\n{log}")
