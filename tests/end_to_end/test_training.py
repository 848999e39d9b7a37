"""The trainer's process on digits: what it sees in a model, that runs repeat, and that a death is survived."""

import importlib
import io
from types import SimpleNamespace

import numpy as np
import pytest
from evidence import (
    MLP_LAYERS,
    chain,
    conv2d,
    data,
    dense,
    digits,
    fit,
    flatten,
    image_input,
    images,
    labels,
    layer,
)

from harness.allowlist import Refused
from harness.compiling import LOSSES
from harness.compiling import loss as canonical_loss
from harness.models import LayerSpec, ModelSpec, canonical
from harness.recording import Component, Graph
from harness.training.from_recording import from_fit
from harness.training.process import TimeLimit, TrainerFailed, TrainerProcess
from harness.training.recipe import Prepared, Scale

pytestmark = pytest.mark.end_to_end
DIGITS = digits()
SHORT = Scale(epochs=2, batch_size=64)
CROSS_ENTROPY = ("CategoricalCrossentropy", {})


@pytest.fixture(scope="module")
def trainer():
    with TrainerProcess("cpu") as process:
        yield process


def spec(*layers) -> ModelSpec:
    return canonical(Graph(**chain(*(layers or MLP_LAYERS))))


def process_of(trainer):
    """The process in which JAX is."""
    return trainer._channels["jax"].process


def train(trainer, record=None, seed=0, scale=SHORT, frames=None):
    prepared = from_fit(record or fit(), frames or {}, DIGITS, scale)
    epochs = []
    run = trainer.train(
        Prepared(prepared.recipe.with_seed(seed), prepared.arrays), lambda epoch, of: epochs.append((epoch, of))
    )
    return run, epochs


# --- inspecting


def test_the_network_of_task_2(trainer):
    facts = trainer.inspect(spec(), CROSS_ENTROPY)
    assert (facts.refused, facts.params, facts.trainable_params) == (None, 55_050, 55_050)
    assert (facts.input_shape, facts.output_shape) == ((28, 28, 1), (10,))
    assert [(one.class_name, one.units, one.activation, one.params) for one in facts.layers] == [
        ("Flatten", None, None, 0), ("Dense", 64, "relu", 50_240), ("Dense", 64, "relu", 4_160),
        ("Dense", 10, "softmax", 650),
    ]  # fmt: skip
    assert [one.output_shape for one in facts.layers] == [(None, 784), (None, 64), (None, 64), (None, 10)]


def test_layers_are_described(trainer):
    l2 = {"class_name": "L2", "config": {"l2": 1e-4}}
    frozen = dense(8, kernel_regularizer=l2, bias_regularizer="L1").model_copy(update={"trainable": False})
    facts = trainer.inspect(
        spec(image_input(), conv2d(4, 5, strides=[2, 2], padding="same"),
             layer("MaxPooling2D", {"pool_size": [3, 3], "strides": [3, 3]}), layer("Dropout", {"rate": 0.4}),
             layer("BatchNormalization"), flatten(), frozen), None)  # fmt: skip
    assert [one.name for one in facts.layers] == [
        "5×5, strides 2×2, same padding",
        "3×3",
        "rate 0.4",
        "",
        "",
        "frozen",
    ]
    assert facts.layers[-1].regularizers == ("bias L1 0.01", "kernel L2 0.0001")
    assert (facts.params, facts.trainable_params) == (104 + 16 + 64 * 8 + 8, 104 + 8)
    assert facts.cross_entropy_error is None


def test_reference_implementations_have_their_parameters(trainer):
    hidden = [dense(500, "relu"), dense(300, "relu"), dense(10, "softmax")]
    assert trainer.inspect(spec(image_input(), flatten(), *hidden), None).params == 545_810
    coder = [dense(128, "relu"), dense(96, "relu"), dense(128, "relu"), dense(784, "sigmoid")]
    assert trainer.inspect(spec(image_input(784), *coder), None).params == 226_416


SOFTMAX, LOGITS = MLP_LAYERS, (*MLP_LAYERS[:-1], dense(10))
STANDALONE = (*LOGITS, layer("Softmax"))
EXACT = 1e-5


