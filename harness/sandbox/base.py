"""What every sandbox has in common: the limits, what comes back from a run, and the protocol itself.

A sandbox is the process that may run student code. Nothing that comes out of it is believed; everything that comes
out is bounded by `Limits`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from harness.recording import MAX_RECORDING_BYTES

KIB, MIB, GIB = 2**10, 2**20, 2**30


class SandboxError(Exception):
    """The sandbox itself failed, before or beside the student's code: our fault, never theirs."""


@dataclass(frozen=True)
class Limits:
    """What one run may use. Bytes and seconds throughout; time runs from the start of the worker,
    less what it waited for a processor (`harness.worker.run_delay`)."""

    seconds: float = 300.0
    memory_bytes: int = 8 * GIB
    """Address space of one process (TensorFlow alone needs 2.5 GiB of it)."""
    total_memory_bytes: int = 8 * GIB
    """Memory of all processes of a run together, and of its files in memory, where a control group can be made."""
    processes: int = 128
    """Processes and threads together, where the kernel can count them for the sandbox alone."""
    threads: int = 2
    """Threads that numeric libraries are told to use."""
    open_files: int = 512
    scratch_bytes: int = 256 * MIB
    """The private folder, and the largest single file."""
    log_bytes: int = 64 * KIB
    """How much of the log is kept: its first half and its last."""
    log_flood_bytes: int = 64 * MIB
    """More log than this ends the run."""
    frame_bytes_total: int = 768 * MIB
    """All frames of a run together: arrays (the worker sends 384 MiB of them at most) and each state of the
    recording."""
    recording_bytes: int = MAX_RECORDING_BYTES
    array_bytes: int = 192 * MIB + 4 * KIB
    """One array and its header; MNIST's training images take 179 MiB as float32."""
    arrays: int = 2_048
    array_dimensions: int = 8
    figure_bytes: int = 8 * MIB
    figures: int = 256


@dataclass(frozen=True)
class Frames:
    """What came through the frame channel, unbelieved. Of several recordings, or several frames of one kind with
    one name, the last that was complete is here. Figures are PNG bytes that nobody has decoded yet."""

    recording: bytes | None = None
    arrays: dict[str, NDArray[np.generic]] = field(default_factory=dict)
    figures: dict[str, bytes] = field(default_factory=dict)


class Ended(StrEnum):
    """How a run ended. Only `finished` says that the worker left by itself with return code 0."""

    FINISHED = "finished"
    TIMEOUT = "timeout"
    OUT_OF_MEMORY = "out_of_memory"
    CRASHED = "crashed"
    """A return code other than 0, or a signal such as SIGSEGV."""
    KILLED = "killed"
    """A SIGKILL that was not ours: its own, or the kernel's when the machine ran short of memory."""
    OUTPUT_FLOOD = "output_flood"
    """More log or more frames than the limits allow."""
    BAD_FRAMES = "bad_frames"
    """The frame channel carried something that is not a frame."""


@dataclass(frozen=True)
class SandboxRun:
    """One run: the frames that came before its end, how it ended, and what it printed."""

    frames: Frames
    ended: Ended
    return_code: int | None = None
    """The worker's own; None where a signal ended it."""
    signal: int | None = None
    log: str = ""
    """Standard error, at most `log_bytes` of it, without control characters or escape sequences."""
    seconds: float = 0.0
    waited: float = 0.0
    """How many of them its limit did not count, because it waited for a processor; told where it met the limit."""
    detail: str = ""
    """A sentence for a person about an end that is not `finished`."""
    kept: bool = False
    """It is a run of before, which is not made again (`harness.sandbox.kept`)."""


@runtime_checkable
class Sandbox(Protocol):
    """Runs student code and hands back what it said."""

    @property
    def name(self) -> str:
        """For instance "bubblewrap"."""

    @property
    def isolated(self) -> bool:
        """True where student code cannot reach the machine: other people's code may run."""

    @property
    def warning(self) -> str:
        """What every output has to say where `isolated` is false; empty otherwise."""

    def run(self, job: dict[str, Any], submission: Path, data: Path | None, limits: Limits) -> SandboxRun:
        """Run the worker on the folder `submission`, with the .npz file `data`; wait until every process is dead.

        `job` is plain JSON data; `paths` (submission, data, scratch, as the worker sees them) is added to it.
        Raises SandboxError where the run could not be made, by our fault.
        """
