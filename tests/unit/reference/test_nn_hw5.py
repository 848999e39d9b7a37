"""The checks, findings and figures of the second assignment: every outcome of every check, on built evidence."""

from types import SimpleNamespace

import numpy as np
import pytest
from evidence import WHERE, chain, data, dense, image_input, images, layer_facts
from hw5 import (
    FLAT,
    GAUSSIAN,
    HW5,
    LEVELS,
    autoencoder,
    autoencoder_facts,
    classifier_facts,
    codes,
    compared,
    complete,
    on_codes,
    on_pixels,
    reconstruction,
    scaled_codes,
    stacked,
    tried,
)

from harness.evidence import Unmeasured
from harness.findings import find
from harness.plugin import run_checks
from harness.recording import FEW_NOTED, LayerState, ModelRecord, Noise, Rows, SourceRecord
from harness.results import Cause, Outcome
from harness.scoring import build_result
from harness.training.trained import reconstructions

PASSED, PARTIAL, FAILED = Outcome.PASSED, Outcome.PARTIAL, Outcome.FAILED
NOT_ATTEMPTED, NOT_MEASURED = Outcome.NOT_ATTEMPTED, Outcome.NOT_MEASURED


def judged(**changes):
    return {result.id: result for result in run_checks(HW5, complete(**changes))}


def noisy(kind="gaussian", level=0.1, clipped=True, shared=False):
    return images(shape=(60_000, 784), noise=Noise(kind=kind, level=level, clipped=clipped, shared=shared))


def test_a_right_hand_in_earns_all_machine_points():
    results = judged()
    assert {result.id: result.message for result in results.values() if result.outcome is not PASSED} == {}
    assert sum(result.points for result in results.values()) == pytest.approx(6.5)


def test_the_points_are_ten_together():
    assert sum(task.machine + task.person for task in HW5.tasks.values()) == pytest.approx(10)


def frozen():
    whole = autoencoder_facts()
    return whole.model_copy(update={"trainable_params": whole.trainable_params - 100})


def shuffled():
    return images(shape=(60_000, 784), rows=Rows(kind="listed", count=60_000, frame="rows-1"))


def softmax_inside():
    whole = autoencoder_facts()
    layers = (one.model_copy(update={"activation": "softmax"}) if one.units == 196 else one for one in whole.layers)
    return whole.model_copy(update={"layers": tuple(layers)})


def dense_first():
    """All dense layers, and then all that belongs between them."""
    whole = autoencoder_facts()
    return whole.model_copy(
        update={"layers": tuple(sorted(whole.layers, key=lambda one: one.class_name != "Dense"))}
    )


def ending(activation):
    whole = autoencoder_facts()
    last = whole.layers[-1].model_copy(update={"activation": activation})
    return whole.model_copy(update={"layers": (*whole.layers[:-1], last)})


def with_layers(whole, make):
    layers = (one for layer in whole.layers for one in make(layer))
    return whole.model_copy(update={"layers": tuple(layers)})


def changed(inputs=196, **classes):
    """The classifier's facts, in which the layers of a class have other fields."""
    return with_layers(
        classifier_facts(inputs), lambda layer: [layer.model_copy(update=classes.get(layer.class_name, {}))]
    )


def without(name, inputs=196):
    return with_layers(classifier_facts(inputs), lambda layer: [] if layer.class_name == name else [layer])


def held_out(share):
    return data(x=codes(), validation_x=None, validation_y=None, validation_split=share)


def diverging(*val_loss):
    """An autoencoder whose loss is no number after these."""
    made = autoencoder()
    curve = made.evidence.runs[0].curve.model_copy(update={"val_loss": val_loss, "diverged": True})
    return autoencoder(runs=(made.evidence.runs[0].model_copy(update={"curve": curve}),))


def validated(on):
    made = autoencoder()
    return autoencoder(recorded={"data": made.record.data.model_copy(update={"validation_x": on})})


