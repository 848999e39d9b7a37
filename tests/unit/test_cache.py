"""The run cache: a hit is the run as it was, what is damaged is a miss that heals, nothing is half written."""

import os
import threading
import time

import numpy as np
import pytest
from evidence import digits, fit

from harness import store
from harness.store import Store
from harness.training import cache
from harness.training.cache import RunCache
from harness.training.from_recording import from_fit
from harness.training.process import TrainedRun

DEVICE = {"keras": "3.15", "tensorflow": "2.21", "backend": "tensorflow", "device": "cpu", "device_name": "x86_64"}
RECIPE = from_fit(fit(), {}, digits()).recipe


def trained(value: float = 0.5, device=None) -> TrainedRun:
    answer = {"history": {"accuracy": [0.9, None]}, "seconds": 2, "trainer": "keras_fit"}
    arrays = {"predictions": np.full((360, 10), value, "f4"), "w0000": np.eye(3, dtype="f4"), "w0001": np.zeros(3)}
    return TrainedRun(answer, arrays, device or DEVICE)


def files(folder):
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_a_miss(tmp_path):
    assert RunCache(Store(tmp_path)).get(RECIPE, DEVICE) is None
    assert [path.name for path in files(tmp_path)] == ["misses"]


def test_a_hit_is_the_run_as_it_was(tmp_path):
    put = RunCache(Store(tmp_path)).put(RECIPE, trained())
    stored, arrays = RunCache(Store(tmp_path)).get(RECIPE, DEVICE)
    assert stored == put[0]
    assert (stored.recipe, stored.seed, stored.seconds) == (RECIPE.sha256, 0, 2.0)
    assert stored.history == {"accuracy": (0.9, None)}
    assert sorted(arrays) == ["predictions", "w0000", "w0001"]
    assert all(np.array_equal(arrays[name], put[1][name]) for name in arrays)


def test_seeds_recipes_and_devices_are_kept_apart(tmp_path):
    runs = RunCache(Store(tmp_path))
    runs.put(RECIPE, trained())
    assert runs.get(RECIPE.with_seed(1), DEVICE) is None
    assert runs.get(RECIPE.model_copy(update={"epochs": 11}), DEVICE) is None
    for name in DEVICE:
        assert runs.get(RECIPE, {**DEVICE, name: "other"}) is None, name
    assert runs.get(RECIPE, {**DEVICE, "precision": "float32"}) is not None


def test_without_a_folder_runs_are_kept_for_this_process():
    runs = RunCache(None)
    runs.put(RECIPE, trained())
    assert runs.get(RECIPE, DEVICE) is not None
    assert RunCache(None).get(RECIPE, DEVICE) is None


def run_file(folder):
    return next(folder.rglob("*.run"))


def path_of(folder, recipe):
    return Store(folder)._path("run", cache._key(recipe, DEVICE))


def repacked(folder, type_=cache.StoredRun, **changes):
    """The run in the folder, written anew with other fields or arrays and a checksum that fits them."""
    path = run_file(folder)
    content, arrays = store._unpack(path.read_bytes(), store._label("run", path.stem))
    fields = cache.StoredRun.model_validate_json(content).model_dump()
    arrays |= {name: changes.pop(name) for name in list(changes) if name in arrays}
    path.write_bytes(store._pack("run", path.stem, type_(**fields | changes), arrays))


# --- damage


@pytest.mark.parametrize("share", [0, 0.001, 0.1, 0.5, 0.9, 0.9999])
def test_a_cut_file_is_a_miss_and_is_removed(tmp_path, share):
    RunCache(Store(tmp_path)).put(RECIPE, trained())
    path = run_file(tmp_path)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    assert RunCache(Store(tmp_path)).get(RECIPE, DEVICE) is None
    assert not path.exists()


def test_a_changed_byte_anywhere_is_a_miss(tmp_path):
    RunCache(Store(tmp_path)).put(RECIPE, trained())
    path = run_file(tmp_path)
    whole = path.read_bytes()
    for place in [*range(0, len(whole), 97), *range(160), *range(len(whole) - 260, len(whole))]:
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x41]) + whole[place + 1 :])
        assert RunCache(Store(tmp_path)).get(RECIPE, DEVICE) is None, place


