"""From a received submission to its recording: a run in the sandbox, or two, and what their end means."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from harness.accounted import unaccounted
from harness.assignment import Assignment
from harness.parsing import RecordingError, parse_recording
from harness.recording import Recording, SourceRecord
from harness.results import Cause
from harness.sandbox import Ended, Limits, Sandbox, SandboxRun

LIMIT_SECONDS = 180.0  # that end a run which nothing else ends, however slowly a busy machine imports TensorFlow
RUN_SECONDS = 100.0  # of the hand-in's own code, in all runs that make one recording; noise at twenty levels takes
# half of it, and a machine that is busy with other hand-ins must cost nobody a fit
STATEMENT_SECONDS = 45.0  # a loop that never ends, and all the rest, within a minute
SENDING_SECONDS = 8.0  # that the worker has after the hand-in's own code
SECOND_RUN_SECONDS = 20.0  # of them; with less, the notebook is not run again in another order
REPLAY_SECONDS = 180.0  # a limit of its own: trained networks really compute
REPLAY_STATEMENT_SECONDS = 90.0
GENERATED = 200  # images asked of a submission's own function
GENERATED_FRAME = "generated"
UNDEFINED = ("undefined-name", "run-out-of-order")
_TENSORFLOWS_OWN = re.compile(r"[IW]\d{4} \d\d:|WARNING: All log messages before absl")  # lines of its log

Order = Literal["document", "executed"]


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
    kept: bool = False
    """It was made before, and not again."""


def record(
    sandbox: Sandbox, folder: Path, assignment: Assignment, npz: Path, limits: Limits | None = None
) -> DryRun:
    """Dry-run the submission in `folder` against the data of `npz`. Raises SandboxError by our fault.

    Where names stay undefined from top to bottom, and a notebook was saved with execution counts that tell another
    order, it runs once more in that order, as far as the time reaches; the run that leaves fewer names counts.
    """
    limits = limits or Limits(seconds=LIMIT_SECONDS)
    run = _record(sandbox, folder, assignment, npz, limits, "document", RUN_SECONDS)
    left = RUN_SECONDS - run.recording.seconds
    if undefined(run.recording) and told_another_order(run.recording.sources) and left >= SECOND_RUN_SECONDS:
        run = better(run, _record(sandbox, folder, assignment, npz, limits, "executed", left))
    return _accounted(run, folder, assignment)


def _accounted(run: DryRun, folder: Path, assignment: Assignment) -> DryRun:
    """The run with a note on each training that the files as they were received do not ask for."""
    notes = tuple(unaccounted(run.recording, folder, assignment.contract))
    if not notes:
        return run
    findings = (*notes, *run.recording.findings)[:2_000]
    return replace(run, recording=run.recording.model_copy(update={"findings": findings}))


def _record(
    sandbox: Sandbox, folder: Path, assignment: Assignment, npz: Path, limits: Limits, order: Order, seconds: float
) -> DryRun:
    job = {
        **_job(assignment, order),
        "statement_seconds": STATEMENT_SECONDS,
        "run_seconds": seconds,
        "total_seconds": max(1.0, limits.seconds - SENDING_SECONDS),
    }
    return interpret(sandbox.run(job, folder, npz, limits))


def undefined(recording: Recording) -> int:
    """How many names a run left undefined."""
    return sum(finding.code in UNDEFINED for finding in recording.findings)


def told_another_order(sources: Iterable[SourceRecord]) -> bool:
    """Whether the saved execution counts of some notebook give its cells another order than they stand in.

    Cells that were never executed come last; those that hold nothing are none.
    """
    counts: dict[str, list[int | None]] = {}
    for source in sources:
        if source.where.cell is not None and source.text.strip():
            counts.setdefault(source.where.file, []).append(source.count)
    keys = ([(count is None, count or 0) for count in of_file] for of_file in counts.values() if any(of_file))
    return any(of_file != sorted(of_file) for of_file in keys)


def better(document: DryRun, executed: DryRun) -> DryRun:
    """The run in the executed order, where it is whole, lost no fit and leaves fewer names undefined; with the
    findings of the other that say which names are used too early. Else the run from top to bottom."""
    first, second = document.recording, executed.recording
    if not second.complete or len(second.fits) < len(first.fits) or undefined(second) >= undefined(first):
        return document
    early = tuple(finding for finding in first.findings if finding.code == "run-out-of-order")
    kept = tuple(finding for finding in second.findings if finding not in early)
    return replace(executed, recording=second.model_copy(update={"findings": (*early, *kept)[:2_000]}))


def replay(
    sandbox: Sandbox,
    folder: Path,
    assignment: Assignment,
    npz: Path,
    trained: dict[str, Trained],
    scratch: Path,
    order: Order = "document",
) -> DryRun:
    """Run the submission again with `trained` answering its fits, by their ids in the first recording, in whose
    `order` its cells run.

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
    with tempfile.NamedTemporaryFile(dir=scratch, prefix="replay-", suffix=".npz", delete=False) as file:
        np.savez(file, **arrays)
        carried = Path(file.name)
    job = {
        **_job(assignment, order),
        "statement_seconds": REPLAY_STATEMENT_SECONDS,
        "run_seconds": REPLAY_SECONDS,
        "replay": fits,
        "generate": GENERATED,
    }
    try:
        return interpret(sandbox.run(job, folder, carried, Limits(seconds=REPLAY_SECONDS + 60)))
    finally:
        carried.unlink()


