"""junit.xml and grades.csv: views of the same results."""

import csv
import io
from xml.etree import ElementTree as ET

import pytest
from unit.sample_parts import check
from unit.sample_results import broken, complete, typical

from harness.exports.junit import junit, kind
from harness.exports.table import grades_csv
from harness.results import Cause, Outcome


@pytest.mark.parametrize(
    ("outcome", "cause", "expected"),
    [
        (Outcome.PASSED, None, None),
        (Outcome.FAILED, None, "failure"),
        (Outcome.PARTIAL, None, "failure"),
        (Outcome.MANUAL, None, "skipped"),
        (Outcome.NOT_ATTEMPTED, None, "skipped"),
        (Outcome.NOT_MEASURED, Cause.TIMEOUT, "failure"),
        (Outcome.NOT_MEASURED, Cause.HARNESS_FAULT, "error"),
        (Outcome.NOT_MEASURED, None, "error"),
    ],
)
def test_which_element_a_check_gets(outcome: Outcome, cause: Cause | None, expected: str | None) -> None:
    assert kind(check("2C", outcome, None, 1, cause=cause)) == expected


def test_junit_has_a_case_a_check() -> None:
    result = typical()
    suite = ET.fromstring(junit(result)).find("testsuite")
    assert suite is not None
    cases = suite.findall("testcase")
    assert [case.get("classname") for case in cases] == [each.task for each in result.checks]
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped"), suite.get("errors")) == (
        "14",
        "2",
        "5",
        "0",
    )
    failure = next(case for case in cases if "2D-epochs" in case.get("name", "")).find("failure")
    assert failure is not None
    assert failure.get("message") == "These networks were trained for 2 epochs."
    assert "Set epochs=40" in (failure.text or "")
    assert "cell 11, line 14" in (failure.text or "")
    facts = {each.get("name"): each.get("value") for each in suite.iter("property")}
    assert facts["machine_points"] == "3.82"
    assert facts["dataset_official"] == "true"


def test_our_fault_is_an_error_not_a_failure() -> None:
    suite = ET.fromstring(junit(broken())).find("testsuite")
    assert suite is not None
    assert (suite.get("failures"), suite.get("errors")) == ("9", "1")


def test_a_hand_in_without_checks_does_not_look_green() -> None:
    suite = ET.fromstring(junit(broken(tasks=()))).find("testsuite")
    assert suite is not None
    assert (suite.get("tests"), suite.get("failures")) == ("1", "1")


def rows(*results) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(grades_csv(results))))


def test_the_table_has_a_line_a_submission() -> None:
    first, second, third = rows(typical(), complete(), broken())
    assert (first["name"], first["points"], first["max_points"], first["machine_points"]) == (
        "group-17",
        "3.82",
        "10",
        "3.82",
    )
    assert (first["2D"], first["3A"], first["complete"], first["dataset"]) == ("0.25", "0.82", "no", "mnist")
    assert (second["points"], second["complete"], second["problem"]) == ("10", "yes", "")
    assert (third["dataset"], third["dataset_official"]) == ("digits", "no")
    assert third["problem"].startswith("assignment7.ipynb is not a notebook")


def test_no_value_is_an_empty_cell_never_a_zero() -> None:
    first, third = rows(typical(), broken())
    assert first["3B"] == ""  # for a person
    assert third["machine_points"] == ""  # our fault
    assert third["2C"] == ""
    assert third["3B"] == ""  # a task that this result does not have
    assert third["2A"] == "0"


@pytest.mark.parametrize("name", ["=1+1", "@x", "-2+3", "+x", "\t=1"])
def test_names_are_no_formulas(name: str) -> None:
    assert rows(typical(name))[0]["name"].startswith("'")


def test_an_empty_class_is_a_header() -> None:
    assert grades_csv([]).startswith("name,points,max_points,machine_points,machine_max_points,complete,")
