"""Saved models are read without running them: what each kind of file tells of layers, weights and compiling."""

import json

import numpy as np
import pytest
import saved
from unit.worker.saved_reading import read, read_one

from harness.models import canonical
from harness.worker import saved_config, saved_folder, saved_hdf5, saved_weights


def layers(record):
    """Class and arguments of each layer as trusted code has them."""
    return [(one.class_name, one.arguments) for one in canonical(record).layers]


MLP = [
    ("InputLayer", {"batch_shape": [28, 28, 1]}),
    ("Flatten", {}),
    ("Dense", {"activation": "relu", "units": 64}),
    ("Dense", {"activation": "relu", "units": 64}),
    ("Dense", {"activation": "softmax", "units": 10}),
]


# --- .keras


@pytest.mark.parametrize("top", ["layers", "_layer_checkpoint_dependencies"])
def test_keras_file(tmp_path, top):
    weights = saved.mlp_weights()
    saved.write_keras(tmp_path / "model.keras", saved.mlp(), saved.keras_h5(weights, top))
    record, frames = read_one(tmp_path)
    assert (record.format, record.version, record.problem) == ("keras", "3.15.1", None)
    assert layers(record) == MLP
    assert (record.loss.class_name, record.optimizer.class_name) == ("categorical_crossentropy", "SGD")
    assert record.optimizer.config["learning_rate"] == pytest.approx(0.1)
    assert record.metrics == ("accuracy",)
    assert [len(names) for names in record.weights] == [0, 0, 2, 2, 2]
    for names, arrays in zip(record.weights[2:], weights.values(), strict=True):
        for name, values in zip(names, arrays, strict=True):
            np.testing.assert_array_equal(frames[name], values)


def test_layers_are_counted_by_class_and_not_by_name(tmp_path):
    layers_ = [saved.entry((None, 4)), saved.dense(3, "dense_17"), saved.dense(2, "last")]
    weights = {"dense": [np.full((4, 3), 1.0)], "dense_1": [np.full((3, 2), 2.0)]}
    saved.write_keras(tmp_path / "model.keras", saved.sequential(*layers_), weights)
    record, frames = read_one(tmp_path)
    assert [frames[names[0]].max() for names in record.weights if names] == [1.0, 2.0]


def test_ten_layers_of_a_class_and_ten_variables_stay_in_order(tmp_path):
    layers_ = [saved.entry((None, 1)), *(saved.dense(1, f"d{number}") for number in range(12))]
    weights = {
        f"dense_{number}" if number else "dense": [np.full((1, 1), float(number)), np.full(1, number + 0.5)]
        for number in range(12)
    }
    saved.write_keras(tmp_path / "model.keras", saved.sequential(*layers_), weights)
    record, frames = read_one(tmp_path)
    found = [[frames[name].item() for name in names] for names in record.weights if names]
    assert found == [[number, number + 0.5] for number in range(12)]


def tensor(name, call=0):
    return {"class_name": "__keras_tensor__", "config": {"shape": [None, 1], "keras_history": [name, call, 0]}}


def test_functional_model_with_an_operation_and_two_branches(tmp_path):
    def called(one, *inputs, name):
        return one | {"name": name, "inbound_nodes": [{"args": list(inputs), "kwargs": {"mask": None}}]}

    rescale = saved.layer("TrueDivide", {"name": "true_divide"}, module="keras.src.ops.numpy")
    config = {
        "module": "keras.src.models.functional",
        "class_name": "Functional",
        "config": {
            "name": "functional",
            "layers": [
                saved.entry((None, 4), "x") | {"name": "x", "inbound_nodes": []},
                called(rescale, tensor("x"), 255.0, name="true_divide"),
                called(saved.dense(3, "a"), tensor("true_divide"), name="a"),
                called(saved.dense(2, "b"), tensor("true_divide"), name="b"),
                called(saved.layer("Concatenate", {"axis": -1}), [tensor("a"), tensor("b")], name="both"),
            ],
            "input_layers": ["x", 0, 0],
            "output_layers": [["both", 0, 0]],
        },
    }
    saved.write_keras(tmp_path / "model.keras", config, {"dense": [np.ones((4, 3))], "dense_1": [np.ones((4, 2))]})
    record, _ = read_one(tmp_path)
    spec = canonical(record)
    assert [one.class_name for one in spec.layers] == [
        "InputLayer",
        "ops.TrueDivide",
        "Dense",
        "Dense",
        "Concatenate",
    ]
    assert spec.nodes[1].constant == 255.0
    assert [ref.node for ref in spec.nodes[4].inputs] == [2, 3]


