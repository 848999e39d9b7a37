"""Cache writes killed at any moment, writers and readers at once: valid hits or misses, and nothing else."""

import contextlib
import os
import random
import signal
import time
import warnings

import numpy as np
import pytest
from evidence import digits, fit

from harness import store
from harness.store import Store
from harness.training import cache
from harness.training.cache import RunCache
from harness.training.from_recording import from_fit
from harness.training.process import TrainedRun

pytestmark = [
    pytest.mark.end_to_end,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="a warmed process is forked for each kill"),
]
KILLS = 200
DEVICE = {"keras": "3.15", "tensorflow": "2.21", "backend": "tensorflow", "device": "cpu", "device_name": "x86_64"}
RECIPE = from_fit(fit(), {}, digits()).recipe
RECIPES = [RECIPE.with_seed(seed) for seed in range(8)]
VALUES = 200_000  # of a run's weights, so that a write takes long enough to be hit at any place


def made(seed: int) -> TrainedRun:
    """The run of a seed; its arrays say which."""
    answer = {"history": {"accuracy": [seed / 10]}, "seconds": 1, "trainer": "keras_fit"}
    arrays = {"predictions": np.full((360, 10), seed, "f4"), "w0000": np.full(VALUES, seed, "f4")}
    return TrainedRun(answer, arrays, DEVICE)


def hits(folder) -> list[int]:
    """The seeds that are hits; each must be the run that belongs to it."""
    runs = RunCache(Store(folder))
    found = []
    for recipe in RECIPES:
        run = runs.get(recipe, DEVICE)
        if run is not None:
            stored, arrays = run
            assert (stored.seed, stored.history) == (recipe.seed, {"accuracy": (recipe.seed / 10,)})
            assert arrays["w0000"].shape == (VALUES,)
            assert all((array == recipe.seed).all() for array in arrays.values())
            found.append(recipe.seed)
    return found


def forked(work) -> tuple[int, int]:
    """A child that does `work` for ever, once it has said so; its process id and the pipe's end to wait on."""
    read, write = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # numpy's idle threads: the child does without them
        child = os.fork()
    if child:
        os.close(write)
        return child, read
    try:
        os.write(write, b"x")
        while True:
            work()
    finally:
        os._exit(1)


def killed(child: int, read: int) -> None:
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    os.close(read)
    assert os.WIFSIGNALED(status), "the child ended by itself"


@contextlib.contextmanager
def working(work):
    child, read = forked(work)
    try:
        assert os.read(read, 1) == b"x"
        yield
    finally:
        killed(child, read)


def write_anew(folder, rng) -> None:
    """Write a run where none is, or where a damaged or an evicted one was."""
    recipe = rng.choice(RECIPES)
    Store(folder).drop("run", cache._key(recipe, DEVICE))
    RunCache(Store(folder)).put(recipe, made(recipe.seed))


def duration_of_a_write(folder) -> float:
    started = time.perf_counter()
    write_anew(folder, random.Random(0))
    return time.perf_counter() - started


def busy(seconds: float) -> None:
    """Let the child work for so long; a sleep of a fraction of a millisecond would be longer than asked."""
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        pass


def test_200_kills_at_random_points_of_cache_writes(tmp_path):
    rng = random.Random(0)
    write = max(duration_of_a_write(tmp_path) for _ in range(3))
    left = seen = 0
    for _ in range(KILLS):
        with working(lambda: write_anew(tmp_path, rng)):
            busy(rng.uniform(0, 2 * write))
        left = max(left, len(list(store._unfinished(tmp_path))))
        assert Store(tmp_path).verify() == 0, "a name that was given holds a whole run"
        seen += len(hits(tmp_path))
    assert left > 0, "no kill hit a write: the test shows nothing"
    assert seen > 0

    for path in store._unfinished(tmp_path):
        os.utime(path, (0, 0))
    Store(tmp_path).evict()
    assert list(store._unfinished(tmp_path)) == []
    for recipe in RECIPES:
        RunCache(Store(tmp_path)).put(recipe, made(recipe.seed))
    assert hits(tmp_path) == list(range(len(RECIPES)))


def test_writers_that_evict_each_others_runs_while_they_are_read(tmp_path):
    RunCache(Store(tmp_path)).put(RECIPE, made(0))
    size = Store(tmp_path).facts().size
    tight = RunCache(Store(tmp_path, limit=4 * size))

    def write():
        recipe = random.choice(RECIPES)
        tight.put(recipe, made(recipe.seed))

    with working(write), working(write):
        seen = sum(len(hits(tmp_path)) for _ in range(100))
    assert seen > 0
    assert tight.store.facts().kept["run"] <= 4 + 2, "at most what is allowed, and what two writers add at once"
    assert Store(tmp_path).verify() == 0
