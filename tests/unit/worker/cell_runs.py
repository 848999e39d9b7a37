"""Cells run as one notebook or one script, and what became of them, for the tests of running cells."""

from __future__ import annotations

import linecache
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from harness.worker.cells import Cell
from harness.worker.execute import Hooks, Runner
from harness.worker.shell import Shell


@contextmanager
def main_given_back() -> Iterator[None]:
    """What runs in here becomes `__main__`, and its lines known to `linecache`; afterwards neither is left."""
    before = sys.modules["__main__"]
    try:
        yield
    finally:
        sys.modules["__main__"] = before
        linecache.clearcache()


def nothing_supplied(name: str) -> Any:
    raise KeyError(name)


class Run:
    """Cells run one after another as one notebook, or one script."""

    def __init__(
        self,
        *texts: str,
        script: bool = False,
        seconds: float = 5.0,
        supply: Callable[[str], Any] = nothing_supplied,
        left: Callable[[], float] = lambda: 100.0,
    ) -> None:
        hooks = Hooks(
            ipython=lambda runner: Shell(runner, self.ran.append),
            left=left,
            note=lambda code, message, where: self.notes.append((code, message, str(where))),
        )
        self.ran, self.notes = [], []
        self.runner = Runner(supply, seconds, hooks)
        self.going = True
        for number, text in enumerate(texts, 1):
            cell = Cell("a.py", None, text) if script else Cell("a.ipynb", number, text)
            self.going = self.going and self.runner.run_cell(cell)
        if self.runner._await_loop is not None:
            self.runner._await_loop.close()
        self.names = self.runner.namespace
        self.errors = self.runner.errors
        self.printed = "".join(passage.text for passage in self.runner.printed)
        self.where = [(error.where.cell, error.where.line) for error in self.errors]