@pytest.mark.parametrize(
    ("layers", "loss", "exact"),
    [
        (SOFTMAX, "categorical_crossentropy", True),
        (SOFTMAX, "sparse_categorical_crossentropy", True),
        (STANDALONE, "categorical_crossentropy", True),
        (LOGITS, {"class_name": "CategoricalCrossentropy", "config": {"from_logits": True}}, True),
        (LOGITS, {"class_name": "SparseCategoricalCrossentropy", "config": {"from_logits": True}}, True),
        (SOFTMAX, "kl_divergence", True),  # equal to it on one-hot labels
        (SOFTMAX, {"class_name": "CategoricalCrossentropy", "config": {"from_logits": True}}, False),
        (SOFTMAX, {"class_name": "SparseCategoricalCrossentropy", "config": {"from_logits": True}}, False),
        (LOGITS, "categorical_crossentropy", False),
        (LOGITS, "sparse_categorical_crossentropy", False),
        (SOFTMAX, {"class_name": "CategoricalCrossentropy", "config": {"label_smoothing": 0.1}}, False),
        (SOFTMAX, "binary_crossentropy", False),
        (SOFTMAX, "mse", False),
        (SOFTMAX, "mae", False),
        (SOFTMAX, "hinge", False),
        (SOFTMAX, "poisson", False),
    ],
    ids=str,
)
def test_whether_a_loss_is_cross_entropy_is_computed(trainer, layers, loss, exact):
    error = trainer.inspect(spec(*layers), tuple(canonical_loss(loss))).cross_entropy_error
    assert (error is not None and error < EXACT) == exact, error
    assert error is None or error < EXACT or error > 1e-3  # nothing near the tolerance


@pytest.mark.parametrize("name", sorted(LOSSES))
def test_every_allowed_loss_can_be_probed(trainer, name):
    assert trainer.inspect(spec(), (name, {})).refused is None


def test_equal_models_are_inspected_once(trainer, monkeypatch):
    first = trainer.inspect(spec(), CROSS_ENTROPY)
    monkeypatch.setattr(trainer, "_any_channel", lambda: 1 / 0)
    assert trainer.inspect(spec(), CROSS_ENTROPY) == first


# --- models that cannot be built

WIDE = {"kernel_size": [1000, 1000], "padding": "same"}


@pytest.mark.parametrize(
    ("layers", "said"),
    [
        ((image_input(), dense(10), conv2d(4, 50)), "layer `Conv2D` does not fit its input"),
        ((image_input(784), conv2d(4)), "layer `Conv2D` does not fit its input"),
        ((image_input(), flatten(), layer("Reshape", {"target_shape": [5, 5]})), "`Reshape` does not fit"),
        ((image_input(), flatten(), layer("Dense", {})), "layer `Dense` cannot be made"),
        ((image_input(), flatten(), dense(60_000), dense(60_000)), "the model has more than 60,000,000 parameters"),
        ((image_input(), layer("DepthwiseConv2D", {**WIDE, "depth_multiplier": 64})),
         "the model has more than 60,000,000 parameters"),
        ((image_input(), layer("UpSampling2D", {"size": [1000, 1000]})), "784,000,000 outputs an image"),
        ((image_input(28, 28), layer("LSTM", {"units": 20_000})), "the model has more than 60,000,000 parameters"),
    ],
)  # fmt: skip
def test_a_model_that_cannot_be_built_is_refused(trainer, layers, said):
    assert said in trainer.inspect(spec(*layers), None).refused


def test_a_model_without_input_is_refused(trainer):
    assert trainer.inspect(spec(dense(10), dense(10)), None).refused == "a layer of the model has no input"


def test_a_refusal_in_training_says_why(trainer):
    record = fit(image_input(), flatten(), layer("Dense", {}))
    with pytest.raises(Refused, match="layer `Dense` cannot be made"):
        train(trainer, record)


@pytest.mark.parametrize(
    "record",
    [
        fit(*MLP_LAYERS[:-1], dense(7, "softmax")),
        fit(*MLP_LAYERS[:-1], dense(7, "softmax"), loss=Component(class_name="sparse_categorical_crossentropy"),
            data=data(y=labels(encoding="labels", shape=(60_000,)))),
        fit(*MLP_LAYERS, loss=Component(class_name="sparse_categorical_crossentropy")),
        fit(image_input(784), dense(10, "softmax")),
    ],
    ids=["seven outputs", "seven outputs for ten labels", "one-hot for sparse", "another shape"],
)  # fmt: skip
def test_what_keras_refuses_is_the_hand_ins_fault(trainer, record):
    with pytest.raises(Refused, match=r"Keras refuses to train it|there are labels up to 9, and the network has 7"):
        train(trainer, record)
    assert trainer.inspect(spec(), None).params == 55_050  # and the process goes on


