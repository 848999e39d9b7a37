"""Names that everyone imports: which are supplied, and what is said of them."""

import json
import math
import os

import pytest

from harness.worker.everyday import EVERYDAY, supplier


@pytest.fixture
def notes():
    return []


@pytest.fixture
def supply(notes):
    return supplier(lambda code, message: notes.append((code, message)), lambda: {"re"})


def test_a_name_is_supplied_and_the_import_that_is_missing_is_said(supply, notes):
    assert (supply("math"), supply("json")) == (math, json)
    assert supply("deepcopy")([1]) == [1]
    assert [code for code, _ in notes] == ["missing-import"] * 3
    assert "add `import math` at the top" in notes[0][1]
    assert "add `from copy import deepcopy` at the top" in notes[2][1]


@pytest.mark.parametrize(
    ("name", "statement"),
    [
        ("np", "import numpy as np"),
        ("plt", "import matplotlib.pyplot as plt"),
        ("K", "from keras import backend as K"),
        ("mnist", "from keras.datasets import mnist"),
        ("Dense", "from keras.layers import Dense"),
        ("Image", "from PIL import Image"),
        ("train_test_split", "from sklearn.model_selection import train_test_split"),
    ],
)
def test_imports_are_written_as_people_write_them(name, statement):
    from harness.worker.everyday import _statement

    assert _statement(name) == statement


def test_an_alias_is_the_module_until_the_hand_in_calls_something_else_so(notes):
    assert supplier(lambda *note: notes.append(note), lambda: {"os"})("os") is os
    assert len(notes) == 1


@pytest.mark.parametrize("name", ["nothing_of_that_name", "re"])
def test_other_names_and_those_of_the_hand_in_are_not_supplied(supply, notes, name):
    with pytest.raises(KeyError):
        supply(name)
    assert notes == []


def test_a_package_that_is_not_here_is_not_supplied(notes, monkeypatch):
    monkeypatch.setitem(EVERYDAY, "gone", "package_of_no_name")
    with pytest.raises(KeyError):
        supplier(lambda *note: notes.append(note))("gone")
    assert notes == []


def test_the_names_that_hand_ins_forget_most_are_there():
    names = "np plt tf keras pd sns K Image Sequential Dense BatchNormalization SGD to_categorical mnist"
    modules = "layers models optimizers callbacks regularizers datasets np_utils"
    for name in f"{names} {modules} EarlyStopping confusion_matrix train_test_split".split(" "):
        assert name in EVERYDAY
