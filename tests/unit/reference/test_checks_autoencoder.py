"""Task 4A's activations: as arguments, as layers of their own, and none; noise that is the same on every image.
What task 4C's classifier was tried on."""

import pytest
from evidence import (
    SALT,
    another,
    autoencoder,
    autoencoder_facts,
    chain,
    cleaned,
    complete,
    data,
    denoising,
    dense,
    generation,
    image_input,
    images,
    layer_facts,
    mlp,
    model_facts,
    use,
)

from harness.assignment import load
from harness.plugin import run_checks
from harness.recording import ModelRecord
from harness.results import Outcome

ASSIGNMENT = load("dat405_a7")
LINEAR = autoencoder_facts(activation="linear").layers


def judged(check, **changes):
    found = {result.id: result for result in run_checks(ASSIGNMENT, complete(ASSIGNMENT, **changes))}
    return found[check]


def built(*layers):
    return judged("4A.parameters", autoencoder=autoencoder(model_facts(layers, cross_entropy_error=None)))


def followed_by(make):
    """The linear layers, each hidden one with another layer behind it."""
    return (*(one for layer in LINEAR[:-1] for one in (layer, make())), LINEAR[-1])


def with_relu(*places):
    return tuple(
        layer.model_copy(update={"activation": "relu"}) if number in places else layer
        for number, layer in enumerate(LINEAR)
    )


@pytest.mark.parametrize(
    ("layers", "named"),
    [
        (LINEAR, "Dense(128), Dense(96), Dense(128)"),
        (with_relu(1), "Dense(128), Dense(128)"),
        (with_relu(1, 2), "Dense(128)"),
        (with_relu(0), "Dense(96), Dense(128)"),
        (followed_by(lambda: layer_facts("Dropout")), "Dense(128), Dense(96), Dense(128)"),
        (followed_by(lambda: layer_facts("Activation", None, "linear")), "Dense(128), Dense(96), Dense(128)"),
    ],
)
def test_hidden_layers_without_an_activation_are_named(layers, named):
    result = built(*layers)
    assert result.outcome is Outcome.PARTIAL
    assert result.points == pytest.approx(result.max_points / 2)
    assert f"inner layers have no activation: {named}." in result.message
    assert "Without an activation" in result.hint


@pytest.mark.parametrize(
    "layers",
    [
        with_relu(0, 1, 2),
        with_relu(0, 2),  # a linear code
        followed_by(lambda: layer_facts("LeakyReLU")),
        followed_by(lambda: layer_facts("Activation", None, "tanh")),
    ],
)
def test_activations_of_every_kind_count(layers):
    result = built(*layers)
    assert result.outcome is Outcome.PASSED, result.message


def test_noise_that_is_the_same_on_every_image_is_told():
    same = SALT.model_copy(update={"shared": True})
    inputs = images(shape=(60_000, 784), source="x_train", noise=same)
    result = judged("4A.noisy-to-clean", autoencoder=autoencoder(x=inputs))
    assert (result.outcome, "The same pixels are changed in every image" in result.message) == (
        Outcome.PARTIAL,
        True,
    )


# --- noisy images, and denoised ones

LITTLE = denoising(mean_gain=(0.1, 0.09, 0.11), denoised=(0.97, 0.95, 0.7, 0.5, 0.3, 0.1))
UNKNOWN = use(source=None, noise=None)


def trained_on(x, **more):
    return {"recorded": {}, "mlp": mlp(data=data(x=x, **more))}


@pytest.mark.parametrize(
    "changes",
    [
        {"recorded": {"uses": (use(), cleaned())}},
        {"recorded": {"uses": (use(), UNKNOWN)}},
        {"recorded": {"uses": (cleaned(), UNKNOWN)}},
        {"recorded": {"uses": (use(),)}, "interrupted": "The code ran longer than 300 s."},
        trained_on(cleaned().x, validation_x=images(noise=SALT)),
        trained_on(images(noise=SALT), validation_x=UNKNOWN.x),
    ],
)
def test_on_both_or_on_what_may_be_the_other(changes):
    result = judged("4C.gain", **changes)
    assert result.outcome is Outcome.PASSED, result.message


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (trained_on(images(noise=SALT)), "on noisy images only"),
        (trained_on(cleaned().x), "on denoised images only"),
        ({"recorded": {"uses": (use(), cleaned(model=9))}}, "on noisy images only"),
    ],
)
def test_on_one_alone_is_half(changes, said):
    result = judged("4C.gain", **changes)
    assert result.outcome is Outcome.PARTIAL, result.message
    assert result.points == pytest.approx(result.max_points / 2)
    assert said in result.message
    assert "autoencoder.predict" in result.hint


def test_a_smaller_gain_is_halved_too():
    whole, half = (
        judged("4C.gain", denoising=LITTLE, recorded={"uses": uses}) for uses in ((use(), cleaned()), (use(),))
    )
    assert half.points == pytest.approx(whole.points / 2)
    assert half.message.endswith(whole.message)
    none = judged("4C.gain", denoising=LITTLE.model_copy(update={"mean_gain": (0.0, -0.1, 0.1)}),
                  recorded={"uses": (use(),)})  # fmt: skip
    assert none.outcome is Outcome.FAILED


def test_a_classifier_behind_the_autoencoder_is_given_noisy_images_and_cleans_them():
    cleaner = another(autoencoder(), "fit-own")
    last = dense(10, "softmax").model_copy(update={"uid": 9001, "output_shape": (None, 10)})
    graph = {**chain(image_input(784), last), "layers": (cleaner.record.layers[1], last)}
    joined = ModelRecord(**graph, uid=7, name="joined", kind="functional")
    recorded = {"uses": (use(), use(model=7)), "models": (joined,)}
    assert judged("4C.gain", autoencoder=cleaner, recorded=recorded).outcome is Outcome.PASSED
    apart = judged("4C.gain", autoencoder=another(cleaner, "fit-apart"), recorded=recorded)
    assert apart.outcome is Outcome.PARTIAL


# --- what is no copy


@pytest.mark.parametrize(
    ("clean", "distance", "outcome"),
    [
        (0.01, 0.051, Outcome.PASSED),  # half of 0.1, the distance of real digits
        (0.01, 0.049, Outcome.FAILED),
        (0.0025, 0.038, Outcome.PASSED),  # an autoencoder that draws what it is given at 0.05
        (0.0025, 0.037, Outcome.FAILED),
        (0.0, 0.006, Outcome.PASSED),
        (0.0, 0.004, Outcome.FAILED),
    ],
)
def test_nearer_than_real_digits_and_than_the_autoencoder_draws_is_a_copy(clean, distance, outcome):
    drawn = generation(nearest=(0.0, distance, 0.2))
    result = judged("4D.digits", generation=drawn, denoising=denoising(error_denoised=(clean, *(0.02,) * 5)))
    assert result.outcome is outcome, result.message


def test_another_autoencoder_than_the_one_that_draws_says_nothing_of_copies():
    other = denoising(autoencoder="other", error_denoised=(0.0025, *(0.02,) * 5))
    drawn = generation(nearest=(0.0, 0.049, 0.2))
    assert judged("4D.digits", generation=drawn, denoising=other).outcome is Outcome.FAILED
