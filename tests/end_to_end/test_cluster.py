"""A class on several processes: the same results as in one, whatever becomes of the processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from classes import normal
from conftest import missing

from harness.assignment import load
from harness.classroom import Options, Silent, grade
from harness.journal import JOURNAL, read
from harness.results import load as load_result
from harness.sandbox import probe

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


@pytest.mark.nightly
def test_a_coordinator_that_is_killed_at_any_moment_loses_nothing(tmp_path, cache, undisturbed):
    """Twenty times, a little later each time; each run goes on where the one before was."""
    out = tmp_path / "out"
    command = [
        sys.executable, "-m", "harness", "grade", *map(str, CLASS), "--data", "digits", "--profile", "quick",
        "--device", "cpu", "--jobs", "2", "--resume", "--out", str(out),
    ]  # fmt: skip
    environment = {**os.environ, "HARNESS_CACHE": str(cache)}
    killed = 0
    for number in range(20):
        run = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            run.wait(timeout=1.0 + 1.7 * number)
        except subprocess.TimeoutExpired:
            run.send_signal(signal.SIGKILL)
            run.wait()
            killed += 1
    last = subprocess.run(command, env=environment, capture_output=True, text=True, encoding="utf-8", check=False)
    assert last.returncode in (0, 1), last.stderr
    assert killed > 5
    assert [normal(load_result(out / name / "result.json")) for name in NAMES] == undisturbed
