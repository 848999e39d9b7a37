"""Data loaders answer without a network: MNIST in all its spellings, its files, and data sets that are others.

A cell of `CELLS` has a name and its source; what it asserts itself is held to by the absence of errors.
"""

from __future__ import annotations

import pytest
from notebooks import notebook, write
from recorded import run, save_images

pytestmark = pytest.mark.end_to_end

CELLS = {
    "first": """
import numpy as np, keras, tensorflow as tf
(x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
def same(answer):
    (a, b), (c, d) = answer
    alike = [(p == q).all() for p, q in ((a, x_train), (b, y_train), (c, x_test), (d, y_test))]
    return all(alike) and a.dtype == np.uint8
def network(x):
    made = keras.Sequential([keras.Input(x.shape[1:]), keras.layers.Flatten(), keras.layers.Dense(1)])
    made.compile("sgd", "mse")
    return made""",
    # --- MNIST by its loaders
    "spellings": """
from keras.datasets import mnist
from keras.datasets import mnist as m
from tensorflow.keras.datasets import mnist as t
from tensorflow.keras.datasets.mnist import load_data
from tensorflow.python.keras.datasets import mnist as p
from tensorflow.python.keras.datasets.mnist import load_data as q
import tensorflow.keras as k
for load in (mnist.load_data, m.load_data, t.load_data, load_data, p.load_data, q, k.datasets.mnist.load_data,
             tf.keras.datasets.mnist.load_data, keras.datasets.mnist.load_data):
    assert same(load())
assert same(mnist.load_data("mnist.npz")) and same(mnist.load_data(path="/content/mnist.npz"))
changed = mnist.load_data()[0][0]
changed[:] = 0
assert same(mnist.load_data())""",
    "get_file": """
path = tf.keras.utils.get_file("mnist.npz", "https://nowhere.invalid/mnist.npz")
assert (np.load(path)["x_test"] == x_test).all()""",
    "openml": """
from sklearn.datasets import fetch_openml
x, y = fetch_openml("mnist_784", version=1, return_X_y=True, as_frame=False)
assert x.shape == (80, 784) and x.dtype == np.float64 and y[0] == str(y_train[0])
assert (x[:60].reshape(-1, 28, 28) == x_train).all() and (y[60:].astype(int) == y_test).all()
x = x / 255
network(x).fit(x, y.astype(np.uint8))""",
    "openml table": """
mnist = fetch_openml("mnist_784")
assert (mnist["data"].to_numpy()[60:].reshape(-1, 28, 28) == x_test).all()
assert mnist.data.shape == (80, 784) and (mnist.target.astype(np.uint8)[:60] == y_train).all()
assert (fetch_openml(data_id=554).data.values == mnist.data.values).all()
x = mnist.data[:60] / 255.0
network(x).fit(x, mnist.target[:60].astype("int"))""",
    "tfds": """
import tensorflow_datasets as tfds
(train, test), info = tfds.load("mnist", split=["train", "test"], as_supervised=True, with_info=True,
                                shuffle_files=True)
image, label = next(iter(train))
assert image.shape == (28, 28, 1) and image.dtype == tf.uint8 and label == int(y_train[0])
assert info.features["label"].num_classes == 10 and info.splits["train"].num_examples == len(train) == 60
x = tfds.as_numpy(tfds.load("mnist:3.0.1", split="train[50%:]+test", batch_size=-1))
assert (x["image"][:30, ..., 0] == x_train[30:]).all() and (x["label"][30:] == y_test).all()
assert set(tfds.load("mnist")) == {"train", "test"} and len(list(tfds.load("mnist", split="test").batch(8))) == 3
tfds.disable_progress_bar()""",
    # --- MNIST by its files
    "npz": """
import os
assert os.path.exists("mnist.npz") and not os.path.exists("other.npz")
with np.load("mnist.npz", allow_pickle=True) as f:
    assert (f["x_train"] == x_train).all() and (f["y_test"] == y_test).all()""",
    "npz in Drive": """
data = np.load('/content/drive/MyDrive/NN course/mnist.npz')
assert (data['x_test'] == x_test).all()""",
    "npz opened": """
from pathlib import Path
assert Path('/kaggle/input/mnist/mnist.npz').open('rb').read(2) == b'PK'""",
    "pickle": """
import gzip, pickle
with gzip.open("../data/mnist.pkl.gz", "rb") as f:
    train, valid, test = pickle.load(f, encoding="latin1")
assert train[0].shape == (50, 784) and train[0].dtype == np.float32 and valid[1].shape == (10,)
assert (test[0] * 256 == x_test.reshape(-1, 784)).all() and (test[1] == y_test).all()
x = train[0]
network(x).fit(x, train[1])""",
    "written": """
open("notes.txt", "w").write("1")
assert open("notes.txt").read() == "1"
np.savez("own.npz", a=1)
assert np.load("own.npz")["a"] == 1""",
    # --- missing as before
    "csv": "np.loadtxt('/kaggle/input/digit-recognizer/train.csv', delimiter=',')",
    "csv opened": "open('mnist_train.csv').readlines()",
    "idx": "open('MNIST_data/train-images-idx3-ubyte', 'rb')",
    "other file": "open('results.csv')",
    "write to nowhere": "open('/nowhere/mnist.npz', 'wb')",
    "openml of no digits": "fetch_openml('nothing-of-that-name', data_home='.', n_retries=0)",
    "tfds of no digits": "tfds.load('horses_or_humans')",
    # --- other data sets
    "fashion": """
(a, b), (c, d) = keras.datasets.fashion_mnist.load_data()
assert a.shape == (60000, 28, 28) and c.shape == (10000, 28, 28) and a.dtype == np.uint8 and b.shape == (60000,)
x = a.astype("float32") / 255
network(x).fit(x, b)
x = c[100:200].reshape(-1, 784)
network(x).fit(x, d[100:200])
first = a[0].copy()
a[:] = 0
assert (keras.datasets.fashion_mnist.load_data()[0][0][0] == first).all()""",
    "cifar": """
from tensorflow.keras.datasets import cifar10, cifar100
(a, b), (c, d) = cifar10.load_data()
assert a.shape == (50000, 32, 32, 3) and b.shape == (50000, 1) and d.max() == 9
x = a[:100] / 255.0
network(x).fit(x, b[:100])
assert cifar100.load_data(label_mode="coarse")[0][1].max() == 19 and cifar100.load_data()[0][1].max() == 99""",
    "tables": """
(a, b), (c, d) = keras.datasets.boston_housing.load_data()
assert a.shape == (404, 13) and d.shape == (102,)
assert keras.datasets.california_housing.load_data()[0][0].shape == (16512, 8)""",
    "texts": """
(a, b), (c, d) = keras.datasets.imdb.load_data(num_words=50)
assert len(a) == 25000 and max(map(max, a)) < 50 and keras.utils.pad_sequences(a[:5], 80).shape == (5, 80)
assert keras.datasets.reuters.load_data()[1][0].shape == (2246,)""",
    "digits": """
from sklearn.datasets import load_digits
digits = load_digits()
assert digits.images.shape == (1797, 8, 8) and load_digits(return_X_y=True)[1][0] == 0
x = digits.images / 16
network(x).fit(x, digits.target)""",
    "tfds fashion": "assert len(tfds.load('fashion_mnist', split='test')) == 10000",
}