# --- .h5 of Keras 2


def test_old_names_in_a_keras_2_file(tmp_path):
    conv = {"filters": 2, "kernel_size": [3, 3], "activation": "relu", "name": "conv", "dtype": "float32"}
    conv |= {"batch_input_shape": [None, 28, 28, 1], "kernel_regularizer": saved.old("L1L2", l1=0.0, l2=1e-3)}
    conv |= {"kernel_initializer": saved.old("VarianceScaling", scale=1.0, mode="fan_avg", distribution="uniform")}
    config = {
        "class_name": "Sequential",
        "config": {
            "name": "sequential_1",
            "layers": [
                saved.old("Conv2D", **conv),
                saved.old("BatchNormalization", name="bn", axis=[3], momentum=0.99, epsilon=0.001),
                saved.old("LeakyReLU", name="leaky", alpha=0.2),
                saved.old("Flatten", name="flat", data_format="channels_last"),
                saved.old("Dense", name="out", units=10, activation="softmax_v2", trainable=False),
            ],
        },
    }
    training = {
        "loss": "categorical_crossentropy",
        "metrics": ["acc"],
        "optimizer_config": saved.old("SGD", lr=0.1, decay=0.0, momentum=0.0, nesterov=False),
    }
    weights = {
        "conv": {"conv/kernel:0": np.ones((3, 3, 1, 2)), "conv/bias:0": np.ones(2)},
        "bn": {f"bn/{name}:0": np.ones(2) for name in ("gamma", "beta", "moving_mean", "moving_variance")},
        "leaky": {},
        "flat": {},
        "out": {"out/kernel:0": np.ones((1352, 10)), "out/bias:0": np.ones(10)},
    }
    saved.write_h5(tmp_path / "model.h5", config, weights, training)
    record, _ = read_one(tmp_path)
    assert record.problem is None
    made = dict(layers(record))
    assert made["InputLayer"] == {"batch_shape": [28, 28, 1]}
    assert made["Conv2D"]["kernel_regularizer"] == ["L2", {"l2": 0.001}]
    assert made["BatchNormalization"] == {"axis": 3}
    assert made["LeakyReLU"] == {"negative_slope": 0.2}
    assert made["Dense"]["activation"] == "softmax"
    assert [one.trainable for one in record.layers] == [True, True, True, True, True, False]
    assert record.optimizer.config == {"learning_rate": 0.1, "momentum": 0.0, "nesterov": False}
    assert [len(names) for names in record.weights] == [0, 2, 4, 0, 0, 2]


def test_models_within_a_keras_2_model(tmp_path):
    saved.write_h5(tmp_path / "model.h5", saved.autoencoder(), saved.AUTOENCODER_WEIGHTS)
    record, frames = read_one(tmp_path)
    assert [arguments.get("units") for _, arguments in layers(record)] == [None, 4, 2, 4, 6]
    found = [frames[name].flat[0] for names in record.weights for name in names]
    assert found == [1, 2, 3, 4, 5, 6, 7, 8]


def test_a_decoder_of_its_own_is_known_by_its_weights(tmp_path):
    saved.write_h5(tmp_path / "autoencoder.h5", saved.autoencoder(), saved.AUTOENCODER_WEIGHTS)
    inner = saved.autoencoder()["config"]["layers"][2]
    weights = {name: {} for name in ("dec_in", "dec_0", "dec_1")}
    for name, values in saved.AUTOENCODER_WEIGHTS["dec"].items():
        weights[name.split("/")[0]][name] = values
    saved.write_h5(tmp_path / "decoder.h5", inner, weights)
    (whole, part), _ = read(tmp_path)
    assert [one.uid for one in part.layers[1:]] == [one.uid for one in whole.layers[3:]]
    assert len({one.uid for one in (*whole.layers, *part.layers)}) == len(whole.layers) + 1


def test_layers_with_equal_weights_in_one_model_are_two(tmp_path):
    layers_ = [saved.entry((None, 3)), saved.dense(3, "a"), saved.dense(3, "b")]
    saved.write_keras(
        tmp_path / "m.keras", saved.sequential(*layers_), {"dense": [np.eye(3)], "dense_1": [np.eye(3)]}
    )
    record, _ = read_one(tmp_path)
    assert len({one.uid for one in record.layers}) == 3


