"""One submission's way through grading, stage by stage: plain functions, values in and values out.

A stage may run in another process than the one before, or on another machine: what it is given and what it gives
can travel, and what it uses besides is the bench of its process. A fault of ours costs the submission that it is
about its marks, said so, and no other submission anything; what fails even without a submission is raised.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from harness import mapping, provenance
from harness.allowlist import Refused
from harness.bench import Bench, Folder
from harness.comparing import Trace
from harness.dryrun import DryRun, Trained, record, replay
from harness.evidence import Evidence
from harness.grading import Grader
from harness.identity import of_values
from harness.kept_figures import KeptFigures
from harness.measure.trained import Replayer
from harness.outputs import FAULT, Files, evidence_files, judge, result_files
from harness.results import Cause, Result, SubmissionFacts
from harness.sandbox import SandboxError
from harness.traces import handed_out, trace
from harness.training.cache import RunCache
from harness.training.choose import convolutional, same_program
from harness.training.cost import patience
from harness.training.process import DeviceUnavailable, TimeLimit, TrainerFailed, TrainingStopped
from harness.training.recipe import Prepared
from harness.training.runs import Given, Made, Runs, Untrained
from harness.training.sent import Job
from harness.untrained import trained_for, untrained


@dataclass(frozen=True)
class HandIn:
    """A submission after intake, as a stage is given it. `refused`: why it was not accepted."""

    facts: SubmissionFacts
    folder: Folder
    given: Mapping[str, mapping.Fits] = field(default_factory=dict)
    """The fits that a person says answer its tasks."""
    refused: DryRun | None = None
    timing: Mapping[str, float] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Unique among the submissions of a run."""
        return self.facts.name


@dataclass(frozen=True)
class Wanted:
    """A training that a submission needs: its recipe's identity, those of the trainings that must come before it,
    by what it may be trained together with others, and what it takes."""

    key: str
    before: tuple[str, ...] = ()
    program: str = ""
    """The same for recipes that one compiled program can train at once; "" where it is trained alone."""
    convolutional: bool = False
    operations: float = 0.0
    kept: bool = False
    """It was trained before."""


@dataclass(frozen=True)
class Training:
    """A training with all that it needs, and the seconds after which it is hung."""

    prepared: Prepared
    wanted: Wanted
    seconds: float


@dataclass(frozen=True)
class Seen:
    """A submission that was recorded and looked at: everything but what training shows."""

    hand_in: HandIn
    run: DryRun
    evidence: Evidence
    trainings: Mapping[str, Training] = field(default_factory=dict)
    """By key, each after those that it needs."""
    notes: tuple[str, ...] = ()
    timing: Mapping[str, float] = field(default_factory=dict)
    kept: Mapping[str, bool] = field(default_factory=dict)
    """Of each run in the sandbox, whether it was made before and not again."""
    fault: str = ""
    """The traceback of a fault of ours."""


@dataclass(frozen=True)
class Outline:
    """What the coordinator has to know of a submission that was looked at."""

    wanted: tuple[Wanted, ...]
    notes: tuple[str, ...] = ()
    evidence: Evidence | None = None
    """Where it was asked for."""
    seconds: float = 0.0
    """What recording and looking at it took."""


@dataclass(frozen=True)
class Finished:
    """A graded submission: its result, its files, its lines in the table of matches, and what of it is compared
    with others."""

    result: Result
    files: Files
    rows: tuple[mapping.Row, ...]
    trace: Trace | None = None


# --- the stages


def look(bench: Bench, hand_in: HandIn) -> Seen:
    """Record a submission and say what it is. Raises DeviceUnavailable."""
    try:
        return _look(bench, hand_in)
    except DeviceUnavailable:
        raise
    except Exception as error:
        return faulted(bench, hand_in, error)


def outline(_bench: Bench, seen: Seen, whole: bool = False) -> Outline:
    """What of it the coordinator has to know; the `whole` evidence where somebody waits for it."""
    wanted = tuple(training.wanted for training in seen.trainings.values())
    seconds = seen.timing.get("record", 0.0) + seen.timing.get("inspect", 0.0)
    return Outline(wanted, seen.notes, seen.evidence if whole else None, seconds)


def rate(bench: Bench, seen: Seen, key: str, together: int = 1) -> float | None:
    """Operations a second at which a training of a submission goes on this machine: an epoch of it, after one by
    which the program is compiled; on a GPU that of so many `together`. None where it cannot be trained."""
    training = seen.trainings[key]
    recipe = training.prepared.recipe
    epoch = replace(training.prepared, recipe=recipe.model_copy(update={"epochs": 1, "callbacks": ()}))
    width = together if bench.trainer.describe()["device"] == "gpu" else 1
    seconds = 0.0
    try:
        if training.prepared.ancestors:
            for seed in (0, 1):
                run, _ = Runs(bench.trainer, RunCache(None)).train(
                    epoch.with_seed(seed), lambda _epoch, _of: None, None
                )
                seconds = run.seconds
        else:
            for first in (0, width):
                jobs = [Job(epoch.with_seed(first + number)) for number in range(width)]
                seconds = sum(run.seconds for run in bench.trainer.train_all(jobs, lambda _epoch, _of: None))
    except (Refused, TrainerFailed, TrainingStopped):
        return None
    return width * training.wanted.operations / recipe.epochs / max(seconds, 1e-3)


