"""Finding and checking the data sets; no network and no TensorFlow.

The real MNIST and Fashion-MNIST are read by the tests marked `mnist`, from HARNESS_DATA.
"""

import gzip
import io
import os
import re
import socket
import sys
import time
import types
import urllib.error
from pathlib import Path

import numpy as np
import pytest

from harness import datasets
from harness.datasets import ARRAYS, DatasetCorrupt, DatasetUnavailable, array_sha256

HEADER = b"{'descr': '|u1', 'fortran_order': False, 'shape': (1,)}"
ONE_ARRAY = b"\x93NUMPY\x01\x00\x46\x00" + HEADER.ljust(69) + b"\n\x07"  # a valid .npy file of one byte


@pytest.fixture(scope="module")
def digits():
    return datasets.load("digits")


@pytest.fixture(scope="module")
def arrays():
    """Arrays of the official shapes and no meaning."""
    made = {key: np.zeros(shape, np.uint8) for key, shape in datasets._SHAPES.items()}
    for number, array in enumerate(made.values(), start=1):
        array[0] = number
    return made


@pytest.fixture
def world(monkeypatch, tmp_path, arrays):
    """Empty folders for HARNESS_DATA and Keras, no network, and `arrays` published as both data sets."""
    places = types.SimpleNamespace(data=tmp_path / "data", keras=tmp_path / "keras" / "datasets")
    places.data.mkdir()
    places.keras.mkdir(parents=True)
    monkeypatch.setenv("HARNESS_DATA", str(places.data))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    published = {key: array_sha256(array) for key, array in arrays.items()}
    monkeypatch.setattr(datasets, "PUBLISHED_SHA256", {"mnist": published, "fashion_mnist": published})

    def no_network(request, timeout):
        raise urllib.error.URLError("no network in this test")

    monkeypatch.setattr("urllib.request.urlopen", no_network)
    return places


def write_fashion(folder, arrays):
    folder.mkdir()
    for key, (file, header) in datasets.FASHION_FILES.items():
        (folder / file).write_bytes(gzip.compress(bytes(header) + arrays[key].tobytes(), compresslevel=1))


# --- finding ---


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
def test_harness_data_comes_first(world, arrays, name):
    np.savez(world.data / f"{name}.npz", **arrays)
    (world.keras / "mnist.npz").write_bytes(b"never read")
    found = datasets.load(name)
    assert (found.name, found.official) == (name, True)
    assert all(np.array_equal(getattr(found, key), arrays[key]) for key in ARRAYS)


def test_mnist_in_keras_cache_is_found(world, arrays):
    np.savez(world.keras / "mnist.npz", **arrays)
    assert np.array_equal(datasets.load("mnist").x_train, arrays["x_train"])


def test_fashion_mnist_in_keras_cache_is_read_from_its_four_files(world, arrays):
    write_fashion(world.keras / "fashion-mnist", arrays)
    found = datasets.load("fashion_mnist")
    assert all(np.array_equal(getattr(found, key), arrays[key]) for key in ARRAYS)


def test_keras_cache_is_in_the_home_folder_without_keras_home(world, monkeypatch, tmp_path, arrays):
    monkeypatch.delenv("KERAS_HOME")
    monkeypatch.delenv("HARNESS_DATA")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    folder = tmp_path / "home" / ".keras" / "datasets"
    folder.mkdir(parents=True)
    np.savez(folder / "mnist.npz", **arrays)
    assert datasets.load("mnist").official


def test_nowhere_names_what_was_tried_and_the_remedy(world):
    with pytest.raises(DatasetUnavailable) as caught:
        datasets.load("mnist")
    message = str(caught.value)
    assert str(world.data / "mnist.npz") in message
    assert str(world.keras / "mnist.npz") in message
    assert "no network in this test" in message
    assert "set HARNESS_DATA" in message


def test_another_name_is_refused():
    with pytest.raises(ValueError, match=r"^name: .*'cifar10'"):
        datasets.load("cifar10")


def test_auto_is_mnist_where_it_is(world, arrays):
    np.savez(world.data / "mnist.npz", **arrays)
    found, reason = datasets.resolve("auto", "mnist")
    assert (found.name, reason) == ("mnist", None)


def test_auto_is_digits_with_the_reason_where_mnist_is_not(world):
    found, reason = datasets.resolve("auto", "mnist")
    assert (found.name, found.official) == ("digits", False)
    assert "no network in this test" in reason