CASES = [
    ("2.layers", {"autoencoder": autoencoder(autoencoder_facts(512, 196, 512))}, FAILED, "are 512-196-512-784"),
    (
        "2.layers",
        {"autoencoder": autoencoder(autoencoder_facts(normalised=False))},
        PARTIAL,
        "comes nothing (asked: Batch",
    ),
    ("2.layers", {"autoencoder": autoencoder(dense_first())}, PARTIAL, "; 3 more differ; at the end LeakyReLU"),
    (
        "2.layers",
        {"autoencoder": autoencoder(softmax_inside())},
        PARTIAL,
        "layer 4 of them (196 units) comes softmax",
    ),
    ("2.layers", {"autoencoder": autoencoder(ending("relu"))}, PARTIAL, "at the end relu (asked: sigmoid)"),
    ("2.bottleneck", {"autoencoder": autoencoder(autoencoder_facts(784, 784))}, FAILED, "No layer is narrower"),
    ("2.bottleneck", {"autoencoder": autoencoder(autoencoder_facts(512, 64, 512))}, PARTIAL, "has 64 values"),
    ("2.parameters", {"autoencoder": autoencoder(autoencoder_facts(512, 196, 512))}, FAILED, "1,438,676"),
    ("2.parameters", {"autoencoder": autoencoder(frozen())}, PARTIAL, "1,434,480 of them are trainable"),
    ("3.noisy-to-clean", {"autoencoder": autoencoder(x=FLAT)}, FAILED, "inputs are clean"),
    ("3.noisy-to-clean", {"autoencoder": autoencoder(y=noisy())}, FAILED, "targets are noisy"),
    ("3.noisy-to-clean", {"autoencoder": autoencoder(y=shuffled())}, FAILED, "other images than the inputs"),
    ("3.noisy-to-clean", {"autoencoder": autoencoder(x=noisy("uniform"))}, PARTIAL, "uniform noise"),
    ("3.noisy-to-clean", {"autoencoder": autoencoder(x=noisy(clipped=False))}, PARTIAL, "is not clipped"),
    ("3.noisy-to-clean", {"autoencoder": autoencoder(x=noisy(level=0.3))}, PARTIAL, "factor is 0.30"),
    ("3.noisy-to-clean", {"autoencoder": autoencoder(x=noisy(shared=True))}, PARTIAL, "the same on every image"),
    (
        "3.noisy-to-clean",
        {"autoencoder": autoencoder(x=images(shape=(60_000, 784), source=None))},
        NOT_MEASURED,
        "could not be recognised",
    ),
    ("3.settings", {"autoencoder": autoencoder(recorded={"epochs": 20})}, PARTIAL, "for 20 epochs"),
    (
        "3.settings",
        {"autoencoder": autoencoder(recorded={"epochs": 20, "batch_size": 32})},
        FAILED,
        "for 20 epochs (asked: 100) and in batches of 32",
    ),
    ("3.settings", {"autoencoder": autoencoder(loss=("BinaryCrossentropy", {}))}, PARTIAL, "BinaryCrossentropy"),
    ("3.curves", {"autoencoder": validated(noisy())}, FAILED, "those that it is trained on"),
    ("3.curves", {"autoencoder": validated(None)}, FAILED, "no validation loss to plot"),
    ("3.learns", {"autoencoder": autoencoder(val_loss=(0.01, 0.02, 0.03))}, FAILED, "0.0100 after the first"),
    ("3.learns", {"autoencoder": diverging(0.03, 0.02)}, FAILED, "stops being a number after 2 epochs"),
    ("3.learns", {"autoencoder": diverging()}, FAILED, "stops being a number after 0 epochs"),
    ("3.learns", {"autoencoder": autoencoder(runs=())}, NOT_MEASURED, "was not trained"),
    ("4.levels", {"recorded": {"uses": tried(0.1, 0.2)}}, PARTIAL, "0.1, 0.2 only"),
    ("4.levels", {"recorded": {"uses": tried(0.1, kind="gaussian")}}, FAILED, "other noise"),
    ("4.levels", {"recorded": {"uses": tried(*LEVELS, source="x_train")}}, PARTIAL, "on training images"),
    ("4.levels", {"recorded": {"uses": ()}}, NOT_ATTEMPTED, "not seen to be tried"),
    ("4.removed", {"reconstruction": reconstruction(removed=0.1)}, FAILED, "it removes 10.0%"),
    (
        "4.removed",
        {"reconstruction": None, "unmeasured": {"reconstruction": Unmeasured(reason="r", cause=Cause.REFUSED)}},
        NOT_MEASURED,
        "could not be measured: r",
    ),
    ("5.inputs", {"on_codes": on_codes(codes(784, model=5))}, FAILED, "images that the decoder drew"),
    (
        "5.inputs",
        {"on_codes": on_codes(codes(784)), "autoencoder": autoencoder(autoencoder_facts(784, 784))},
        FAILED,
        "has no bottleneck",
    ),
    ("5.inputs", {"on_codes": on_codes(codes(256))}, FAILED, "taken at another layer"),
    ("5.inputs", {"on_codes": on_codes(codes(trained=False))}, FAILED, "not those of the trained"),
    ("5.inputs", {"on_codes": on_codes(codes(noise=GAUSSIAN))}, PARTIAL, "of noisy images"),
    ("5.inputs", {"on_codes": None}, NOT_ATTEMPTED, "No classifier trained on what the encoder"),
    ("5.layers", {"on_codes": on_codes(facts=classifier_facts(196, 128, 64))}, FAILED, "128-64-10"),
    (
        "5.layers",
        {"on_codes": on_codes(facts=changed(Dense={"activation": "linear"}))},
        PARTIAL,
        "has no activation",
    ),
    ("5.layers", {"on_codes": on_codes(facts=changed(Dense={"activation": "relu"}))}, PARTIAL, "outputs have relu"),
    ("5.layers", {"on_codes": on_codes(facts=changed(Dropout={"name": "rate 0.01"}))}, PARTIAL, "of 0.01"),
    ("5.layers", {"on_codes": on_codes(facts=without("Dropout"))}, PARTIAL, "it has 0 dropouts (asked: two"),
    ("5.layers", {"on_codes": on_codes(facts=without("BatchNormalization"))}, PARTIAL, "0 batch normalisations"),
    ("5.settings", {"on_codes": on_codes(epochs=2)}, PARTIAL, "for 2 epochs"),
    ("5.settings", {"on_codes": on_codes(epochs=2, batch_size=32)}, FAILED, "for 2 epochs (asked: 100) and in"),
    ("5.settings", {"on_codes": on_codes(trained_by=("SGD", {}))}, PARTIAL, "by SGD"),
    ("5.settings", {"on_codes": on_codes(loss=("MeanSquaredError", {}))}, PARTIAL, "loss MeanSquaredError"),
    ("5.settings", {"on_codes": on_codes(data=data(x=codes(), validation_x=None))}, PARTIAL, "no images held out"),
    ("5.settings", {"on_codes": on_codes(data=held_out(0.001))}, PARTIAL, "with 0.1 % of the images held out"),
    ("5.accuracy", {"on_codes": on_codes(accuracy=0.7)}, FAILED, "70.00%"),
    ("6.same", {"on_pixels": on_pixels(classifier_facts(784, 128, 64))}, FAILED, "its layers are others"),
    ("6.same", {"on_pixels": on_pixels(without("Dropout", 784))}, FAILED, "its layers are others"),
    (
        "6.same",
        {"on_pixels": on_pixels(changed(784, Dropout={"name": "rate 0.1"}))},
        FAILED,
        "its layers are others",
    ),
    (
        "6.same",
        {"on_pixels": on_pixels(changed(784, Dense={"regularizers": ("kernel L2 0.01",)}))},
        FAILED,
        "its layers are others",
    ),
    ("6.same", {"on_pixels": on_pixels(epochs=10)}, FAILED, "for 10 epochs and not 100"),
    ("6.same", {"on_pixels": on_pixels(data=data(x=noisy()))}, FAILED, "its images are noisy"),
    (
        "6.difference",
        {"codes": compared(codes=(0.67, 0.69, 0.67, 0.66, 0.68))},
        FAILED,
        "was trained 5 times here: the difference is -20.0 percentage points on average (-20.0, -19.0,",
    ),
    (
        "6.difference",
        {"codes": None, "unmeasured": {"codes": Unmeasured(reason="r", cause=Cause.REFUSED)}},
        NOT_MEASURED,
        "could not be compared: r",
    ),
]


