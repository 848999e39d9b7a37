"""Saved models are read without running them: what each kind of file tells, and what becomes of hostile ones."""

import io
import json
import pickle
import zipfile

import h5py
import numpy as np
import pytest
import saved
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.allowlist import Refused
from harness.models import canonical
from harness.parsing import parse_recording
from harness.recording import Recording
from harness.sandbox.base import Limits
from harness.sandbox.frames import read_frames
from harness.worker import saved_config, saved_folder, saved_hdf5, saved_models, saved_weights
from harness.worker.frames import FrameWriter


def read(folder):
    """The records of a hand-in in `folder` after they crossed the wall, and their frames."""
    channel = io.BytesIO()
    writer = FrameWriter(channel)
    writer.recording(Recording(complete=True, saved_models=saved_models.read_all(folder, writer)))
    frames = read_frames(channel.getvalue(), Limits())
    return parse_recording(frames.recording).saved_models, frames.arrays


def read_one(folder):
    (record,), frames = read(folder)
    return record, frames


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
    conv |= {"batch_input_shape": [None, 28, 28, 1], "kernel_regularizer": old("L1L2", l1=0.0, l2=1e-3)}
    conv |= {"kernel_initializer": old("VarianceScaling", scale=1.0, mode="fan_avg", distribution="uniform")}
    config = {
        "class_name": "Sequential",
        "config": {
            "name": "sequential_1",
            "layers": [
                old("Conv2D", **conv),
                old("BatchNormalization", name="bn", axis=[3], momentum=0.99, epsilon=0.001),
                old("LeakyReLU", name="leaky", alpha=0.2),
                old("Flatten", name="flat", data_format="channels_last"),
                old("Dense", name="out", units=10, activation="softmax_v2", trainable=False),
            ],
        },
    }
    training = {
        "loss": "categorical_crossentropy",
        "metrics": ["acc"],
        "optimizer_config": old("SGD", lr=0.1, decay=0.0, momentum=0.0, nesterov=False),
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


def old(class_name, **config):
    return {"class_name": class_name, "config": config}


def autoencoder():
    """A functional model of two inner models, which Keras 2 calls for the second time."""

    def chain(name, first, *units):
        made = [old("InputLayer", batch_input_shape=[None, first], name=f"{name}_in", sparse=False, ragged=False)]
        made += [old("Dense", units=size, name=f"{name}_{number}") for number, size in enumerate(units)]
        return old("Sequential", name=name, layers=made)

    return old(
        "Model",
        name="whole",
        layers=[
            old("InputLayer", batch_input_shape=[None, 6], name="x", sparse=False)
            | {"name": "x", "inbound_nodes": []},
            chain("enc", 6, 4, 2) | {"name": "enc", "inbound_nodes": [[["x", 0, 0, {}]]]},
            chain("dec", 2, 4, 6) | {"name": "dec", "inbound_nodes": [[["enc", 1, 0, {}]]]},
        ],
        input_layers=[["x", 0, 0]],
        output_layers=[["dec", 1, 0]],
    )


AUTOENCODER_WEIGHTS = {
    "x": {},
    "enc": {
        "enc_0/kernel:0": np.full((6, 4), 1.0), "enc_0/bias:0": np.full(4, 2.0),
        "enc_1/kernel:0": np.full((4, 2), 3.0), "enc_1/bias:0": np.full(2, 4.0),
    },
    "dec": {
        "dec_0/kernel:0": np.full((2, 4), 5.0), "dec_0/bias:0": np.full(4, 6.0),
        "dec_1/kernel:0": np.full((4, 6), 7.0), "dec_1/bias:0": np.full(6, 8.0),
    },
}  # fmt: skip


def test_models_within_a_keras_2_model(tmp_path):
    saved.write_h5(tmp_path / "model.h5", autoencoder(), AUTOENCODER_WEIGHTS)
    record, frames = read_one(tmp_path)
    assert [arguments.get("units") for _, arguments in layers(record)] == [None, 4, 2, 4, 6]
    found = [frames[name].flat[0] for names in record.weights for name in names]
    assert found == [1, 2, 3, 4, 5, 6, 7, 8]


def test_a_decoder_of_its_own_is_known_by_its_weights(tmp_path):
    saved.write_h5(tmp_path / "autoencoder.h5", autoencoder(), AUTOENCODER_WEIGHTS)
    inner = autoencoder()["config"]["layers"][2]
    weights = {name: {} for name in ("dec_in", "dec_0", "dec_1")}
    for name, values in AUTOENCODER_WEIGHTS["dec"].items():
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
    config = old(
        "Functional",
        name="f",
        layers=[
            old("InputLayer", batch_input_shape=[None, 4], name="x") | {"name": "x", "inbound_nodes": []},
            old("TFOpLambda", name="tf.math.truediv", function="math.truediv")
            | {"name": "t", "inbound_nodes": [["x", 0, 0, {"y": 255.0, "name": None}]]},
            old("Dense", units=2, name="d") | {"name": "d", "inbound_nodes": [[["t", 0, 0, {}]]]},
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
    config = json.dumps(autoencoder())
    node = saved.message((3, "root"), (4, "_tf_keras_network"), (5, config))
    other = saved.message((3, "root.layer-0"), (5, "{}"))
    (tmp_path / "saved_model.pb").write_bytes(b"")
    (tmp_path / "keras_metadata.pb").write_bytes(saved.message((1, other), (1, node)))
    assert saved_folder.configuration(tmp_path) == autoencoder()


def test_configuration_of_an_older_saved_model(tmp_path):
    user = saved.message((1, "_tf_keras_sequential"), (3, json.dumps(autoencoder())))
    objects = saved.message((1, saved.message((1, b""), (4, user))))
    (tmp_path / "saved_model.pb").write_bytes(saved.message((2, saved.message((7, objects)))))
    assert saved_folder.configuration(tmp_path) == autoencoder()


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
    tree = saved_config.read_model(autoencoder())
    values = [np.full(1, float(number)) for number in range(8)]
    made = saved_weights._in_turn(tree, values)
    assert [one.item() for arrays in made.values() for one in arrays] == list(range(8))
    with pytest.raises(saved_hdf5.UnreadableFile, match="7 weights"):
        saved_weights._in_turn(tree, values[:7])


def test_layers_with_weights_are_counted_in_each_model():
    asked = []
    tree = saved_config.read_model(autoencoder())
    saved_weights._counted(tree, "", lambda prefix: asked.append(prefix) or [])
    inner = [f"layer_with_weights-{outer}/layer_with_weights-{number}/" for outer in (0, 1) for number in (0, 1)]
    assert asked == inner


def test_a_checkpoint_alone_is_legacy(tmp_path):
    (tmp_path / "ckpt.index").write_bytes(b"x")
    (tmp_path / "ckpt.data-00000-of-00001").write_bytes(b"x")
    record, _ = read_one(tmp_path)
    assert record.fault == "legacy"


# --- what is not a model


def zipped(**members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in members.items():
            archive.writestr(name.replace("__", "."), data)
    return out.getvalue()


WHOLE = zipped(config__json=json.dumps(saved.mlp()))


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "an empty file"),
        (pickle.dumps({"weights": [1, 2]}), "a pickle"),
        (b"<!DOCTYPE html><html><body>Sign in</body></html>", "a web page (HTML)"),
        (b"\n <html>", "a web page (HTML)"),
        (b'{"class_name": "Sequential"}', "a JSON file"),
        (b"\x1f\x8b\x08", "a gzip archive"),
        (b"version https://git-lfs.github.com/spec/v1\n", "a pointer of Git LFS"),
        (b"\x93NUMPY\x01\x00", "an array of NumPy's"),
        (b"just words", "a text file"),
        (bytes(range(128, 200)), "a file of an unknown kind"),
        (WHOLE[: len(WHOLE) // 2], "cut off or damaged"),
        (zipped(readme="hello"), "without the config.json"),
        (WHOLE, "without its model.weights.h5"),
        (zipped(**{"config__json": json.dumps(saved.mlp()), "model.weights.h5": WHOLE}), "a zip archive"),
        (zipped(config__json="[" * 100_000), "RecursionError"),
        (zipped(config__json="[" * 200 + "]" * 200), "nested deeper"),
        (zipped(config__json="[1]"), "names no class"),
        (zipped(config__json=json.dumps({"class_name": "Sequential", "config": {"layers": 7}})), "lists no layers"),
    ],
)
@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_what_is_no_model_is_named(tmp_path, data, told, suffix):
    (tmp_path / f"model{suffix}").write_bytes(data)
    record, _ = read_one(tmp_path)
    assert record.fault == "unreadable"
    assert told in record.problem


def test_a_pickle_is_never_loaded(tmp_path):
    class Bomb:
        def __reduce__(self):
            return (open, (str(tmp_path / "ran"), "w"))

    (tmp_path / "model.keras").write_bytes(pickle.dumps(Bomb()))
    assert read_one(tmp_path)[0].fault == "unreadable"
    assert not (tmp_path / "ran").exists()


def test_a_zip_that_unpacks_to_too_much_is_refused_by_its_header(tmp_path):
    with zipfile.ZipFile(tmp_path / "model.keras", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", json.dumps(saved.mlp()))
        archive.writestr("model.weights.h5", bytes(saved_models.MAX_BYTES + 2**21))
    record, _ = read_one(tmp_path)
    assert record.fault == "too_large"
    assert "declares a model.weights.h5" in record.problem


# --- HDF5


def hdf5(make):
    out = io.BytesIO()
    with h5py.File(out, "w") as file:
        make(file)
    return out.getvalue()


def bomb(file):
    file.create_dataset("layers/dense/vars/0", shape=(2**30, 2**10), dtype="f4", chunks=(1, 1024))


def unfilled(file):
    file.create_dataset("layers/dense/vars/0", shape=(100, 100), dtype="f4", chunks=(10, 100))


def elsewhere(file):
    file.create_dataset("layers/dense/vars/0", (8,), dtype="u1", external=[("/etc/passwd", 0, h5py.h5f.UNLIMITED)])


def linked(file):
    file["layers/dense/vars/0"] = h5py.ExternalLink("other.h5", "/x")


def soft(file):
    file["layers/dense/vars/0"] = h5py.SoftLink("/optimizer")


def virtual(file):
    layout = h5py.VirtualLayout(shape=(4,), dtype="f4")
    layout[:] = h5py.VirtualSource("other.h5", "x", shape=(4,))
    file.create_virtual_dataset("layers/dense/vars/0", layout)


def of_objects(file):
    file["layers/dense/vars/0"] = np.array([b"text"], dtype="S4")


def in_itself(file):
    group = file.create_group("layers/dense")
    group["a"] = group["b"] = group


def large_blocks(file):
    size = saved_hdf5.MAX_CHUNK // 4 + 1
    file.create_dataset("layers/dense/vars/0", shape=(4,), maxshape=(None,), dtype="f4", chunks=(size,))


@pytest.mark.parametrize(
    ("make", "fault", "told"),
    [
        (bomb, "too_large", "declares weights of 4,398,046,511,104 bytes"),
        (unfilled, "unreadable", "stores none"),
        (elsewhere, "unreadable", "in other files"),
        (linked, "unreadable", "ExternalLink"),
        (soft, "unreadable", "SoftLink"),
        (virtual, "unreadable", "in other files"),
        (of_objects, "unreadable", "no arrays of numbers"),
        (in_itself, "unreadable", "nested deeper"),
        (large_blocks, "too_large", "in blocks"),
    ],
)
def test_hostile_hdf5(tmp_path, make, fault, told):
    weights = hdf5(make)
    if make is not in_itself:
        config = saved.sequential(saved.entry((None, 4)), saved.dense(2, "d"))
        saved.write_keras(tmp_path / "a.keras", config, weights)
    (tmp_path / "b.weights.h5").write_bytes(weights)
    records, _ = read(tmp_path)
    for record in records:
        assert record.fault == fault, record.problem
        assert told in record.problem


def test_all_weights_of_a_file_together_have_a_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(saved_models, "MAX_BYTES", 200_000)
    saved.write_keras(tmp_path / "model.keras", saved.mlp(), saved.mlp_weights())
    assert read_one(tmp_path)[0].fault == "too_large"


def test_all_files_together_have_a_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(saved_models, "MAX_ALL_BYTES", 300_000)
    for name in ("a", "b"):
        saved.write_keras(tmp_path / f"{name}.keras", saved.mlp(), saved.mlp_weights())
    first, second = read(tmp_path)[0]
    assert (first.fault, second.fault) == (None, "too_large")


# --- what trusted code refuses, by its real name


LAMBDA = saved.layer("Lambda", {"name": "l", "function": {"class_name": "__lambda__", "config": {"code": "4wE="}}})
GADGET = saved.layer(
    "Lambda",
    {"name": "l", "function": {"module": "keras.utils", "class_name": "function", "config": "get_file"}},
)


@pytest.mark.parametrize(
    ("one", "name"),
    [
        (LAMBDA, "Lambda"),
        (GADGET, "Lambda"),
        (saved.layer("TFSMLayer", {"filepath": "/x"}), "TFSMLayer"),
        (saved.layer("system", {"command": "id"}, module="os"), "os.system"),
        (saved.layer("function", {}, module="os") | {"config": "system"}, "os.system"),
        (saved.layer("Popen", {"args": "id"}, module="subprocess"), "subprocess.Popen"),
        (saved.layer("Dense", {"units": 3}, module="mine") | {"registered_name": "mine>Dense"}, "mine.Dense"),
        (saved.layer("Dense", {"units": 3}) | {"registered_name": "pkg>Dense"}, "pkg>Dense"),
        (saved.layer("enable_unsafe_deserialization", {}, module="keras.config"), "enable_unsafe_deserialization"),
    ],
)
def test_a_layer_that_is_not_on_the_list_is_refused_by_its_name(tmp_path, one, name):
    config = saved.sequential(saved.entry(), one, saved.dense(10, "d"))
    saved.write_keras(tmp_path / "model.keras", config, {})
    record, _ = read_one(tmp_path)
    reason = record.problem
    if record.fault is None:
        with pytest.raises(Refused) as error:
            canonical(record)
        reason = str(error.value)
    assert f"`{name}`" in reason


@pytest.mark.parametrize("name", ["kernel_initializer", "activation", "kernel_regularizer"])
def test_an_argument_that_names_a_function_is_refused(tmp_path, name):
    call = {"module": "os", "class_name": "function", "config": "system", "registered_name": "function"}
    saved.write_keras(
        tmp_path / "m.keras", saved.sequential(saved.entry(), saved.layer("Dense", {"units": 2, name: call})), {}
    )
    record, _ = read_one(tmp_path)
    with pytest.raises(Refused, match="system"):
        canonical(record)


def test_a_call_that_connects_to_nothing_is_told_by_its_class(tmp_path):
    call = {"module": "os", "class_name": "function", "config": "system", "registered_name": "system"}
    called = call | {"name": "layer_0", "inbound_nodes": [{"args": ["id"], "kwargs": {}}]}
    place = [["layer_0", 0, 0]]
    inner = {"name": "f", "layers": [called], "input_layers": place, "output_layers": place}
    config = {"module": "keras", "class_name": "Functional", "config": inner, "registered_name": "Functional"}
    saved.write_keras(tmp_path / "model.keras", config, {})
    record, _ = read_one(tmp_path)
    assert (record.fault, record.problem) == ("refused", "has a layer `os.system`, which is no class of Keras's")


def test_a_model_class_of_their_own_is_refused(tmp_path):
    config = {"module": "submission", "class_name": "MyNet", "config": {}, "registered_name": "MyNet"}
    saved.write_keras(tmp_path / "model.keras", config, {})
    record, _ = read_one(tmp_path)
    assert record.fault == "refused"
    assert "`submission.MyNet`" in record.problem


# --- whatever comes


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
PLACES = st.sampled_from(
    ["class_name", "config", "layers", "inbound_nodes", "module", "batch_shape", "name", "units"]
)


def changed(value, place, new):
    """A configuration with every value under a key replaced."""
    if isinstance(value, dict):
        return {key: new if key == place else changed(item, place, new) for key, item in value.items()}
    return [changed(item, place, new) for item in value] if isinstance(value, list) else value


@settings(deadline=None, max_examples=100)
@given(st.sampled_from([saved.mlp(), autoencoder()]), PLACES, JSON)
def test_a_configuration_is_a_model_or_an_error_of_its_own(config, place, new):
    try:
        tree = saved_config.read_model(saved_config.plainly(changed(config, place, new)))
        saved_models.Graphs().of(tree, {})
    except saved_config.ConfigError:
        pass


@settings(deadline=None, max_examples=40)
@given(st.binary(max_size=400), st.integers(0, 4000), st.sampled_from([".keras", ".h5"]))
def test_any_bytes_are_a_record(tmp_path_factory, data, at, suffix):
    folder = tmp_path_factory.mktemp("any")
    path = folder / f"model{suffix}"
    if suffix == ".keras":
        saved.write_keras(path, saved.mlp(), {})
    else:
        saved.write_h5(path, autoencoder(), AUTOENCODER_WEIGHTS)
    whole = path.read_bytes()
    path.write_bytes(whole[:at] + data + whole[at + len(data) :])
    assert read_one(folder)[0].id == "saved-1"


@given(st.binary(max_size=200))
def test_any_protocol_buffer_is_read_or_refused(data):
    try:
        list(saved_folder._from_graph(data))
        list(saved_folder._from_metadata(data))
    except saved_hdf5.UnreadableFile:
        pass
