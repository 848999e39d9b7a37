"""The pages in a real browser: nothing overflows, nothing is fetched, nothing is complained of, the table sorts."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from browser.windows import OVERFLOW, SCHEMES, WIDTHS, Opened
from unit.sample_hostile import HOSTILE, hostile
from unit.sample_random import lucky, quick, random
from unit.sample_results import broken, busy, complete, typical

from harness.report import ClassRow, render_class, render_scorecard

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def pages(tmp_path_factory) -> dict[str, Path]:
    """Every kind of page as a file."""
    folder = tmp_path_factory.mktemp("pages")
    results = [typical(), complete(), broken(), typical("a" * 120)]
    rows = [ClassRow(result, f"{result.submission.name}/scorecard.html") for result in results]
    texts = {
        "typical": render_scorecard(typical()),
        "complete": render_scorecard(complete()),
        "busy": render_scorecard(busy()),
        "random": render_scorecard(random()),
        "lucky": render_scorecard(lucky()),
        "quick": render_scorecard(quick()),
        "broken": render_scorecard(broken()),
        "hostile": render_scorecard(hostile(HOSTILE[0])),
        "endless": render_scorecard(hostile("A" * 250)),
        "class": render_class(rows),
        "empty class": render_class([]),
    }
    written = {}
    for name, text in texts.items():
        written[name] = folder / f"{name.replace(' ', '-')}.html"
        written[name].write_text(text, encoding="utf-8")
    return written


@pytest.fixture
def opened(browser, pages):
    """Open a page by its name; afterwards it must have been quiet, and have fetched nothing but itself."""
    windows: list[Opened] = []

    def start(name: str, width: int = 1280, scheme: str = "light") -> Opened:
        windows.append(Opened(browser, pages[name], width, scheme))
        return windows[-1]

    yield start
    for window in windows:
        window.close()


NAMES = (
    "typical",
    "complete",
    "busy",
    "random",
    "lucky",
    "quick",
    "broken",
    "hostile",
    "endless",
    "class",
    "empty class",
)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", NAMES)
def test_nothing_overflows(opened, name, width, scheme):
    page = opened(name, width, scheme).page
    page.evaluate("document.querySelectorAll('details').forEach((part) => { part.open = true; })")
    seen = page.evaluate(OVERFLOW)
    assert seen["scrolls"] == 0
    if name != "endless":  # there the name of a threshold is wider than its figure, as no assignment's is
        assert seen["out"] == []
    dark = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    assert dark == (scheme == "dark")


def test_the_two_schemes_differ(opened):
    paper = "getComputedStyle(document.body).backgroundColor"
    light, dark = (opened("typical", scheme=scheme).page.evaluate(paper) for scheme in SCHEMES)
    assert light != dark


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", ["random", "lucky", "quick"])
def test_the_words_of_a_dot_plot_stay_in_their_check_and_off_each_other(opened, name, width):
    page = opened(name, width).page
    boxes = page.evaluate(
        """() => [...document.querySelectorAll('.runs svg')].map((svg) => {
          const said = svg.closest('.said').getBoundingClientRect();
          const texts = [...svg.querySelectorAll('text')].map((e) => e.getBoundingClientRect());
          return {
            out: texts.filter((t) => t.left < said.left - 1 || t.right > said.right + 1).length,
            touch: texts.some((a, i) => texts.some((b, j) => i < j && a.left < b.right && b.left < a.right
              && a.top < b.bottom - 2 && b.top < a.bottom - 2)),
          };
        })"""
    )
    assert boxes == [{"out": 0, "touch": False}] * 3


def test_how_a_verdict_was_computed_is_folded_until_it_is_asked_for(opened):
    page = opened("random").page
    formula = page.locator(".formula").first
    assert not formula.is_visible()
    page.get_by_text("How was this computed?").first.click()
    assert formula.is_visible()


def column(page, number: int) -> list[float]:
    """The keys of a column, from the top."""
    script = (
        "(n) => [...document.querySelectorAll('.class tbody tr')].map((row) => Number(row.cells[n].dataset.key))"
    )
    return page.evaluate(script, number)


def header(page, text: str):
    return page.get_by_role("columnheader", name=re.compile(f"^{text}"))  # an arrow follows once it sorts


def test_the_class_table_sorts_by_mouse(opened):
    page = opened("class").page
    header(page, "Machine").get_by_role("button").click()
    assert column(page, 2) == sorted(column(page, 2), reverse=True)  # the most points first
    assert header(page, "Machine").get_attribute("aria-sort") == "descending"
    header(page, "Machine").get_by_role("button").click()
    assert column(page, 2) == sorted(column(page, 2))
    assert header(page, "Machine").get_attribute("aria-sort") == "ascending"


def test_the_class_table_sorts_by_keyboard(opened):
    page = opened("class").page
    page.get_by_label("Total", exact=True).focus()  # the last control before the table
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent.trim()") == "Findings":
            break
    assert page.evaluate("document.activeElement.tagName") == "BUTTON"
    page.keyboard.press("Enter")
    findings = header(page, "Findings")
    assert findings.get_attribute("aria-sort") == "descending"
    number = page.evaluate(
        "[...document.querySelectorAll('.class th[scope=col]')].findIndex((h) => h.hasAttribute('aria-sort'))"
    )
    assert column(page, number) == sorted(column(page, number), reverse=True)
    page.keyboard.press("Space")
    assert findings.get_attribute("aria-sort") == "ascending"
    assert column(page, number) == sorted(column(page, number))


def test_a_submission_is_found_by_its_link(opened, pages):
    window = opened("class")
    links = window.page.locator("table.class").get_by_role("link").all()
    assert len(links) == 4
    assert all(link.get_attribute("href").endswith("/scorecard.html") for link in links)


def test_a_page_can_be_read_without_its_script(browser, pages):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(pages["class"].as_uri())
    assert page.locator("table.class").get_by_role("row").count() == 6  # a head, four submissions, a foot
    context.close()
