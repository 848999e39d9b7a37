"""Somebody at the marking page, in a real browser."""

from __future__ import annotations

from urllib.parse import urlsplit

SAVED = "() => document.getElementById('saved').textContent === 'All saved'"


class Desk:
    """Somebody who marks, in a browser of his own that tells all that it complains of and asks for."""

    def __init__(self, browser, address: str, path: str = "/", width: int = 1280, scheme: str = "light") -> None:
        self.context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.strangers: list[str] = []
        self.base = "http://" + urlsplit(address).netloc
        self.page.on("console", lambda message: self.complaints.append(f"{message.type}: {message.text}"))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self._look(request.url))
        self.page.goto(address)
        if path != "/":
            self.page.goto(self.base + path)
        self.page.wait_for_selector("main.hand-in .panel, main.question .panel")

    def _look(self, address: str) -> None:
        if not address.startswith((f"{self.base}/", "data:")):
            self.strangers.append(address)

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def at(self, name: str) -> None:
        """Wait until this hand-in's work is here."""
        self.page.wait_for_function(
            "(name) => document.getElementById('jump').value === name && !document.getElementById('side').inert",
            arg=name,
        )

    def arrived(self, question: str, other_than: str = "") -> str:
        """Wait until the work of a hand-in on this question is here, of another hand-in than this one; its name."""
        self.page.wait_for_function(
            """([question, name]) => document.querySelector('#tabs [aria-current] b')?.textContent === question
            && !document.getElementById('side').inert && document.getElementById('work').ariaBusy !== 'true'
            && document.querySelector('#side .panel') && document.getElementById('jump').value !== name""",
            arg=[question, other_than],
        )
        return str(self.page.locator("#jump").input_value())

    def counted(self, words: str) -> None:
        """Wait until this is said of how far the question is."""
        self.page.wait_for_function("(words) => document.getElementById('count').textContent === words", arg=words)

    def saved(self) -> None:
        self.page.wait_for_function(SAVED)

    def close(self, *expected: str) -> None:
        """Close the window: it asked for nothing elsewhere, and complained of nothing but the `expected`."""
        self.context.close()
        assert self.strangers == []
        assert [one for one in self.complaints if not any(words in one for words in expected)] == []
