"""The worker with Keras: one notebook of many cells, each a test; run twice, it gives the same recording.

Tests look at the errors, findings, fits and output of a cell of `keras_cells.py`.
"""

from __future__ import annotations

import json

import pytest
from end_to_end.keras_cells import CELLS, WITHOUT_IMPORTS
from notebooks import notebook, write
from recorded import by_cell, run, save_images

pytestmark = pytest.mark.end_to_end


@pytest.fixture(scope="module")
def npz(tmp_path_factory):
    return save_images(tmp_path_factory.mktemp("data") / "data.npz")


FILES = {
    "g/1/a.ipynb": notebook(*CELLS.values()),
    "g/2/lazy.ipynb": notebook(*WITHOUT_IMPORTS),
    "g/3/b.ipynb": notebook("import helper\nprint(helper.here, open('notes.csv').read(), __name__)"),
    "g/3/helper.py": "import time\ntime.sleep(60)\nhere = 'beside'",
    "g/3/notes.csv": "1,2",
    "g/answers.md": "# 2A\nBecause.",
}


@pytest.fixture(scope="module")
def recording(tmp_path_factory, npz):
    return run(write(tmp_path_factory.mktemp("one"), FILES), npz)[0]


@pytest.fixture(scope="module")
def cell(recording):
    """What was seen of the cell of a name."""
    return by_cell(recording, "g/1/a.ipynb", list(CELLS)).__getitem__


# --- graphs


def outline(fit):
    """A graph without names and identities."""
    layers = [layer.model_dump(exclude={"uid", "name"}) for layer in fit.layers]
    return json.dumps([layers, [node.model_dump() for node in fit.nodes], fit.params])


def named(graph):
    return {layer.name: layer for layer in graph.layers}


def classes(graph):
    return [layer.class_name for layer in graph.layers]


def test_the_run_came_to_its_end(recording, cell):
    assert (recording.kind, recording.complete) == ("notebook", True)
    assert cell("end").printed == "the end\n"
    assert len(recording.sources) == len(CELLS) + len(WITHOUT_IMPORTS) + 2


@pytest.mark.parametrize("way", ["functional", "input shape", "input dim", "unbuilt", "nested"])
def test_every_way_to_write_a_network_is_one_graph(cell, way):
    (fit,), (other,) = cell(way).fits[-1:], cell("sequential").fits
    assert classes(fit) == ["InputLayer", "Dense", "Dense"]
    assert outline(fit) == outline(other)
    assert fit.params == 784 * 8 + 8 + 8 * 10 + 10


def test_what_a_graph_says_of_its_layers(cell):
    (fit,) = cell("sequential").fits
    image, hidden, last = fit.layers
    assert [layer.params for layer in fit.layers] == [0, 6280, 90]
    assert image.config["batch_shape"] == [None, 784]
    assert (hidden.config["units"], hidden.config["activation"], last.config["activation"]) == (
        8,
        "relu",
        "softmax",
    )
    assert (hidden.output_shape, last.output_shape) == ((None, 8), (None, 10))
    assert [node.layer for node in fit.nodes] == [0, 1, 2]
    assert [ref.node for node in fit.nodes for ref in node.inputs] == [0, 1]
    assert [ref.node for ref in fit.outputs] == [2]


def test_fit_builds_what_was_not_built(cell):
    (fit,) = cell("flattened").fits
    assert classes(fit) == ["InputLayer", "Flatten", "Dense", "Dense"]
    assert fit.layers[0].config["batch_shape"] == [None, 28, 28]
    assert (fit.data.x.shape, fit.data.x.source, fit.data.y.encoding) == ((60, 28, 28), "x_train", "one_hot")


def test_halves_of_an_autoencoder_share_their_layers(recording, cell):
    autoencoder, on_codes = cell("halves").fits
    parts = {model.uid: model for model in recording.models if {"code", "last"} & set(named(model))}
    last = named(parts[autoencoder.model])["last"].uid
    decoder = next(model for model in parts.values() if "code" not in named(model))
    assert named(decoder)["last"].uid == last
    assert named(autoencoder)["last"].uid == last
    encoder = next(model for model in parts.values() if "last" not in named(model))
    assert on_codes.data.x.derived.model == encoder.uid
    assert on_codes.data.x.derived.given.source == "x_train"
    assert [state.fit for state in on_codes.data.x.derived.states] == [autoencoder.id]
    assert (on_codes.data.x.source, on_codes.data.y.source) == (None, "y_train")