@pytest.fixture(scope="module")
def npz(tmp_path_factory):
    return save_images(tmp_path_factory.mktemp("data") / "data.npz")


FILES = {"a.ipynb": notebook(*CELLS.values())}


@pytest.fixture(scope="module")
def recording(tmp_path_factory, npz):
    return run(write(tmp_path_factory.mktemp("one"), FILES), npz)[0]


@pytest.fixture(scope="module")
def seen(recording):
    """What was seen of the cell of a name: its errors, findings or fits."""
    numbers = {name: number for number, name in enumerate(CELLS, 1)}

    def of(name, what):
        here = numbers[name]
        return [one for one in getattr(recording, what) if one.where is not None and one.where.cell == here]

    return of


MISSING = {
    "csv": "FileNotFoundError",
    "csv opened": "FileNotFoundError",
    "idx": "FileNotFoundError",
    "other file": "FileNotFoundError",
    "write to nowhere": "FileNotFoundError",
    "tfds of no digits": "ValueError",
}


@pytest.mark.parametrize("name", [name for name in CELLS if name not in (*MISSING, "openml of no digits")])
def test_what_works_on_the_students_machine_works_here(seen, name):
    assert [(error.type, error.message, error.where.line) for error in seen(name, "errors")] == []


@pytest.mark.parametrize("name", MISSING)
def test_what_is_missing_stays_missing(seen, name):
    (error,) = seen(name, "errors")
    assert error.type == MISSING[name]


