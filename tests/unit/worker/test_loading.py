"""What loaders are made of, without a framework: made-up data sets, paths, splits, changes after an import."""

import builtins
import gzip
import io
import os
import pickle
import sys
import types

import numpy as np
import pytest
from known_images import DATA, TEST, TRAIN, X_TEST, Y_TEST, X, Y

from harness.recording import CellError, Where
from harness.worker import data_paths, imports, tfds
from harness.worker.data_paths import DataFiles
from harness.worker.other_sets import NAMES, OtherSets

# --- data sets that are others


def test_every_other_data_set_has_keras_shapes_and_comes_out_alike():
    shapes = {
        "fashion_mnist": ((60_000, 28, 28), (60_000,), (10_000, 28, 28), (10_000,)),
        "cifar10": ((50_000, 32, 32, 3), (50_000, 1), (10_000, 32, 32, 3), (10_000, 1)),
        "boston_housing": ((404, 13), (404,), (102, 13), (102,)),
        "california_housing": ((16_512, 8), (16_512,), (4_128, 8), (4_128,)),
        "imdb": ((25_000,), (25_000,), (25_000,), (25_000,)),
        "reuters": ((8_982,), (8_982,), (2_246,), (2_246,)),
    }
    assert set(shapes) < set(NAMES)
    for name, expected in shapes.items():
        first, again = (
            [array for pair in OtherSets(lambda *_: None).load(name) for array in pair] for _ in range(2)
        )
        assert tuple(array.shape for array in first) == expected
        assert all(np.array_equal(one, other) for one, other in zip(first, again, strict=True))


def test_images_of_another_set_are_remembered_once_and_handed_out_as_copies():
    remembered = []
    sets = OtherSets(lambda name, images: remembered.append((name, images.shape)))
    (x, _), _ = sets.load("fashion_mnist")
    before = x[0].copy()
    x[:] = 0
    assert np.array_equal(sets.load("fashion_mnist")[0][0][0], before)
    assert remembered == [("fashion_mnist", (70_000, 28, 28))]


def test_words_are_limited_as_asked():
    sets = OtherSets(lambda *_: None)
    assert max(map(max, sets.load("imdb", num_words=7)[0][0])) == 6
    assert sets.load("cifar100", label_mode="coarse")[0][1].max() == 19


# --- files


@pytest.fixture
def files(tmp_path, monkeypatch):
    """DataFiles installed for one test, and what they noted."""
    for module, name in ((builtins, "open"), (io, "open"), (os.path, "exists"), (os.path, "isfile")):
        monkeypatch.setattr(module, name, getattr(module, name))
    np.savez(tmp_path / "data.npz", **DATA)
    notes = []
    DataFiles(tmp_path / "data.npz", tmp_path / "made", lambda *note: notes.append(note)).install()
    monkeypatch.chdir(tmp_path)
    return notes


@pytest.mark.parametrize("path", ["mnist.npz", "/content/drive/MyDrive/mnist.npz", "C:\\data\\MNIST.npz"])
def test_a_file_of_mnist_is_answered(files, path):
    assert os.path.exists(path)  # noqa: PTH110 - the subject
    with np.load(path) as archive:
        assert np.array_equal(archive["x_test"], X_TEST)
    ((code, message),) = files
    assert code == "data-path"
    assert message.startswith(f"`{path}` was not handed in")


