"""Nothing is made twice: runs in the sandbox and measurements of before answer, and only where nothing differs."""

import ast
import json
from pathlib import Path

import numpy as np
import pytest

from harness import assets, identity, store
from harness.allowlist import Refused
from harness.measure import kept as measurements
from harness.measure.kept import KeptMeasurement, Measurements
from harness.models import ModelFacts
from harness.recording import CellError, Recording, SelfTrainedRecord, Where
from harness.sandbox import Ended, Frames, Limits, SandboxRun
from harness.sandbox import kept as runs
from harness.sandbox.kept import KeptRun, KeptSandbox
from harness.store import Store

JOB = {"order": "document", "run_seconds": 45.0}
TRAINER = {"keras": "3.15", "device": "cpu"}


def made(recording=None, arrays=None, ended=Ended.FINISHED) -> SandboxRun:
    recording = recording or Recording(kind="notebook", complete=True, seconds=3.0)
    arrays = {"rows/0": np.arange(6, dtype=np.int32), "file": np.eye(2)} if arrays is None else arrays
    return SandboxRun(Frames(recording.model_dump_json().encode(), arrays), ended, 0, log="said", seconds=4.0)


class Counting:
    """A sandbox that counts its starts."""

    warning = ""

    def __init__(self, answer=None, name="bubblewrap", isolated=True):
        self.answer, self.name, self.isolated, self.starts = answer or made(), name, isolated, 0

    def run(self, *_):
        self.starts += 1
        return self.answer


@pytest.fixture
def hand_in(tmp_path):
    (tmp_path / "hand-in").mkdir()
    (tmp_path / "hand-in" / "work.py").write_text("x = 1\n", encoding="utf-8")
    (tmp_path / "data.npz").write_bytes(b"data")
    return tmp_path / "hand-in"


def run(folder, sandbox, job=None, limits=None):
    place = folder.parent
    return KeptSandbox(sandbox, Store(place / "store")).run(
        job or JOB, folder, place / "data.npz", limits or Limits()
    )


def starts(folder, *changed, **arguments):
    """How often a sandbox is started for a second run, of which something else changed."""
    run(folder, Counting())
    for change in changed:
        change()
    again = arguments.pop("sandbox", None) or Counting()
    run(folder, again, **arguments)
    return again.starts


def the_file(folder):
    return next((folder.parent / "store").rglob("*.recording"))


# --- runs in the sandbox


def test_the_same_is_run_once_and_comes_back_as_it_was(hand_in):
    first, sandbox = run(hand_in, Counting()), Counting()
    again = run(hand_in, sandbox)
    assert sandbox.starts == 0
    assert (first.kept, again.kept) == (False, True)
    assert again.frames.recording == first.frames.recording
    assert (again.ended, again.log, again.seconds) == (Ended.FINISHED, "said", 4.0)
    assert list(again.frames.arrays) == ["rows/0", "file"]
    for name, array in first.frames.arrays.items():
        assert again.frames.arrays[name].dtype == array.dtype
        assert np.array_equal(again.frames.arrays[name], array)


def test_time_limits_do_not_count(hand_in):
    assert starts(hand_in, job={**JOB, "run_seconds": 20.0}, limits=Limits(seconds=5.0)) == 0


@pytest.mark.parametrize("what", ["a byte", "a name", "a file more", "data", "job", "memory", "isolation", "code"])
def test_anything_else_is_run(hand_in, monkeypatch, what):
    work, more = hand_in / "work.py", {}
    change = {
        "a byte": lambda: work.write_text("x = 2\n", encoding="utf-8"),
        "a name": lambda: work.rename(hand_in / "other.py"),
        "a file more": lambda: (hand_in / "more").write_bytes(b""),
        "data": lambda: (hand_in.parent / "data.npz").write_bytes(b"Data"),
        "code": lambda: monkeypatch.setattr(identity, "of_source", lambda _names: "another"),
    }.get(what, lambda: None)
    if what == "job":
        more["job"] = {**JOB, "order": "executed"}
    elif what == "memory":
        more["limits"] = Limits(memory_bytes=2**30)
    elif what == "isolation":
        more["sandbox"] = Counting(name="another")
    assert starts(hand_in, change, **more) == 1