@pytest.mark.parametrize(("check", "changes", "outcome", "said"), CASES)
def test_every_outcome_is_told_in_words(check, changes, outcome, said):
    result = judged(**changes)[check]
    assert (result.outcome, said in result.message) == (outcome, True), result.message
    assert result.hint or outcome is NOT_MEASURED


def leaky(layer):
    """LeakyReLU as the activation of a layer of its own."""
    named = {"class_name": "Activation", "activation": "leaky_relu"}
    return [layer.model_copy(update=named if layer.class_name == "LeakyReLU" else {})]


def operation(layer):
    return [layer.model_copy(update={"class_name": "ops.leaky_relu"} if layer.class_name == "LeakyReLU" else {})]


def squared(layer):
    """Images of 28 by 28 at the end."""
    return [layer, layer_facts("Reshape")] if layer.units == 784 else [layer]


@pytest.mark.parametrize("make", [leaky, operation, squared])
def test_the_same_layers_in_other_words_are_right(make):
    result = judged(autoencoder=autoencoder(with_layers(autoencoder_facts(), make)))["2.layers"]
    assert result.outcome is PASSED, result.message


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


def test_a_training_that_ends_early_has_learned():
    """A callback ended it: its curve is shorter than its epochs, and of numbers."""
    result = judged(autoencoder=autoencoder(val_loss=(0.03, 0.02)))["3.learns"]
    assert result.outcome is PASSED, result.message


