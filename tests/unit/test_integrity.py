"""What a person should look at is noted, and changes no points by itself."""

import pytest
from evidence import complete, data, images, mlp

from harness.assignment import load
from harness.findings import find
from harness.plugin import run_checks
from harness.scoring import build_result

ASSIGNMENT = load("dat405_a7")
CODE = "evaluation-images-in-training"


def graded(source):
    made = complete(ASSIGNMENT, mlp=mlp(data=data(x=images(source=source))), denoising=None, generation=None)
    return build_result(ASSIGNMENT, made, run_checks(ASSIGNMENT, made), find(ASSIGNMENT, made))


@pytest.mark.parametrize(("source", "noted"), [("x_train", False), ("x_test", True)])
def test_training_on_the_evaluation_images_is_noted(source, noted):
    result = graded(source)
    assert [note.where for note in result.integrity if note.code == CODE] == ([mlp().where] if noted else [])
    assert CODE not in {finding.code for finding in result.findings}


def test_the_note_takes_no_points():
    given, others = (graded(source).checks for source in ("x_test", "x_train"))
    lost = {one.id for one, other in zip(given, others, strict=True) if one.points != other.points}
    assert lost == {"2C.curves"}  # whose validation shows nothing but training