def test_bytes_behind_the_end_are_a_miss(tmp_path):
    RunCache(Store(tmp_path)).put(RECIPE, trained())
    with run_file(tmp_path).open("ab") as file:
        file.write(b"x")
    assert RunCache(Store(tmp_path)).get(RECIPE, DEVICE) is None


def test_pickles_are_not_opened(tmp_path):
    RunCache(Store(tmp_path)).put(RECIPE, trained())
    repacked(tmp_path, predictions=np.array([{}], dtype=object))
    assert RunCache(Store(tmp_path)).get(RECIPE, DEVICE) is None


def test_what_an_older_harness_wrote_is_a_miss_and_is_removed(tmp_path):
    RunCache(Store(tmp_path)).put(RECIPE, trained())

    class Older(cache.StoredRun):
        arrays_sha256: str = "0"

    path = run_file(tmp_path)
    repacked(tmp_path, Older)
    assert RunCache(Store(tmp_path)).get(RECIPE, DEVICE) is None
    assert not path.exists()


def test_one_kind_under_the_name_of_another_is_a_miss(tmp_path):
    RunCache(Store(tmp_path)).put(RECIPE, trained())
    path = run_file(tmp_path)
    path.rename(path.with_suffix(".measurement"))
    assert Store(tmp_path).get("measurement", path.stem, cache.StoredRun) is None
    assert not path.with_suffix(".measurement").exists()


def test_a_run_under_another_runs_name_is_a_miss(tmp_path):
    runs = RunCache(Store(tmp_path))
    runs.put(RECIPE, trained())
    other = path_of(tmp_path, RECIPE.with_seed(1))
    other.parent.mkdir(exist_ok=True)
    run_file(tmp_path).rename(other)
    assert RunCache(Store(tmp_path)).get(RECIPE.with_seed(1), DEVICE) is None


def test_a_damaged_run_is_replaced_when_it_was_trained_anew(tmp_path):
    RunCache(Store(tmp_path)).put(RECIPE, trained())
    run_file(tmp_path).write_bytes(b"")
    RunCache(Store(tmp_path)).put(RECIPE, trained(0.25))
    assert RunCache(Store(tmp_path)).get(RECIPE, DEVICE)[1]["predictions"][0, 0] == 0.25


# --- several at once


def test_the_first_of_two_writers_wins_and_both_can_read(tmp_path):
    first, second = RunCache(Store(tmp_path)), RunCache(Store(tmp_path))
    first.put(RECIPE, trained(0.25))
    second.put(RECIPE, trained(0.75))
    assert RunCache(Store(tmp_path)).get(RECIPE, DEVICE)[1]["predictions"][0, 0] == 0.25
    assert second.get(RECIPE, DEVICE) is not None
    assert len(list(tmp_path.rglob("*.run"))) == 1


def test_many_writers_at_once(tmp_path):
    start = threading.Barrier(8)

    def write(number):
        start.wait()
        RunCache(Store(tmp_path)).put(RECIPE, trained(number / 8))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert RunCache(Store(tmp_path)).get(RECIPE, DEVICE) is not None
    assert [path.suffix for path in files(tmp_path) if path.parent != tmp_path] == [".run"]


def test_a_run_that_is_evicted_while_it_is_read_is_read_whole(tmp_path, monkeypatch):
    RunCache(Store(tmp_path)).put(RECIPE, trained())
    unpack = store._unpack

    def evicted_meanwhile(packed, label):
        Store(tmp_path).clear()
        return unpack(packed, label)

    monkeypatch.setattr(store, "_unpack", evicted_meanwhile)
    assert RunCache(Store(tmp_path)).get(RECIPE, DEVICE) is not None
    assert RunCache(Store(tmp_path)).get(RECIPE, DEVICE) is None


# --- what cannot be written


