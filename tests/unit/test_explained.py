"""What is said of a check beside its message: a code, the cost, the likely reason, the own number, forecasts."""

import re

import pytest
from unit.sample_parts import check, task, where
from unit.sample_random import ASKED, MLP_GATE, lucky, quick, random
from unit.sample_results import typical

from harness.explained import (
    FORECASTS,
    NO_REASON,
    TELLING,
    asks,
    came_true,
    code,
    cost,
    forecast,
    forecasts,
    own_number,
    reason,
)
from harness.gates import Forecast, Record
from harness.recording import Finding
from harness.results import Claim, Outcome


def found(kind: str, name: str | None = "2C", cell: int = 7) -> Finding:
    return Finding(code=kind, message=f"It is {kind}.", task=name, where=where(cell))


def one(result, number=0):
    return result.checks[number]


# --- the code


def test_a_code_is_short_and_can_be_read_aloud():
    made = random()
    codes = [code(made, each) for each in made.checks]
    assert all(re.fullmatch("[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}", each) for each in codes)
    assert len(set(codes)) == len(codes) == 3


def test_a_code_is_that_of_the_hand_in_the_check_and_its_version():
    made = random()
    first = one(made)
    assert code(made, first) == code(random("another name", findings=()), first) == "0QBB-SHYZ"
    others = (
        code(made.model_copy(update={"submission": made.submission.model_copy(update={"sha256": "b"})}), first),
        code(made, first.model_copy(update={"version": "4"})),
        code(made, first.model_copy(update={"id": "2C.recipe"})),
    )
    assert len({code(made, first), *others}) == 4
    assert code(made, first.model_copy(update={"points": 0.1, "message": ""})) == code(made, first)


def test_whatever_did_not_pass_may_be_asked_about():
    assert [outcome for outcome in Outcome if not asks(check("2C", outcome, 0, 1))] == [Outcome.PASSED]


# --- the cost


@pytest.mark.parametrize(
    ("points", "said"),
    [
        (0.0, "Costs 0.6 of the assignment's 10 points."),
        (0.25, "Costs 0.35 of the assignment's 10 points."),
        (0.6, ""),
        (None, ""),
    ],
)
def test_what_a_check_costs(points, said):
    assert cost(typical(), check("2C", Outcome.FAILED, points, 0.6)) == said


# --- the reason


def test_the_most_telling_finding_of_the_task_is_the_reason():
    made = random(findings=(found("some-other"), found("too-few-epochs"), found("not-rescaled")))
    told = reason(made, one(made))
    assert (told.message, str(told.where), told.sure) == ("It is not-rescaled.", "assignment7.ipynb, cell 7", True)


def test_a_finding_of_the_same_cell_counts_whatever_its_task():
    made = random(findings=(found("trainable-without-compile", None), found("too-few-epochs", "2D", 9)))
    assert reason(made, one(made)).message == "It is trainable-without-compile."


def test_what_is_wrong_with_the_data_may_be_the_reason_elsewhere():
    made = random(findings=(found("rescaled-twice", "1", 3), found("too-few-epochs", "2D", 9)))
    assert (reason(made, one(made)).message, reason(made, one(made)).sure) == ("It is rescaled-twice.", False)


@pytest.mark.parametrize("kind", NO_REASON)
def test_what_does_not_change_training_is_no_reason(kind):
    made = random(findings=(found(kind),))
    assert reason(made, one(made)) is None


def test_nothing_is_a_reason_where_nothing_fell_short():
    wrong = (found("not-rescaled"),)
    passing, structural = lucky(findings=wrong), typical(findings=wrong)
    assert reason(passing, one(passing)) is None
    assert all(reason(structural, each) is None for each in structural.checks)


def test_codes_are_in_one_list_only():
    assert not set(TELLING) & set(NO_REASON)


# --- the own number


def test_the_own_number_was_neither_used_nor_doubted():
    made = random()
    assert (
        own_number(made, one(made))
        == "Your own run's 97.02% counts neither for nor against you: every network is trained anew here."
    )
    passing = lucky()
    assert (
        own_number(passing, one(passing))
        == "Your own run's 97.25% counts neither for nor against you: every network is trained anew here."
    )


def test_an_own_number_that_chance_does_not_explain_is_said_to_be_looked_at():
    made = random()
    said = own_number(made, one(made, 1))
    assert said.startswith("Your own run's 99.95% was not used.")
    assert "that costs nothing" in said


def claim(value: float, cell: int, **more) -> Claim:
    return Claim(name="2C validation accuracy", claimed=value, where=where(cell), **more)


@pytest.mark.parametrize(
    ("claims", "said"),
    [
        ((), ""),
        ((claim(0.9, 7, source="replay"),), ""),  # what a replay prints is no run of theirs
        ((claim(0.9, 8), claim(0.91, 9)), ""),  # whose it is cannot be told
        ((claim(0.9, 8), claim(0.91, 7)), "91.00%"),
        ((claim(0.9, 8),), "90.00%"),
        ((claim(0.9, 7).model_copy(update={"name": "2D validation accuracy"}),), ""),
    ],
)
def test_which_number_is_meant(claims, said):
    made = random(claims=claims)
    told = own_number(made, one(made))
    assert said in told
    assert bool(said) is bool(told)


# --- forecasts


def test_a_task_has_the_worst_forecast_of_its_checks():
    checks = [one(quick(), number) for number in range(3)]
    assert [forecast(each) for each in quick().tasks] == list(Forecast)
    assert forecast(task("2C", Outcome.FAILED, 0, 1, *checks)) is Forecast.WILL_FALL_SHORT
    assert forecast(task("2C", Outcome.FAILED, 0, 1, *reversed(checks[:2]))) is Forecast.AT_RISK
    assert forecast(random().tasks[0]) is None


def test_forecasts_are_told_from_good_to_bad_with_what_they_mean():
    assert [(told, tasks) for told, _, tasks in forecasts(quick())] == [
        (Forecast.ON_TRACK, ["2C"]), (Forecast.AT_RISK, ["3A"]), (Forecast.WILL_FALL_SHORT, ["4C"]),
    ]  # fmt: skip
    assert all(means == FORECASTS[told] for told, means, _ in forecasts(quick()))
    assert forecasts(random()) == []


def test_how_often_a_forecast_came_true_is_said_where_it_was_counted():
    counted = {Forecast.AT_RISK: Record(told=40, passed=13)}
    first, second = (one(quick(), number).judged for number in (0, 1))
    assert came_true(second) == ""
    assert came_true(first.model_copy(update={"gate": first.gate.model_copy(update={"forecasts": counted})})) == ""
    assert came_true(second.model_copy(update={"gate": second.gate.model_copy(update={"forecasts": counted})})) == (
        "Of 40 checks that were told this, 13 passed in full."
    )


def test_every_forecast_has_a_meaning():
    assert set(FORECASTS) == set(Forecast)


def test_the_samples_are_what_they_say():
    assert [each.outcome.value for each in random().checks] == ["failed", "partial", "partial"]
    assert all(each.outcome is Outcome.PASSED for each in lucky().checks)
    assert MLP_GATE.task in ASKED
