"""Trained networks put to use: denoising curves, a decoder's images, speed beside the reference."""

import numpy as np
import pytest
from evidence import dense, digits, fit, image_input, images

from harness.allowlist import Refused
from harness.assignment import load
from harness.measure.denoising import gains, helps_until, mean_gain
from harness.measure.generation import nearest, recognised
from harness.recording import Component, FitData, Noise
from harness.training.from_recording import from_fit
from harness.training.process import TrainerProcess
from harness.training.recipe import Prepared, Scale
from harness.training.sent import Weighted

pytestmark = pytest.mark.end_to_end
DIGITS = digits()
LEVELS = (0.0, 0.4, 0.8)


@pytest.fixture(scope="module")
def trainer():
    with TrainerProcess("cpu") as process:
        yield process


def weighted(trainer, record, scale) -> Weighted:
    prepared = from_fit(record, {}, DIGITS, scale)
    run = trainer.train(Prepared(prepared.recipe, prepared.arrays), lambda _epoch, _of: None)
    return Weighted(prepared.recipe, run.weights)


def autoencoder_fit(noise):
    flat = images(shape=(60_000, 784), noise=noise)
    record = fit(image_input(784), dense(64, "relu", "a"), dense(32, "relu", "b"), dense(784, "sigmoid", "c"))
    return record.model_copy(
        update={
            "data": FitData(x=flat, y=images(shape=(60_000, 784))),
            "loss": Component(class_name="binary_crossentropy"),
            "optimizer": Component(class_name="Adam", config={"learning_rate": 0.002}),
        }
    )


@pytest.fixture(scope="module")
def classifier(trainer) -> Weighted:
    return weighted(trainer, fit(), Scale(epochs=15, batch_size=32))


@pytest.fixture(scope="module")
def denoiser(trainer) -> Weighted:
    record = autoencoder_fit(Noise(kind="salt_and_pepper", level=0.4))
    return weighted(trainer, record, Scale(epochs=25, batch_size=32))


def test_denoising_brings_images_nearer_and_tells_both_on_the_same_noise(trainer, classifier, denoiser):
    made = trainer.denoise(classifier, denoiser, "salt_and_pepper", LEVELS, 200, 10)
    assert made["seasoned"].shape == made["denoised"].shape == (3, 200)
    assert made["shown_seasoned"].shape == (3, 10, 784)
    assert made["error_noisy"][0] == 0 < made["error_noisy"][1] < made["error_noisy"][2]
    assert made["error_denoised"][1] < made["error_noisy"][1] / 3
    truth = DIGITS.y_test[made["rows"]]
    assert (made["seasoned"][0] == truth).mean() > 0.9  # without noise the classifier is itself
    again = trainer.denoise(classifier, denoiser, "salt_and_pepper", LEVELS, 200, 10)
    assert (again["seasoned"] == made["seasoned"]).all() and (again["denoised"] == made["denoised"]).all()


def test_an_autoencoder_trained_on_clean_images_denoises_worse(trainer, classifier, denoiser):
    copier = weighted(trainer, autoencoder_fit(None), Scale(epochs=25, batch_size=32))
    good = trainer.denoise(classifier, denoiser, "salt_and_pepper", LEVELS, 200, 2)
    bad = trainer.denoise(classifier, copier, "salt_and_pepper", LEVELS, 200, 2)
    assert bad["error_denoised"][1] > good["error_denoised"][1] * 1.5


def test_reconstruction_is_told_image_by_image_on_the_same_noise(trainer, denoiser):
    made = trainer.reconstruct(denoiser, "uniform", (0.0, 0.3), 200, 10)
    assert made["error_noisy"].shape == made["error_denoised"].shape == (2, 200)
    assert made["error_noisy"][0].max() == 0
    assert made["error_denoised"][0] == pytest.approx(made["error_clean"])  # without noise it is the clean image's
    assert 0.3**2 / 8 < made["error_noisy"][1].mean() < 0.3**2 / 3  # P²/3, less what clipping takes of the dark
    shown = ((made["shown_denoised"] - made["shown_clean"]) ** 2).mean(axis=2)
    assert shown == pytest.approx(made["error_denoised"][:, :10], rel=1e-4)


def test_the_decoder_draws_digits_of_all_kinds_that_are_no_copies(trainer, classifier, denoiser):
    cut = 2  # input, 64, 32: the node after which the decoder begins
    made = trainer.generate(denoiser, cut, classifier, 100)
    share, entropy = recognised(made["probabilities"])
    assert share > 0.5 and entropy > 0.8
    flat = DIGITS.x_train.reshape(-1, 784).astype(np.float32) / 255
    assert nearest(made["images"], flat)[1] > 0.02
    assert (trainer.classify(classifier, made["images"]) == made["probabilities"]).all()
    with pytest.raises(Refused):
        trainer.generate(denoiser, 99, classifier, 10)


def test_speed_is_a_ratio_to_the_reference(trainer, classifier):
    folder = load("dat405_a7").folder
    speed = trainer.speed(classifier.recipe, folder / "mlp.py", "build_mlp")
    assert set(speed) == {"inference", "training"}
    for one in speed.values():
        assert one["n"] == 5
        assert 0 < one["low"] <= one["ratio"] <= one["high"]
    with pytest.raises(Refused):  # labels handed to a network that wants images
        trainer.speed(classifier.recipe, folder / "autoencoder.py", "build_autoencoder")


# --- what is computed from them, by hand


def test_gains_by_hand():
    truth = np.array([0, 1, 2, 3])
    seasoned = np.array([[0, 1, 2, 3], [9, 9, 9, 3]])
    denoised = np.array([[0, 1, 2, 9], [0, 1, 2, 9]])
    made = gains(seasoned, denoised, truth)
    assert made["seasoned"] == (1.0, 0.25) and made["denoised"] == (0.75, 0.75)
    assert made["gain"] == (-0.25, 0.5)
    assert made["gain_low"][1] < 0.5 < made["gain_high"][1]
    gain, low, high = mean_gain(seasoned, denoised, truth, np.array([False, True]))
    assert gain == 0.5 and low < 0.5 < high


@pytest.mark.parametrize(
    ("low", "until"),
    [((-1, -1, -1), None), ((1, 1, 1), 2.0), ((-1, 1, -1), 1.0), ((1, -1, 1), 0.0), ((-1, -1, 1), 2.0)],
)
def test_helps_until(low, until):
    assert helps_until((0.0, 1.0, 2.0), low) == until


def test_recognised_by_hand():
    sure = np.eye(10)[[0, 0, 1, 1]]
    unsure = np.full((4, 10), 0.1)
    share, entropy = recognised(np.concatenate([sure, unsure]))
    assert share == 0.5
    assert entropy == pytest.approx(np.log(2) / np.log(10))
    assert recognised(unsure) == (0.0, 0.0)


def test_a_copy_has_distance_0():
    training = np.random.default_rng(0).random((50, 784), dtype=np.float32)
    assert nearest(training[:5], training)[2] < 1e-3
    assert nearest(1 - training[:5], training)[0] > 0.1
