"""Each trainer follows plain Keras `fit`: from the same weights, over the same batches, to float tolerance.

The runs start from a parent's weights and are not shuffled, so that nothing random is left: an epoch of 1,437
digits in batches of 144 is ten steps, the last of which is smaller.
"""

import numpy as np
import pytest
from evidence import MLP_LAYERS, conv2d, data, dense, digits, fit, flatten, image_input, images, labels, layer

from harness.compiling import OPTIMIZERS
from harness.recording import Component, Noise
from harness.training import process
from harness.training.arrays_spec import LayerStart
from harness.training.choose import Choice
from harness.training.from_recording import from_fit
from harness.training.process import TrainerProcess
from harness.training.recipe import Prepared, Scale
from harness.training.sent import Job, Weighted

pytestmark = pytest.mark.end_to_end
DIGITS = digits()
TEN_STEPS = Scale(epochs=1, batch_size=144)
SHORT = Scale(epochs=3, batch_size=100)
L2 = {"class_name": "L2", "config": {"l2": 0.01}}
L1L2 = {"class_name": "L1L2", "config": {"l1": 1e-3, "l2": 1e-3}}
SMALL = (image_input(), flatten(), dense(12, "relu"), dense(10, "softmax"))
FLAT = images(shape=(60_000, 784))
INTEGERS = {
    "loss": Component(class_name="sparse_categorical_crossentropy"),
    "data": data(y=labels(encoding="labels", shape=(60_000,))),
}
AUTOENCODER = fit(
    image_input(784), dense(24, "relu"), dense(784, "sigmoid"), data=data(x=FLAT, y=FLAT),
    loss=Component(class_name="binary_crossentropy"), optimizer=Component(class_name="adam"),
)  # fmt: skip
WITHOUT_CHANCE = {
    "SGD": fit(),
    "weight decay": fit(image_input(), flatten(), dense(30, "relu", kernel_regularizer=L2), dense(10, "softmax")),
    "both penalties": fit(
        image_input(), flatten(), dense(30, "relu", kernel_regularizer=L1L2, bias_regularizer="L1"),
        dense(10, "softmax", activity_regularizer=L2),
    ),
    "batch normalization": fit(
        image_input(), flatten(), dense(30, "relu"), layer("BatchNormalization"), dense(10, "softmax")
    ),
    "autoencoder": AUTOENCODER,
    "integer labels": fit(*SMALL, **INTEGERS),
    "class weights": fit(*SMALL, class_weight={"3": 5.0, "7": 0.1}),
    "logits": fit(
        *SMALL[:-1], dense(10),
        loss=Component(class_name="CategoricalCrossentropy", config={"from_logits": True}),
    ),
    "images in 0 … 255": fit(*SMALL, data=data(x=images(scale=1.0, high=255.0))),
    "constraint": fit(
        image_input(), flatten(), dense(20, "relu", kernel_constraint={"class_name": "NonNeg", "config": {}}),
        dense(10, "softmax"),
    ),
    "recurrent": fit(
        image_input(28, 28), layer("LSTM", {"units": 8}), dense(10, "softmax"),
        data=data(x=images(shape=(60_000, 28, 28))),
    ),
    "falling rate": fit(
        *SMALL,
        optimizer=Component(
            class_name="SGD",
            config={
                "learning_rate": {
                    "class_name": "ExponentialDecay",
                    "config": {"initial_learning_rate": 0.5, "decay_steps": 3, "decay_rate": 0.5},
                }
            },
        ),
    ),
    "clipped and accumulated": fit(
        *SMALL, optimizer=Component(class_name="Adam", config={"clipnorm": 0.1, "gradient_accumulation_steps": 3})
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def trainer():
    with TrainerProcess("cpu") as running:
        yield running


def trained_by(name, trainer, monkeypatch, *jobs, width=1):
    """The runs of these jobs in one group, by a trainer that is named instead of chosen."""
    with monkeypatch.context() as patch:
        patch.setattr(process, "choose", lambda _recipe, _kind: Choice(name, "", "cpu", width))
        patch.setattr(process, "groups", lambda recipes, _kind: [list(range(len(recipes)))])
        runs = trainer.train_all(jobs, lambda _epoch, _of: None)
    assert {run.trainer for run in runs} == {name}
    return runs


def job(record, scale=SHORT, seed=0):
    return Job(from_fit(record, {}, DIGITS, scale).with_seed(seed))


def from_its_weights(record, run):
    """Ten steps in the given order, from all the weights that a run of the same fit ended with."""
    parent = job(record).prepared
    changes = {"epochs": TEN_STEPS.epochs, "batch_size": TEN_STEPS.batch_size, "shuffle": False}
    layers = [n for n, one in enumerate(parent.recipe.model.layers) if one.class_name != "InputLayer"]
    starts = tuple(LayerStart(layer=n, parent=parent.recipe.without_seed, of=n) for n in layers)
    child = parent.recipe.model_copy(update={**changes, "parent": starts})
    return Job(Prepared(child, parent.arrays), [Weighted(parent.recipe, run.weights)])


def assert_follows(plain, compiled, rtol=2e-4, atol=2e-5):
    assert sorted(plain.history) == sorted(compiled.history)
    for name, values in plain.history.items():
        np.testing.assert_allclose(compiled.history[name], values, rtol=rtol, err_msg=name)
    np.testing.assert_allclose(compiled.predictions, plain.predictions, rtol=rtol, atol=atol)
    assert len(plain.weights) == len(compiled.weights)
    for number, (ours, theirs) in enumerate(zip(compiled.weights, plain.weights, strict=True)):
        np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=atol, err_msg=f"weight {number}")


@pytest.mark.parametrize("record", WITHOUT_CHANCE.values(), ids=WITHOUT_CHANCE)
def test_the_compiled_trainer_follows_plain_fit(trainer, monkeypatch, record):
    (before,) = trained_by("jax_scan", trainer, monkeypatch, job(record))
    child = from_its_weights(record, before)
    (plain,) = trained_by("keras_fit", trainer, monkeypatch, child)
    (compiled,) = trained_by("jax_scan", trainer, monkeypatch, child)
    assert any(np.abs(new - old).max() > 1e-4 for new, old in zip(plain.weights, before.weights, strict=True))
    assert_follows(plain, compiled)


@pytest.mark.parametrize("name", sorted(OPTIMIZERS))
def test_every_optimizer_follows_plain_fit(trainer, monkeypatch, name):
    # A small rate: where a gradient is no more than rounding, Adam and its kin step by the rate all the same.
    record = fit(*SMALL, optimizer=Component(class_name=name, config={"learning_rate": 0.002}))
    (before,) = trained_by("jax_scan", trainer, monkeypatch, job(record))
    child = from_its_weights(record, before)
    (plain,) = trained_by("keras_fit", trainer, monkeypatch, child)
    (compiled,) = trained_by("jax_scan", trainer, monkeypatch, child)
    assert any(np.abs(new - old).max() > 1e-6 for new, old in zip(compiled.weights, before.weights, strict=True))
    assert_follows(plain, compiled, atol=2e-4)


# --- what is random


RANDOM = fit(
    *MLP_LAYERS[:2], layer("Dropout", {"rate": 0.3}), layer("GaussianNoise", {"stddev": 0.1}),
    dense(16, "relu", kernel_regularizer=L2), layer("BatchNormalization"), dense(10, "softmax"),
)  # fmt: skip


def test_the_same_recipe_gives_the_same_bytes(trainer, monkeypatch):
    first, again = (trained_by("jax_scan", trainer, monkeypatch, job(RANDOM))[0] for _ in range(2))
    with TrainerProcess("cpu") as other:
        elsewhere = other.train(job(RANDOM).prepared, lambda _epoch, _of: None)
    for run in (again, elsewhere):
        assert run.history == first.history
        assert all(np.array_equal(ours, theirs) for ours, theirs in zip(run.weights, first.weights, strict=True))


def test_dropout_acts_in_training_alone_and_anew_for_each_seed(trainer, monkeypatch):
    wide = fit(image_input(), flatten(), layer("Dropout", {"rate": 0.9}), dense(10, "softmax"))
    runs = [trained_by("jax_scan", trainer, monkeypatch, job(wide, seed=seed))[0] for seed in (0, 1)]
    for run in runs:
        assert run.history["val_accuracy"][-1] > run.history["accuracy"][-1] + 0.1
        told = (run.predictions.argmax(axis=1) == DIGITS.y_test).mean()
        assert told == pytest.approx(run.history["val_accuracy"][-1], abs=1e-6)
    assert runs[0].history != runs[1].history


# --- in groups


def factor(value):
    return {"class_name": "L2", "config": {"l2": value}}


def in_a_group(value, rate):
    """Runs of one kind: other factors, rates and seeds."""
    hidden = dense(16, "relu", kernel_regularizer=factor(value))
    return fit(
        image_input(), flatten(), layer("Dropout", {"rate": 0.2}), hidden, dense(10, "softmax"),
        optimizer=Component(class_name="Adam", config={"learning_rate": rate}),
    )  # fmt: skip


def test_a_group_gives_what_its_runs_give_alone(trainer, monkeypatch):
    members = ((1e-4, 0.001, 0), (1e-2, 0.001, 1), (1e-4, 0.01, 2))
    jobs = [job(in_a_group(value, rate), seed=seed) for value, rate, seed in members]
    together = trained_by("jax_scan", trainer, monkeypatch, *jobs, width=4)
    for one, grouped in zip(jobs, together, strict=True):
        (alone,) = trained_by("jax_scan", trainer, monkeypatch, one)
        assert_follows(alone, grouped, rtol=1e-3, atol=2e-4)


def test_a_run_does_not_depend_on_who_else_is_in_its_group(trainer, monkeypatch):
    first, second, third = (job(in_a_group(1e-3, rate), seed=seed) for seed, rate in enumerate((0.01, 0.02, 0.1)))
    for others in ((), (second,), (second, third)):
        run = trained_by("jax_scan", trainer, monkeypatch, first, *others, width=4)[0]
        alone = trained_by("jax_scan", trainer, monkeypatch, first, width=4)[0]
        assert all(np.array_equal(ours, theirs) for ours, theirs in zip(run.weights, alone.weights, strict=True))


def test_noise_is_each_run_s_own_in_a_group(trainer, monkeypatch):
    noisy = images(shape=(60_000, 784), noise=Noise(kind="salt_and_pepper", level=0.4))
    record = AUTOENCODER.model_copy(update={"data": data(x=noisy, y=FLAT)})
    jobs = [job(record, seed=seed) for seed in (0, 1)]
    together = trained_by("jax_scan", trainer, monkeypatch, *jobs, width=2)
    for one, grouped in zip(jobs, together, strict=True):
        (alone,) = trained_by("jax_scan", trainer, monkeypatch, one)
        assert_follows(alone, grouped, rtol=1e-3, atol=2e-4)


# --- the choice


def test_a_convolution_is_trained_by_keras_fit_on_a_processor_and_says_why(trainer):
    prepared = job(fit(image_input(), conv2d(2, 5), flatten(), dense(10, "softmax")), TEN_STEPS).prepared
    run = trainer.train(prepared, lambda _epoch, _of: None)
    assert (run.trainer, run.device["backend"]) == ("keras_fit", "tensorflow")
    assert run.why == "TensorFlow's convolutions on a processor are several times as fast as compiled ones."