@pytest.mark.parametrize(("name", "count"), [("OPENBLAS_CORETYPE", 1), ("OPENBLAS_NUM_THREADS", 0), ("HOME", 0)])
def test_a_variable_counts_where_the_worker_sees_it(hand_in, monkeypatch, name, count):
    """How many threads are used is for the limits to say, whatever dask tells its own processes."""
    assert starts(hand_in, lambda: monkeypatch.setenv(name, "1")) == count


def test_another_version_of_a_package_is_a_miss(hand_in, monkeypatch):
    assert starts(hand_in, lambda: monkeypatch.setattr(identity, "packages", lambda: ("keras-4",))) == 1


def test_the_source_of_the_worker_counts_byte_by_byte(tmp_path):
    (tmp_path / "worker").mkdir()
    (tmp_path / "worker" / "main.py").write_text("a = 1\n", encoding="utf-8")
    (tmp_path / "recording.py").write_text("", encoding="utf-8")
    before = identity.of_source(("worker", "recording"), tmp_path)
    (tmp_path / "report.py").write_text("", encoding="utf-8")
    assert identity.of_source(("worker", "recording"), tmp_path) == before
    (tmp_path / "worker" / "main.py").write_text("a = 2\n", encoding="utf-8")
    assert identity.of_source(("worker", "recording"), tmp_path) != before


WHERE = Where(file="work.py")
NOT_WHOLE = {
    "interrupted": made(Recording(kind="notebook")),
    "timed out": made(ended=Ended.TIMEOUT),
    "crashed": made(ended=Ended.CRASHED),
    "no recording": SandboxRun(Frames(), Ended.FINISHED, 0),
    "no valid recording": SandboxRun(Frames(b'{"complete": true, "fits": 3}'), Ended.FINISHED, 0),
    "a statement that was ended": made(
        Recording(
            kind="scripts", complete=True,
            errors=(CellError(where=WHERE, type="StatementTimeout", message="", kind="timeout"),),
        )
    ),
    "a loop that was ended": made(
        Recording(
            kind="scripts", complete=True,
            self_trained=(SelfTrainedRecord(id="own-1", model=1, how="gradient_tape", stopped=True),),
        )
    ),
    "too large": made(arrays={"content": np.zeros(runs.MAX_ARRAY_BYTES + 1, np.uint8)}),
}  # fmt: skip


@pytest.mark.parametrize("answer", NOT_WHOLE.values(), ids=NOT_WHOLE)
def test_what_is_not_whole_is_not_kept(hand_in, answer):
    first, second = Counting(answer), Counting()
    run(hand_in, first)
    assert run(hand_in, second).kept is False
    assert (first.starts, second.starts) == (1, 1)


def test_code_that_is_not_isolated_sees_more_than_has_a_hash(hand_in):
    assert starts(hand_in, sandbox=Counting(isolated=False)) == 1
    run(hand_in, open_ := Counting(isolated=False))
    run(hand_in, open_)
    assert open_.starts == 2


def repacked(path, change):
    """The recording in a file, with its parts changed and a checksum that fits."""
    label = store._label("recording", path.stem)
    content, arrays = store._unpack(path.read_bytes(), label)
    about = KeptRun.model_validate_json(content)
    about = change(about, arrays) or about
    path.write_bytes(store._pack("recording", path.stem, about, arrays))


def as_bytes(plain):
    return np.frombuffer(json.dumps(plain).encode(), np.uint8)


HOSTILE = {
    "a type is broken": lambda _about, arrays: arrays.update(recording=as_bytes({"complete": True, "fits": "all"})),
    "a field too many": lambda _about, arrays: arrays.update(recording=as_bytes({"complete": True, "points": 9})),
    "not complete": lambda _about, arrays: arrays.update(recording=as_bytes({"complete": False})),
    "no recording": lambda _about, arrays: arrays.__delitem__("recording"),
    "an array that is none": lambda _about, arrays: arrays.update(a0000=np.zeros(9, np.uint8)),
    "an array is missing": lambda _about, arrays: arrays.__delitem__("a0001"),
    "a name too many": lambda about, _arrays: about.model_copy(update={"arrays": (*about.arrays, "x")}),
}


