"""Runs the worker on Linux without bubblewrap, confined by the stage alone: Landlock, seccomp, resource limits.

It keeps student code from the user's files, from every network and from other programs' memory, and a process waits
beside it that ends all of its own. It does not isolate: code sees which processes there are and that files exist,
fills the disk rather than a folder in memory, and there is one layer where bubblewrap is a second. So it counts as
not isolated: `harness grade` of other people's work needs --allow-unisolated, and its outputs say what it was.
"""

from __future__ import annotations

import contextlib
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil

from harness.sandbox import bubblewrap, cgroup, mounts, process, seccomp
from harness.sandbox.base import Ended, Limits, SandboxError, SandboxRun
from harness.worker import landlock

LEAST_ABI = 3
"""Before (Linux 6.2), files that may not be written could be emptied."""
SCOPED_ABI = 6
PACKAGE = Path(__file__).resolve().parent.parent
SEEN = ("/proc/self", "/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/sys/vm", "/sys/devices/system")
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")


class LandlockSandbox:
    """The second-best sandbox. `program` stands in for the worker: arguments to the interpreter."""

    name = "landlock"
    isolated = False

    def __init__(self, program: Sequence[str] | None = None) -> None:
        code = process.WORKER_CODE.format(root=str(PACKAGE.parent))
        self._program = program or [*process.WORKER_ARGUMENTS, code]

    @property
    def warning(self) -> str:
        """What it does not stop."""
        signals = "" if landlock.abi() >= SCOPED_ABI else ", end your other programs"
        return (
            "not isolated, only confined by Landlock and seccomp: this code could read no files of yours and reach "
            f"no network, but see which programs run{signals}, and fill the disk"
        )

    def run(self, job: dict[str, Any], submission: Path, data: Path | None, limits: Limits) -> SandboxRun:
        """As `Sandbox.run`. The worker sees the real paths, and a scratch folder that is removed afterwards."""
        with tempfile.TemporaryDirectory(prefix="harness-", ignore_cleanup_errors=True) as folder:
            scratch = Path(folder, "scratch")
            scratch.mkdir()
            shown = [submission.resolve(), *([data.resolve()] if data else [])]
            uid = bubblewrap.own_uid() if bubblewrap.is_root() else None
            if uid is not None:
                Path(folder).chmod(0o711)
                copies = Path(folder, "copies")
                copies.mkdir(mode=0o711)
                shown = [bubblewrap.copy_for_all(path, copies) for path in shown]  # above may be closed to others
                os.chown(scratch, uid, uid)
            paths = {
                "submission": str(shown[0]), "data": str(shown[1]) if data else None, "scratch": str(scratch),
            }  # fmt: skip
            standard_input = b"\n" + process.job_bytes(job, paths)  # the first byte lets the stage go
            reading, writing = os.pipe()
            with contextlib.ExitStack() as stack:
                lifeline = stack.enter_context(os.fdopen(writing, "wb"))
                try:
                    started = self._start(self._settings(reading, uid, shown, scratch, limits), scratch, limits)
                finally:
                    os.close(reading)

                def kill() -> None:
                    lifeline.close()
                    _await_end(started)

                try:
                    process.await_ready(started)
                except BaseException:
                    kill()
                    process.close(started)
                    raise
                out_of_memory = stack.enter_context(cgroup.grouped(started.pid, limits))
                return process.supervise(
                    started, standard_input, limits, kill, signals_as_codes=True, out_of_memory=out_of_memory
                )

    def _settings(
        self, lifeline: int, uid: int | None, shown: list[Path], scratch: Path, limits: Limits
    ) -> list[str]:
        wanted = {
            "handshake": 1, "lifeline": lifeline, "landlock": LEAST_ABI, "memory": limits.memory_bytes,
            "open_files": limits.open_files, "file_bytes": limits.scratch_bytes, "cpu": process.cpu_seconds(limits),
        }  # fmt: skip
        # Without a user of its own, those of the person count with the run's.
        wanted |= {"processes": limits.processes + (_threads() if uid is None else 0)}
        wanted |= {"uid": uid} if uid is not None else {}
        worker = [PACKAGE / name for name in process.WORKER]
        readable, listed = mounts.readable()
        read = [*readable, *worker, *shown, *(Path(path) for path in SEEN)]
        calls = seccomp.program(platform.machine(), namespaces=False)
        return [
            *(f"{name}={number}" for name, number in wanted.items()),
            *(f"list={path}" for path in listed),
            *(f"read={path}" for path in read),
            *(f"device={path}" for path in DEVICES),
            *(f"write={scratch}", f"seccomp={calls.hex()}"),
        ]

    def _start(self, settings: list[str], scratch: Path, limits: Limits) -> subprocess.Popen[bytes]:
        stage = str(PACKAGE / "worker" / "stage.py")
        command = [sys.executable, "-I", "-S", stage, *settings, "--", sys.executable, *self._program]
        lifeline = next(int(word.partition("=")[2]) for word in settings if word.startswith("lifeline="))
        try:
            return subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                pass_fds=(lifeline,),
                cwd=scratch,
                env=process.environment(str(scratch), limits),
                start_new_session=True,
            )
        except OSError as error:
            raise SandboxError(f"the worker could not be started: {error}") from error


def _await_end(started: subprocess.Popen[bytes]) -> None:
    """Wait for the reaper, which leaves once the lifeline is closed and all processes of the run are dead."""
    try:
        started.wait(process.GRACE_SECONDS)
    except subprocess.TimeoutExpired:  # it goes on trying, and nobody else could
        raise SandboxError("the processes of the run could not be ended yet") from None


def _threads() -> int:
    """How many threads this user has."""
    own = [one.info for one in psutil.process_iter(["uids", "num_threads"])]
    return sum(one["num_threads"] or 0 for one in own if one["uids"] and one["uids"].real == os.getuid())


_LOOK = f"import sys; sys.path.insert(0, {str(PACKAGE.parent)!r}); from harness.worker import look; look.main()"


def probe() -> str:
    """Run a program of the worker's so: empty where that works, else a sentence that says why not."""
    if landlock.abi() < LEAST_ABI:
        return f"this kernel has no Landlock of ABI {LEAST_ABI} or later (Linux 6.2)"
    if platform.machine() not in seccomp.MACHINES:
        return f"there is no table of system calls for {platform.machine()}"
    with tempfile.TemporaryDirectory(prefix="harness-") as empty:
        try:
            run = LandlockSandbox(("-s", "-P", "-c", _LOOK)).run({}, Path(empty), None, Limits(seconds=30))
        except (SandboxError, OSError) as error:
            return str(error)
    return "" if run.ended is Ended.FINISHED else f"a trivial program did not run: {run.detail} {run.log.strip()}"
