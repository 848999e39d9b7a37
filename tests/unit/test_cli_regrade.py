"""`harness regrade` on the command line: what changed is told, and whoever asked wrongly is told what to do."""

from pathlib import Path

import pytest
from unit.cli_sample import program
from unit.sample_results import complete, typical

from harness import regrade
from harness.assignment import load
from harness.complaints import asking
from harness.plugin import ChecksFailed


@pytest.fixture
def run(monkeypatch, tmp_path):
    return program(monkeypatch, tmp_path)


def regraded(monkeypatch, *changes, results=None):
    kept = (Path("out/group/history/001"),) if changes else ()
    found = regrade.Regraded(tuple(results or (typical(),)), changes, load("dat405_a7"), ("0123456789ab",), kept)
    monkeypatch.setattr(asking, "regrade", lambda *_arguments: found)


def test_judging_again_lists_the_points_that_changed(run, monkeypatch):
    regraded(monkeypatch, regrade.Change("[b]group", "2C", 0.5, None, 1.0, 1.5))
    answer = run("regrade", "out")
    assert answer.exit_code == typical().exit_code == 1
    assert "[b]group" in answer.stdout
    assert "0.5 / 1" in answer.stdout and "– / 1.5" in answer.stdout
    assert "before: 0123456789ab" in answer.stdout
    assert "1 former result is kept; `harness diff out` tells what changed and why." in answer.stdout
    assert "index.html" in answer.stdout


def test_the_folder_to_judge_again_needs_no_name(run, monkeypatch, tmp_path):
    regraded(monkeypatch, regrade.Change("group", "2C", 0.5, None, 1.0, 1.5))
    answer = run("regrade")
    assert (answer.exit_code, "name the folder behind the command" in answer.stderr) == (2, True)
    (tmp_path / "graded" / "group").mkdir(parents=True)
    (tmp_path / "graded" / "group" / "result.json").write_text("{}", encoding="utf-8")
    for arguments in ([], ["graded"], [tmp_path / "graded"]):
        answer = run("regrade", *arguments)
        assert answer.exit_code == 1
        assert "1 former result is kept; `harness diff` tells what changed and why." in answer.stdout


def test_judging_again_without_a_change_says_so(run, monkeypatch):
    regraded(monkeypatch, results=[complete()])
    answer = run("regrade", "out")
    assert (answer.exit_code, "No points changed." in answer.stdout) == (0, True)


def test_what_cannot_be_judged_again_is_the_fault_of_whoever_asked(run, tmp_path):
    answer = run("regrade", "out")
    assert answer.exit_code == 2
    assert "there is no such folder" in answer.stderr


def test_checks_that_cannot_be_run_are_the_fault_of_whoever_wrote_them(run, monkeypatch):
    def broken_checks(*_arguments):
        raise ChecksFailed("pytest ended with 2: check_mlp.py: SyntaxError: invalid syntax")

    monkeypatch.setattr(asking, "regrade", broken_checks)
    answer = run("regrade", "out")
    assert answer.exit_code == 2
    assert "checks of the assignment cannot be run" in answer.stderr
    assert "check_mlp.py: SyntaxError" in answer.stderr
