"""`pytest reference/dat405_a7 --submission PATH` and `harness grade PATH` come to the same outcomes."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from harness.results import load

pytestmark = pytest.mark.end_to_end
ROOT = Path(__file__).resolve().parents[2]
LINE = re.compile(
    r"^(passed|partial|failed|manual|not_attempted|not_measured) +(–|[\d.]+) / ([\d.]+) +(\S+)$", re.M
)


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """The result of `harness grade` and the environment whose cache it filled."""
    folder = tmp_path_factory.mktemp("graded")
    environment = dict(os.environ, HARNESS_CACHE=os.environ.get("HARNESS_CACHE") or str(folder / "cache"))
    arguments = ["grade", "submissions/good_contract", "--out", str(folder / "out"), "--data", "digits"]
    run = program("harness", *arguments, "--profile", "quick", "--allow-unisolated", environment=environment)
    assert run.returncode in (0, 1), run.stderr[-2000:]
    return load(folder / "out" / "good_contract" / "result.json"), environment


def program(module, *arguments, environment):
    return subprocess.run(
        [sys.executable, "-m", module, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True,
        encoding="utf-8", timeout=900,
    )  # fmt: skip


def checks(*arguments, environment):
    options = ["reference/dat405_a7", "--grading-data", "digits", "--profile", "quick", "--allow-unisolated"]
    return program("pytest", *options, *arguments, environment=environment)


def test_the_same_outcomes_and_points(graded):
    result, environment = graded
    run = checks("--submission", "submissions/good_contract", environment=environment)
    found = {name: (outcome, points, most) for outcome, points, most, name in LINE.findall(run.stdout)}
    assert found == {
        check.id: (
            check.outcome.value,
            "–" if check.points is None else f"{check.points:g}",
            f"{check.max_points:g}",
        )
        for check in result.checks
    }
    assert run.returncode == (0 if result.exit_code == 0 else 1)


def test_one_file_of_checks(graded):
    _, environment = graded
    options = ["reference/dat405_a7/check_noise.py", "--grading-data", "digits", "--allow-unisolated"]
    run = program("pytest", *options, "--submission", "submissions/good_contract", environment=environment)
    assert {name for *_, name in LINE.findall(run.stdout)} == {
        "4B.identity", "4B.share", "4B.values", "4B.input-kept",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--submission", "nowhere.ipynb"], "nowhere.ipynb cannot be graded"),
        (["--submission", "submissions/good_contract", "--profile", "slow"], "invalid choice: 'slow'"),
    ],
)
def test_usage_errors_are_sentences(graded, arguments, said):
    run = checks(*arguments, environment=graded[1])
    assert run.returncode == pytest.ExitCode.USAGE_ERROR
    assert said in run.stdout + run.stderr
    assert "Traceback" not in run.stdout + run.stderr
