"""From a received submission to its recording: one run in the sandbox, and what its end means."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.assignment import Assignment
from harness.parsing import RecordingError, parse_recording
from harness.recording import Recording
from harness.results import Cause
from harness.sandbox import Ended, Limits, Sandbox, SandboxRun

RUN_SECONDS = 240.0  # the worker stops starting new cells then, and sends what it has
STATEMENT_SECONDS = 60.0
REPLAY_SECONDS = 120.0
GENERATED = 200  # images asked of a submission's own function
GENERATED_FRAME = "generated"


@dataclass(frozen=True)
class Trained:
    """What training gave for a recorded fit: weights in Keras's order, and history by Keras's names."""

    weights: list[NDArray[Any]]
    history: dict[str, tuple[float, ...]]


@dataclass(frozen=True)
class DryRun:
    """The recording, the arrays that crossed with it, and why it is missing or not whole."""

    recording: Recording = field(default_factory=Recording)
    frames: dict[str, NDArray[Any]] = field(default_factory=dict)
    problem: str | None = None
    interrupted: str | None = None
    cause: Cause | None = None


def record(
    sandbox: Sandbox, folder: Path, assignment: Assignment, npz: Path, limits: Limits | None = None
) -> DryRun:
    """Dry-run the submission in `folder` against the data of `npz`. Raises SandboxError by our fault."""
    return interpret(sandbox.run(_job(assignment), folder, npz, limits or Limits()))


def replay(
    sandbox: Sandbox, folder: Path, assignment: Assignment, npz: Path, trained: dict[str, Trained], scratch: Path
) -> DryRun:
    """Run the submission again with `trained` answering its fits, by their ids in the first recording.

    `scratch` is a folder for the file that carries the weights in. What the run showed is in the recording and its
    frames: figures, printed text, and as GENERATED_FRAME the images that its decoder drew.
    """
    with np.load(npz, allow_pickle=False) as archive:
        arrays: dict[str, Any] = {name: archive[name] for name in archive.files}
    fits = {}
    for fit, known in trained.items():
        names = [f"{fit}-{number:04}" for number in range(len(known.weights))]
        arrays |= dict(zip(names, known.weights, strict=True))
        fits[fit] = {"weights": names, "history": known.history}
    carried = scratch / "replay.npz"
    with carried.open("wb") as file:
        np.savez(file, **arrays)
    job = {**_job(assignment), "run_seconds": REPLAY_SECONDS, "replay": fits, "generate": GENERATED}
    try:
        return interpret(sandbox.run(job, folder, carried, Limits(seconds=REPLAY_SECONDS + 60)))
    finally:
        carried.unlink()


def _job(assignment: Assignment) -> dict[str, Any]:
    return {
        "contract": assignment.contract.model_dump(mode="json"),
        "datasets": [assignment.dataset],
        "statement_seconds": STATEMENT_SECONDS,
        "run_seconds": RUN_SECONDS,
    }


def interpret(run: SandboxRun) -> DryRun:
    """What a sandbox run gave. Fails closed: without a valid recording there is nothing to grade."""
    reason, cause = _end(run)
    if run.frames.recording is None:
        said = run.log.strip().splitlines()[-1:] if run.ended is Ended.CRASHED else []
        detail = f" It said last: {said[0][:300]}" if said else ""
        return DryRun(problem=f"{reason or 'The code ended without a recording.'}{detail}", cause=cause)
    try:
        recording = parse_recording(run.frames.recording)
    except RecordingError as error:
        return DryRun(problem=f"The recording is not valid: {error}.", cause=Cause.ERROR_IN_SUBMISSION)
    frames: dict[str, NDArray[Any]] = dict(run.frames.arrays)
    if recording.kind == "nothing":
        return DryRun(
            recording, problem="The hand-in holds no notebook and no Python file: the code is missing.", cause=None
        )
    if not recording.complete:
        interrupted = reason or "The code ended the run before its last cell."
        return DryRun(recording, frames, interrupted=interrupted, cause=cause or Cause.ERROR_IN_SUBMISSION)
    return DryRun(recording, frames)


def _end(run: SandboxRun) -> tuple[str | None, Cause]:
    if run.ended is Ended.TIMEOUT:
        return f"The code ran longer than {run.seconds:.0f} s although training takes no time here.", Cause.TIMEOUT
    if run.ended is Ended.OUT_OF_MEMORY:
        return "The code needed more memory than a run may have.", Cause.OUT_OF_MEMORY
    if run.ended is Ended.OUTPUT_FLOOD:
        return "The code printed or sent more than a run may.", Cause.ERROR_IN_SUBMISSION
    if run.ended is Ended.FINISHED:
        return None, Cause.ERROR_IN_SUBMISSION
    return f"The code ended the run: {run.detail or run.ended.value}.", Cause.ERROR_IN_SUBMISSION
