"""Findings that hold for every assignment, and their order."""

import pytest
from evidence import data, evidence, images, mlp

from harness.assignment import load
from harness.findings import find
from harness.recording import (
    CellError,
    Derivation,
    Finding,
    Recording,
    Rows,
    SelfTrainedRecord,
    SourceRecord,
    Where,
)
from harness.results import SubmissionFacts, SubmittedFile
from harness.scoring import INTEGRITY

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


# --- names


def name_error(name, number):
    return CellError(where=cell(number, 1), type="NameError", message=f"name '{name}' is not defined")


def undefined(*errors, sources=(), findings=()):
    made = found(
        errors=errors, findings=findings,
        sources=tuple(SourceRecord(where=cell(number), text=text) for number, text in enumerate(sources, 1)),
    )  # fmt: skip
    return [finding.message.split("`")[1] for finding in made if finding.code == "undefined-name"]


def test_names_that_nothing_defines_each_once():
    errors = (name_error("best", 1), name_error("best", 2), name_error("worst", 3))
    assert undefined(*errors, sources=("best", "best", "worst")) == ["best", "worst"]


def test_a_name_of_a_cell_that_failed_is_missing_for_that_reason():
    syntax = CellError(where=cell(1, 1), type="SyntaxError", message="'(' was never closed", kind="syntax")
    assert undefined(syntax, name_error("cnn", 2), sources=("cnn = make(", "cnn.fit(x)")) == []
    assert undefined(syntax, name_error("best", 2), sources=("cnn = make(", "best")) == ["best"]


def test_a_name_of_a_statement_that_failed_is_missing_for_that_reason():
    text = "net = make(\n    missing)\nnet.fit(x)\nbest"
    errors = [
        CellError(where=cell(1, line), type="NameError", message=f"name '{name}' is not defined")
        for line, name in ((2, "missing"), (3, "net"), (4, "best"))
    ]
    assert undefined(*errors, sources=(text,)) == ["missing", "best"]


def test_another_framework_is_said_plainly():
    text = "import torch\nfrom torch import nn\nmodel = nn.Linear(784, 10)"
    (finding,) = (
        one
        for one in found(sources=(SourceRecord(where=cell(1), text=text),))
        if one.code == "unsupported-framework"
    )
    assert "PyTorch" in finding.message
    assert finding.where == cell(1, 1)


def test_the_recorder_may_know_more():
    known = Finding(code="undefined-name", message="`best` is defined in cell 9.", where=cell(2))
    assert undefined(name_error("best", 2), sources=("1", "best"), findings=(known,)) == ["best"]


@pytest.mark.parametrize(
    ("name", "noted"),
    [("harness.toml", True), ("deep/Harness.TOML", True), ("my_harness.toml", False), ("harness.toml.txt", False)],
)
def test_settings_that_were_handed_in_are_noted_for_a_person(name, noted):
    files = (SubmittedFile(name=name, bytes=1, sha256="0"),)
    made = evidence(ASSIGNMENT, submission=SubmissionFacts(name="group-7", sha256="0", files=files))
    notes = [finding for finding in find(ASSIGNMENT, made) if finding.code == "own-settings"]
    assert [note.where for note in notes] == ([Where(file=name)] if noted else [])
    assert "own-settings" in INTEGRITY
