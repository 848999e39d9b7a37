"""Saved models in a grading run that are not taken as they come: false claims, other inputs, refused layers."""

import numpy as np
import pytest
import saved
from evidence import fit
from unit.saved_models_sample import A7, answered, found, graded

from harness import findings
from harness.allowlist import Refused
from harness.checking import NotAttempted, NotMeasured, require_network
from harness.measure import saved_models
from harness.recording import FitRecord
from harness.results import Cause

# --- what the worker claims


def test_a_claimed_name_of_any_length_makes_no_name_of_a_fit(tmp_path):
    saved.write_keras(tmp_path / "model.keras", saved.mlp(), saved.mlp_weights())
    assert answered(graded(tmp_path, id="x" * 300)) == {"2C": ("saved-1-2C",)}


def test_a_recorded_fit_of_the_same_name_stays_what_it_is(tmp_path):
    saved.write_keras(tmp_path / "model.keras", saved.mlp(), saved.mlp_weights())
    made = graded(tmp_path, fits=[FitRecord(id="saved-1-2C", model=1, epochs=1)], kind="notebook")
    assert answered(made) == {"2C": ("saved-1-2C-2",)}


def test_weights_that_are_named_twice_are_not_sent_twice(tmp_path):
    saved.write_keras(tmp_path / "model.keras", saved.mlp(), saved.mlp_weights())
    weights = graded(tmp_path).recording.saved_models[0].weights
    (model,) = graded(tmp_path, weights=(max(weights, key=len),) * len(weights)).saved_models
    assert (model.fault, model.problem) == ("not_measured", "names the same weights for several layers")


# --- what does not fit, or is refused


def one_layer(folder, *layers, weights=None):
    saved.write_keras(folder / "model.keras", saved.sequential(*layers, compiled=saved.COMPILED), weights or {})
    return graded(folder)


@pytest.mark.parametrize(
    ("shape", "units", "told"),
    [
        ((None, 28, 28, 1), 11, ("(11,)", "(10,)")),
        ((None, 32, 30, 1), 10, ("(32, 30, 1)", "(28, 28, 1)")),
        ((None, 20), 10, ("(20,)", "(784,)")),
    ],
)
def test_other_inputs_and_outputs_are_named_beside_those_expected(tmp_path, shape, units, told):
    flat = saved.layer("Flatten", {"name": "f"})
    made = one_layer(tmp_path, saved.entry(shape), flat, saved.dense(units, "d"))
    assert found(made) == ["saved-model-not-measured"]
    for words in told:
        assert words in made.saved_models[0].problem


def test_weights_of_another_shape_or_not_finite(tmp_path):
    layers = (saved.entry(), saved.layer("Flatten", {"name": "f"}), saved.dense(10, "d"))
    for values in (np.zeros((7, 10)), np.full((784, 10), np.nan)):
        made = one_layer(tmp_path, *layers, weights={"dense": [values, np.zeros(10)]})
        assert made.saved_models[0].fault == "not_measured"
        assert "weights" in made.saved_models[0].problem


def test_a_lambda_is_refused_by_name(tmp_path):
    made = one_layer(tmp_path, saved.entry(), saved.layer("Lambda", {"name": "shift"}), saved.dense(10, "d"))
    (finding,) = findings.find(A7, made)
    assert finding.code == "saved-model-refused"
    assert finding.message.startswith("model.keras cannot be rebuilt: `Lambda` (shift)")
    assert finding.where.file == "model.keras"
    with pytest.raises(NotMeasured) as ending:
        require_network(made, "2C", "network")
    assert ending.value.cause is Cause.REFUSED


def test_a_bad_file_costs_nothing_beside_a_fit(tmp_path):
    (tmp_path / "model.keras").write_bytes(b"<html>")
    made = graded(tmp_path, fits=[fit()], kind="notebook")
    assert found(made) == ["saved-model-unreadable"]
    with pytest.raises(NotAttempted):
        require_network(made, "3A", "network")


def test_a_model_that_was_not_handed_in_is_left_out(tmp_path):
    saved.write_keras(tmp_path / "model.keras", saved.mlp(), saved.mlp_weights())
    made = graded(tmp_path, files=["assignment.ipynb"])
    assert (made.saved_models, answered(made)) == ((), {})


def test_a_network_of_too_many_operations_is_not_evaluated(tmp_path, monkeypatch):
    monkeypatch.setattr(saved_models, "OPERATIONS", 1e6)
    saved.write_keras(tmp_path / "model.keras", saved.mlp(), saved.mlp_weights())
    (model,) = graded(tmp_path).saved_models
    assert (model.fault, model.accuracy) == ("not_measured", None)


# --- inputs that are images


@pytest.mark.parametrize(
    ("shape", "pad", "channels"),
    [
        ((784,), 0, 1),
        ((28, 28), 0, 1),
        ((28, 28, 1), 0, 1),
        ((1, 28, 28), 0, 1),
        ((32, 32, 1), 2, 1),
        ((28, 28, 3), 0, 3),
        ((32, 32, 3), 2, 3),
    ],
)
def test_images_in_the_shape_that_a_model_takes(shape, pad, channels):
    ranges = saved_models.images_as(shape)
    assert [(one.scale, one.offset) for one in ranges] == [(1 / 255, 0.0), (2 / 255, -1.0), (1.0, 0.0)]
    assert {(one.shape, one.pad, one.channels) for one in ranges} == {((None, *shape), (pad,) * 4, channels)}


@pytest.mark.parametrize("shape", [(), (10,), (27, 27), (29, 29), (28, 28, 2), (96,), (80, 80)])
def test_no_image_has_such_a_shape(shape):
    with pytest.raises(Refused, match="takes inputs of shape"):
        saved_models.images_as(shape)
