"""What calibration measures besides accuracies follows from what an assignment declares."""

from types import SimpleNamespace

import hw5
import pytest
from evidence import complete

from harness.assignment import load
from harness.calibrated import CalibratedQuantity
from harness.references import Reference

A7 = load("dat405_a7")
RECIPE = SimpleNamespace(recipe=SimpleNamespace(without_seed="r"))


@pytest.fixture
def trials(monkeypatch):
    """The trials of an assignment on built evidence; nothing is prepared or trained."""

    def quantity(_self, task, measure, _network, _prepared, about=""):
        return CalibratedQuantity(
            task=about or task, trained_for=task, measure=measure, handed_in="h", recipe="r", runs=()
        )

    monkeypatch.setattr(Reference, "prepared", lambda *_: RECIPE)
    monkeypatch.setattr(Reference, "quantity", quantity)
    plan = SimpleNamespace(on_codes=RECIPE, on_pixels=RECIPE)
    monkeypatch.setattr(Reference, "codes", lambda *_: ("5", None, plan))

    def of(assignment, evidence):
        grader = SimpleNamespace(assignment=assignment, dataset=SimpleNamespace(name="digits"), profile="full")
        return list(Reference(grader, None, evidence).trials())

    return of


def named(trials):
    return {name: quantity for trial in trials for name, quantity in trial.quantities.items()}


def kept(assignment, profile):
    """What the calibration in the tree holds besides accuracies."""
    quantities = assignment.calibration("digits", profile).quantities
    return {name: one for name, one in quantities.items() if one.measure != "accuracy"}


def test_the_first_assignment_s_quantities_are_those_of_its_calibration(trials):
    made, known = named(trials(A7, complete(A7))), kept(A7, "full")
    assert made.keys() == known.keys()
    for name, quantity in made.items():
        same = ("task", "trained_for", "measure", "unit", "levels")
        assert [getattr(quantity, field) for field in same] == [getattr(known[name], field) for field in same]
        assert quantity.settings.keys() <= known[name].settings.keys()
    assert made["4C.gain.3A"].settings["judged"] == [0.4, 0.8]


def test_the_second_assignment_s_quantities_are_those_of_its_calibration(trials):
    made, known = named(trials(hw5.HW5, hw5.complete())), kept(hw5.HW5, "quick")
    assert made.keys() == known.keys() == {"4.removed", "6.difference"}
    assert made["4.removed"].levels == known["4.removed"].levels == (0.05, 0.1, 0.2, 0.3, 0.4)


@pytest.mark.parametrize(
    ("left_out", "measures"),
    [
        ("generation", {"gain", "denoised", "reconstruction"}),
        ("denoising", {"recognised", "class_entropy", "nearest"}),
    ],
)
def test_denoising_and_generation_are_declared_each_for_itself(trials, monkeypatch, left_out, measures):
    declared = A7.measurements.model_copy(update={left_out: None})
    monkeypatch.setattr(A7, "measurements", declared)
    assert {one.measure for one in named(trials(A7, complete(A7))).values()} == measures
