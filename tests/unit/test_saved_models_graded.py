"""Saved models in a grading run: evaluated as submitted, and answering tasks that no fit answers."""

import re
from itertools import pairwise

import numpy as np
import pytest
import saved
from evidence import fit, run
from unit.sample_results import busy
from unit.saved_models_sample import DIGITS, answered, found, graded

from harness.checking import NotMeasured, require_network
from harness.measure import saved_models
from harness.models import canonical
from harness.recording import Graph, LayerRecord, ModelRecord, NodeRecord, Recording, SavedModelRecord, TensorRef
from harness.report import render_scorecard
from harness.results import Cause
from harness.work import saved_files

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


# --- the order of layers


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
