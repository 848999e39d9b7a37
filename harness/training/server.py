"""The trainer's process: one import of the framework serves a batch of requests.

Requests come on standard input, answers go to the original standard output (`harness.training.wire`). Started by
`harness.training.wall`, behind a wall where there can be one.
"""

from __future__ import annotations

import json
import os
import queue
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from harness import datasets
from harness.allowlist import Refused
from harness.models import ModelFacts, ModelSpec, build, facts
from harness.training import trained
from harness.training.arrays_spec import ArraySpec
from harness.training.frameworks import OUT_OF_MEMORY, Framework, imported
from harness.training.parents import Parents
from harness.training.pixels import compact_arrays
from harness.training.recipe import Prepared, Recipe, evaluation_arrays, training_arrays, validation_arrays
from harness.training.trainer import Run
from harness.training.wire import receive, send

Arrays = dict[str, NDArray[Any]]
LONGEST_REASON = 2_000  # characters


def main() -> None:
    """Answer requests until standard input ends, even while it trains: then nobody waits for the answer."""
    requests: queue.SimpleQueue[tuple[dict[str, Any], Arrays]] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(os.fdopen(os.dup(0), "rb"), requests), daemon=True).start()
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    framework = imported()
    framework.settle()
    server = Server(answers, framework)
    while True:
        request, arrays = requests.get()
        try:
            server.answer(request, arrays)
        except Refused as reason:
            server.say({"kind": "refused", "reason": str(reason)[:LONGEST_REASON]})
        except MemoryError:
            server.say(OUT_OF_MEMORY)
        except Exception as error:
            answer = framework.stopped(error)
            if answer is None:
                raise  # a fault of ours: the process ends, and its log says where
            server.say(answer)


def _read(stream: BinaryIO, requests: queue.SimpleQueue[tuple[dict[str, Any], Arrays]]) -> None:
    while (received := receive(stream)) is not None:
        requests.put(received)
    os._exit(0)


class Server:
    """Answers requests: "describe", "inspect", "train", "evaluate" and what is done with trained networks."""

    def __init__(self, answers: BinaryIO, framework: Framework) -> None:
        self._answers = answers
        self._framework = framework
        self._datasets: dict[str, datasets.Dataset] = {}

    def say(self, answer: dict[str, Any], arrays: dict[str, Any] | None = None) -> None:
        """Send a message."""
        send(self._answers, answer, arrays)

    def answer(self, request: dict[str, Any], arrays: Arrays) -> None:
        """Do what is asked. Raises Refused where the recipe is at fault."""
        getattr(self, f"_{request['ask']}")(request, arrays)

    def _done(self, told: dict[str, Any] | None = None, arrays: dict[str, Any] | None = None) -> None:
        self.say({"kind": "done", "told": told or {}}, arrays)

    def _describe(self, _request: dict[str, Any], _arrays: Arrays) -> None:
        self._done(self._framework.describe())

    def _inspect(self, request: dict[str, Any], _arrays: Arrays) -> None:
        spec = ModelSpec.model_validate_json(json.dumps(request["model"]))
        with self._refuses("build"):
            seen = inspect(spec, request.get("loss"))
        self._done({"facts": seen.model_dump(mode="json")})

    def _denoise(self, request: dict[str, Any], arrays: Arrays) -> None:
        classifier, denoiser = (self._network(request, arrays, name) for name in ("classifier", "denoiser"))
        dataset = self._dataset(denoiser.recipe)
        made = trained.denoising_curves(
            classifier, denoiser, dataset, request["noise"], request["levels"], request["images"],
            request["shown"], request["seed"],
        )  # fmt: skip
        self._done(arrays=made)

    def _reconstruct(self, request: dict[str, Any], arrays: Arrays) -> None:
        autoencoder = self._network(request, arrays, "autoencoder")
        made = trained.reconstructions(
            autoencoder, self._dataset(autoencoder.recipe), request["noise"], request["levels"],
            request["images"], request["shown"], request["seed"],
        )  # fmt: skip
        self._done(arrays=made)

    def _generate(self, request: dict[str, Any], arrays: Arrays) -> None:
        autoencoder, classifier = (self._network(request, arrays, name) for name in ("autoencoder", "classifier"))
        dataset = self._dataset(autoencoder.recipe)
        made = trained.generated_images(
            autoencoder, request["cut"], classifier, dataset, request["count"], request["seed"]
        )
        self._done(arrays=made)

    def _classify(self, request: dict[str, Any], arrays: Arrays) -> None:
        made = trained.class_probabilities(self._network(request, arrays, "classifier"), arrays["images"])
        self._done(arrays={"probabilities": made})

    def _speed(self, request: dict[str, Any], _arrays: Arrays) -> None:
        recipe = Recipe.model_validate_json(json.dumps(request["recipe"]))
        from harness.measure.speed import measure_speed  # brings pytest along, which training does not need

        with tempfile.TemporaryDirectory(prefix="harness-") as folder:
            for name, source in request["sources"].items():
                (Path(folder) / name).write_text(source, encoding="utf-8")
            self._done(measure_speed(recipe, Path(folder) / request["file"], request["function"]))

    @contextmanager
    def _refuses(self, what: str) -> Iterator[None]:
        """Only around what a hand-in's model asks of Keras, which says with these errors that model, loss and data
        do not fit each other: the model's fault. Raises Refused for them. Anywhere else they are ours, as with a
        network that was trained and is put to use."""
        try:
            yield
        except Refused:  # a ValueError too, with words of its own
            raise
        except Exception as error:
            reason = str(error) if isinstance(error, ValueError | TypeError) else self._framework.refusal(error)
            if reason is None:
                raise
            raise Refused(f"Keras refuses to {what} it: {reason[:500]}") from error

    def _network(self, request: dict[str, Any], arrays: Arrays, name: str) -> trained.Network:
        """The network `name` of a request: its recipe, and its weights among the arrays."""
        recipe = Recipe.model_validate_json(json.dumps(request[name]))
        return trained.Network.of(recipe, _weights(arrays, name))

    def _dataset(self, recipe: Recipe) -> datasets.Dataset:
        if recipe.dataset not in self._datasets:
            self._datasets[recipe.dataset] = datasets.load(recipe.dataset)  # type: ignore[arg-type]
        dataset = self._datasets[recipe.dataset]
        if dataset.sha256 != recipe.dataset_sha256:
            raise RuntimeError(f"the trainer's {recipe.dataset} is not the coordinator's")
        return dataset

    def _train(self, request: dict[str, Any], arrays: Arrays) -> None:
        runs = [self._run(sent, _below(arrays, str(number))) for number, sent in enumerate(request["runs"])]
        epochs = runs[0].recipe.epochs
        started = time.perf_counter()
        with self._refuses("train"):
            made = self._framework.train(
                runs, lambda epoch: self.say({"kind": "epoch", "epoch": epoch, "of": epochs}), request["width"]
            )
        seconds = (time.perf_counter() - started) / len(runs)
        answered: dict[str, Any] = {}
        for number, run in enumerate(made):
            answered[f"{number}/predictions"] = run.predictions
            answered |= {f"{number}/w{place:04}": weight for place, weight in enumerate(run.weights)}
        histories = [
            {name: [_finite(value) for value in values] for name, values in run.history.items()} for run in made
        ]
        self._done({"histories": histories, "seconds": seconds}, answered)

    def _run(self, sent: dict[str, Any], arrays: Arrays) -> Run:
        recipe = Recipe.model_validate_json(json.dumps(sent["recipe"]))
        dataset = self._dataset(recipe)
        prepared = Prepared(recipe, _below(arrays, "arrays"))
        networks = [self._network(sent["parents"], arrays, name) for name in sent["parents"]]
        parents = Parents({network.recipe.without_seed: network for network in networks}, recipe.seed)
        if self._framework.takes_bytes:
            data, evaluation = compact_arrays(prepared, dataset, parents.derive)
        else:
            data = training_arrays(prepared, dataset, parents.derive)
            evaluation = evaluation_arrays(recipe, dataset, parents.derive)
        validation = validation_arrays(prepared, dataset, parents.derive)
        return Run(recipe, data, evaluation, parents.start(recipe), validation)

    def _evaluate(self, request: dict[str, Any], arrays: Arrays) -> None:
        """What a network that the hand-in trained itself predicts for the evaluation images, in the range `x`."""
        spec = ModelSpec.model_validate_json(json.dumps(request["model"]))
        x = ArraySpec.model_validate_json(json.dumps(request["x"]))
        name = request["dataset"]
        if name not in self._datasets:
            self._datasets[name] = datasets.load(name)
        with self._refuses("evaluate"):
            made = trained.evaluated(spec, _weights(arrays, "weights"), x, self._datasets[name])
        self._done(arrays={"predictions": made})


