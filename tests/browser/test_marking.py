"""The marking page in a real browser: marked by keyboard alone, undone, in conflict, cut off, without names."""

from __future__ import annotations

import pytest
from browser.desk import Desk
from browser.windows import OVERFLOW, SCHEMES, WIDTHS
from unit.marking_sample import a_hand_in, hostile_hand_in, names, served, small_class, write_class

from harness.complaints.confirm import confirm

pytestmark = pytest.mark.browser


@pytest.fixture
def marked(tmp_path):
    with served(small_class(tmp_path)) as page:
        yield page


def given(served) -> list[tuple]:
    present = served.store.present().values()
    return sorted((entry.submission, entry.target, entry.points, entry.text) for entry in present)


def test_a_question_is_marked_across_the_class_by_the_keyboard_alone(browser, marked):
    marked.decide("2B", "group-02", points=0.3, text="Show the sum.")
    desk = Desk(browser, marked.keys.address, "/question/2B")
    page = desk.page
    desk.at("group-01")
    desk.press("0", ".", "4", "Enter")
    desk.at("group-03")  # the second is marked
    desk.press("a", "d", "q", "c")  # two items of the rubric, a comment used before, and one's own words
    page.keyboard.type("And why?")
    desk.press("Control+Enter")
    desk.at("group-04")
    desk.press("m", "ArrowDown", "n")
    page.wait_for_function("() => document.getElementById('count').textContent === '4 of 4 marked'")
    desk.saved()
    assert given(marked) == [
        ("group-01", "2B", 0.4, ""),
        ("group-02", "2B", 0.3, "Show the sum."),
        ("group-03", "2B", 0.3, "Show the sum.\nAnd why?"),
        ("group-04", "2B", 0.4, ""),
    ]
    assert [entry.rubric for entry in marked.store.present("group-03").values()] == [("formula", "why")]
    desk.press("u")
    page.wait_for_function("() => document.getElementById('count').textContent === '3 of 4 marked'")
    desk.press("u")
    desk.at("group-03")  # the undo goes where the decision was
    page.wait_for_function("() => document.querySelector('.panel .points').value === ''")
    assert "group-03" not in [name for name, _, points, _ in given(marked) if points is not None]
    desk.press("n")
    desk.at("group-04")
    desk.press("]", "k")
    assert page.locator("#tabs [aria-current]").inner_text().startswith("2B")  # there is no question after it
    desk.at("group-03")
    desk.press("?")
    assert page.get_by_role("dialog", name="Keys").is_visible()
    desk.press("Escape", "v")
    page.wait_for_url("**/hand-in/group-03#2B")
    page.wait_for_selector(".panel")
    desk.close()


def test_what_is_typed_reaches_no_other_hand_in(browser, marked):
    """A slow server: nothing can be entered until the work that it is about is there."""
    desk = Desk(browser, marked.keys.address, "/question/2B/group-01")
    held = []
    desk.page.route("**/api/question/2B/group-04", lambda route: held.append(route))
    desk.page.get_by_label("Hand-in", exact=True).select_option("group-04")
    desk.page.evaluate("document.activeElement.blur()")
    desk.press("m", "Enter")
    held[0].continue_()
    desk.at("group-04")
    assert desk.page.locator(".panel .points").input_value() == ""
    assert given(marked) == []
    desk.close()


def test_two_who_mark_the_same_are_both_shown_and_asked(browser, marked):
    desk, other = (Desk(browser, marked.keys.address, "/question/2B/group-01") for _ in range(2))
    desk.press("0", ".", "5", "Escape")
    desk.saved()
    other.press("0", ".", "2", "c")
    other.page.keyboard.type("No sum.")
    dialog = other.page.get_by_role("dialog", name="Somebody else decided first")
    dialog.wait_for()
    assert "0.5 points" in dialog.locator("#theirs").inner_text()
    assert "0.2 points" in dialog.locator("#mine").inner_text()
    other.press("Escape")
    alarm = other.page.get_by_role("alert").filter(has_text="1 decision is not saved")
    assert "0.2" in alarm.inner_text()
    assert given(marked) == [("group-01", "2B", 0.5, "")]
    alarm.get_by_role("button", name="Try now").click()
    dialog.wait_for()  # asked again
    other.page.reload()  # what is not saved outlives it
    dialog.wait_for()
    dialog.get_by_role("button", name="Save this in its place").click()
    other.saved()
    assert given(marked) == [("group-01", "2B", 0.2, "No sum.")]
    assert marked.store.since()[0].points == 0.5  # nothing is lost
    desk.close()
    other.close("409")


