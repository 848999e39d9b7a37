"""Many submissions, one after the other through every stage: intake, record, inspect, train, check, render."""

from __future__ import annotations

import tempfile
import time
import traceback
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from harness import datasets, mapping, provenance
from harness.assignment import Assignment
from harness.calibrated import Profile
from harness.datasets import Dataset
from harness.dryrun import DryRun, Trained, record, replay
from harness.evidence import Evidence
from harness.files import write_atomically
from harness.grading import Grader
from harness.intake import IntakeRefused, IntakeUsageError, Submission, clean_name, receive
from harness.kept_figures import KeptFigures
from harness.measure.trained import Replayer
from harness.outputs import MATCHES, judge, write_class, write_evidence, write_result
from harness.results import Cause, Result, SubmissionFacts
from harness.sandbox import Sandbox, SandboxError, choose
from harness.sandbox.kept import KeptSandbox
from harness.store import DEFAULT_LIMIT, Store
from harness.text import quantity
from harness.training.cache import RunCache
from harness.training.process import Device, DeviceUnavailable, TrainerProcess

DataName = Literal["auto", "mnist", "fashion_mnist", "digits"]


class NotIsolated(RuntimeError):
    """Other people's code would run without a sandbox, and nobody allowed it."""


class Progress(Protocol):
    """Told what is going on; the command line draws it."""

    def passed_over(self, name: str) -> None:
        """A file among the arguments is no hand-in."""

    def note(self, text: str) -> None:
        """Something that whoever runs this should know, in a sentence."""

    def stage(self, submission: str, stage: str, detail: str = "") -> None:
        """A submission has entered a stage."""

    def epoch(self, submission: str, task: str, epoch: int, of: int) -> None:
        """A network of a submission has finished an epoch."""

    def structure(self, result: Result) -> None:
        """Everything that can be told before training: checks with what is known so far."""

    def done(self, result: Result) -> None:
        """A submission's result is written."""


class Silent:
    """Progress that nobody watches."""

    def passed_over(self, name: str) -> None:
        """Says nothing."""

    def note(self, text: str) -> None:
        """Says nothing."""

    def stage(self, submission: str, stage: str, detail: str = "") -> None:
        """Says nothing."""

    def epoch(self, submission: str, task: str, epoch: int, of: int) -> None:
        """Says nothing."""

    def structure(self, result: Result) -> None:
        """Says nothing."""

    def done(self, result: Result) -> None:
        """Says nothing."""


@dataclass(frozen=True)
class Options:
    """What a grading run was asked for."""

    assignment: Assignment
    out: Path
    data: DataName = "auto"
    profile: Profile = "quick"
    device: Device = "auto"
    jobs: int = 1
    isolation: Literal["required", "preferred"] = "required"
    cache: Path | None = None
    """Where runs are kept; None: for this grading run alone."""
    cache_limit: int = DEFAULT_LIMIT
    overrides: mapping.Overrides = field(default_factory=mapping.Overrides)
    structure_first: bool = False


@dataclass
class _Work:
    """A submission on its way."""

    path: Path
    name: str
    folder: Path
    facts: SubmissionFacts
    run: DryRun = field(default_factory=DryRun)
    timing: dict[str, float] = field(default_factory=dict)
    kept: dict[str, bool] = field(default_factory=dict)
    """Of each run in the sandbox, whether it was made before and not again."""


