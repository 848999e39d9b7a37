"""The example hand-ins get the outcomes that `submissions/expected.toml` lists, every check of every task."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from examples import DAT405_A7, assert_all_points_alike

from harness.evidence import Evidence
from harness.results import Result

HAND_INS = Path(__file__).resolve().parents[1] / "hand_ins"
ON_EVERY_PUSH = {  # all of them would take too long for that; the others are graded at night
    "digits": (
        "good_contract",
        "good_notebook",
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
        "tasks_1_2",
    ),
}
AT_NIGHT = {
    data: tuple(name for name in DAT405_A7.names if name not in names) for data, names in ON_EVERY_PUSH.items()
}


@pytest.fixture(scope="module")
def digits_folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("digits")


@pytest.fixture(scope="module")
def on_digits(digits_folder, cache) -> dict[str, Result]:
    return DAT405_A7.grade(ON_EVERY_PUSH["digits"], "digits", digits_folder, cache)


@pytest.fixture(scope="module")
def on_digits_at_night(tmp_path_factory, cache) -> dict[str, Result]:
    return DAT405_A7.grade(AT_NIGHT["digits"], "digits", tmp_path_factory.mktemp("digits_at_night"), cache)


@pytest.fixture(scope="module")
def on_mnist(tmp_path_factory, cache) -> dict[str, Result]:
    return DAT405_A7.grade(ON_EVERY_PUSH["mnist"], "mnist", tmp_path_factory.mktemp("mnist"), cache)


@pytest.fixture(scope="module")
def on_mnist_at_night(tmp_path_factory, cache) -> dict[str, Result]:
    return DAT405_A7.grade(AT_NIGHT["mnist"], "mnist", tmp_path_factory.mktemp("mnist_at_night"), cache)


def test_every_example_is_listed():
    assert sorted(DAT405_A7.entries) == DAT405_A7.names
    assert {name for names in ON_EVERY_PUSH.values() for name in names} <= set(DAT405_A7.names)


def test_what_is_graded_at_night_alone_is_seen_on_every_push_too():
    """Each outcome of each check in another example; each finding there or in a hand-in of `tests/hand_ins/`."""
    pushed = [(name, data) for data, names in ON_EVERY_PUSH.items() for name in names]
    seen = {outcome for name, data in pushed for outcome in DAT405_A7.expected(name, data).items()}
    found = {code for name, _ in pushed for code in DAT405_A7.findings(name)}
    recorded = tomllib.loads((HAND_INS / "expected.toml").read_text(encoding="utf-8"))
    found |= {finding.split(":")[0] for entry in recorded.values() for finding in entry["findings"]}
    for name in set(DAT405_A7.names) - {name for name, _ in pushed}:
        for data in ON_EVERY_PUSH:
            assert set(DAT405_A7.expected(name, data).items()) <= seen, name
        assert set(DAT405_A7.findings(name)) <= found, name


@pytest.mark.end_to_end
@pytest.mark.parametrize("name", ON_EVERY_PUSH["digits"])
def test_outcomes_on_digits(name, on_digits):
    DAT405_A7.assert_as_expected(name, on_digits[name], "digits")


@pytest.mark.end_to_end
@pytest.mark.nightly
@pytest.mark.parametrize("name", AT_NIGHT["digits"])
def test_outcomes_on_digits_of_the_others(name, on_digits_at_night):
    DAT405_A7.assert_as_expected(name, on_digits_at_night[name], "digits")


@pytest.mark.end_to_end
def test_contract_and_notebook_earn_the_same(on_digits):
    assert_all_points_alike(on_digits["good_contract"], on_digits["good_notebook"])


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
    DAT405_A7.assert_as_expected(name, on_mnist[name], "mnist")


@pytest.mark.mnist
@pytest.mark.nightly
@pytest.mark.parametrize("name", AT_NIGHT["mnist"])
def test_outcomes_on_mnist_of_the_others(name, on_mnist_at_night):
    DAT405_A7.assert_as_expected(name, on_mnist_at_night[name], "mnist")
