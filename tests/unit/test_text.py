"""What is left of hostile text, and how numbers are written."""

import unicodedata
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.text import _kept, clean, for_csv, for_terminal, for_xml, number, points, quantity, seconds, size


@pytest.mark.parametrize(
    ("given_", "shown"),
    [
        ("plain", "plain"),
        ("  two   words\n", "two words"),
        ("nul\x00", "nul\ufffd"),
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07after", "after"),
        ("\x9b31mred", "red"),
        ("abc\u202egpj.exe", "abc\ufffdgpj.exe"),
        ("zero\u200bwidth\ufeff", "zero\ufffdwidth\ufffd"),
        ("\u2066isolate\u2069", "\ufffdisolate\ufffd"),
        ("a\u3164b", "a\ufffdb"),
        ("lone \ud800", "lone \ufffd"),
        ("not a character \uffff", "not a character \ufffd"),
        ("Åsa Öberg, 王小明, Ngô Bảo Châu", "Åsa Öberg, 王小明, Ngô Bảo Châu"),
        ("Z" + "\u0301" * 50, "Z\u0301\u0301\u0301"),
        ("a\u2028b\r\nc", "a b c"),
    ],
)
def test_clean_shows_what_is_harmless_and_replaces_the_rest(given_: str, shown: str) -> None:
    assert clean(given_) == shown


@given(st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126)), st.booleans())
def test_clean_looks_through_all_but_what_it_would_leave_as_it_is(text: str, lines: bool) -> None:
    assert _kept(text, lines) == text


def test_clean_cuts_and_says_so() -> None:
    assert clean("x" * 50, 10) == "x" * 9 + "…"
    assert clean("x" * 10, 10) == "x" * 10


def test_clean_keeps_lines_where_asked() -> None:
    assert clean("\nif x:\r\n\ty = 1\u2029z\n", lines=True) == "if x:\n\ty = 1\nz"


@given(st.text(), st.integers(1, 60))
def test_nothing_invisible_passes_and_the_limit_holds(text: str, limit: int) -> None:
    shown = clean(text, limit)
    assert len(shown) <= limit
    assert not [character for character in shown if unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co"}]
    assert clean(shown, limit) == shown
    assert "\n" not in for_terminal(text)


@given(st.text(alphabet=st.characters(exclude_categories=[])))
def test_xml_text_always_parses(text: str) -> None:
    element = ET.Element("a", b=for_xml(text))
    element.text = for_xml(text)
    ET.fromstring(ET.tostring(element))


@pytest.mark.parametrize(
    ("cell", "safe"),
    [
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
        ("+cmd", "'+cmd"),
        ("-cmd|' /C calc'!A0", "'-cmd|' /C calc'!A0"),
        ("@sum", "'@sum"),
        ("\t=1", "'=1"),
        ("\r=1", "'=1"),
        (" =1", "'=1"),
        ("＝1", "'＝1"),
        ("-1.5", "-1.5"),
        ("+2", "+2"),
        ("-1e-6", "-1e-6"),
        ("-1.5x", "'-1.5x"),
        ("--1", "'--1"),
        ("group-7", "group-7"),
        ("", ""),
    ],
)
def test_a_table_cell_is_no_formula(cell: str, safe: str) -> None:
    assert for_csv(cell) == safe


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.25, "0.25"),
        (1.0, "1"),
        (0.0, "0"),
        (10.0, "10"),
        (4.5, "4.5"),
        (0.1 + 0.2, "0.3"),
        (None, "–"),
        (-0.0, "0"),
        (0.3333333, "0.333"),
    ],
)
def test_points(value: float | None, shown: str) -> None:
    assert points(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (55_050, "55,050"),
        (0.97, "0.97"),
        (0.97134, "0.9713"),
        (1e-6, "1e-6"),
        (2.44e-7, "2.44e-7"),
        (12.5, "12.5"),
        (100, "100"),
        (1000, "1,000"),
        (-0.5, "−0.5"),
        (-1e-6, "−1e-6"),
        (-1234.5, "−1,234.5"),
        (0, "0"),
        (1, "1"),
        (None, "–"),
        (3e15, "3e15"),
    ],
)
def test_number(value: float | None, shown: str) -> None:
    assert number(value) == shown


def test_quantities() -> None:
    assert (quantity(1, "check"), quantity(2, "check"), quantity(1200, "byte")) == (
        "1 check",
        "2 checks",
        "1,200 bytes",
    )
    assert (size(812), size(14_200), size(3_100_000)) == ("812 bytes", "14.2 kB", "3.1 MB")
    assert (size(5 * 2**30), size(2 * 10**12)) == ("5.4 GB", "2,000.0 GB")
    assert (seconds(0.42), seconds(125), seconds(120)) == ("0.4 s", "2 min 5 s", "2 min")
