"""Every check of dat405_a7 on hand-made evidence: a hand-in on which all pass, and for each check broken variants.

A variant lists the check, what it must come to, and words that its message must hold: a fault is named, not hinted.
"""

import pytest
from evidence import (
    CNN_FACTS,
    FACTORS,
    FAILED,
    GATES,
    LEVELS,
    MANUAL,
    PARTIAL,
    PASSED,
    SALT,
    WHERE,
    autoencoder,
    autoencoder_facts,
    cleaned,
    cnn,
    complete,
    data,
    denoising,
    fit,
    gate,
    generation,
    images,
    labels,
    layer_facts,
    mlp,
    model_facts,
    network,
    noise,
    sweep,
    use,
)
from unit.reference.checks_sample import (
    ASSIGNMENT,
    BROKEN_AE,
    CLEAN,
    L2,
    LITTLE,
    NONE,
    NOTHING,
    POOR,
    UNTOLD,
    ae_fit,
    beginning_with,
    continued,
    failing,
    results,
    swept,
    why,
    with_dense,
    with_loss,
)

from harness.evidence import Match
from harness.plugin import run_checks
from harness.recording import CellError, Noise, SourceRecord
from harness.results import Cause
from harness.training.arrays_spec import NOT_MADE

HARDLY = {**GATES, "4C.gain.3A": gate("4C", -0.02, 0.04, measure="gain", difference=True, partial_from=0.0)}
"""Correct solutions gain so little that no gain would do."""


def with_x(**changes):
    return {"mlp": mlp(data=data(x=images(**changes)))}


def with_y(**changes):
    return {"mlp": mlp(data=data(y=labels(**changes)))}


def optimized(name, batch_size=128, **arguments):
    return {"mlp": network(fit(batch_size=batch_size), optimizer=(name, arguments))}


def untrained(problem, cause):
    return network(fit(), accuracies=(), problem=problem, cause=cause)


def grown():
    """Report B: one Sequential before the loop, four layers more on each pass."""
    stacks, before = [], ()
    for number, factor in enumerate(FACTORS, 1):
        made = sweep((factor,), 1, {"units": (300, 500) * number}, id=f"pass-{number}", previous=before)
        stacks, before = [*stacks, *made], (*before, f"pass-{number}")
    return {"sweep": tuple(stacks)}


LOST_LEVELS = {
    "errors": (CellError(where=WHERE, type="NameError", message="no such name"),),
    "sources": (SourceRecord(where=WHERE.model_copy(update={"line": None}), text="for noise in levels: ..."),),
}
UNMADE = {"accuracies": (), "problem": f"such inputs {NOT_MADE}", "cause": Cause.REFUSED}
UNMADE_CLASSIFIERS = {"mlp": network(fit(), **UNMADE), "cnn": None, **BROKEN_AE}
UNMADE_AE = {"autoencoder": autoencoder(problem=f"such inputs {NOT_MADE}", cause=Cause.REFUSED), **BROKEN_AE}