def test_what_needs_a_network_fails_as_without_one(seen):
    assert len(seen("openml of no digits", "errors")) == 1


PATHS = {
    "npz": "`mnist.npz` was not handed in, and is answered with MNIST.",
    "npz in Drive": "`/content/drive/MyDrive/NN course/mnist.npz` was not handed in, and is answered with MNIST.",
    "npz opened": "`/kaggle/input/mnist/mnist.npz` was not handed in, and is answered with MNIST.",
    "pickle": "`../data/mnist.pkl.gz` was not handed in, and is answered with MNIST.",
    "csv": "`/kaggle/input/digit-recognizer/train.csv` was not handed in.",
    "csv opened": "`mnist_train.csv` was not handed in.",
    "idx": "`MNIST_data/train-images-idx3-ubyte` was not handed in.",
}


def test_paths_to_data_are_noted_where_they_stand(recording, seen):
    how = "Load MNIST with `keras.datasets.mnist.load_data()`, so that the code runs anywhere."
    for name, words in PATHS.items():
        (finding,) = seen(name, "findings")
        assert (finding.code, finding.message) == ("data-path", f"{words} {how}")
    assert len([finding for finding in recording.findings if finding.code == "data-path"]) == len(PATHS)


OTHERS = {
    "fashion": ["fashion_mnist"],
    "cifar": ["cifar10", "cifar100"],
    "tables": ["boston_housing", "california_housing"],
    "texts": ["imdb", "reuters"],
    "digits": ["digits"],
}


def test_another_data_set_is_noted(recording, seen):
    for name, sets in OTHERS.items():
        messages = [finding.message for finding in seen(name, "findings") if finding.code == "another-data-set"]
        assert len(messages) == len(sets)
        for message, other in zip(messages, sets, strict=True):
            assert message.startswith(f"The code loads the data set {other}; the assignment is on mnist.")
    noted = [one for one in recording.findings if one.code == "another-data-set"]
    assert len(noted) == sum(map(len, OTHERS.values()))


def test_arrays_of_loaders_are_recognised(seen):
    (fit,) = seen("openml", "fits")
    assert (fit.data.x.source, fit.data.y.source, fit.data.y.labels_match) == ("x_all", "y_all", 1)
    (fit,) = seen("openml table", "fits")
    assert (fit.data.x.source, fit.data.y.labels_match) == ("x_train", 1)
    (fit,) = seen("pickle", "fits")
    assert (fit.data.x.source, fit.data.x.rows.stop) == ("x_train", 50)
    assert fit.data.x.scale == pytest.approx(1 / 256)


def test_arrays_of_other_data_sets_are_told_by_name(seen):
    assert [fit.data.x.data_set for fit in seen("fashion", "fits")] == ["fashion_mnist"] * 2
    assert [fit.data.x.data_set for fit in seen("cifar", "fits")] == ["cifar10"]
    assert [fit.data.x.data_set for fit in seen("digits", "fits")] == ["digits"]
    assert all(fit.data.x.content is None for name in OTHERS for fit in seen(name, "fits"))


def test_the_same_hand_in_gives_the_same_recording(recording, tmp_path, npz):
    again, _ = run(write(tmp_path, FILES), npz)
    assert again.model_dump(exclude={"seconds"}) == recording.model_dump(exclude={"seconds"})
