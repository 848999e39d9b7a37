"""Stand-ins for what a hand-in expects of the machine around it: a person, a clock, a screen, Colab, graphviz."""

from __future__ import annotations

import builtins
import contextlib
import getpass
import importlib
import importlib.abc
import importlib.machinery
import sys
import time
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

Note = Callable[[str, str], None]


def install(note: Note, is_theirs: Callable[[types.CodeType], bool]) -> None:
    """Put the stand-ins in place; `is_theirs` tells code of the hand-in from that of libraries."""
    _answer_input(note)
    _skip_sleep(is_theirs)
    _keep_backend()
    _serve_plot_model()
    sys.meta_path.append(_ColabFinder(note))


def _answer_input(note: Note) -> None:
    def answer(prompt: object = "", *_: object, **__: object) -> str:
        note(
            "asks-for-input",
            f"The code asks a person (“{str(prompt)[:100]}”) and got an empty answer. Set the value in the code.",
        )
        return ""

    builtins.input = answer
    getpass.getpass = answer


def _skip_sleep(is_theirs: Callable[[types.CodeType], bool]) -> None:
    """`time.sleep` returns at once to a hand-in, and to `plt.pause`; libraries sleep as before."""
    really_sleep = time.sleep

    def sleep(seconds: Any, /) -> None:
        caller = sys._getframe(1)
        plotting = str(caller.f_globals.get("__name__")).startswith("matplotlib.")
        really_sleep(0 if plotting or is_theirs(caller.f_code) else seconds)

    time.sleep = sleep


def _keep_backend() -> None:
    """`matplotlib.use("TkAgg")` would need a screen: figures stay in memory."""
    with contextlib.suppress(ImportError):
        import matplotlib

        matplotlib.use = lambda *_, **__: None


def _serve_plot_model() -> None:
    """`plot_model` without graphviz draws an empty picture in place of raising."""
    for tree in ("keras", "keras._tf_keras.keras"):
        utils = importlib.import_module(f"{tree}.utils")
        utils.plot_model = _plot_model  # type: ignore[attr-defined]  # that is the point
        utils.model_to_dot = lambda *_, **__: None  # type: ignore[attr-defined]


def _plot_model(model: Any, to_file: Any = "model.png", *_: Any, **__: Any) -> None:
    """What `keras.utils.plot_model` leaves behind: a file."""
    del model
    with contextlib.suppress(Exception):  # a file name that is none, or a kind of picture unknown here
        from PIL import Image

        Image.new("RGB", (8, 8), "white").save(Path(to_file))


class _Colab(types.ModuleType):
    """`google.colab` and what is in it: every call does nothing."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *_, **__: None


class _ColabFinder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Found only when imported, so that `"google.colab" in sys.modules` is false as on any other machine."""

    def __init__(self, note: Note) -> None:
        self._note = note

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        del path, target
        if name == "google.colab" or name.startswith("google.colab."):
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
        return None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        return _Colab(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        if module.__name__ == "google.colab":
            for part in ("drive", "files", "output", "patches", "userdata", "auth"):
                importlib.import_module(f"google.colab.{part}")
        if module.__name__ == "google.colab.files":
            module.upload = self._upload  # type: ignore[attr-defined]

    def _upload(self, *_: Any, **__: Any) -> dict[str, bytes]:
        self._note(
            "asks-for-input", "`files.upload()` asks a person for a file; here it got none. Hand the file in too."
        )
        return {}
