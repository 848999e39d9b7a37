"""A plan: every hand-in is looked at whatever dies, and the time is that of what takes the most."""

import contextlib
from collections import Counter
from types import SimpleNamespace

import pytest
from evidence import evidence, mlp
from typer.testing import CliRunner

from harness import cli, preflight, stages
from harness.assignment import load
from harness.classroom import Options
from harness.lanes import TRAINER, Here, WorkerLost
from harness.mapping import MappingError, read
from harness.preflight import plan, typical
from harness.progress import Silent
from harness.stages import Outline, Wanted

A7 = load("dat405_a7")


class Watched(Here):
    """One process, whose stages are counted by name, with the resource that they asked for."""

    def __init__(self):
        super().__init__(None)
        self.asked = []

    def submit(self, what, stage, *arguments, priority=0, resource=""):
        self.asked.append((what, resource))
        return super().submit(what, stage, *arguments, priority=priority, resource=resource)


@pytest.fixture
def world(monkeypatch):
    """Stages that measure nothing: what each hand-in wants, how fast it goes, and how often its process dies."""

    made = SimpleNamespace(wanted={}, rates={}, together={}, given={}, dies=Counter(), lanes=Watched())

    def look(_bench, hand_in):
        if made.dies[hand_in.name] > 0:
            made.dies[hand_in.name] -= 1
            raise WorkerLost("as asked")
        made.given[hand_in.name] = dict(hand_in.given)
        return hand_in.name

    def outline(_bench, name, whole):
        looked = evidence(A7, mlp())
        return Outline(tuple(made.wanted.get(name, ())), evidence=looked if whole else None, seconds=60.0)

    def rate(_bench, _seen, key, together):
        made.together[key] = together
        return made.rates.get(key)

    for name, stage in {"look": look, "outline": outline, "rate": rate}.items():
        monkeypatch.setattr(stages, name, stage)
    monkeypatch.setattr(preflight, "in_lanes", lambda *_: contextlib.nullcontext(made.lanes))
    return made


def planned(tmp_path, *names, progress=None, **more):
    for name in names:
        (tmp_path / name).mkdir(exist_ok=True)
        (tmp_path / name / "work.py").write_text("x = 1\n", encoding="utf-8")
    options = Options(A7, tmp_path, data="digits", device="cpu", **more)
    return plan([tmp_path / name for name in names], options, progress or Silent())


def dense(key, operations, **more):
    return Wanted(key, operations=operations, **more)


def test_equal_trainings_count_once_and_those_of_before_take_no_time(tmp_path, world):
    kept = dense("old", 9e12, kept=True)
    world.wanted = {"a": [dense("x", 36e9), kept], "b": [dense("x", 36e9), kept]}
    world.rates = {"x": 1e7}
    made = planned(tmp_path, "a", "b")
    assert (made.asked, made.distinct, made.kept) == (4, 2, 1)
    assert made.training_hours == pytest.approx(1.0)
    assert made.other_hours == pytest.approx(2 * 60 * preflight.STAGES_AFTER / 3600)
    assert made.hours == pytest.approx(made.training_hours + made.other_hours)


def test_the_rate_is_that_of_what_most_of_the_time_goes_into(tmp_path, world):
    small, large = [dense(f"s{n}", 1e9) for n in range(20)], [dense(f"l{n}", 1e12) for n in range(5)]
    conv = Wanted("c", convolutional=True, operations=1e12)
    world.wanted = {"a": small, "b": [*large, conv]}
    world.rates = {
        **dict.fromkeys((one.key for one in small), 1e6),
        **dict.fromkeys((one.key for one in large), 1e9),
    }
    world.rates["c"] = 2e9
    made = planned(tmp_path, "a", "b")
    assert made.rates == {"dense": 1e9, "convolutional": 2e9}
    assert made.training_hours == pytest.approx((5.02e12 / 1e9 + 1e12 / 2e9) / 3600)