# --- training


@pytest.fixture(scope="module")
def first(trainer):
    return train(trainer)


def test_a_run_has_history_predictions_and_weights(first):
    run, epochs = first
    assert epochs == [(1, 2), (2, 2)]
    assert sorted(run.history) == ["accuracy", "loss", "val_accuracy", "val_loss"]
    assert all(len(values) == 2 for values in run.history.values())
    assert (run.predictions.shape, run.predictions.dtype) == ((360, 10), np.float32)
    assert run.predictions.sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert [weight.shape for weight in run.weights] == [(784, 64), (64,), (64, 64), (64,), (64, 10), (10,)]
    assert (run.trainer, run.device["device"]) == ("jax_scan", "cpu")
    assert run.why == "A compiled program of all steps is the fastest on a processor."
    assert run.seconds > 0


def test_what_it_reports_is_what_it_predicts(first):
    run, _ = first
    told = (run.predictions.argmax(axis=1) == DIGITS.y_test).mean()
    assert told == pytest.approx(run.history["val_accuracy"][-1], abs=1e-6)
    assert told > 0.4  # ten classes, two epochs


def test_the_same_seed_gives_the_same_run(trainer, first):
    again, _ = train(trainer)
    assert np.array_equal(again.predictions, first[0].predictions)
    assert again.history == first[0].history


def test_another_process_gives_the_same_run(first):
    with TrainerProcess("cpu") as other:
        again, _ = train(other)
    assert np.array_equal(again.predictions, first[0].predictions)


def test_another_seed_gives_another_run(trainer, first):
    other, _ = train(trainer, seed=1)
    assert not np.array_equal(other.predictions, first[0].predictions)
    assert not np.array_equal(other.weights[0], first[0].weights[0])


def test_dropout_and_noise_repeat_too(trainer):
    random = (layer("Dropout", {"rate": 0.4}), layer("GaussianNoise", {"stddev": 0.1}))
    noisy = fit(*MLP_LAYERS[:2], *random, *MLP_LAYERS[2:])
    runs = [train(trainer, noisy)[0].predictions for _ in range(2)]
    assert np.array_equal(*runs)


def test_an_autoencoder_gives_images(trainer):
    flat = images(shape=(60_000, 784))
    record = fit(
        image_input(784), dense(32, "relu"), dense(784, "sigmoid"), data=data(x=flat, y=flat),
        loss=Component(class_name="binary_crossentropy"), optimizer=Component(class_name="adam"),
    )  # fmt: skip
    run, _ = train(trainer, record)
    assert run.predictions.shape == (360, 784)
    assert sorted(run.history) == ["loss", "val_loss"]
    assert run.history["loss"][1] < run.history["loss"][0]


def test_a_training_that_diverges_ends_as_numbers_that_are_none(trainer):
    wild = fit(*MLP_LAYERS[:-1], dense(10), loss=Component(class_name="mse"),
               optimizer=Component(class_name="SGD", config={"learning_rate": 1000.0}))  # fmt: skip
    run, _ = train(trainer, wild)
    assert None in run.history["loss"]
    assert not np.isfinite(run.predictions).all()


# --- a process that dies


def test_a_dead_process_is_our_fault_and_the_next_request_has_a_new_one(first):
    with TrainerProcess("cpu") as trainer:
        trainer.inspect(spec(), None)
        process_of(trainer).kill()
        process_of(trainer).wait()
        with pytest.raises(TrainerFailed, match="the trainer's process ended with code -9"):
            trainer.inspect(spec(dense(1)), None)
        run, _ = train(trainer)
        assert np.array_equal(run.predictions, first[0].predictions)


def test_a_process_that_dies_while_it_trains():
    with TrainerProcess("cpu") as trainer:
        prepared = from_fit(fit(), {}, DIGITS, Scale(epochs=500, batch_size=32))
        with pytest.raises(TrainerFailed, match="ended with code -9"):
            trainer.train(prepared, lambda epoch, _of: process_of(trainer).kill() if epoch == 1 else None)
        assert trainer.inspect(spec(), None).params == 55_050


def test_a_process_ends_when_nobody_asks_any_more_even_while_it_trains():
    with TrainerProcess("cpu") as trainer:
        prepared = from_fit(fit(), {}, DIGITS, Scale(epochs=5000, batch_size=1))

        def leave(_epoch, _of):
            trainer._channels["jax"].start().requests.close()

        with pytest.raises(TrainerFailed, match="ended with code 0"):
            trainer.train(prepared, leave)