def test_what_cannot_be_saved_is_said_loudly_kept_and_saved_later(browser, marked):
    desk = Desk(browser, marked.keys.address, "/question/2B/group-01")
    desk.page.route("**/api/decide", lambda route: route.abort())
    desk.press("m", "Enter")
    desk.at("group-02")  # one goes on
    alarm = desk.page.get_by_role("alert").filter(has_text="1 decision is not saved")
    alarm.wait_for()
    assert "group-01, question 2B: 0.5" in alarm.inner_text()
    desk.page.unroute("**/api/decide")
    alarm.get_by_role("button", name="Try now").click()
    desk.saved()
    assert not alarm.is_visible()
    assert given(marked) == [("group-01", "2B", 0.5, "")]
    desk.close("ERR_FAILED")


def test_points_that_cannot_be_are_not_saved_and_said_so(browser, marked):
    desk = Desk(browser, marked.keys.address, "/question/2B/group-01")
    desk.press("7", "Enter")
    assert desk.page.get_by_text("Not saved: 0.5 at most.").is_visible()
    assert desk.page.locator(".points").get_attribute("aria-invalid") == "true"
    desk.page.locator(".points").fill("0,25")
    desk.press("Enter")
    desk.at("group-02")
    desk.saved()
    assert given(marked) == [("group-01", "2B", 0.25, "")]
    desk.close()


def test_a_hand_in_is_marked_through_its_questions_and_a_check_overruled(browser, marked):
    desk = Desk(browser, marked.keys.address, "/hand-in/group-02")
    page = desk.page
    desk.press("j")
    page.keyboard.type("0.25")
    desk.press("Enter")
    page.keyboard.type("0.5")
    desk.saved()
    page.get_by_label("Overrule: What 2B asks is there.").click()
    sheet = page.locator("details.override[open]")
    sheet.get_by_label("Points").fill("0.5")
    sheet.get_by_role("button", name="Save").click()
    assert sheet.get_by_text("Say why").is_visible()
    sheet.get_by_label("Reason").fill("Equal up to a factor.")
    sheet.get_by_role("button", name="Save").click()
    page.get_by_text("Overruled: 0.5 by Ask").wait_for()
    assert given(marked) == [
        ("group-02", "2A", 0.25, ""),
        ("group-02", "2B", 0.5, ""),
        ("group-02", "2B-measured", 0.5, "Equal up to a factor."),
    ]
    scorecard = page.frame_locator("#side iframe")
    scorecard.get_by_role("heading", name="group-02").wait_for()
    desk.press("Escape")
    desk.close()


def test_where_names_are_hidden_the_page_has_none(browser, tmp_path):
    result = a_hand_in("Wilhelmina", text="By Wilhelmina: 55,050 parameters.")
    with served(write_class(tmp_path, result, a_hand_in("group-02")), hidden=True) as hidden:
        desk = Desk(browser, hidden.keys.address, "/question/2A")
        for _ in range(2):
            desk.press("m", "Enter")
            assert "wilhelmina" not in (desk.page.content() + desk.page.url + desk.page.title()).lower()
        desk.saved()
        desk.press("v")
        desk.page.wait_for_url("**/hand-in/*")
        desk.page.wait_for_selector(".panel")
        assert all("wilhelmina" not in frame.content().lower() for frame in desk.page.frames)
        desk.close()
        assert {name for name, *_ in given(hidden)} == {"Wilhelmina", "group-02"}


@pytest.fixture(scope="module")
def looked_at(tmp_path_factory):
    """A class with all kinds of work in it, partly marked; the first wants out of its place."""
    rest = [a_hand_in(name) for name in names(3)]
    out = write_class(tmp_path_factory.mktemp("looked"), hostile_hand_in("a"), *rest)
    with served(out) as page:
        page.decide("2B", "group-01", points=0.5, text="Good.")
        after = page.decide("2B", "group-02", points=0.1, text="Show the sum.").standing["after"]
        page.decide("2B", "group-02", points=0.2, text="Show the sum.", after=after)
        page.decide("2B-measured", "group-02", kind="override", points=0.2, text="Half of it.")
        confirm(out, ["group-02"], "Grace", incomplete=True)
        yield page


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_can_be_used_by_everybody_and_nothing_sticks_out(browser, looked_at, width, scheme):
    from axe_playwright_python.sync_playwright import Axe

    desk = Desk(browser, looked_at.keys.address, "/question/2B/group-02", width, scheme)
    for path in ("/question/2B/group-02", "/question/2A/a", "/hand-in/group-02"):
        if not desk.page.url.endswith(path):
            desk.page.goto(desk.base + path)
            desk.page.wait_for_selector(".panel")
        desk.page.evaluate("document.querySelectorAll('details').forEach((part) => { part.open = true; })")
        assert desk.page.evaluate(OVERFLOW) == {"scrolls": 0, "out": []}
        found = Axe().run(desk.page, options={"iframes": False})
        told = [
            (each["id"], [node["target"] for node in each["nodes"]][:3]) for each in found.response["violations"]
        ]
        assert told == []
    desk.close()