def test_digits_by_name_need_no_reason(world):
    found, reason = datasets.resolve("digits", "mnist")
    assert (found.name, reason) == ("digits", None)


def test_a_name_is_never_replaced(world):
    with pytest.raises(DatasetUnavailable):
        datasets.resolve("mnist", "mnist")


def test_auto_reports_a_damaged_file_in_place_of_hiding_it(world, arrays):
    np.savez(world.data / "mnist.npz", **{**arrays, "y_test": np.ones(10_000, np.uint8)})
    with pytest.raises(DatasetCorrupt):
        datasets.resolve("auto", "mnist")


# --- checking ---


@pytest.mark.parametrize("key", ARRAYS)
def test_one_changed_byte_is_corrupt(world, arrays, key):
    changed = arrays[key].copy()
    changed.reshape(-1)[-1] ^= 1
    np.savez(world.data / "mnist.npz", **{**arrays, key: changed})
    with pytest.raises(DatasetCorrupt) as caught:
        datasets.load("mnist")
    message = str(caught.value)
    for part in (str(world.data / "mnist.npz"), key, array_sha256(arrays[key]), array_sha256(changed)):
        assert part in message


def test_right_bytes_in_another_shape_or_type_are_corrupt(world, arrays):
    for wrong in (arrays["x_train"].reshape(60_000, 784), arrays["x_train"].view(np.int8)):
        np.savez(world.data / "mnist.npz", **{**arrays, "x_train": wrong})
        with pytest.raises(DatasetCorrupt, match=r"x_train is .* should be uint8 \(60000, 28, 28\)"):
            datasets.load("mnist")


def test_a_missing_array_is_corrupt(world, arrays):
    np.savez(world.data / "mnist.npz", **{key: arrays[key] for key in ARRAYS[:3]})
    with pytest.raises(DatasetCorrupt, match="lacks the array y_test"):
        datasets.load("mnist")


def test_nothing_is_unpickled(world, arrays):
    class Trap:
        def __reduce__(self):
            return (Path.touch, (world.data / "sprung",))

    np.savez(world.data / "mnist.npz", **{**arrays, "y_test": np.array([Trap()], dtype=object)})
    with pytest.raises(DatasetCorrupt, match="allow_pickle"):
        datasets.load("mnist")
    assert not (world.data / "sprung").exists()


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 half an archive", ONE_ARRAY])
def test_a_file_that_is_no_archive_is_corrupt(world, content):
    (world.data / "mnist.npz").write_bytes(content)
    with pytest.raises(DatasetCorrupt, match=r"mnist\.npz cannot be read"):
        datasets.load("mnist")


def test_a_half_written_gz_is_corrupt(world, arrays):
    folder = world.keras / "fashion-mnist"
    write_fashion(folder, arrays)
    file = folder / "t10k-labels-idx1-ubyte.gz"
    file.write_bytes(file.read_bytes()[:-20])
    with pytest.raises(DatasetCorrupt, match=re.escape(str(file))):
        datasets.load("fashion_mnist")


# --- downloading ---


@pytest.fixture
def fake_keras(world, monkeypatch, arrays):
    """A Keras whose download works, and a server that answers. Notes the socket timeout that the download had."""
    seen = {}

    def load_data():
        print("Downloading data")
        seen["timeout"] = socket.getdefaulttimeout()
        return (arrays["x_train"], arrays["y_train"]), (seen.get("x_test", arrays["x_test"]), arrays["y_test"])

    loader = types.SimpleNamespace(load_data=load_data)
    module = types.SimpleNamespace(datasets=types.SimpleNamespace(mnist=loader, fashion_mnist=loader))
    monkeypatch.setitem(sys.modules, "keras", module)
    monkeypatch.setattr("urllib.request.urlopen", lambda request, timeout: io.BytesIO())
    return seen


def test_keras_downloads_under_a_socket_timeout_and_off_standard_output(fake_keras, capsys):
    before = socket.getdefaulttimeout()
    assert datasets.load("mnist", download_timeout=1.5).official
    assert fake_keras["timeout"] == 1.5
    assert socket.getdefaulttimeout() == before
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Downloading" in captured.err


def test_what_was_downloaded_is_checked_too(fake_keras, arrays):
    fake_keras["x_test"] = arrays["x_test"] + 1
    with pytest.raises(DatasetCorrupt, match="what Keras downloaded"):
        datasets.load("mnist")


