"""Planted mistakes are caught by the checks of their own task, and by either trainer alike.

All of them: `harness power dat405_a7 --data mnist` and `harness power nn_hw5 --data digits`, whose tables stand in
docs/fairness.md.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from examples import DAT405_A7

from harness.assignment import Assignment, load
from harness.classroom import Options, Silent, grade
from harness.mutants import default_folder, laid_out, read
from harness.outputs import RESULT
from harness.power import PowerReport, measure
from harness.results import Result
from harness.results import load as load_result
from harness.training import choose as choosing
from harness.training import process
from harness.training.choose import Choice, Kind
from harness.training.recipe import Recipe

ASSIGNMENT = load("dat405_a7")
FOLDER = default_folder(ASSIGNMENT)
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


# --- both trainers

Choose = Callable[[Recipe, Kind], Choice]


def plain_fit(_recipe: Recipe, _kind: Kind) -> Choice:
    """Keras's own fit for everything."""
    return Choice("keras_fit", "", "cpu")


def compiled(choose: Choose) -> Choose:
    """The compiled trainer for all that it can train, convolutions on a processor among it."""
    return lambda recipe, _kind: replace(choose(recipe, "gpu"), kind="cpu", width=1)


def outcomes(results: list[Result]) -> dict[str, str]:
    """Every check's outcome, by hand-in and check."""
    return {f"{one.submission.name} {check.id}": check.outcome.value for one in results for check in one.checks}


@pytest.mark.end_to_end
@pytest.mark.nightly
def test_both_trainers_give_the_same_verdicts(cache, tmp_path, monkeypatch):
    mutants = tmp_path / "mutants"
    mutants.mkdir()
    examples = [DAT405_A7.folder / name for name in DAT405_A7.names]
    paths = [*examples, *laid_out(FOLDER, read(FOLDER), mutants)]
    given = []
    for name, choose in (("keras_fit", plain_fit), ("jax_scan", compiled(choosing.choose))):
        with monkeypatch.context() as patch:
            patch.setattr(process, "choose", choose)
            patch.setattr(choosing, "choose", choose)
            options = Options(
                assignment=ASSIGNMENT, out=tmp_path / name, data="digits", device="cpu", jobs=1,
                isolation="preferred", cache=cache,
            )  # fmt: skip
            given.append(outcomes(grade(paths, options, Silent())))
    plain, fast = given
    assert {one: (plain[one], fast.get(one)) for one in plain if plain[one] != fast.get(one)} == {}
    assert len(plain) == len(fast)
