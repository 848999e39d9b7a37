"""The worker's program: read the job, run the hand-in, send what was seen."""

from __future__ import annotations

import contextlib
import json
import os
import struct
import sys
import time
import types
from pathlib import Path
from typing import BinaryIO

from harness.keras_import import import_keras
from harness.recording import (
    MAX_RECORDING_BYTES,
    CellError,
    Finding,
    FunctionRecord,
    NoiseProbe,
    Passage,
    Recording,
    ReportRecord,
    SavedModelRecord,
    SourceRecord,
    Where,
)
from harness.worker import (
    data_paths,
    keras2,
    keras2_modules,
    loaders,
    packages,
    prepare,
    processes,
    quick_random,
    saved_models,
    standins,
)
from harness.worker.arrays import Recogniser
from harness.worker.cells import Cell, HandIn, clean, read_hand_in
from harness.worker.contents import Contents
from harness.worker.contract import ContractRun
from harness.worker.everyday import supplier
from harness.worker.execute import Hooks, Runner, Space
from harness.worker.explain import explain
from harness.worker.figures import close_figures
from harness.worker.frames import FrameWriter
from harness.worker.job import Job
from harness.worker.keras2_methods import adapt_fit
from harness.worker.names import Names
from harness.worker.order import executed, explain_undefined, names_in, needed, space_to_go_on_in
from harness.worker.own_files import Importer, OwnFiles, is_main_guard, run_file
from harness.worker.own_modules import install as install_folders
from harness.worker.own_modules import missing_folders
from harness.worker.own_time import OwnClock
from harness.worker.probe import probe_noise
from harness.worker.recorder import Recorder
from harness.worker.replay import Replay
from harness.worker.reports import read_reports
from harness.worker.run_delay import Deadline, waited
from harness.worker.shell import Shell


def main() -> None:
    """Run one job from standard input. Frames go to the original standard output, everything else to stderr."""
    began = time.monotonic()
    channel = _claim_channel()
    (length,) = struct.unpack(">Q", sys.stdin.buffer.read(8))
    job = Job.model_validate(json.loads(sys.stdin.buffer.read(length)))
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)  # input() meets the end of the file, not a person
    session = Session(job, FrameWriter(channel), began)
    session.run()
    with contextlib.suppress(Exception):  # what a contract's functions printed; anything may be here
        sys.stdout.flush()
    # A hand-in may leave threads behind that never end; everything has been sent.
    os._exit(0)


def _claim_channel() -> BinaryIO:
    """Take the original standard output for frames; what anyone prints from now on goes to stderr."""
    channel = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return channel


PROBE_SECONDS = 4.0  # that trying the noise function may take at least


