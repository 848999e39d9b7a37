"""Grading hostile hand-ins as a class, by the same path as `harness grade`, and watching the machine meanwhile.

The cases are one class, with an honest hand-in behind them. Only two things differ from the real command:
each case has limits of its own, shorter than the product's, so that one that hangs costs seconds; and the sandbox
is wrapped, so that what is left behind when a run returns is seen at once.
"""

from __future__ import annotations

import contextlib
import ctypes
import io
import os
import secrets
import socket
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from unittest import mock

import psutil
from attacks.listed import HERE, Case

from harness import assignment, bars, bench, classroom, showing
from harness.classroom import Options
from harness.evidence import Evidence
from harness.results import Result, load
from harness.sandbox import Limits, Sandbox, SandboxRun

HONEST = HERE / "honest"
CANARY = "HARNESS_ATTACK_CANARY"
MARK = "harness-attack-mark"
"""Part of the name of every file that a case tries to write anywhere."""
PORT = 47147
"""Where the suite listens on this machine, as cases know."""
THROUGH = "GOT THROUGH"
"""What a case prints where it got what it must not get."""


@dataclass(frozen=True)
class Run:
    """One run of a case in the sandbox, seen from outside. Seconds from call to return, memory in bytes."""

    run: SandboxRun | None
    limits: Limits
    seconds: float
    growth: int
    """By how much this process's memory was larger afterwards, what the run had sent and is kept included."""
    left: tuple[str, ...]
    """Processes that could still see the hand-in when the run had returned."""


@dataclass(frozen=True)
class Observed:
    """A case when it was graded."""

    case: Case
    result: Result
    evidence: Evidence
    folder: Path
    runs: tuple[Run, ...]

    @property
    def printed(self) -> str:
        """All that its code printed, caught or not."""
        logs = [one.run.log for one in self.runs if one.run is not None]
        return "\n".join([*(passage.text for passage in self.evidence.recording.printed), *logs])

    @property
    def earned(self) -> dict[str, float]:
        """Machine points by task, where there are any."""
        return {task.id: task.machine_points for task in self.result.tasks if task.machine_points}


@dataclass(frozen=True)
class Graded:
    """A class that was graded: its cases by name, the honest hand-in behind them, and what else was seen."""

    cases: dict[str, Observed]
    honest: Result
    out: Path
    terminal: str
    canary: str
    changed: tuple[str, ...]
    """Files of the machine that were changed, removed or added."""
    called: tuple[str, ...]
    """Sockets of the machine that somebody called meanwhile."""