def train(bench: Bench, wanted: Sequence[tuple[Seen, str]], before: Sequence[Given]) -> dict[str, Made | Untrained]:
    """Train the trainings of these submissions with these keys, given what they start from."""
    runs = Runs(bench.trainer, bench.cache, _together(before))
    trainings = [(seen.hand_in.name, seen.trainings[key]) for seen, key in wanted]
    kept = {key for seen, key in wanted if runs.known(seen.trainings[key].prepared.recipe) is not None}
    made: dict[str, Made | Untrained] = {}
    try:
        limit = TimeLimit(sum(training.seconds for _, training in trainings))
        runs.train_ahead([training.prepared for _, training in trainings], lambda _epoch, _of: None, limit)
    except DeviceUnavailable:
        raise
    except Exception:  # noqa: S110  # comes up again with its own recipe
        pass
    for name, training in trainings:
        recipe = training.prepared.recipe

        def on_epoch(epoch: int, of: int, name: str = name) -> None:
            bench.tell({"event": "epoch", "submission": name, "task": "", "epoch": epoch, "of": of})

        try:
            found = runs.known(recipe) or runs.train(training.prepared, on_epoch, TimeLimit(training.seconds))
            made[recipe.sha256] = Made(found, recipe.sha256 in kept)
        except (Refused, TrainerFailed, TrainingStopped) as error:
            made[recipe.sha256] = Untrained.of(error)
        except DeviceUnavailable:
            raise
        except Exception as error:  # a fault of ours, of this training alone
            said = f"the harness failed on it: {type(error).__name__}: {error}"[:500]
            made[recipe.sha256] = Untrained(said, Cause.HARNESS_FAULT)
    return made


def given_up(_bench: Bench, keys: Sequence[str], why: str) -> dict[str, Made | Untrained]:
    """Trainings that are not tried again, by our fault."""
    return {key: Untrained(why, Cause.HARNESS_FAULT) for key in keys}


def finish(
    bench: Bench, seen: Seen, runs: Sequence[Given], others: frozenset[str], about: Mapping[str, Any],
    train: bool = True,
) -> Finished:  # fmt: skip
    """Everything after training: what trained networks show, the checks, the pages.

    `runs` are those that were trained for it; `others` the keys of those that were trained for another submission;
    `about` is what its provenance says of the run as a whole. Without `train` nothing is trained or run again: what
    that would show is left out. Raises DeviceUnavailable.
    """
    given = {
        key: replace(one, kept=one.kept or key in others) if isinstance(one, Made) else one
        for key, one in _together(runs).items()
    }
    try:
        return _finish(bench, seen, given, about, train)
    except DeviceUnavailable:
        raise
    except Exception as error:
        return _finish(bench, faulted(bench, seen.hand_in, error), {}, about)


def set_aside(bench: Bench, hand_in: HandIn, why: str, about: Mapping[str, Any]) -> Finished:
    """A submission that is graded no further by our fault, with the reason."""
    return _finish(bench, _problem(bench, hand_in, why), {}, about)


def faulted(bench: Bench, hand_in: HandIn, error: Exception) -> Seen:
    """A submission on which the harness failed. The traceback goes to a file beside its result."""
    said = f"The harness failed on this hand-in, by no fault of its own: {type(error).__name__}. See {FAULT}."
    return replace(_problem(bench, hand_in, said), fault="".join(traceback.format_exception(error)))


def recorded(bench: Bench, hand_in: HandIn) -> DryRun:
    """The dry run of a submission. A sandbox that fails is a fault of ours."""
    if hand_in.refused is not None:
        return hand_in.refused
    folder = hand_in.folder.at(bench.scratch / hand_in.facts.sha256)
    try:
        return record(bench.sandbox, folder, bench.assignment, bench.npz, bench.setup.limits)
    except SandboxError as error:
        said = f"The sandbox failed, which is not the hand-in's fault: {error}"
        return DryRun(problem=said, cause=Cause.HARNESS_FAULT)


# --- what they are made of


def grader(bench: Bench, runs: Given | None = None) -> Grader:
    """What looks at submissions and trains them, with the tools of the bench."""
    sandbox = bench.sandbox
    return Grader(
        bench.assignment, bench.dataset, bench.setup.profile, bench.trainer, bench.cache,
        isolation=sandbox.name if sandbox.isolated else sandbox.warning, isolated=sandbox.isolated,
        given=runs or {},
    )  # fmt: skip


