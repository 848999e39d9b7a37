"""Findings that hold for every assignment, and their order."""

import pytest
from evidence import data, evidence, images, mlp

from harness.assignment import load
from harness.findings import find
from harness.recording import (
    Derivation,
    Finding,
    Recording,
    Rows,
    SelfTrainedRecord,
    SourceRecord,
    Where,
)

ASSIGNMENT = load("dat405_a7")
EVALUATION = "evaluation-images-in-training"


def cell(number, line=None):
    return Where(file="assignment.ipynb", cell=number, line=line)


def found(*networks, **fields):
    recording = Recording(kind="notebook", complete=True, fits=tuple(one.record for one in networks), **fields)
    return find(ASSIGNMENT, evidence(ASSIGNMENT, *networks, recording=recording))


def codes(findings):
    return [finding.code for finding in findings]


def test_the_recorders_come_first_and_the_assignments_last():
    own = Finding(code="keras2-name", message="`lr` is Keras 2.")
    made = found(mlp(epochs=2, data=data(x=images(source="x_test"))), findings=(own,))
    assert codes(made)[:3] == ["keras2-name", EVALUATION, "too-few-epochs"]


@pytest.mark.parametrize(
    ("x", "noted"),
    [
        (images(), False),
        (images(source="x_test"), True),
        (images(source="x_all", rows=Rows(kind="all", count=70_000)), True),
        (images(source="x_all", rows=Rows(kind="slice", count=60_000, stop=60_000)), False),
        (images(source="x_all", rows=Rows(kind="slice", count=60_001, stop=60_001)), True),
        (images(source=None, derived=Derivation(model=1, given=images(source="x_test"))), True),
        (images(source=None, derived=Derivation(model=1, given=images())), False),
        (None, False),
    ],
)
def test_evaluation_images(x, noted):
    assert (EVALUATION in codes(found(mlp(data=data(x=x))))) == noted


def test_a_fit_that_failed_trained_on_nothing():
    assert EVALUATION not in codes(found(mlp(error="it raised", data=data(x=images(source="x_test")))))


def test_a_loop_of_their_own():
    network = SelfTrainedRecord(id="own-1", model=1, how="gradient_tape", where=cell(3))
    (finding,) = (one for one in found(self_trained=(network,)) if one.code == "self-trained")
    assert finding.where == cell(3)


def test_another_framework_is_said_plainly():
    text = "import torch\nfrom torch import nn\nmodel = nn.Linear(784, 10)"
    (finding,) = (
        one
        for one in found(sources=(SourceRecord(where=cell(1), text=text),))
        if one.code == "unsupported-framework"
    )
    assert "PyTorch" in finding.message
    assert finding.where == cell(1, 1)