def test_a_writer_that_is_stopped_leaves_nothing_that_reads_as_a_run(tmp_path, monkeypatch):
    def stopped(_self, _target):
        raise KeyboardInterrupt

    monkeypatch.setattr(store.Path, "replace", stopped)
    with pytest.raises(KeyboardInterrupt):
        RunCache(Store(tmp_path)).put(RECIPE, trained())
    assert RunCache(Store(tmp_path)).get(RECIPE, DEVICE) is None
    assert [path.name for path in files(tmp_path)] == ["misses"]


def test_a_full_disk_costs_only_the_keeping(tmp_path, monkeypatch):
    def full(*_args, **_arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store.tempfile, "mkstemp", full)
    runs = RunCache(Store(tmp_path))
    assert runs.put(RECIPE, trained())[1]["predictions"].shape == (360, 10)
    assert runs.get(RECIPE, DEVICE) is not None
    assert files(tmp_path) == []


def test_a_folder_that_cannot_be_made_costs_only_the_keeping(tmp_path):
    (tmp_path / "file").write_text("")
    runs = RunCache(Store(tmp_path / "file"))
    runs.put(RECIPE, trained())
    assert runs.get(RECIPE, DEVICE) is not None


def test_runs_on_disk_are_not_held_in_memory(tmp_path):
    """A class of 300 with a sweep of 15 networks of 2 MB each would be 9 GB."""
    runs = RunCache(Store(tmp_path))
    runs.put(RECIPE, trained())
    runs.get(RECIPE, DEVICE)
    assert runs._here == {}


def test_what_is_held_is_there_until_the_end(tmp_path):
    runs, other = RunCache(Store(tmp_path)), RunCache(Store(tmp_path))
    other.put(RECIPE.with_seed(1), trained())
    with runs.holding():
        runs.put(RECIPE, trained())
        runs.get(RECIPE.with_seed(1), DEVICE)
        other.store.clear()
        assert kept(runs, seeds(3)) == [0, 1]
    assert kept(runs, seeds(3)) == []


# --- the limit


def aged(folder, recipe, seconds):
    """Make a run look as if it was last used so long ago."""
    path = path_of(folder, recipe)
    os.utime(path, (time.time() - seconds,) * 2)


def seeds(count):
    return [RECIPE.with_seed(seed) for seed in range(count)]


def bytes_of_one_run(folder):
    RunCache(Store(folder)).put(RECIPE, trained())
    return run_file(folder).stat().st_size


def kept(runs, recipes):
    return [recipe.seed for recipe in recipes if runs.get(recipe, DEVICE) is not None]


def test_what_was_not_used_for_longest_makes_room(tmp_path):
    size = bytes_of_one_run(tmp_path / "one")
    runs = RunCache(Store(tmp_path / "runs", limit=int(4.5 * size)))
    for recipe in seeds(4):
        runs.put(recipe, trained())
        aged(tmp_path / "runs", recipe, 100 - recipe.seed)
    assert runs.get(RECIPE, DEVICE) is not None  # the oldest is used again: seed 1 is the oldest now
    runs.put(RECIPE.with_seed(4), trained())
    assert kept(runs, seeds(5)) == [0, 2, 3, 4]
    assert runs.store.facts().size <= 4.5 * size


def test_writers_at_the_same_time_stay_within_the_limit(tmp_path):
    size = bytes_of_one_run(tmp_path / "one")
    stores = [RunCache(Store(tmp_path / "runs", limit=20 * size)) for _ in range(4)]
    for recipe in seeds(60):
        stores[recipe.seed % 4].put(recipe, trained())
        assert stores[0].store.facts().size <= 20 * size


def test_where_there_is_much_room_not_every_write_looks_for_it(tmp_path, monkeypatch):
    looked = []
    evict = Store.evict
    monkeypatch.setattr(Store, "evict", lambda each: looked.append(each) or evict(each))
    runs = RunCache(Store(tmp_path))
    for recipe in seeds(5):
        runs.put(recipe, trained())
    assert looked == [runs.store]


