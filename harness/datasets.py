"""The data sets: found, and checked against their published digests.

`mnist` and `fashion_mnist` are official: every array has a published SHA-256 and is refused without it. `digits`
stands in where they cannot be had: scikit-learn's 1,797 handwritten digits, scaled to 28 x 28.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import importlib.metadata
import os
import socket
import sys
import urllib.request
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

DatasetName = Literal["mnist", "fashion_mnist", "digits"]
Part = Literal["train", "test"]
Bytes = NDArray[np.uint8]

ARRAYS = ("x_train", "y_train", "x_test", "y_test")
OFFICIAL_ROWS: Mapping[Part, int] = {"train": 60_000, "test": 10_000}
_SHAPES = {"x_train": (60_000, 28, 28), "y_train": (60_000,), "x_test": (10_000, 28, 28), "y_test": (10_000,)}

# SHA-256 of the raw bytes of each array, as Keras's load_data() returns it.
PUBLISHED_SHA256: Mapping[str, Mapping[str, str]] = {
    "mnist": {
        "x_train": "741c988805d008ac6e4c904b69001ba184c24b2c540a4ef403f4c71b676cf757",
        "y_train": "1feba77c54802fa5339a11837ea4b2866434b83314ec45192930f1df69120c13",
        "x_test": "6d87418db22cc8025d05968bec9bd5c3932904b23485740db143a061a2c9d161",
        "y_test": "ddeff807876a9661a1110d45c266c86239a3a1b7d37da0c3716a7a683c852ff5",
    },
    "fashion_mnist": {
        "x_train": "2e487a6c89124f78f2d7521542223cafe96f7123c3ca13d447772ac6ecbb3012",
        "y_train": "657fbd221bfc9f4198cc14b5619cc33ec57c58dd0e47af4d99d6650759e869a7",
        "x_test": "c867c93ff95360594e8ec3287995350b824dd110b11595c0e13d5423f621867a",
        "y_test": "3d0e6c6ea990b53b6f8f500a41cac93881d981b315f84578b7d915342ade01e9",
    },
}

_ORIGIN = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
FASHION_FILES = {  # Keras's file for each array, and the length of its IDX header in bytes
    "x_train": ("train-images-idx3-ubyte.gz", 16),
    "y_train": ("train-labels-idx1-ubyte.gz", 8),
    "x_test": ("t10k-images-idx3-ubyte.gz", 16),
    "y_test": ("t10k-labels-idx1-ubyte.gz", 8),
}
DIGITS_TEST_ROWS = 360  # of 1,797: a fifth
_DIGITS_SEED = 0
_UNREADABLE = (OSError, ValueError, EOFError, zlib.error, zipfile.BadZipFile)


class DatasetError(Exception):
    """A data set that cannot be used; the message says what to do."""


class DatasetUnavailable(DatasetError):
    """The data set was found nowhere; the message lists what was tried."""


class DatasetCorrupt(DatasetError):
    """A file was found and is not the published data; the message names file, array and both digests."""


@dataclass(frozen=True, eq=False)
class Dataset:
    """Images and labels of ten classes; the arrays are read-only.

    `official` data are 60,000 and 10,000 images with published digests; `digits` has 1,437 and 360.
    """

    name: DatasetName
    x_train: Bytes
    """uint8 (n, 28, 28), grey levels 0 (background) to 255."""
    y_train: Bytes
    """uint8 (n,), classes 0 to 9."""
    x_test: Bytes
    """uint8 (k, 28, 28)."""
    y_test: Bytes
    """uint8 (k,)."""
    sha256: str
    """SHA-256 of the four arrays' hexadecimal digests, a line each, in the order of `ARRAYS`."""
    official: bool


def array_sha256(array: NDArray[Any]) -> str:
    """The hexadecimal SHA-256 of the array's raw bytes in C order; shape and dtype do not enter."""
    return hashlib.sha256(np.ascontiguousarray(array).data).hexdigest()


# --- finding ----------------------------------------------------------------------------------------------