def _look(bench: Bench, hand_in: HandIn) -> Seen:
    timing = dict(hand_in.timing)
    _stage(bench, hand_in, "record")
    started = time.perf_counter()
    run = recorded(bench, hand_in)
    timing["record"] = time.perf_counter() - started
    _stage(bench, hand_in, "inspect")
    started = time.perf_counter()
    making = grader(bench)
    evidence = making.inspect(hand_in.facts, run)
    followed, problems = mapping.follow(hand_in.given, evidence)
    if followed:
        evidence = making.inspect(hand_in.facts, run, followed)
    evidence = trained_for(evidence, bench.assignment, bench.setup.only)
    trainings = _trainings(making, evidence, run)
    timing["inspect"] = time.perf_counter() - started
    notes = tuple(f"{hand_in.name}, {problem}" for problem in problems)
    return Seen(hand_in, run, evidence, trainings, notes, timing, {"record": run.kept})


def _problem(bench: Bench, hand_in: HandIn, said: str) -> Seen:
    run = DryRun(problem=said, cause=Cause.HARNESS_FAULT)
    return Seen(hand_in, run, grader(bench).inspect(hand_in.facts, run), timing=dict(hand_in.timing))


def _trainings(making: Grader, evidence: Evidence, run: DryRun) -> dict[str, Training]:
    """What is trained in any case for a submission, and all that it starts from, by key."""
    plans = making.plan(evidence, run.frames)
    made: dict[str, Training] = {}
    for prepared, work in plans.trainings:
        chain = [*prepared.ancestors, replace(prepared, ancestors=())]
        for number, one in enumerate(chain):
            before = tuple(chain[:number])
            key = one.recipe.sha256
            wanted = Wanted(
                key,
                tuple(parent.recipe.sha256 for parent in before),
                "" if before else of_values(same_program(one.recipe), one.recipe.epochs),
                convolutional(one.recipe.model),
                work.operations,
                making.runs.known(one.recipe) is not None,
            )
            made.setdefault(key, Training(replace(one, ancestors=before), wanted, patience(work)))
    return made


def _together(several: Sequence[Given]) -> dict[str, Made | Untrained]:
    return {key: one for given in several for key, one in given.items()}


def measured(
    bench: Bench, seen: Seen, given: Given, timing: dict[str, float], kept: dict[str, bool]
) -> tuple[Grader, Evidence]:
    """The evidence with all that training shows, and what made it; `timing` and `kept` are added to."""
    making, name = grader(bench, given), seen.hand_in.name

    def on_epoch(task: str, epoch: int, of: int) -> None:
        bench.tell({"event": "epoch", "submission": name, "task": task, "epoch": epoch, "of": of})

    started = time.perf_counter()
    _stage(bench, seen.hand_in, "train")
    evidence = making.train(seen.evidence, seen.run.frames, on_epoch, _redraw(bench, seen, timing, kept))
    timing["train"] = time.perf_counter() - started - timing.get("replay", 0.0)
    return making, evidence


def _finish(bench: Bench, seen: Seen, given: Given, about: Mapping[str, Any], train: bool = True) -> Finished:
    hand_in, run, timing, kept = seen.hand_in, seen.run, dict(seen.timing), dict(seen.kept)
    making, evidence = grader(bench), untrained(seen.evidence)
    if train:
        making, evidence = measured(bench, seen, given, timing, kept)
    started = time.perf_counter()
    _stage(bench, hand_in, "check")
    result = judge(bench.assignment, evidence)
    timing["check"] = time.perf_counter() - started
    origin = provenance.of(making, run) | dict(about) | {"kept": kept}
    if hand_in.given:
        origin["matches_given"] = {task: ", ".join(fits) or "none" for task, fits in hand_in.given.items()}
    rounded = {stage: round(seconds, 3) for stage, seconds in timing.items()}
    result = result.model_copy(update={"provenance": origin, "timing": rounded})
    _stage(bench, hand_in, "render")
    result, files = result_files(result, KeptFigures(bench.cache.store))
    fault = {FAULT: seen.fault.encode()} if seen.fault else {}
    rows = mapping.rows(evidence, [rule.task for rule in bench.assignment.rules()])
    compared = trace(evidence, handed_out(bench.assignment))
    return Finished(result, {**fault, **evidence_files(evidence), **files}, tuple(rows), compared)


def _redraw(bench: Bench, seen: Seen, timing: dict[str, float], kept: dict[str, bool]) -> Replayer:
    """A replay of this submission; a sandbox that fails here costs its own figures, nothing else."""

    def redraw(trained: dict[str, Trained]) -> DryRun:
        _stage(bench, seen.hand_in, "replay")
        started = time.perf_counter()
        folder = seen.hand_in.folder.at(bench.scratch / seen.hand_in.facts.sha256)
        try:
            order = seen.run.recording.order
            run = replay(bench.sandbox, folder, bench.assignment, bench.npz, trained, bench.scratch, order)
            kept["replay"] = run.kept
            return run
        except SandboxError as error:
            return DryRun(problem=f"The sandbox failed, which is not the hand-in's fault: {error}")
        finally:
            timing["replay"] = time.perf_counter() - started

    return redraw


def _stage(bench: Bench, hand_in: HandIn, stage: str) -> None:
    bench.tell({"event": "stage", "submission": hand_in.name, "stage": stage})
