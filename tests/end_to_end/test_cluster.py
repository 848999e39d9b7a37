"""A class on several processes: the same results as in one, whatever becomes of the processes."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from random import Random

import distributed
import psutil
import pytest
from classes import normal
from conftest import missing

from harness import cluster, stages
from harness.assignment import load
from harness.bench import Folder, Setup
from harness.classroom import Options, Silent, grade
from harness.journal import JOURNAL, read
from harness.lanes import TRAINER
from harness.results import load as load_result
from harness.sandbox import probe
from harness.training.device import DeviceFacts

pytestmark = pytest.mark.end_to_end
SUBMISSIONS = Path(__file__).parents[2] / "submissions"
NAMES = ["tasks_1_2", "mistake_rescaled_twice", "syntax_error", "unsolved_template"]
CLASS = [SUBMISSIONS / name for name in NAMES]


@pytest.fixture(scope="module", autouse=True)
def works():
    problem = probe()
    if problem:
        missing("bubblewrap", problem)


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


def options(out, cache, **more):
    return Options(load("dat405_a7"), out, data="digits", device="cpu", cache=cache, **more)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, cache):
    """The class graded in this process."""
    out = tmp_path_factory.mktemp("undisturbed")
    return [normal(result) for result in grade(CLASS, options(out, cache), Silent())]


class Killer(Silent):
    """Kills a worker as soon as a hand-in enters a stage."""

    def __init__(self, stage):
        self._stage = stage
        self.killed = 0

    def stage(self, submission, stage, detail=""):
        if stage == self._stage and not self.killed:
            self.killed = 1
            of_dask = [one for one in psutil.Process().children() if "spawn_main" in " ".join(one.cmdline())]
            of_dask[-1].kill()


@pytest.mark.parametrize("stage", ["record", "check"])
def test_a_worker_that_dies_costs_nothing(tmp_path, cache, undisturbed, stage):
    progress = Killer(stage)
    results = grade(CLASS, options(tmp_path / "out", cache, jobs=2), progress)
    assert progress.killed
    assert [normal(result) for result in results] == undisturbed
    lines = read(tmp_path / "out" / JOURNAL)
    assert sorted(line.name for line in lines if line.event == "finished") == sorted(NAMES)
    assert sum(line.event == "lost" for line in lines) <= 1, "what only waited there is not blamed"


# --- a cluster that runs already


@contextlib.contextmanager
def program(*arguments, cwd, **environment):
    """One of dask's programs, until the end of the block; what it says on standard error can be read."""
    command = [sys.executable, "-m", f"distributed.cli.{arguments[0]}", *arguments[1:], "--no-dashboard"]
    cwd.mkdir()
    run = subprocess.Popen(
        command, cwd=cwd, env={**os.environ, **environment}, stderr=subprocess.PIPE, text=True, encoding="utf-8"
    )
    try:
        yield run
    finally:
        run.terminate()
        run.communicate()


@contextlib.contextmanager
def worker(address, folder, *arguments, **environment):
    with program("dask_worker", address, "--no-nanny", *arguments, cwd=folder, **environment) as run:
        yield run


@pytest.fixture
def scheduler(tmp_path):
    """The address of a scheduler without workers."""
    with program("dask_scheduler", "--host", "127.0.0.1", "--port", "0", cwd=tmp_path / "scheduler") as run:
        said = iter(run.stderr.readline, "")
        yield next(line for line in said if "Scheduler at:" in line).split()[-1]


def workers(address, count):
    """Wait until so many workers have joined."""
    with distributed.Client(address) as client:
        client.wait_for_workers(count, timeout=120)


class Watching(Silent):
    """Remembers each stage with its detail."""

    def __init__(self):
        self.seen = set()

    def stage(self, submission, stage, detail=""):
        self.seen.add((stage, detail))


def test_a_cluster_that_runs_already_is_given_all_it_needs(tmp_path, cache, undisturbed, scheduler, monkeypatch):
    """Its worker has another folder and a cache of its own, and nothing here is at the path that it is told."""
    of = Folder.of

    def from_nowhere(path, travels):
        return replace(of(path, travels), path=tmp_path / "nowhere")

    monkeypatch.setattr(Folder, "of", from_nowhere)
    there = tmp_path / "worker_cache"
    shutil.copytree(cache, there / "runs")  # nothing is recorded again where all that decides it has come across
    with worker(scheduler, tmp_path / "worker", "--nthreads", "1", HARNESS_CACHE=str(there)):
        workers(scheduler, 1)
        asked = options(tmp_path / "out", tmp_path / "not_here", scheduler=scheduler)
        progress = Watching()
        (result,) = grade(CLASS[-1:], asked, progress)
    assert normal(result) == undisturbed[-1]
    assert all(result.provenance["kept"].values()), "known by the bytes of the hand-in"
    assert not (tmp_path / "not_here").exists()
    assert {("record", ""), ("check", "")} <= progress.seen, "as the worker tells it, and no more"
    assert load_result(tmp_path / "out" / NAMES[-1] / "result.json") == result


