"""Codes against pixels: what one run may take, and what the comparison is made of."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest
from evidence import network
from unit.codes_sample import DIGITS, FLAT, autoencoder, classifier

from harness.assignment import load
from harness.evidence import Network, Stacked, Unmeasured
from harness.grading import Plans
from harness.measure import codes
from harness.recording import Recording
from harness.results import Cause
from harness.training.channel import TimeLimit
from harness.training.cost import Work, patience
from harness.training.from_recording import Recipes

ENCODING, TELLING = network(autoencoder()), network(classifier(FLAT, 784))
RECIPES = Recipes(Recording(fits=(ENCODING.record, TELLING.record)), {}, DIGITS)
COSTS = {"3": Work(5e13, 1000), "5": Work(3e11, 200)}


class Bench:
    """A grader, a planner, a budget and a hand-in's evidence in one: what is asked of them is kept."""

    assignment = load("nn_hw5")
    profile = "quick"

    def __init__(self, accuracies=(), telling=TELLING, **more):
        self.charged, self.limits = [], []
        self._networks = {"3": (ENCODING,), "5": (telling,), **more}
        self._accuracies = iter(accuracies)

    def networks(self, task):
        return self._networks.get(task, ())

    def plan(self, _task, network, _seeds):
        return SimpleNamespace(prepared=RECIPES.of(network.record.id))

    def facts(self, _spec, _layers):
        return SimpleNamespace(refused="")

    def charge(self, task, _recipes, _seeds):
        self.charged.append(task)
        return COSTS.get(task, COSTS["5"])

    def run(self, _prepared, _seed, _on_epoch, limit):
        self.limits.append(limit)
        return SimpleNamespace(accuracy=next(self._accuracies))


def planned(one):
    return codes.planned(one, one, one, one)


def nothing(*_told):
    pass


def test_the_autoencoder_is_part_of_what_a_run_may_take():
    made = Bench()
    plan = planned(made)
    assert made.charged == ["3", "5"]
    assert plan.work == COSTS["3"].plus(COSTS["5"])
    works = {one.recipe.sha256: work for one, work in Plans({}, {}, None, plan).trainings}
    on_codes, on_pixels = (one.with_seed(plan.seeds[0]).recipe.sha256 for one in (plan.on_codes, plan.on_pixels))
    assert (works[on_codes], works[on_pixels]) == (plan.work, COSTS["5"])


def test_a_hand_in_s_trainings_have_a_limit_and_ours_have_none():
    made = Bench([0.9, 0.8] * 4)
    plan = planned(made)
    assert codes.compared(made, plan, nothing).difference == pytest.approx(0.1)
    assert made.limits == [TimeLimit(patience(plan.work))] * 2 * len(plan.seeds)
    made.limits.clear()
    codes.codes_of(made, plan, nothing)
    assert set(made.limits) == {None}


def test_pairs_are_compared_by_seed():
    made = Bench([0.91, 0.9, 0.95, 0.9])
    found = codes.codes_of(made, planned(made), nothing)
    assert (found.codes, found.pixels) == ((0.91, 0.95), (0.9, 0.9))
    assert (found.difference, found.low, found.notes) == (pytest.approx(0.03), None, ())


def test_what_was_trained_otherwise_stays_with_the_figures():
    plan = replace(planned(Bench()), notes=("Both were trained without your EarlyStopping.",))
    assert codes.codes_of(Bench([0.9, 0.9] * len(plan.seeds)), plan, nothing).notes == plan.notes


def told(fit="fit-5", **changes):
    """The same classifier by another fit, of which something else is known."""
    record = TELLING.record.model_copy(update={"id": fit})
    return Network(record, TELLING.evidence.model_copy(update={"fit": fit, **changes}))


REFUSED = told(problem="its inputs cannot be made from the evaluation images", cause=Cause.REFUSED)
STACKED = told(stacked=Stacked(fits=("fit-1",), of=(2, 3), layers=2, values=12))


@pytest.mark.parametrize("on_codes", [REFUSED, STACKED], ids=["refused", "with its encoder"])
def test_a_classifier_that_cannot_be_compared_leaves_it_to_the_next_task_s(on_codes):
    made = Bench(telling=on_codes, **{"6": (TELLING,)})
    assert planned(made).classifier == TELLING.record.id


def test_an_encoder_under_a_classifier_is_no_classifier_for_codes():
    assert planned(Bench(telling=STACKED)) == Unmeasured(reason="there is no classifier that stands alone")
