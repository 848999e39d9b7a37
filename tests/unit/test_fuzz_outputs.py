"""A result of which every text is hostile, through every view: page, class page, terminal, tables and XML.

The texts are put in by walking the result tree, so that a field which is added to it is attacked without a change
here.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from attacks.pages import problems
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError
from unit.sample_hostile import HOSTILE, hostile
from unit.sample_parts import denoising, gallery, sweep
from unit.sample_random import quick, random
from unit.sample_results import busy, typical

from harness.exports.junit import junit
from harness.exports.table import grades_csv
from harness.gates import Gate
from harness.kept_figures import KeptFigures
from harness.mapping import Row, table
from harness.markdown import LIMIT, to_html
from harness.report import ClassRow, render_class, render_scorecard
from harness.results import Answer, ReportFacts, Result
from harness.showing import show_class, show_result
from harness.terminal import error
from harness.text import for_csv

SAMPLES = (
    typical(plots=(sweep(), denoising()), galleries=(gallery(),)),
    busy(reports=(ReportFacts(file="a", pages=2, title="b", author="c", group="d", front_page="e", problem="f"),),
         answers=(Answer(task="2B", text="words", facts=(("It does.", True),)),), unanswered=("1",)),
    random(),
    quick(problem="nothing"),
)  # fmt: skip
TAGS = {
    "testsuites", "testsuite", "properties", "property", "testcase", "failure", "skipped", "error", "system-out",
}  # fmt: skip
FORMULA = re.compile(r"(^|;)\s*[=+\-@＝＋－＠]")
UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")


def attacked(value: Any, text: str) -> Any:
    """`value` with `text` in place of every string that its types allow it for."""
    if isinstance(value, BaseModel):
        changed: BaseModel = value
        for name in type(value).model_fields:
            new = attacked(getattr(value, name), text)
            try:  # what a type refuses could never have been there
                type(value).model_validate(dict(changed) | {name: new})
            except ValidationError:
                continue
            changed = changed.model_copy(update={name: new})
        return changed
    if isinstance(value, Enum | Gate) or not isinstance(value, str | Mapping | list | tuple):
        return value
    if isinstance(value, str):
        return text
    if isinstance(value, Mapping):
        return {text if isinstance(key, str) else key: attacked(item, text) for key, item in value.items()}
    return type(value)(attacked(item, text) for item in value)


def everywhere(text: str) -> list[Result]:
    return [hostile(text[:250]), *(attacked(sample, text) for sample in SAMPLES)]


class Undrawn(KeptFigures):
    """No figure is drawn: matplotlib takes seconds, and `test_report` draws hostile ones."""

    def of(self, draw: Any, *data: Any, **named: Any) -> str:
        return "<svg xmlns='http://www.w3.org/2000/svg'></svg>"


FRAGMENTS = st.sampled_from(
    [
        *HOSTILE, "<", ">", '"', "'", "&", "&#x3c;", "</title>", "</script>", "<!--", "]]>", "{{", "}}", "{%", "\\",
        "<svg onload=x>", "javascript:", "data:text/html,", "http://evil.example/", "![](",
        "](", ")", "[", "]", "`",
        "[link=http://evil.example]", "[/]", "[bold]", "[red", "\x1b[2J",
        "\x1b]8;;http://evil.example\x07", "\x9b1m",
        "\u202e", "\u2066", "\u200b", "\ufeff", "\u00ad", "\u0301" * 5, "\x00", "\uffff", "\r", "\n", "\t",
        "=", "+", "-", "@", "=cmd|' /C calc'!A0", ";=1+1", ",", ";", "|", "0", "word", " ", "ä", "字", "\u2028",
        "a" * 400,
    ]
)  # fmt: skip
TEXTS = st.lists(FRAGMENTS | st.text(max_size=5), max_size=8).map("".join)
attack = settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])


def test_the_walk_reaches_every_text_of_the_tree():
    """What it leaves are words of ours that a type lists, and what must be of a form (a finding's code)."""
    for result in everywhere("hostile"):
        all_words = words(result)
        plain = [word for word in all_words if word != "hostile"]
        assert len(plain) < len(all_words) / 4
        known = ("on track", "at risk", "will fall short", "2C hostile")
        assert not [word for word in plain if " " in word and word not in known]


def words(value: Any) -> list[str]:
    if isinstance(value, Gate):  # the course's, not a hand-in's
        return []
    if isinstance(value, BaseModel):
        return [word for name in type(value).model_fields for word in words(getattr(value, name))]
    if isinstance(value, Mapping):
        return [word for pair in value.items() for item in pair for word in words(item)]
    if isinstance(value, list | tuple):
        return [word for item in value for word in words(item)]
    return [value] if isinstance(value, str) and not isinstance(value, Enum) else []


@attack
@given(TEXTS)
@example("javascript:alert(3)//https://evil.example/a.js")
def test_pages(text):
    results = everywhere(text)
    pages = [render_scorecard(result, Undrawn()) for result in results]
    rows = [ClassRow(result, f"{text[:40]}/scorecard.html", 1) for result in results]
    pages.append(render_class(rows, figures=Undrawn()))
    for page in pages:
        assert problems(page) == []
        assert not UNSEEN.search(page)
        page.encode()


@attack
@given(TEXTS)
def test_the_terminal(capsys, text):
    results = everywhere(text)[:3]
    for result in results:
        show_result(result, Path("scorecard.html"))
    show_class(results, Path("out"))
    error("problem", text)
    shown = capsys.readouterr()
    assert not UNSEEN.search((shown.out + shown.err).replace("\n", ""))


@attack
@given(TEXTS)
def test_tables(text):
    results = everywhere(text)
    row = Row(text, text, (text, text), (text, text), False, (text, text))
    for made in (grades_csv(results), table([row, row])):
        made.encode()
        for cells in csv.reader(io.StringIO(made)):
            for cell in cells:
                assert not FORMULA.search(cell) or re.fullmatch(r"[-+]?[\d.]+(e[-+]?\d+)?", cell), cell
                assert not UNSEEN.search(cell)


def is_plain(xml: bytes) -> None:
    assert {element.tag for element in ET.fromstring(xml).iter()} <= TAGS
    assert not UNSEEN.search(xml.decode().replace("\n", ""))


@pytest.mark.parametrize("text", HOSTILE)
def test_xml_of_each_text_that_is_known_to_be_hostile(text):
    is_plain(junit(hostile(text)))


@attack
@given(TEXTS)
def test_xml(text):
    for result in everywhere(text):
        is_plain(junit(result))


@settings(max_examples=60)
@given(TEXTS)
def test_written_answers(text):
    html = to_html(text)
    assert not UNSEEN.search(html)
    assert len(html) < 40 * LIMIT
    found = problems(f"<meta http-equiv=content-security-policy content=\"default-src 'none'\">{html}")
    assert found == []


@pytest.mark.parametrize(
    ("cell", "safe"),
    [
        ("a;=1", "a;'=1"),
        ("a; =1", "a; '=1"),
        ("a;-1", "a;'-1"),
        ("a; b", "a; b"),
        (";;@x", ";;'@x"),
        ("a;＝1", "a;'＝1"),
    ],
)
def test_a_semicolon_starts_no_formula_where_it_separates_cells(cell, safe):
    """A spreadsheet in most of Europe reads a table with commas as cells that end at semicolons."""
    assert for_csv(cell) == safe
