"""Hand-ins as students write them, each with a mistake, a dialect or a template, are recorded and understood.

`tests/hand_ins/expected.toml` states of each which findings it has and where, which fits answer which task, and
which errors are left. `python tests/end_to_end/test_hand_ins.py NAME…` prints what is seen, in that file's form.
"""

from __future__ import annotations

import hashlib
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Lock
from typing import Any

import pytest
from percent import write_hand_in

from harness import datasets
from harness.assignment import load
from harness.datasets import Dataset
from harness.dryrun import DryRun, record
from harness.evidence import Evidence
from harness.findings import find
from harness.grading import Grader
from harness.intake import receive
from harness.recorded_rows import write_recording_npz
from harness.recording import Finding, Where
from harness.results import SubmissionFacts
from harness.sandbox import Limits, Sandbox, choose
from harness.store import Store
from harness.training.cache import RunCache
from harness.training.process import TrainerProcess

HAND_INS = Path(__file__).resolve().parents[1] / "hand_ins"
EXPECTED = tomllib.loads((HAND_INS / "expected.toml").read_text(encoding="utf-8"))
NAMES = sorted(path.name for path in HAND_INS.iterdir() if path.is_dir())
TWICE = NAMES[::6]
"""Recorded a second time on every push; the others at night."""
SECONDS = 60.0
"""What recording one hand-in may take on two cores, by contract."""
PATIENT = Limits(seconds=180.0)
"""What is seen does not depend on how busy the machine is."""
ASSIGNMENT = load("dat405_a7")


@dataclass(frozen=True)
class Recorded:
    """A dry run without its arrays, which may be large: of these a hash each."""

    run: DryRun
    arrays: dict[str, str]


@dataclass(frozen=True)
class Seen:
    """What the harness made of one hand-in before anything is trained."""

    recorded: Recorded
    evidence: Evidence
    findings: tuple[Finding, ...]


def summary(seen: Seen) -> dict[str, Any]:
    """The hand-in's entry of expected.toml."""
    recording = seen.recorded.run.recording
    places = {fit.id: fit.where for fit in recording.fits}
    answered = [(task, match.fits) for task, match in seen.evidence.matches.items() if match.fits]
    entry: dict[str, Any] = {
        "findings": [f"{finding.code}: {_place(finding.where)}" for finding in seen.findings],
        "fits": len(recording.fits),
        "tasks": {task: f"{len(fits)} from {_place(places[fits[0]])}" for task, fits in answered},
        "errors": [f"{error.type}: {_place(error.where)}" for error in recording.errors],
    }
    if recording.order != "document":
        entry["order"] = recording.order
    if recording.self_trained:
        entry["self_trained"] = [_place(network.where) for network in recording.self_trained]
    return entry


def _place(where: Where | None) -> str:
    """A place in words; the one notebook of a hand-in is not named."""
    return str(where).removeprefix("assignment.ipynb, ")


def expected(name: str) -> dict[str, Any]:
    """The entry of a hand-in, without what it is for."""
    return {key: value for key, value in EXPECTED[name].items() if key != "about"}


# --- recording


@dataclass
class Desk:
    """Where hand-ins are recorded two at a time, and looked at one after the other."""

    folder: Path
    npz: Path
    sandbox: Sandbox
    grader: Grader
    pool: ThreadPoolExecutor
    turn: Lock = field(default_factory=Lock)

    def see(self, name: str) -> Future[Seen]:
        return self.pool.submit(self._see, name)

    def again(self, name: str) -> Future[Recorded]:
        return self.pool.submit(lambda: _without_arrays(self._record(name, "again")[1]))

    def _see(self, name: str) -> Seen:
        facts, run = self._record(name, "once")
        with self.turn:
            evidence = self.grader.inspect(facts, run)
        return Seen(_without_arrays(run), evidence, find(ASSIGNMENT, evidence))

    def _record(self, name: str, copy: str) -> tuple[SubmissionFacts, DryRun]:
        source = write_hand_in(HAND_INS / name, self.folder / copy / name)
        received = receive(source, self.folder / copy / f"{name}-received")
        facts = SubmissionFacts(name=name, sha256=received.sha256, files=received.files)
        return facts, record(self.sandbox, received.folder, ASSIGNMENT, self.npz, PATIENT)


