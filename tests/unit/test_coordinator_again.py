"""A class that goes on where an earlier run was: what is finished, what was cut off, what persons decided."""

from __future__ import annotations

import errno
import shutil

import pytest
from unit.class_world import World, graded

from harness import outputs, stages
from harness.bench import Folder
from harness.coordinator import Class
from harness.dryrun import DryRun
from harness.journal import JOURNAL, journal, open_names, read
from harness.marking import deciding
from harness.marking.store import MARKS, MarksError, MarkStore
from harness.outputs import RESULT
from harness.progress import Silent
from harness.results import Cause, SubmissionFacts
from harness.results import load as load_result
from harness.stages import HandIn, Wanted

# --- going on


def test_what_is_finished_is_not_done_again(tmp_path, monkeypatch):
    world = World(monkeypatch, a=[Wanted("x")])
    first = graded(tmp_path, "a", "b")
    world.done.clear()
    again = graded(tmp_path, "a", "b", "c", resume=True)
    assert world.did("look") == ["c"]
    assert [one.submission.name for one in again] == ["a", "b", "c"]
    assert again[0].points == first[0].points


def test_without_being_told_to_go_on_it_begins_anew(tmp_path, monkeypatch):
    world = World(monkeypatch)
    graded(tmp_path, "a")
    world.done.clear()
    graded(tmp_path, "a")
    assert world.did("look") == ["a"]


@pytest.mark.parametrize("change", ["work", "options", "result", "evidence"])
def test_what_has_changed_is_done_again(tmp_path, monkeypatch, change):
    world = World(monkeypatch)
    graded(tmp_path, "a")
    world.done.clear()
    hands, options = [HandIn(SubmissionFacts(name="a", sha256="a" * 8), Folder(tmp_path))], {}
    if change == "work":
        hands = [HandIn(SubmissionFacts(name="a", sha256="other"), Folder(tmp_path))]
    elif change == "options":
        options = {"profile": "full"}
    else:
        (tmp_path / "a" / f"{change}.json").write_bytes(b"{")
    graded(tmp_path, hands=hands, resume=True, **options)
    assert world.did("look") == ["a"]


def test_what_is_refused_for_another_reason_is_told_anew(tmp_path, monkeypatch):
    world = World(monkeypatch)
    for why in ("only a link", "too large"):
        refused = DryRun(problem=why, cause=Cause.REFUSED)
        hands = [HandIn(SubmissionFacts(name="a", sha256=""), Folder(tmp_path), refused=refused)]
        graded(tmp_path, hands=hands, resume=True)
    assert world.did("look") == ["a", "a"]


def test_a_run_that_was_cut_off_goes_on_where_it_was(tmp_path, monkeypatch):
    world = World(monkeypatch, b=[Wanted("x")])

    class Stopped(Exception):
        pass

    with monkeypatch.context() as patch:
        finish = Class._finished
        seen = []

        def second_stops(self, one, finished):
            seen.append(one)
            if len(seen) == 2:
                raise Stopped
            finish(self, one, finished)

        patch.setattr(Class, "_finished", second_stops)
        with pytest.raises(Stopped):
            graded(tmp_path, "a", "b", "c")
    world.done.clear()
    results = graded(tmp_path, "a", "b", "c", resume=True)
    assert world.did("look") == ["b", "c"]
    assert [one.submission.name for one in results] == ["a", "b", "c"]


def test_a_run_after_one_that_was_cut_off_says_how_to_go_on(tmp_path, monkeypatch):
    class Noting(Silent):
        notes = ()

        def note(self, text):
            self.notes = (*self.notes, text)

    World(monkeypatch)
    with journal(tmp_path) as kept:
        kept.add("began")
    progress = Noting()
    graded(tmp_path, "a", progress=progress)
    assert "--resume" in progress.notes[0]


def test_what_was_to_be_graded_and_is_not_is_known(tmp_path, monkeypatch):
    """Then an earlier result of it counts no more, until a run has gone on to its end."""
    world = World(monkeypatch)
    graded(tmp_path, "a", "b")
    assert open_names(read(tmp_path / JOURNAL)) == set()

    def full(_path, _data):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(outputs, "write_atomically", full)
        with pytest.raises(OSError, match="No space"):
            graded(tmp_path, "a", "b", profile="full")
    assert open_names(read(tmp_path / JOURNAL)) == {"a", "b"}
    world.done.clear()
    graded(tmp_path, "a", "b", resume=True)
    assert world.did("look") == [], "the earlier results are what this run asks for"
    assert open_names(read(tmp_path / JOURNAL)) == set()


