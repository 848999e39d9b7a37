"""How fast recipes are trained here, beside plain Keras `fit` on TensorFlow: `tox run -e bench`.

The two take turns, so that a change of the machine's load meets both; a round that only warms up comes first and is
not kept. What is timed is a request to the trainer's process: making the arrays, training with validation after
each epoch, and fetching weights and predictions. `docs/performance.py` makes the table of the JSON.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from evidence import data, dense, fit, flatten, image_input, images, layer

from harness import datasets
from harness.recording import Component, FitRecord, Noise
from harness.training import choose as choosing
from harness.training import process
from harness.training.choose import Choice
from harness.training.cost import of_recipe
from harness.training.from_recording import from_fit
from harness.training.process import TrainerProcess
from harness.training.recipe import Scale
from harness.training.sent import Job

pytestmark = [pytest.mark.nightly, pytest.mark.mnist]

FACTORS = (1e-6, 2.5e-4, 5e-4, 7.5e-4, 1e-3)
PLAIN, OURS = "plain fit", "harness"


def sweep_fit(factor: float) -> FitRecord:
    l2 = {"class_name": "L2", "config": {"l2": factor}}
    hidden = (dense(500, "relu", kernel_regularizer=l2), dense(300, "relu", kernel_regularizer=l2))
    return fit(image_input(), flatten(), *hidden, dense(10, "softmax"))


NOISY = images(shape=(60_000, 784), noise=Noise(kind="salt_and_pepper", level=0.4))
AUTOENCODER = fit(
    image_input(784), dense(128, "relu"), dense(96, "relu"), dense(128, "relu"), dense(784, "sigmoid"),
    data=data(x=NOISY, y=images(shape=(60_000, 784))), loss=Component(class_name="binary_crossentropy"),
    optimizer=Component(class_name="adam"),
)  # fmt: skip
CONVOLUTIONS = fit(
    image_input(), layer("Conv2D", {"filters": 32, "kernel_size": [3, 3], "activation": "relu"}),
    layer("Conv2D", {"filters": 64, "kernel_size": [3, 3], "activation": "relu"}), layer("MaxPooling2D", {}),
    flatten(), dense(128, "relu"), dense(10, "softmax"), optimizer=Component(class_name="adam"),
)  # fmt: skip


@dataclass(frozen=True)
class Work:
    """Fits that are trained one after the other or together, each with these seeds; and how often that is timed."""

    fits: tuple[FitRecord, ...]
    scale: Scale
    seeds: tuple[int, ...] = (0,)
    rounds: int = 3


WORKS = {
    "64-64-10, batch 128, 10 epochs": Work((fit(),), Scale(epochs=10, batch_size=128), rounds=5),
    "three replicates of it": Work((fit(),), Scale(epochs=10, batch_size=128), (0, 1, 2)),
    "autoencoder, batch 64, 2 epochs": Work((AUTOENCODER,), Scale(epochs=2, batch_size=64)),
    "sweep of 15, 500-300 with L2, 2 epochs": Work(
        tuple(sweep_fit(factor) for factor in FACTORS), Scale(epochs=2, batch_size=128), (0, 1, 2), rounds=2
    ),
    "conv32-conv64-pool-dense, 1 epoch": Work((CONVOLUTIONS,), Scale(epochs=1, batch_size=128), rounds=2),
}


@pytest.fixture(scope="session")
def mnist() -> datasets.Dataset:
    return datasets.load("mnist")


@pytest.fixture(scope="session")
def trainer():
    with TrainerProcess("auto") as running:
        yield running


def jobs(work: Work, mnist: datasets.Dataset) -> list[Job]:
    made = [from_fit(record, {}, mnist, work.scale) for record in work.fits]
    return [Job(prepared.with_seed(seed)) for prepared in made for seed in work.seeds]


def train(trainer: TrainerProcess, who: str, given: list[Job], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Train by the trainers that are chosen, or all by plain fit. Gives the trainers' names."""
    with monkeypatch.context() as patch:
        if who == PLAIN:
            patch.setattr(process, "choose", lambda _recipe, _kind: Choice("keras_fit", "", "cpu"))
            patch.setattr(choosing, "choose", lambda _recipe, _kind: Choice("keras_fit", "", "cpu"))
        return [run.trainer for run in trainer.train_all(given, lambda _epoch, _of: None)]


@pytest.mark.parametrize(
    ("name", "number", "who"),
    [(name, n, who) for name, work in WORKS.items() for n in range(work.rounds + 1) for who in (PLAIN, OURS)],
)
def bench_training(benchmark, trainer, mnist, monkeypatch, name, number, who):
    given = jobs(WORKS[name], mnist)
    if number == 0:  # the framework is imported, programs are compiled
        given = given[:1]
    named = benchmark.pedantic(train, (trainer, who, given, monkeypatch), rounds=1, iterations=1)
    benchmark.extra_info.update(
        work=name, who=who, round=number, trainers=sorted(set(named)), device=trainer.describe()["device_name"],
        operations=sum(operations(trainer, job, mnist) for job in given),
    )  # fmt: skip


def operations(trainer: TrainerProcess, job: Job, mnist: datasets.Dataset) -> float:
    """Floating-point operations of a run: three forward passes' worth a training image, less the first layer's
    gradient by the images, which nobody needs; and one forward pass a validation image."""
    recipe = job.prepared.recipe
    cost = of_recipe(recipe, trainer.inspect(recipe.model, recipe.loss))
    first = trainer.inspect(recipe.model, recipe.loss).layers
    dense_first = next((one for one in first if one.params), None)
    spared = 2 * dense_first.params if dense_first is not None and dense_first.class_name == "Dense" else 0
    return recipe.epochs * (cost.examples * (cost.training - spared) + len(mnist.y_test) * cost.forward)


def bench_matmul_peak(benchmark):
    """The machine's own limit: a product of two large float32 matrices by JAX, 2·n³ operations."""
    import jax
    import jax.numpy as jnp

    size, times = 2048, 5
    matrix = jnp.ones((size, size), jnp.float32)
    product = jax.jit(lambda a: jnp.matmul(a, a, precision="highest"))
    product(matrix).block_until_ready()

    def multiply() -> None:
        for _ in range(times):
            product(matrix).block_until_ready()

    benchmark.pedantic(multiply, rounds=10, iterations=1, warmup_rounds=1)
    benchmark.extra_info.update(work="matmul", operations=times * 2 * size**3)