VARIANTS = {
    "1.images": [
        (with_x(high=255.0, scale=1.0), FAILED, "between 0 and 255: they were divided by 255 not at all"),
        (with_x(high=1 / 255, scale=1 / 255**2), FAILED, "divided by 255 more than once"),
        (with_x(low=-1.0, scale=2 / 255, offset=-1.0), FAILED, "between -1 and 1: that is another range"),
        (with_x(low=None, high=None), FAILED, "not finite"),
        (with_x(shape=(60_000, 784)), PARTIAL, "the shape is (n, 784) and not (n, 28, 28, 1)"),
        (with_x(dtype="float64"), PARTIAL, "the type is float64 and not float32"),
        ({"mlp": mlp(data=data(x=None))}, UNTOLD, "The images did not reach fit as arrays"),
    ],
    "1.labels": [
        (with_y(encoding="one_hot_twice", shape=(60_000, 10, 2)), FAILED, "twice: their shape is (n, 10, 2)"),
        (with_y(labels_match=0.1), FAILED, "54,000 of 60,000 labels do not belong to their image"),
        (with_y(labels_match=1 - 1e-9), FAILED, "1 of 60,000 labels"),
        (with_y(encoding="labels", shape=(60_000,)), PARTIAL, "integers and not one-hot rows"),
        (with_y(shape=(60_000, 11)), FAILED, "the shape (n, 11) and are not one-hot rows of 10"),
    ],
    "2A.layers": [
        (with_dense(64, 32, 10), FAILED, "The dense layers are 64 relu – 32 relu – 10 softmax; asked are 64 relu"),
        (with_dense(64, 10, activations=("relu", "softmax")), FAILED, "64 relu – 10 softmax; asked"),
        (with_dense(64, 64, 10, activations=("tanh", "relu", "softmax")), PARTIAL, "the activations are 64 tanh"),
        (with_dense(64, 64, 10, activations=("linear", "linear", "softmax")), PARTIAL, "64 linear – 64 linear"),
    ],
    "2A.parameters": [(with_dense(64, 64, 10), FAILED, "It has 3 parameters; 784·64+64")],
    "2B.loss": [
        (with_loss("MeanSquaredError", 0.97), FAILED, "is not −Σ y·log p: it differs by up to 0.97"),
        (with_loss("BinaryCrossentropy", 1.1e-5), FAILED, "differs by up to 1.1e-05"),
        (with_loss("Hinge", None), FAILED, "Hinge cannot be computed on one-hot labels"),
        (with_loss(None, None), FAILED, "The loss none cannot be computed"),
    ],
    "2C.epochs": [
        ({"mlp": mlp(epochs=2)}, FAILED, "trained for 2 epochs; 10 are asked"),
        ({"mlp": mlp(epochs=11)}, FAILED, "trained for 11 epochs"),
    ],
    "2C.optimizer": [
        (optimized("SGD", learning_rate=0.01), PARTIAL, "learning rate 0.01 (asked: 0.1)"),
        (optimized("Adam"), PARTIAL, "Adam (asked: SGD)"),
        (optimized("SGD", 32, learning_rate=0.1), PARTIAL, "batches of 32 (asked: 128)"),
        (optimized("Adam", 32), FAILED, "batches of 32 (asked: 128) and Adam (asked: SGD)"),
    ],
    "2C.accuracy": [
        ({"mlp": mlp(0.95)}, FAILED, "was trained once here: 95.00%"),
        ({"gates": {}}, MANUAL, "a person decides"),
        ({"mlp": untrained("it is too large", Cause.REFUSED)}, UNTOLD, "could not be trained: it is too large"),
        ({"mlp": failing()}, UNTOLD, "The fit fails: ValueError: shapes differ"),
    ],
    "2C.curves": [
        ({"mlp": mlp(metrics=())}, FAILED, "no accuracy metric is compiled"),
        ({"mlp": mlp(data=data(validation_x=None, validation_y=None))}, FAILED, "fit is given no validation data"),
        ({"mlp": failing()}, UNTOLD, "The fit fails: ValueError: shapes differ"),
    ],
    "2D.hidden-units": [
        (swept(facts={"units": (300, 500)}), FAILED, "The hidden layers are 300-500; asked are 500-300"),
        (swept(facts={"units": (64, 64, 500, 300), "regularizers": (L2,) * 4}), FAILED, "64-64-500-300"),
        (grown(), FAILED, "has grown to"),
    ],
    "2D.weight-decay": [
        (swept(facts={"regularizers": (("activity L2 0.0001",),) * 2}), FAILED, "activity_regularizer punishes"),
        (swept(facts={"regularizers": (("kernel L1 0.0001",),) * 2}), FAILED, "L1 is not weight decay"),
        (swept(facts={"regularizers": (("kernel L1L2 0.1 0.1",),) * 2}), FAILED, "L1 is not weight decay"),
        (swept(facts={"regularizers": (NONE, NONE)}), FAILED, "No layer has weight decay"),
        (swept(facts={"regularizers": (L2, NONE)}), FAILED, "Only some of the hidden layers"),
        (swept(facts={"regularizers": (NONE, NONE), "output": L2}), FAILED, "None of the hidden layers have"),
        (swept(facts={"output": L2}), PARTIAL, "the output layer is regularised too"),
    ],
    "2D.factors": [
        (swept(factors=FACTORS[:4]), PARTIAL, "4 factors are trained in fresh networks"),
        (swept(factors=FACTORS[:1]), FAILED, "1 factor is trained in fresh networks"),
        (swept(factors=(*FACTORS[:4], 0.01)), FAILED, "0.01 lies outside 1e-6 … 1e-3"),
        (swept(factors=(1e-5,) * 5, replicates=1), FAILED, "1 factor is trained in fresh networks"),
        (swept(factors=FACTORS[:1], replicates=1, error="ValueError: no"), UNTOLD, "The fit fails: ValueError: no"),
    ],
    "2D.replicates": [
        (swept(replicates=1), FAILED, "the factor with fewest has 1 fresh network, 3 are asked"),
        (swept(replicates=2), FAILED, "2 fresh networks"),
        (continued(), FAILED, "10 of 15 fits go on training an earlier model"),
        (swept(factors=FACTORS[:1], replicates=1, error="ValueError: no"), UNTOLD, "The fit fails: ValueError: no"),
    ],
    "2D.epochs": [
        (swept(epochs=2), FAILED, "trained for 2 epochs; 40 are asked"),
        (continued(), FAILED, "is trained 3 times: its layers see 120 epochs"),
    ],
    "3A.convolution": [
        ({"cnn": cnn(facts=model_facts((layer_facts("Conv2DTranspose", 3, "relu"), *CNN_FACTS[2:])))}, FAILED,
         "None of its layers is a two-dimensional convolution"),
        ({"cnn": None}, NOTHING, "No network with a convolutional layer trained on the labels was found"),
    ],
    "3A.accuracy": [
        ({"cnn": cnn(0.98)}, PARTIAL, "was trained once here: 98.00%"),
        ({"cnn": cnn(0.96)}, FAILED, "98.90% is needed"),
        ({"gates": {"2C.accuracy": GATES["2C.accuracy"]}}, MANUAL, "a person decides"),
    ],
    "4A.parameters": [({"autoencoder": autoencoder(autoencoder_facts(128, 64, 128))}, FAILED, "has 226,416")],
    "4A.bottleneck": [
        ({"autoencoder": autoencoder(autoencoder_facts(128, 64, 128))}, PARTIAL, "The bottleneck has 64 values"),
        ({"autoencoder": autoencoder(autoencoder_facts(1000, 900))}, FAILED, "No layer is narrower than the image"),
    ],
    "4A.noisy-to-clean": [
        ({"autoencoder": autoencoder(x=images(**CLEAN))}, FAILED, "The inputs are clean"),
        ({"autoencoder": autoencoder(y=images(noise=SALT, **CLEAN))}, FAILED, "The targets are noisy"),
        ({"autoencoder": autoencoder(x=images(noise=Noise(kind="salt_and_pepper", level=0.1), **CLEAN))}, PARTIAL,
         "salt and pepper noise of level 0.10; 0.4 is asked"),
        ({"autoencoder": autoencoder(x=images(noise=Noise(kind="gaussian", level=0.4), **CLEAN))}, PARTIAL, "gaus"),
        ({"autoencoder": autoencoder(x=images(source=None, **CLEAN))}, UNTOLD, "could not be recognised"),
        (beginning_with("GaussianNoise", stddev=0.4), PARTIAL, "have gaussian noise of level 0.40; 0.4 is asked"),
        (beginning_with("Dropout", rate=0.4), PARTIAL, "a `Dropout` layer leaves out some values"),
    ],
    "4A.training": [
        (ae_fit(epochs=2), PARTIAL, "It is trained for 2 epochs (asked: 32)."),
        (ae_fit(batch_size=128), PARTIAL, "in batches of 128 (asked: 64)"),
        ({"autoencoder": autoencoder(optimizer=("SGD", {}))}, PARTIAL, "by SGD (asked: Adam)"),
        ({"autoencoder": autoencoder(loss=("MeanSquaredError", {}))}, PARTIAL, "the loss MeanSquaredError (asked"),
        ({"autoencoder": autoencoder(loss=None)}, PARTIAL, "with the loss categorical_crossentropy (asked"),
        (ae_fit(epochs=2, batch_size=128), FAILED, "for 2 epochs (asked: 32) and in batches of 128 (asked: 64)"),
    ],
    "4A.reconstruction": [
        ({"denoising": denoising(error_denoised=(0.2,) * 6)}, FAILED, "is 0.1200 before and 0.2000 after"),
        ({"denoising": denoising(error_denoised=(0.061,) * 6)}, FAILED, "49% of it is gone, and half is asked"),
        ({"autoencoder": autoencoder(problem="too large", cause=Cause.REFUSED), **BROKEN_AE}, UNTOLD,
         "could not be trained: too large"),
        (UNMADE_AE, MANUAL, f"could not be trained: such inputs {NOT_MADE}. A person marks it."),
        ({**BROKEN_AE, "unmeasured": why("denoising", "there is no classifier")}, UNTOLD, "there is no classifier"),
        (UNMADE_CLASSIFIERS, MANUAL, "The classifier could not be trained: such inputs"),
        ({**UNMADE_CLASSIFIERS, "cnn": cnn()}, UNTOLD, "It could not be tried"),
    ],
    "4B.identity": [({"noise": noise(changed=(0.1, *LEVELS[1:]))}, FAILED, "At level 0, 10.0% of the pixels")],
    "4B.share": [
        ({"noise": noise(changed=tuple(level / 2 for level in LEVELS), masks=(9,) * 6)}, PARTIAL, "level 1, 50.0%"),
        ({"noise": noise(changed=(0.4,) * 6, masks=(64,) * 6)}, FAILED, "At level 1, 40.0% of the pixels change"),
        ({"noise": noise(masks=(1,) * 6)}, FAILED, "The same pixels change in all of 64 images"),
    ],
    "4B.values": [
        ({"noise": noise(extreme=(1, 1, 0.9, 1, 1, 1))}, FAILED, "10.0% of the changed pixels are neither 0 nor 1"),
        ({"noise": noise(white=(1.0,) * 6)}, PARTIAL, "100% of the changed pixels become 1"),
        ({"noise": noise(changed=(0.0,) * 6)}, FAILED, "No pixel changes at any level"),
        ({"noise": None}, NOTHING, "No noise function was found"),
        ({"noise": noise(problem="it raised TypeError")}, UNTOLD, "`salt_and_pepper` could not be tried"),
    ],
    "4B.input-kept": [({"noise": noise(input_kept=False)}, FAILED, "changes the array that it is given")],
    "4C.gain": [
        ({"denoising": denoising(mean_gain=(0.001, -0.01, 0.012), **POOR)}, FAILED, "gains 0.1 percentage points"),
        ({"denoising": denoising(mean_gain=(-0.2, -0.21, -0.19), **POOR)}, FAILED, "gains -20.0 percentage points"),
        ({"denoising": LITTLE}, PARTIAL, "was trained once here: it gains 10.0 percentage points"),
        ({"denoising": LITTLE, "gates": {}}, MANUAL, "a person decides"),
        ({"denoising": LITTLE, "autoencoder": autoencoder(identical=True), "cnn": cnn(0.5)}, PARTIAL, "gains 10.0"),
        ({"denoising": LITTLE, "gates": HARDLY}, FAILED, "of the images that it cleaned your classifier"),
        ({"denoising": None}, UNTOLD, "It could not be measured: it was not trained"),
        ({"autoencoder": None, **BROKEN_AE}, NOTHING, "No autoencoder trained from images to images was found"),
        ({"recorded": {}}, NOTHING, "No classifier was seen to be tried on noisy images"),
        ({"recorded": {"uses": (use(),)}}, PARTIAL, "was tried on noisy images only, not on what your autoencoder"),
        ({"recorded": {"uses": (cleaned(),)}}, PARTIAL, "was tried on denoised images only"),
        ({"recorded": {"uses": (use(noise=None),)}}, NOTHING, "No classifier was seen"),
        ({"recorded": {"uses": (use(model=9),)}}, NOTHING, "No classifier was seen"),
        ({"recorded": {"uses": (use(source=None, noise=None),) * 2}}, NOTHING, "No classifier was seen"),
        (UNMADE_AE, MANUAL, "The autoencoder could not be trained: such inputs"),
        (UNMADE_CLASSIFIERS, MANUAL, "The classifier could not be trained: such inputs"),
        ({"recorded": LOST_LEVELS}, UNTOLD, "cell 4, line 3 could not run: NameError: no such name"),
    ],
    "4D.decoder": [
        ({"generation": generation(in_range=False)}, FAILED, "values outside [0, 1]"),
        ({"generation": None, "unmeasured": why("generation", "no decoder was found")}, NOTHING, "No decoder that"),
        ({"generation": None, "unmeasured": why("generation", "it is too large")}, UNTOLD, "it is too large"),
        (UNMADE_AE, MANUAL, "The autoencoder could not be trained: such inputs"),
        (UNMADE_CLASSIFIERS, MANUAL, "The classifier could not be trained: such inputs"),
    ],
    "4D.digits": [
        (UNMADE_AE, MANUAL, "The autoencoder could not be trained: such inputs"),
        (UNMADE_CLASSIFIERS, MANUAL, "The classifier could not be trained: such inputs"),
        ({"generation": generation(nearest=(0.0, 0.001, 0.1))}, FAILED, "copies of images of the data set"),
        ({"generation": generation(nearest=(0.02, 0.049, 0.06))}, FAILED, "half of them lie within 0.049 of one"),
        ({"generation": generation(recognised=0.2)}, FAILED, "your classifier recognises as digits 20%"),
        ({"generation": generation(class_entropy=0.2)}, FAILED, "few different digits"),
        ({"generation": generation(class_entropy=0.0, images=5)}, FAILED, "few different digits"),
        ({"generation": generation(in_range=False)}, UNTOLD, "an earlier check did not pass"),
    ],
}  # fmt: skip
CASES = [(name, *variant) for name, variants in VARIANTS.items() for variant in variants]
IDS = [f"{name}: {said[:40]}" for name, _, _, said in CASES]
SHOWN_ONLY = {"2D.comparison"}  # figures without points: nothing to fail on


