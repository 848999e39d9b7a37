"""What comes next in a class: equal trainings once, nothing finished again, what dies tried again and set aside."""

from __future__ import annotations

import pytest
from unit import class_world
from unit.class_world import A7, World, graded

from harness import coordinator, stages
from harness.bench import Folder
from harness.classroom import Options
from harness.coordinator import Class
from harness.journal import journal
from harness.lanes import TRAINER, Here
from harness.outputs import RESULT
from harness.progress import Silent
from harness.results import SubmissionFacts
from harness.stages import HandIn, Wanted


def test_a_class_is_graded_in_its_order(tmp_path, monkeypatch):
    world = World(monkeypatch, a=[Wanted("x"), Wanted("y")], b=[Wanted("x")], c=[Wanted("y"), Wanted("z")])
    results = graded(tmp_path, "a", "b", "c")
    assert set(world.did("train")) == {"x", "y", "z"}
    assert [one.submission.name for one in results] == ["a", "b", "c"]


def test_a_check_that_trains_nothing_finishes_what_was_looked_at(tmp_path, monkeypatch):
    world = World(monkeypatch, a=[Wanted("x"), Wanted("y", ("x",))])
    results = graded(tmp_path, "a", train=False)
    assert (world.did("train"), world.did("finish")) == ([], ["a"])
    assert [one.submission.name for one in results] == ["a"]
    graded(tmp_path, "a", resume=True)
    assert world.did("train") == ["x", "y"], "its result is not taken for one that was trained"


class Wide(Here):
    """Looks at everything first, as many workers do."""

    width = 8

    def submit(self, what, stage, *arguments, priority=0, resource=""):
        first = 100 if "look" in what or "outline" in what else 0
        return super().submit(what, stage, *arguments, priority=priority + first)


@pytest.fixture
def wide(monkeypatch):
    monkeypatch.setattr(class_world, "Here", Wide)


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


@pytest.mark.parametrize("first", ["parent", "child"])
def test_a_death_of_what_a_training_starts_from_is_not_its_own(tmp_path, monkeypatch, wide, first):
    """Both are lost at once, in either order, as dask tells it; then the training itself dies once."""
    world = World(monkeypatch, a=[Wanted("x"), Wanted("y", ("x",))])
    world.dies["train", "x"] = 1
    world.dies["train", "y"] = 1
    if first == "child":
        lost, told = Class._lost_training, []

        def child_first(self, batch, why):
            told.append((batch, why))
            if len(told) == 2:
                for each in reversed(told):
                    lost(self, *each)
            elif len(told) > 2:
                lost(self, batch, why)

        monkeypatch.setattr(Class, "_lost_training", child_first)
    graded(tmp_path, "a")
    assert world.did("given up") == []
    assert world.did("train") == ["x", "y"]


def test_where_what_it_starts_from_is_given_up_a_training_is_told_so_and_the_class_goes_on(tmp_path, monkeypatch):
    world = World(monkeypatch, a=[Wanted("x"), Wanted("y", ("x",))])
    world.dies["train", "x"] = 2
    graded(tmp_path, "a", "b")
    assert world.did("given up") == ["x"]
    assert world.did("train") == ["y"], "the stage tells it, by what it is given"
    assert sorted(world.did("finish")) == ["a", "b"]


def test_what_trains_goes_to_a_worker_that_may_train(tmp_path, monkeypatch):
    World(monkeypatch, a=[Wanted("x")])
    asked = {}

    class Watched(Here):
        def submit(self, what, stage, *arguments, priority=0, resource=""):
            asked[what.rpartition(" ")[2] if "training" not in what else "training"] = resource
            return super().submit(what, stage, *arguments, priority=priority, resource=resource)

    monkeypatch.setattr(class_world, "Here", Watched)
    graded(tmp_path, "a")
    assert asked == {"look": "", "outline": "", "training": TRAINER, "finish": TRAINER}


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
