"""A limit counts a hand-in's own time: not what it waited for on a machine that has other work."""

import time

import pytest

from harness.worker import own_time
from harness.worker.execute import Hooks, Runner
from harness.worker.own_time import OwnClock, StatementTimeout, countdown, limited, time_limit
from harness.worker.run_delay import PATIENCE


class Wall:
    """A clock on the wall that moves when it is told to."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def machine(tmp_path):
    """A clock on the wall, the own clock by it, and what the system counts of a thread: seconds that it waited."""
    wall = Wall()

    def waited(thread, seconds):
        folder = tmp_path / thread
        folder.mkdir(exist_ok=True)
        (folder / "schedstat").write_text(f"123456 {int(seconds * 1e9)} 7\n", encoding="ascii")

    waited("1", 5)
    return wall, OwnClock(tmp_path, wall), waited


def passed(own, wall, seconds):
    before = own.now()
    wall.now += seconds
    return round(own.now() - before, 6)


def test_what_a_thread_waited_for_a_processor_does_not_count(machine):
    wall, own, waited = machine
    assert passed(own, wall, 10) == 10
    waited("1", 5 + 7)
    assert passed(own, wall, 10) == 3
    assert passed(own, wall, 10) == 10  # it was counted once


def test_the_thread_that_waited_longest_counts(machine):
    wall, own, waited = machine
    waited("1", 5 + 1)
    waited("2", 4)  # it began after the last look
    assert passed(own, wall, 10) == 6


def test_nobody_waits_longer_than_time_goes_by(machine):
    wall, own, waited = machine
    waited("1", 5 + 60)
    assert passed(own, wall, 10) == 0
    assert passed(own, wall, 10) == 10


@pytest.mark.parametrize("text", ["", "1 2", "one two three", "1"])
def test_a_count_that_cannot_be_read_is_none(tmp_path, text):
    (tmp_path / "1").mkdir()
    (tmp_path / "1" / "schedstat").write_text(text, encoding="ascii")
    wall = Wall()
    assert passed(OwnClock(tmp_path, wall), wall, 10) == 10
    assert passed(OwnClock(tmp_path / "missing", wall), wall, 10) == 10


def test_between_two_looks_nothing_is_read(machine, monkeypatch):
    wall, own, _ = machine
    monkeypatch.setattr(own_time, "delays", lambda tasks: pytest.fail("read again"))
    assert passed(own, wall, 0.1) == 0.1


def forever():
    """Twenty seconds, so that a limit that fails ends."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        pass


def test_a_body_that_has_time_left_when_the_alarm_comes_goes_on():
    """As it has where it waited for a processor."""
    asked = []

    def left():
        asked.append(None)
        return 0.01 if len(asked) == 1 else 60.0

    with limited(left):
        while len(asked) < 2:  # the alarm came
            pass
    assert len(asked) == 2


def test_a_countdown_goes_by_the_clock_that_it_is_given():
    wall = Wall()
    left = countdown(3.0, wall)
    wall.now += 2
    assert round(left(), 6) == 1
    wall.now += 2
    assert left() < 0


def test_however_busy_the_machine_is_there_is_an_end():
    with pytest.raises(StatementTimeout), time_limit(0.1 / PATIENCE, Wall()):
        forever()


def test_a_run_without_time_ends_a_statement_that_has_some():
    wall, ends = Wall(), time.monotonic() + 0.05
    runner = Runner(nothing, 60.0, Hooks(clock=wall, left=lambda: ends - time.monotonic()))
    with pytest.raises(StatementTimeout), runner.limited(60.0):
        forever()


def test_a_runner_goes_by_the_clock_that_it_is_given():
    asked = []

    def clock():
        asked.append(None)
        return 0.0

    with Runner(nothing, 0.2, Hooks(clock=clock)).limited(0.2):
        before = len(asked)
        while len(asked) == before:  # until the alarm comes, and finds that no time has passed
            pass


def nothing(name):
    raise KeyError(name)
