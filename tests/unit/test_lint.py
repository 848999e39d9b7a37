"""What `harness lint` says is unfinished, each kind on an assignment that has it."""

import pytest
import tiny
from typer.testing import CliRunner

from harness.assignment import available, load
from harness.cli import app
from harness.lint import lint

SUBMISSION = "def build(): ...\n"
FINISHED = """
import pytest
from harness.checking import Failed

@pytest.mark.check("A", 1.0)
def check_one(evidence):
    \"\"\"It is so.\"\"\"
    raise Failed("It is not so.", "Make it so.")

@pytest.mark.check("B", 2)
def check_two(evidence):
    \"\"\"It is so, too.\"\"\"
"""


def said(folder, checks=FINISHED, toml="", **files):
    """The flaws of a tiny assignment, but for those of its calibration, which it has none of."""
    text = tiny.TOML.replace('title = "For a person"', 'title = "For a person"\nasks = "an essay"') + toml
    home = tiny.write(folder, checks, text, **{"submission": SUBMISSION, **files})
    return [str(flaw) for flaw in lint(load(str(home))) if not flaw.where.startswith("calibration/")]


def test_a_finished_assignment_has_no_flaw(tmp_path):
    assert said(tmp_path) == []


def test_what_the_checks_leave_open(tmp_path):
    checks = FINISHED.replace('@pytest.mark.check("A", 1.0)\n', "").replace(
        '"B", 2)', '"B", 1.5, after=["A.none"])'
    )
    flaws = said(tmp_path, checks)
    assert [flaw.partition(". ")[0] for flaw in flaws] == [
        "check_all.py, line 5: this check has no points",
        "check_all.py, line 10: it comes after 'A.none', and there is no such check",
        "assignment.toml, task A: 1 points are the machine's, and it has no check",
        "assignment.toml, task B: its checks come to 1.5 points, and 2 are the machine's",
    ]


def test_a_check_of_a_task_that_is_not_there_or_without_a_sentence(tmp_path):
    checks = FINISHED.replace('"B", 2', '"Z", 2').replace('"""It is so, too."""', "...")
    flaws = said(tmp_path, checks)
    assert any("there is no task 'Z'" in flaw for flaw in flaws)
    assert any("line 11: this check has no docstring" in flaw for flaw in flaws)


def test_a_verdict_without_a_hint(tmp_path):
    for ending in ('Failed("It is not so.")', 'Failed("It is not so.", "")', 'Failed("It is not so.", hint="")'):
        (flaw,) = said(tmp_path, FINISHED.replace('Failed("It is not so.", "Make it so.")', ending))
        assert flaw.startswith("check_all.py, line 8: this Failed has no hint")
    assert said(tmp_path, FINISHED.replace('"Make it so."', 'hint="Make it so."')) == []


RULES = """
from harness.matching import Rule

RULES = (Rule(task="A", needs=(), wanted="network"),)
"""
BUILD = '[[contract.builds]]\ntask = "A"\nfunction = "build"\nepochs = 1\nbatch_size = 1\n'


def test_a_task_that_is_trained_needs_a_reference(tmp_path):
    (flaw,) = said(tmp_path, matching=RULES)
    assert "task A: networks are looked for, and there is no reference" in flaw
    assert said(tmp_path, matching=RULES, toml=BUILD) == []
    (flaw,) = said(tmp_path, matching=RULES, toml=BUILD, submission="")
    assert flaw.startswith("submission.py: build() of task A is missing")


def test_a_rule_says_what_is_wanted_of_a_task_that_is_there(tmp_path):
    rules = RULES.replace('"A"', '"Z"').replace(', wanted="network"', "")
    flaws = said(tmp_path, matching=rules, toml=BUILD)
    assert any("matching.py: there is no task 'Z'" in flaw for flaw in flaws)
    assert any("the rule of task Z does not say what is wanted" in flaw for flaw in flaws)


def test_a_measurement_is_of_networks_that_are_looked_for(tmp_path):
    spec = '[measurements.reconstruction]\nautoencoder = "B"\nnoise = "uniform"\nlevels = [0.1]\n'
    (flaw,) = said(tmp_path, toml=spec)
    assert "[measurements.reconstruction]: no network is looked for in task 'B'" in flaw


def test_what_is_not_calibrated_is_named_with_the_command(tmp_path):
    home = tiny.write(tmp_path, FINISHED, submission=SUBMISSION)
    flaws = {flaw.where: flaw for flaw in lint(load(str(home)))}
    assert flaws["calibration/mnist-full.json"].said == "uncalibrated: A.accuracy"
    assert flaws["calibration/digits-quick.json"].remedy == "harness calibrate tiny --data digits --profile quick"
    assert "nothing limits what a hand-in trains" in flaws["calibration/cost.json"].said


def test_the_command_lists_the_flaws_and_says_so_by_its_exit_code(tmp_path):
    home = tiny.write(tmp_path, FINISHED, submission=SUBMISSION)
    run = CliRunner().invoke(app, ["lint", str(home)])
    assert run.exit_code == 1
    assert "calibration/mnist-full.json: uncalibrated: A.accuracy. harness calibrate tiny" in run.output
    assert run.output.endswith("things to mend.\n")


@pytest.mark.parametrize("name", available())
def test_the_assignments_that_are_here_are_finished(name):
    assert lint(load(name)) == []