def test_two_models_that_share_a_layer_and_a_model_fitted_twice(cell):
    one, two, again = cell("two models").fits
    assert named(one)["shared"].uid == named(two)["shared"].uid
    assert one.layers[-1].uid != two.layers[-1].uid
    assert one.model == again.model != two.model
    assert (one.previous, two.previous, again.previous) == ((), (), (one.id,))


def test_operations_are_part_of_the_graph(cell):
    (fit,) = cell("rescaled inside").fits
    (operation,) = [node for node in fit.nodes if fit.layers[node.layer].class_name.startswith("ops.")]
    assert 255.0 in operation.arguments["args"]
    assert fit.data.x.scale == 1


def test_regularisers_are_listed(cell):
    (fit,) = cell("decay").fits
    assert [(item.target, item.class_name) for item in fit.regularizers] == [
        ("kernel", "L2"), ("bias", "L1"), ("activity", "L1"),
    ]  # fmt: skip
    assert [item.factor for item in fit.regularizers] == pytest.approx([1e-4, 0.01, 0.5], rel=1e-5)
    assert fit.regularizers[0].layer == fit.layers[1].name


def test_branches_keep_which_goes_where(cell):
    (fit,) = cell("branches").fits
    concatenate = next(node for node in fit.nodes if fit.layers[node.layer].class_name == "Concatenate")
    assert len(concatenate.inputs) == 2
    assert all(ref.node < number for number, node in enumerate(fit.nodes) for ref in node.inputs)


def test_classes_of_their_own_are_graphs_where_they_only_put_layers_together(cell):
    (fit,) = cell("subclassed").fits
    assert (classes(fit), fit.problem) == (["InputLayer", "Dense"], None)
    composed, weighty = cell("custom layer").fits
    assert classes(composed) == ["InputLayer", "ops.Multiply", "Dense"]
    assert "custom:Weighty" in classes(weighty)


# --- fits


def test_what_fit_was_asked(cell):
    (fit,) = cell("arguments").fits
    assert (fit.epochs, fit.batch_size, fit.shuffle, fit.data.validation_split) == (3, 16, False, 0.25)
    assert (fit.optimizer.class_name, fit.loss.class_name) == ("SGD", "CategoricalCrossentropy")
    assert fit.optimizer.config["learning_rate"] == pytest.approx(0.1)
    assert fit.optimizer.config["momentum"] == 0.9
    assert fit.metrics == ("accuracy", "auc")
    assert fit.class_weight == {"0": 2.0, "1": 1.0}
    assert [(item.class_name, item.config["patience"]) for item in fit.callbacks] == [("EarlyStopping", 2)]
    assert cell("arguments").printed.startswith(
        "['accuracy', 'auc', 'loss', 'val_accuracy', 'val_auc', 'val_loss'] [0, 1, 2] 3"
    )


def test_the_data_of_a_fit(cell):
    (fit,) = cell("validation").fits
    assert (fit.data.x.rows.stop, fit.data.validation_x.rows.start, fit.data.validation_x.rows.stop) == (40, 40, 60)
    assert fit.data.validation_y.labels_match == 1
    assert cell("validation").printed == "['accuracy', 'loss', 'val_accuracy', 'val_loss']\n"


def test_a_model_fitted_more_often_than_a_recording_may_say(cell):
    fits = cell("again").fits
    assert len(fits) == 520
    assert len(fits[-1].previous) == 512
    assert fits[-1].previous[-1] == fits[-2].id


def test_lists_and_tensors_are_arrays(cell):
    assert [fit.data.x.source for fit in cell("lists").fits] == ["x_train", "x_train"]
    assert cell("lists").printed == "(20, 10) 2\n"


def test_what_are_no_arrays_is_said(cell):
    (fit,) = cell("two inputs").fits
    assert fit.data.kind == "unknown"
    assert "several inputs" in fit.problem
    assert cell("two inputs").printed == "(20, 10)\n"
    generator, dataset = cell("generators").fits
    assert (generator.data.kind, dataset.data.kind) == ("generator", "dataset")
    assert cell("generators").printed == "(20, 10)\n"
    assert [fit.data.kind for fit in cell("image generator").fits] == ["generator"]


