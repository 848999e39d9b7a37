"""What a process needs to grade: the assignment, the data, a sandbox, a trainer and a store, made once for many
submissions, on the coordinator's machine or on another."""

from __future__ import annotations

import contextlib
import io
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from harness import datasets
from harness.assignment import Assignment, load
from harness.calibrated import Profile
from harness.datasets import Dataset, DatasetError, DatasetName
from harness.recorded_rows import write_recording_npz
from harness.sandbox import Sandbox, choose
from harness.sandbox.base import Limits
from harness.sandbox.kept import KeptSandbox
from harness.store import DEFAULT_LIMIT, Store
from harness.training.cache import RunCache
from harness.training.process import Device, TrainerProcess

DataName = Literal["auto", "mnist", "fashion_mnist", "digits"]
Isolation = Literal["required", "preferred"]
Tell = Callable[[dict[str, Any]], None]
"""Told what a stage is doing, as plain data: `event` names a method of Progress, the rest are its arguments."""


class NotIsolated(RuntimeError):
    """Other people's code would run without a sandbox, and nobody allowed it."""


def nobody(_event: dict[str, Any]) -> None:
    """Tells nobody."""


@dataclass(frozen=True)
class Folder:
    """A folder that may be needed on another machine: where it is on this one, and its files' bytes as a .zip for
    where it is not. Made of trusted code's own folders only: an assignment, or a hand-in after intake."""

    path: Path
    packed: bytes = b""

    @classmethod
    def of(cls, path: Path, travels: bool) -> Folder:
        """The folder at `path`; with its bytes where it `travels`."""
        if not travels:
            return cls(path)
        body = io.BytesIO()
        with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in sorted(path.rglob("*")):
                if file.is_file() and "__pycache__" not in file.parts:
                    archive.write(file, file.relative_to(path).as_posix())
        return cls(path, body.getvalue())

    def at(self, place: Path) -> Path:
        """The folder on this machine: where it was made, or unpacked at `place`, which is of this folder alone."""
        if not self.packed:
            return self.path
        if not place.exists():
            with zipfile.ZipFile(io.BytesIO(self.packed)) as archive:
                archive.extractall(place)
            place.mkdir(exist_ok=True)
        return place


@dataclass(frozen=True)
class Setup:
    """What a bench is made from, plain enough to travel. `store`: the folder of what was computed before; None:
    the machine's own."""

    assignment: Folder
    data: DataName
    profile: Profile
    device: Device = "auto"
    isolation: Isolation = "required"
    store: Path | None = None
    store_limit: int = DEFAULT_LIMIT
    limits: Limits | None = None
    dataset_sha256: str = ""
    """Of the coordinator's data: a bench with other data is refused."""
    only: tuple[str, ...] = ()
    """The tasks for whose verdicts networks are trained; all where there is none."""


@dataclass(frozen=True)
class Bench:
    """A process's tools. `scratch` is a folder of its own, removed with the bench."""

    setup: Setup
    assignment: Assignment
    dataset: Dataset
    npz: Path
    scratch: Path
    sandbox: Sandbox
    cache: RunCache
    trainer: TrainerProcess
    tell: Tell = field(default=nobody)


@contextlib.contextmanager
def bench(setup: Setup, tell: Tell = nobody) -> Iterator[Bench]:
    """The tools of this process, until the end of the block. No framework is started before it is needed.

    Raises NotIsolated, DatasetError, AssignmentError and DeviceUnavailable.
    """
    sandbox = sandbox_for(setup.isolation)
    with tempfile.TemporaryDirectory(prefix="harness-") as name, TrainerProcess(setup.device) as trainer:
        scratch = Path(name)
        assignment = load(str(setup.assignment.at(scratch / "assignment")))
        dataset = load_dataset(setup.data, assignment.dataset)
        if setup.dataset_sha256 and dataset.sha256 != setup.dataset_sha256:
            raise DatasetError(
                f"{dataset.name} on this machine is not the {dataset.name} that the class is graded on"
            )
        npz = scratch / "data.npz"
        write_recording_npz(dataset, npz)
        trainer.describe()  # a device that is not there is said before anything runs
        store = Store(setup.store or Store.default_folder(), setup.store_limit)
        yield Bench(
            setup=setup, assignment=assignment, dataset=dataset, npz=npz, scratch=scratch,
            sandbox=KeptSandbox(sandbox, store), cache=RunCache(store), trainer=trainer, tell=tell,
        )  # fmt: skip


def sandbox_for(isolation: Isolation) -> Sandbox:
    """The sandbox of this machine. Raises NotIsolated where isolation is required and cannot be had."""
    sandbox = choose()
    if isolation == "required" and not sandbox.isolated:
        raise NotIsolated(
            "This machine cannot isolate student code: bubblewrap is missing or does not work (`harness doctor` "
            "says why). Install it (`apt install bubblewrap`), or say --allow-unisolated for code that you trust."
        )
    return sandbox


def load_dataset(name: DataName, own: DatasetName) -> Dataset:
    """The data set of this name; for auto, the assignment's `own` where it can be had. Raises DatasetError."""
    return datasets.resolve(name, own)[0]
