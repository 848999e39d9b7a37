"""What a busy machine costs a process is not counted against it; what its own threads take from each other is."""

import os
import subprocess
import sys

import pytest

from harness.worker.run_delay import PATIENCE, Deadline, waited

TICKS = 100


@pytest.fixture
def proc(tmp_path, monkeypatch):
    """A stand-in for /proc: what is counted of a process, seconds that it ran and that its threads waited."""
    monkeypatch.setattr(os, "sysconf", {"SC_CLK_TCK": TICKS}.get, raising=False)

    def told(process, ran, *delays):
        folder = tmp_path / str(process)
        (folder / "task").mkdir(parents=True)
        ticks = [0] * 10 + [int(part * TICKS) for part in ran] + [0] * 20
        text = f"{process} (a name) with) R {' '.join(map(str, ticks))}"
        (folder / "stat").write_text(text, encoding="ascii")
        for number, delay in enumerate(delays):
            thread = folder / "task" / str(number)
            thread.mkdir()
            (thread / "schedstat").write_text(f"99 {int(delay * 1e9)} 7\n", encoding="ascii")

    told.folder = tmp_path
    return told


def test_what_a_thread_waited_is_waited(proc):
    proc(1, (30, 5, 0, 0), 40)
    assert waited([1], 100, proc.folder) == 40


def test_of_several_threads_and_processes_the_one_that_waited_longest_counts(proc):
    proc(1, (10, 0, 0, 0), 20, 30)
    proc(2, (10, 0, 0, 0), 25)
    assert waited([1, 2], 100, proc.folder) == 30


def test_what_threads_take_from_each_other_does_not_count(proc):
    """Four that are always busy, on two processors that have nothing else to do: each waits half of the time."""
    proc(1, (200, 0, 0, 0), 50, 50, 50, 50)
    assert waited([1], 100, proc.folder) == 0


def test_children_that_ended_ran_too(proc):
    proc(1, (10, 20, 30, 25), 50)
    assert waited([1], 100, proc.folder) == 15


@pytest.mark.parametrize("text", ["", "1 2", "one two three"])
def test_where_nothing_is_told_nothing_was_waited(tmp_path, text):
    thread = tmp_path / "1" / "task" / "1"
    thread.mkdir(parents=True)
    (thread / "schedstat").write_text(text.replace("2", ""), encoding="ascii")
    (tmp_path / "1" / "stat").write_text(text, encoding="ascii")
    assert waited([1, 2], 100, tmp_path) == 0
    assert waited([], 100, tmp_path) == 0


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="Linux counts it")
def test_two_that_share_a_processor_wait_for_each_other():
    source = (
        "import os, time\n"
        "os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n"
        "print(flush=True); input()\n"
        "while time.process_time() < 0.3: pass\n"
        "print(flush=True); input()\n"
    )
    command = [sys.executable, "-I", "-c", source]
    both = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(2)]
    try:
        for one in both:
            one.stdout.readline()
        for one in both:
            one.stdin.write(b"\n")
            one.stdin.flush()
        for one in both:
            one.stdout.readline()
        longest = max(waited([one.pid], 1000.0) for one in both)
        assert longest > 0.01
        assert waited([one.pid for one in both], 0.4) == 0  # they ran for 0.6 seconds
    finally:
        for one in both:
            one.kill()
            one.communicate()


class Told:
    """A clock that shows what it is told, and an account of how often it was asked what was waited."""

    def __init__(self, waited=0.0):
        self.now, self.waited, self.asked = 100.0, waited, []
        self.deadline = Deadline(100.0, 10.0, self.so_far, lambda: self.now)

    def so_far(self, seconds):
        self.asked.append(seconds)
        return self.waited

    def left_at(self, now):
        self.now = now
        return self.deadline.left()


def test_before_the_end_nobody_is_asked():
    told = Told()
    assert told.left_at(109.0) == 1
    assert told.asked == []


def test_an_end_moves_off_by_what_was_waited():
    told = Told(waited=4.0)
    assert told.left_at(111.0) == 3
    assert told.asked == [11.0]
    told.waited = 4.5
    assert told.left_at(114.0) == 0.5
    assert told.left_at(114.5) == 0


def test_an_end_that_nothing_moves_is_the_end():
    assert Told().left_at(110.0) == 0
    assert Told().left_at(120.0) == -10


def test_patience_ends():
    told = Told(waited=1e9)
    assert told.left_at(110.0) == 10 * PATIENCE - 10
    assert told.left_at(100.0 + 10 * PATIENCE) == 0