ON_FEW = "noisy = x_test[:5] + "


@pytest.mark.parametrize(("drawn", "outcome"), [
    ("np.random.uniform(-p, p, size=(5, 784))", Outcome.MANUAL),
    ("p * np.random.random((5, 784))", Outcome.MANUAL),
    ("p * (2 * rng.random(x.shape) - 1)", Outcome.MANUAL),
    ("p * np.random.random_sample(size=(5, 784))", Outcome.MANUAL),
    ("p * np.random.ranf((5, 784))", Outcome.MANUAL),
    ("tf.random.uniform((5, 784), 0, p)", Outcome.MANUAL),
    ("p * np.random.normal(size=(5, 784))", NOT_ATTEMPTED),
    ("(np.random.random((5, 784)) < p)", NOT_ATTEMPTED),
    ("random.random()", NOT_ATTEMPTED),
])  # fmt: skip
def test_noise_on_a_few_images_is_for_a_person(drawn, outcome):
    """On fewer than ten it is not told."""
    sources = (SourceRecord(where=WHERE, text=ON_FEW + drawn),)
    result = judged(recorded={"uses": (), "sources": sources})["4.levels"]
    assert (result.outcome, result.points) == (outcome, None if outcome is Outcome.MANUAL else 0)
    assert ("fewer than ten at a time are not looked at" in result.message) is (outcome is Outcome.MANUAL)


def weighted(*uids):
    """A graph of layers with weights, in a row."""
    layers = tuple(dense(9).model_copy(update={"uid": uid, "params": 9}) for uid in uids)
    graph = chain(image_input(784), *layers)
    same = (one.model_copy(update={"uid": uid}) for one, uid in zip(graph["layers"], (0, *uids), strict=True))
    return graph | {"layers": tuple(same)}


ENCODER, DECODER, CLASSIFIER, COPY = 20, 21, 22, 23


@pytest.mark.parametrize(
    ("model", "states", "counts"),
    [
        (ENCODER, (), True),
        (DECODER, (), False),
        (CLASSIFIER, (), False),
        (COPY, (), False),
        (COPY, ((51, 11), (52, 12), (53, 13)), True),
        (COPY, ((51, 12), (52, 11), (53, 13)), False),
        (24, (), False),
    ],
)
def test_what_is_given_to_the_encoder_is_given_to_the_autoencoder(model, states, counts):
    """decoder.predict(encoder.predict(noisy)), and a model that was loaded again."""
    parts = {ENCODER: (11, 12), DECODER: (13,), CLASSIFIER: (11, 12, 31), COPY: (51, 52, 53)}
    models = tuple(
        ModelRecord(uid=uid, name="part", kind="functional", **weighted(*uids)) for uid, uids in parts.items()
    )
    left = tuple(LayerState(layer=layer, fit="fit-ae", of=of) for layer, of in states)
    uses = tuple(use.model_copy(update={"states": left}) for use in tried(*LEVELS, model=model))
    made = autoencoder(recorded=weighted(11, 12, 13))
    result = judged(autoencoder=made, recorded={"uses": uses, "models": models})["4.levels"]
    assert result.outcome is (PASSED if counts else NOT_ATTEMPTED)


def test_ten_images_are_enough():
    assert judged(recorded={"uses": tried(*LEVELS, rows=10)})["4.levels"].outcome is PASSED


def test_what_was_not_told_on_ten_images_costs_nothing_beside_what_was():
    (one,) = tried(0.4, rows=10)
    unknown = one.model_copy(update={"x": images(shape=(10, 784), source=None, rows=None)})
    result = judged(recorded={"uses": (*tried(0.05, 0.1, 0.2, rows=10), unknown)})["4.levels"]
    assert result.outcome is PASSED
    assert judged(recorded={"uses": (unknown,)})["4.levels"].outcome is NOT_ATTEMPTED


