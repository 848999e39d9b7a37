"""Files that are no saved model, and hostile ones: none is run, and each is told or refused by what it is."""

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
from unit.worker.saved_reading import read, read_one

from harness.allowlist import Refused
from harness.models import canonical
from harness.worker import saved_config, saved_folder, saved_hdf5, saved_models

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


@settings(max_examples=100)
@given(st.sampled_from([saved.mlp(), saved.autoencoder()]), PLACES, JSON)
def test_a_configuration_is_a_model_or_an_error_of_its_own(config, place, new):
    try:
        tree = saved_config.read_model(saved_config.plainly(changed(config, place, new)))
        saved_models.Graphs().of(tree, {})
    except saved_config.ConfigError:
        pass


@settings(max_examples=40)
@given(st.binary(max_size=400), st.integers(0, 4000), st.sampled_from([".keras", ".h5"]))
def test_any_bytes_are_a_record(tmp_path_factory, data, at, suffix):
    folder = tmp_path_factory.mktemp("any")
    path = folder / f"model{suffix}"
    if suffix == ".keras":
        saved.write_keras(path, saved.mlp(), {})
    else:
        saved.write_h5(path, saved.autoencoder(), saved.AUTOENCODER_WEIGHTS)
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