def test_a_worker_that_joins_later_and_cannot_grade_is_left_out(tmp_path, scheduler):
    told = []
    setup = Setup(Folder.of(load("dat405_a7").folder, True), "digits", "quick", device="cpu")
    with (
        worker(scheduler, tmp_path / "good", "--nthreads", "1"),
        contextlib.ExitStack() as later,
    ):
        workers(scheduler, 1)
        with cluster.running(setup, scheduler, told.append) as lanes:
            later.enter_context(worker(scheduler, tmp_path / "bad", "--nthreads", "2"))
            workers(scheduler, 2)
            tickets = [lanes.submit(str(number), stages.given_up, [str(number)], "as asked") for number in range(6)]
            after = [lanes.submit("after", stages.given_up, [ticket], "as asked") for ticket in tickets]
            ended = {lanes.next() for _ in (*tickets, *after)}
            assert ended == {*tickets, *after}
            assert [list(lanes.value(ticket)) for ticket in tickets] == [[str(number)] for number in range(6)]
            assert len(lanes._workers()) == 1
    (note,) = [event["text"] for event in told if event["event"] == "note"]
    assert "Left out" in note and "--nthreads 1" in note


def test_on_a_gpu_one_process_of_several_trains(monkeypatch):
    monkeypatch.setattr(cluster.device, "find", lambda _asked: DeviceFacts("gpu", "a GPU"))
    setup = Setup(Folder(load("dat405_a7").folder), "digits", "quick", device="cpu")
    with cluster.local(setup, 2, lambda _event: None) as lanes:
        assert sorted(len(one["resources"]) for one in lanes._workers()) == [0, 1]
        tickets = [lanes.submit("training", stages.given_up, ["x"], "", resource=TRAINER) for _ in range(4)]
        for _ in tickets:
            lanes.next()
        where = lanes._client.who_has([ticket.handle for ticket in tickets])
        assert len({place for places in where.values() for place in places}) == 1


# --- a coordinator that is killed


def done(out):
    """How much work the journal tells of, each piece once however often it was told."""
    told = ("looked", "trained", "finished")
    return len({(line.event, line.name, line.key) for line in read(out / JOURNAL) if line.event in told})


@pytest.mark.nightly
def test_a_coordinator_that_is_killed_at_any_moment_loses_nothing(tmp_path, undisturbed):
    """Twenty times from an empty cache, at moments that a seed draws: some seconds after so many more stages were
    done. Each run goes on where the one before was."""
    out, moments = tmp_path / "out", Random(20)
    command = [
        sys.executable, "-m", "harness", "grade", *map(str, CLASS), "--data", "digits", "--profile", "quick",
        "--device", "cpu", "--jobs", "2", "--resume", "--out", str(out),
    ]  # fmt: skip
    environment = {**os.environ, "HARNESS_CACHE": str(tmp_path / "cache")}
    killed, during = 0, set()
    for _ in range(20):
        enough = done(out) + moments.choice((0, 0, 1, 1, 2))
        run = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while run.poll() is None and done(out) < enough:
            with contextlib.suppress(subprocess.TimeoutExpired):
                run.wait(timeout=0.1)
        try:
            run.wait(timeout=moments.uniform(0, 12))
        except subprocess.TimeoutExpired:
            run.send_signal(signal.SIGKILL)
            run.wait()
            killed += 1
            during.add(done(out))
    last = subprocess.run(command, env=environment, capture_output=True, text=True, encoding="utf-8", check=False)
    assert last.returncode in (0, 1), last.stderr
    assert killed > 10 and len(during) > 4, "at different stages of the run"
    assert [normal(load_result(out / name / "result.json")) for name in NAMES] == undisturbed
    lines = read(out / JOURNAL)
    assert not any(line.event == "lost" for line in lines), "a coordinator's death is nobody's"
    finished = Counter(line.name for line in lines if line.event == "finished")
    assert finished == dict.fromkeys(NAMES, 1), "what was finished is not done again"
