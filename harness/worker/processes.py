"""Calls that would leave the run or hold it up: other programs, signals, browsers, the end of the process.

They are answered for code of the hand-in alone; libraries call what they always called.
"""

from __future__ import annotations

import functools
import io
import os
import signal
import subprocess
import sys
import types
import webbrowser
from collections.abc import Callable
from typing import Any

IsTheirs = Callable[[types.CodeType], bool]


def install(is_theirs: IsTheirs) -> None:
    """Put the answers in place; `is_theirs` tells code of the hand-in from that of libraries."""
    answers: dict[Any, dict[str, Callable[..., Any]]] = {
        # `os.kill(os.getpid(), 9)` is how Colab's kernel is restarted after `pip install`: the run goes on.
        os: {
            "system": lambda *_: 0,
            "popen": lambda *_, **__: io.StringIO(""),
            "kill": lambda *_: None,
            "killpg": lambda *_: None,
            "abort": lambda: None,
            "_exit": lambda *_: None,
            "startfile": lambda *_: None,
        },
        subprocess: {
            "run": _completed,
            "call": lambda *_, **__: 0,
            "check_call": lambda *_, **__: 0,
            "check_output": _output,
            "getoutput": lambda *_, **__: "",
            "getstatusoutput": lambda *_, **__: (0, ""),
            "Popen": _Popen,
        },
        signal: {
            "signal": lambda *_: signal.SIG_DFL,
            "alarm": lambda *_: 0,
            "setitimer": lambda *_: (0.0, 0.0),
            "pthread_sigmask": lambda *_: set(),
            "pause": lambda: None,
            "raise_signal": lambda *_: None,
        },
        webbrowser: dict.fromkeys(("open", "open_new", "open_new_tab"), lambda *_, **__: True),
    }
    for module, names in answers.items():
        for name, answer in names.items():
            if hasattr(module, name):
                setattr(module, name, for_theirs(getattr(module, name), answer, is_theirs))


def for_theirs(original: Any, answer: Callable[..., Any], is_theirs: IsTheirs) -> Any:
    """`original`, but `answer` where code of the hand-in calls it."""
    if isinstance(original, type):  # a class stays one, for those who inherit from it
        return type(original.__name__, (original,), {"__new__": _choosing(answer, is_theirs)})

    @functools.wraps(original)
    def function(*args: Any, **kwargs: Any) -> Any:
        chosen = answer if is_theirs(sys._getframe(1).f_code) else original
        return chosen(*args, **kwargs)

    return function


def _choosing(answer: Callable[..., Any], is_theirs: IsTheirs) -> Callable[..., Any]:
    def new(cls: type, *args: Any, **kwargs: Any) -> Any:
        if is_theirs(sys._getframe(1).f_code):
            return answer(*args, **kwargs)
        return object.__new__(cls)

    return new


def _completed(arguments: Any = (), *_: Any, **settings: Any) -> Any:
    return subprocess.CompletedProcess(arguments, 0, *[_output(**settings)] * 2)


def _output(*_: Any, **settings: Any) -> str | bytes:
    textual = any(settings.get(name) for name in ("text", "universal_newlines", "encoding"))
    return "" if textual else b""


class _Popen:
    """A program that ended at once and said nothing."""

    returncode = 0
    pid = 0

    def __init__(self, arguments: Any = (), *_: Any, **settings: Any) -> None:
        self.args = arguments
        empty = _output(**settings)
        self._empty = empty
        self.stdin = io.StringIO() if isinstance(empty, str) else io.BytesIO()
        self.stdout = io.StringIO() if isinstance(empty, str) else io.BytesIO()
        self.stderr = io.StringIO() if isinstance(empty, str) else io.BytesIO()

    def communicate(self, *_: Any, **__: Any) -> tuple[str | bytes, str | bytes]:
        """No output, no errors."""
        return self._empty, self._empty

    def wait(self, *_: Any, **__: Any) -> int:
        """0."""
        return 0

    poll = wait

    def kill(self) -> None:
        """It has ended."""

    terminate = kill

    def __enter__(self) -> _Popen:
        return self

    def __exit__(self, *_: object) -> None:
        pass
