"""What comes next in a class: equal trainings once, nothing finished again, what dies tried again and set aside."""

import errno
import shutil
from collections import Counter

import pytest
from evidence import evidence, mlp

from harness import coordinator, outputs, stages
from harness.assignment import load
from harness.bench import Folder
from harness.classroom import Options
from harness.coordinator import Class
from harness.dryrun import DryRun
from harness.journal import JOURNAL, journal, read
from harness.lanes import Here, WorkerLost
from harness.marking import deciding
from harness.marking.store import MARKS, MarksError, MarkStore
from harness.outputs import RESULT, judge
from harness.progress import Silent
from harness.results import Cause, SubmissionFacts
from harness.results import load as load_result
from harness.stages import Finished, HandIn, Outline, Wanted

A7 = load("dat405_a7")


class World:
    """Stages that do nothing but remember, and a machine that dies when it is told to."""

    def __init__(self, monkeypatch, **wanted):
        self.wanted = wanted
        """Of each hand-in, the trainings that it needs."""
        self.done = []
        self.dies = Counter()
        for name in ("look", "outline", "train", "given_up", "finish", "set_aside"):
            monkeypatch.setattr(stages, name, getattr(self, name))

    def _maybe(self, stage, what):
        if self.dies[stage, what] > 0:
            self.dies[stage, what] -= 1
            raise WorkerLost("as asked")
        self.done.append((stage, what))

    def look(self, _bench, hand_in):
        self._maybe("look", hand_in.name)
        return hand_in

    def outline(self, _bench, hand_in, _whole):
        return Outline(tuple(self.wanted.get(hand_in.name, ())))

    def train(self, _bench, wanted, before):
        given = {key for one in before for key in one}
        keys = [key for _, key in wanted]
        for one in (one for wants in self.wanted.values() for one in wants if one.key in keys):
            assert set(one.before) <= given, "what it starts from is there"
        self._maybe("train", "+".join(keys))
        return dict.fromkeys(keys)

    def given_up(self, _bench, keys, why):
        assert why
        self.done.append(("given up", "+".join(keys)))
        return dict.fromkeys(keys)

    def finish(self, _bench, hand_in, runs, others, _about):
        given = {key for run in runs for key in run}
        assert given >= {one.key for one in self.wanted.get(hand_in.name, ())}
        self._maybe("finish", hand_in.name)
        self.others = {**getattr(self, "others", {}), hand_in.name: set(others)}
        return self._finished(hand_in)

    def set_aside(self, _bench, hand_in, why, _about):
        assert "set aside" in why
        self.done.append(("set aside", hand_in.name))
        return self._finished(hand_in)

    def _finished(self, hand_in):
        made = judge(A7, evidence(A7, mlp()).model_copy(update={"submission": hand_in.facts}))
        return Finished(made, {RESULT: made.model_dump_json().encode(), "evidence.json": EVIDENCE}, ())

    def did(self, stage):
        return [what for name, what in self.done if name == stage]


EVIDENCE = evidence(A7, mlp()).model_dump_json().encode()


def graded(out, *names, progress=None, hands=None, **options):
    out.mkdir(exist_ok=True)
    hand_ins = hands or [HandIn(SubmissionFacts(name=name, sha256=name * 8), Folder(out)) for name in names]
    with journal(out) as kept:
        asked = Options(A7, out, data="digits", device="cpu", **options)
        return Class(hand_ins, asked, "0" * 64, Here(None), kept, progress or Silent()).graded()


def test_a_class_is_graded_in_its_order(tmp_path, monkeypatch):
    world = World(monkeypatch, a=[Wanted("x"), Wanted("y")], b=[Wanted("x")], c=[Wanted("y"), Wanted("z")])
    results = graded(tmp_path, "a", "b", "c")
    assert set(world.did("train")) == {"x", "y", "z"}
    assert [one.submission.name for one in results] == ["a", "b", "c"]


class Wide(Here):
    """Looks at everything first, as many workers do."""

    width = 8

    def submit(self, what, stage, *arguments, priority=0, resource=""):
        first = 100 if "look" in what or "outline" in what else 0
        return super().submit(what, stage, *arguments, priority=priority + first)


@pytest.fixture
def wide(monkeypatch):
    monkeypatch.setattr(__import__(__name__), "Here", Wide, raising=False)
    monkeypatch.setitem(globals(), "Here", Wide)


def test_a_training_that_several_wait_for_is_done_once_and_told_to_whom_it_belongs(tmp_path, monkeypatch, wide):
    world = World(monkeypatch, a=[Wanted("x"), Wanted("y")], b=[Wanted("x")], c=[Wanted("y"), Wanted("z")])
    graded(tmp_path, "a", "b", "c")
    assert sorted(world.did("train")) == ["x", "y", "z"]
    assert world.others == {"a": set(), "b": {"x"}, "c": {"y"}}


def test_what_a_training_starts_from_is_trained_before_it(tmp_path, monkeypatch, wide):
    world = World(monkeypatch, a=[Wanted("x"), Wanted("y", ("x",))], b=[Wanted("x"), Wanted("y", ("x",))])
    graded(tmp_path, "a", "b")
    assert world.did("train") == ["x", "y"]


