"""What cannot be measured on trained networks is noted with its reason, and with whose fault it is."""

from types import SimpleNamespace

import pytest
from evidence import (
    another,
    autoencoder,
    autoencoder_facts,
    cnn,
    decoder,
    denoising,
    digits,
    evidence,
    generation,
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
from harness.matching import match
from harness.measure.trained import measure_trained
from harness.recording import Recording
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


# --- which decoder draws


def drawn(recognised, *networks, decoders=None):
    """The evidence after decoders drew images of which these shares, by fit, are told; an error is raised instead.
    `decoders`: the networks that have one, all by default."""

    def of(what, decided_by, _type, _make):
        if what == "denoising":
            raise Refused("not looked at")
        found = recognised[decided_by[0][0]]
        if isinstance(found, Exception):
            raise found
        return generation(recognised=found, decoder=decided_by[0][0]), False

    grader = SimpleNamespace(
        assignment=A7, dataset=digits(), profile="quick", measured=SimpleNamespace(of=of),
        weighted=lambda one: SimpleNamespace(recipe=SimpleNamespace(sha256=one.record.id), weights=[]),
    )  # fmt: skip
    models = tuple(decoder(network) for network in (networks if decoders is None else decoders))
    every = (another(mlp(), "mlp"), *networks)
    matches = match(A7.rules(), every, candidates=3, models=models).by_task
    recording = Recording(kind="notebook", complete=True, fits=tuple(one.record for one in every), models=models)
    return measure_trained(grader, evidence(A7, *every, matches=matches, recording=recording), None)


def test_task_4as_own_decoder_draws_where_it_has_one():
    found = drawn({"fit-ae": 0.3, "other": 0.9}, another(TRAINED, "other"), TRAINED)
    assert found.generation.decoder == "fit-ae"


def test_otherwise_the_decoder_of_another_trained_autoencoder_draws():
    other = another(TRAINED, "other", facts=autoencoder_facts(128, 64, 128))
    found = drawn({"other": 0.9}, other, TRAINED, decoders=[other])
    assert found.generation.decoder == "other"
    assert found.matches["4D"].fits == ("other",)


def test_of_several_decoders_the_best_counts_and_it_is_said_why():
    others = [another(TRAINED, name) for name in ("poor", "good", "broken")]
    shares = {"poor": 0.2, "good": 0.9, "broken": Refused("no images")}
    found = drawn(shares, *others, TRAINED, decoders=others)
    assert found.generation.decoder == "good"
    assert found.matches["4D"].fits == ("good", "poor", "broken")
    place = "the one in assignment.ipynb, cell 4, line 3"
    assert found.matches["4D"].reasons[-1] == (
        "Of several decoders the best counts. Images that are told as digits, as trained here: "
        f"90% from {place}; 20% from {place}; none from {place}."
    )
    assert "generation" not in found.unmeasured


def test_where_no_decoder_draws_it_is_said_why():
    other = another(TRAINED, "other")
    found = drawn({"other": Refused("no images")}, other, TRAINED, decoders=[other])
    assert found.unmeasured["generation"] == Unmeasured(reason="no images", cause=Cause.REFUSED)


def test_a_decoder_of_an_autoencoder_that_was_not_trained_is_not_missing():
    other = another(TRAINED, "other", runs=(), problem="it is too large", cause=Cause.REFUSED)
    assert drawn({}, other, TRAINED, decoders=[other]).unmeasured["generation"] == Unmeasured(
        reason="the autoencoder in assignment.ipynb, cell 4, line 3, whose decoder draws, could not be trained: "
        "it is too large",
        cause=Cause.REFUSED,
    )


def test_every_convolution_of_the_allow_list_is_one():
    assert set(CONVOLUTIONS) == {name for name in allowlist.LAYERS if "Conv" in name}
    for name in CONVOLUTIONS:
        assert network(facts=model_facts((layer_facts(name), *model_facts().layers))).convolutional
    assert not mlp().convolutional
    assert not network(facts=autoencoder_facts()).convolutional


# --- curves


def test_a_curve_is_averaged_over_the_judged_levels_alone():
    curves = denoising(judged=(0.4, 0.8))  # of the levels 0, 0.2, … 1
    assert curves.over_judged((0.0, 0.0, 1.0, 2.0, 6.0, 99.0)) == 3.0
    assert denoising(judged=(0.0, 1.0)).over_judged((0.0, 0.0, 1.0, 2.0, 6.0, 99.0)) == 18.0
