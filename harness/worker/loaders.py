"""Answers for data loaders: Keras's, scikit-learn's, TensorFlow Datasets'. The data come from the harness."""

from __future__ import annotations

import contextlib
import functools
import importlib
import shutil
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from harness.worker import imports, tfds
from harness.worker.keys import Array
from harness.worker.other_sets import NAMES, OtherSets

Data = dict[str, np.ndarray[Any, Any]]
Note = Callable[[str, str], None]
_TREES = ("keras.datasets", "keras.src.datasets", "keras._tf_keras.keras.datasets", "tensorflow.keras.datasets")
_OPENML = {"mnist_784": "mnist", "Fashion-MNIST": "fashion_mnist"}
_OPENML_IDS = {554: "mnist_784", 40996: "Fashion-MNIST"}


def read_data(path: Path) -> Data:
    """The arrays x_train, y_train, x_test, y_test of an npz file, uint8."""
    with np.load(path, allow_pickle=False) as archive:
        return {name: archive[name] for name in ("x_train", "y_train", "x_test", "y_test")}


class Loaders:
    """Knows the assignment's data set by its `names`; others are made up, and noted.

    `remember` is told of the images of other data sets, by the name of the set.
    """

    def __init__(
        self, data: Data, names: tuple[str, ...], note: Note, remember: Callable[[str, Array], None]
    ) -> None:
        self._data = data
        self._names = names
        self._note = note
        self._remember = remember
        self._others = OtherSets(remember)

    def install(self, npz: Path, home: Path) -> None:
        """Put the answers in place of what would download.

        The npz file is also laid where Keras keeps its downloads (`home`), for code that opens the file itself.
        """
        for name in (*self._names, *(other for other in NAMES if other not in self._names)):
            answer = functools.partial(self._keras, name)
            for tree in _TREES:
                try:
                    module = importlib.import_module(f"{tree}.{name}")
                except ImportError:
                    continue
                module.load_data = _loader(answer)  # type: ignore[attr-defined]  # that is the point
        for name in ("", *(f".{name}" for name in NAMES)):  # TensorFlow had them there until 2.15
            with contextlib.suppress(ImportError):
                module = importlib.import_module(f"keras._tf_keras.keras.datasets{name}")
                sys.modules.setdefault(f"tensorflow.python.keras.datasets{name}", module)
        for name in self._names:
            cached = home / "datasets" / f"{name}.npz"
            cached.parent.mkdir(parents=True, exist_ok=True)
            if not cached.exists():
                shutil.copyfile(npz, cached)
        imports.after_import("sklearn.datasets", self._serve_sklearn)
        imports.stand_in("tensorflow_datasets", functools.partial(tfds.fill, self.arrays))

    def arrays(self, name: str, **settings: Any) -> Any:
        """(x_train, y_train), (x_test, y_test) of a data set, as Keras gives them: fresh copies.

        Raises KeyError for one that is unknown here.
        """
        if name in self._names:
            data = self._data
            return tuple((data[f"x_{part}"].copy(), data[f"y_{part}"].copy()) for part in ("train", "test"))
        if name not in NAMES:
            raise KeyError(name)
        self._note_other(name, "The dry run gives the code random values of the same shapes.")
        return self._others.load(name, **settings)

    def _keras(self, name: str, *args: Any, **kwargs: Any) -> Any:
        if name == "cifar100" and args:
            kwargs["label_mode"] = args[0]
        elif name in ("imdb", "reuters") and len(args) > 1:
            kwargs["num_words"] = args[1]
        return self.arrays(name, **kwargs)

    def _note_other(self, name: str, rest: str) -> None:
        known = f"The code loads the data set {name}; the assignment is on {self._names[0]}." if self._names else ""
        self._note("another-data-set", f"{known} What is trained on other data is not measured. {rest}".strip())

    # --- scikit-learn

    def _serve_sklearn(self, module: types.ModuleType) -> None:
        served: Any = module
        served.load_digits = self._digits(served.load_digits)
        served.fetch_openml = self._openml(served.fetch_openml)

    def _digits(self, original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def load_digits(*args: Any, **kwargs: Any) -> Any:
            self._note_other("digits", "Its images are 8 by 8 pixels.")
            images = np.asarray(original(return_X_y=True)[0])
            self._remember("digits", images.astype(np.uint8))
            return original(*args, **kwargs)

        return load_digits

    def _openml(self, original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def fetch_openml(name: Any = None, *args: Any, **kwargs: Any) -> Any:
            asked = _OPENML_IDS.get(kwargs.get("data_id") or 0, str(name))
            if asked not in _OPENML:
                return original(name, *args, **kwargs)
            (x_train, y_train), (x_test, y_test) = self.arrays(_OPENML[asked])
            images = np.concatenate([x_train, x_test]).reshape(-1, 784)
            labels = np.concatenate([y_train, y_test]).astype(str).astype(object)
            return _bunch(asked, images, labels, kwargs.get("as_frame", "auto"), kwargs.get("return_X_y", False))

        return fetch_openml


class Table(np.ndarray[Any, Any]):
    """An array that answers what code asks of a pandas table, where pandas is not installed."""

    @property
    def values(self) -> Array:
        """The plain array."""
        return np.asarray(self)

    @property
    def iloc(self) -> Array:
        """The plain array, which is indexed alike."""
        return np.asarray(self)

    def to_numpy(self, dtype: Any = None, **_: Any) -> Array:
        """The plain array, of another type if asked."""
        return np.asarray(self, dtype=dtype)


def _bunch(name: str, images: Array, labels: Array, as_frame: Any, apart: bool) -> Any:
    """What `fetch_openml` gives: data (70000, 784) and target (70000,) of text, as tables where asked."""
    from sklearn.utils import Bunch

    features = [f"pixel{number}" for number in range(1, images.shape[1] + 1)]
    data: Any = images.astype(np.float64 if as_frame is False else np.int64)
    target: Any = labels
    frame: Any = None
    if as_frame is not False:
        try:
            pandas = importlib.import_module("pandas")
        except ImportError:
            data, target = data.view(Table), target.view(Table)
        else:
            data = pandas.DataFrame(data, columns=features)
            target = pandas.Series(target, name="class").astype("category")
            frame = data.assign(**{"class": target})
    if apart:
        return data, target
    return Bunch(
        data=data,
        target=target,
        frame=frame,
        feature_names=features,
        target_names=["class"],
        categories={},
        details={"name": name},
        DESCR=name,
        url="",
    )


def _loader(answer: Callable[..., Any]) -> Callable[..., Any]:
    def load_data(*args: Any, **kwargs: Any) -> Any:
        """(x_train, y_train), (x_test, y_test)."""
        return answer(*args, **kwargs)

    return load_data
