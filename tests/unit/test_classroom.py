"""A class goes on whatever one submission does to us."""

import csv
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from evidence import evidence, mlp

from harness import bench, classroom, datasets, stages
from harness.assignment import load
from harness.classroom import Options, Silent, grade
from harness.downloads import saved
from harness.intake import IntakeUsageError
from harness.mapping import MappingError, read
from harness.matching import match
from harness.report import render_scorecard
from harness.results import Cause, Outcome
from harness.results import load as load_result


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
    monkeypatch.setattr(bench, "sandbox_for", lambda _isolation: NoSandbox())
    for module in (bench, classroom):
        monkeypatch.setattr(module, "load_dataset", lambda _name, _own: data)
    monkeypatch.setattr(bench, "TrainerProcess", NoTrainer)
    monkeypatch.setattr(bench, "write_recording_npz", lambda _data, path: path.write_bytes(b""))


def hand_in(folder, name):
    (folder / name).mkdir(parents=True)
    (folder / name / "work.py").write_text("x = 1\n", encoding="utf-8")
    return folder / name


def test_a_fault_of_ours_costs_one_submission_its_marks_and_no_other(tmp_path, monkeypatch, no_machinery):
    paths = [hand_in(tmp_path, name) for name in ("first", "second", "third")]
    inspect = stages.Grader.inspect

    def fails_on_second(self, facts, run):
        if facts.name == "second" and run.problem is None:
            raise ZeroDivisionError("ours")
        return inspect(self, facts, run)

    monkeypatch.setattr(stages.Grader, "inspect", fails_on_second)
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


def test_a_students_scorecard_is_the_one_that_the_course_sees(tmp_path, monkeypatch, no_machinery):
    """The same page, of the same result, for whoever asks: all of a student's options against those of a class."""
    trained_nothing(monkeypatch, mlp(0.9))
    path = hand_in(tmp_path, "group")
    theirs = {"isolation": "preferred", "structure_first": True, "one_is_a_class": False}
    pages = []
    for out, more in (("course", {}), ("student", theirs)):
        options = Options(load("dat405_a7"), tmp_path / out, data="digits", profile="quick", **more)
        grade([path], options, Silent())
        result = load_result(tmp_path / out / "group" / "result.json")
        assert result.models, "there is something on the page"
        told = {name: value for name, value in result.provenance.items() if name != "time"}
        pages.append(render_scorecard(result.model_copy(update={"timing": {}, "provenance": told})))
    assert pages[0] == pages[1]


# --- matches


class Noting(Silent):
    def __init__(self):
        self.notes = []

    def note(self, text):
        self.notes.append(text)


def trained_nothing(monkeypatch, *networks):
    """Every hand-in has these networks; nothing is trained."""
    made = evidence(load("dat405_a7"), *networks)

    def inspect(self, facts, run, given=None):
        found = match(self.assignment.rules(), networks, given).by_task
        return made.model_copy(update={"submission": facts, "matches": found})

    monkeypatch.setattr(stages.Grader, "inspect", inspect)
    monkeypatch.setattr(stages.Grader, "train", lambda _self, made, *_more: made)


def graded(tmp_path, *maps, names=("a",), progress=None):
    assignment = load("dat405_a7")
    overrides = read(maps, None, [rule.task for rule in assignment.rules()])
    options = Options(assignment, tmp_path / "out", data="digits", overrides=overrides)
    paths = [tmp_path / name if (tmp_path / name).exists() else hand_in(tmp_path, name) for name in names]
    return grade(paths, options, progress or Silent())


def matches(tmp_path):
    with (tmp_path / "out" / "matches.csv").open(encoding="utf-8", newline="") as file:
        return {(row["submission"], row["task"]): row for row in csv.DictReader(file)}


TWO_ALIKE = (mlp(id="fit-1"), mlp(id="fit-2"))


