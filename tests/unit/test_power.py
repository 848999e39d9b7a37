"""Which check catches which mutant: from made-up results to the report, and what the folder of mutants lists."""

import difflib
import json

import pytest
from typer.testing import CliRunner
from unit.sample_parts import check, task
from unit.sample_results import typical

from harness import assets, cli, power
from harness.assignment import load
from harness.plugin import NOT_LOOKED_AT
from harness.power import Mutant, Mutants, MutantsError, PowerReport, Right, chosen, default_folder, read, report
from harness.results import Cause, Outcome

FAILED, PARTIAL, PASSED = Outcome.FAILED, Outcome.PARTIAL, Outcome.PASSED
MANUAL, NOT_ATTEMPTED, NOT_MEASURED = Outcome.MANUAL, Outcome.NOT_ATTEMPTED, Outcome.NOT_MEASURED
ASSIGNMENT = load("dat405_a7")
RIGHT = Right(tasks=("2A", "2C"))
MUTANT = Mutant(of="mlp", task="2C", wrong="It is slow.", expected=("2C-accuracy",))
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
    answer = CliRunner().invoke(cli.app, command, env={"COLUMNS": "200"})
    assert answer.exit_code == 1
    assert "2C-accuracy" in answer.output
    assert "1 of 2 mutants caught by a check of their own task, 1 missed" in answer.output
    assert seen["data"] == "digits"
    assert seen["only"] == ["no_bias"]
    assert seen["folder"] == default_folder(ASSIGNMENT)
    assert file.is_file()


def test_the_command_says_that_there_are_no_mutants(tmp_path):
    answer = CliRunner().invoke(cli.app, ["power", "dat405_a7", "--mutants", str(tmp_path)])
    assert answer.exit_code == 2
    assert "--mutants" in answer.output


# --- the folder


def laid(folder, text, *names):
    folder.mkdir(exist_ok=True)
    (folder / "mutants.toml").write_text(text, encoding="utf-8")
    for name in names:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("", encoding="utf-8")
    return folder


LISTED = """
[right.mlp]
tasks = ["2C"]
[wrong.slow]
of = "mlp"
task = "2C"
wrong = "It is slow."
expected = ["2C.accuracy"]
"""


def test_a_folder_is_read(tmp_path):
    folder = laid(tmp_path, LISTED, "mlp.py", "slow/submission.py")
    assert read(folder).names == ("mlp", "slow")
    assert power.place(folder, "mlp") == folder / "mlp.py"
    assert power.place(folder, "slow") == folder / "slow"


@pytest.mark.parametrize(
    ("text", "names", "said"),
    [
        (LISTED, ("mlp.py",), "slow"),
        (LISTED, ("mlp.py", "slow.py", "other.py"), "other"),
        (LISTED.replace('of = "mlp"', 'of = "cnn"'), ("mlp.py", "slow.py"), "cnn"),
        (LISTED.replace('task = "2C"', 'task = "3A"'), ("mlp.py", "slow.py"), "3A"),
        (LISTED.replace("wrong.slow", "wrong.mlp"), ("mlp.py",), "right and as wrong"),
        (LISTED.replace("expected", "expects"), ("mlp.py", "slow.py"), "expects"),
        ("not toml", (), "mutants.toml"),
    ],
)
def test_a_list_that_does_not_fit_is_refused(tmp_path, text, names, said):
    with pytest.raises(MutantsError, match=said):
        read(laid(tmp_path, text, *names))


def test_some_are_chosen_with_what_they_are_made_of():
    mutants = read(default_folder(ASSIGNMENT))
    few = chosen(mutants, ["no_bias", "salt_only"])
    assert few.names == ("mlp", "noise", "no_bias", "salt_only")
    assert chosen(mutants, ()) == mutants
    with pytest.raises(MutantsError, match="no_such"):
        chosen(mutants, ["no_such"])


# --- the mutants themselves

LISTINGS = {assignment.id: read(default_folder(assignment)) for assignment in (ASSIGNMENT, load("nn_hw5"))}
EVERY = [(of, name) for of, listing in LISTINGS.items() for name in listing.wrong]
CHANGED_LINES = 6
"""One mistake, in lines that a right hand-in has and the wrong one has not."""


def text_of(assignment, name):
    place = power.place(default_folder(load(assignment)), name)
    return (place if place.is_file() else place / "submission.py").read_text(encoding="utf-8")


@pytest.mark.parametrize(("assignment", "least"), [("dat405_a7", 28), ("nn_hw5", 40)])
def test_there_are_mutants_of_every_task_that_a_machine_marks(assignment, least):
    wrong = LISTINGS[assignment].wrong
    tasks = {name for name, spec in load(assignment).tasks.items() if spec.machine > 0}
    assert {mutant.task for mutant in wrong.values()} == tasks
    assert len(wrong) >= least


@pytest.mark.parametrize(("assignment", "name"), EVERY)
def test_a_mutant_is_a_right_one_with_one_mistake(assignment, name):
    mutant = LISTINGS[assignment].wrong[name]
    right, wrong = (text_of(assignment, one).splitlines() for one in (mutant.of, name))
    assert wrong != right
    changed = [line for line in difflib.ndiff(right, wrong) if line.startswith("- ") and line[2:].strip()]
    if mutant.task != "4D":  # there the way to draw is replaced as a whole
        assert len(changed) <= CHANGED_LINES


@pytest.mark.parametrize(("assignment", "name"), EVERY)
def test_the_expected_checks_exist(assignment, name):
    text = "".join(
        path.read_text(encoding="utf-8") for path in (assets.folder("reference") / assignment).glob("check_*.py")
    )
    mutant = LISTINGS[assignment].wrong[name]
    for expected in mutant.expected:
        of, _, slug = expected.partition(".")
        assert of in load(assignment).tasks
        assert f"def check_{slug.replace('-', '_')}(" in text, expected
    assert mutant.expected[0].startswith(f"{mutant.task}.")