def test_a_run_too_large_for_the_cache_pushes_nothing_out(tmp_path):
    size = bytes_of_one_run(tmp_path)
    runs = RunCache(Store(tmp_path, limit=size))
    large = RECIPE.with_seed(1)
    runs.put(large, trained())
    assert runs.get(large, DEVICE) is not None  # from this process's memory
    assert RunCache(Store(tmp_path)).get(large, DEVICE) is None
    assert RunCache(Store(tmp_path)).get(RECIPE, DEVICE) is not None


def test_what_stopped_writers_left_is_swept_when_it_is_old(tmp_path):
    RunCache(Store(tmp_path)).put(RECIPE, trained())
    folder = run_file(tmp_path).parent
    old, new = folder / ".new-old", folder / ".new-new"
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (time.time() - 2 * store.STALE_SECONDS,) * 2)
    RunCache(Store(tmp_path)).put(RECIPE.with_seed(1), trained())
    assert (old.exists(), new.exists()) == (False, True)


# --- what the command shows


def test_facts(tmp_path):
    runs = RunCache(Store(tmp_path, limit=10**9))
    assert runs.store.facts() == store.StoreFacts(
        tmp_path, {"run": 0, "measurement": 0, "recording": 0, "figure": 0}, 0, 10**9, 0, 0
    )
    for recipe in seeds(2):
        runs.get(recipe, DEVICE)
        runs.put(recipe, trained())
    for _ in range(3):
        RunCache(Store(tmp_path)).get(RECIPE, DEVICE)
    found = runs.store.facts()
    assert (found.kept["run"], found.misses, found.hits) == (2, 2, 3)
    assert found.size == sum(path.stat().st_size for path in tmp_path.rglob("*.run"))


def test_verify_removes_what_is_damaged(tmp_path):
    runs = RunCache(Store(tmp_path))
    for recipe in seeds(3):
        runs.put(recipe, trained())
    assert runs.store.verify() == 0
    path_of(tmp_path, RECIPE).write_bytes(b"nothing")
    assert runs.store.verify() == 1
    assert (runs.store.facts().kept["run"], runs.store.facts().hits) == (2, 0)


def test_clear_removes_runs_leftovers_and_counts_and_nothing_else(tmp_path):
    runs = RunCache(Store(tmp_path))
    runs.put(RECIPE, trained())
    runs.get(RECIPE, DEVICE)
    (run_file(tmp_path).parent / ".new-x").write_bytes(b"half")
    (tmp_path / "notes.txt").write_text("mine")
    assert runs.store.clear() == 1
    assert [path.name for path in files(tmp_path)] == ["notes.txt"]


# --- settings


@pytest.mark.parametrize(
    ("text", "size"),
    [("5GiB", 5 * 2**30), ("5 gib", 5 * 2**30), ("500MB", 500 * 10**6), ("1.5G", 3 * 2**29), ("2000000", 2000000),
     ("1MB", 10**6), ("3T", 3 * 2**40), ("1000000 B", 10**6)],
)  # fmt: skip
def test_sizes(text, size):
    assert store.parse_size(text) == size


@pytest.mark.parametrize("text", ["", "much", "-5GB", "5 5 GB", "5GBB", "nan", "1e9", "GB", "5PB"])
def test_what_is_no_size(text):
    with pytest.raises(store.CacheUsageError, match="write 5GiB"):
        store.parse_size(text)


def test_a_size_that_holds_nothing_is_refused():
    with pytest.raises(store.CacheUsageError, match="no-cache"):
        store.parse_size("10 KB")


def test_the_limit_is_an_environment_variables(monkeypatch):
    monkeypatch.delenv("HARNESS_CACHE_SIZE", raising=False)
    assert Store.default_limit() == store.DEFAULT_LIMIT
    monkeypatch.setenv("HARNESS_CACHE_SIZE", "2GB")
    assert Store.default_limit() == 2 * 10**9


def test_the_default_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path))
    assert Store.default_folder() == tmp_path / "runs"
    monkeypatch.delenv("HARNESS_CACHE")
    assert Store.default_folder().name == "runs"