def test_operations_of_keras_2(tmp_path):
    config = saved.old(
        "Functional",
        name="f",
        layers=[
            saved.old("InputLayer", batch_input_shape=[None, 4], name="x") | {"name": "x", "inbound_nodes": []},
            saved.old("TFOpLambda", name="tf.math.truediv", function="math.truediv")
            | {"name": "t", "inbound_nodes": [["x", 0, 0, {"y": 255.0, "name": None}]]},
            saved.old("Dense", units=2, name="d") | {"name": "d", "inbound_nodes": [[["t", 0, 0, {}]]]},
        ],
        input_layers=[["x", 0, 0]],
        output_layers=[["d", 0, 0]],
    )
    saved.write_h5(tmp_path / "m.h5", config, {"d": {"d/kernel:0": np.ones((4, 2)), "d/bias:0": np.ones(2)}})
    record, _ = read_one(tmp_path)
    assert canonical(record).nodes[1].constant == 255.0


def test_weights_alone(tmp_path):
    (tmp_path / "new.weights.h5").write_bytes(saved.keras_h5(saved.mlp_weights()))
    saved.write_h5(tmp_path / "old.h5", None, {"flat": {}, "d": {"d/kernel:0": np.ones((2, 2))}})
    (new, old_), frames = read(tmp_path)
    assert (new.format, new.names) == ("weights", ("dense", "dense_1", "dense_2"))
    assert frames[new.weights[1][0]].shape == (64, 64)
    assert (old_.format, old_.names, old_.nodes) == ("weights", ("d",), ())


# --- SavedModel


def test_configuration_of_a_saved_model(tmp_path):
    config = json.dumps(saved.autoencoder())
    node = saved.message((3, "root"), (4, "_tf_keras_network"), (5, config))
    other = saved.message((3, "root.layer-0"), (5, "{}"))
    (tmp_path / "saved_model.pb").write_bytes(b"")
    (tmp_path / "keras_metadata.pb").write_bytes(saved.message((1, other), (1, node)))
    assert saved_folder.configuration(tmp_path) == saved.autoencoder()


def test_configuration_of_an_older_saved_model(tmp_path):
    user = saved.message((1, "_tf_keras_sequential"), (3, json.dumps(saved.autoencoder())))
    objects = saved.message((1, saved.message((1, b""), (4, user))))
    (tmp_path / "saved_model.pb").write_bytes(saved.message((2, saved.message((7, objects)))))
    assert saved_folder.configuration(tmp_path) == saved.autoencoder()


def test_a_graph_without_a_configuration_is_legacy(tmp_path):
    (tmp_path / "net").mkdir()
    (tmp_path / "net" / "saved_model.pb").write_bytes(saved.message((2, saved.message((7, b"")))))
    record, _ = read_one(tmp_path)
    assert (record.file, record.format, record.fault) == ("net", "saved_model", "legacy")
    assert 'model.save("model.keras")' in record.problem


def test_a_saved_model_that_is_the_hand_in_and_files_beside_it(tmp_path):
    (tmp_path / "saved_model.pb").write_bytes(b"")
    (tmp_path / "variables").mkdir()
    for name in ("variables.index", "variables.data-00000-of-00001", "extra.h5"):
        (tmp_path / "variables" / name).write_bytes(b"")
    saved.write_keras(tmp_path / "model.keras", saved.mlp(), saved.mlp_weights())
    records, _ = read(tmp_path)
    assert sorted(one.file for one in records) == ["model.keras", "saved_model.pb"]


def test_weights_of_a_checkpoint_by_their_turn():
    tree = saved_config.read_model(saved.autoencoder())
    values = [np.full(1, float(number)) for number in range(8)]
    made = saved_weights._in_turn(tree, values)
    assert [one.item() for arrays in made.values() for one in arrays] == list(range(8))
    with pytest.raises(saved_hdf5.UnreadableFile, match="7 weights"):
        saved_weights._in_turn(tree, values[:7])


def test_layers_with_weights_are_counted_in_each_model():
    asked = []
    tree = saved_config.read_model(saved.autoencoder())
    saved_weights._counted(tree, "", lambda prefix: asked.append(prefix) or [])
    inner = [f"layer_with_weights-{outer}/layer_with_weights-{number}/" for outer in (0, 1) for number in (0, 1)]
    assert asked == inner


def test_a_checkpoint_alone_is_legacy(tmp_path):
    (tmp_path / "ckpt.index").write_bytes(b"x")
    (tmp_path / "ckpt.data-00000-of-00001").write_bytes(b"x")
    record, _ = read_one(tmp_path)
    assert record.fault == "legacy"
