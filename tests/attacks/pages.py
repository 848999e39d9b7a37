"""What a page of ours may not have in it, found by parsing it as a browser would."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser

LOADING = ("src", "srcset", "data", "poster", "background", "action", "formaction", "ping", "manifest", "code")
READ = ("title", "alt", "aria-label")
"""Text for a person, which no browser follows; nor does it follow `data-…`."""
FORBIDDEN = {"iframe", "object", "embed", "base", "applet", "frame", "frameset", "portal", "foreignobject", "link"}


def problems(html: str) -> list[str]:
    """What is wrong with a page, a sentence each; empty where it runs its own script alone and loads nothing."""
    page = _Page()
    page.feed(html)
    page.close()
    return page.found


class _Page(HTMLParser):
    """Reads a page; `found` tells what it may not have."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self._policy = ""
        self._script = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name.lower(): value or "" for name, value in attrs}
        if tag in FORBIDDEN:
            self.found.append(f"<{tag}>")
        if tag == "script" and given:
            self.found.append(f"<script> with {sorted(given)}")
        if tag == "meta" and given.get("http-equiv", "").lower() == "content-security-policy":
            self._policy = given["content"]
        elif tag == "meta" and "http-equiv" in given:
            self.found.append(f"<meta http-equiv={given['http-equiv']}>")
        self._script = tag == "script"
        for name, value in given.items():
            self._attribute(tag, name, value, given)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self._script = False

    def handle_endtag(self, tag: str) -> None:
        self._script = False

    def handle_data(self, data: str) -> None:
        if self._script:
            digest = base64.b64encode(hashlib.sha256(data.encode()).digest()).decode()
            if f"'sha256-{digest}'" not in self._policy:
                self.found.append(f"a script that the page's policy does not name: {data[:60]!r}")

    def close(self) -> None:
        super().close()
        if "default-src 'none'" not in self._policy:
            self.found.append(f"the content security policy {self._policy!r}")

    def _attribute(self, tag: str, name: str, value: str, given: dict[str, str]) -> None:
        address = re.sub(r"[\s\x00-\x20]", "", value).lower()
        if name.startswith("on"):
            self.found.append(f"<{tag} {name}>")
        if name in READ or name.startswith("data-"):
            return
        if address.startswith(("javascript:", "vbscript:", "file:")):
            self.found.append(f"<{tag} {name}={value[:60]!r}>")
        elif name in LOADING and not address.startswith("data:image/"):
            self.found.append(f"<{tag} {name}={value[:60]!r}> loads")
        elif name in ("href", "xlink:href") and not self._harmless(tag, address, given):
            self.found.append(f"<{tag} {name}={value[:60]!r}> leads elsewhere")
        if name == "style" and ("url(" in address or "expression(" in address or "@import" in address):
            self.found.append(f"<{tag} style={value[:60]!r}>")

    def _harmless(self, tag: str, address: str, given: dict[str, str]) -> bool:
        """A place on this page or beside it; in an answer also a link to the web that tells nobody where from."""
        if address.startswith(("http://", "https://")):
            return tag == "a" and {"noopener", "noreferrer"} <= set(given.get("rel", "").split())
        return ":" not in address.partition("/")[0] and not address.startswith("//")
