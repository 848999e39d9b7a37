"""Task 4 of the second assignment: which noise its autoencoder is tried on."""

from types import SimpleNamespace

import numpy as np
import pytest
from evidence import FAILED, MANUAL, NOT_ATTEMPTED, PARTIAL, PASSED, WHERE, chain, dense, image_input, images
from hw5 import (
    HW5,
    LEVELS,
    autoencoder,
    judged,
    reconstruction,
    tried,
)

from harness.recording import FEW_NOTED, LayerState, ModelRecord, SourceRecord
from harness.training.trained import reconstructions

ON_FEW = "noisy = x_test[:5] + "


@pytest.mark.parametrize(("drawn", "outcome"), [
    ("np.random.uniform(-p, p, size=(5, 784))", MANUAL),
    ("p * np.random.random((5, 784))", MANUAL),
    ("p * (2 * rng.random(x.shape) - 1)", MANUAL),
    ("p * np.random.random_sample(size=(5, 784))", MANUAL),
    ("p * np.random.ranf((5, 784))", MANUAL),
    ("tf.random.uniform((5, 784), 0, p)", MANUAL),
    ("p * np.random.normal(size=(5, 784))", NOT_ATTEMPTED),
    ("(np.random.random((5, 784)) < p)", NOT_ATTEMPTED),
    ("random.random()", NOT_ATTEMPTED),
])  # fmt: skip
def test_noise_on_a_few_images_is_for_a_person(drawn, outcome):
    """On fewer than ten it is not told."""
    sources = (SourceRecord(where=WHERE, text=ON_FEW + drawn),)
    result = judged(recorded={"uses": (), "sources": sources})["4.levels"]
    assert (result.outcome, result.points) == (outcome, None if outcome is MANUAL else 0)
    assert ("fewer than ten at a time are not looked at" in result.message) is (outcome is MANUAL)


def test_other_noise_on_ten_images_beside_numbers_that_are_drawn_evenly_costs_nothing():
    """An ordinary figure of task 3's noise, and uniform noise on fewer images than are looked at."""
    sources = (SourceRecord(where=WHERE, text=ON_FEW + "np.random.uniform(-p, p, size=(5, 784))"),)
    uses = tried(0.1, kind="gaussian", rows=10)
    assert judged(recorded={"uses": uses, "sources": sources})["4.levels"].outcome is MANUAL
    assert judged(recorded={"uses": tried(0.1, kind="gaussian"), "sources": sources})["4.levels"].outcome is FAILED


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


@pytest.mark.parametrize(
    ("levels", "outcome"),
    [((0.05, 0.1, 0.2, 0.3), PASSED), ((0.05, 0.1, 0.2), MANUAL), ((0.1,), MANUAL)],
)
def test_what_was_not_told_on_ten_images_costs_nothing_beside_what_was(levels, outcome):
    (one,) = tried(0.4, rows=10)
    unknown = one.model_copy(update={"x": images(shape=(10, 784), source=None, rows=None)})
    result = judged(recorded={"uses": (*tried(*levels, rows=10), unknown)})["4.levels"]
    assert result.outcome is outcome
    assert judged(recorded={"uses": (unknown,)})["4.levels"].outcome is NOT_ATTEMPTED


@pytest.mark.parametrize(("rows", "outcome"), [(10, MANUAL), (100, PARTIAL)])
def test_small_batches_that_were_not_all_looked_at_are_for_a_person(rows, outcome):
    uses = tried(*[0.05] * FEW_NOTED, rows=rows)
    result = judged(recorded={"uses": uses})["4.levels"]
    assert (result.outcome, "uniform noise of 0.05" in result.message) == (outcome, True)


@pytest.mark.parametrize(("times", "outcome"), [((5,), FAILED), ((2, 3), FAILED), ((4,), MANUAL), ((), MANUAL)])
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
    assert (result.outcome, result.points) == (MANUAL, None)
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