def _without_arrays(run: DryRun) -> Recorded:
    hashes = {name: hashlib.sha256(array.tobytes()).hexdigest() for name, array in run.frames.items()}
    return Recorded(replace(run, frames={}), hashes)


@contextmanager
def desk(dataset: Dataset, folder: Path) -> Iterator[Desk]:
    npz = folder / "data.npz"
    write_recording_npz(dataset, npz)
    with TrainerProcess("cpu") as trainer, ThreadPoolExecutor(max_workers=2) as pool:
        grader = Grader(ASSIGNMENT, dataset, "quick", trainer, RunCache(Store(folder / "cache")))
        yield Desk(folder, npz, choose(), grader, pool)


@pytest.fixture(scope="session")
def on_digits(tmp_path_factory) -> Iterator[tuple[dict[str, Future[Seen]], dict[str, Future[Recorded]]]]:
    with desk(datasets.load("digits"), tmp_path_factory.mktemp("hand_ins")) as made:
        yield {name: made.see(name) for name in NAMES}, {name: made.again(name) for name in TWICE}


@pytest.fixture(scope="session")
def on_mnist(tmp_path_factory) -> Iterator[tuple[dict[str, Future[Seen]], dict[str, Future[Recorded]]]]:
    with desk(datasets.load("mnist"), tmp_path_factory.mktemp("hand_ins_mnist")) as made:
        yield {name: made.see(name) for name in NAMES}, {name: made.again(name) for name in NAMES}


def same(one: Recorded, other: Recorded) -> None:
    """Two recordings are equal but for the time they took, and so are the arrays that crossed with them."""
    untimed = [made.run.recording.model_copy(update={"seconds": 0.0}).model_dump() for made in (one, other)]
    assert untimed[0] == untimed[1]
    assert one.arrays == other.arrays


# --- tests


def test_every_hand_in_is_listed():
    assert sorted(EXPECTED) == NAMES


@pytest.mark.end_to_end
@pytest.mark.parametrize("name", NAMES)
def test_what_is_seen(name, on_digits):
    seen = on_digits[0][name].result()
    assert seen.recorded.run.problem is None
    assert seen.recorded.run.interrupted is None
    assert summary(seen) == expected(name)


@pytest.mark.end_to_end
@pytest.mark.parametrize("name", NAMES)
def test_recording_ends_in_time(name, on_digits):
    seconds = on_digits[0][name].result().recorded.run.recording.seconds
    assert seconds < SECONDS


@pytest.mark.end_to_end
@pytest.mark.parametrize("name", TWICE)
def test_the_same_recording_twice(name, on_digits):
    seen, again = on_digits
    same(seen[name].result().recorded, again[name].result())


@pytest.mark.mnist
@pytest.mark.nightly
@pytest.mark.parametrize("name", NAMES)
def test_on_mnist(name, on_mnist):
    seen, again = on_mnist[0][name].result(), on_mnist[1][name].result()
    assert summary(seen) == expected(name)
    seconds = seen.recorded.run.recording.seconds
    assert seconds < SECONDS
    same(seen.recorded, again)


def _shown(entry: dict[str, Any]) -> Iterator[str]:
    for key, value in entry.items():
        if isinstance(value, dict):
            pairs = ", ".join(f'{name} = "{text}"' for name, text in value.items())
            yield f"{key} = {{ {pairs} }}" if pairs else f"{key} = {{}}"
        elif isinstance(value, list) and len(value) > 1:
            yield f"{key} = ["
            yield from (f'    "{text}",' for text in value)
            yield "]"
        else:
            yield f"{key} = {value!r}".replace("'", '"')


if __name__ == "__main__":
    data = "mnist" if "--mnist" in sys.argv else "digits"
    chosen = [argument for argument in sys.argv[1:] if argument != "--mnist"] or NAMES
    with tempfile.TemporaryDirectory() as scratch, desk(datasets.load(data), Path(scratch)) as made:
        for name, future in [(name, made.see(name)) for name in chosen]:
            run = (seen := future.result()).recorded.run
            print(f"[{name}]", *_shown(summary(seen)), "", sep="\n")
            print(f"# {run.recording.seconds} s", run.problem or "", run.interrupted or "")
            for error in run.recording.errors:
                print("#", error.type, error.message[:200].replace("\n", " "), flush=True)
