"""The coordinator's side of training: which process does what, and what is sent to it and comes back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from harness import datasets
from harness.allowlist import Refused
from harness.models import ModelFacts, ModelSpec
from harness.noise import Kind as NoiseKind
from harness.sandbox.process import clean_log
from harness.training import device as devices
from harness.training.answers import (
    ARRAY_BYTES,
    Awaited,
    Histories,
    Inspected,
    Nonsense,
    Nothing,
    Seen,
    SpeedRatios,
    checked,
    checked_predictions,
    checked_run,
)
from harness.training.arrays_spec import ArraySpec
from harness.training.channel import Channel, TimeLimit, TrainerFailed, TrainingStopped
from harness.training.choose import Backend, Kind, backend, choose, groups
from harness.training.device import Device, DeviceUnavailable
from harness.training.recipe import Prepared, Recipe
from harness.training.sent import Job, Weighted, arrays_of, below, job_of, named, with_imports
from harness.training.wall import Launcher

__all__ = [
    "Device", "DeviceUnavailable", "TimeLimit", "TrainedRun", "TrainerFailed", "TrainerProcess", "TrainingStopped",
]  # fmt: skip


PIXELS = 784


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
        self._launcher = Launcher()
        self._channels: dict[Backend, Channel] = {}
        self._inspected: dict[str, ModelFacts] = {}
        self._facts: dict[str, ModelFacts] = {}
        self._expected: set[Backend] = set()
        """What the inspected models will be trained with."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the processes."""
        for channel in self._channels.values():
            channel.close()
        self._channels = {}

    @property
    def without_wall(self) -> str | None:
        """Why the processes are not behind their wall: "" where they are, None while none was started."""
        return self._launcher.without

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
        return {name: self._channel(name).ask({"ask": "describe"}, Seen)[0].model_dump() for name in names}

    def inspect(self, spec: ModelSpec, loss: tuple[str, dict[str, Any]] | None) -> ModelFacts:
        """Rebuild a model and say what it is. A model that cannot be rebuilt comes back with `refused` set.

        Equal models are rebuilt once: a sweep has fifteen of them.
        """
        request = {"ask": "inspect", "model": spec.model_dump(mode="json"), "loss": loss}
        key = json.dumps(request, sort_keys=True)
        self._expected.add(backend([spec], self._device().kind))
        if key not in self._inspected:
            try:
                facts = self._any_channel().ask(request, Inspected)[0].facts
                self._inspected[key] = self._facts[spec.model_dump_json()] = facts
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
        request = {"ask": "train", "runs": [job_of(job) for job in jobs], "width": choice.width}
        arrays: dict[str, NDArray[Any]] = {}
        for number, job in enumerate(jobs):
            arrays |= below(str(number), arrays_of(job))
        told, made = self._channel(choice.backend).ask(
            request, Histories, arrays, len(jobs) * ARRAY_BYTES, on_epoch, limit
        )
        with _as_failure():
            return self._runs(jobs, choice.trainer, told, made)

    def _runs(
        self, jobs: Sequence[Job], trainer: str, told: Histories, made: Mapping[str, NDArray[Any]]
    ) -> list[TrainedRun]:
        """Raises Nonsense where these are not the runs of these jobs."""
        if len(told.histories) != len(jobs):
            raise Nonsense(f"{len(told.histories)} histories of {len(jobs)} runs")
        runs = []
        left = dict(made)
        for number, (job, history) in enumerate(zip(jobs, told.histories, strict=True)):
            recipe = job.prepared.recipe
            if not all(0 < len(values) <= recipe.epochs for values in history.values()):
                raise Nonsense(f"a history that is not of 1 to {recipe.epochs} epochs")
            mine = {name.partition("/")[2]: left.pop(name) for name in made if name.startswith(f"{number}/")}
            checked_run(mine, _rows(recipe.dataset), self._known(recipe.model))
            plain = {name: list(values) for name, values in history.items()}
            answer = {"history": plain, "seconds": told.seconds, "trainer": trainer}
            runs.append(TrainedRun(answer, mine, self.describe(recipe)))
        if left:
            raise Nonsense(f"arrays that nobody asked for: {sorted(left)[:20]}")
        return runs

    def denoise(
        self, classifier: Weighted, denoiser: Weighted, noise: NoiseKind, levels: Sequence[float], images: int,
        shown: int,
    ) -> dict[str, NDArray[Any]]:  # fmt: skip
        """What `harness.training.trained.denoising_curves` gives. Raises Refused and TrainerFailed."""
        request: dict[str, Any] = {"ask": "denoise", "noise": noise, "levels": list(levels)}
        request |= {"images": images, "shown": shown, "seed": 0}
        n, shown = len(levels), min(images, shown)
        awaited = {
            "rows": Awaited("int64", (images,)),
            "seasoned": Awaited("int32", (n, images)),
            "denoised": Awaited("int32", (n, images)),
            "error_noisy": Awaited("float32", (n,), finite=True),
            "error_denoised": Awaited("float32", (n,), finite=True),
            "shown_clean": Awaited("float32", (shown, PIXELS), finite=True),
            "shown_seasoned": Awaited("float32", (n, shown, PIXELS), finite=True),
            "shown_denoised": Awaited("float32", (n, shown, PIXELS), finite=True),
        }
        made = self._ask_arrays(request, awaited, classifier=classifier, denoiser=denoiser)
        with _as_failure():
            if not ((made["rows"] >= 0) & (made["rows"] < _rows(denoiser.recipe.dataset))).all():
                raise Nonsense("rows beyond the evaluation set")
        return made

    def reconstruct(
        self, autoencoder: Weighted, noise: NoiseKind, levels: Sequence[float], images: int, shown: int
    ) -> dict[str, NDArray[Any]]:
        """What `harness.training.trained.reconstructions` gives. Raises Refused and TrainerFailed."""
        request: dict[str, Any] = {"ask": "reconstruct", "noise": noise, "levels": list(levels)}
        request |= {"images": images, "shown": shown, "seed": 0}
        n, shown = len(levels), min(images, shown)
        awaited = {
            "error_clean": Awaited("float32", (images,), finite=True),
            "error_noisy": Awaited("float32", (n, images), finite=True),
            "error_denoised": Awaited("float32", (n, images), finite=True),
            "shown_clean": Awaited("float32", (shown, PIXELS), finite=True),
            "shown_noisy": Awaited("float32", (n, shown, PIXELS), finite=True),
            "shown_denoised": Awaited("float32", (n, shown, PIXELS), finite=True),
        }
        return self._ask_arrays(request, awaited, autoencoder=autoencoder)

    def generate(
        self, autoencoder: Weighted, cut: int, classifier: Weighted, count: int
    ) -> dict[str, NDArray[Any]]:
        """What `harness.training.trained.generated_images` gives. Raises Refused and TrainerFailed."""
        request = {"ask": "generate", "cut": cut, "count": count, "seed": 0}
        awaited = {
            "raw": Awaited("float32", (count, PIXELS)),
            "images": Awaited("float32", (count, PIXELS), finite=True),
            "probabilities": Awaited("float32", (count, None)),
        }
        return self._ask_arrays(request, awaited, autoencoder=autoencoder, classifier=classifier)

    def classify(self, classifier: Weighted, images: NDArray[Any]) -> NDArray[Any]:
        """The classifier's probabilities for images (n, 784) in [0, 1]. Raises Refused and TrainerFailed."""
        awaited = {"probabilities": Awaited("float32", (len(images), None))}
        given = {"images": images.astype(np.float32)}
        return self._ask_arrays({"ask": "classify"}, awaited, given, classifier=classifier)["probabilities"]

    def speed(self, recipe: Recipe, file: Path, function: str) -> dict[str, dict[str, float]]:
        """What `harness.measure.speed.measure_speed` gives, for a file and the modules beside it.

        Raises Refused and TrainerFailed.
        """
        request = {
            "ask": "speed",
            "recipe": recipe.model_dump(mode="json"),
            "sources": with_imports(file),
            "file": file.name,
            "function": function,
        }
        channel = self._channel(choose(recipe, self._device().kind).backend)
        told, _ = channel.ask(request, SpeedRatios)
        speed: dict[str, dict[str, float]] = told.model_dump()
        return speed

    def evaluate(
        self, model: ModelSpec, weights: Sequence[NDArray[Any]], x: ArraySpec, dataset: str
    ) -> NDArray[Any]:
        """What `harness.training.trained.evaluated` gives. Raises Refused, TrainingStopped and TrainerFailed."""
        request = {"ask": "evaluate", "model": model.model_dump(mode="json"), "dataset": dataset}
        request["x"] = x.model_dump(mode="json")
        channel = self._channel(backend([model], self._device().kind))
        _, made = channel.ask(request, Nothing, below("weights", named(weights)), ARRAY_BYTES)
        with _as_failure():
            checked_predictions(made, _rows(dataset), self._known(model))
        return made["predictions"]

    # --- talking

    def _known(self, model: ModelSpec) -> ModelFacts | None:
        """What is known of a model that was inspected."""
        return self._facts.get(model.model_dump_json())

    def _device(self) -> devices.DeviceFacts:
        if self._found is None:
            self._found = devices.find(self._asked)
        return self._found

    def _channel(self, name: Backend) -> Channel:
        """The process of a framework, started. Raises DeviceUnavailable where it does not see the GPU."""
        kind = self._device().kind
        if name not in self._channels:
            its_kind: Kind = "cpu" if name == "tensorflow" else kind
            self._channels[name] = Channel(name, its_kind, self._launcher)
        channel = self._channels[name]
        if channel.process is None:
            channel.start()
            if name == "jax" and kind == "gpu" and not self._sees_gpu(channel):
                raise DeviceUnavailable(
                    "There is a GPU, and JAX cannot use it: the driver and JAX's CUDA do not fit each other. With "
                    "--device cpu the processor is used."
                )
        return channel

    def _sees_gpu(self, channel: Channel) -> bool:
        """Whether its framework sees a GPU: where it does not behind the wall, it is started without."""
        if channel.ask({"ask": "describe"}, Seen)[0].device == "gpu":
            return True
        if self._launcher.without:
            return False
        channel.close()
        self._launcher.without = "the GPU cannot be used behind it"
        return channel.ask({"ask": "describe"}, Seen)[0].device == "gpu"

    def _any_channel(self) -> Channel:
        """One that runs already, or JAX's: the quicker to import."""
        running = [name for name, channel in self._channels.items() if channel.process is not None]
        return self._channel("jax" if "jax" in running or not running else running[0])

    def _ask_arrays(
        self,
        request: dict[str, Any],
        awaited: Mapping[str, Awaited],
        given: Mapping[str, NDArray[Any]] | None = None,
        **networks: Weighted,
    ) -> dict[str, NDArray[Any]]:
        """Arrays that networks compute, in the process that is best at them."""
        arrays = dict(given or {})
        for name, network in networks.items():
            request[name] = network.recipe.model_dump(mode="json")
            arrays |= below(name, named(network.weights))
        channel = self._channel(backend([one.recipe.model for one in networks.values()], self._device().kind))
        _, made = channel.ask(request, Nothing, arrays, ARRAY_BYTES)
        with _as_failure():
            checked(made, awaited)
        return made


@contextmanager
def _as_failure() -> Iterator[None]:
    """Raises TrainerFailed for Nonsense."""
    try:
        yield
    except Nonsense as error:
        raise TrainerFailed(f"the trainer answered nonsense: {clean_log(str(error))}") from None


def _rows(dataset: str) -> int:
    """How many evaluation images a data set has."""
    return datasets.DIGITS_TEST_ROWS if dataset == "digits" else datasets.OFFICIAL_ROWS["test"]
