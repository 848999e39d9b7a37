"""Results and pages written anew behind the marking page, while its author reads on.

A decision is safe before this hears of it: it lies in the log. What is written here can be lost, and is made good
by whatever writes next.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from harness.kept_figures import KeptFigures
from harness.marking import writing

QUIET = 2.0  # seconds without a decision about anything, after which what was decided is written


class Writer:
    """Writes the files of hand-ins with new decisions when nobody has decided for a moment, and those of the class
    at the end. `told` is given what went wrong."""

    def __init__(self, out: Path, figures: KeptFigures, told: Callable[[Exception], object]) -> None:
        self._out = out
        self._figures = figures
        self._told = told
        self._names: set[str] = set()
        self._count = 0
        self._ends = False
        self._woken = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="marks", daemon=True)
        self._thread.start()

    def decided(self, name: str) -> None:
        """There is something new of this hand-in."""
        with self._woken:
            self._names.add(name)
            self._count += 1
            self._woken.notify()

    def close(self) -> None:
        """Write what is left, and the class page where anything was decided."""
        with self._woken:
            self._ends = True
            self._woken.notify()
        self._thread.join()
        if self._count:
            with writing.alone(self._out) as free:
                if free:
                    writing.write_all(self._out, self._figures)

    def _run(self) -> None:
        while names := self._next():
            try:
                with writing.alone(self._out) as free:
                    for name in sorted(names) if free else ():
                        writing.write(self._out, name, self._figures)
            except Exception as error:  # the thread goes on with the next decision; the log has them all
                self._told(error)

    def _next(self) -> set[str]:
        """The names that are to be written now, once nobody has decided for a moment; none at the end."""
        with self._woken:
            self._woken.wait_for(lambda: self._names or self._ends)
            seen = -1
            while not self._ends and seen != self._count:
                seen = self._count
                self._woken.wait_for(lambda: self._ends, QUIET)
            names, self._names = self._names, set()
            return set() if self._ends else names