def grade(paths: Sequence[Path], options: Options, progress: Progress) -> list[Result]:
    """Grade each path as one submission and write the output folder; results in the order of the paths.

    Raises IntakeUsageError for a path that does not exist, MappingError for an override of a submission that is not
    among them, NotIsolated, DatasetError, DeviceUnavailable.
    """
    paths = hand_ins(paths, progress)
    sandbox = sandbox_for(options.isolation)
    dataset = load_dataset(options.data)
    options.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="harness-") as scratch, TrainerProcess(options.device) as trainer:
        npz = Path(scratch) / "data.npz"
        datasets.write_recording_npz(dataset, npz)
        store = Store(options.cache or Path(scratch) / "runs", options.cache_limit)
        sandbox = KeptSandbox(sandbox, store)
        grader = Grader(
            options.assignment, dataset, options.profile, trainer, RunCache(store),
            isolation=sandbox.name if sandbox.isolated else sandbox.warning, isolated=sandbox.isolated,
        )  # fmt: skip
        trainer.describe()  # a device that is not there is said before anything runs
        works = _receive_all(paths, Path(scratch), progress)
        _check_names(options.overrides, [work.name for work in works], progress)
        results: list[Result] = []
        matches: list[mapping.Row] = []
        for work in _recorded(works, sandbox, options, npz, progress):
            result, evidence = _finish_whatever_happens(work, sandbox, npz, grader, options, progress)
            results.append(result)
            matches += mapping.rows(evidence, [rule.task for rule in options.assignment.rules()])
    write_class(results, matches, options.out)
    if not options.structure_first:  # a student does not decide it
        _say_unsure(matches, options.out, progress)
    return results


def _say_unsure(matches: Sequence[mapping.Row], out: Path, progress: Progress) -> None:
    unsure: dict[str, list[str]] = {}
    for row in matches:
        if not row.sure:
            unsure.setdefault(row.submission, []).append(row.task)
    if unsure:
        shown = "; ".join(f"{name}: {', '.join(tasks)}" for name, tasks in list(unsure.items())[:5])
        count = quantity(sum(map(len, unsure.values())), "match is", "matches are")
        progress.note(
            f"{count} unsure ({shown}{'; …' if len(unsure) > 5 else ''}). Look at {out / MATCHES}, correct the "
            f"column fits, write yes under sure, and run this again with --map {out / MATCHES}."
        )


def _check_names(overrides: mapping.Overrides, names: Sequence[str], progress: Progress) -> None:
    overrides.require(names)
    others = overrides.passed_over(names)
    if others:
        shown = ", ".join(others[:5]) + (", …" if len(others) > 5 else "")
        progress.note(f"Matches are given for hand-ins that are not graded now, and passed over: {shown}.")


def hand_ins(paths: Sequence[Path], progress: Progress) -> list[Path]:
    """The paths that can be hand-ins. Of several, files such as README.md or a grade table are passed over.

    Raises IntakeUsageError for a path that does not exist, and where nothing is left.
    """
    for path in paths:
        if not path.exists():
            raise IntakeUsageError(f"{path}: there is no such file or folder")
    passed_over = [path for path in paths if len(paths) > 1 and path.is_file() and _is_no_hand_in(path)]
    for path in passed_over:
        progress.passed_over(path.name)
    left = [path for path in paths if path not in passed_over]
    if not left:
        raise IntakeUsageError("none of the files is a hand-in: folders, archives, notebooks and scripts are")
    return left


def _is_no_hand_in(path: Path) -> bool:
    name = path.name.lower()
    return name.startswith(("readme", ".")) or path.suffix.lower() in (
        ".toml",
        ".csv",
        ".json",
        ".txt",
        ".xml",
        ".yml",
    )


def sandbox_for(isolation: Literal["required", "preferred"]) -> Sandbox:
    """The sandbox of this machine. Raises NotIsolated where isolation is required and cannot be had."""
    sandbox = choose()
    if isolation == "required" and not sandbox.isolated:
        raise NotIsolated(
            "This machine cannot isolate student code: bubblewrap is missing or does not work (`harness doctor` "
            "says why). Install it (`apt install bubblewrap`), or say --allow-unisolated for code that you trust."
        )
    return sandbox


def load_dataset(name: DataName) -> Dataset:
    """The data set of this name; for auto, the best there is. Raises DatasetError."""
    return datasets.resolve(name)[0]


