"""A calibration that is stopped goes on where it was, and its file holds on the machine that made it."""

import json
import shutil

import pytest

from harness.assignment import load

pytestmark = [pytest.mark.end_to_end, pytest.mark.nightly]


class Stopped(Exception):
    """What Ctrl-C would be."""


class Stages:
    """Progress that keeps what is trained, and stops after so many stages."""

    def __init__(self, most=10_000):
        self.seen = []
        self._most = most

    def stage(self, _submission, stage, detail=""):
        if len(self.seen) == self._most:
            raise Stopped
        self.seen.append((stage, detail))

    def note(self, text):
        raise AssertionError(text)


@pytest.fixture
def assignment(tmp_path, monkeypatch):
    """The assignment without its calibrations, and a cache that holds nothing."""
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "dat405_a7"
    shutil.copytree(load("dat405_a7").folder, folder, ignore=shutil.ignore_patterns("__pycache__", "digits-*.json"))
    return load(str(folder))


def runs(path):
    """The seeds and values of a file's quantities."""
    quantities = json.loads(path.read_text(encoding="utf-8"))["quantities"]
    return {name: [(run["seed"], run["value"]) for run in one["runs"]] for name, one in quantities.items()}


def test_it_goes_on_where_it_was_and_holds(assignment, tmp_path, monkeypatch):
    from harness.calibration import calibrate, check

    first = Stages(3)
    with pytest.raises(Stopped):
        calibrate(assignment, "digits", "quick", 3, "cpu", first)
    path = assignment.folder / "calibration" / "digits-quick.json"
    before = runs(path)
    assert sum(len(one) for one in before.values()) == 3
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "another"))  # what is kept is kept by the file
    second = Stages()
    assert calibrate(assignment, "digits", "quick", 3, "cpu", second) == path
    assert not set(first.seen) & set(second.seen)
    after = runs(path)
    assert {len(one) for one in after.values()} == {3}
    assert all(after[name][: len(one)] == one for name, one in before.items())
    assert set(after) >= {"2C.accuracy", "3A.accuracy", "2D.accuracy.0.001", "4C.gain.3A", "4D.recognised.2C"}

    third = Stages()
    calibrate(assignment, "digits", "quick", 3, "cpu", third)
    assert third.seen == []

    checked = check(assignment, "digits", "quick", 1, "cpu", Stages())
    assert (checked.outdated, [one.name for one in checked.held if not one.equal]) == ((), [])
    changed = json.loads(path.read_text(encoding="utf-8"))
    changed["quantities"]["2C.accuracy"]["runs"] = [{"seed": seed, "value": 0.5 + seed * 1e-6} for seed in range(3)]
    changed["quantities"]["3A.accuracy"]["recipe"] = "0" * 64
    path.write_text(json.dumps(changed), encoding="utf-8")
    checked = check(assignment, "digits", "quick", 1, "cpu", Stages())
    assert checked.outdated == ("3A.accuracy",)
    assert [one.name for one in checked.held if not one.holds] == ["2C.accuracy"]
    assert "3A.accuracy" not in {one.name for one in checked.held}