@pytest.mark.parametrize("change", HOSTILE.values(), ids=HOSTILE)
def test_what_its_readers_refuse_is_a_miss_and_is_replaced(hand_in, change):
    run(hand_in, Counting())
    repacked(the_file(hand_in), change)
    sandbox = Counting()
    assert run(hand_in, sandbox).kept is False
    assert sandbox.starts == 1
    assert run(hand_in, Counting()).kept is True


def test_a_damaged_file_is_a_miss(hand_in):
    def damage():
        path = the_file(hand_in)
        whole = path.read_bytes()
        path.write_bytes(whole[:300] + bytes([whole[300] ^ 1]) + whole[301:])

    assert starts(hand_in, damage) == 1


# --- measurements


def measured(folder, make, decided_by=("weights", 1), **changed):
    about = {"trainer": TRAINER, "data": "0" * 64} | changed
    kept = Measurements(Store(folder), about["trainer"], about["data"])
    return kept.of("model", list(decided_by), ModelFacts, make)


def never():
    raise AssertionError("measured again")


def test_a_measurement_is_made_once(tmp_path):
    facts = ModelFacts(params=7, cross_entropy_error=1e-6)
    assert measured(tmp_path, lambda: facts) == (facts, False)
    assert measured(tmp_path, never) == (facts, True)


@pytest.mark.parametrize(
    "changed",
    [{"decided_by": ("weights", 2)}, {"trainer": {**TRAINER, "keras": "3.16"}}, {"data": "1" * 64}],
)
def test_of_anything_else_it_is_made(tmp_path, changed):
    measured(tmp_path, lambda: ModelFacts(params=7))
    assert measured(tmp_path, lambda: ModelFacts(params=8), **changed) == (ModelFacts(params=8), False)


def test_a_change_of_the_measuring_code_is_a_miss(tmp_path, monkeypatch):
    measured(tmp_path, lambda: ModelFacts(params=7))
    monkeypatch.setattr(identity, "of_source", lambda _names: "another")
    assert measured(tmp_path, lambda: ModelFacts(params=8))[1] is False


def test_a_refusal_is_kept_and_a_failure_is_not(tmp_path):
    def refuses():
        raise Refused("no images")

    for make in (refuses, never):
        with pytest.raises(Refused, match="no images"):
            measured(tmp_path, make)

    def fails():
        raise RuntimeError("ours")

    with pytest.raises(RuntimeError):
        measured(tmp_path, fails, decided_by=("other",))
    assert measured(tmp_path, ModelFacts, decided_by=("other",)) == (ModelFacts(), False)


def test_a_measurement_that_breaks_its_type_is_made_anew(tmp_path):
    measured(tmp_path, ModelFacts)
    (path,) = tmp_path.rglob("*.measurement")
    path.write_bytes(store._pack("measurement", path.stem, KeptMeasurement(value='{"params": "many"}'), {}))
    assert measured(tmp_path, lambda: ModelFacts(params=8)) == (ModelFacts(params=8), False)
    assert measured(tmp_path, never) == (ModelFacts(params=8), True)


def imported(*modules):
    """Every module of the harness that these import, however far down."""
    found, left = set(), list(modules)
    while left:
        name = left.pop()
        base = assets.PACKAGE.parent / name.replace(".", "/")
        path = base / "__init__.py" if base.is_dir() else base.with_suffix(".py")
        if name in found or not path.is_file():
            continue
        found.add(name)
        if name == "harness":
            continue  # what `harness.check` imports comes when it is asked for
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                left += [each.name for each in node.names]
            elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("harness"):
                left += [node.module, *(f"{node.module}.{each.name}" for each in node.names)]
    return {name for name in found if name.startswith("harness.")}


def covered(code, name):
    return any(name == f"harness.{each}" or name.startswith(f"harness.{each}.") for each in code)


def test_the_hashes_cover_all_the_code_that_they_stand_for():
    """Only what cannot change a number is left out."""
    worker = imported("harness.worker.main", *(f"harness.worker.{path.stem}" for path in worker_files()))
    assert {name for name in worker if not covered(runs.CODE, name)} == set()
    trainer = imported("harness.training.server", "harness.measure.denoising", "harness.measure.generation")
    assert {name for name in trainer if not covered(measurements.CODE, name)} <= {"harness.files", "harness.gates"}


def worker_files() -> list[Path]:
    return sorted((assets.PACKAGE / "worker").glob("*.py"))