def load(name: DatasetName, *, download_timeout: float = 30.0) -> Dataset:
    """The data set of this name, checked.

    Looked for in `$HARNESS_DATA` (a folder with `mnist.npz` and `fashion_mnist.npz`), then in Keras's cache
    (`$KERAS_HOME`, else `~/.keras`), then downloaded by Keras; `digits` comes with scikit-learn. A network that
    does not answer is given up after `download_timeout` seconds of silence.

    Raises DatasetUnavailable where it is found nowhere, DatasetCorrupt where a file found first is not the
    published data (the search does not go on past such a file), ValueError for another name.
    """
    if name not in get_args(DatasetName):
        raise ValueError(f"name: no data set {name!r}; there are {', '.join(get_args(DatasetName))}")
    if name == "digits":
        return _digits()
    tried: list[str] = []
    for place in (_from_harness_data, _from_keras_cache):
        if (found := place(name, tried)) is not None:
            return found
    try:
        arrays = _download(name, download_timeout)
    except Exception as error:  # Keras raises a bare Exception for a failed download
        tried.append(f"Keras's download failed: {type(error).__name__}: {error}")
        raise DatasetUnavailable(
            f"{name} could not be had. Tried: {'; '.join(tried)}. Remedy: put {name}.npz (Keras's file, with the "
            f"arrays {', '.join(ARRAYS)}) into a folder and set HARNESS_DATA to it, or use the data set digits."
        ) from error
    return _checked(name, arrays, f"what Keras downloaded ({keras_home() / 'datasets'})")


def resolve(
    name: Literal["auto"] | DatasetName, own: DatasetName, *, download_timeout: float = 5.0
) -> tuple[Dataset, str | None]:
    """The data set for `--data`, and the reason where it is a stand-in, else None.

    `auto` is the assignment's `own`, or `digits` where that cannot be had; another name is loaded or refused as
    `load` does. The network gets `download_timeout` seconds to answer. Raises DatasetCorrupt also for `auto`:
    whoever has a file of the assignment's data wants marks on it, and must hear that it is damaged.
    """
    if name != "auto":
        return load(name), None
    try:
        return load(own, download_timeout=download_timeout), None
    except DatasetUnavailable as error:
        return load("digits"), f"measured on digits in place of {own}: {error}"


def _from_harness_data(name: str, tried: list[str]) -> Dataset | None:
    folder = os.environ.get("HARNESS_DATA")
    if not folder:
        tried.append("HARNESS_DATA is not set")
        return None
    path = Path(folder).expanduser() / f"{name}.npz"
    if path.is_file():
        return _checked(name, _read_npz(path), str(path))
    tried.append(f"HARNESS_DATA has no file {path}")
    return None


def _from_keras_cache(name: str, tried: list[str]) -> Dataset | None:
    folder = keras_home() / "datasets"
    if name == "mnist":
        path = folder / "mnist.npz"
        if path.is_file():
            return _checked(name, _read_npz(path), str(path))
    else:
        path = folder / "fashion-mnist"
        if all((path / file).is_file() for file, _ in FASHION_FILES.values()):
            return _checked(name, _read_idx(path), str(path))
    tried.append(f"Keras's cache has not {path}")
    return None


def keras_home() -> Path:
    """Keras's folder for the person."""
    return Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser()


def _read_npz(path: Path) -> dict[str, NDArray[Any]]:
    try:
        with path.open("rb") as file:
            archive = np.load(file, allow_pickle=False)
            if not isinstance(archive, np.lib.npyio.NpzFile):
                raise ValueError("a single array, not an archive")
            return {key: archive[key] for key in ARRAYS if key in archive}
    except _UNREADABLE as error:
        raise _unreadable(path, error) from error


def _read_idx(folder: Path) -> dict[str, NDArray[Any]]:
    arrays: dict[str, NDArray[Any]] = {}
    for key, (file, header) in FASHION_FILES.items():
        try:
            raw = gzip.decompress((folder / file).read_bytes())
            arrays[key] = np.frombuffer(raw, np.uint8, offset=header).reshape(_SHAPES[key])
        except _UNREADABLE as error:
            raise _unreadable(folder / file, error) from error
    return arrays


def _unreadable(path: Path, error: Exception) -> DatasetCorrupt:
    reason = f"{type(error).__name__}: {error}"
    return DatasetCorrupt(f"{path} cannot be read ({reason}); delete it or put Keras's file there")


