"""What cannot be measured on trained networks is noted with its reason, and with whose fault it is."""

from types import SimpleNamespace

import pytest
from evidence import (
    autoencoder,
    autoencoder_facts,
    cnn,
    digits,
    evidence,
    layer_facts,
    mlp,
    model_facts,
    network,
    run,
)

from harness import allowlist
from harness.allowlist import Refused
from harness.assignment import load
from harness.evidence import CONVOLUTIONS, Unmeasured
from harness.measure.trained import measure_trained
from harness.results import Cause
from harness.training.process import TrainerFailed, TrainingStopped

A7 = load("dat405_a7")
TRAINED = autoencoder(runs=(run(None),))


def measured(error, *networks):
    """The evidence after a trainer that raises `error` was to measure it; the decoder is found."""

    def fails(*_):
        raise error

    grader = SimpleNamespace(
        assignment=A7,
        dataset=digits(),
        profile="quick",
        trainer=SimpleNamespace(denoise=fails, generate=fails),
        measured=SimpleNamespace(of=lambda _what, _by, _type, make: (make(), False)),
        weighted=lambda one: SimpleNamespace(recipe=SimpleNamespace(sha256=one.record.id), weights=[]),
    )
    made = evidence(A7, *(networks or (mlp(), cnn(), TRAINED)))
    return measure_trained(grader, made, None)


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (Refused("it did not work"), Cause.REFUSED),
        (TrainingStopped("it did not work", Cause.OUT_OF_MEMORY), Cause.OUT_OF_MEMORY),
        (TrainerFailed("it did not work"), Cause.HARNESS_FAULT),
    ],
)
def test_a_measurement_that_fails_is_whose_fault_the_error_says(monkeypatch, error, cause):
    monkeypatch.setattr("harness.measure.trained.decoder_of", lambda *_: (SimpleNamespace(name="decoder"), 2))
    found = measured(error)
    assert (found.denoising, found.generation) == (None, None)
    assert found.unmeasured == dict.fromkeys(
        ("denoising", "generation"), Unmeasured(reason="it did not work", cause=cause)
    )


def test_without_a_decoder_there_is_nothing_to_measure():
    found = measured(Refused("")).unmeasured["generation"]
    assert found == Unmeasured(reason="no decoder that shares the trained autoencoder's layers was found")


@pytest.mark.parametrize(
    ("networks", "missing", "cause"),
    [
        ((mlp(), cnn()), "autoencoder", None),
        ((TRAINED,), "classifier", None),
        ((mlp(), cnn(), autoencoder(problem="too large", cause=Cause.REFUSED)), "autoencoder", Cause.REFUSED),
        ((TRAINED, network(accuracies=(), problem="it ended", cause=Cause.HARNESS_FAULT)), "classifier",
         Cause.HARNESS_FAULT),
    ],
)  # fmt: skip
def test_what_is_not_trained_is_whose_fault_the_training_says(networks, missing, cause):
    why = Unmeasured(reason=f"there is no trained {missing}", cause=cause)
    assert measured(Refused(""), *networks).unmeasured == {"denoising": why, "generation": why}


def test_every_convolution_of_the_allow_list_is_one():
    assert set(CONVOLUTIONS) == {name for name in allowlist.LAYERS if "Conv" in name}
    for name in CONVOLUTIONS:
        assert network(facts=model_facts((layer_facts(name), *model_facts().layers))).convolutional
    assert not mlp().convolutional
    assert not network(facts=autoencoder_facts()).convolutional
