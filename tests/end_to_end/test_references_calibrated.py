"""The files of calibration in the tree are of the references beside them: what these train, and what that costs."""

import shutil
from dataclasses import replace

import pytest

from harness.assignment import load
from harness.calibration import outdated, write_costs
from harness.references import Reference, reference

AT_NIGHT = (pytest.mark.mnist, pytest.mark.nightly)
"""By digits, every push tells a recipe that hashes otherwise."""


def in_profile(made, profile):
    """The same recording as another profile trains it."""
    grader = replace(made.grader, profile=profile)
    return Reference(grader, made.run, grader.inspect(made.evidence.submission, made.run))


@pytest.mark.parametrize(
    ("name", "data"),
    [
        pytest.param("dat405_a7", "digits", marks=pytest.mark.end_to_end),
        pytest.param("nn_hw5", "digits", marks=pytest.mark.end_to_end),
        pytest.param("dat405_a7", "mnist", marks=AT_NIGHT),
        pytest.param("nn_hw5", "fashion_mnist", marks=AT_NIGHT),
    ],
)
def test_what_is_calibrated_is_what_the_references_train_and_measure(name, data, tmp_path):
    """A recipe that hashed otherwise than when it was calibrated would be trained anew, for hours."""
    original = load(name)
    copy = tmp_path / name
    shutil.copytree(original.folder, copy, ignore=shutil.ignore_patterns("__pycache__", "cost.json"))
    with reference(load(str(copy)), data, "full", "cpu") as full:
        for made in (full, in_profile(full, "quick")):
            calibration = original.calibration(data, made.grader.profile)
            assert outdated(made, calibration) == ()
            kept = calibration.quantities
            broken = {
                name: one.model_copy(update={"recipe": "0" * 64}) for name, one in kept.items() if "4" not in name
            }
            with_more = {**kept, **broken, "gone": next(iter(kept.values()))}
            told = outdated(made, calibration.model_copy(update={"quantities": with_more}))
            assert set(told) == {*broken, "gone"}
        path = write_costs(full)
    assert path == (copy / "calibration" / "cost.json").resolve()
    assert load(str(copy)).costs().tasks == original.costs().tasks