def test_what_cannot_be_trained_is_passed_over_and_where_nothing_can_no_time_is_told(tmp_path, world):
    world.wanted = {"a": [dense("x", 1e9), dense("y", 9e9)]}
    world.rates = {"x": 1e6}
    assert planned(tmp_path, "a").rates == {"dense": 1e6}
    world.rates = {}
    assert planned(tmp_path, "a").hours is None


def test_the_middle_of_all_operations():
    several = [dense(str(n), float(n)) for n in (1, 2, 3, 10, 100)]
    assert list(typical(several)) == ["100", "10", "3"]
    assert list(typical([dense("a", 4.0), dense("b", 3.0), dense("c", 3.0)])) == ["c", "b"]
    assert list(typical([])) == []


def test_as_many_are_timed_together_as_are_trained_together(tmp_path, world):
    world.wanted = {"a": [dense(f"k{n}", 1e9, program="p") for n in range(3)], "b": [dense("alone", 1e10)]}
    world.rates = dict.fromkeys(("k0", "k1", "k2", "alone"), 1e6)
    planned(tmp_path, "a", "b")
    assert world.together == {"alone": 1}
    world.wanted["b"] = []
    planned(tmp_path, "a", "b")
    assert world.together["k1"] == 3
    assert ("rate", TRAINER) in world.lanes.asked


def test_one_whose_process_died_is_looked_at_again_and_one_that_dies_twice_is_told(tmp_path, world):
    class Noting(Silent):
        notes = ()

        def note(self, text):
            self.notes = (*self.notes, text)

    progress = Noting()
    world.dies.update(a=1, b=2)
    made = planned(tmp_path, "a", "b", "c", progress=progress)
    assert [bool(one.problem) for one in made.looks] == [False, True, False]
    assert "died 2 times" in made.looks[1].problem
    assert [note.partition(":")[0] for note in progress.notes] == ["a", "b"]


def test_where_the_process_that_measures_the_rate_dies_it_is_tried_again(tmp_path, world, monkeypatch):
    world.wanted = {"a": [dense("x", 1e9)]}
    world.rates = {"x": 1e6}
    outline = stages.outline

    def then_dies(*arguments):
        world.dies["a"] = 1
        return outline(*arguments)

    monkeypatch.setattr(stages, "outline", then_dies)
    assert planned(tmp_path, "a").rates == {"dense": 1e6}


def test_nothing_of_the_class_is_held_while_the_rates_are_measured(tmp_path, world, monkeypatch):
    world.wanted = {"a": [dense("x", 1e9)], "b": [dense("y", 1e9)]}
    held = []
    monkeypatch.setattr(stages, "rate", lambda *_: held.append(len(world.lanes._ended)) or 1e6)
    planned(tmp_path, "a", "b")
    assert held == [1], "what is measured now"


def test_matches_that_a_person_gave_are_followed(tmp_path, world):
    tasks = [rule.task for rule in A7.rules()]
    planned(tmp_path, "a", "b", overrides=read(["b:2C=fit-3"], None, tasks))
    assert world.given["a"] == {} and list(world.given["b"]) == ["2C"]
    with pytest.raises(MappingError, match="'z'"):
        planned(tmp_path, "a", overrides=read(["z:2C=fit-3"], None, tasks))


def test_the_command_takes_what_grading_takes(tmp_path, monkeypatch):
    seen = {}

    def remember(paths, options, progress):
        seen.update(overrides=options.overrides)
        return preflight.Plan((), 0, 0, 0, 1, 0.0, 0.0)

    monkeypatch.setattr(preflight, "plan", remember)
    monkeypatch.chdir(tmp_path)
    answer = CliRunner().invoke(cli.app, ["plan", "class.zip", "--map", "b:2C=fit-3"])
    assert answer.exit_code == 0, answer.output
    assert list(seen["overrides"].of("b")) == ["2C"]
