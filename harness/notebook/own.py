"""Finding one's own notebook: the file behind the kernel in which this runs.

Asked in turn: Visual Studio Code, which leaves the path in the notebook's names; Colab, which hands the notebook
over as it is on the screen; the Jupyter servers of this user on this machine, by the kernel's id; and the name that
Jupyter started the kernel with, which is wrong once the notebook was renamed.
"""

from __future__ import annotations

import importlib
import json
import os
import re
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.notebook import servers

SUFFIX = ".ipynb"
COLAB_SECONDS = 20
_KERNEL_FILE = re.compile(r"kernel-(.+)\.json")
_ODD = re.compile(r"[^\w .()+-]")


class NotFound(Exception):
    """There is no notebook to check; the message says in a sentence what to do."""


@dataclass(frozen=True)
class Kernel:
    """What a running Python knows of itself, as far as it tells which notebook it belongs to."""

    names: Mapping[str, Any] = field(default_factory=dict)
    """The notebook's own names."""
    connection: Path | None = None
    """The file by which a Jupyter kernel is reached; its name holds the kernel's id."""
    session: str = ""
    """What Jupyter called the notebook when it started the kernel."""
    folder: Path = field(default_factory=Path.cwd)
    colab: Callable[[], Any] | None = None
    """On Colab: asks the page for the notebook."""
    running: str = ""
    """The text of the cell that runs now."""

    @classmethod
    def here(cls) -> Kernel:
        """Of this process. Nothing is imported that is not there already."""
        shell: Any = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
        return cls(
            names=getattr(shell, "user_ns", {}),
            connection=_connection() if hasattr(shell, "kernel") else None,
            session=os.environ.get("JPY_SESSION_NAME", ""),
            colab=_ask_colab if "google.colab" in sys.modules else None,
            running=shell.history_manager.input_hist_raw[-1] if hasattr(shell, "kernel") else "",
        )


@dataclass(frozen=True)
class Own:
    """A notebook, or a folder with one, and the folder beside which the scorecard goes. `live`: it is as on the
    screen, and not as it was saved."""

    path: Path
    beside: Path
    live: bool = False

    def seen(self, running: str = "") -> str:
        """How fresh it is, in sentences. `running`: the text of a cell that must be in it."""
        if self.live:
            return f"{self.path.name} as it is on the screen now."
        if self.path.is_dir():
            return f"The files in {self.path.name or self.path} as they are saved."
        saved = self.path.stat().st_mtime
        said = (
            f"{self.path.name} as it was saved {time.strftime('%H:%M', time.localtime(saved))}"
            f"{_ago(time.time() - saved)}. What was changed since then is not seen."
        )
        if running and self.path.suffix.lower() == SUFFIX and not _holds(self.path, running):
            said += " The cell that asks for this check is not saved yet: save the notebook, and run it again."
        return said


def find(kernel: Kernel, scratch: Path) -> Own:
    """The notebook of this kernel. What Colab hands over is written into the folder `scratch`. Raises NotFound."""
    code = kernel.names.get("__vsc_ipynb_file__")
    if isinstance(code, str):
        if (path := Path(code)).is_file():
            return Own(path, path.parent)
        raise NotFound("Save this notebook once, so that there is a file to check, and run this again.")
    if kernel.colab is not None:
        return _of_colab(kernel.colab, kernel.folder, scratch)
    for named in (_of_servers(kernel), kernel.folder / kernel.session if kernel.session else None):
        if named is not None and named.suffix.lower() == SUFFIX and named.is_file():
            return Own(named, named.parent)
    raise NotFound(f"Which notebook this is could not be found out: {_by_hand(kernel.folder)}.")


def given(path: Path) -> Own:
    """The notebook or folder that was named. Raises NotFound where there is none."""
    path = path.expanduser()
    if not path.exists():
        raise NotFound(f"There is no {path} below {Path.cwd()}: {_by_hand(Path.cwd())}.")
    path = path.resolve()
    return Own(path, path if path.is_dir() else path.parent)


def _by_hand(folder: Path) -> str:
    """What to write, with the name of a notebook that is there."""
    names = sorted(path.name for path in folder.glob(f"*{SUFFIX}"))
    name = names[0] if names else f"my_notebook{SUFFIX}"
    return f'give its path, as harness.check(path="{name}")'


def _of_servers(kernel: Kernel) -> Path | None:
    """Where the Jupyter server that runs this kernel says that its notebook is."""
    named = _KERNEL_FILE.fullmatch(kernel.connection.name) if kernel.connection else None
    if kernel.connection is None or named is None:
        return None
    return servers.notebook_of(named[1], kernel.connection.parent)


def _of_colab(ask: Callable[[], Any], folder: Path, scratch: Path) -> Own:
    try:
        notebook = ask()["ipynb"]
        name = notebook.get("metadata", {}).get("colab", {}).get("name") or "notebook"
        name = _ODD.sub("_", str(name).removesuffix(SUFFIX))[:80].strip(" .") or "notebook"
        path = scratch / f"{name}{SUFFIX}"
        path.write_text(json.dumps(notebook), encoding="utf-8")
    except Exception:  # no answer, another kind of answer, another Colab: all the same to whoever waits
        raise NotFound(
            "Colab did not hand this notebook over: choose File, Download, .ipynb; upload it under Files on the "
            f'left; and write harness.check(path="/content/my_notebook{SUFFIX}").'
        ) from None
    return Own(path, folder, live=True)


def _ask_colab() -> Any:
    message = importlib.import_module("google.colab._message")  # Colab's own Python has it
    return message.blocking_request("get_ipynb", request="", timeout_sec=COLAB_SECONDS)


def _connection() -> Path | None:
    from ipykernel.connect import get_connection_file

    try:
        return Path(get_connection_file())
    except (RuntimeError, OSError):
        return None


def _holds(notebook: Path, text: str) -> bool:
    """Whether a saved notebook has a cell with this text. One that cannot be read is not judged here."""
    try:
        cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
        sources = ["".join(cell["source"]).strip() for cell in cells]
    except (ValueError, KeyError, TypeError, OSError, RecursionError):
        return True
    return text.strip() in sources


def _ago(seconds: float) -> str:
    minutes = round(seconds / 60)
    if minutes < 1:
        return ", just now"
    if minutes < 120:
        return f", {minutes} minute{'' if minutes == 1 else 's'} ago"
    return f", {round(seconds / 3600)} hours ago" if seconds < 48 * 3600 else f", {round(seconds / 86400)} days ago"