def test_a_class_goes_through_its_table_and_gives_it_back(tmp_path, monkeypatch, no_machinery):
    trained_nothing(monkeypatch, *TWO_ALIKE)
    graded(tmp_path, names=("a", "b"))
    first = matches(tmp_path)
    assert (first["a", "2C"]["fits"], first["a", "2C"]["sure"]) == ("fit-2", "no")
    assert "2 matches are unsure" in (tmp_path / "out" / "index.html").read_text(encoding="utf-8")

    table = tmp_path / "matches.csv"
    text = (tmp_path / "out" / "matches.csv").read_text(encoding="utf-8")
    place = first["a", "2C"]["places"]
    table.write_text(text.replace(f'a,2C,fit-2,"{place}",no', f'a,2C,fit-1,"{place}",yes'), encoding="utf-8")
    results = graded(tmp_path, str(table), names=("a", "b"))
    second = matches(tmp_path)
    assert (second["a", "2C"]["fits"], second["a", "2C"]["sure"]) == ("fit-1", "yes")
    assert second["b", "2C"]["sure"] == "no"
    assert "1 match is unsure" in (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    (task,) = [task for task in results[0].tasks if task.id == "2C"]
    assert any("As set by the course" in reason for reason in task.matched)
    assert results[0].provenance["matches_given"]["2C"] == "fit-1"
    assert results[1].provenance["matches_given"].get("2C") is None


def test_a_fit_that_is_not_there_is_said_and_the_rules_decide(tmp_path, monkeypatch, no_machinery):
    trained_nothing(monkeypatch, mlp(id="fit-1"))
    progress = Noting()
    graded(tmp_path, "2C=fit-7", progress=progress)
    assert progress.notes == [
        "a, task 2C: not matched as given, because there is no fit 'fit-7'; there are: fit-1 in assignment.ipynb, "
        "cell 4, line 3."
    ]
    assert matches(tmp_path)["a", "2C"]["fits"] == "fit-1"


def test_a_hand_in_that_is_not_there_is_said_before_anything_runs(tmp_path, monkeypatch, no_machinery):
    with pytest.raises(MappingError, match="'c', and it is not among those that are graded: a, b"):
        graded(tmp_path, "c:2C=fit-1", names=("a", "b"))


def test_a_table_may_hold_more_than_is_graded_now(tmp_path, monkeypatch, no_machinery):
    (tmp_path / "m.csv").write_text("submission,task,fits,sure\nz,2C,fit-1,yes\n", encoding="utf-8")
    progress = Noting()
    graded(tmp_path, str(tmp_path / "m.csv"), progress=progress)
    assert progress.notes == ["Matches are given for hand-ins that are not graded now, and passed over: z."]


# --- many at once


def test_each_is_finished_before_the_next_begins(tmp_path, no_machinery):
    """In one process: the arrays of a recording can be large."""

    class Watching(Silent):
        def __init__(self):
            self.seen = []

        def stage(self, submission, stage, detail=""):
            self.seen.append((submission, stage))

        def done(self, result):
            self.seen.append((result.submission.name, "done"))

    progress = Watching()
    graded(tmp_path, names=("a", "b"), progress=progress)
    seen = [one for one in progress.seen if one[1] in ("record", "done")]
    assert seen == [("a", "record"), ("a", "done"), ("b", "record"), ("b", "done")]


def test_without_a_cache_runs_are_kept_for_the_class_and_no_longer(tmp_path, monkeypatch, no_machinery):
    seen = []

    class Watched(stages.Grader):
        def inspect(self, *arguments):
            seen.append(self.cache.store.folder)
            return super().inspect(*arguments)

    monkeypatch.setattr(stages, "Grader", Watched)
    graded(tmp_path)
    (folder,) = seen
    assert not folder.exists()


# --- a whole class as one download


def canvas_zip(folder):
    path = folder / "submissions.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("andersonmaya_4101_88001_work.py", "x = 1\n")
        archive.writestr("bergnils_LATE_4102_88002_work.py", "x = 2\n")
        archive.writestr("cederlisa_4103_link.html", '<a href="https://example.org/notebook">here</a>')
    return path


def test_what_canvas_gives_is_a_class(tmp_path, no_machinery):
    path = canvas_zip(tmp_path)
    results = grade([path], Options(load("dat405_a7"), tmp_path / "out", data="digits"), Silent())
    assert [one.submission.name for one in results] == ["andersonmaya_4101", "bergnils_4102", "cederlisa_4103"]
    assert {check.cause for check in results[2].checks} == {Cause.REFUSED}
    assert "https://example.org/notebook" in results[2].problem
    listed = saved(tmp_path / "out").by_name()
    assert (listed["bergnils_4102"].late, listed["bergnils_4102"].user) == (True, "4102")


def test_a_folder_is_a_class_where_it_is_said_to_be_one(tmp_path, no_machinery):
    folder = tmp_path / "handed_in"
    for name in ("group1", "group2"):
        hand_in(folder, name)
    options = Options(load("dat405_a7"), tmp_path / "out", data="digits")
    (alone,) = grade([folder], options, Silent())
    assert alone.submission.name == "handed_in"
    several = grade([folder], replace(options, one_is_a_class=True), Silent())
    assert [one.submission.name for one in several] == ["group1", "group2"]


def test_a_student_s_own_archive_is_one_hand_in_whatever_its_files_are_called(tmp_path, no_machinery):
    options = Options(load("dat405_a7"), tmp_path / "out", data="digits", one_is_a_class=False)
    (result,) = grade([canvas_zip(tmp_path)], options, Silent())
    assert result.submission.name == "submissions"
