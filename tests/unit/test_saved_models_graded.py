"""Saved models in a grading run: evaluated as submitted, and answering tasks that no fit answers."""

import io
import math
import re
from itertools import pairwise

import numpy as np
import pytest
import saved
from evidence import digits, fit, layer_facts, run
from unit.sample_results import busy

from harness import findings
from harness.allowlist import Refused
from harness.assignment import load
from harness.checking import NotAttempted, NotMeasured, require_network
from harness.dryrun import DryRun
from harness.grading import Grader
from harness.measure import saved_models
from harness.models import ModelFacts, canonical
from harness.recording import (
    FitRecord,
    Graph,
    LayerRecord,
    ModelRecord,
    NodeRecord,
    Recording,
    SavedModelRecord,
    TensorRef,
)
from harness.report import render_scorecard
from harness.results import Cause, SubmissionFacts, SubmittedFile
from harness.sandbox.base import Limits
from harness.sandbox.frames import read_frames
from harness.training.cache import RunCache
from harness.work import saved_files
from harness.worker.frames import FrameWriter
from harness.worker.saved_models import read_all

A7 = load("dat405_a7")
DIGITS = digits()
TENTH = 0.1


class Trainer:
    """Knows the shapes of chains, and computes dense ones without activations."""

    def describe(self, _recipe=None):
        return {"device": "cpu"}

    def inspect(self, spec, _loss):
        shape, layers, params = (), [], 0
        for one in spec.layers:
            last, units = (shape or (0,))[-1], one.arguments.get("units")
            if one.class_name == "InputLayer":
                entering = shape = tuple(one.arguments["batch_shape"])
                continue
            if one.class_name == "Flatten":
                shape = (math.prod(shape),)
            if one.class_name == "Conv2D":
                units, shape = (
                    one.arguments["filters"],
                    (*(side - 2 for side in shape[:2]), one.arguments["filters"]),
                )
            elif units:
                shape = (*shape[:-1], units)
            own = last * units + units if units else 0
            params += own
            made = layer_facts(one.class_name, units, one.arguments.get("activation", "linear"), params=own)
            decay = one.arguments.get("kernel_regularizer")
            texts = (f"kernel L2 {decay[1]['l2']:g}",) if decay else ()
            layers.append(made.model_copy(update={"output_shape": (None, *shape), "regularizers": texts}))
        return ModelFacts(params=params, layers=tuple(layers), input_shape=entering, output_shape=shape)

    def evaluate(self, spec, weights, x, dataset):
        assert dataset == DIGITS.name
        values = DIGITS.x_test.reshape(len(DIGITS.x_test), -1) * x.scale + x.offset
        for place in range(0, len(weights), 2):
            if values.shape[1] != len(weights[place]):
                raise Refused("its weights or the images do not fit it")
            values = values @ weights[place] + weights[place + 1]
        return values


def graded(folder, given=None, fits=(), kind="nothing", files=None, **claims):
    """The evidence on a hand-in of these files, and of these recorded fits; `claims` are what a worker that lies
    has in its records of the saved models."""
    channel = io.BytesIO()
    writer = FrameWriter(channel)
    records = tuple(one.model_copy(update=claims) for one in read_all(folder, writer))
    frames = read_frames(channel.getvalue(), Limits()).arrays
    names = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
    listed = tuple(SubmittedFile(name=name, bytes=1, sha256="0") for name in (names if files is None else files))
    recording = Recording(kind=kind, complete=True, fits=tuple(fits), saved_models=records)
    grader = Grader(A7, DIGITS, "quick", Trainer(), RunCache(None))
    submission = SubmissionFacts(name="x", sha256="0", files=listed)
    return grader.inspect(submission, DryRun(recording, dict(frames)), given)


def found(evidence):
    return [finding.code for finding in findings.find(A7, evidence)]


def answered(evidence):
    return {task: match.fits for task, match in evidence.matches.items()}


# --- what a network is worth


def test_a_network_answers_the_task_that_it_fits(tmp_path):
    saved.write_keras(tmp_path / "model.keras", saved.mlp(), saved.mlp_weights())
    made = graded(tmp_path)
    assert answered(made) == {"2C": ("saved-1-2C",)}
    (record,) = made.recording.fits
    assert (record.method, record.epochs, record.batch_size, record.where.file) == (
        "saved_model", 10, 128, "model.keras",
    )  # fmt: skip
    assert (record.data.x.source, record.data.x.scale, record.data.x.shape) == (
        "x_train", 1 / 255, (60_000, 28, 28, 1),
    )  # fmt: skip
    assert (record.data.y.encoding, record.data.validation_x.source) == ("one_hot", "x_test")
    (network,) = made.networks("2C")
    assert network.evidence.problem is None
    assert "does not say how it was trained: 10 epochs in batches of 128" in network.evidence.notes[0]
    assert "a saved model does" in made.matches["2C"].reasons[0]
    assert found(made) == []