def test_a_server_that_never_answers_does_not_hold_auto_up(world, monkeypatch):
    monkeypatch.undo()  # the real urlopen
    monkeypatch.delenv("HARNESS_DATA", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(world.keras.parent))
    monkeypatch.setenv("no_proxy", "*")
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setattr(datasets, "_ORIGIN", f"http://127.0.0.1:{server.getsockname()[1]}/")
        start = time.monotonic()
        found, reason = datasets.resolve("auto", "mnist", download_timeout=0.2)
    assert found.name == "digits"
    assert "timed out" in reason.lower()
    assert time.monotonic() - start < 10


# --- digits ---


def test_digits_are_images_of_the_ten_classes(digits):
    assert (digits.x_train.shape, digits.x_test.shape) == ((1437, 28, 28), (360, 28, 28))
    assert (digits.y_train.shape, digits.y_test.shape) == ((1437,), (360,))
    assert all(getattr(digits, key).dtype == np.uint8 for key in ARRAYS)
    assert (digits.x_train.min(), digits.x_train.max()) == (0, 255)
    assert len(np.unique(digits.x_train)) > 200  # interpolated: the originals have 17 grey levels


def test_digits_are_split_alike_in_every_class(digits):
    whole = np.bincount(digits.y_train) + np.bincount(digits.y_test)
    assert whole.tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert (np.abs(np.bincount(digits.y_test) - whole * 360 / 1797) < 1).all()


def test_no_test_digit_is_among_the_training_digits(digits):
    images = np.concatenate([digits.x_train, digits.x_test]).reshape(1797, 784)
    assert len(np.unique(images, axis=0)) == 1797


def test_a_scaled_digit_is_still_the_small_one(digits):
    """Block means of the 28 x 28 image order its pixels as the 8 x 8 original does."""
    from sklearn.datasets import load_digits

    small = load_digits().images
    scaled = digits.x_test[0].astype(float)
    centres = np.rint((np.arange(8) + 0.5) * 3.5 - 0.5).astype(int)
    likeness = [np.corrcoef(scaled[np.ix_(centres, centres)].ravel(), image.ravel())[0, 1] for image in small]
    assert max(likeness) > 0.98
    assert load_digits().target[int(np.argmax(likeness))] == digits.y_test[0]


def test_digits_are_the_same_each_time_and_their_labels_mixed(digits):
    assert datasets.load("digits").sha256 == digits.sha256
    # The split is numpy's frozen stream: the same with every version of numpy.
    assert digits.y_train[:12].tolist() == [1, 8, 8, 8, 2, 9, 4, 9, 2, 6, 9, 9]
    assert digits.y_test[:12].tolist() == [9, 7, 9, 0, 3, 4, 9, 5, 1, 3, 4, 7]
    assert all(len(np.unique(chunk)) == 10 for chunk in np.array_split(digits.y_train, 10))


def test_arrays_are_read_only_and_the_digest_is_of_all_four(digits):
    with pytest.raises(ValueError, match="read-only"):
        digits.x_train[0, 0, 0] = 1
    for key in ARRAYS:
        changed = {name: getattr(digits, name).copy() for name in ARRAYS}
        changed[key].reshape(-1)[-1] ^= 1
        assert datasets._dataset("digits", changed, official=False).sha256 != digits.sha256


# --- the real data ---


@pytest.fixture(params=["mnist", "fashion_mnist"])
def real(request, monkeypatch, tmp_path):
    """The name of a data set that HARNESS_DATA holds. Required by HARNESS_REQUIRE=mnist; skipped otherwise."""
    folder = os.environ.get("HARNESS_DATA")
    if not folder or not (Path(folder) / f"{request.param}.npz").is_file():
        missing = f"HARNESS_DATA has no {request.param}.npz"
        if "mnist" in re.split(r"[\s,]+", os.environ.get("HARNESS_REQUIRE", "")):
            pytest.fail(f"{missing}, and HARNESS_REQUIRE asks for it")
        pytest.skip(missing)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    return request.param


@pytest.mark.mnist
def test_the_real_data_have_their_published_digests(real):
    found = datasets.load(real)
    assert (found.name, found.official) == (real, True)
    assert np.bincount(found.y_test).sum() == 10_000
    if real == "mnist":
        assert found.y_train[:8].tolist() == [5, 0, 4, 1, 9, 2, 1, 3]
        assert found.x_train.mean() / 255 == pytest.approx(0.1307, abs=1e-4)  # the figure everyone normalises by


@pytest.mark.mnist
def test_auto_finds_the_real_mnist(real):
    found, reason = datasets.resolve("auto", "mnist")
    assert (found.name, reason) == ("mnist", None)
