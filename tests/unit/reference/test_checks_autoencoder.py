"""The activations of task 4A's autoencoder: as arguments, as layers of their own, and none."""

import pytest
from evidence import autoencoder, autoencoder_facts, complete, layer_facts, model_facts

from harness.assignment import load
from harness.plugin import run_checks
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