def evidence_for_pytest(
    assignment: Assignment, path: Path, data: DataName, profile: Profile, device: Device, allow_unisolated: bool
) -> Evidence:
    """The evidence of one submission, for `pytest reference/… --submission PATH`."""
    sandbox = sandbox_for("preferred" if allow_unisolated else "required")
    dataset = load_dataset(data)
    with tempfile.TemporaryDirectory(prefix="harness-") as scratch, TrainerProcess(device) as trainer:
        npz = Path(scratch) / "data.npz"
        datasets.write_recording_npz(dataset, npz)
        store = Store(Store.default_folder(), Store.default_limit())
        sandbox = KeptSandbox(sandbox, store)
        grader = Grader(assignment, dataset, profile, trainer, RunCache(store), sandbox.name)
        work = _receive(path, Path(scratch) / "0", clean_name(path))
        if work.run.problem is None:
            work.run = record(sandbox, work.folder, assignment, npz)
        evidence = grader.inspect(work.facts, work.run)
        redraw = _redraw(work, sandbox, assignment, npz, Silent())
        return grader.train(evidence, work.run.frames, lambda _task, _epoch, _of: None, redraw)


def record_one(
    path: Path, assignment: Assignment, data: DataName, isolation: Literal["required", "preferred"]
) -> DryRun:
    """The dry run of one submission alone, for `harness record`."""
    sandbox = sandbox_for(isolation)
    dataset = load_dataset(data)
    with tempfile.TemporaryDirectory(prefix="harness-") as scratch:
        npz = Path(scratch) / "data.npz"
        datasets.write_recording_npz(dataset, npz)
        work = _receive(path, Path(scratch) / "0", clean_name(path))
        return work.run if work.run.problem else record(sandbox, work.folder, assignment, npz)


# --- stages


def _receive_all(paths: Sequence[Path], scratch: Path, progress: Progress) -> list[_Work]:
    works: list[_Work] = []
    taken: set[str] = set()
    for number, path in enumerate(paths):
        name = base = clean_name(path)
        copy = 2
        while name.casefold() in taken:
            name, copy = f"{base}-{copy}", copy + 1
        taken.add(name.casefold())
        progress.stage(name, "intake")
        works.append(_receive(path, scratch / str(number), name))
    return works


def _receive(path: Path, into: Path, name: str) -> _Work:
    started = time.perf_counter()
    try:
        received: Submission = receive(path, into)
        facts = SubmissionFacts(name=name, sha256=received.sha256, files=received.files)
        work = _Work(path, name, received.folder, facts)
    except IntakeRefused as reason:
        work = _Work(path, name, into, SubmissionFacts(name=name, sha256=""))
        work.run = DryRun(problem=f"The hand-in was refused: {reason}", cause=Cause.REFUSED)
    work.timing["intake"] = time.perf_counter() - started
    return work


def _recorded(
    works: Sequence[_Work], sandbox: Sandbox, options: Options, npz: Path, progress: Progress
) -> Iterator[_Work]:
    """The submissions in their order, each once it is recorded: as many at the same time as `jobs` says, and no
    more ahead, because the arrays of a recording can be large. They are let go when the next one is asked for."""
    left = deque(works)
    running: deque[tuple[_Work, Future[None]]] = deque()
    with ThreadPoolExecutor(max_workers=options.jobs) as pool:
        while left or running:
            while left and len(running) <= options.jobs:
                work = left.popleft()
                running.append((work, pool.submit(_record, work, sandbox, options.assignment, npz, progress)))
            work, run = running.popleft()
            run.result()
            yield work
            work.run = DryRun()


def _record(work: _Work, sandbox: Sandbox, assignment: Assignment, npz: Path, progress: Progress) -> None:
    if work.run.problem is not None:
        return
    progress.stage(work.name, "record")
    started = time.perf_counter()
    try:
        work.run = record(sandbox, work.folder, assignment, npz)
    except SandboxError as error:
        work.run = DryRun(
            problem=f"The sandbox failed, which is not the hand-in's fault: {error}", cause=Cause.HARNESS_FAULT
        )
    work.timing["record"] = time.perf_counter() - started
    work.kept["record"] = work.run.kept