def test_the_weights_in_the_file_are_evaluated(tmp_path):
    weights = {name: [np.zeros_like(one) for one in arrays] for name, arrays in saved.mlp_weights().items()}
    weights["dense_2"][1][3] = 1  # every image is a 3
    saved.write_keras(tmp_path / "model.keras", saved.mlp(), weights)
    (model,) = graded(tmp_path).saved_models
    assert model.accuracy == pytest.approx(float((DIGITS.y_test == 3).mean()))
    assert (model.images, model.facts.params, model.fault) == (len(DIGITS.y_test), 55_050, None)


def test_what_is_shown_of_a_file(tmp_path):
    saved.write_keras(tmp_path / "model.keras", saved.mlp(), saved.mlp_weights())
    made = graded(tmp_path)
    trained = {name: one.model_copy(update={"runs": (run(0.96), run(0.98))}) for name, one in made.fits.items()}
    (shown,) = saved_files(made.model_copy(update={"fits": trained}))
    assert (shown.file, shown.what, shown.params) == ("model.keras", "Keras 3.15.1", 55_050)
    assert (shown.task, shown.trained, shown.accuracy) == ("2C", 0.97, made.saved_models[0].accuracy)


def test_the_page_shows_each_file_as_submitted_and_trained_again():
    page = " ".join(re.sub("<[^>]*>", " ", render_scorecard(busy())).split())
    assert "mlp.keras Dense 64, Dense 64, Dense 10 Keras 3.15.1 55,050 0.9694 on 10,000 test images" in page
    assert "for task 2C (0.9701)" in page
    assert "gives 10,000 clean test images back with an error of 0.0123 a pixel" in page
    assert "a part of the model in autoencoder.h5" in page
    assert "model.keras it is a web page (HTML), whatever its name says not read – not measured no" in page
    assert "The weights in a file earn nothing." in page


def test_where_a_fit_answers_the_task_it_counts(tmp_path):
    saved.write_keras(tmp_path / "model.keras", saved.mlp(), saved.mlp_weights())
    made = graded(tmp_path, fits=[fit()], kind="notebook")
    assert answered(made) == {"2C": ("fit-1",)}
    assert [one.id for one in made.recording.fits] == ["fit-1"]
    assert made.saved_models[0].accuracy is not None
    (shown,) = saved_files(made)
    assert (shown.task, shown.trained) == ("", None)


def test_a_task_that_the_course_has_set_is_left_alone(tmp_path):
    saved.write_keras(tmp_path / "model.keras", saved.mlp(), saved.mlp_weights())
    assert answered(graded(tmp_path, given={"2C": []})) == {"2C": ()}


def test_weight_decay_answers_its_own_task_and_no_other(tmp_path):
    decay = {"module": "keras.regularizers", "class_name": "L2", "config": {"l2": 1e-4}}
    layers = [saved.entry((None, 784)), saved.dense(500, "a"), saved.dense(300, "b"), saved.dense(10, "c")]
    for one in layers[1:3]:
        one["config"]["kernel_regularizer"] = decay
    weights = {name: [np.zeros(1)] for name in ("dense", "dense_1", "dense_2")}
    saved.write_keras(tmp_path / "a.keras", saved.sequential(*layers, compiled=saved.COMPILED), weights)
    saved.write_keras(tmp_path / "b.keras", saved.mlp(), saved.mlp_weights())
    assert answered(graded(tmp_path)) == {"2C": ("saved-2-2C",), "2D": ("saved-1-2D",)}


def test_a_convolution_answers_3a(tmp_path):
    conv = {"filters": 4, "kernel_size": [3, 3], "name": "conv"}
    layers = [saved.entry(), saved.layer("Conv2D", conv), saved.layer("Flatten", {}), saved.dense(10, "out")]
    weights = {"conv2d": [np.zeros((3, 3, 1, 4)), np.zeros(4)], "dense": [np.zeros((2704, 10)), np.zeros(10)]}
    saved.write_keras(tmp_path / "cnn.keras", saved.sequential(*layers, compiled=saved.COMPILED), weights)
    assert answered(graded(tmp_path)) == {"3A": ("saved-1-3A",)}


def autoencoder(folder):
    """An autoencoder, its encoder and its decoder, in three files."""
    sizes = (784, 128, 96, 128, 784)
    layers = [saved.dense(size, f"d{number}") for number, size in enumerate(sizes[1:])]
    weights = [
        [saved.RNG.normal(size=(before, after)).astype("f4") / before, np.zeros(after, "f4")]
        for before, after in pairwise(sizes)
    ]
    compiled = saved.COMPILED | {"loss": "binary_crossentropy"}
    for name, first, last in (("autoencoder", 0, 4), ("encoder", 0, 2), ("decoder", 2, 4)):
        part = saved.sequential(saved.entry((None, sizes[first])), *layers[first:last], compiled=compiled)
        names = ["dense", *(f"dense_{number}" for number in range(1, 4))]
        saved.write_keras(folder / f"{name}.keras", part, dict(zip(names, weights[first:last], strict=False)))


