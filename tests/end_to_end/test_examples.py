"""The example hand-ins get the outcomes that `submissions/expected.toml` lists, every check of every task.

`python tests/end_to_end/test_examples.py DIR` prints the outcomes of a graded folder in that file's form.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

import pytest

from harness.evidence import Evidence
from harness.results import Result, load

ROOT = Path(__file__).resolve().parents[2]
SUBMISSIONS = ROOT / "submissions"
EXPECTED = tomllib.loads((SUBMISSIONS / "expected.toml").read_text(encoding="utf-8"))
EXAMPLES = sorted(  # a folder with a list of its own is another assignment's
    path.name for path in SUBMISSIONS.iterdir() if path.is_dir() and not (path / "expected.toml").is_file()
)
ON_EVERY_PUSH = {  # all of them would take too long for that; the others are graded at night
    "digits": (
        "good_contract",
        "good_notebook",
        "mistake_l1_for_l2",
        "mistake_one_hot_twice",
        "report_a",
        "report_b",
        "report_pdf_only",
        "saved_models_keras2",
        "syntax_error",
        "unsolved_template",
    ),
    "mnist": (
        "good_contract",
        "good_notebook",
        "mistake_rescaled_twice",
        "report_b",
        "tasks_1_2",
    ),
}
AT_NIGHT = {data: tuple(name for name in EXAMPLES if name not in names) for data, names in ON_EVERY_PUSH.items()}
TASKS = ["1", "2A", "2B", "2C", "2D", "3A", "3B", "4A", "4B", "4C", "4D"]


def outcomes(result: Result) -> dict[str, str]:
    """Every task's and every check's outcome; a check's cause after a slash."""
    listed = {task.id: task.outcome.value for task in result.tasks}
    for check in result.checks:
        listed[check.id] = check.outcome.value + (f"/{check.cause.value}" if check.cause else "")
    return listed


def expected(name: str, data: str) -> dict[str, str]:
    """What the file says of an example, with what differs on one data set."""
    entry = dict(EXPECTED[name])
    special = {dataset: entry.pop(dataset, {}) for dataset in ("digits", "mnist")}
    entry.pop("findings", None)
    return entry | special[data]


def as_expected(name: str, result: Result, data: str) -> None:
    """An example has the outcomes and the findings that the file lists."""
    assert outcomes(result) == expected(name, data)
    assert sorted({finding.code for finding in result.findings}) == sorted(EXPECTED[name].get("findings", []))
    assert [task.id for task in result.tasks] == TASKS
    assert result.max_points == 10


def _grade(data: str, names: Sequence[str], out: Path, cache: Path) -> dict[str, Result]:
    environment = dict(os.environ, HARNESS_CACHE=str(cache))
    command = [sys.executable, "-m", "harness", "grade", *(str(SUBMISSIONS / name) for name in names)]
    command += ["--out", str(out), "--data", data, "--profile", "quick", "--jobs", "2", "--allow-unisolated"]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, encoding="utf-8", timeout=3000)
    assert run.returncode == 1, run.stderr[-3000:]  # some examples are wrong on purpose
    assert "Traceback" not in run.stdout + run.stderr
    return {name: load(out / name / "result.json") for name in names}


@pytest.fixture(scope="session")
def cache(tmp_path_factory) -> Path:
    """Trained runs of this test session."""
    return Path(os.environ.get("HARNESS_CACHE") or tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def digits_folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("digits")


@pytest.fixture(scope="module")
def on_digits(digits_folder, cache) -> dict[str, Result]:
    return _grade("digits", ON_EVERY_PUSH["digits"], digits_folder, cache)


@pytest.fixture(scope="module")
def on_digits_at_night(tmp_path_factory, cache) -> dict[str, Result]:
    return _grade("digits", AT_NIGHT["digits"], tmp_path_factory.mktemp("digits_at_night"), cache)


@pytest.fixture(scope="module")
def on_mnist(tmp_path_factory, cache) -> dict[str, Result]:
    return _grade("mnist", ON_EVERY_PUSH["mnist"], tmp_path_factory.mktemp("mnist"), cache)


@pytest.fixture(scope="module")
def on_mnist_at_night(tmp_path_factory, cache) -> dict[str, Result]:
    return _grade("mnist", AT_NIGHT["mnist"], tmp_path_factory.mktemp("mnist_at_night"), cache)


def test_every_example_is_listed():
    assert sorted(EXPECTED) == EXAMPLES
    assert {name for names in ON_EVERY_PUSH.values() for name in names} <= set(EXAMPLES)


def test_what_is_graded_at_night_alone_is_seen_on_every_push_too():
    """Each outcome of each check in another example; each finding there or in a hand-in of `tests/hand_ins/`."""
    pushed = [(name, data) for data, names in ON_EVERY_PUSH.items() for name in names]
    seen = {outcome for name, data in pushed for outcome in expected(name, data).items()}
    found = {code for name, _ in pushed for code in EXPECTED[name]["findings"]}
    recorded = tomllib.loads((ROOT / "tests" / "hand_ins" / "expected.toml").read_text(encoding="utf-8"))
    found |= {finding.split(":")[0] for entry in recorded.values() for finding in entry["findings"]}
    for name in set(EXAMPLES) - {name for name, _ in pushed}:
        for data in ON_EVERY_PUSH:
            assert set(expected(name, data).items()) <= seen, name
        assert set(EXPECTED[name]["findings"]) <= found, name


@pytest.mark.end_to_end
@pytest.mark.parametrize("name", ON_EVERY_PUSH["digits"])
def test_outcomes_on_digits(name, on_digits):
    as_expected(name, on_digits[name], "digits")


@pytest.mark.end_to_end
@pytest.mark.nightly
@pytest.mark.parametrize("name", AT_NIGHT["digits"])
def test_outcomes_on_digits_of_the_others(name, on_digits_at_night):
    as_expected(name, on_digits_at_night[name], "digits")


@pytest.mark.end_to_end
def test_contract_and_notebook_earn_the_same(on_digits):
    contract, notebook = on_digits["good_contract"], on_digits["good_notebook"]
    assert contract.machine_points == notebook.machine_points == contract.machine_max_points
    assert outcomes(contract) == outcomes(notebook)


@pytest.mark.end_to_end
@pytest.mark.parametrize("name", ["good_contract", "good_notebook"])
def test_the_hand_ins_own_code_draws_with_the_trained_decoder(name, on_digits, digits_folder):
    evidence = Evidence.model_validate_json((digits_folder / name / "evidence.json").read_bytes())
    assert evidence.generation is not None
    assert evidence.generation.own
    assert on_digits[name].timing["replay"] > 0


@pytest.mark.mnist
@pytest.mark.parametrize("name", ON_EVERY_PUSH["mnist"])
def test_outcomes_on_mnist(name, on_mnist):
    assert on_mnist[name].dataset.official
    as_expected(name, on_mnist[name], "mnist")


@pytest.mark.mnist
@pytest.mark.nightly
@pytest.mark.parametrize("name", AT_NIGHT["mnist"])
def test_outcomes_on_mnist_of_the_others(name, on_mnist_at_night):
    as_expected(name, on_mnist_at_night[name], "mnist")


if __name__ == "__main__":
    for folder in sorted(path.parent for path in Path(sys.argv[1]).glob("*/result.json")):
        result = load(folder / "result.json")
        print(f"[{folder.name}]")
        codes = sorted({finding.code for finding in result.findings})
        print(f"findings = {codes}".replace("'", '"'))
        for name, outcome in outcomes(result).items():
            print(f'"{name}" = "{outcome}"')
        print()
