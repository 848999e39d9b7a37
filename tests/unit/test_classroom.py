"""A class goes on whatever one submission does to us."""

import numpy as np
import pytest

from harness import classroom, datasets
from harness.assignment import load
from harness.classroom import Options, Silent, grade
from harness.intake import IntakeUsageError
from harness.results import Cause, Outcome


class NoSandbox:
    """Stands for a sandbox in which every hand-in turns out to be empty."""

    name, isolated, warning = "none", True, ""

    def run(self, *_):
        from harness.recording import Recording
        from harness.sandbox import Ended, Frames, SandboxRun

        recording = Recording(kind="notebook", complete=True).model_dump_json().encode()
        return SandboxRun(frames=Frames(recording=recording), ended=Ended.FINISHED)


class NoTrainer:
    def __init__(self, *_):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def describe(self):
        return {"device": "cpu"}


@pytest.fixture
def no_machinery(monkeypatch):
    images = np.zeros((4, 28, 28), np.uint8)
    labels = np.arange(4, dtype=np.uint8)
    data = datasets.Dataset("digits", images, labels, images, labels, "0" * 64, False)
    monkeypatch.setattr(classroom, "sandbox_for", lambda _isolation: NoSandbox())
    monkeypatch.setattr(classroom, "load_dataset", lambda _name: data)
    monkeypatch.setattr(classroom, "TrainerProcess", NoTrainer)
    monkeypatch.setattr(classroom.datasets, "write_recording_npz", lambda _data, path: path.write_bytes(b""))


def hand_in(folder, name):
    (folder / name).mkdir(parents=True)
    (folder / name / "work.py").write_text("x = 1\n", encoding="utf-8")
    return folder / name


def test_a_fault_of_ours_costs_one_submission_its_marks_and_no_other(tmp_path, monkeypatch, no_machinery):
    paths = [hand_in(tmp_path, name) for name in ("first", "second", "third")]
    inspect = classroom.Grader.inspect

    def fails_on_second(self, facts, run):
        if facts.name == "second" and run.problem is None:
            raise ZeroDivisionError("ours")
        return inspect(self, facts, run)

    monkeypatch.setattr(classroom.Grader, "inspect", fails_on_second)
    results = grade(paths, Options(load("dat405_a7"), tmp_path / "out", data="digits"), Silent())
    assert [result.submission.name for result in results] == ["first", "second", "third"]
    assert {check.cause for check in results[1].checks} == {Cause.HARNESS_FAULT}
    assert results[1].points is None and results[1].exit_code == 3
    assert "ZeroDivisionError: ours" in (tmp_path / "out" / "second" / "fault.txt").read_text(encoding="utf-8")
    for result in (results[0], results[2]):
        assert {check.outcome for check in result.checks} == {Outcome.NOT_ATTEMPTED}
        assert (tmp_path / "out" / result.submission.name / "scorecard.html").is_file()


def test_equal_names_are_kept_apart_and_other_files_passed_over(tmp_path, no_machinery):
    paths = [hand_in(tmp_path / "a", "group"), hand_in(tmp_path / "b", "group"), tmp_path / "README.md"]
    paths[2].write_text("notes", encoding="utf-8")
    results = grade(paths, Options(load("dat405_a7"), tmp_path / "out", data="digits"), Silent())
    assert [result.submission.name for result in results] == ["group", "group-2"]


def test_what_is_not_there_is_said_before_anything_runs(tmp_path, no_machinery):
    with pytest.raises(IntakeUsageError, match="nowhere"):
        grade([tmp_path / "nowhere"], Options(load("dat405_a7"), tmp_path / "out"), Silent())
