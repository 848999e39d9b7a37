"""A sandbox that runs nothing twice: what a whole run gave is kept, and answers when the same is to be run again.

The same is: the hand-in's files with their names, the data file (in a replay the trained weights lie in it), the
job, the worker's code, Python and all installed packages, the variables that the worker sees, the kind of isolation
and the limits, but for the time ones, which a run that came to its end did not meet. What comes out of the store is
believed as little as what comes out of a sandbox: the same readers take it, and what they refuse is removed and
run.
"""

from __future__ import annotations

import dataclasses
import io
import platform
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness import identity
from harness.parsing import RecordingError, parse_recording
from harness.recording import Name, Strict
from harness.sandbox.base import Ended, Frames, Limits, Sandbox, SandboxRun
from harness.sandbox.frames import FrameError, read_npy
from harness.sandbox.process import WORKER, environment
from harness.store import Arrays, Store

MAX_ARRAY_BYTES = 64 * 2**20  # of a run's arrays in all; a hand-in with more is recorded each time
CODE = (*(name.removesuffix(".py") for name in WORKER), "sandbox")
TIME_LIMITS = ("statement_seconds", "run_seconds", "total_seconds")

_RECORDING = "recording"


class KeptRun(Strict):
    """What is kept of a run beside its bytes: the names of its arrays, in order, its log and its seconds."""

    arrays: tuple[Name, ...]
    log: str
    seconds: float


class KeptSandbox:
    """A sandbox, and a store of what its whole runs gave."""

    def __init__(self, sandbox: Sandbox, store: Store) -> None:
        self._sandbox = sandbox
        self._store = store
        self._code = identity.of_source(CODE)

    @property
    def name(self) -> str:
        """Of the sandbox that runs what is not kept."""
        return self._sandbox.name

    @property
    def isolated(self) -> bool:
        """Whether that one isolates."""
        return self._sandbox.isolated

    @property
    def warning(self) -> str:
        """What that one warns of."""
        return self._sandbox.warning

    def run(self, job: dict[str, Any], submission: Path, data: Path | None, limits: Limits) -> SandboxRun:
        """The run that is kept, with `kept` set, or a run of the sandbox. Raises SandboxError as that does.

        Code that is not isolated sees the whole machine, which has no hash: its runs are not kept.
        """
        if not self.isolated:
            return self._sandbox.run(job, submission, data, limits)
        key = self._key(job, submission, data, limits)
        found = self._store.get("recording", key, KeptRun)
        if found is not None:
            run = _restored(*found, limits)
            if run is not None:
                return run
            self._store.drop("recording", key)
        run = self._sandbox.run(job, submission, data, limits)
        arrays = _bytes_of(run)
        if arrays is not None:
            about = KeptRun(arrays=tuple(run.frames.arrays), log=run.log, seconds=run.seconds)
            self._store.put("recording", key, about, arrays)
        return run

    def _key(self, job: dict[str, Any], submission: Path, data: Path | None, limits: Limits) -> str:
        settings = {name: value for name, value in dataclasses.asdict(limits).items() if name != "seconds"}
        machine = [platform.machine(), environment("", limits)]
        return identity.of_values(
            {name: value for name, value in job.items() if name not in TIME_LIMITS},
            identity.of_folder(submission),
            identity.of_files([("data", data)]) if data else None,
            self._code, identity.packages(), self.name, settings, machine,
        )  # fmt: skip


def is_whole(run: SandboxRun) -> bool:
    """Whether a run depends on nothing but what was run: it came to its end by itself, its recording is valid and
    complete, and no time limit ended a statement or a loop in it."""
    if run.ended is not Ended.FINISHED or run.frames.recording is None or run.frames.figures:
        return False
    try:
        recording = parse_recording(run.frames.recording)
    except RecordingError:
        return False
    timed_out = any(error.kind == "timeout" for error in recording.errors)
    return recording.complete and not timed_out and not any(one.stopped for one in recording.self_trained)


def _bytes_of(run: SandboxRun) -> Arrays | None:
    """A run's recording and arrays as bytes; None where it is not to be kept."""
    if run.frames.recording is None or not is_whole(run):
        return None
    if sum(array.nbytes for array in run.frames.arrays.values()) > MAX_ARRAY_BYTES:
        return None
    packed: Arrays = {_RECORDING: np.frombuffer(run.frames.recording, np.uint8)}
    for number, array in enumerate(run.frames.arrays.values()):
        body = io.BytesIO()
        np.save(body, array, allow_pickle=False)
        packed[_numbered(number)] = np.frombuffer(body.getvalue(), np.uint8)
    return packed


def _restored(about: KeptRun, packed: Arrays, limits: Limits) -> SandboxRun | None:
    """The run that was kept, or None where its readers refuse anything of it."""
    arrays: dict[str, NDArray[np.generic]] = {}
    try:
        recording = packed[_RECORDING].tobytes()
        for number, name in enumerate(about.arrays):
            arrays[name] = read_npy(packed[_numbered(number)].tobytes(), limits)
    except (KeyError, FrameError):
        return None
    run = SandboxRun(Frames(recording, arrays), Ended.FINISHED, 0, log=about.log, seconds=about.seconds, kept=True)
    return run if is_whole(run) else None


def _numbered(number: int) -> str:
    return f"a{number:04}"
