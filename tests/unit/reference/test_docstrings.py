"""Figures in the references' docstrings are those of the calibration file."""

import ast
import re
from pathlib import Path
from statistics import mean, stdev

import pytest

from harness.assignment import load

ASSIGNMENT = load("dat405_a7")
FIGURE = re.compile(r"(0\.\d{4}) ± (0\.\d{4})[^)]*?over (\d+) seeds", re.DOTALL)


@pytest.mark.parametrize(("file", "task"), [("mlp.py", "2C"), ("cnn.py", "3A")])
def test_a_docstring_states_what_was_calibrated(file, task):
    source = Path(ASSIGNMENT.folder, file).read_text(encoding="utf-8")
    found = FIGURE.search(ast.get_docstring(ast.parse(source)) or "")
    assert found is not None
    values = ASSIGNMENT.calibration("mnist", "full").quantities[f"{task}.accuracy"].values
    assert found.groups() == (f"{mean(values):.4f}", f"{stdev(values):.4f}", str(len(values)))