@pytest.mark.parametrize(("rows", "outcome"), [(10, Outcome.MANUAL), (100, PARTIAL)])
def test_small_batches_that_were_not_all_looked_at_are_for_a_person(rows, outcome):
    uses = tried(*[0.05] * FEW_NOTED, rows=rows)
    result = judged(recorded={"uses": uses})["4.levels"]
    assert (result.outcome, "uniform noise of 0.05" in result.message) == (outcome, True)


@pytest.mark.parametrize(
    ("times", "outcome"), [((5,), FAILED), ((2, 3), FAILED), ((4,), Outcome.MANUAL), ((), Outcome.MANUAL)]
)
def test_clean_images_once_for_each_intensity_are_a_mistake(times, outcome):
    """Where the loop draws noise, but what it gives the autoencoder has none."""
    clean = images(shape=(10_000, 784), source="x_test", noise=None)
    uses = tuple(tried(0.1)[0].model_copy(update={"x": clean, "times": count}) for count in times)
    drawn = (SourceRecord(where=WHERE, text="noisy = x_test + np.random.uniform(-p, p, x_test.shape)"),)
    result = judged(recorded={"uses": uses, "sources": drawn})["4.levels"]
    assert result.outcome is outcome
    assert ("the clean test images again and again" in result.message) is (outcome is FAILED)


def test_another_uniform_noise_is_for_a_person_and_an_unknown_one_is_not():
    """The assignment does not say whether its noise goes from -P or from 0."""
    uses = tuple(use.model_copy(update={"x": images(source=None, rows=None)}) for use in tried(0.1))
    drawn = (SourceRecord(where=WHERE, text="noisy = x_test + p * np.random.rand(10000, 784)"),)
    result = judged(recorded={"uses": uses, "sources": drawn})["4.levels"]
    assert (result.outcome, result.points) == (Outcome.MANUAL, None)
    result = judged(recorded={"uses": uses})["4.levels"]
    assert (result.outcome, "not recognised as uniform" in result.message) == (PARTIAL, True)


@pytest.mark.parametrize("clipped", [True, False])
def test_uniform_noise_may_go_from_zero(clipped):
    """The report drew so, and the assignment does not say."""
    result = judged(recorded={"uses": tried(*LEVELS, clipped=clipped, from_zero=True)})["4.levels"]
    assert (result.outcome, result.points) == (PASSED, 0.5)
    assert "from 0 to P; the harness's own curve is of -P to P" in result.message
    assert "from 0" not in judged()["4.levels"].message


def test_the_assignment_s_own_autoencoder_passes_whatever_luck_gave():
    result = judged(reconstruction=reconstruction(removed=0.1), autoencoder=autoencoder(identical=True))[
        "4.removed"
    ]
    assert (result.outcome, result.judged.identity) == (PASSED, True)


def test_a_classifier_on_decoded_images_is_not_judged_by_its_accuracy():
    assert judged(on_codes=on_codes(codes(784, model=5)))["5.accuracy"].outcome is not PASSED


FRESH = ModelRecord(
    uid=6, name="encoder", kind="functional",
    layers=(image_input(784), dense(196, name="code").model_copy(update={"params": 153_860})),
)  # fmt: skip
UNKNOWN = "its layer `code` starts from weights that no fit of this work left"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"autoencoder": autoencoder(x=noisy(clipped=False))}, "not-clipped"),
        ({"autoencoder": autoencoder(y=noisy())}, "noise-on-target"),
        ({"autoencoder": autoencoder(x=noisy("uniform"))}, "test-noise-in-training"),
        ({"autoencoder": autoencoder(autoencoder_facts(784, 784))}, "no-bottleneck"),
        ({"on_codes": on_codes(codes(784, model=5))}, "decoded-not-codes"),
        ({"on_codes": on_codes(codes(trained=False)), "recorded": {"models": (FRESH,)}}, "encoder-untrained"),
        ({"on_pixels": on_pixels(data=complete().recording.fits[2].data.model_copy(
            update={"x": images(shape=(60_000, 784), high=255.0, scale=1.0)}))}, "not-rescaled"),
    ],
)  # fmt: skip
def test_a_mistake_has_its_finding_and_a_right_hand_in_has_none(changes, code):
    assert [finding.code for finding in find(HW5, complete())] == []
    assert code in [finding.code for finding in find(HW5, complete(**changes))]


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
        assert (results[check].outcome, results[check].points) == (Outcome.MANUAL, None)
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
        ({"changed": True}, Outcome.MANUAL, "labels train these layers too, so that its codes are no longer"),
        ({"known": False}, Outcome.MANUAL, "their weights are not known here"),
        ({"fit": "fit-other", "of": (90,)}, FAILED, "not those of the trained autoencoder"),
        ({"of": (2, 3)}, FAILED, "images that the decoder drew"),
        ({"values": 256}, FAILED, "taken at another layer"),
    ],
)
def test_what_stands_under_it_decides(changes, outcome, said):
    result = judged(on_codes=stacked(**changes))["5.inputs"]
    assert (result.outcome, said in result.message) == (outcome, True), result.message


