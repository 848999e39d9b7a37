"""The class page of 300 hand-ins in a real browser: sorted, filtered, by keyboard, in both themes, on a phone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from browser.windows import OVERFLOW, SCHEMES, WIDTHS, Opened
from unit.class_sample import a_class, likeness
from unit.sample_results import complete, typical

from harness.report import render_class, render_scorecard
from harness.results import Outcome

pytestmark = pytest.mark.browser
MANY = 300


@pytest.fixture(scope="module")
def rows():
    return a_class(MANY)


@pytest.fixture(scope="module")
def pages(rows, tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("class")
    texts = {
        "many": render_class(rows, likeness(rows)),
        "few": render_class(rows[:12], likeness(rows[:12])),
        "typical": render_scorecard(typical()),
        "complete": render_scorecard(complete()),
    }
    for name, text in texts.items():
        (folder / f"{name}.html").write_text(text, encoding="utf-8")
    return {name: folder / f"{name}.html" for name in texts}


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


@pytest.fixture
def many(opened):
    return opened("many").page


def shown(page) -> list[str]:
    """The names in the table, from the top, that are not hidden."""
    script = "[...document.querySelectorAll('.class tbody tr')].filter((r) => r.offsetParent || r.offsetHeight)"
    return page.evaluate(f"{script}.map((r) => r.cells[0].dataset.key)")


def choose(page, label: str, value: str) -> None:
    page.get_by_label(label, exact=True).select_option(value)
    settle(page)


def settle(page) -> None:
    """Wait for the frame in which a filter is applied, and the next."""
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def names(rows, holds) -> list[str]:
    return [row.result.submission.name for row in rows if holds(row.result)]


def outcome_of(result, task: str):
    return next((each.outcome for each in result.tasks if each.id == task), None)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", ["few", "typical", "complete"])
def test_axe_finds_nothing(opened, name, width, scheme):
    from axe_playwright_python.sync_playwright import Axe

    page = opened(name, width, scheme).page
    page.evaluate("document.querySelectorAll('details').forEach((part) => { part.open = true; })")
    found = Axe().run(page)
    told = [(each["id"], [node["target"] for node in each["nodes"]][:3]) for each in found.response["violations"]]
    assert told == []


@pytest.mark.parametrize("width", WIDTHS)
def test_three_hundred_rows_do_not_overflow(opened, width):
    page = opened("many", width).page
    page.evaluate("document.querySelectorAll('details').forEach((part) => { part.open = true; })")
    assert page.evaluate(OVERFLOW) == {"scrolls": 0, "out": []}


def test_all_rows_are_there_at_first(many, rows):
    assert shown(many) == names(rows, lambda _: True)
    assert many.get_by_role("status").inner_text() == "300 shown"


def test_the_table_is_filtered_by_name_while_typing(many, rows):
    field = many.get_by_label("Name", exact=True)
    field.focus()
    many.keyboard.type("Group-04")
    settle(many)
    assert shown(many) == [f"group-{number:03}" for number in range(40, 50)]
    assert many.get_by_role("status").inner_text() == "10 of 300 shown"
    many.keyboard.type("x")
    settle(many)
    assert shown(many) == []
    assert many.get_by_role("status").inner_text() == "0 of 300 shown"


def test_the_table_is_filtered_by_the_outcome_of_a_task(many, rows):
    choose(many, "Task", "2D")
    choose(many, "Outcome", "failed")
    assert shown(many) == names(rows, lambda result: outcome_of(result, "2D") is Outcome.FAILED) != []
    choose(many, "Task", "any")
    failed = names(rows, lambda result: any(task.outcome is Outcome.FAILED for task in result.tasks))
    assert shown(many) == failed


def test_the_table_is_filtered_by_finding_note_and_total(many, rows):
    finding = many.get_by_label("Finding", exact=True).locator("option", has_text="not-rescaled")
    choose(many, "Finding", finding.get_attribute("value"))
    expected = names(rows, lambda result: any(each.code == "not-rescaled" for each in result.findings))
    assert shown(many) == expected != []
    many.get_by_role("button", name="Show all").click()
    assert len(shown(many)) == MANY
    note = many.get_by_label("Note", exact=True).locator("option", has_text="pasted-results")
    choose(many, "Note", note.get_attribute("value"))
    expected = names(rows, lambda result: any(each.code == "pasted-results" for each in result.integrity))
    assert shown(many) == expected != []
    choose(many, "Note", "")
    choose(many, "Total", "not final")
    assert shown(many) == names(rows, lambda result: result.machine_points is None) != []


def test_a_kind_of_likeness_is_filtered_like_a_note(many):
    note = many.get_by_label("Note", exact=True).locator("option", has_text="source like another")
    choose(many, "Note", note.get_attribute("value"))
    assert shown(many) == ["group-002", "group-003", "group-005", "group-006"]


def test_a_count_of_a_finding_leads_to_its_hand_ins(many, rows):
    link = many.locator("#findings a.in-table").nth(1)
    count = int(re.match(r"\d+", link.inner_text())[0])
    choose(many, "Total", "not final")
    link.focus()
    many.keyboard.press("Enter")
    assert len(shown(many)) == count > 1
    assert many.get_by_label("Total", exact=True).input_value() == ""
    assert many.evaluate("location.hash") == "#submissions"


def test_filtered_rows_are_sorted_and_sorted_rows_are_filtered(many, rows):
    choose(many, "Total", "not recorded")
    many.get_by_role("columnheader", name="Submission").get_by_role("button").focus()
    many.keyboard.press("Enter")
    many.keyboard.press("Enter")
    lost = names(rows, lambda result: result.problem is not None)
    assert shown(many) == lost[::-1] != []
    many.get_by_role("button", name="Show all").focus()
    many.keyboard.press("Enter")
    assert shown(many) == names(rows, lambda _: True)[::-1]
    assert many.evaluate("document.activeElement.dataset.by") == "text"


def test_every_control_is_reached_by_the_keyboard(many):
    many.locator("[data-by=text]").focus()
    seen = []
    for _ in range(6):
        seen.append(many.evaluate("document.activeElement.labels?.[0]?.textContent"))
        many.keyboard.press("Tab")
    assert seen == ["Name", "Task", "Outcome", "Finding", "Note", "Total"]
    assert many.evaluate("document.activeElement.closest('th').textContent") == "Submission"


def test_checks_of_a_task_are_unfolded_by_the_keyboard(many):
    check = many.get_by_text("Three networks are trained for each.")
    assert not check.is_visible()
    many.locator(".rates summary", has_text="2D").focus()
    many.keyboard.press("Enter")
    assert check.is_visible()


def test_the_head_of_the_table_stays_in_sight(many):
    many.evaluate("document.querySelectorAll('.class tbody tr')[200].scrollIntoView()")
    assert 0 <= many.locator(".class thead th").first.bounding_box()["y"] < 5


def test_columns_keep_their_width_when_rows_are_hidden(many):
    widths = "[...document.querySelectorAll('.class thead th')].map((cell) => cell.offsetWidth)"
    before = many.evaluate(widths)
    many.get_by_label("Name", exact=True).fill("group-300")
    settle(many)
    assert many.evaluate(widths) == before


def test_without_its_script_the_table_is_whole_and_offers_no_filter(browser, pages):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(pages["few"].as_uri())
    assert page.locator(".class tbody tr").count() == 12
    assert not page.locator(".filters").is_visible()
    context.close()


def test_on_paper_there_are_all_rows_and_no_controls(opened):
    page = opened("few").page
    page.set_viewport_size({"width": 680, "height": 980})  # A4 within its margins
    page.emulate_media(media="print")
    assert not page.locator(".filters").is_visible()
    assert not page.locator(".jumps").is_visible()
    assert len(shown(page)) == 12
    assert page.evaluate(OVERFLOW)["out"] == []