def test_an_autoencoder_and_its_decoder(tmp_path):
    autoencoder(tmp_path)
    made = graded(tmp_path)
    assert answered(made) == {"4A": ("saved-1-4A",), "4D": ("saved-1-4A",)}
    data = made.networks("4A")[0].record.data
    assert (data.x.noise.level, data.y.noise, data.y.encoding) == (0.4, None, "pixels")
    assert [one.output_shape for one in made.networks("4A")[0].record.layers[1:3]] == [(None, 128), (None, 96)]
    whole, decoder, encoder = made.saved_models
    assert 0 < whole.error < 1
    assert (decoder.part_of, encoder.part_of) == ("autoencoder.keras", "autoencoder.keras")
    assert found(made) == []


def test_an_autoencoder_alone_decodes_nothing(tmp_path):
    autoencoder(tmp_path)
    (tmp_path / "decoder.keras").unlink()
    (tmp_path / "encoder.keras").unlink()
    assert answered(graded(tmp_path)) == {"4A": ("saved-1-4A",)}


# --- weights alone


def test_weights_alone_belong_to_a_recorded_network(tmp_path):
    (tmp_path / "w.weights.h5").write_bytes(saved.keras_h5(saved.mlp_weights()))
    record = fit()
    sizes = iter((50_240, 4_160, 650))
    layers = tuple(
        one.model_copy(update={"params": next(sizes) if one.class_name == "Dense" else 0}) for one in record.layers
    )
    made = graded(tmp_path, fits=[record.model_copy(update={"layers": layers})], kind="notebook")
    assert made.saved_models[0].fit == "fit-1"
    assert made.saved_models[0].accuracy is not None


def test_weights_alone_without_a_network_are_not_enough(tmp_path):
    (tmp_path / "w.weights.h5").write_bytes(saved.keras_h5(saved.mlp_weights()))
    made = graded(tmp_path)
    assert found(made) == ["saved-model-legacy"]
    with pytest.raises(NotMeasured) as ending:
        require_network(made, "2C", "network")
    assert ending.value.cause is Cause.ERROR_IN_SUBMISSION


def test_layers_of_a_file_go_to_the_layers_with_as_many_weights():
    """Of layers of one size the first of the file first, and of networks of the same sizes the last recorded."""
    frames = {name: np.zeros(size) for name, size in {"a": 4, "b": 2, "c": 4}.items()}
    record = SavedModelRecord(id="w", file="w.h5", format="weights", weights=(("a",), ("b",), ("c",)))

    def recorded(*params, uid):
        layers = [LayerRecord(uid=one, name="x", class_name="Dense", config={}, params=one) for one in params]
        return ModelRecord(uid=uid, name="m", kind="functional", layers=tuple(layers))

    def answer(*models):
        return saved_models._architecture(record, frames, saved_models._by_sizes(Recording(models=models)))

    first, last = recorded(2, 4, 4, uid=1), recorded(4, 0, 4, 2, uid=2)
    assert answer(first, last) == (last, [("a",), (), ("c",), ("b",)], None)
    for other in ((2, 4), (2, 4, 4, 4), (2, 4, 5), ()):
        assert answer(recorded(*other, uid=3)) is None


# --- what cannot be taken


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


# --- pieces


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


def graph(*inputs):
    """A dense layer for each list of one node that it is given, a sum for each of two; node 0 is the input."""
    layers = [LayerRecord(uid=0, class_name="InputLayer", name="x", config={"batch_shape": [None, 4]})]
    nodes = [NodeRecord(layer=0)]
    for number, given in enumerate(inputs, 1):
        name, config = ("Dense", {"units": 4}) if len(given) == 1 else ("Add", {})
        layers.append(LayerRecord(uid=number, class_name=name, name=name, config=config))
        nodes.append(NodeRecord(layer=number, inputs=tuple(TensorRef(node=one) for one in given)))
    outputs = (TensorRef(node=len(inputs)),)
    return canonical(Graph(layers=tuple(layers), nodes=tuple(nodes), outputs=outputs))


@pytest.mark.parametrize(
    ("spec", "order"),
    [
        (graph([0], [1], [2]), [0, 1, 2, 3]),
        (graph([0], [0], [2], [1, 3]), [0, 2, 1, 3, 4]),  # the longer branch begins first
        (graph([0], [0], [1, 2]), [0, 1, 2, 3]),
        (graph([0], [0], [2, 1]), [0, 2, 1, 3]),  # as they are met from the output
    ],
)
def test_order_of_layers(spec, order):
    assert saved_models.keras_order(spec) == order