def _redraw(work: _Work, sandbox: Sandbox, assignment: Assignment, npz: Path, progress: Progress) -> Replayer:
    """A replay of this submission; a sandbox that fails here costs its own figures, nothing else."""

    def redraw(trained: dict[str, Trained]) -> DryRun:
        progress.stage(work.name, "replay")
        started = time.perf_counter()
        try:
            order = work.run.recording.order
            run = replay(sandbox, work.folder, assignment, npz, trained, npz.parent, order)
            work.kept["replay"] = run.kept
            return run
        except SandboxError as error:
            return DryRun(problem=f"The sandbox failed, which is not the hand-in's fault: {error}")
        finally:
            work.timing["replay"] = time.perf_counter() - started

    return redraw


def _finish_whatever_happens(
    work: _Work, sandbox: Sandbox, npz: Path, grader: Grader, options: Options, progress: Progress
) -> tuple[Result, Evidence]:
    """A fault of ours costs this submission its marks, said so, and no other submission anything.

    The traceback goes to `fault.txt` beside the result. What fails even without the submission is raised.
    """
    try:
        return _finish(work, sandbox, npz, grader, options, progress)
    except DeviceUnavailable:
        raise
    except Exception as error:
        folder = options.out / work.name
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(folder / "fault.txt", "".join(traceback.format_exception(error)).encode())
        said = f"The harness failed on this hand-in, by no fault of its own: {type(error).__name__}. See fault.txt."
        work.run = DryRun(problem=said, cause=Cause.HARNESS_FAULT)
        return _finish(work, sandbox, npz, grader, options, progress)


def _finish(
    work: _Work, sandbox: Sandbox, npz: Path, grader: Grader, options: Options, progress: Progress
) -> tuple[Result, Evidence]:
    """Everything after the dry run."""
    assignment = options.assignment
    started = time.perf_counter()
    progress.stage(work.name, "inspect")
    evidence = _inspect(work, grader, options.overrides.of(work.name), progress)
    work.timing["inspect"] = time.perf_counter() - started
    if options.structure_first:
        progress.structure(judge(assignment, evidence))
    started = time.perf_counter()
    progress.stage(work.name, "train")
    evidence = grader.train(
        evidence,
        work.run.frames,
        lambda task, epoch, of: progress.epoch(work.name, task, epoch, of),
        _redraw(work, sandbox, assignment, npz, progress),
    )
    work.timing["train"] = time.perf_counter() - started - work.timing.get("replay", 0.0)
    started = time.perf_counter()
    progress.stage(work.name, "check")
    result = judge(assignment, evidence)
    work.timing["check"] = time.perf_counter() - started
    about = provenance.of(grader, options, work.run) | {"kept": work.kept}
    given = options.overrides.of(work.name)
    if given:
        about["matches_given"] = {task: ", ".join(fits) or "none" for task, fits in given.items()}
    result = result.model_copy(update={"provenance": about, "timing": _rounded(work.timing)})
    progress.stage(work.name, "render")
    write_evidence(evidence, options.out / work.name)
    result = write_result(result, options.out / work.name, KeptFigures(grader.cache.store))
    progress.done(result)
    return result, evidence


def _inspect(work: _Work, grader: Grader, given: Mapping[str, mapping.Fits], progress: Progress) -> Evidence:
    """What the submission is, with the matches that a person gave; what is not there to be matched is said."""
    evidence = grader.inspect(work.facts, work.run)
    followed, problems = mapping.follow(given, evidence)
    for problem in problems:
        progress.note(f"{work.name}, {problem}")
    return grader.inspect(work.facts, work.run, followed) if followed else evidence


def _rounded(timing: dict[str, float]) -> dict[str, float]:
    return {stage: round(seconds, 3) for stage, seconds in timing.items()}
