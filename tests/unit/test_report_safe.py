"""Nothing that a hand-in smuggles in comes through to a page, and every page is sound."""

from __future__ import annotations

import base64
import io
import re
from itertools import pairwise

import pytest
from unit.page_reader import Page, assert_harmless, card, full
from unit.sample_hostile import HOSTILE, hostile
from unit.sample_parts import DIGITS, answer, drawn, gallery, png
from unit.sample_random import lucky, quick, random
from unit.sample_results import broken, busy, complete, typical

from harness.report import ClassRow, render_class, render_scorecard
from harness.results import GalleryRow, OwnWork, Result
from harness.strips import figure, pieces


@pytest.mark.parametrize("text", [*HOSTILE, " ".join(HOSTILE), "A" * 30_000])
def test_hostile_text_stays_text(text: str) -> None:
    result = hostile(text[:250]) if len(text) > 1000 else hostile(text)
    html = render_scorecard(result)
    assert_harmless(html)
    link = f"javascript:{text[:50]}/scorecard.html"
    table = render_class([ClassRow(result, link)])
    assert_harmless(table)
    assert "49" not in Page(html).text("h1")  # a template in a name is not evaluated


def test_hostile_text_is_shown_all_the_same() -> None:
    assert "<script>alert(1)</script>" in card(hostile(HOSTILE[0])).text("h1")


def test_long_text_is_cut() -> None:
    note = typical().errors[0].model_copy(update={"message": "m" * 20_000, "source": "s" * 20_000})
    html = render_scorecard(typical(errors=(note,)))
    assert "m" * 700 not in html
    assert "s" * 4_500 not in html


@pytest.mark.parametrize(
    "result", [typical(), complete(), broken(), typical(dataset=DIGITS), full(), busy(), random(), lucky(), quick()]
)
def test_pages_are_sound(result: Result) -> None:
    for html in (render_scorecard(result), render_class([ClassRow(result, "group-17/scorecard.html")])):
        assert_harmless(html)
        page = Page(html)
        ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
        assert len(ids) == len(set(ids))
        levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(b <= a + 1 for a, b in pairwise(levels)), levels
        for _, attributes in page.elements:
            for name in ("aria-labelledby",):
                assert set((attributes.get(name) or "").split()) <= set(ids)
            if (attributes.get("href") or "").startswith("#"):
                assert (attributes["href"] or "")[1:] in ids
        assert len(page.of("main")) == 1
        assert page.of("html")[0]["lang"] == "en"


@pytest.mark.parametrize(
    "bad",
    [
        "",
        '"><script>alert(1)</script>',
        png()[:-40],
        png() + "\n",
        "data:image/png;base64," + png(),
        base64.b64encode(b"<svg onload=alert(1)>").decode(),
        base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"\x00" * 60).decode(),
        base64.b64encode(base64.b64decode(png())[:16] + b"\x00\x00\xff\xff" * 2 + b"\x08\x00" * 20).decode(),
        "A" * 2_000_000,
        "é" * 100,
    ],
    ids=range(10),
)
def test_what_is_no_png_stays_off_the_page(bad: str) -> None:
    html = render_scorecard(typical(galleries=(gallery(GalleryRow(label="original", png=bad, images=10)),)))
    assert_harmless(html)
    assert Page(html).of("img") == Page(html).with_class("gallery") == []


def test_strips_are_encoded_anew() -> None:
    told = base64.b64encode(base64.b64decode(png()) + b"<script>alert(1)</script>").decode()
    (made,) = pieces(GalleryRow(label="x", png=told, images=10))
    assert b"script" not in base64.b64decode(made.source.partition(",")[2])
    assert len(pieces(GalleryRow(label="x", png=png(3), images=7))) == 1  # a count that does not divide it
    assert len(pieces(GalleryRow(label="x", png=png(), images=0))) == 1


@pytest.mark.parametrize("bad", ["", "x", png(1, 1001, "RGB"), png(40, 28, "RGB")[:-30]])
def test_an_own_figure_that_is_no_picture_stays_off_the_page(bad: str) -> None:
    html = render_scorecard(busy(own=OwnWork(figures=(drawn(png=bad),))))
    assert_harmless(html)
    assert Page(html).of("img") == []


def test_own_figures_keep_their_colours_and_are_encoded_anew() -> None:
    from PIL import Image

    buffer = io.BytesIO()
    Image.new("RGB", (5, 4), (200, 30, 40)).save(buffer, "PNG")
    told = base64.b64encode(buffer.getvalue() + b"<script>alert(1)</script>").decode()
    made = figure(told, "alt")
    assert made is not None
    data = base64.b64decode(made.source.partition(",")[2])
    assert b"script" not in data
    assert Image.open(io.BytesIO(data)).convert("RGB").getpixel((2, 2)) == (200, 30, 40)


def test_a_long_answer_is_cut_and_says_so() -> None:
    html = render_scorecard(typical(answers=(answer("word " * 10_000),)))
    assert "Cut after 8,000 characters" in html
    assert html.count("word ") < 2_000


def test_links_are_quoted() -> None:
    html = render_class([ClassRow(typical(), 'grupp 7 "å"?#/scorecard.html')])
    links = {attributes["href"] for attributes in Page(html).of("a")}
    assert "grupp%207%20%22%C3%A5%22%3F%23/scorecard.html" in links
