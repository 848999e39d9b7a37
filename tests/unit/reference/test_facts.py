"""Facts in written answers to dat405_a7: numbers, layers and the loss, as students write them."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.assignment import load

facts = load("dat405_a7").module("facts").facts


def right(task, text):
    return [is_right for _, is_right in facts(task, text)]


@pytest.mark.parametrize(
    "text",
    [
        "55050 parameters",
        "in total 55 050.",
        "(55,050)",
        "55.050 parametrar",
        "55\u202f050",
        "$55\\,050$",
        "55'050 weights",
        "50240 + 4160 + 650",
        "784*64 + 64 + 64*64 + 64 + 64*10 + 10",
        "784 · 64 + 64 + 64 · 64 + 64 + 64 · 10 + 10",
        "(784+1) × 64 + (64+1) × 64 + (64+1) × 10 weights",
        "$785 \\cdot 64 + 65 \\cdot 64 + 65 \\cdot 10$",
        "hidden 50,240, second 4,160, output 650",
    ],
)
def test_the_number_of_parameters_is_right(text):
    assert right("2A", text)[0] is True


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("54,912 parameters", "is given as 54,912; it is 55,050"),
        ("In total 55051 trainable parameters.", "is given as 55,051; it is 55,050"),
        ("155050 parameters", "is given as 155,050"),
        ("50240 parameters in the first layer", "No number of parameters was found; it is 55,050."),
        ("many parameters", "No number of parameters was found; it is 55,050."),
        ("784 * 64 + 64 ** 64", "No number of parameters was found"),
    ],
)
def test_the_number_of_parameters_is_wrong_or_missing(text, said):
    sentence, is_right = next(facts("2A", text))
    assert (said in sentence, is_right) == (True, False)


@pytest.mark.parametrize(
    ("text", "is_right"),
    [
        ("There are 3 layers.", True),
        ("three dense layers", True),
        ("4 layers, counting the input", True),
        ("Four layers: flatten, 64, 64, 10", True),
        ("nätet har tre lager", True),
        ("4 layers (3 of them have weights), the input among them", True),
        ("There are 4 layers.", False),
        ("There are 5 layers with the input.", False),
        ("two hidden layers", False),
        ("", False),
    ],
)
def test_the_number_of_layers(text, is_right):
    assert right("2A", text)[1] is is_right


@pytest.mark.parametrize(
    ("text", "named", "formula"),
    [
        ("Categorical cross-entropy, $-\\sum_i y_i \\log p_i$", True, True),
        ("`categorical_crossentropy`: L = -sum(y * ln(p))", True, True),
        ("categorical cross entropy: the minus log of the right class, - log p", True, True),
        ("cross-entropy for several categories, -∑ t ln y", True, True),
        ("binary cross-entropy, -sum y log p", False, True),
        ("sparse_categorical_crossentropy", False, False),
        ("categorical cross-entropy, in the long run", True, False),
        ("mean squared error, sum (y-p)^2", False, False),
    ],
)
def test_the_loss(text, named, formula):
    assert right("2B", text) == [named, formula]


def test_the_autoencoder_s_parameters_are_judged_only_where_they_are_named():
    assert right("4A", "226,416 parameters") == [True]
    assert right("4A", "784-128-96-128-784 with 222784 parameters") == [False]
    assert right("4A", "784*128+128 + 128*96+96 + 96*128+128 + 128*784+784") == [True]
    assert right("4A", "784 - 128 - 96 - 128 - 784") == []


def test_other_tasks_have_no_facts():
    assert right("2C", "55050 parameters, 3 layers") == []


@given(st.sampled_from(["2A", "2B", "4A"]), st.text(alphabet="0123456789 +*()·.,\nparmlyesog-", max_size=300))
def test_any_text_is_judged(task, text):
    assert all(sentence and is_right in (True, False) for sentence, is_right in facts(task, text))


@pytest.mark.parametrize(
    "piece", ["1", "111 ", "(", "3 ", "- ", "-a ", "1+", "categor", "1*(", " ", "cross entropy ", "3 layer "]
)
def test_hostile_text_takes_little_time(piece):
    started = time.process_time()
    for task in ("2A", "2B", "4A"):
        right(task, piece * (40_000 // len(piece)))
    assert time.process_time() - started < 5
