"""What GitHub reads: Classroom's JSON, workflow commands, a step's summary."""

import base64
import json
import re
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from unit.sample_hostile import HOSTILE, hostile
from unit.sample_parts import check
from unit.sample_random import quick
from unit.sample_results import broken, complete, typical

from harness.exports.document import class_json
from harness.exports.github import MAX_SUMMARY, classroom, encoded, for_markdown, summary, workflow_commands
from harness.recording import Finding, Where
from harness.results import Outcome, Result, json_schema

FIXTURES = Path(__file__).parent.parent / "fixtures"
SCHEMA = json.loads((FIXTURES / "github_classroom_results.schema.json").read_text())
COMMANDS = (
    *HOSTILE,
    "x\n::error::forged",
    "::set-output name=a::b",
    "##[error]x",
    "a%0A::error::x",
    "![x](http://e.example)",
)


# --- Classroom's JSON


@pytest.mark.parametrize("make", [typical, complete, broken, quick])
def test_the_document_has_the_form_that_the_reporter_reads(make):
    jsonschema.validate(classroom(make()), SCHEMA)


def test_scores_add_up_as_the_reporter_adds_them():
    made = classroom(typical())
    assert round(sum(test["score"] for test in made["tests"]), 6) == typical().machine_points
    assert (made["max_score"], made["status"]) == (typical().machine_max_points, "fail")
    assert classroom(complete())["status"] == "pass"


def test_our_fault_is_an_error_and_says_so():
    errors = [test for test in classroom(broken())["tests"] if test["status"] == "error"]
    assert errors
    assert all("not by your fault" in test["message"] for test in errors)
    assert classroom(broken())["status"] == "error"


def test_a_hand_in_without_checks_does_not_look_green():
    assert classroom(broken(tasks=()))["status"] == "fail"


def test_a_step_s_output_decodes_to_the_document():
    document = classroom(typical())
    assert json.loads(base64.b64decode(encoded(document))) == document


# --- annotations


def lost(number: int = 1, **where) -> Result:
    checks = tuple(
        check("2C", Outcome.FAILED, 0, 1 + each, title=f"t{each}", message="50% done: a,b", where=Where(**where))
        for each in range(number)
    )
    return typical(tasks=(typical().tasks[0].model_copy(update={"checks": checks}),), findings=())


def test_a_line_of_a_script_is_annotated():
    assert workflow_commands([lost(file="net,1.py", line=14)], "hand:in") == [
        "::error file=hand%3Ain/net%2C1.py,title=2C%3A t0,line=14::50%25 done: a,b"
    ]


def test_a_line_of_a_cell_is_no_line_of_the_file():
    made = workflow_commands([lost(file="lab.ipynb", cell=3, line=4)])
    assert made == ["::error file=lab.ipynb,title=2C%3A t0::50%25 done: a,b (lab.ipynb, cell 3, line 4)"]


def test_no_more_than_github_shows_and_the_rest_is_counted():
    made = workflow_commands([lost(25, file="a.py")])
    assert len(made) == 10
    assert "title=2C%3A t24" in made[0]
    assert made[-1] == "::error title=more::16 more stand in the summary of this step"


def test_findings_are_warnings():
    finding = Finding(code="a-finding", message="look", task="2C", where=Where(file="a.py", line=2))
    made = workflow_commands([typical(tasks=(), findings=(finding,))])
    assert made[-1] == "::warning file=a.py,title=2C,line=2::look"


@pytest.mark.parametrize("text", COMMANDS)
def test_nothing_of_a_hand_in_begins_a_line(text):
    for line in workflow_commands([hostile(text)]):
        assert re.match(r"::(error|warning) (file|title)=[^\n\r\x1b\u202e]*$", line)
    for test in classroom(hostile(text))["tests"]:
        assert not any(re.search(r"[\n\r\x1b\u202e]", str(value)) for value in test.values())


# --- the summary


@pytest.mark.parametrize("text", COMMANDS)
def test_hostile_text_is_shown_and_does_nothing(text):
    page = MarkdownIt("gfm-like", {"linkify": False}).render(summary([hostile(text)]))
    tags = set(re.findall(r"<(\w+)", page))
    assert tags <= {"h2", "h3", "p", "table", "thead", "tbody", "tr", "th", "td", "ul", "li", "strong", "em"}
    assert "\u202e" not in page


@given(st.text(max_size=80))
def test_markdown_shows_text_sign_by_sign(text):
    page = MarkdownIt("commonmark").render(f"a {for_markdown(text)} b")
    assert not re.search(r"<(?!/?p>)", page)
    assert "\n" not in for_markdown(text)


def test_addresses_do_not_become_links():
    made = for_markdown("http://evil.example www.evil.example a@evil.example @someone #12")
    for sign in (":", ".", "@", "#", "/"):
        assert f"\\{sign}" in made


def test_the_summary_stays_below_what_github_takes():
    long = summary([typical()] * 1_500)
    assert len(long.encode()) < MAX_SUMMARY
    assert "more lines do not fit here" in long[-200:]
    assert "| 2C |" in summary([typical()])


# --- one document


@pytest.mark.parametrize("text", HOSTILE)
def test_the_document_holds_every_result_and_no_sign_that_is_obeyed(text):
    made = class_json([hostile(text), complete()])
    assert made.isascii()
    assert made.replace("\n", "").isprintable()
    assert "<" not in made


def test_each_result_in_the_document_is_as_in_its_own_file():
    for each in json.loads(class_json([typical(), complete()]))["results"]:
        jsonschema.validate(each, json_schema())
