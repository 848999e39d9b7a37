"""Tasks 5 and 6 of the second assignment: classifiers on codes, however they are built, and on pixels."""

import pytest
from evidence import FAILED, MANUAL, NOT_ATTEMPTED, PASSED, WHERE, data, layer_facts
from hw5 import (
    FLAT,
    FRESH,
    HW5,
    autoencoder_facts,
    changed,
    classifier_facts,
    codes,
    compared,
    complete,
    held_out,
    judged,
    on_codes,
    on_pixels,
    scaled_codes,
    stacked,
    with_layers,
)

from harness.evidence import Match, SelfTrained, Unmeasured
from harness.findings import find
from harness.matching import match


def test_other_codes_are_told_once():
    """Where the code has 128 values, the classifier on it is judged for its own layers."""
    results = judged(on_codes=on_codes(codes(128), classifier_facts(128)))
    assert (results["5.layers"].outcome, "10,794 parameters" in results["5.layers"].message) == (PASSED, True)
    assert results["5.inputs"].outcome is not PASSED


@pytest.mark.parametrize(
    "facts",
    [
        with_layers(
            classifier_facts(196),
            lambda layer: (
                [layer.model_copy(update={"activation": "linear"}), layer_facts("ReLU")]
                if layer.activation == "relu"
                else [layer]
            ),
        ),
        changed(Dense={"activation": "leaky_relu"}),
    ],
)
def test_an_activation_may_be_a_layer_of_its_own_and_logits_need_no_softmax(facts):
    logits = ("CategoricalCrossentropy", {"from_logits": True})
    result = judged(on_codes=on_codes(facts=facts, loss=logits))["5.layers"]
    assert result.outcome is PASSED, result.message


@pytest.mark.parametrize("split", [0.2, 2 / 9, 0.25])
def test_about_two_ninths_may_be_held_out(split):
    assert judged(on_codes=on_codes(data=held_out(split)))["5.settings"].outcome is PASSED


@pytest.mark.parametrize(("profile", "pairs"), [("quick", 2), ("full", 5)])
def test_a_difference_is_held_against_what_a_mean_of_so_many_pairs_may_be(profile, pairs):
    gate = HW5.gates("digits", profile)["6.difference"]
    assert (gate.runs, gate.most) == (pairs, pairs)


def test_a_classifier_on_decoded_images_is_not_judged_by_its_accuracy():
    assert judged(on_codes=on_codes(codes(784, model=5)))["5.accuracy"].outcome is not PASSED


UNKNOWN = "its layer `code` starts from weights that no fit of this work left"


@pytest.mark.parametrize(
    ("x", "model"),
    [
        (codes(unknown=UNKNOWN), FRESH),
        (codes(trained=False), FRESH.model_copy(update={"layers": FRESH.layers[:1]})),
        (codes(trained=False), FRESH.model_copy(update={"uid": 77})),
    ],
    ids=["unknown weights", "no weights", "not recorded"],
)
def test_an_encoder_is_called_untrained_only_where_its_weights_are_known_to_be_fresh(x, model):
    made = complete(on_codes=on_codes(x), recorded={"models": (model,)})
    assert [finding.code for finding in find(HW5, made)] == []


def test_an_encoder_of_unknown_weights_is_for_a_person():
    results = judged(on_codes=on_codes(codes(unknown=UNKNOWN)))
    for check in ("5.inputs", "5.accuracy"):
        assert (results[check].outcome, results[check].points) == (MANUAL, None)
    assert f"what another network computes, and {UNKNOWN}. A person" in results["5.inputs"].message


def test_an_encoder_under_the_classifier_in_one_model_is_seen_and_earns_the_same():
    results = judged(on_codes=stacked())
    assert {result.id: result.message for result in results.values() if result.outcome is not PASSED} == {}
    assert "stands under the classifier in one model, frozen" in results["5.inputs"].message
    assert "15,146 parameters" in results["5.layers"].message
    made = complete(on_codes=stacked())
    assert [finding.code for finding in find(HW5, made)] == []
    assert [network.record.id for network in made.networks("6")] == ["fit-pixels"]