def _checked(name: str, arrays: Mapping[str, NDArray[Any]], place: str) -> Dataset:
    for key in ARRAYS:
        if key not in arrays:
            raise DatasetCorrupt(f"{place} lacks the array {key}; delete it or put Keras's file there")
        array, expected = arrays[key], PUBLISHED_SHA256[name][key]
        if array.dtype != np.uint8 or array.shape != _SHAPES[key]:
            raise DatasetCorrupt(
                f"{place}: {key} is {array.dtype} {array.shape} and should be uint8 {_SHAPES[key]} "
                f"(SHA-256 {array_sha256(array)}, published {expected})"
            )
        found = array_sha256(array)
        if found != expected:
            raise DatasetCorrupt(
                f"{place}: {key} is not {name}'s: its SHA-256 is {found}, published {expected}; "
                "delete the file or put Keras's there"
            )
    return _dataset("mnist" if name == "mnist" else "fashion_mnist", arrays, official=True)


def _dataset(name: DatasetName, arrays: Mapping[str, NDArray[Any]], official: bool) -> Dataset:
    digests = "\n".join(array_sha256(arrays[key]) for key in ARRAYS)
    for array in arrays.values():
        array.setflags(write=False)
    return Dataset(
        name=name,
        **{key: arrays[key] for key in ARRAYS},
        sha256=hashlib.sha256(digests.encode("ascii")).hexdigest(),
        official=official,
    )


def _download(name: str, timeout: float) -> dict[str, NDArray[Any]]:
    """Keras's own download. Raises whatever the network or Keras raises."""
    file = "mnist.npz" if name == "mnist" else FASHION_FILES["x_train"][0]
    request = urllib.request.Request(_ORIGIN + file, method="HEAD")  # noqa: S310 - the address is a constant
    # Asked first, because importing Keras takes seconds: without a network the answer comes at once.
    with urllib.request.urlopen(request, timeout=timeout):  # noqa: S310
        pass
    import keras

    loaders: dict[str, Callable[[], Any]] = {
        "mnist": keras.datasets.mnist.load_data,
        "fashion_mnist": keras.datasets.fashion_mnist.load_data,
    }
    with _socket_timeout(timeout), contextlib.redirect_stdout(sys.stderr):  # Keras prints its progress
        (x_train, y_train), (x_test, y_test) = loaders[name]()
    return {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test}


@contextlib.contextmanager
def _socket_timeout(seconds: float) -> Iterator[None]:
    """Keras's download takes no timeout; Python's default for new sockets is set meanwhile."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


# --- digits -----------------------------------------------------------------------------------------------


def _digits_of_scikit_learn() -> tuple[Bytes, Bytes]:
    """Images (n, 8, 8), 0 … 16, and labels, from the file that load_digits reads; importing that takes a second."""
    installed = importlib.metadata.distribution("scikit-learn")
    with gzip.open(str(installed.locate_file("sklearn/datasets/data/digits.csv.gz"))) as file:
        rows = np.loadtxt(file, delimiter=",", dtype=np.uint8)
    return rows[:, :-1].reshape(-1, 8, 8), rows[:, -1]


def _digits() -> Dataset:
    """scikit-learn's digits (8 x 8, 0 … 16) as uint8 28 x 28, bicubic; 1,437 for training, 360 for testing.

    The classes are split alike, by largest remainder; which images, and their order, is a seeded permutation.
    Its digest follows scikit-learn's and Pillow's versions, so it is recorded and not pinned.
    """
    from PIL import Image  # here, because only digits needs it

    pixels, labels = _digits_of_scikit_learn()
    small = np.rint(pixels * (255 / 16)).astype(np.uint8)
    scaled = [Image.fromarray(image).resize((28, 28), Image.Resampling.BICUBIC) for image in small]
    images = np.stack([np.asarray(image) for image in scaled])

    exact = np.bincount(labels, minlength=10) * (DIGITS_TEST_ROWS / len(labels))
    quota = np.floor(exact).astype(np.int64)
    largest = np.argsort(quota - exact, kind="stable")[: DIGITS_TEST_ROWS - quota.sum()]
    quota[largest] += 1
    # RandomState, not default_rng: numpy promises that its stream never changes (NEP 19).
    rng = np.random.RandomState(_DIGITS_SEED)
    test = np.concatenate([rng.permutation(np.flatnonzero(labels == c))[: quota[c]] for c in range(10)])
    train = np.setdiff1d(np.arange(len(labels)), test)
    test, train = rng.permutation(test), rng.permutation(train)
    arrays = {
        "x_train": images[train],
        "y_train": labels[train],
        "x_test": images[test],
        "y_test": labels[test],
    }
    return _dataset("digits", arrays, official=False)