def grade_cases(cases: Sequence[Case], folder: Path) -> Graded:
    """Grade `cases` and then the honest hand-in on digits, in profile quick, without anything kept from before."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [case.hand_in(folder / "handed_in") for case in cases]
    out = folder / "graded"
    canary = secrets.token_hex(16)
    before = tree()
    options = Options(
        assignment.load("dat405_a7"), out, data="digits", device="cpu", jobs=1, cache=folder / "cache"
    )
    with (
        _planted(canary, folder, out),
        listening() as called,
        _watched(cases, canary) as watch,
        _captured() as screen,
    ):
        with bars.progress(len(paths)) as progress:
            results = classroom.grade([*paths, HONEST], options, progress)
        showing.show_class(results, out)
        for result in results:
            showing.show_result(result, out / result.submission.name / "scorecard.html")
    seen = {
        case.name: _observed(case, result, out, tuple(watch.runs.get(number, ())))
        for number, (case, result) in enumerate(zip(cases, results, strict=False))
    }
    changed = (*changes(before, tree()), *marks(folder))
    return Graded(seen, results[-1], out, screen.getvalue(), canary, changed, tuple(called))


def that_run_here(cases: Sequence[Case]) -> list[Case]:
    """Those of the cases that the machine can hold."""
    from harness.sandbox import cgroup

    try:
        cgroup.find()
    except cgroup.NoGroup:
        return [case for case in cases if not case.expected.control_group]
    return list(cases)


def grade_honest(folder: Path) -> Result:
    """The honest hand-in alone."""
    return grade_cases((), folder).honest


def _observed(case: Case, result: Result, out: Path, runs: tuple[Run, ...]) -> Observed:
    folder = out / result.submission.name
    evidence = Evidence.model_validate_json((folder / "evidence.json").read_bytes())
    return Observed(case, load(folder / "result.json"), evidence, folder, runs)


@contextlib.contextmanager
def _planted(canary: str, *folders: Path) -> Iterator[None]:
    """A secret where the harness keeps its own things: files beside cases and results, and its environment."""
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "canary.txt").write_text(canary, encoding="utf-8")
    with mock.patch.dict(os.environ, {CANARY: canary}):
        yield


@contextlib.contextmanager
def _captured() -> Iterator[io.StringIO]:
    """What the harness prints: a terminal that is none."""
    screen = io.StringIO()
    with contextlib.redirect_stdout(screen), contextlib.redirect_stderr(screen):
        yield screen


@contextlib.contextmanager
def listening() -> Iterator[list[str]]:
    """Listens as services of the machine do, and gives those that were called, when it is over."""
    called: list[str] = []
    addresses = [(socket.AF_INET, ("127.0.0.1", PORT)), (socket.AF_UNIX, f"\0{MARK}")]
    with contextlib.ExitStack() as stack:
        listeners = []
        for family, address in addresses:
            listener = stack.enter_context(socket.socket(family, socket.SOCK_STREAM))
            with contextlib.suppress(OSError):  # another process of this suite listens there
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                listener.bind(address)
                listener.listen()
                listener.setblocking(False)
                listeners.append(listener)
        yield called
        for listener in listeners:
            with contextlib.suppress(BlockingIOError):
                listener.accept()[0].close()
                called.append(str(listener.getsockname()))


# --- the sandbox, watched


@contextlib.contextmanager
def _watched(cases: Sequence[Case], canary: str) -> Iterator[Watched]:
    sandbox = bench.sandbox_for("required")
    watch = Watched(sandbox, [case.expected for case in cases], canary)
    with mock.patch.object(bench, "sandbox_for", lambda _isolation: watch):
        yield watch


@dataclass
class Watched:
    """A sandbox with a limit of its own for each hand-in, by its number in the class."""

    inner: Sandbox
    expected: Sequence[Any]
    canary: str
    runs: dict[int, list[Run]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.inner.name

    @property
    def isolated(self) -> bool:
        return self.inner.isolated

    @property
    def warning(self) -> str:
        return self.inner.warning

    def run(self, job: dict[str, Any], submission: Path, data: Path | None, limits: Limits) -> SandboxRun:
        """As that of the sandbox within; what it left behind is noted."""
        number = int(submission.name)  # classroom receives the n-th hand-in into a folder n
        if number < len(self.expected):
            job, limits = self._shorter(self.expected[number], job, limits)
        (submission.parent / "canary.txt").write_text(self.canary, encoding="utf-8")  # beside the labels
        began, memory, run = time.monotonic(), _memory(), None
        try:
            run = self.inner.run(job, submission, data, limits)
            return run
        finally:
            seconds = time.monotonic() - began
            left = processes_that_see(submission)
            seen = Run(run, limits, seconds, _memory() - memory, left)
            self.runs.setdefault(number, []).append(seen)

    def _shorter(self, expected: Any, job: dict[str, Any], limits: Limits) -> tuple[dict[str, Any], Limits]:
        seconds = min(expected.seconds, limits.seconds)
        shorter = {
            "statement_seconds": min(expected.statement_seconds, job["statement_seconds"]),
            "run_seconds": min(seconds, job["run_seconds"]),
        }
        memory, together = expected.memory_mib * 2**20, expected.total_memory_mib * 2**20
        return {**job, **shorter}, replace(
            limits, seconds=seconds, memory_bytes=memory, total_memory_bytes=together
        )


def processes_that_see(submission: Path) -> tuple[str, ...]:
    """The processes in whose mounts this hand-in lies: those of its sandbox, whatever became of them."""
    return processes_with_mount("/".join(submission.parts[-3:]))  # the scratch folder's name is like no other


def processes_with_mount(part: str) -> tuple[str, ...]:
    """The processes that have something mounted with this part of a path in its name, each with its number."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            with contextlib.suppress(OSError):
                mounts = (process / "mountinfo").read_text(encoding="utf-8", errors="replace")
                if part in mounts:
                    found.append(f"{process.name} {(process / 'comm').read_text(encoding='utf-8').strip()}")
    return tuple(found)


def _memory() -> int:
    """Of this process, without what it has freed and the C library keeps for the next time."""
    with contextlib.suppress(OSError, AttributeError):  # glibc's own
        ctypes.CDLL(None).malloc_trim(0)
    return int(psutil.Process().memory_info().rss)


# --- the machine, before and after

Tree = dict[str, tuple[int, int]]


def roots() -> tuple[Path, ...]:
    """What no hand-in may change: the harness, its assignments, the packages, the data and other hand-ins."""
    import harness

    package = Path(harness.__file__).parent
    packages = Path(psutil.__file__).parent.parent
    repository = HERE.parents[1]
    data = Path(os.environ["HARNESS_DATA"]) if os.environ.get("HARNESS_DATA") else package
    ours = [repository / name for name in ("reference", "templates", "submissions", "tests/attacks")]
    return tuple({package, packages, data, *(path for path in ours if path.is_dir())})


def tree() -> Tree:
    """Size and time of every file below `roots`. Compiled files are left out: Python writes them itself."""
    found: Tree = {}
    for root in roots():
        for folder, folders, files in os.walk(root):
            folders[:] = [name for name in folders if name not in ("__pycache__", ".git")]
            for name in files:
                path = f"{folder}/{name}"  # a Path each would take seconds
                with contextlib.suppress(OSError):
                    about = os.lstat(path)
                    found[path] = (about.st_size, about.st_mtime_ns)
    return found


def changes(before: Tree, after: Tree) -> tuple[str, ...]:
    """The files that differ."""
    return tuple(sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path)))


def marks(folder: Path) -> tuple[str, ...]:
    """Files with the name that cases give to what they write, where they try to."""
    places = {
        Path("/"),
        Path("/tmp"),
        Path("/var/tmp"),
        Path("/dev/shm"),
        Path.home(),
        Path.cwd(),
        Path.cwd().parent,
    }
    shallow = [path for place in places if place.is_dir() for path in place.iterdir()]
    deep = [path for place in (folder, *roots()) for path in place.rglob(f"*{MARK}*")]
    return tuple(sorted(str(path) for path in {*shallow, *deep} if MARK in path.name))
