"""The checks, findings and figures of the second assignment: every outcome of every check, on built evidence."""

import pytest
from evidence import WHERE, chain, data, dense, image_input, images, layer
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
    tried,
)

from harness.evidence import Unmeasured
from harness.findings import find
from harness.plugin import run_checks
from harness.recording import FEW_NOTED, LayerState, ModelRecord, Noise, Rows, SourceRecord
from harness.results import Cause, Outcome
from harness.scoring import build_result

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


def validated(on):
    made = autoencoder()
    return autoencoder(recorded={"data": made.record.data.model_copy(update={"validation_x": on})})


def noising(*before, x=FLAT):
    """An autoencoder on clean images, with these layers before its first one with weights."""
    first = (layer(name, config) for name, config in before)
    weights = (dense(units).model_copy(update={"params": 9}) for units in (196, 784))
    return autoencoder(recorded=chain(image_input(784), *first, *weights), x=x)


CASES = [
    ("2.layers", {"autoencoder": autoencoder(autoencoder_facts(512, 196, 512))}, FAILED, "are 512-196-512-784"),
    ("2.layers", {"autoencoder": autoencoder(autoencoder_facts(normalised=False))}, PARTIAL, "0 of Batch"),
    ("2.layers", {"autoencoder": autoencoder(softmax_inside())}, PARTIAL, "dense layers inside with softmax"),
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
        {"autoencoder": noising(("GaussianNoise", {"stddev": 0.1, "seed": None}))},
        PARTIAL,
        "normal noise, but it is not clipped to",
    ),
    (
        "3.noisy-to-clean",
        {"autoencoder": noising(("GaussianNoise", {"stddev": 0.5}))},
        PARTIAL,
        "its factor is 0.50 and not 0.1 and it is not clipped",
    ),
    (
        "3.noisy-to-clean",
        {"autoencoder": noising(("Dropout", {"rate": 0.2}))},
        PARTIAL,
        "a `Dropout` layer leaves out some values",
    ),
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
    ("3.learns", {"autoencoder": autoencoder(val_loss=(0.03, 0.02))}, FAILED, "0.0300 after the first"),
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
    ("5.layers", {"on_codes": on_codes(facts=classifier_facts(100))}, PARTIAL, "9,002 parameters"),
    ("5.settings", {"on_codes": on_codes(epochs=2)}, PARTIAL, "for 2 epochs"),
    ("5.settings", {"on_codes": on_codes(epochs=2, batch_size=32)}, FAILED, "for 2 epochs (asked: 100) and in"),
    ("5.settings", {"on_codes": on_codes(trained_by=("SGD", {}))}, PARTIAL, "by SGD"),
    ("5.settings", {"on_codes": on_codes(loss=("MeanSquaredError", {}))}, PARTIAL, "loss MeanSquaredError"),
    ("5.settings", {"on_codes": on_codes(data=data(x=codes(), validation_x=None))}, PARTIAL, "no images held out"),
    ("5.accuracy", {"on_codes": on_codes(accuracy=0.7)}, FAILED, "70.00%"),
    ("6.same", {"on_pixels": on_pixels(classifier_facts(784, 128, 64))}, FAILED, "its layers are others"),
    ("6.same", {"on_pixels": on_pixels(epochs=10)}, FAILED, "for 10 epochs and not 100"),
    ("6.same", {"on_pixels": on_pixels(data=data(x=noisy()))}, FAILED, "its images are noisy"),
    (
        "6.difference",
        {"codes": compared(difference=-0.2)},
        FAILED,
        "was trained 5 times here: the difference is -20.0",
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


def test_a_noise_layer_costs_what_noise_that_is_not_clipped_costs():
    """Whether Keras adds it or the hand-in does."""
    layered = judged(autoencoder=noising(("GaussianNoise", {"stddev": 0.1})))["3.noisy-to-clean"]
    by_hand = judged(autoencoder=autoencoder(x=noisy(clipped=False)))["3.noisy-to-clean"]
    assert (layered.points, layered.message, layered.hint) == (by_hand.points, by_hand.message, by_hand.hint)
    assert "first layers add" in layered.measurements[0].how


def test_a_classifier_on_decoded_images_is_not_judged_by_its_accuracy():
    assert judged(on_codes=on_codes(codes(784, model=5)))["5.accuracy"].outcome is not PASSED


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"autoencoder": autoencoder(x=noisy(clipped=False))}, "not-clipped"),
        ({"autoencoder": noising(("GaussianNoise", {"stddev": 0.1}))}, "not-clipped"),
        ({"autoencoder": autoencoder(y=noisy())}, "noise-on-target"),
        ({"autoencoder": autoencoder(x=noisy("uniform"))}, "test-noise-in-training"),
        ({"autoencoder": autoencoder(autoencoder_facts(784, 784))}, "no-bottleneck"),
        ({"on_codes": on_codes(codes(784, model=5))}, "decoded-not-codes"),
        ({"on_codes": on_codes(codes(trained=False))}, "encoder-untrained"),
        ({"on_pixels": on_pixels(data=complete().recording.fits[2].data.model_copy(
            update={"x": images(shape=(60_000, 784), high=255.0, scale=1.0)}))}, "not-rescaled"),
    ],
)  # fmt: skip
def test_a_mistake_has_its_finding_and_a_right_hand_in_has_none(changes, code):
    assert [finding.code for finding in find(HW5, complete())] == []
    assert code in [finding.code for finding in find(HW5, complete(**changes))]


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
