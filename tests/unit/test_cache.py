"""The run cache: a hit is the run as it was, what is damaged is a miss that heals, nothing is half written."""

import threading

import numpy as np
import pytest
from evidence import digits, fit

from harness.training import cache
from harness.training.cache import RunCache
from harness.training.process import TrainedRun
from harness.training.recipe import from_fit

DEVICE = {"keras": "3.15", "tensorflow": "2.21", "backend": "tensorflow", "device": "cpu", "device_name": "x86_64"}
RECIPE = from_fit(fit(), {}, digits()).recipe


def trained(value: float = 0.5, device=None) -> TrainedRun:
    answer = {"history": {"accuracy": [0.9, None]}, "seconds": 2, "trainer": "keras_fit"}
    arrays = {"predictions": np.full((360, 10), value, "f4"), "w0000": np.eye(3, dtype="f4"), "w0001": np.zeros(3)}
    return TrainedRun(answer, arrays, device or DEVICE)


def files(folder):
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_a_miss(tmp_path):
    assert RunCache(tmp_path).get(RECIPE, DEVICE) is None
    assert files(tmp_path) == []


def test_a_hit_is_the_run_as_it_was(tmp_path):
    put = RunCache(tmp_path).put(RECIPE, trained())
    stored, arrays = RunCache(tmp_path).get(RECIPE, DEVICE)
    assert stored == put[0]
    assert (stored.recipe, stored.seed, stored.seconds) == (RECIPE.sha256, 0, 2.0)
    assert stored.history == {"accuracy": (0.9, None)}
    assert sorted(arrays) == ["predictions", "w0000", "w0001"]
    assert all(np.array_equal(arrays[name], put[1][name]) for name in arrays)


def test_seeds_recipes_and_devices_are_kept_apart(tmp_path):
    runs = RunCache(tmp_path)
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


@pytest.mark.parametrize("name", ["run.json", "arrays.npz"])
def test_a_missing_file_is_a_miss(tmp_path, name):
    RunCache(tmp_path).put(RECIPE, trained())
    next(tmp_path.rglob(name)).unlink()
    assert RunCache(tmp_path).get(RECIPE, DEVICE) is None


@pytest.mark.parametrize("name", ["run.json", "arrays.npz"])
@pytest.mark.parametrize("share", [0, 0.1, 0.5, 0.9, 0.999])
def test_a_cut_file_is_a_miss(tmp_path, name, share):
    RunCache(tmp_path).put(RECIPE, trained())
    path = next(tmp_path.rglob(name))
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    assert RunCache(tmp_path).get(RECIPE, DEVICE) is None


def test_a_changed_byte_anywhere_is_a_miss_or_changes_nothing(tmp_path):
    _, arrays = RunCache(tmp_path).put(RECIPE, trained())
    path = next(tmp_path.rglob("arrays.npz"))
    whole = path.read_bytes()
    misses = 0
    for place in [*range(0, len(whole), 97), *range(160), *range(len(whole) - 260, len(whole))]:
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x41]) + whole[place + 1 :])
        found = RunCache(tmp_path).get(RECIPE, DEVICE)
        misses += found is None
        assert found is None or all(np.array_equal(found[1][name], arrays[name]) for name in arrays), place
    assert misses > len(whole) // 97


def test_other_arrays_in_place_of_the_runs_are_a_miss(tmp_path):
    RunCache(tmp_path).put(RECIPE, trained())
    with next(tmp_path.rglob("arrays.npz")).open("wb") as file:
        np.savez(file, predictions=np.zeros((360, 10), "f4"))
    assert RunCache(tmp_path).get(RECIPE, DEVICE) is None


def test_pickles_are_not_opened(tmp_path):
    RunCache(tmp_path).put(RECIPE, trained())
    with next(tmp_path.rglob("arrays.npz")).open("wb") as file:
        np.savez(file, predictions=np.array([{}], dtype=object))
    assert RunCache(tmp_path).get(RECIPE, DEVICE) is None


def test_a_run_under_another_runs_name_is_a_miss(tmp_path):
    runs = RunCache(tmp_path)
    runs.put(RECIPE, trained())
    first = next(tmp_path.rglob("run.json")).parent
    other = cache._key(RECIPE.with_seed(1), DEVICE)
    (tmp_path / other[:2]).mkdir(exist_ok=True)
    first.rename(tmp_path / other[:2] / other)
    assert RunCache(tmp_path).get(RECIPE.with_seed(1), DEVICE) is None


def test_a_damaged_run_is_replaced_when_it_was_trained_anew(tmp_path):
    RunCache(tmp_path).put(RECIPE, trained())
    next(tmp_path.rglob("arrays.npz")).write_bytes(b"")
    RunCache(tmp_path).put(RECIPE, trained(0.25))
    assert RunCache(tmp_path).get(RECIPE, DEVICE)[1]["predictions"][0, 0] == 0.25


def test_the_first_of_two_writers_wins_and_both_can_read(tmp_path):
    first, second = RunCache(tmp_path), RunCache(tmp_path)
    first.put(RECIPE, trained(0.25))
    second.put(RECIPE, trained(0.75))
    assert RunCache(tmp_path).get(RECIPE, DEVICE)[1]["predictions"][0, 0] == 0.25
    assert second.get(RECIPE, DEVICE) is not None
    assert len(files(tmp_path)) == 2


def test_many_writers_at_once(tmp_path):
    start = threading.Barrier(8)

    def write(number):
        start.wait()
        RunCache(tmp_path).put(RECIPE, trained(number / 8))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert RunCache(tmp_path).get(RECIPE, DEVICE) is not None
    assert [path.name for path in files(tmp_path)] == ["arrays.npz", "run.json"]


def test_a_writer_that_is_stopped_leaves_nothing_that_reads_as_a_run(tmp_path, monkeypatch):
    def stopped(*_args, **_arrays):
        raise KeyboardInterrupt

    monkeypatch.setattr(cache.np, "savez", stopped)
    with pytest.raises(KeyboardInterrupt):
        RunCache(tmp_path).put(RECIPE, trained())
    assert RunCache(tmp_path).get(RECIPE, DEVICE) is None
    assert files(tmp_path) == []


def test_a_full_disk_costs_only_the_keeping(tmp_path, monkeypatch):
    def full(*_args, **_arrays):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cache.np, "savez", full)
    runs = RunCache(tmp_path)
    assert runs.put(RECIPE, trained())[1]["predictions"].shape == (360, 10)
    assert runs.get(RECIPE, DEVICE) is not None
    assert files(tmp_path) == []


def test_a_folder_that_cannot_be_made_costs_only_the_keeping(tmp_path):
    (tmp_path / "file").write_text("")
    runs = RunCache(tmp_path / "file")
    runs.put(RECIPE, trained())
    assert runs.get(RECIPE, DEVICE) is not None


def test_runs_on_disk_are_not_held_in_memory(tmp_path):
    """A class of 300 with a sweep of 15 networks of 2 MB each would be 9 GB."""
    runs = RunCache(tmp_path)
    runs.put(RECIPE, trained())
    runs.get(RECIPE, DEVICE)
    assert runs._here == {}


def test_the_default_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path))
    assert RunCache.default_folder() == tmp_path / "runs"
    monkeypatch.delenv("HARNESS_CACHE")
    assert RunCache.default_folder().name == "runs"
