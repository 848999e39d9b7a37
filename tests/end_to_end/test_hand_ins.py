"""Hand-ins as students write them, each with a mistake, a dialect or a template, are recorded and understood.

`tests/hand_ins/expected.toml` states of each which findings it has and where, which fits answer which task, and
which errors are left. `python tests/end_to_end/test_hand_ins.py NAME…` prints what is seen, in that file's form.
"""

from __future__ import annotations

import os
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
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
from harness.recording import Finding, Where
from harness.results import SubmissionFacts
from harness.sandbox import choose
from harness.training.cache import RunCache
from harness.training.process import TrainerProcess

HAND_INS = Path(__file__).resolve().parents[1] / "hand_ins"
EXPECTED = tomllib.loads((HAND_INS / "expected.toml").read_text(encoding="utf-8"))
NAMES = sorted(path.name for path in HAND_INS.iterdir() if path.is_dir())
TWICE = NAMES[::3]
"""Recorded a second time on every push; the others at night."""
SECONDS = 60.0
"""What recording one hand-in may take on two cores, by contract."""
ASSIGNMENT = load("dat405_a7")


@dataclass(frozen=True)
class Seen:
    """What the harness made of one hand-in before training, and its second recording where there is one."""

    run: DryRun
    evidence: Evidence
    findings: tuple[Finding, ...]
    again: DryRun | None = None


def summary(seen: Seen) -> dict[str, Any]:
    """The hand-in's entry of expected.toml."""
    recording = seen.run.recording
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


@contextmanager
def recorder(dataset: Dataset, folder: Path) -> Iterator[Any]:
    """A function that records the hand-ins of these names, two at a time, some of them twice."""
    npz = folder / "data.npz"
    datasets.write_recording_npz(dataset, npz)
    sandbox = choose()
    pool = ThreadPoolExecutor(max_workers=2)
    with TrainerProcess("cpu") as trainer:
        grader = Grader(ASSIGNMENT, dataset, "quick", trainer, RunCache(folder / "cache"))

        def dry_run(name: str, copy: int) -> tuple[SubmissionFacts, DryRun]:
            source = write_hand_in(HAND_INS / name, folder / f"{name}-{copy}")
            received = receive(source, folder / f"{name}-{copy}-received")
            facts = SubmissionFacts(name=name, sha256=received.sha256, files=received.files)
            return facts, record(sandbox, received.folder, ASSIGNMENT, npz)

        def all_of(names: Sequence[str], twice: Sequence[str]) -> dict[str, Seen]:
            runs = {name: pool.submit(dry_run, name, 1) for name in names}
            second: dict[str, Future[Any]] = {name: pool.submit(dry_run, name, 2) for name in twice}
            seen = {}
            for name, future in runs.items():
                facts, run = future.result()
                evidence = grader.inspect(facts, run)
                again = second[name].result()[1] if name in second else None
                seen[name] = Seen(run, evidence, find(ASSIGNMENT, evidence), again)
            return seen

        with pool:
            yield all_of


@pytest.fixture(scope="session")
def on_digits(tmp_path_factory) -> dict[str, Seen]:
    with recorder(datasets.load("digits"), tmp_path_factory.mktemp("hand_ins")) as recorded:
        return recorded(NAMES, TWICE)


@pytest.fixture(scope="session")
def on_mnist(tmp_path_factory) -> dict[str, Seen]:
    with recorder(datasets.load("mnist"), tmp_path_factory.mktemp("hand_ins_mnist")) as recorded:
        return recorded(NAMES, NAMES)


def same(one: DryRun, other: DryRun) -> None:
    """Two recordings are equal but for the time they took, and so are the arrays that crossed with them."""
    untimed = [run.recording.model_copy(update={"seconds": 0.0}).model_dump() for run in (one, other)]
    assert untimed[0] == untimed[1]
    assert one.frames.keys() == other.frames.keys()
    for name, array in one.frames.items():
        assert np.array_equal(array, other.frames[name], equal_nan=array.dtype.kind == "f"), name


# --- tests


def test_every_hand_in_is_listed():
    assert sorted(EXPECTED) == NAMES


@pytest.mark.end_to_end
@pytest.mark.parametrize("name", NAMES)
def test_what_is_seen(name, on_digits):
    seen = on_digits[name]
    assert seen.run.problem is None
    assert seen.run.interrupted is None
    assert summary(seen) == expected(name)


@pytest.mark.end_to_end
@pytest.mark.parametrize("name", NAMES)
def test_recording_ends_in_time(name, on_digits):
    assert on_digits[name].run.recording.seconds < SECONDS


@pytest.mark.end_to_end
@pytest.mark.parametrize("name", TWICE)
def test_the_same_recording_twice(name, on_digits):
    seen = on_digits[name]
    assert seen.again is not None
    same(seen.run, seen.again)


@pytest.mark.mnist
@pytest.mark.nightly
@pytest.mark.parametrize("name", NAMES)
def test_on_mnist(name, on_mnist):
    seen = on_mnist[name]
    assert summary(seen) == expected(name)
    assert seen.run.recording.seconds < SECONDS
    assert seen.again is not None
    same(seen.run, seen.again)


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
    chosen = sys.argv[1:] or NAMES
    data = os.environ.get("HAND_INS_DATA", "digits")
    with tempfile.TemporaryDirectory() as scratch, recorder(datasets.load(data), Path(scratch)) as recorded:
        for name, seen in recorded(chosen, ()).items():
            print(f"[{name}]", *_shown(summary(seen)), "", sep="\n")
            print(f"# {seen.run.recording.seconds} s", seen.run.problem or "", seen.run.interrupted or "")
            for error in seen.run.recording.errors:
                print("#", error.type, error.message[:200].replace("\n", " "))
