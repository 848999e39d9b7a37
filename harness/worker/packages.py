"""Packages that are not here and only draw, show progress or report: they take every call and do nothing.

A hand-in that imports seaborn for one plot loses that plot, not its networks. Packages that compute (opencv, torch)
have no stand-in: what they do cannot be guessed, so their import fails as on any machine without them.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import sys
import types
from collections.abc import Callable, Iterator
from typing import Any

from harness.worker.nothing import Nothing

Note = Callable[[str, str], None]

# Top names of packages, and what is left out without them.
DRAWING = {
    "ann_visualizer": "its drawings",
    "bokeh": "its plots",
    "graphviz": "its drawings",
    "ipywidgets": "its sliders and buttons",
    "jupyterthemes": "its colours",
    "livelossplot": "its plots",
    "mlxtend.plotting": "its plots",
    "netron": "its drawings",
    "plotly": "its plots",
    "pydot": "its drawings",
    "pydot_ng": "its drawings",
    "pydotplus": "its drawings",
    "seaborn": "its plots",
    "tensorboard": "its page",
    "tensorboardX": "its page",
    "tqdm": "its progress bars",
    "visualkeras": "its drawings",
    "wandb": "its reports",
    "watermark": "its list of versions",
}
_QUIET = ("tqdm", "ipywidgets", "graphviz", "pydot", "tensorboard")  # nothing that is missed in a hand-in


def install(note: Note) -> None:
    """Serve these packages, and `google.colab`, where they are not installed."""
    sys.meta_path.append(_Packages(note))


class _Empty(types.ModuleType):
    """A module whose names are all nothing."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.__path__: list[str] = []

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if name.endswith("Callback") or name.startswith("PlotLosses"):
            return callback  # what is given to fit
        return Nothing()


def callback(*_: Any, **__: Any) -> Any:
    """A callback of Keras that does nothing."""
    import keras

    return keras.callbacks.Callback()


class Bar:
    """What `tqdm(things)` gives: the things, one after another."""

    def __init__(self, things: Any = (), *_: Any, **settings: Any) -> None:
        self._things = things if things is not None else ()
        self.total = settings.get("total")
        self.n = 0

    def __iter__(self) -> Iterator[Any]:
        return iter(self._things)

    def __len__(self) -> int:
        return len(self._things)

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Nothing()

    pandas = write = set_lock = staticmethod(lambda *_, **__: None)


def trange(*numbers: int, **settings: Any) -> Bar:
    """`tqdm(range(…))`."""
    return Bar(range(*numbers), **settings)


class _Packages(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Found last, and only when imported, so that `"google.colab" in sys.modules` is false as on any machine."""

    def __init__(self, note: Note) -> None:
        self._note = note

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        del path, target
        served = ("google.colab", *DRAWING)
        if any(name == package or name.startswith(f"{package}.") for package in served):
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
        return None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        return _Empty(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        name = module.__name__
        served: Any = module
        if name == "tqdm" or name.startswith("tqdm."):
            served.tqdm = served.tqdm_notebook = served.tnrange = Bar
            served.trange = served.tnrange = trange
        if name == "google.colab":
            for part in ("drive", "files", "output", "patches", "userdata", "auth"):
                importlib.import_module(f"google.colab.{part}")
        if name == "google.colab.files":
            served.upload = self._upload
        if name in DRAWING and name not in _QUIET:
            self._note(
                "missing-package",
                f"The package `{name}` is not here: {DRAWING[name]} are left out, and nothing else.".replace(
                    "its page are", "its page is"
                ),
            )

    def _upload(self, *_: Any, **__: Any) -> dict[str, bytes]:
        self._note(
            "asks-for-input", "`files.upload()` asks a person for a file; here it got none. Hand the file in too."
        )
        return {}