def _below(arrays: Arrays, name: str) -> Arrays:
    """The arrays whose names begin with `name/`, by the rest of their names."""
    return {each.partition("/")[2]: array for each, array in arrays.items() if each.startswith(f"{name}/")}


def _weights(arrays: Arrays, name: str) -> list[NDArray[Any]]:
    return [array for _, array in sorted(_below(arrays, name).items())]


def inspect(spec: ModelSpec, loss: tuple[str, dict[str, Any]] | None) -> ModelFacts:
    """What trusted code sees in a model: parameters, layers, shapes, and whether its loss is cross-entropy."""
    import keras

    keras.backend.clear_session()
    model = build(spec).model
    layers = facts(model, spec)
    outputs = model.output_shape if isinstance(model.output_shape, tuple) else ()
    inputs = model.input_shape if isinstance(model.input_shape, tuple) else ()
    trainable = sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)
    last = next((layer.activation or layer.class_name.lower() for layer in reversed(layers)), "")
    return ModelFacts(
        params=int(model.count_params()),
        trainable_params=trainable,
        layers=layers,
        input_shape=tuple(int(n) for n in inputs[1:] if n is not None),
        output_shape=tuple(int(n) for n in outputs[1:] if n is not None),
        cross_entropy_error=cross_entropy_error(loss, last) if loss else None,
    )


def cross_entropy_error(loss: tuple[str, dict[str, Any]], last_activation: str) -> float | None:
    """Largest relative difference between the loss and −Σ y·log p, over 64 examples of 10 classes.

    Probabilities are drawn between 0.02 and 0.6, where no clipping acts. A network whose last layer is linear
    hands over logits. None where the loss cannot be computed on such examples at all.
    """
    import keras

    rng = np.random.default_rng(0)
    p = rng.uniform(0.1, 1.0, size=(64, 10))
    p /= p.sum(axis=1, keepdims=True)
    labels = rng.integers(0, 10, size=64)
    expected = -np.log(p[np.arange(64), labels])
    handed_over = np.log(p) if last_activation == "linear" else p
    name, arguments = loss
    targets = labels if name.startswith("Sparse") else np.eye(10)[labels]
    function = getattr(keras.losses, name)(**{**arguments, "reduction": "none"})
    try:
        values = np.asarray(function(targets.astype("float32"), handed_over.astype("float32")), dtype=np.float64)
    except (ValueError, TypeError):
        return None
    if values.shape != expected.shape or not np.isfinite(values).all():
        return None
    return float(np.max(np.abs(values - expected) / np.abs(expected)))


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None


if __name__ == "__main__":
    main()
