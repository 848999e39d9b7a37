"""The coordinator's side of training: which process does what, and what is sent to it and comes back."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from harness.allowlist import Refused
from harness.models import ModelFacts, ModelSpec
from harness.training import device as devices
from harness.training.arrays_spec import ArraySpec
from harness.training.channel import Channel, TimeLimit, TrainerFailed, TrainingStopped
from harness.training.choose import Backend, Kind, backend, choose, groups
from harness.training.device import Device, DeviceUnavailable
from harness.training.recipe import Prepared, Recipe

__all__ = [
    "Device", "DeviceUnavailable", "Job", "TimeLimit", "TrainedRun", "TrainerFailed", "TrainerProcess",
    "TrainingStopped", "Weighted",
]  # fmt: skip


@dataclass(frozen=True)
class Weighted:
    """A recipe and the weights that training it gave."""

    recipe: Recipe
    weights: Sequence[NDArray[Any]]


@dataclass(frozen=True)
class Job:
    """A recipe to be trained, and the trained networks that it builds on."""

    prepared: Prepared
    parents: Sequence[Weighted] = ()


class TrainedRun:
    """The answer to one training request. `history` holds None where a value was not finite; `why` is why this
    trainer, as a sentence; `seconds` is a share of its group's where several were trained at once."""

    def __init__(self, answer: dict[str, Any], arrays: dict[str, NDArray[Any]], device: dict[str, Any]) -> None:
        self.history: dict[str, list[float | None]] = answer["history"]
        self.seconds = float(answer["seconds"])
        self.trainer = str(answer["trainer"])
        self.why = str(device.get("why", ""))
        self.predictions: NDArray[np.float32] = arrays.pop("predictions")
        self.weights: list[NDArray[Any]] = [arrays[name] for name in sorted(arrays)]
        self.device = device