def _job(assignment: Assignment, order: Order) -> dict[str, Any]:
    return {
        "contract": assignment.contract.model_dump(mode="json"),
        "datasets": [assignment.dataset],
        "order": order,
    }


def interpret(run: SandboxRun) -> DryRun:
    """What a sandbox run gave. Fails closed: without a valid recording there is nothing to grade."""
    reason, cause = _end(run)
    lines = [line for line in run.log.splitlines() if line.strip() and not _TENSORFLOWS_OWN.match(line)]
    detail = f" It said last: {lines[-1][:300]}" if lines and run.ended is Ended.CRASHED else ""
    if run.frames.recording is None:  # the worker sends one before it runs anything of the hand-in's
        why = run.detail or run.ended.value
        return DryRun(
            problem=f"The sandbox's own program did not start, which is not the hand-in's fault: {why}.{detail}",
            cause=Cause.HARNESS_FAULT,
        )
    try:
        recording = parse_recording(run.frames.recording)
    except RecordingError as error:
        return DryRun(problem=f"The recording is not valid: {error}.", cause=Cause.ERROR_IN_SUBMISSION)
    frames: dict[str, NDArray[Any]] = dict(run.frames.arrays)
    if recording.kind == "nothing" and not recording.saved_models:
        if not recording.complete:
            said = reason or "The code ended without a recording."
            return DryRun(recording, problem=f"{said}{detail}", cause=cause)
        return DryRun(
            recording, problem="The hand-in holds no notebook and no Python file: the code is missing.", cause=None
        )
    if not recording.complete:
        if reason is None and any(error.type == "RunTimeout" for error in recording.errors):
            reason, cause = _too_slow(recording.seconds), Cause.TIMEOUT
        interrupted = reason or "The code ended the run before its last cell."
        return DryRun(recording, frames, interrupted=interrupted, cause=cause or Cause.ERROR_IN_SUBMISSION)
    return DryRun(recording, frames, kept=run.kept)


def _too_slow(seconds: float) -> str:
    return f"The code ran longer than {seconds:.0f} s although training takes no time here."


def _end(run: SandboxRun) -> tuple[str | None, Cause]:
    if run.ended is Ended.TIMEOUT:
        return _too_slow(run.seconds), Cause.TIMEOUT
    if run.ended is Ended.OUT_OF_MEMORY:
        return "The code needed more memory than a run may have.", Cause.OUT_OF_MEMORY
    if run.ended is Ended.OUTPUT_FLOOD:
        return "The code printed or sent more than a run may.", Cause.ERROR_IN_SUBMISSION
    if run.ended is Ended.FINISHED:
        return None, Cause.ERROR_IN_SUBMISSION
    return f"The code ended the run: {run.detail or run.ended.value}.", Cause.ERROR_IN_SUBMISSION
