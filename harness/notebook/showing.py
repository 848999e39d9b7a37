"""What a person sees while the check runs: one output that is written anew, in a notebook; lines elsewhere."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from harness.notebook.running import Tell


@contextlib.contextmanager
def shown() -> Iterator[Tell]:
    """Shows events until the end of the block, and then leaves nothing behind."""
    if "IPython" not in sys.modules or sys.modules["IPython"].get_ipython() is None:
        yield _line
        return
    output = _Output()
    try:
        yield output.tell
    finally:
        output.clear()


def _line(event: Mapping[str, Any]) -> None:
    if event["event"] in ("stage", "note"):
        print(event["text"], file=sys.stderr)  # noqa: T201  # a plain Python has no other place


class _Output:
    """An output of the running cell, with what is known already and the line of what is being done."""

    def __init__(self) -> None:
        self._known: Mapping[str, Any] = {"text": "", "html": ""}
        self._notes: list[str] = []
        self._handle: Any = None
        self._last = ""

    def tell(self, event: Mapping[str, Any]) -> None:
        """Show an event."""
        if event["event"] == "known":
            self._known = event
        elif event["event"] == "note":
            self._notes.append(event["text"])
        else:
            self._last = event["text"]
        lines = [*self._notes, self._last]
        html = self._known["html"] + "".join(f"<p>{escape(line)}</p>" for line in lines if line)
        self._show("\n".join(part for part in (self._known["text"], *lines) if part), html)

    def clear(self) -> None:
        """Leave nothing of it."""
        if self._handle is not None:
            self._show("", "")

    def _show(self, text: str, html: str) -> None:
        from IPython.display import display

        bundle = {"text/plain": text, "text/html": html}
        if self._handle is None:
            self._handle = display(bundle, raw=True, display_id=True)
        else:
            self._handle.update(bundle, raw=True)
