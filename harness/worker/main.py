"""The worker's program: read the job, run the hand-in, send what was seen."""

from __future__ import annotations

import json
import os
import shutil
import struct
import sys
import time
import types
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from pydantic import BaseModel, ConfigDict

from harness.recording import (
    MAX_RECORDING_BYTES,
    CellError,
    Finding,
    FunctionRecord,
    NoiseProbe,
    Passage,
    Recording,
    ReportRecord,
    SourceRecord,
    Where,
)
from harness.worker import data_paths, keras2, loaders, quick_random, standins
from harness.worker.arrays import Recogniser
from harness.worker.cells import Cell, HandIn, clean, read_hand_in
from harness.worker.contract import Contract, ContractRun
from harness.worker.execute import Runner
from harness.worker.figures import close_figures
from harness.worker.frames import FrameWriter
from harness.worker.probe import probe_noise
from harness.worker.recorder import Recorder
from harness.worker.replay import Replay, TrainedFit
from harness.worker.reports import read_reports


class Paths(BaseModel):
    """Folders and files as seen from inside the sandbox."""

    submission: str
    data: str | None = None
    scratch: str


class Job(BaseModel):
    """What the worker is asked to do. Comes from trusted code."""

    model_config = ConfigDict(extra="forbid")

    paths: Paths
    contract: Contract = Contract()
    datasets: tuple[str, ...] = ("mnist",)
    statement_seconds: float = 60.0
    run_seconds: float = 240.0
    seed: int = 0
    replay: dict[str, TrainedFit] | None = None
    generate: int = 200


def main() -> None:
    """Run one job from standard input. Frames go to the original standard output, everything else to stderr."""
    channel = _claim_channel()
    (length,) = struct.unpack(">Q", sys.stdin.buffer.read(8))
    job = Job.model_validate(json.loads(sys.stdin.buffer.read(length)))
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)  # input() meets the end of the file, not a person
    session = Session(job, FrameWriter(channel))
    session.run()
    # A hand-in may leave threads behind that never end; everything has been sent.
    os._exit(0)


def _claim_channel() -> BinaryIO:
    """Take the original standard output for frames; what anyone prints from now on goes to stderr."""
    channel = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return channel


