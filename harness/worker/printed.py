"""What a cell prints, as much of it as is kept."""

from __future__ import annotations

import io


class Limited(io.TextIOBase):
    """Keeps the first and the last half of what is written, so that endless output costs nothing."""

    encoding = "utf-8"

    def __init__(self, limit: int) -> None:
        self._half = limit // 2
        self._first = ""
        self._last = ""

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        text = str(text)
        room = self._half - len(self._first)
        if room > 0:
            self._first += text[:room]
        if len(text) > room:
            self._last = (self._last + text[max(room, 0) :])[-self._half :]
        return len(text)

    @property
    def text(self) -> str:
        return self._first + self._last
