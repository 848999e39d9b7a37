"""What `get_ipython()` answers: magics that run code run it, those that ask a terminal do nothing."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness.worker.execute import Runner
from harness.worker.nothing import Nothing

# Cell magics whose body is no Python. `%%script false` is how a cell is skipped.
OTHER_LANGUAGES = frozenset(
    [
        "bash",
        "sh",
        "html",
        "HTML",
        "javascript",
        "js",
        "latex",
        "markdown",
        "svg",
        "SVG",
        "perl",
        "ruby",
        "R",
        "cmd",
        "script",
        "python2",
        "pypy",
        "cython",
        "sql",
        "system",
        "bigquery",
        "shell",
        "julia",
        "writetemplate",
        "skip",
    ]
)
_TIME_OPTIONS = re.compile(r"^(?:-[a-zA-Z]+\s*\d*\s+)+")


class Shell:
    """IPython's shell as far as hand-ins use it. `run_file` runs a file of the hand-in by its name."""

    def __init__(self, runner: Runner, run_file: Callable[[str], None]) -> None:
        self._runner = runner
        self._run_file = run_file

    def run_cell_magic(self, name: str, line: str, body: str) -> None:
        """`%%writefile` writes; other languages are passed over; anything else (`%%time`, `%%capture`, magics of
        packages that are not here) runs its body."""
        if name in ("writefile", "file"):
            write_file(line, body)
        elif name not in OTHER_LANGUAGES:
            if name == "capture" and line.strip().isidentifier():
                self._runner.namespace[line.strip()] = Captured()
            self._runner.run_body(body)

    def run_line_magic(self, name: str, line: str = "", *_: Any, **__: Any) -> Any:
        """`%time statement` and `%run file` run; `%matplotlib`, `%pip` and others are passed over."""
        if name in ("time", "timeit") and line.strip():
            return self._runner.run_line(_TIME_OPTIONS.sub("", line.strip()))
        if name == "run":
            self._run_file(_file_of(line))
        return None

    def magic(self, text: str) -> Any:
        """`get_ipython().magic("time x")`, the spelling of older IPython."""
        name, _, line = text.lstrip("%").partition(" ")
        return self.run_line_magic(name, line)

    def system(self, _command: str) -> None:
        """`!command`: nothing is run."""

    def getoutput(self, _command: str, *_: Any, **__: Any) -> list[str]:
        """`x = !command`: nothing is run, no lines come back."""
        return []

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Nothing()


class Captured:
    """What `%%capture out` leaves: the output itself went where output goes."""

    stdout = ""
    stderr = ""
    outputs: tuple[()] = ()

    def show(self) -> None:
        """Shows nothing."""

    def __call__(self) -> None:
        """Shows nothing."""


def write_file(line: str, body: str) -> None:
    """`%%writefile [-a] name`: the cell as a file, which a later cell imports. Raises OSError."""
    words = line.split()
    name = " ".join(word for word in words if word not in ("-a", "--append")).strip("\"'")
    with Path(name).open("a" if "-a" in words or "--append" in words else "w", encoding="utf-8") as file:
        file.write(body if body.endswith("\n") else body + "\n")
    importlib.invalidate_caches()


def _file_of(line: str) -> str:
    """The file that `%run [-i] file arguments` names."""
    quoted = re.search(r"[\"'](.+?)[\"']", line)
    if quoted:
        return quoted[1]
    words = [word for word in line.split() if not word.startswith("-")]
    return words[0] if words else ""
