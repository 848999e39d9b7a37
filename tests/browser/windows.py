"""A real browser for the tests: how it is started, a page in a window of its own, and what is asked of every page.

Needs the extra `browser` and a Chromium of the system's (`HARNESS_BROWSER` names another). Tests are skipped where
it is missing, unless HARNESS_REQUIRE names it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WIDTHS = (390, 1280)
SCHEMES = ("light", "dark")

# What sticks out to the right of the window; a page that scrolls sideways says so by itself.
OVERFLOW = """() => {
  const wide = document.documentElement.clientWidth;
  const hidden = (e) => e.closest('.vh, .sprite');
  const inside = (e) => e.parentElement?.closest('*') && [...ancestors(e)].some(clips);
  function* ancestors(e) { for (let p = e.parentElement; p; p = p.parentElement) yield p; }
  function clips(p) { return ['auto', 'scroll', 'hidden', 'clip'].includes(getComputedStyle(p).overflowX); }
  const out = [...document.querySelectorAll('body *')]
    .filter((e) => !hidden(e) && !inside(e) && e.getBoundingClientRect().right > wide + 1)
    .map((e) => e.outerHTML.slice(0, 160));
  return {scrolls: document.documentElement.scrollWidth - wide, out};
}"""


def missing(reason: str) -> None:
    """Skip, or fail where HARNESS_REQUIRE asks for a browser."""
    if "browser" in os.environ.get("HARNESS_REQUIRE", "").split():
        pytest.fail(f"HARNESS_REQUIRE names browser: {reason}", pytrace=False)
    pytest.skip(reason)


@contextmanager
def started() -> Iterator:
    """A browser without a window."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing("Playwright is not installed: pip install '.[browser]'")
    names = [os.environ.get("HARNESS_BROWSER", ""), *PROGRAMS]
    program = next((found for name in names if name and (found := shutil.which(name))), None)
    if program is None:
        missing("there is no Chromium: on Debian and Ubuntu, apt install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=QUIET)
        yield browser
        browser.close()


class Opened:
    """A page in a window of its own, with all that the browser had to say about it."""

    def __init__(self, browser, path: Path, width: int = 1280, scheme: str = "light") -> None:
        self.context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.dialogs: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(f"{message.type}: {message.text}"))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("dialog", self._dismiss)
        self.address = path.as_uri()
        self.page.goto(self.address)

    def _dismiss(self, dialog) -> None:
        self.dialogs.append(dialog.message)
        dialog.dismiss()

    def close(self) -> None:
        """Close the window; it must have been quiet, and have fetched nothing but itself."""
        self.context.close()
        assert self.complaints == []
        assert self.dialogs == []
        assert [address for address in self.requests if address.partition("#")[0] != self.address] == []
