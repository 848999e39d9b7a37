"""Runs the worker inside bubblewrap: own namespaces, no network, and a file system made of what it needs.

Inside are the interpreter and its packages, the hand-in, the data and the worker's own files, all read-only, and a
private scratch folder in memory. As root the stage becomes a user of its own; as an ordinary user bubblewrap makes
a user namespace. Linux only; bubblewrap 0.7 or later. Measured on Linux 6.18 with bubblewrap 0.8.0.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import pwd
import re
import secrets
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.sandbox import cgroup, mounts, process, seccomp
from harness.sandbox.base import MIB, Ended, Limits, SandboxError, SandboxRun

SHARED_MEMORY_BYTES = 64 * MIB
OLDEST = (0, 7)
"""Before, a folder in memory had no bound (--size)."""
SEALS_USERS = (0, 8)
"""Before, there was no --disable-userns. The filter of system calls denies namespaces by itself."""
ROOT = "/work/worker"
SUBMISSION = "/work/in"
DATA = "/work/data.npz"
SCRATCH = "/scratch"
TRIVIAL = ("-I", "-S", "-c", "import os; os.write(1, b'HRN1J\\0\\0' + (2).to_bytes(8, 'big') + b'{}')")
"""A program to try a sandbox with: it sends an empty recording."""


class BubblewrapSandbox:
    """The sandbox for other people's code. `program` stands in for the worker: arguments to the interpreter."""

    name = "bubblewrap"
    isolated = True
    warning = ""

    def __init__(self, program: Sequence[str] | None = None) -> None:
        self._program = program or [*process.WORKER_ARGUMENTS, process.WORKER_CODE.format(root=ROOT)]

    def run(self, job: dict[str, Any], submission: Path, data: Path | None, limits: Limits) -> SandboxRun:
        """As `Sandbox.run`. The worker sees `/work/in`, `/work/data.npz` and `/scratch`."""
        paths = {"submission": SUBMISSION, "data": DATA if data else None, "scratch": SCRATCH}
        standard_input = b"\n" + process.job_bytes(job, paths)  # the first byte lets the stage go
        with tempfile.TemporaryDirectory(prefix="harness-") as copies:
            shown = {SUBMISSION: submission.resolve()} | ({DATA: data.resolve()} if data else {})
            if is_root():
                shown = {inside: open_to_all(path, Path(copies)) for inside, path in shown.items()}
            options = arguments(shown, limits)
            with (
                launched(options, self._command(options, limits)) as (started, pidfd),
                cgroup.grouped(started.pid, limits) as out_of_memory,
            ):
                return process.supervise(
                    started, standard_input, limits, lambda: kill(started, pidfd),
                    signals_as_codes=True, out_of_memory=out_of_memory,
                )  # fmt: skip

    def _command(self, options: list[str], limits: Limits) -> list[str]:
        wanted = {
            "handshake": 1,
            "memory": limits.memory_bytes,
            "open_files": limits.open_files,
            "file_bytes": limits.scratch_bytes,
            "cpu": process.cpu_seconds(limits),
        }
        if is_root():
            wanted["uid"] = own_uid()
        if is_root() or _kernel() >= (5, 14):  # before that, all processes of the person counted
            wanted["processes"] = limits.processes
        settings = [f"{name}={number}" for name, number in wanted.items()]
        settings += [*_landlock(options), *seccomp_settings()]
        stage = f"{ROOT}/harness/worker/stage.py"
        return [sys.executable, "-I", "-S", stage, *settings, "--", sys.executable, *self._program]


def is_root() -> bool:
    """True where the harness itself runs as root, so that a user of its own can be made for the run."""
    return os.geteuid() == 0


