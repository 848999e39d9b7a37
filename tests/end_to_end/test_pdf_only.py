"""A report without code, through the sandbox: code missing, nothing attempted, the answers read all the same."""

import pytest
from pdf import pdf

from harness.assignment import load
from harness.classroom import record_one
from harness.evidence import Evidence
from harness.plugin import run_checks
from harness.results import Outcome, SubmissionFacts
from harness.scoring import build_result

ASSIGNMENT = load("dat405_a7")


def graded(path):
    """The result of a hand-in that has nothing to train."""
    from evidence import MNIST

    run = record_one(path, ASSIGNMENT, "digits", "preferred")
    facts = SubmissionFacts(name=path.stem, sha256="0" * 64)
    evidence = Evidence(
        submission=facts,
        dataset=MNIST,
        profile="quick",
        recording=run.recording,
        problem=run.problem,
        cause=run.cause,
    )
    return build_result(ASSIGNMENT, evidence, run_checks(ASSIGNMENT, evidence), ())


@pytest.mark.end_to_end
def test_a_report_without_code(tmp_path):
    path = tmp_path / "group41.pdf"
    path.write_bytes(
        pdf(["Assignment 7", "Group 41"], ["Question 2", "a) 3 layers, 55 050 parameters.", "3B", "Weights."])
    )
    result = graded(path)
    assert "the code is missing" in result.problem
    assert {check.outcome for check in result.checks} == {Outcome.NOT_ATTEMPTED}
    assert {check.cause for check in result.checks} == {None}
    assert [(answer.task, str(answer.where)) for answer in result.answers] == [
        ("2A", "group41.pdf, page 2"),
        ("3B", "group41.pdf, page 2"),
    ]
    (report,) = result.reports
    assert (report.pages, report.group, report.problem) == (2, "Group 41", None)
    assert "1" in result.unanswered
    assert "2A" not in result.unanswered


@pytest.mark.end_to_end
def test_a_broken_report_beside_code_costs_only_itself(tmp_path):
    folder = tmp_path / "group42"
    folder.mkdir()
    (folder / "report.pdf").write_bytes(b"%PDF-1.4 and nothing else")
    (folder / "work.py").write_text("print('alive')\n")
    run = record_one(folder, ASSIGNMENT, "digits", "preferred")
    assert run.recording.complete
    assert [passage.text.strip() for passage in run.recording.printed] == ["alive"]
    (error,) = run.recording.errors
    assert (error.where.file, error.kind) == ("report.pdf", "error")
    assert error.message.startswith("The report could not be read: it is damaged")
