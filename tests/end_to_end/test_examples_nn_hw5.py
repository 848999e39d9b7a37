"""The example hand-ins of the second assignment get what `submissions/nn_hw5/expected.toml` lists, every check of
every task. `python tests/end_to_end/test_examples.py DIR` prints a graded folder in that file's form."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

import pytest
from end_to_end.test_examples import outcomes

from harness.evidence import Evidence
from harness.results import Result, load

EXAMPLES = Path(__file__).resolve().parents[2] / "submissions" / "nn_hw5"
EXPECTED = tomllib.loads((EXAMPLES / "expected.toml").read_text(encoding="utf-8"))
NAMES = sorted(path.name for path in EXAMPLES.iterdir() if path.is_dir())
ON_EVERY_PUSH = ("good_contract", "good_notebook", "mistake_decoder_for_encoder")
AT_NIGHT = tuple(name for name in NAMES if name not in ON_EVERY_PUSH)
TASKS = ["1", "2", "3", "4", "5", "6"]


def expected(name: str, data: str) -> dict[str, str]:
    entry = dict(EXPECTED[name])
    special = {dataset: entry.pop(dataset, {}) for dataset in ("digits", "fashion_mnist")}
    entry.pop("findings")
    return entry | special[data]


def as_expected(name: str, result: Result, data: str) -> None:
    assert outcomes(result) == expected(name, data)
    assert sorted({finding.code for finding in result.findings}) == sorted(EXPECTED[name]["findings"])
    assert [task.id for task in result.tasks] == TASKS
    assert result.max_points == 10


def _grade(data: str, names: Sequence[str], out: Path) -> dict[str, Result]:
    command = [sys.executable, "-m", "harness", "grade", *(str(EXAMPLES / name) for name in names)]
    command += ["--assignment", "nn_hw5", "--out", str(out), "--data", data, "--profile", "quick"]
    environment = dict(os.environ)
    environment.setdefault("HARNESS_CACHE", str(out / "cache"))
    run = subprocess.run(
        [*command, "--jobs", "2", "--allow-unisolated"], env=environment, capture_output=True, text=True,
        encoding="utf-8", timeout=3000,
    )  # fmt: skip
    assert run.returncode in (0, 1), run.stderr[-3000:]
    assert "Traceback" not in run.stdout + run.stderr
    return {name: load(out / name / "result.json") for name in names}


@pytest.fixture(scope="module")
def digits_folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("hw5_digits")


@pytest.fixture(scope="module")
def on_digits(digits_folder) -> dict[str, Result]:
    return _grade("digits", ON_EVERY_PUSH, digits_folder)


@pytest.fixture(scope="module")
def at_night(tmp_path_factory) -> dict[str, Result]:
    return _grade("digits", AT_NIGHT, tmp_path_factory.mktemp("hw5_night"))


@pytest.fixture(scope="module")
def on_fashion_mnist(tmp_path_factory) -> dict[str, Result]:
    return _grade("fashion_mnist", NAMES, tmp_path_factory.mktemp("hw5_fashion"))


def test_every_example_is_listed():
    assert sorted(EXPECTED) == NAMES
    assert set(ON_EVERY_PUSH) < set(NAMES)


@pytest.mark.end_to_end
@pytest.mark.parametrize("name", ON_EVERY_PUSH)
def test_outcomes_on_digits(name, on_digits):
    as_expected(name, on_digits[name], "digits")


@pytest.mark.end_to_end
def test_contract_and_notebook_earn_the_same(on_digits):
    contract, notebook = on_digits["good_contract"], on_digits["good_notebook"]
    assert contract.machine_points == notebook.machine_points == contract.machine_max_points
    assert outcomes(contract) == outcomes(notebook)


@pytest.mark.end_to_end
@pytest.mark.parametrize("name", ["good_contract", "good_notebook"])
def test_the_encoder_that_is_cut_here_gives_the_hand_in_s_own_codes(name, on_digits, digits_folder):
    """One is two Sequentials in a row, the other functional with a named layer: the classifier on our codes is the
    very run of the classifier that was handed in."""
    evidence = Evidence.model_validate_json((digits_folder / name / "evidence.json").read_bytes())
    (own,) = evidence.networks("5")
    assert evidence.codes.values == 196
    assert evidence.codes.codes[0] == own.accuracies[0]


@pytest.mark.end_to_end
@pytest.mark.nightly
@pytest.mark.parametrize("name", AT_NIGHT)
def test_outcomes_on_digits_of_the_others(name, at_night):
    as_expected(name, at_night[name], "digits")


@pytest.mark.mnist
@pytest.mark.nightly
@pytest.mark.parametrize("name", NAMES)
def test_outcomes_on_fashion_mnist(name, on_fashion_mnist):
    assert on_fashion_mnist[name].dataset.official
    as_expected(name, on_fashion_mnist[name], "fashion_mnist")