def own_uid() -> int:
    """A user id that nobody has: chosen at random for each run, so that two runs share no process limit and no
    files, from those that exist in this user namespace (a container may have only 65,536 of them)."""
    ranges = [line.split() for line in Path("/proc/self/uid_map").read_text(encoding="ascii").splitlines()]
    first, count = max(((int(one[0]), int(one[2])) for one in ranges), key=lambda one: one[1])
    end = min(first + count, 2**31)
    low = max(end - 2**24, first + count // 2 if count <= 2**17 else first, first + 1)
    for _ in range(100):
        uid = low + secrets.randbelow(max(end - low, 1))
        try:
            pwd.getpwuid(uid)
        except KeyError:
            if uid not in (0, 65534):
                return uid
    raise SandboxError("there is no free user id for the sandbox")


def arguments(shown: dict[str, Path], limits: Limits) -> list[str]:
    """bubblewrap's options for a run that shows the files and folders `shown` (inside → outside), read-only."""
    package = Path(__file__).resolve().parent.parent
    worker = {f"{ROOT}/harness/{name}": package / name for name in process.WORKER}
    return enclosed(process.environment(SCRATCH, limits), {**worker, **shown}, limits.scratch_bytes)


def enclosed(
    environment: Mapping[str, str], shown: Mapping[str, Path], scratch_bytes: int, more: Sequence[str] = ()
) -> list[str]:
    """bubblewrap's options for a program with this environment, of which the system, the interpreter and `shown`
    (inside → outside) can be read and `SCRATCH` can be written; `more` options come before the seal."""
    options = [
        *("--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"),
        *("--die-with-parent", "--new-session", "--hostname", "sandbox", "--clearenv"),
    ]
    for name, value in environment.items():
        options += ["--setenv", name, value]
    if is_root():  # the stage needs these two to become a user of its own, and loses them with it
        options += ["--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    else:
        program = shutil.which("bwrap")
        sealed = program is None or version(program) >= SEALS_USERS
        options += ["--unshare-user", *(["--disable-userns"] if sealed else [])]
        options += ["--uid", "1000", "--gid", "1000", "--cap-drop", "ALL"]
    options += mounts.system()
    options += ["--perms", "01777", "--size", str(scratch_bytes), "--tmpfs", SCRATCH]
    options += ["--symlink", SCRATCH.lstrip("/"), "/tmp"]  # noqa: S108  # its name inside, for code that insists
    options += ["--proc", "/proc", "--dev", "/dev"]
    options += ["--perms", "01777", "--size", str(SHARED_MEMORY_BYTES), "--tmpfs", "/dev/shm"]  # noqa: S108
    options += mounts.interpreter()
    for inside, outside in shown.items():
        options += [*mounts.parents(Path(inside)), "--ro-bind", str(outside), inside]
    options += more
    return [*options, "--remount-ro", "/dev", "--remount-ro", "/proc", "--remount-ro", "/", "--chdir", SCRATCH]


def _landlock(options: list[str]) -> list[str]:
    """The stage's settings for Landlock: what `options` show, and no more; Python lists the folders between.
    A kernel without Landlock does without."""
    shown = [options[at + 2] for at, word in enumerate(options) if word == "--ro-bind"]
    places = [("list", "/"), *(("read", path) for path in (*shown, "/proc")), ("device", "/dev")]
    places += [("write", SCRATCH), ("write", "/dev/shm")]  # noqa: S108  # the sandbox's own
    return ["landlock=0", *(f"{name}={path}" for name, path in places)]


def seccomp_settings() -> list[str]:
    """The stage's settings for seccomp; none on a processor that there is no table of calls for."""
    try:
        return [f"seccomp={seccomp.program(platform.machine()).hex()}"]
    except seccomp.UnknownMachine:
        return []


def version(program: str) -> tuple[int, ...]:
    """The version of this bubblewrap, by its own word; taken for the newest where it says none, as what it lacks
    it then says itself. Raises SandboxError where it cannot be started."""
    try:
        told = subprocess.run(
            [program, "--version"], capture_output=True, env={}, timeout=process.START_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SandboxError(f"bubblewrap could not be started: {error}") from error
    found = re.search(rb"(\d+)\.(\d+)", told.stdout)
    return tuple(int(part) for part in found.groups()) if found else (sys.maxsize, 0)


@contextlib.contextmanager
def launched(options: list[str], command: list[str]) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """bubblewrap with its stage ready and waiting, and a handle on the first process of its namespace.

    The options go through a file without a name, because the sandbox can read its own command line. Raises
    SandboxError where the stage does not get ready: nothing of the student's has run then.
    """
    program = shutil.which("bwrap")
    if program is None:
        raise SandboxError("bubblewrap (bwrap) is not installed")
    if not hasattr(os, "pidfd_open") or not hasattr(signal, "pidfd_send_signal"):
        raise SandboxError("this Python was built without os.pidfd_open, by which a sandbox is ended: use another")
    if (found := version(program)) < OLDEST:
        raise SandboxError(f"bubblewrap is {found[0]}.{found[1]}; {OLDEST[0]}.{OLDEST[1]} or later is needed")
    with contextlib.ExitStack() as stack:
        options_fd = _nameless(b"".join(os.fsencode(option) + b"\0" for option in options))
        status_fd, status_end = os.pipe()
        stack.callback(os.close, status_fd)
        try:
            started = subprocess.Popen(
                [program, "--args", str(options_fd), "--json-status-fd", str(status_end), "--", *command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                pass_fds=(options_fd, status_end),
                env={},
                cwd="/",
            )
        except OSError as error:
            raise SandboxError(f"bubblewrap could not be started: {error}") from error
        finally:
            os.close(options_fd)
            os.close(status_end)
        try:
            process.await_ready(started)
            pidfd = os.pidfd_open(_child_pid(status_fd))
        except BaseException:
            started.kill()
            started.wait()
            process.close(started)
            raise
        stack.callback(os.close, pidfd)
        yield started, pidfd


def _nameless(content: bytes) -> int:
    """A descriptor of a file without a name, at its start: in memory, where this Python was built with that."""
    memory = hasattr(os, "memfd_create")
    with os.fdopen(os.memfd_create("options"), "wb") if memory else tempfile.TemporaryFile() as file:
        file.write(content)
        file.seek(0)
        return os.dup(file.fileno())


def _child_pid(status_fd: int) -> int:
    """The first process of the sandbox, as bubblewrap reports it. Killing it kills all of them."""
    readable, _, _ = select.select([status_fd], [], [], process.START_SECONDS)
    text = os.read(status_fd, 4096) if readable else b""
    try:
        return int(json.loads(text.splitlines()[0])["child-pid"])
    except (ValueError, KeyError, IndexError, TypeError):
        raise SandboxError("bubblewrap did not say which process to kill") from None


def kill(started: subprocess.Popen[bytes], pidfd: int) -> None:
    """Kill the namespace's first process. The kernel ends all others before it reports this one dead."""
    with contextlib.suppress(ProcessLookupError):
        signal.pidfd_send_signal(pidfd, signal.SIGKILL)
    deadline = time.monotonic() + process.GRACE_SECONDS
    readable, _, _ = select.select([pidfd], [], [], process.GRACE_SECONDS)
    try:
        started.wait(max(deadline - time.monotonic(), 0.1))
    except subprocess.TimeoutExpired:
        started.kill()
        readable = []
    if not readable:
        raise SandboxError("the sandbox could not be killed")


def open_to_all(path: Path, copies: Path) -> Path:
    """`path`, or a copy of it that every user may read: as root the run's own user reads the files."""
    below = [path, *path.rglob("*")] if path.is_dir() else [path]
    if all(one.stat().st_mode & (0o005 if one.is_dir() else 0o004) for one in below if not one.is_symlink()):
        return path
    return copy_for_all(path, copies)


def copy_for_all(path: Path, copies: Path) -> Path:
    """A copy of a file or folder that every user may read, below `copies`."""
    copy = copies / str(len(os.listdir(copies)))  # noqa: PTH208  # a count, not paths
    if path.is_dir():
        shutil.copytree(path, copy, symlinks=True)
    else:
        shutil.copyfile(path, copy)
    for one in [copy, *copy.rglob("*")] if copy.is_dir() else [copy]:
        if not one.is_symlink():
            one.chmod(0o755 if one.is_dir() else 0o644)
    return copy


def _kernel() -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", platform.release())[:2])


def probe() -> str:
    """Run a trivial program in the sandbox: empty where that works, else a sentence that says why not."""
    with tempfile.TemporaryDirectory(prefix="harness-") as empty:
        try:
            run = BubblewrapSandbox(TRIVIAL).run({}, Path(empty), None, Limits(seconds=30))
        except (SandboxError, OSError) as error:
            return str(error)
    if run.ended is Ended.FINISHED and run.frames.recording == b"{}":
        return ""
    return f"a trivial program did not run: {run.detail or run.ended} {run.log.strip()[-500:]}".strip()