@pytest.mark.parametrize(("at_random", "outcome"), [(True, Outcome.MANUAL), (False, FAILED)])
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
        assert (results[check].outcome, results[check].points) == (Outcome.MANUAL, None)
        assert "were computed from what a network of yours predicts, as by a scaler" in results[check].message
    passed = ("5.layers", "5.settings", "6.same", "6.difference")
    assert [results[check].outcome for check in passed] == [PASSED] * 4
    assert judged(on_codes=given, on_pixels=None)["6.same"].outcome is NOT_ATTEMPTED


@pytest.mark.parametrize(("on_codes", "outcome"), [(0.89, PASSED), (0.67, Outcome.MANUAL)])
def test_a_comparison_without_callbacks_says_so_and_costs_nothing_by_itself(on_codes, outcome):
    said = "Both were trained without your EarlyStopping, for 100 epochs each."
    result = judged(codes=compared(codes=(on_codes,) * 5, notes=(said,)))["6.difference"]
    assert (result.outcome, said in result.message) == (outcome, True), result.message


def test_the_scorecard_shows_losses_errors_and_the_classifier():
    made = complete()
    result = build_result(HW5, made, run_checks(HW5, made), ())
    assert [(plot.task, plot.title) for plot in result.plots] == [
        ("3", "Loss per epoch"),
        ("4", "Reconstruction loss against uniform noise"),
        ("4", "Gain over the noisy image"),
        ("6", "The same classifier on pixels and on codes"),
    ]
    assert "+1.6 percentage points on average, 95 % interval +0.3 to +2.9" in result.plots[-1].note
    (gallery,) = result.galleries
    assert [row.label for row in gallery.rows][:3] == [
        "raw", "noisy, level 0.05", "denoised, level 0.05, loss 0.0040 to 0.0060",
    ]  # fmt: skip
    assert (result.assignment.dataset, result.assignment.telling[0]) == ("fashion_mnist", "decoded-not-codes")


def test_without_measurements_there_are_no_figures():
    made = complete(reconstruction=None, codes=None, autoencoder=autoencoder(runs=()))
    assert (tuple(HW5.module("figures").plots(made)), tuple(HW5.module("figures").galleries(made))) == ((), ())


def test_the_reference_of_task_4_computes_what_the_harness_measures():
    """Its own noise and its own error, on an autoencoder that dims: as the harness has them, but for the draw."""
    spec, reference = HW5.measurements.reconstruction, HW5.module("evaluation")
    grey = np.random.default_rng(2).integers(0, 256, (500, 28, 28), dtype=np.uint8)
    clean = grey.reshape(500, 784).astype("float32") / 255
    dimming = SimpleNamespace(predict=lambda images, verbose: images / 2, reconstruct=lambda images: images / 2)
    levels = list(spec.levels)
    made = reconstructions(dimming, SimpleNamespace(x_test=grey), spec.noise, levels, 500, 1, 0)
    for level, noisy, denoised in zip(levels, made["error_noisy"], made["error_denoised"], strict=True):
        seen = reference.uniform_noise(clean, level)
        assert (seen.dtype, seen.min() >= 0, seen.max() <= 1) == (np.float32, True, True)
        assert ((seen - clean) ** 2).mean() == pytest.approx(noisy.mean(), rel=0.01)
        losses = reference.losses(dimming, clean, level)
        assert (losses.shape, losses.mean()) == ((500,), pytest.approx(denoised.mean(), rel=0.01))