def test_alone_it_is_not_taken_for_the_classifier_on_images():
    results = judged(on_codes=stacked(), on_pixels=None)
    assert results["5.inputs"].outcome is PASSED
    assert results["6.same"].outcome is NOT_ATTEMPTED


@pytest.mark.parametrize(
    ("changes", "outcome", "said"),
    [
        ({"changed": True}, MANUAL, "labels train these layers too, so that its codes are no longer"),
        ({"known": False}, MANUAL, "their weights are not known here"),
        ({"fits": ("fit-ae", "fit-other"), "of": (90,)}, FAILED, "not those of the trained autoencoder"),
        ({"of": (2, 3)}, FAILED, "images that the decoder drew"),
        ({"values": 256}, FAILED, "taken at another layer"),
    ],
)
def test_what_stands_under_it_decides(changes, outcome, said):
    result = judged(on_codes=stacked(**changes))["5.inputs"]
    assert (result.outcome, said in result.message) == (outcome, True), result.message


@pytest.mark.parametrize(("at_random", "outcome"), [(True, MANUAL), (False, FAILED)])
def test_dropout_under_it_costs_nothing_by_itself(at_random, outcome):
    """In predict, by which codes are calibrated, it does not act."""
    result = judged(on_codes=stacked(accuracy=0.7, at_random=at_random))["5.accuracy"]
    assert (result.outcome, "70.00%" in result.message) == (outcome, True)
    assert ("dropout acts here while the classifier" in result.message) is at_random


def test_its_layers_are_those_above_the_encoder():
    results = judged(on_codes=stacked(classifier_facts(196, 128, 64)))
    assert "128-64-10" in results["5.layers"].message
    assert "its layers are others" in results["6.same"].message


def test_scaled_codes_are_for_a_person_and_no_images():
    given = on_codes(scaled_codes())
    results = judged(on_codes=given)
    for check in ("5.inputs", "5.accuracy"):
        assert (results[check].outcome, results[check].points) == (MANUAL, None)
        assert "were computed from what a network of yours predicts, as by a scaler" in results[check].message
    passed = ("5.layers", "5.settings", "6.same", "6.difference")
    assert [results[check].outcome for check in passed] == [PASSED] * 4
    assert judged(on_codes=given, on_pixels=None)["6.same"].outcome is NOT_ATTEMPTED


@pytest.mark.parametrize(("on_codes", "outcome"), [(0.89, PASSED), (0.67, MANUAL)])
def test_a_comparison_without_callbacks_says_so_and_costs_nothing_by_itself(on_codes, outcome):
    said = "Both were trained without your EarlyStopping, for 100 epochs each."
    result = judged(codes=compared(codes=(on_codes,) * 5, notes=(said,)))["6.difference"]
    assert (result.outcome, said in result.message) == (outcome, True), result.message


@pytest.mark.parametrize("x", [FLAT, None])
def test_a_fit_on_images_that_the_course_set_for_task_5_is_told_so(x):
    made = on_codes(data=data(x=FLAT).model_copy(update={"x": x}))
    matches = {**complete().matches, "5": Match(task="5", fits=(made.record.id,))}
    result = judged(on_codes=made, matches=matches)["5.inputs"]
    assert (result.outcome, "not what an encoder makes" in result.message) == (FAILED, True)


def test_without_an_autoencoder_that_can_be_trained_a_person_or_nobody_compares():
    """A loop of the hand-in's own is for a person; where there is none, that is said."""
    looped = SelfTrained(id="own-1", how="gradient_tape", where=WHERE, facts=autoencoder_facts())
    matches = match(HW5.rules(), [on_codes(), on_pixels()], own=[looped]).by_task
    changes = {"autoencoder": None, "codes": None, "unmeasured": {"codes": Unmeasured(reason="r")}}
    result = judged(**changes, self_trained=(looped,), matches=matches)["6.difference"]
    assert (result.outcome, "A loop of your own" in result.message) == (MANUAL, True)
    result = judged(**changes)["6.difference"]
    assert (result.outcome, "No autoencoder" in result.message) == (NOT_ATTEMPTED, True)
