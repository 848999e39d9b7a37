"""Which check catches which mutant: from made-up results to the report."""

import json

import pytest
from typer.testing import CliRunner
from unit.sample_parts import check, task
from unit.sample_results import typical

from harness import cli, power
from harness.assignment import load
from harness.mutants import Change, Mutant, Mutants, Right, default_folder
from harness.plugin import NOT_LOOKED_AT
from harness.power import PowerReport, report
from harness.results import Cause, Outcome

FAILED, PARTIAL, PASSED = Outcome.FAILED, Outcome.PARTIAL, Outcome.PASSED
MANUAL, NOT_ATTEMPTED, NOT_MEASURED = Outcome.MANUAL, Outcome.NOT_ATTEMPTED, Outcome.NOT_MEASURED
ASSIGNMENT = load("dat405_a7")
RIGHT = Right(tasks=("2A", "2C"))
CHANGE = Change(old="SGD(0.1)", new="SGD(0.0001)")
MUTANT = Mutant(of="mlp", task="2C", wrong="It is slow.", expected=("2C-accuracy",), changes=(CHANGE,))
MUTANT_OF_2A = MUTANT.model_copy(update={"task": "2A"})


def graded(**outcomes):
    """A result whose tasks 2A and 2C have these checks; the outcome of one may come with its cause and message."""
    tasks = []
    for name in ("2A", "2C"):
        checks = []
        for given, outcome in outcomes.items():
            of, _, slug = given.partition("_")
            if of == f"t{name}":
                outcome, more = outcome if isinstance(outcome, tuple) else (outcome, {})
                checks.append(check(name, outcome, 0.0, 1.0, id=slug, **more))
        tasks.append(task(name, PASSED, 1.0, 1.0, *checks))
    return typical("one", tasks=tuple(tasks))


def made(wrong, right=None, mutant=MUTANT):
    mutants = Mutants(right={"mlp": RIGHT}, wrong={"slow": mutant})
    return report(mutants, {"slow": wrong, **({"mlp": right} if right else {})}, ASSIGNMENT)


def only(wrong, right=None, mutant=MUTANT):
    return made(wrong, right, mutant).mutants[0]


def said(catches):
    return [catch.said for catch in catches]


# --- what is a catch


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (FAILED, ["2C-accuracy"]),
        (PARTIAL, ["2C-accuracy (partial)"]),
        (NOT_ATTEMPTED, ["2C-accuracy (not attempted)"]),
        ((NOT_MEASURED, {"cause": Cause.REFUSED}), ["2C-accuracy (not measured: refused)"]),
        (PASSED, []),
        (MANUAL, []),
        ((NOT_MEASURED, {"cause": Cause.HARNESS_FAULT}), []),
        (NOT_MEASURED, []),
        ((NOT_ATTEMPTED, {"message": f"{NOT_LOOKED_AT}: it has a decoder."}), []),
        ((NOT_MEASURED, {"cause": Cause.REFUSED, "message": f"{NOT_LOOKED_AT}: it trains."}), []),
    ],
)
def test_a_check_catches_where_it_finds_something_wrong(outcome, words):
    assert said(only(graded(t2C_accuracy=outcome)).caught) == words


def test_a_check_that_the_right_one_does_not_pass_either_catches_nothing():
    one = only(graded(t2C_accuracy=FAILED, t2C_epochs=FAILED), graded(t2C_accuracy=MANUAL, t2C_epochs=PASSED))
    assert said(one.caught) == ["2C-epochs"]


def test_only_checks_of_its_own_task_count():
    one = only(graded(t2A_layers=FAILED, t2C_accuracy=PASSED))
    assert said(one.elsewhere) == ["2A-layers"]
    assert one.caught == ()
    assert one.status == "missed"


def test_an_expected_check_that_does_not_catch_is_named():
    mutant = MUTANT.model_copy(update={"expected": ("2C-accuracy", "2C-epochs", "2A-layers")})
    one = only(graded(t2A_layers=FAILED, t2C_accuracy=PASSED, t2C_epochs=PARTIAL), mutant=mutant)
    assert one.unseen == ("2C-accuracy",)
    assert one.status == "caught"