@pytest.fixture(scope="module")
def good():
    return results()


def test_every_check_has_a_broken_variant(good):
    assert set(VARIANTS) | SHOWN_ONLY == set(good)
    assert {name for name, _, outcome, _ in CASES if outcome in (FAILED, PARTIAL)} == set(VARIANTS)
    assert all(good[name].max_points == 0 for name in SHOWN_ONLY)


def test_the_complete_hand_in_passes_every_check(good):
    assert {name: one.message for name, one in good.items() if one.outcome is not PASSED} == {}
    assert all(one.points == one.max_points for one in good.values())
    assert [name for name, one in good.items() if not one.message] == []


def test_titles_are_sentences_and_ids_stable(good):
    assert all(one.title.endswith(".") and len(one.title) < 140 for one in good.values())
    assert len({one.version for one in good.values()}) == len(good)


@pytest.mark.parametrize(("name", "changes", "outcome", "said"), CASES, ids=IDS)
def test_broken_variants(name, changes, outcome, said):
    result = results(**changes)[name]
    assert result.outcome is outcome, result.message
    assert said in result.message
    if outcome in (FAILED, PARTIAL):
        assert result.points < result.max_points
        assert (result.points > 0) == (outcome is PARTIAL)
        assert result.hint
        assert result.where is not None
    assert result.cause is not Cause.HARNESS_FAULT or "was not trained" in result.message


