"""The example hand-ins of the second assignment get what `submissions/nn_hw5/expected.toml` lists."""

from __future__ import annotations

from pathlib import Path

import pytest
from examples import NN_HW5, assert_all_points_alike

from harness.evidence import Evidence
from harness.results import Result

ON_EVERY_PUSH = ("good_contract", "good_notebook", "mistake_decoder_for_encoder")
AT_NIGHT = tuple(name for name in NN_HW5.names if name not in ON_EVERY_PUSH)


@pytest.fixture(scope="module")
def digits_folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("hw5_digits")


@pytest.fixture(scope="module")
def on_digits(digits_folder, cache) -> dict[str, Result]:
    return NN_HW5.grade(ON_EVERY_PUSH, "digits", digits_folder, cache)


@pytest.fixture(scope="module")
def at_night(tmp_path_factory, cache) -> dict[str, Result]:
    return NN_HW5.grade(AT_NIGHT, "digits", tmp_path_factory.mktemp("hw5_night"), cache)


@pytest.fixture(scope="module")
def on_fashion_mnist(tmp_path_factory, cache) -> dict[str, Result]:
    return NN_HW5.grade(NN_HW5.names, "fashion_mnist", tmp_path_factory.mktemp("hw5_fashion"), cache)


def test_every_example_is_listed():
    assert sorted(NN_HW5.entries) == NN_HW5.names
    assert set(ON_EVERY_PUSH) < set(NN_HW5.names)


@pytest.mark.end_to_end
@pytest.mark.parametrize("name", ON_EVERY_PUSH)
def test_outcomes_on_digits(name, on_digits):
    NN_HW5.assert_as_expected(name, on_digits[name], "digits")


@pytest.mark.end_to_end
def test_contract_and_notebook_earn_the_same(on_digits):
    assert_all_points_alike(on_digits["good_contract"], on_digits["good_notebook"])


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
    NN_HW5.assert_as_expected(name, at_night[name], "digits")


@pytest.mark.mnist
@pytest.mark.nightly
@pytest.mark.parametrize("name", NN_HW5.names)
def test_outcomes_on_fashion_mnist(name, on_fashion_mnist):
    assert on_fashion_mnist[name].dataset.official
    NN_HW5.assert_as_expected(name, on_fashion_mnist[name], "fashion_mnist")