class TrainerProcess:
    """A context in which models can be inspected and recipes trained.

    Keras runs on one framework a process, so there are up to two processes, each started when it is first needed:
    JAX for nearly everything, TensorFlow for what it trains faster (`harness.training.choose`).
    """

    def __init__(self, device: Device = "auto") -> None:
        self._asked = device
        self._found: devices.DeviceFacts | None = None
        self._channels: dict[Backend, Channel] = {}
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._inspected: dict[str, ModelFacts] = {}
        self._expected: set[Backend] = set()
        """What the inspected models will be trained with."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the processes and remove their folder."""
        for channel in self._channels.values():
            channel.close()
        if self._folder is not None:
            self._folder.cleanup()
        self._channels, self._folder = {}, None

    def describe(self, recipe: Recipe | None = None) -> dict[str, Any]:
        """Versions, device and precision; with a recipe, what would train it and why. Imports no framework.

        Raises DeviceUnavailable.
        """
        facts = self._device()
        about = {
            **{package: devices.version(package) for package in ("keras", "jax", "tensorflow")},
            "backend": "jax",
            "device": facts.kind,
            "device_name": facts.name,
            "driver": facts.driver,
            "precision": "float32",
        }
        if recipe is None:
            return about
        choice = choose(recipe, facts.kind)
        name = facts.name if choice.kind == facts.kind else devices.processor()
        chosen = {"backend": choice.backend, "device": choice.kind, "device_name": name}
        return about | chosen | {"trainer": choice.trainer, "why": choice.why, "trainer_key": choice.key}

    def probe(self) -> dict[Backend, dict[str, Any]]:
        """What each framework sees, both started. Raises TrainerFailed and DeviceUnavailable."""
        names: tuple[Backend, ...] = ("jax", "tensorflow")
        return {name: self._channel(name).ask({"ask": "describe"}) for name in names}

    def inspect(self, spec: ModelSpec, loss: tuple[str, dict[str, Any]] | None) -> ModelFacts:
        """Rebuild a model and say what it is. A model that cannot be rebuilt comes back with `refused` set.

        Equal models are rebuilt once: a sweep has fifteen of them.
        """
        request = {"ask": "inspect", "model": spec.model_dump(mode="json"), "loss": loss}
        key = json.dumps(request, sort_keys=True)
        self._expected.add(backend([spec], self._device().kind))
        if key not in self._inspected:
            try:
                answer = self._any_channel().ask(request)
                self._inspected[key] = ModelFacts.model_validate_json(json.dumps(answer["facts"]))
            except Refused as reason:
                self._inspected[key] = ModelFacts(refused=str(reason))
        return self._inspected[key]

    def train(
        self,
        prepared: Prepared,
        on_epoch: Callable[[int, int], None],
        parents: Sequence[Weighted] = (),
        limit: TimeLimit | None = None,
    ) -> TrainedRun:
        """Train one recipe, given those of its parents.

        Raises Refused or TrainingStopped (theirs) and TrainerFailed (ours).
        """
        return self.train_all([Job(prepared, parents)], on_epoch, limit)[0]

    def train_all(
        self, jobs: Sequence[Job], on_epoch: Callable[[int, int], None], limit: TimeLimit | None = None
    ) -> list[TrainedRun]:
        """Train recipes, on a GPU those of one kind at once; the runs in the order of the jobs. `limit` holds for
        each group. Raises as `train` does."""
        kind = self._device().kind
        made: dict[int, TrainedRun] = {}
        for group in groups([job.prepared.recipe for job in jobs], kind):
            made |= zip(group, self._train_group([jobs[number] for number in group], on_epoch, limit), strict=True)
        return [made[number] for number in range(len(jobs))]

    def _train_group(
        self, jobs: Sequence[Job], on_epoch: Callable[[int, int], None], limit: TimeLimit | None
    ) -> list[TrainedRun]:
        choice = choose(jobs[0].prepared.recipe, self._device().kind)
        for name in self._expected:  # one framework is imported while the other trains
            self._channel(name)
        out = Path(self._require_folder()) / "out.npz"
        runs = [self._sent_job(number, job) for number, job in enumerate(jobs)]
        request = {"ask": "train", "runs": runs, "trainer": choice.trainer, "width": choice.width, "out": str(out)}
        answer = self._channel(choice.backend).ask(request, on_epoch, limit)
        made = self._taken(out)
        return [
            TrainedRun(
                {**answer, "history": history},
                {name.partition("/")[2]: array for name, array in made.items() if name.startswith(f"{number}/")},
                self.describe(job.prepared.recipe),
            )
            for number, (job, history) in enumerate(zip(jobs, answer["histories"], strict=True))
        ]

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
        channel = self._channel(choose(recipe, self._device().kind).backend)
        speed: dict[str, dict[str, float]] = channel.ask(request)["speed"]
        return speed

    def evaluate(
        self, model: ModelSpec, weights: Sequence[NDArray[Any]], x: ArraySpec, dataset: str
    ) -> NDArray[Any]:
        """What `harness.training.trained.evaluated` gives. Raises Refused, TrainingStopped and TrainerFailed."""
        path = self._saved("self-trained", weights)
        request = {"ask": "evaluate", "model": model.model_dump(mode="json"), "weights": path, "dataset": dataset}
        return self._ask_arrays({**request, "x": x.model_dump(mode="json")}, model)["predictions"]

    # --- talking

    def _device(self) -> devices.DeviceFacts:
        if self._found is None:
            self._found = devices.find(self._asked)
        return self._found

    def _channel(self, name: Backend) -> Channel:
        """The process of a framework, started. Raises DeviceUnavailable where it does not see the GPU."""
        kind = self._device().kind
        if name not in self._channels:
            self._channels[name] = Channel(name, _environment(name, kind))
        channel = self._channels[name]
        if channel.process is None:
            channel.start()
            if name == "jax" and kind == "gpu" and channel.ask({"ask": "describe"})["device"] != "gpu":
                raise DeviceUnavailable(
                    "There is a GPU, and JAX cannot use it: the driver and JAX's CUDA do not fit each other. With "
                    "--device cpu the processor is used."
                )
        return channel

    def _any_channel(self) -> Channel:
        """One that runs already, or JAX's: the quicker to import."""
        running = [name for name, channel in self._channels.items() if channel.process is not None]
        return self._channel("jax" if "jax" in running or not running else running[0])

    def _sent_job(self, number: int, job: Job) -> dict[str, Any]:
        arrays = Path(self._require_folder()) / f"arrays-{number}.npz"
        with arrays.open("wb") as file:
            named: dict[str, Any] = dict(job.prepared.arrays)
            np.savez(file, **named)
        return {
            "recipe": job.prepared.recipe.model_dump(mode="json"),
            "arrays": str(arrays),
            "parents": [self._sent(f"parent-{number}-{n}", parent) for n, parent in enumerate(job.parents)],
        }

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

    def _ask_arrays(
        self, request: dict[str, Any], *models: ModelSpec, **networks: Weighted
    ) -> dict[str, NDArray[Any]]:
        """Arrays that networks compute, in the process that is best at them."""
        out = Path(self._require_folder()) / "out.npz"
        for name, network in networks.items():
            request[name] = self._sent(name, network)
        used = [*models, *(network.recipe.model for network in networks.values())]
        self._channel(backend(used, self._device().kind)).ask({**request, "out": str(out)})
        return self._taken(out)

    def _taken(self, out: Path) -> dict[str, NDArray[Any]]:
        with np.load(out, allow_pickle=False) as archive:
            made = {name: archive[name] for name in archive.files}
        out.unlink()
        return made

    def _require_folder(self) -> str:
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="harness-trainer-")
        return self._folder.name


def _environment(name: Backend, kind: Kind) -> dict[str, str]:
    """What a framework's process is started with. TensorFlow has no GPU: what needs one, JAX trains."""
    if name == "tensorflow":
        return {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
    if kind == "cpu":
        return {"JAX_PLATFORMS": "cpu"}
    flags = f"{os.environ.get('XLA_FLAGS', '')} --xla_gpu_deterministic_ops=true".strip()
    return {"XLA_FLAGS": flags, "XLA_PYTHON_CLIENT_PREALLOCATE": "false"}
