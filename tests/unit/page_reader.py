"""Pages read as a browser reads them: their structure and words, and that nothing hostile is on them."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser

from unit.sample_parts import answer, autoencoder, denoising, gallery, mlp, sweep
from unit.sample_results import typical

from harness.assets import folder
from harness.report import ClassRow, render_class, render_scorecard
from harness.results import ReportFacts, Result

VOID = {"meta", "link", "img", "br", "hr", "input", "base", "source", "rect", "path", "circle", "use"}


class Page(HTMLParser):
    """A page as elements with their attributes and texts; complains about tags that do not nest."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self.open: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        assert len(attrs) == len(dict(attrs)), f"an attribute twice on {tag}"
        if tag not in VOID:
            self.open.append(tag)
            self.texts.setdefault(tag, []).append("")

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open, f"</{tag}> closes nothing"
            assert self.open.pop() == tag

    def handle_data(self, data):
        for tag in set(self.open):
            self.texts[tag][-1] += data if tag in {"script", "style"} else f" {data}"

    def text(self, tag: str = "main") -> str:
        return " ".join(" ".join(self.texts.get(tag, [])).split())

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    def with_class(self, name: str) -> list[str]:
        return [tag for tag, attributes in self.elements if name in (attributes.get("class") or "").split()]


def card(result: Result) -> Page:
    return Page(render_scorecard(result))


def class_page(*results: Result) -> Page:
    return Page(render_class([ClassRow(result, f"{result.submission.name}/scorecard.html") for result in results]))


def assert_harmless(html: str) -> None:
    """One script and one style, both ours and both named in the policy; no handler, nothing loaded from elsewhere.

    Links of the hand-in's text lead to web pages, and say nothing of where they are followed from.
    """
    page = Page(html)
    assert len(page.of("script")) == len(page.of("style")) == 1
    assert page.of("script") == [{}]
    policy = next(m["content"] for m in page.of("meta") if m.get("http-equiv") == "Content-Security-Policy") or ""
    assert policy.startswith("default-src 'none';")
    for tag, name in (("script", "app.js"), ("style", "style.css")):
        source = (folder("templates") / name).read_text(encoding="utf-8")
        assert page.texts[tag] == [source]
        assert base64.b64encode(hashlib.sha256(source.encode()).digest()).decode() in policy
    assert "unsafe" not in policy
    assert re.findall("img-src [^;]*", policy) in ([], ["img-src data:"])
    for tag, attributes in page.elements:
        assert tag not in {"iframe", "object", "embed", "link", "base", "form", "foreignobject", "image"}
        for name, value in attributes.items():
            assert not name.startswith("on"), (tag, name)
            assert name not in {"srcset", "action", "style", "xlink:href", "srcdoc"}, (tag, name)
            if name == "src":
                assert tag == "img"
                assert re.fullmatch("data:image/png;base64,[A-Za-z0-9+/]+={0,2}", value or "")
            if name == "href" and tag != "a":
                assert (value or "").startswith("#")
            if name == "href" and attributes.get("rel") == "noopener noreferrer nofollow":
                assert re.match("https?://", value or "")
            elif name == "href":
                assert re.match(r"#|[\w%~.-]+/", value or "") and "://" not in (value or ""), value
    assert not re.search("[\u202a-\u202e\u2066-\u2069\u200b-\u200f\x00\x1b]", html)


def full() -> Result:
    """A hand-in with everything that a task can show."""
    return typical(
        models=(mlp(), autoencoder()),
        plots=(sweep(), denoising()),
        galleries=(gallery(),),
        answers=(
            answer(),
            answer("# Convolution\n\nshares weights", "3B", facts=(("It does.", True), ("No.", False))),
        ),
        unanswered=("2A",),
        reports=(ReportFacts(file="report.pdf", pages=12, pages_with_text=11, group="Group 17"),),
    )
