"""The references' costs in the tree are those of the references beside them."""

import json
import shutil

import pytest

from harness.assignment import load
from harness.calibration import write_costs
from harness.references import reference

pytestmark = pytest.mark.end_to_end


@pytest.mark.parametrize("name", ["dat405_a7"])
def test_the_costs_in_the_tree_are_what_the_references_take(tmp_path, name):
    original = load(name).folder
    copy = tmp_path / name
    shutil.copytree(original, copy, ignore=shutil.ignore_patterns("__pycache__"))
    path = copy / "calibration" / "cost.json"
    path.unlink()
    with reference(load(str(copy)), "digits", "full", "cpu") as made:
        assert write_costs(made) == path.resolve()
    stored = json.loads((original / "calibration" / "cost.json").read_bytes())
    assert json.loads(path.read_bytes())["tasks"] == stored["tasks"]