class Session:
    """One dry run from the first file to the last frame."""

    def __init__(self, job: Job, frames: FrameWriter, began: float) -> None:
        self._job = job
        self._frames = frames
        self._spaces: list[Space] = []
        self._contract: ContractRun | None = None
        self._clock = OwnClock()
        self._probes: list[NoiseProbe] = []
        self._hand_in = HandIn("nothing", (), (), ())
        self._names: dict[Cell, Names] = {}
        self._placed: list[Finding] = []
        self._sent = 0
        self._reports: tuple[ReportRecord, ...] = ()
        self._unread: tuple[CellError, ...] = ()
        self._saved_models: tuple[SavedModelRecord, ...] = ()
        import_keras(wrappers=prepare.names_wrappers(job.paths.submission))
        prepare.seed_everything(job.seed)
        keras2_modules.unite_trees()
        frames.recording(Recording())  # from here on an end may be the hand-in's doing; before, it cannot
        self._work = prepare.working_copy(job.paths.submission, job.paths.scratch)
        self._own = OwnFiles(self._work)
        if job.paths.data is None:
            raise ValueError("the job names no data")
        npz = Path(job.paths.data)
        self._data = loaders.read_data(npz)
        standins.install(self._note, self._is_theirs)  # before the runner copies the builtins
        data_paths.DataFiles(npz, Path(job.paths.scratch) / ".data", self._note).install()
        self._runner = Runner(supplier(self._note, self._own_names), job.statement_seconds, self._hooks())
        self._replay = None if job.replay is None else Replay(job.replay, npz, frames, self._statement)
        recogniser = Recogniser(self._data, frames, Contents(frames, total_bytes=job.content_bytes))
        self._recorder = Recorder(recogniser, self._where, self._replay, self._clock.now)
        home = Path(os.environ.get("KERAS_HOME", str(Path(job.paths.scratch) / ".keras")))
        loaders.Loaders(self._data, job.datasets, self._note, recogniser.remember_images).install(npz, home)
        packages.install(self._note)
        keras2.install(self._note, self._is_theirs)
        quick_random.install()
        self._recorder.install()
        adapt_fit(self._note)
        if self._replay is not None:
            self._replay.install()
        processes.install(self._is_theirs)
        standins.serve_shell(self._shell, self._is_theirs)
        Importer(self._own, self._runner).install()
        self._started = time.monotonic()
        self._end = self._clock.now() + job.run_seconds
        self._latest = Deadline(began, job.total_seconds, lambda seconds: waited([os.getpid()], seconds))

    def _hooks(self) -> Hooks:
        return Hooks(
            end_of_cell=self._end_of_cell,
            left=self._left,
            clock=self._clock.now,
            failed=lambda error: explain(error, self._note),
            note=self._note_at,
            ipython=lambda _runner: self._shell(),
            import_=keras2.importer(self._note),
        )

    def run(self) -> None:
        """Read the hand-in, run it, and send the recording; a snapshot after each cell that fitted something."""
        self._hand_in = read_hand_in(self._work)
        self._reports, self._unread = read_reports(self._work)
        self._own.add(self._hand_in.files)
        self._names = names_in(cell for cells in self._hand_in.files for cell in cells)
        scripts = [path for path in self._work.rglob("*.py") if path.is_file()]
        install_folders(missing_folders((cell.text for cell in self._names), scripts))
        for cells in self._hand_in.files:
            if not self._runner.out_of_time:
                self._run_file(cells)
        if self._hand_in.kind == "contract":
            self._run_contract()
        if self._replay is not None and self._hand_in.kind != "contract":
            self._replay.hand_over(None)
        if self._replay is None:
            self._read_saved_models()
        self._send(complete=True)

    def _read_saved_models(self) -> None:
        """As they were handed in; the code has run by then, and may have overwritten its copies. What it did is
        sent first: HDF5's library may not survive every file."""
        folder = Path(self._job.paths.submission)
        if saved_models.handed_in(folder):
            self._send(complete=False)
            self._saved_models = saved_models.read_all(folder, self._frames)

    def _run_file(self, cells: tuple[Cell, ...]) -> None:
        """Run one file in a namespace of its own, or in that of an earlier file whose names it needs. A file that
        another has imported goes on with what stands under `if __name__ == "__main__"`."""
        if not cells:
            return
        prepare.enter(self._work / cells[0].file, self._work)
        known = self._own.ran.get(cells[0].file)
        if known is not None:
            self._runner.enter(known)
            if known.names.get("__name__") != "__main__":
                known.names["__name__"] = "__main__"
                self._runner.run_rest(cells, is_main_guard)
        else:
            self._enter_space(cells)
            for cell in executed(cells) if self._job.order == "executed" else cells:
                if not self._runner.run_cell(cell):
                    break
                self._send_snapshot()
        self._send_snapshot()
        if self._hand_in.kind != "contract":
            self._probe()

    def _enter_space(self, cells: tuple[Cell, ...]) -> None:
        space = space_to_go_on_in(needed(self._names[cell] for cell in cells), self._spaces)
        if space is not None:
            self._runner.enter(space)
        elif self._spaces:
            self._runner.fresh_namespace()
            if self._replay is not None:
                self._replay.end_of_file()
        if space is None:
            self._spaces.append(self._runner.space)
        self._own.ran[cells[0].file] = self._runner.space

    def _run_contract(self) -> None:
        self._contract = ContractRun(
            self._job.contract,
            self._runner,
            self._recorder,
            self._data,
            min(self._job.statement_seconds, max(1.0, self._left() / 4)),
        )
        self._contract.run()
        if self._replay is not None:
            self._replay.hand_over(self._contract.generated(self._job.generate))
        self._probe()

    def _probe(self) -> None:
        seconds = max(PROBE_SECONDS, min(self._left(), 3 * PROBE_SECONDS))
        self._probes += probe_noise(self._runner, self._frames, self._job.contract.noise, seconds)

    def _end_of_cell(self, cell: Cell) -> None:
        self._recorder.end_of_cell()
        if self._replay is not None:
            self._replay.end_of_cell(cell, self._runner.namespace)
        close_figures()

    def _shell(self) -> Shell:
        return Shell(self._runner, lambda name: run_file(self._own, self._runner, name))

    def _own_names(self) -> set[str]:
        """Names that the running file sets itself, other than by an import."""
        where = self._runner.statement
        file = where.file if where else ""
        return set().union(*(names.bound for cell, names in self._names.items() if cell.file == file))

    def _note(self, code: str, message: str) -> None:
        self._recorder.note(code, message)

    def _note_at(self, code: str, message: str, where: Where | None) -> None:
        self._placed.append(Finding(code=code, message=message, where=where))

    def _is_theirs(self, code: types.CodeType) -> bool:
        return self._runner.where_of(code) is not None or code.co_filename.startswith(str(self._work))

    def _where(self) -> Where | None:
        return (self._contract.where if self._contract else None) or self._runner.where()

    def _statement(self) -> Where | None:
        return self._runner.statement

    def _left(self) -> float:
        """Seconds that the hand-in's code still has: of its own time, and before the worker is ended."""
        return min(self._end - self._clock.now(), self._latest.left())

    def _send_snapshot(self) -> None:
        if len(self._recorder.fits) > self._sent:
            self._sent = len(self._recorder.fits)
            self._send(complete=False)

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
        cells = [cell for cells in self._own.all for cell in cells]
        errors = [
            CellError(where=Where(file=name), type="UnreadableFileError", message=reason, kind="syntax")
            for name, reason in self._hand_in.unreadable
        ]
        return Recording(
            kind=self._hand_in.kind,
            complete=complete and not self._runner.out_of_time,
            order=self._job.order,
            fits=tuple(self._recorder.fits),
            figures=self._replay.figures if self._replay else (),
            placeholders=self._replay.placeholders if self._replay else (),
            models=self._recorder.models([space.names for space in self._all_spaces()])[:2_000] if complete else (),
            self_trained=self._recorder.self_trained(self._frames) if complete else (),
            saved_models=self._saved_models,
            uses=tuple(self._recorder.uses),
            functions=tuple(self._functions()),
            noise_probes=tuple(self._probes[:32]),
            errors=(*errors, *self._unread, *self._runner.errors)[:2_000],
            findings=(
                *self._recorder.findings,
                *data_paths.missing(self._runner.errors),
                *self._placed,
                *explain_undefined(self._runner.undefined, self._names),
                *prepare.shadowing(self._work),
            ),
            sources=tuple(
                SourceRecord(where=cell.where, count=cell.count, text=cell.text[:400_000]) for cell in cells[:5_000]
            ),
            answers=self._hand_in.answers[:5_000],
            reports=self._reports,
            printed=tuple(self._runner.printed[:5_000]),
            saved_outputs=tuple(_saved(cells)[:5_000]),
            versions=prepare.versions(),
            seconds=round(time.monotonic() - self._started, 3),
        )

    def _all_spaces(self) -> list[Space]:
        """The namespaces of files that ran, those that were only imported last."""
        spaces = [*self._spaces, *self._own.ran.values()]
        return list({id(space): space for space in spaces}.values())

    def _functions(self) -> list[FunctionRecord]:
        found = []
        for space in self._all_spaces():
            for name, value in list(space.names.items()):
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