def test_the_pickle_is_laid_out_as_it_was_published(files):
    for _ in range(2):
        with gzip.open("nowhere/mnist.pkl.gz", "rb") as file:
            (x, y), (valid, _), (test, test_labels) = pickle.load(file, encoding="latin1")
    assert (x.shape, x.dtype, len(x) + len(valid)) == ((TRAIN * 5 // 6, 784), np.float32, TRAIN)
    assert np.array_equal(np.concatenate([x, valid]) * 256, X.reshape(-1, 784))
    assert np.array_equal(test * 256, X_TEST.reshape(TEST, -1))
    assert np.array_equal(test_labels, Y_TEST)
    assert np.array_equal(y, Y[: len(y)])


def test_a_file_that_was_handed_in_is_read_itself(files, tmp_path):
    np.savez(tmp_path / "mnist.npz", x_train=np.zeros(1))
    assert np.load("mnist.npz")["x_train"].shape == (1,)
    assert files == []


@pytest.mark.parametrize(
    ("path", "mode"), [("mnist.npz", "r+b"), ("no/mnist.npz", "wb"), ("other.npz", "rb"), ("mnist_train.csv", "r")]
)
def test_other_files_are_missing_as_before(files, path, mode):
    with pytest.raises(FileNotFoundError):
        open(path, mode)  # noqa: SIM115, PTH123 - the subject
    assert files == []


def an_error(message, **more):
    return CellError(where=Where(file="a.py", line=3), type="FileNotFoundError", message=message, **more)


@pytest.mark.parametrize(
    ("message", "path"),
    [
        ("[Errno 2] No such file or directory: '../mnist_train.csv'", "../mnist_train.csv"),
        ("/kaggle/input/digit-recognizer/train.csv not found.", "/kaggle/input/digit-recognizer/train.csv"),
        ("[Errno 2] No such file or directory: 'train-images-idx3-ubyte.gz'", "train-images-idx3-ubyte.gz"),
        ("[Errno 2] No such file or directory: 'data/t10k-labels.idx1-ubyte'", "data/t10k-labels.idx1-ubyte"),
        ("[Errno 2] No such file or directory: 'train.csv'", None),
        ("[Errno 2] No such file or directory: 'results.csv'", None),
        ("mnist_train.csv is not what was expected", None),
    ],
)
def test_a_missing_file_of_mnist_has_a_finding_with_a_remedy(message, path):
    found = data_paths.missing([an_error(message), an_error(message, kind="timeout")])
    assert [finding.message.split("`")[1] for finding in found] == ([path] if path else [])
    for finding in found:
        assert (finding.code, finding.where.line) == ("data-path", 3)
        assert "mnist.load_data()" in finding.message


# --- TensorFlow Datasets


@pytest.mark.parametrize(
    ("split", "rows"),
    [
        ("train", range(TRAIN)),
        ("train[:10]", range(10)),
        ("train[-5:]", range(TRAIN - 5, TRAIN)),
        ("train[80%:]", range(TRAIN * 8 // 10, TRAIN)),
        ("train[10%:20%]", range(TRAIN // 10, TRAIN // 5)),
        ("test", range(TRAIN, TRAIN + TEST)),
        ("all", range(TRAIN + TEST)),
        ("train[:2]+test[:50%]", [0, 1, *range(TRAIN, TRAIN + TEST // 2)]),
    ],
)
def test_splits(split, rows):
    everything = np.concatenate([X, X_TEST])
    images, labels = tfds._selected({"train": (X, Y), "test": (X_TEST, Y_TEST)}, split)
    assert np.array_equal(images, everything[list(rows)])
    assert np.array_equal(labels, np.concatenate([Y, Y_TEST])[list(rows)])


@pytest.mark.parametrize("split", ["validation", "train[", "", "train[:10]x"])
def test_what_is_no_split(split):
    with pytest.raises(ValueError, match="Unrecognized split"):
        tfds._selected({"train": (X, Y), "test": (X_TEST, Y_TEST)}, split)


# --- imports


@pytest.fixture
def importing(tmp_path, monkeypatch):
    """A folder of modules of this test's own, and an import system that is put back after it."""
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("a_library_of_ours", "another_of_ours"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    (tmp_path / "a_library_of_ours.py").write_text("value = 1\ncopy = value")
    return tmp_path


def test_a_library_is_changed_when_it_is_imported(importing):
    seen = []

    def change(module):
        seen.append(module.copy)
        module.value = 2

    imports.after_import("a_library_of_ours", change)
    assert "a_library_of_ours" not in sys.modules
    import a_library_of_ours

    assert (a_library_of_ours.value, seen) == (2, [1])
    imports.after_import("a_library_of_ours", lambda module: setattr(module, "value", 3))
    assert a_library_of_ours.value == 3


def test_a_library_that_is_not_installed_stays_missing(importing):
    imports.after_import("another_of_ours", lambda module: None)
    with pytest.raises(ImportError):
        import another_of_ours  # noqa: F401


def test_a_stand_in_serves_only_what_is_missing(importing):
    imports.stand_in("another_of_ours", lambda module: vars(module).update(here=5))
    imports.stand_in("a_library_of_ours", lambda module: vars(module).update(value=5))
    import a_library_of_ours
    import another_of_ours

    assert (another_of_ours.here, a_library_of_ours.value) == (5, 1)
    assert isinstance(another_of_ours, types.ModuleType)
