"""A class: many submissions through every stage, each result written as soon as it is ready, nothing done twice."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from harness import downloads, mapping, stages
from harness.assignment import Assignment
from harness.bench import Bench, DataName, Folder, Isolation, NotIsolated, Setup, bench, load_dataset, sandbox_for
from harness.calibrated import Profile
from harness.coordinator import Class
from harness.dryrun import DryRun
from harness.evidence import Evidence
from harness.intake import clean_name
from harness.journal import journal
from harness.lanes import Here, Lanes
from harness.progress import Progress, Silent
from harness.receiving import listed, receive_one, received
from harness.results import Result
from harness.stages import HandIn
from harness.store import DEFAULT_LIMIT, Store
from harness.training.process import Device

__all__ = ["DataName", "NotIsolated", "Options", "Progress", "Silent", "evidence_for_pytest", "grade", "record_one"]

MEMORY_OF_A_JOB = 3 * 2**30  # bytes: a sandbox and a trainer with a framework each


@dataclass(frozen=True)
class Options:
    """What a grading run was asked for."""

    assignment: Assignment
    out: Path
    data: DataName = "auto"
    profile: Profile = "quick"
    device: Device = "auto"
    jobs: int | None = 1
    """Processes on this machine; None: as many as it has room for."""
    scheduler: str = ""
    """Address of a running dask scheduler, whose workers are used in place of this machine."""
    resume: bool = False
    one_is_a_class: bool | None = None
    """A single path holds a hand-in in each of its files or folders; None: where it is a download of Canvas or
    GitHub Classroom; False: never, it is one hand-in."""
    isolation: Isolation = "required"
    cache: Path | None = None
    """Where runs are kept; None: for this grading run alone."""
    cache_limit: int = DEFAULT_LIMIT
    overrides: mapping.Overrides = field(default_factory=mapping.Overrides)
    structure_first: bool = False
    train: bool = True
    """False: only what can be told without training."""
    only: tuple[str, ...] = ()
    """The tasks for whose verdicts networks are trained; all where there is none."""


def grade(paths: Sequence[Path], options: Options, progress: Progress) -> list[Result]:
    """Grade each path as one submission, or a download of a class, and write the output folder; results in the
    order of the hand-ins.

    Raises IntakeUsageError for a path that does not exist, DownloadError for what is to be a class and is none,
    MappingError for an override of a submission that is not among them, NotIsolated, DatasetError,
    DeviceUnavailable, OutputInUse and ClusterError.
    """
    with contextlib.ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="harness-")))
        several, download = listed(paths, scratch / "download", options.one_is_a_class, progress)
        dataset = load_dataset(options.data, options.assignment.dataset)
        progress.total(len(several))
        check_names(options.overrides, [one.name for one in several], progress)
        options.out.mkdir(parents=True, exist_ok=True)
        kept = stack.enter_context(journal(options.out))
        if download is not None:
            downloads.save(download.over(options.out), options.out)
        elif (before := downloads.saved(options.out)) is not None:
            downloads.save(before.graded_alone([one.name for one in several]), options.out)
        lanes = stack.enter_context(in_lanes(options, scratch, jobs_of(options, len(several)), progress))
        submissions = list(received(several, scratch / "received", options.overrides, lanes.travels, progress))
        return Class(submissions, options, dataset.sha256, lanes, kept, progress).graded()


@contextlib.contextmanager
def in_lanes(options: Options, scratch: Path, jobs: int, progress: Progress) -> Iterator[Lanes]:
    """Where the stages of a run are done, until the end of the block. What was computed before lies in the cache of
    the options, or where there is none, in `scratch` for this run alone; on another cluster in its machines' own.

    Raises NotIsolated, DatasetError, DeviceUnavailable and ClusterError.
    """
    dataset = load_dataset(options.data, options.assignment.dataset)
    setup = Setup(
        assignment=Folder.of(options.assignment.folder, bool(options.scheduler)), data=dataset.name,
        profile=options.profile, device=options.device, isolation=options.isolation,
        store=None if options.scheduler else options.cache or scratch / "kept",
        store_limit=options.cache_limit, dataset_sha256=dataset.sha256, only=options.only,
    )  # fmt: skip
    told = _teller(progress)
    with contextlib.ExitStack() as stack:
        if not options.scheduler and jobs == 1:
            yield Here(stack.enter_context(bench(setup, told)))
            return
        from harness import cluster

        if options.scheduler:
            yield stack.enter_context(cluster.running(setup, options.scheduler, told))
            return
        sandbox_for(setup.isolation)  # what is not there is said before workers are started
        yield stack.enter_context(cluster.local(setup, jobs, told))


def _teller(progress: Progress) -> Callable[[Mapping[str, Any]], None]:
    """What tells the progress of the events of a bench."""

    def told(event: Mapping[str, Any]) -> None:
        getattr(progress, event["event"])(*list(event.values())[1:])

    return told


def jobs_of(options: Options, submissions: int) -> int:
    """How many processes grade so many submissions at the same time on this machine."""
    if options.jobs is not None:
        return max(1, min(options.jobs, submissions))
    room = psutil.virtual_memory().available // MEMORY_OF_A_JOB
    return int(max(1, min(psutil.cpu_count() or 1, room, submissions)))


def check_names(overrides: mapping.Overrides, called: Sequence[str], progress: Progress) -> None:
    """Raises MappingError for an override of a submission that is not called so; a table may hold more."""
    overrides.require(called)
    others = overrides.passed_over(called)
    if others:
        shown = ", ".join(others[:5]) + (", …" if len(others) > 5 else "")
        progress.note(f"Matches are given for hand-ins that are not graded now, and passed over: {shown}.")


# --- one submission alone


def grade_one(hand_in: HandIn, options: Options, progress: Progress) -> stages.Finished:
    """Grade a submission after intake, by itself and in this process. Nothing is written but to the cache.

    Raises NotIsolated, DatasetError and DeviceUnavailable.
    """
    dataset = load_dataset(options.data, options.assignment.dataset)
    setup = Setup(
        assignment=Folder(options.assignment.folder), data=dataset.name, profile=options.profile,
        device=options.device, isolation=options.isolation, store=options.cache, store_limit=options.cache_limit,
        dataset_sha256=dataset.sha256,
    )  # fmt: skip
    arguments = {"data": options.data, "profile": options.profile, "device": options.device, "jobs": 1}
    with bench(setup, _teller(progress)) as tools:
        seen = stages.look(tools, hand_in)
        for note in seen.notes:
            progress.note(note)
        return stages.finish(tools, seen, [], frozenset(), {"arguments": {**arguments, "scheduler": False}})


def evidence_for_pytest(
    assignment: Assignment, path: Path, data: DataName, profile: Profile, device: Device, allow_unisolated: bool
) -> Evidence:
    """The evidence of one submission, for `pytest reference/… --submission PATH`."""
    setup = Setup(
        assignment=Folder(assignment.folder), data=data, profile=profile, device=device,
        isolation="preferred" if allow_unisolated else "required", store=Store.default_folder(),
        store_limit=Store.default_limit(),
    )  # fmt: skip
    with bench(setup) as tools:
        return stages.measured(tools, stages.look(tools, _alone(path, tools)), {}, {}, {})[1]


def record_one(path: Path, assignment: Assignment, data: DataName, isolation: Isolation) -> DryRun:
    """The dry run of one submission alone, for `harness record`."""
    setup = Setup(assignment=Folder(assignment.folder), data=data, profile="quick", isolation=isolation)
    with bench(setup) as tools:
        return stages.recorded(tools, _alone(path, tools))


def _alone(path: Path, tools: Bench) -> HandIn:
    return receive_one(path, tools.scratch / "received", clean_name(path))