WRONG = {
    "uncompiled": "ValueError",
    "uncompiled evaluate": "ValueError",
    "input of the wrong shape": "ValueError",
    "target of the wrong shape": "ValueError",
    "target twice encoded": "ValueError",
    "validation of the wrong shape": "ValueError",
    "lengths that differ": "ValueError",
    "unknown argument": "TypeError",
    "evaluate of the wrong shape": "ValueError",
    "predict of the wrong shape": "ValueError",
    "one image": "ValueError",
    "weights that are missing": "FileNotFoundError",
    "a model that is missing": "ValueError",
    "key of no metric": "KeyError",
    "half characters": "ValueError",
}


@pytest.mark.parametrize("name", WRONG)
def test_what_fails_in_a_real_run_fails_here(cell, name):
    (error,) = cell(name).errors
    assert error.type == WRONG[name]
    assert "\x1b" not in error.message
    for fit in cell(name).fits:
        expected = None if name == "key of no metric" else error.message.strip().split("\n")[0]
        assert fit.error == expected or fit.error.startswith(f"{error.type}: {expected}")


@pytest.mark.parametrize("name", [name for name in CELLS if name not in WRONG])
def test_what_works_in_a_real_run_works_here(cell, name):
    assert [(error.type, error.message, error.where.line) for error in cell(name).errors] == []


# --- Keras 2 and the machine around


KERAS_2 = {
    "k2 np_utils": "keras.utils.np_utils",
    "k2 lr": "SGD(lr=…)",
    "k2 tf lr": "Adam(lr=…)",
    "k2 lr decay": "SGD(decay=…)",
    "k2 legacy": "keras.optimizers.legacy",
    "k2 from legacy": "tensorflow.keras.optimizers.legacy",
    "k2 gradient_descent": "gradient_descent_v2",
    "k2 leaky": "negative_slope",
    "k2 acc": "history['val_acc']",
    "k2 predict_classes": "predict_classes",
    "k2 predict_proba": "predict_proba",
    "k2 fit_generator": "fit_generator",
    "k2 evaluate_generator": "evaluate_generator",
    "k2 layers.core": "keras.layers.core",
    "k2 layers.convolutional": "keras.layers.convolutional",
    "k2 layers.advanced": "tensorflow.keras.layers.advanced_activations",
    "k2 layers.normalization": "keras.layers.normalization",
    "k2 save folder": "model.save",
    "k2 save weights": ".weights.h5",
    "k2 checkpoint": "ModelCheckpoint",
    "k2 workers": "workers",
    "k2 wrappers": "keras.utils.vis_utils",
    "pooling": "pool_size=2",
}


@pytest.mark.parametrize("name", KERAS_2)
def test_names_of_keras_2_are_noted(cell, name):
    """Each once, where it is first used; that they work is tested above."""
    assert set(cell(name).codes) == {"keras2-name"}
    assert KERAS_2[name] in cell(name).messages


def test_names_of_today_are_not_noted(cell):
    noted = {name for name in CELLS if "keras2-name" in cell(name).codes}
    assert noted - set(KERAS_2) == {"image generator"}


def test_what_asks_a_person_is_noted(cell):
    assert set(cell("input").codes) == set(cell("upload").codes) == {"asks-for-input"}
    assert "How many epochs?" in cell("input").messages


def test_an_optimizer_of_keras_2_is_recorded_as_todays(cell):
    (fit,) = cell("k2 legacy").fits
    assert (fit.optimizer.class_name, fit.optimizer.config["learning_rate"]) == ("SGD", pytest.approx(0.1))


# --- more hand-ins


def test_the_same_hand_in_gives_the_same_recording(recording, tmp_path, npz):
    again, _ = run(write(tmp_path, FILES), npz)
    assert again.model_dump(exclude={"seconds"}) == recording.model_dump(exclude={"seconds"})


def test_imports_that_are_missing_are_supplied_and_noted(recording):
    seen = (*recording.errors, *recording.findings, *recording.fits)
    here = [item for item in seen if item.where.file == "g/2/lazy.ipynb"]
    codes = [item.message.split("`")[1] for item in here if getattr(item, "code", "") == "missing-import"]
    assert codes == ["mnist", "Sequential", "Input", "Dense", "SGD", "np_utils", "plt", "np"]
    assert [item.type for item in here if hasattr(item, "type")] == ["NameError"]
    assert len([item for item in here if hasattr(item, "epochs")]) == 1


def test_a_notebook_runs_beside_its_files(recording):
    (printed,) = [part.text for part in recording.printed if part.where.file == "g/3/b.ipynb"]
    assert printed == "beside 1,2 __main__\n"
    assert [answer.text for answer in recording.answers] == ["# 2A\nBecause."]