def test_on_a_gpu_trainings_wait_until_all_were_looked_at_and_go_together(tmp_path, monkeypatch):
    monkeypatch.setattr(Class, "_on_gpu", True)
    world = World(monkeypatch, a=[Wanted("x", program="p"), Wanted("u")], b=[Wanted("y", program="p")])
    with journal(tmp_path) as kept:
        hands = [HandIn(SubmissionFacts(name=name, sha256=name), Folder(tmp_path)) for name in "ab"]
        Class(hands, Options(A7, tmp_path, device="auto"), "0" * 64, Here(None), kept, Silent()).graded()
    assert sorted(world.did("train")) == ["u", "x+y"]


@pytest.mark.parametrize(("stage", "times"), [("look", 1), ("look", 2), ("finish", 1), ("finish", 2)])
def test_on_a_gpu_a_death_holds_nobody_up(tmp_path, monkeypatch, stage, times):
    monkeypatch.setattr(Class, "_on_gpu", True)
    world = World(monkeypatch, a=[Wanted("x", program="p")], b=[Wanted("y", program="p")])
    world.dies[stage, "a"] = times
    assert [one.submission.name for one in graded(tmp_path, "a", "b")] == ["a", "b"]
    assert world.did("set aside") == (["a"] if times == 2 else [])


def test_on_a_gpu_all_are_looked_at_before_the_first_is_trained(tmp_path, monkeypatch):
    monkeypatch.setattr(Class, "_on_gpu", True)
    world = World(monkeypatch, a=[Wanted("x")], b=[Wanted("y")])
    graded(tmp_path, "a", "b")
    assert max(world.done.index(("look", name)) for name in "ab") < min(
        number for number, (stage, _) in enumerate(world.done) if stage == "train"
    )


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


# --- machines that die


@pytest.mark.parametrize("stage", ["look", "finish"])
def test_a_submission_whose_process_died_is_tried_again(tmp_path, monkeypatch, stage):
    world = World(monkeypatch, a=[Wanted("x")])
    world.dies[stage, "a"] = 1
    results = graded(tmp_path, "a", "b")
    assert world.did("finish") == ["a", "b"] or world.did("finish") == ["b", "a"]
    assert world.did("set aside") == []
    assert len(results) == 2


@pytest.mark.parametrize("stage", ["look", "finish"])
def test_one_whose_process_died_twice_is_set_aside_and_the_others_go_on(tmp_path, monkeypatch, stage):
    world = World(monkeypatch, a=[Wanted("x")])
    world.dies[stage, "a"] = 2
    graded(tmp_path, "a", "b")
    assert world.did("set aside") == ["a"]
    assert world.did("finish") == ["b"]
    with journal(tmp_path) as kept:
        assert sum(line.event == "lost" for line in kept.before) == 2


def test_deaths_are_counted_across_runs(tmp_path, monkeypatch):
    world = World(monkeypatch)
    world.dies["look", "a"] = 2
    graded(tmp_path, "a")
    world.done.clear()
    (tmp_path / "a" / RESULT).unlink()
    graded(tmp_path, "a", resume=True)
    assert world.done == [("set aside", "a")]
    world.done.clear()
    graded(tmp_path, "a")
    assert world.did("finish") == ["a"], "a run that begins anew tries again"


def test_a_training_whose_process_died_is_tried_once_more_and_then_given_up(tmp_path, monkeypatch):
    world = World(monkeypatch, a=[Wanted("x")], b=[Wanted("y")])
    world.dies["train", "x"] = 1
    graded(tmp_path / "once", "a", "b")
    assert sorted(world.did("train")) == ["x", "y"]
    world.done.clear()
    world.dies["train", "x"] = 2
    graded(tmp_path / "twice", "a", "b")
    assert world.did("given up") == ["x"]
    assert sorted(world.did("finish")) == ["a", "b"]


def test_a_training_outlives_the_submission_that_asked_for_it_first(tmp_path, monkeypatch, wide):
    """`a` dies twice at its end and is set aside; what `b` waits for too is tried again all the same."""
    world = World(monkeypatch, a=[Wanted("x"), Wanted("y")], b=[Wanted("x"), Wanted("z")])
    world.dies["finish", "a"] = 2
    world.dies["train", "x"] = 1
    world.dies["train", "z"] = 1
    graded(tmp_path, "a", "b")
    assert world.did("set aside") == ["a"]
    assert world.did("finish") == ["b"]
    assert world.did("given up") == []


def test_what_is_no_death_is_raised(tmp_path, monkeypatch):
    World(monkeypatch)
    monkeypatch.setattr(stages, "look", lambda *_: {}["ours"])
    with pytest.raises(KeyError):
        graded(tmp_path, "a")


def test_all_that_was_held_is_let_go(tmp_path, monkeypatch):
    World(monkeypatch, a=[Wanted("x"), Wanted("y", ("x",))], b=[Wanted("x")])
    lanes = Here(None)
    with journal(tmp_path) as kept:
        hands = [HandIn(SubmissionFacts(name=name, sha256=name), Folder(tmp_path)) for name in "ab"]
        Class(hands, Options(A7, tmp_path, device="cpu"), "0" * 64, lanes, kept, Silent()).graded()
    assert lanes._ended == {}
    assert coordinator.TRIES == 2


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
