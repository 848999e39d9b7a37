"""How a verdict was computed: the formula's own numbers give the threshold that was used."""

import math
import re

import pytest
from unit.sample_random import CNN_GATE, GAIN_GATE, MLP_GATE

from harness.computed import computation
from harness.gates import Gate
from harness.results import Judged

COMMAND = "harness calibrate dat405_a7 --data mnist --profile full"


def told(gate, *values, **more):
    return computation(Judged(name="validation accuracy", values=values or (0.95,), gate=gate, **more), COMMAND)


def whole(made):
    rows = (f"{name} {value}" for name, value in made.terms)
    return " ".join((made.rule, made.formula, made.numbers, *rows, made.runs, made.promise))


@pytest.mark.parametrize("gate", [CNN_GATE, GAIN_GATE, CNN_GATE.model_copy(update={"most": 1})])
def test_the_mean_rules_numbers_give_its_threshold(gate):
    made = told(gate)
    mean, t, s, _, n, _, m, bound = map(float, re.findall(r"[\d.]+", made.numbers))
    assert mean - t * s * math.sqrt(1 / n + 1 / m) == pytest.approx(bound, abs=0.006)
    assert bound == pytest.approx(100 * gate.calibrated, abs=0.006)
    assert (n, m) == (12, gate.most)
    assert made.numbers.endswith("percentage points" if gate.measure == "gain" else "%")
    assert ("α/2" in whole(made)) is (gate.most > 1)
    assert made.command == COMMAND


def test_the_mean_rule_says_when_it_trains_more():
    made = told(CNN_GATE, 0.98, 0.981)
    assert made.runs.startswith("1 run is trained in any case.")
    for n in (1, 2):
        assert f"{CNN_GATE.hopeless(n):.2%} after {n} run" in made.runs
    assert "up to 3" in made.runs
    assert "This hand-in had 2." in made.runs
    assert "the points shrink evenly, to none at 97.00% (course)" in made.runs
    assert told(CNN_GATE.model_copy(update={"most": 1})).runs.startswith("1 run is trained in any case. This")


def test_the_retry_rules_numbers_keep_its_promise():
    made = told(MLP_GATE)
    ways, every, rate, alpha = re.search(r"= ([\d,]+) / ([\d,]+) = ([\d.]+) ≤ ([\d.]+)", made.numbers).groups()
    exact = int(ways.replace(",", "")) / int(every.replace(",", ""))
    assert exact == pytest.approx(float(rate), rel=1e-3)
    assert exact <= float(alpha) == MLP_GATE.alpha
    rank = int(dict(made.terms)["r"].partition(":")[0])
    assert sorted(MLP_GATE.reference)[rank - 1] == MLP_GATE.accepted
    assert math.comb(rank + 3, 3) / math.comb(203, 3) > MLP_GATE.alpha  # the next would promise less
    assert f"the 11th lowest of the 200 runs is {MLP_GATE.accepted:.2%}" in dict(made.terms)["r"]


@pytest.mark.parametrize("gate", [MLP_GATE, CNN_GATE, GAIN_GATE])
def test_what_is_promised_is_no_measured_rate(gate):
    made = told(gate)
    assert "fewer than 1 in 1,000 correct hand-ins" in made.promise
    assert "no rate that was counted: those are in docs/fairness.md" in made.promise
    assert dict(made.terms)["α"] == "0.00025, 1 in 4,000: 0.001 over 4 thresholds (course)"
    supposed = "whatever the distribution" if gate.rule == "retry" else "normally distributed"
    assert supposed in made.promise


def test_what_is_asked_caps_what_is_accepted():
    lower = CNN_GATE.model_copy(update={"nominal": 0.98})
    assert "More than the 98.00% asked (assignment) is never demanded" in told(lower).runs
    assert "never demanded" not in told(CNN_GATE).runs


def test_the_assignments_own_training_is_said_to_pass_anyway():
    assert "pass as they are" in told(CNN_GATE, identity=True).runs
    assert "pass as they are" not in told(CNN_GATE).runs


@pytest.mark.parametrize("reference", [(), (0.97,)])
def test_without_calibration_there_is_no_formula(reference):
    made = told(Gate(task="2C", nominal=0.97, partial_from=0.9, reference=reference))
    assert "nothing is known of what chance does. What is asked (assignment) decides by itself." in made.rule
    assert (made.formula, made.terms, made.promise, made.command) == ("", (), "", "")
    assert "to none at 90.00%" in made.runs


def test_runs_that_are_all_alike_do_not_divide_by_nothing():
    assert "· 0.0000 ·" in told(CNN_GATE.model_copy(update={"reference": (0.98,) * 5, "nominal": None})).numbers
