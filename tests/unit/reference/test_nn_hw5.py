"""The checks, findings and figures of the second assignment: every outcome of every check, on built evidence."""

import pytest
from evidence import (
    FAILED,
    NOT_ATTEMPTED,
    NOT_MEASURED,
    PARTIAL,
    PASSED,
    chain,
    data,
    dense,
    image_input,
    images,
    layer,
    layer_facts,
)
from hw5 import (
    FLAT,
    FRESH,
    GAUSSIAN,
    HW5,
    LEVELS,
    autoencoder,
    autoencoder_facts,
    changed,
    classifier_facts,
    codes,
    compared,
    complete,
    held_out,
    judged,
    noisy,
    on_codes,
    on_pixels,
    reconstruction,
    tried,
    with_layers,
    without,
)

from harness.evidence import Unmeasured
from harness.findings import find
from harness.plugin import run_checks
from harness.recording import Rows
from harness.results import Cause
from harness.scoring import build_result


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


def diverging(*val_loss):
    """An autoencoder whose loss is no number after these."""
    made = autoencoder()
    curve = made.evidence.runs[0].curve.model_copy(update={"val_loss": val_loss, "diverged": True})
    return autoencoder(runs=(made.evidence.runs[0].model_copy(update={"curve": curve}),))


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
        "was trained 5 times here: the difference is −20.0 percentage points on average (−20.0, −19.0,",
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


def squared(layer):
    """Images of 28 by 28 at the end."""
    return [layer, layer_facts("Reshape")] if layer.units == 784 else [layer]


@pytest.mark.parametrize("make", [leaky, squared])
def test_the_same_layers_in_other_words_are_right(make):
    result = judged(autoencoder=autoencoder(with_layers(autoencoder_facts(), make)))["2.layers"]
    assert result.outcome is PASSED, result.message


def test_a_training_that_ends_early_has_learned():
    """A callback ended it: its curve is shorter than its epochs, and of numbers."""
    result = judged(autoencoder=autoencoder(val_loss=(0.03, 0.02)))["3.learns"]
    assert result.outcome is PASSED, result.message


def test_a_noise_layer_costs_what_noise_that_is_not_clipped_costs():
    """Whether Keras adds it or the hand-in does."""
    layered = judged(autoencoder=noising(("GaussianNoise", {"stddev": 0.1})))["3.noisy-to-clean"]
    by_hand = judged(autoencoder=autoencoder(x=noisy(clipped=False)))["3.noisy-to-clean"]
    assert (layered.points, layered.message, layered.hint) == (by_hand.points, by_hand.message, by_hand.hint)
    assert "first layers add" in layered.measurements[0].how


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"autoencoder": autoencoder(x=noisy(clipped=False))}, "not-clipped"),
        ({"autoencoder": noising(("GaussianNoise", {"stddev": 0.1}))}, "not-clipped"),
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