class Session:
    """One dry run from the first file to the last frame."""

    def __init__(self, job: Job, frames: FrameWriter) -> None:
        self._job = job
        self._frames = frames
        self._started = time.monotonic()
        self._namespaces: list[dict[str, Any]] = []
        self._contract: ContractRun | None = None
        self._probes: list[NoiseProbe] = []
        self._hand_in = HandIn("nothing", (), (), ())
        self._reports: tuple[ReportRecord, ...] = ()
        self._unread: tuple[CellError, ...] = ()
        _seed_everything(job.seed)
        self._work = _working_copy(job)
        if job.paths.data is None:
            raise ValueError("the job names no data")
        npz = Path(job.paths.data)
        self._data = loaders.read_data(npz)
        standins.install(self._note, self._is_theirs)  # before the runner copies the builtins
        data_paths.DataFiles(npz, Path(job.paths.scratch) / ".data", self._note).install()
        self._runner = Runner(self._supply, job.statement_seconds, self._end_of_cell)
        self._replay = None if job.replay is None else Replay(job.replay, npz, frames, self._statement)
        recogniser = Recogniser(self._data, frames)
        self._recorder = Recorder(recogniser, self._where, self._replay)
        home = Path(os.environ.get("KERAS_HOME", str(Path(job.paths.scratch) / ".keras")))
        loaders.Loaders(self._data, job.datasets, self._note, recogniser.remember_images).install(npz, home)
        keras2.install(self._note)
        quick_random.install()
        self._recorder.install()
        if self._replay is not None:
            self._replay.install()

    def run(self) -> None:
        """Read the hand-in, run it, and send the recording; a snapshot after each cell that fitted something."""
        self._hand_in = read_hand_in(self._work)
        self._reports, self._unread = read_reports(self._work)
        sent = 0
        going = True
        for cells in self._hand_in.files:
            self._namespaces.append(self._runner.namespace)
            self._enter(self._work / cells[0].file if cells else self._work)
            for cell in cells:
                going = going and self._in_time() and self._runner.run_cell(cell)
                if len(self._recorder.fits) > sent:
                    sent = len(self._recorder.fits)
                    self._send(complete=False)
            if self._hand_in.kind == "contract":
                self._contract = ContractRun(
                    self._job.contract, self._runner, self._recorder, self._data, self._job.statement_seconds
                )
                self._contract.run()
                if self._replay is not None:
                    self._replay.hand_over(self._contract.generated(self._job.generate))
            self._probes += probe_noise(self._runner, self._frames, self._job.contract.noise)
            if self._hand_in.kind != "contract" and cells is not self._hand_in.files[-1]:
                self._runner.fresh_namespace()
                going = True
                if self._replay is not None:
                    self._replay.end_of_file()
        if self._replay is not None and self._hand_in.kind != "contract":
            self._replay.hand_over(None)
        self._send(complete=True)

    def _end_of_cell(self, cell: Cell) -> None:
        self._recorder.end_of_cell()
        if self._replay is not None:
            self._replay.end_of_cell(cell, self._runner.namespace)
        close_figures()

    def _enter(self, file: Path) -> None:
        """Run a file where it lies, as Jupyter does: beside its data and its modules."""
        folder = file.parent if file.parent.is_dir() else self._work
        os.chdir(folder)
        if str(folder) not in sys.path:
            sys.path.insert(1, str(folder))

    def _supply(self, name: str) -> Any:
        return keras2.supplier(self._note)(name)

    def _note(self, code: str, message: str) -> None:
        self._recorder.note(code, message)

    def _is_theirs(self, code: types.CodeType) -> bool:
        return self._runner.where_of(code) is not None or code.co_filename.startswith(str(self._work))

    def _where(self) -> Where | None:
        return (self._contract.where if self._contract else None) or self._runner.where()

    def _statement(self) -> Where | None:
        return self._runner.statement

    def _in_time(self) -> bool:
        return time.monotonic() - self._started < self._job.run_seconds

    def _send(self, complete: bool) -> None:
        recording = self._recording(complete)
        if len(recording.model_dump_json().encode()) > MAX_RECORDING_BYTES:
            recording = recording.model_copy(update={"printed": (), "saved_outputs": (), "models": ()})
        fits = len(recording.fits)
        while fits and len(recording.model_dump_json().encode()) > MAX_RECORDING_BYTES:
            fits //= 2
            message = f"Of {len(self._recorder.fits)} calls of fit only the first {fits} could be kept."
            cut = Finding(code="too-much-to-record", message=message)
            recording = recording.model_copy(
                update={"fits": recording.fits[:fits], "findings": (*self._recorder.findings, cut)}
            )
        self._frames.recording(recording)

    def _recording(self, complete: bool) -> Recording:
        cells = [cell for cells in self._hand_in.files for cell in cells]
        errors = [
            CellError(where=Where(file=name), type="UnreadableFileError", message=reason, kind="syntax")
            for name, reason in self._hand_in.unreadable
        ]
        return Recording(
            kind=self._hand_in.kind,
            complete=complete and self._in_time(),
            fits=tuple(self._recorder.fits),
            figures=self._replay.figures if self._replay else (),
            placeholders=self._replay.placeholders if self._replay else (),
            models=self._recorder.models(self._namespaces)[:2_000] if complete else (),
            self_trained=self._recorder.self_trained(self._frames) if complete else (),
            uses=tuple(self._recorder.uses),
            functions=tuple(self._functions()),
            noise_probes=tuple(self._probes[:32]),
            errors=(*errors, *self._unread, *self._runner.errors)[:2_000],
            findings=(
                *self._recorder.findings,
                *data_paths.missing(self._runner.errors),
                *_shadowing(self._work),
            ),
            sources=tuple(SourceRecord(where=cell.where, text=cell.text[:400_000]) for cell in cells[:5_000]),
            answers=self._hand_in.answers[:5_000],
            reports=self._reports,
            printed=tuple(self._runner.printed[:5_000]),
            saved_outputs=tuple(_saved(cells)[:5_000]),
            versions=_versions(),
            seconds=round(time.monotonic() - self._started, 3),
        )

    def _functions(self) -> list[FunctionRecord]:
        found = []
        for namespace in self._namespaces:
            for name, value in list(namespace.items()):
                if type(value) is types.FunctionType and self._runner.where_of(value.__code__):
                    names = value.__code__.co_varnames[: value.__code__.co_argcount]
                    found.append(
                        FunctionRecord(
                            name=clean(str(name))[:300],
                            parameters=tuple(parameter[:300] for parameter in names[:64]),
                            where=self._runner.where_of(value.__code__),
                            docstring=clean(value.__doc__)[:2_000] if isinstance(value.__doc__, str) else "",
                        )
                    )
        return found[:2_000]


def _saved(cells: list[Cell]) -> list[Passage]:
    return [Passage(where=cell.where, text=text) for cell in cells for text in cell.saved_outputs]


def _working_copy(job: Job) -> Path:
    """A writable copy of the hand-in in the scratch folder; the run happens there."""
    work = Path(job.paths.scratch) / "work"
    shutil.copytree(job.paths.submission, work, copy_function=shutil.copyfile)
    os.chdir(work)
    sys.path.insert(1, str(work))  # behind the standard library's entry, so that it cannot be shadowed by chance
    sys.argv = ["notebook"]
    return work


def _shadowing(work: Path) -> tuple[Finding, ...]:
    """Files of the hand-in named like a library that it imports."""
    libraries = ("numpy", "keras", "tensorflow", "matplotlib", "json", "random", "math", "os", "sys")
    return tuple(
        Finding(
            code="shadows-library",
            message=f"`{path.name}` has the name of a library; rename it, or imports pick the wrong one.",
            where=Where(file=path.name),
        )
        for name in libraries
        for path in (work / f"{name}.py", work / name)
        if path.exists()
    )


def _seed_everything(seed: int) -> None:
    import random

    import keras

    random.seed(seed)
    np.random.seed(seed)
    keras.utils.set_random_seed(seed)


def _versions() -> dict[str, str]:
    import keras
    import tensorflow

    return {
        "python": ".".join(map(str, sys.version_info[:3])),
        "keras": str(keras.__version__),
        "tensorflow": str(tensorflow.__version__),
        "numpy": str(np.__version__),
    }