# --- a disk that is full, a journal that was cut


@pytest.mark.parametrize("fails_at", range(1, 10))
def test_wherever_the_disk_is_full_the_next_run_goes_on(tmp_path, monkeypatch, fails_at):
    world = World(monkeypatch, a=[Wanted("x")], b=[Wanted("x")])
    whole = graded(tmp_path / "whole", "a", "b")
    world.done.clear()
    left = [fails_at]
    write = outputs.write_atomically

    def full(path, data):
        left[0] -= 1
        if left[0] == 0:
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        write(path, data)

    monkeypatch.setattr(outputs, "write_atomically", full)
    try:
        results = graded(tmp_path / "out", "a", "b")
    except OSError as error:
        assert error.errno == errno.ENOSPC
        finished = {one.name for one in read(tmp_path / "out" / JOURNAL) if one.event == "finished"}
        world.done.clear()
        results = graded(tmp_path / "out", "a", "b", resume=True)
        assert set(world.did("finish")) == {"a", "b"} - finished
    else:
        assert left[0] > 0, "so many files are not written"
    assert [one.points for one in results] == [one.points for one in whole]


def test_whatever_is_left_of_the_journal_the_next_run_ends_like_an_undisturbed_one(tmp_path, monkeypatch):
    world = World(monkeypatch, a=[Wanted("x")], b=[Wanted("x")])
    whole = graded(tmp_path / "whole", "a", "b")
    lines = (tmp_path / "whole" / JOURNAL).read_bytes()
    for cut in range(0, len(lines), 61):
        out = tmp_path / f"cut-{cut}"
        shutil.copytree(tmp_path / "whole", out)
        (out / JOURNAL).write_bytes(lines[:cut])
        world.done.clear()
        results = graded(out, "a", "b", resume=True)
        assert [one.points for one in results] == [one.points for one in whole]
        known = {one.name for one in read(tmp_path / f"cut-{cut}" / JOURNAL) if one.event == "finished"}
        assert known == {"a", "b"}


# --- what persons decided


def marked(out, name, points):
    store, result = MarkStore.of(out), load_result(out / name / RESULT)
    draft = deciding.mark(result, "3B", points, "Read.", "Ada")
    last = store.last(draft.key)
    store.add(draft, after=last and last.id)


@pytest.mark.parametrize("resume", [False, True])
def test_grading_again_keeps_what_persons_decided(tmp_path, monkeypatch, resume):
    World(monkeypatch)
    graded(tmp_path, "a", "b")
    marked(tmp_path, "a", 0.5)
    first, second = graded(tmp_path, "a", "b", resume=resume)
    parts = {task.id: task.manual for task in first.tasks}
    assert (parts["3B"].points, parts["3B"].mark.by) == (0.5, "Ada")
    assert load_result(tmp_path / "a" / RESULT) == first
    assert {task.id: task.manual for task in second.tasks}["3B"].points is None
    assert "Read." in (tmp_path / "a" / "scorecard.html").read_text(encoding="utf-8")


def test_another_version_of_a_hand_in_has_its_marks_confirmed(tmp_path, monkeypatch):
    World(monkeypatch)
    graded(tmp_path, "a")
    marked(tmp_path, "a", 0.5)
    (result,) = graded(tmp_path, hands=[HandIn(SubmissionFacts(name="a", sha256="other"), Folder(tmp_path))])
    part = {task.id: task.manual for task in result.tasks}["3B"]
    assert (part.points, part.mark.points, part.mark.holds) == (None, 0.5, False)


def test_what_is_decided_while_a_class_is_graded_is_in_its_files_at_the_end(tmp_path, monkeypatch):
    world = World(monkeypatch)
    finish = world.finish

    def finish_while_somebody_marks(bench, hand_in, *rest):
        if hand_in.name == "b":
            marked(tmp_path, "a", 0.25)
        return finish(bench, hand_in, *rest)

    monkeypatch.setattr(stages, "finish", finish_while_somebody_marks)
    first, _ = graded(tmp_path, "a", "b")
    assert {task.id: task.manual for task in first.tasks}["3B"].points == 0.25
    assert load_result(tmp_path / "a" / RESULT) == first


def test_a_file_of_marks_that_cannot_be_read_is_said_before_anything_is_graded(tmp_path, monkeypatch):
    world = World(monkeypatch)
    (tmp_path / MARKS).write_bytes(b"x" * 4_000)
    with pytest.raises(MarksError):
        graded(tmp_path, "a")
    assert world.done == []