HINTS = [
    ("1.images", with_x(shape=(60_000, 784)), "x_train.reshape(-1, 28, 28, 1)."),
    (
        "1.images",
        {"mlp": network(fit(data=data(x=images(shape=(60_000, 784)))), model_facts((layer_facts("Dense", 64),)))},
        "reshape(-1, 28, 28, 1), and begin the network with layers.Flatten().",
    ),
    ("2C.optimizer", optimized("SGD", learning_rate=0.05), "Write compile(…, optimizer=keras.optimizers.SGD("),
    ("2C.optimizer", optimized("SGD", 64, learning_rate=0.1), "Write fit(…, batch_size=128)."),
    ("2C.optimizer", optimized("Adam", 64, learning_rate=0.1), "Write fit(…, batch_size=128) and compile(…"),
    (
        "2D.hidden-units",
        grown(),
        "Dense(500), then Dense(300), in a model that is made inside the loop.",
    ),
]


@pytest.mark.parametrize(("name", "changes", "hint"), HINTS)
def test_a_hint_is_what_is_left_to_do(name, changes, hint):
    assert hint in results(**changes)[name].hint


@pytest.mark.parametrize(
    ("accuracy", "said"), [(0.1, "hardly does better than guessing"), (0.9, "Look at the curves")]
)
def test_a_network_that_learned_nothing_is_told_so(accuracy, said):
    result = results(cnn=cnn(accuracy))["3A.accuracy"]
    assert (result.outcome, said in result.hint) == (FAILED, True)


def test_one_factor_is_not_the_best_of_several():
    alone = results(sweep=tuple(sweep(FACTORS[:1], 3)))["2D.comparison"].message
    assert alone.startswith("There is one factor, 1e-06: ") and " over 3 runs" in alone
    assert "Factor 1e-06 is best: " in results()["2D.comparison"].message


def test_4d_is_about_the_autoencoder_whose_decoder_draws():
    place = WHERE.model_copy(update={"cell": 9})
    other = autoencoder()
    other = network(other.record.model_copy(update={"id": "other", "where": place}), other.facts, ())
    made = complete(ASSIGNMENT, cnn=other)
    matches = {**made.matches, "4A": Match(task="4A", fits=("fit-ae",)), "4D": Match(task="4D", fits=("other",))}
    found = {one.id: one.where for one in run_checks(ASSIGNMENT, made.model_copy(update={"matches": matches}))}
    assert found["4D.decoder"] == found["4D.digits"] == place
    assert found["4A.bottleneck"] == WHERE