def test_time_that_runs_out_is_our_fault_and_the_next_recipe_has_a_new_process():
    with TrainerProcess("cpu") as trainer:
        prepared = from_fit(fit(), {}, DIGITS, Scale(epochs=500, batch_size=1))
        with pytest.raises(TrainerFailed, match="took longer than 1 seconds and was ended"):
            trainer.train(prepared, lambda _epoch, _of: None, limit=TimeLimit(1.0))
        assert trainer.inspect(spec(), None).params == 55_050


@pytest.fixture
def server():
    """The module of the trainer's process: it imports Keras, which the collection of unit tests must not."""
    return importlib.import_module("harness.training.server")


def test_an_error_where_nothing_is_trained_is_our_fault(server, monkeypatch):
    """A ValueError is Keras's word on a recipe only where Keras builds or trains it."""

    def fails(*_):
        raise ValueError("shapes differ")

    stub = SimpleNamespace(train=fails, takes_bytes=False)
    training = server.Server(io.BytesIO(), stub)
    monkeypatch.setattr(training, "_run", lambda sent, _arrays: sent)
    recipe = SimpleNamespace(recipe=SimpleNamespace(epochs=1))
    with pytest.raises(Refused, match="Keras refuses to train it: shapes differ"):
        training.answer({"ask": "train", "runs": [recipe], "width": 1}, {})
    monkeypatch.setattr(server, "inspect", fails)
    with pytest.raises(Refused, match="Keras refuses to build it: shapes differ"):
        training.answer({"ask": "inspect", "model": spec().model_dump(mode="json")}, {})
    monkeypatch.setattr(training, "_network", fails)
    monkeypatch.setattr(training, "_run", fails)
    for ask in ("denoise", "generate", "train"):
        with pytest.raises(ValueError, match=r"^shapes differ") as error:
            training.answer({"ask": ask, "runs": [recipe], "classifier": {}, "denoiser": {}, "autoencoder": {}}, {})
        assert not isinstance(error.value, Refused)


def test_what_tensorflow_cannot_compute_is_the_recipes_fault_only_while_it_is_trained(server, monkeypatch):
    """A network that was trained and is put to use by us is no fault of the hand-in."""
    error = importlib.import_module("tensorflow").errors.InvalidArgumentError(None, None, "{{node a}}\nno output 9")

    def fails(*_):
        raise error

    framework = importlib.import_module("harness.training.frameworks").TensorFlow()
    monkeypatch.setattr(framework, "train", fails)
    training = server.Server(io.BytesIO(), framework)
    recipe = SimpleNamespace(recipe=SimpleNamespace(epochs=1))
    monkeypatch.setattr(training, "_run", lambda sent, _arrays: sent)
    with pytest.raises(Refused, match="Keras refuses to train it: no output 9"):
        training.answer({"ask": "train", "runs": [recipe], "width": 1}, {})
    monkeypatch.setattr(training, "_network", lambda *_: recipe)
    monkeypatch.setattr(training, "_dataset", lambda _recipe: DIGITS)
    monkeypatch.setattr(server.trained, "denoising_curves", fails)
    asked = {"noise": "salt_and_pepper", "levels": [], "images": 1, "shown": 1, "seed": 0}
    asked |= {"classifier": {}, "denoiser": {}}
    with pytest.raises(type(error)):
        training.answer({"ask": "denoise", **asked}, {})
    assert framework.stopped(error) is None


def test_a_refusal_of_our_own_keeps_its_words(server, monkeypatch):
    def refuses(*_):
        raise Refused("layer `Lambda` is not known")

    training = server.Server(io.BytesIO(), SimpleNamespace())
    monkeypatch.setattr(server, "inspect", refuses)
    with pytest.raises(Refused, match=r"^layer `Lambda` is not known"):
        training.answer({"ask": "inspect", "model": spec().model_dump(mode="json")}, {})


def test_closing_twice_and_unused():
    trainer = TrainerProcess("cpu")
    trainer.close()
    trainer.close()


def test_a_spec_that_keras_does_not_take_is_refused(trainer):
    wrong = LayerSpec(class_name="Dense", arguments={"units": 3.5})
    made = spec().model_copy(update={"layers": (*spec().layers[:-1], wrong)})
    assert "cannot be made" in trainer.inspect(made, None).refused