# --- what that amounts to


@pytest.mark.parametrize(
    ("outcome", "argued", "status", "code"),
    [
        (FAILED, {}, "caught", 0),
        (PASSED, {}, "missed", 1),
        (PASSED, {"mnist": "Chance."}, "argued", 0),
        (PASSED, {"digits": "Too few images."}, "missed", 1),
        ((NOT_MEASURED, {"cause": Cause.HARNESS_FAULT}), {"mnist": "Chance."}, "unknown", 3),
        (FAILED, {"mnist": "Chance."}, "caught", 0),
    ],
)
def test_status_and_exit_code(outcome, argued, status, code):
    whole = made(graded(t2C_accuracy=outcome), mutant=MUTANT.model_copy(update={"argued": argued}))
    assert whole.mutants[0].status == status
    assert [one.name for one in whole.with_status(status)] == ["slow"]
    assert whole.exit_code == code


def test_a_right_one_that_loses_points_costs_the_exit_code():
    whole = made(graded(t2A_layers=FAILED), graded(t2A_layers=PASSED, t2C_accuracy=PARTIAL), MUTANT_OF_2A)
    assert whole.mutants[0].status == "caught"
    assert said(whole.right[0].lost) == ["2C-accuracy (partial)"]
    assert whole.exit_code == 1


def test_what_a_right_one_does_not_answer_costs_it_nothing():
    mutants = Mutants(right={"mlp": Right(tasks=("2A",))}, wrong={})
    whole = report(mutants, {"mlp": graded(t2C_accuracy=NOT_ATTEMPTED, t2A_layers=PASSED)}, ASSIGNMENT)
    assert whole.right[0].lost == ()
    assert whole.exit_code == 0


def test_the_report_is_kept_as_it_is(tmp_path):
    whole = made(graded(t2C_accuracy=(NOT_MEASURED, {"cause": Cause.TIMEOUT})))
    power.write(whole, tmp_path / "power.json")
    assert PowerReport.model_validate_json((tmp_path / "power.json").read_text(encoding="utf-8")) == whole
    assert json.loads((tmp_path / "power.json").read_text(encoding="utf-8"))["dataset"] == "mnist"


# --- the command


def test_the_command_shows_what_is_caught_and_what_is_not(monkeypatch, tmp_path):
    mutants = Mutants(right={"mlp": RIGHT}, wrong={"slow": MUTANT, "odd": MUTANT})
    results = {
        "mlp": graded(t2C_accuracy=PASSED),
        "slow": graded(t2C_accuracy=FAILED),
        "odd": graded(t2C_accuracy=PASSED),
    }
    seen = {}

    def measure(folder, assignment, progress, **options):
        seen.update(options, folder=folder)
        return report(mutants, results, assignment)

    monkeypatch.setattr(power, "measure", measure)
    file = tmp_path / "power.json"
    command = ["power", "dat405_a7", "--data", "digits", "--only", "no_bias", "--out", str(file)]
    command += ["--graded", str(tmp_path / "kept")]
    answer = CliRunner().invoke(cli.app, command, env={"COLUMNS": "200"})
    assert answer.exit_code == 1
    assert "2C-accuracy" in answer.output
    assert "1 of 2 mutants caught by a check of their own task, 1 missed" in answer.output
    assert seen["data"] == "digits"
    assert seen["only"] == ["no_bias"]
    assert seen["graded"] == tmp_path / "kept"
    assert seen["folder"] == default_folder(ASSIGNMENT)
    assert file.is_file()


def test_the_command_says_that_there_are_no_mutants(tmp_path):
    answer = CliRunner().invoke(cli.app, ["power", "dat405_a7", "--mutants", str(tmp_path)])
    assert answer.exit_code == 2
    assert "--mutants" in answer.output
