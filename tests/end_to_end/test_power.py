"""Planted mistakes are caught by the checks of their own task.

All of them: `harness power dat405_a7 --data mnist` and `harness power nn_hw5 --data digits`, whose tables stand in
docs/fairness.md.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.assignment import Assignment, load
from harness.classroom import Silent
from harness.mutants import default_folder
from harness.outputs import RESULT
from harness.power import PowerReport, measure
from harness.results import load as load_result

ASSIGNMENT = load("dat405_a7")
ON_EVERY_PUSH = ("salt_only", "labels_sorted", "small_learning_rate")
"""The last one's accuracy shows only in training; the others are seen in what was handed in."""


def measured(
    data: str, cache: Path, *only: str, assignment: Assignment = ASSIGNMENT, graded: Path | None = None
) -> PowerReport:
    folder = default_folder(assignment)
    return measure(
        folder, assignment, Silent(), data=data, device="cpu", jobs=2, cache=cache, only=only, graded=graded
    )


def misses(report: PowerReport) -> list[str]:
    """What is wrong with a report, a line each."""
    lost = [f"{right.name} is right and loses {catch.said}" for right in report.right for catch in right.lost]
    return lost + [f"{one.name}: {one.status}" for one in report.mutants if one.status not in ("caught", "argued")]


@pytest.mark.end_to_end
def test_cheap_mutants_are_caught_by_what_is_expected(cache, tmp_path):
    report = measured("digits", cache, *ON_EVERY_PUSH, graded=tmp_path)
    assert misses(report) == []
    assert {one.name: one.unseen for one in report.mutants} == dict.fromkeys(ON_EVERY_PUSH, ())
    assert report.exit_code == 0
    kept = {load_result(path).submission.name for path in tmp_path.glob(f"*/{RESULT}")}
    assert kept >= {one.name for one in (*report.right, *report.mutants)}


@pytest.mark.end_to_end
@pytest.mark.nightly
def test_all_on_digits(cache):
    assert misses(measured("digits", cache)) == []


@pytest.mark.end_to_end
@pytest.mark.nightly
def test_all_of_the_second_assignment_on_digits(cache):
    assert misses(measured("digits", cache, assignment=load("nn_hw5"))) == []


@pytest.mark.mnist
@pytest.mark.nightly
def test_all_on_mnist(cache):
    assert misses(measured("mnist", cache)) == []
