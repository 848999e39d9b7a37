"""Stand-ins for what a hand-in expects of the machine around it: a person, a clock, a screen, graphviz."""

from __future__ import annotations

import builtins
import contextlib
import getpass
import importlib
import io
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness.worker.imports import after_import
from harness.worker.nothing import Nothing
from harness.worker.processes import IsTheirs, for_theirs

Note = Callable[[str, str], None]


def install(note: Note, is_theirs: IsTheirs) -> None:
    """Put the stand-ins in place; `is_theirs` tells code of the hand-in from that of libraries."""
    _answer_input(note)
    _skip_sleep(is_theirs)
    _keep_backend(is_theirs)
    _serve_plot_model()
    _check_nothing()


def _answer_input(note: Note) -> None:
    def answer(prompt: object = "", *_: object, **__: object) -> str:
        note(
            "asks-for-input",
            f"The code asks a person (“{str(prompt)[:100]}”) and got an empty answer. Set the value in the code.",
        )
        return ""

    builtins.input = answer
    getpass.getpass = answer


def _skip_sleep(is_theirs: IsTheirs) -> None:
    """`time.sleep` returns at once to a hand-in, and to `plt.pause`; libraries sleep as before, and so do the
    hand-in's threads, which would only be in the way."""
    really_sleep = time.sleep

    def sleep(seconds: Any, /) -> None:
        caller = sys._getframe(1)
        plotting = str(caller.f_globals.get("__name__")).startswith("matplotlib.")
        waited_for = threading.current_thread() is threading.main_thread()
        really_sleep(0 if waited_for and (plotting or is_theirs(caller.f_code)) else seconds)

    time.sleep = sleep


def _keep_backend(is_theirs: IsTheirs) -> None:
    """`matplotlib.use("TkAgg")` would need a screen: figures stay in memory, and nobody clicks on them."""
    with contextlib.suppress(ImportError):
        import matplotlib

        matplotlib.use = lambda *_, **__: None
    answers: dict[str, Any] = {"switch_backend": None, "ginput": [], "waitforbuttonpress": None}

    def adapt(pyplot: Any) -> None:
        for name, answer in answers.items():
            original = getattr(pyplot, name)
            setattr(pyplot, name, for_theirs(original, lambda *_, answer=answer, **__: answer, is_theirs))

    after_import("matplotlib.pyplot", adapt)


def _serve_plot_model() -> None:
    """`plot_model` without graphviz draws an empty picture in place of raising."""
    for tree in ("keras", "keras._tf_keras.keras"):
        utils = importlib.import_module(f"{tree}.utils")
        utils.plot_model = _plot_model  # type: ignore[attr-defined]  # that is the point
        utils.model_to_dot = Dot  # type: ignore[attr-defined]


class Dot:
    """What `model_to_dot` gives: a drawing with nothing on it, as `SVG(model_to_dot(model).create(…))` wants."""

    def __init__(self, *_: Any, **__: Any) -> None:
        pass

    def create(self, *_: Any, format: str = "svg", **__: Any) -> bytes:  # noqa: A002 - pydot's own name
        """The picture in a format."""
        if format == "svg":
            return b'<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"></svg>'
        return _empty_picture()

    def create_svg(self, *_: Any, **__: Any) -> bytes:
        """The picture as SVG."""
        return self.create()

    def create_png(self, *_: Any, **__: Any) -> bytes:
        """The picture as PNG."""
        return _empty_picture()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Nothing()


def _empty_picture() -> bytes:
    from PIL import Image

    picture = io.BytesIO()
    Image.new("RGB", (8, 8), "white").save(picture, "PNG")
    return picture.getvalue()


def _plot_model(model: Any, to_file: Any = "model.png", *_: Any, **__: Any) -> None:
    """What `keras.utils.plot_model` leaves behind: a file."""
    del model
    with contextlib.suppress(Exception):  # a file name that is none, or a kind of picture unknown here
        from PIL import Image

        Image.new("RGB", (8, 8), "white").save(Path(to_file))


def _check_nothing() -> None:
    """`harness.check()`, left in a notebook, does nothing while that notebook is checked."""
    sys.modules["harness"].check = lambda *_, **__: Nothing()  # type: ignore[attr-defined]  # that is the point


def serve_shell(shell: Callable[[], Any], is_theirs: IsTheirs) -> None:
    """Let `from IPython import get_ipython` give the hand-in the shell that its cells have."""
    ipython: Any = importlib.import_module("IPython")
    ipython.get_ipython = for_theirs(ipython.get_ipython, shell, is_theirs)
