"""What both sandboxes share: feed the job, read the channel and the log with limits, end the run and clean up.

Time limits are kept from outside: nothing here asks the student's process to stop itself. A run is over only when
every process that it started is dead.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import queue
import re
import select
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import IO, Any

import psutil

from harness.sandbox.base import Ended, Frames, Limits, SandboxError, SandboxRun
from harness.sandbox.frames import FrameError, FrameFloodError, FrameReader
from harness.worker.run_delay import Deadline, waited

CHUNK = 2**16
START_SECONDS = 60.0
"""How long the stage may take to be ready: 0.03 s where measured, more on a machine under load."""
READY = b"\x06"
"""What the stage says then (`harness.worker.stage`)."""
LOOK_SECONDS = 0.25
"""How often the memory of the whole run is looked at."""
SHORTEST = 0.01
"""A limit with no more seconds left is at its end."""
GRACE_SECONDS = 10.0
"""How long killed processes may take to be gone before the run counts as our fault."""
TOKEN = "HARNESS_RUN"  # noqa: S105  # the name of a variable, not a secret
SIGKILL, SIGXCPU = 9, 24  # by number: Windows has no such names

# `-s -P` with a fixed environment isolates as `-I` does, but lets PYTHONHASHSEED count, which `-I` ignores.
WORKER_ARGUMENTS = ("-s", "-P", "-c")
WORKER_CODE = "import sys; sys.path.insert(0, {root!r}); from harness.worker.main import main; main()"
WORKER = ("__init__.py", "keras_import.py", "recorded_models.py", "recording.py", "worker")
"""What the worker imports of the harness, by its place in there: a walled run sees no more of it."""

_ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[ -/]*[0-~]?")
_UNWANTED = re.compile(  # control and direction characters, and those without a width
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f]"
)
_NO_MEMORY = re.compile(r"MemoryError|bad_alloc|[Cc]annot allocate memory|can't allocate|ResourceExhausted")


def environment(scratch: str, limits: Limits) -> dict[str, str]:
    """The variables that a worker sees, beside those a platform needs: fixed, so that runs repeat. OPENBLAS_*
    is taken over from outside, because some machines need it to run at all."""
    threads = str(limits.threads)
    taken = {name: value for name, value in os.environ.items() if name.startswith("OPENBLAS_")}
    return taken | {
        "HOME": scratch,
        "TMPDIR": scratch,
        "PATH": "/usr/bin",
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "USER": "student",
        "LOGNAME": "student",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "TF_NUM_INTRAOP_THREADS": threads,
        "TF_NUM_INTEROP_THREADS": threads,
        "OMP_NUM_THREADS": threads,
        "OPENBLAS_NUM_THREADS": threads,
        "MKL_NUM_THREADS": threads,
        "MPLBACKEND": "Agg",
        "MPLCONFIGDIR": f"{scratch}/.matplotlib",
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUTF8": "1",
        "KERAS_BACKEND": "tensorflow",
        "KERAS_HOME": f"{scratch}/.keras",
        "CUDA_VISIBLE_DEVICES": "",
        # glibc keeps a freed array's memory for the next one. Noise on 60,000 images makes arrays of 376 MB by
        # the dozen, and having the kernel clear fresh pages for each takes longer than the arithmetic.
        "MALLOC_MMAP_MAX_": "0",
        "MALLOC_TRIM_THRESHOLD_": str(limits.memory_bytes),
    }


def job_bytes(job: Mapping[str, Any], paths: Mapping[str, str | None]) -> bytes:
    """The job as the worker reads it from standard input: 8 bytes of length, big-endian, and UTF-8 JSON.
    Raises SandboxError where `job` is not plain data."""
    try:
        text = json.dumps({**job, "paths": dict(paths)}, allow_nan=False).encode()
    except (TypeError, ValueError) as error:
        raise SandboxError(f"the job is not plain JSON data: {error}") from error
    return len(text).to_bytes(8, "big") + text


def cpu_seconds(limits: Limits) -> int:
    """Processor time that one process may use: more than its threads could within the time limit."""
    return math.ceil(limits.seconds * (limits.threads + 2)) + 1


def clean_log(text: str) -> str:
    """`text` without escape sequences, control and direction characters; of a line that was written over with
    carriage returns (progress bars) only its last state."""
    text = _ESCAPES.sub("", text.replace("\r\n", "\n"))
    return _UNWANTED.sub("", "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n")))


class Log:
    """Counts what is written to it and keeps the first and the last half of `log_bytes`."""

    def __init__(self, limits: Limits) -> None:
        self._half = max(limits.log_bytes // 2, 1)
        self._most = limits.log_flood_bytes
        self._head = bytearray()
        self._tail = bytearray()
        self._total = 0

    def feed(self, data: bytes) -> None:
        """Take bytes. Raises FrameFloodError (each time) once there were more than `log_flood_bytes`."""
        self._total += len(data)
        room = self._half - len(self._head)
        self._head += data[:room]
        self._tail += data[max(room, 0) :]
        if len(self._tail) > 2 * self._half + CHUNK:
            del self._tail[: -self._half]
        if self._total > self._most:
            raise FrameFloodError(f"more than {self._most:,} bytes of printed output")

    def text(self) -> str:
        """What was kept, cleaned, with a line that says how much was left out."""
        tail = self._tail[-self._half :]
        left_out = self._total - len(self._head) - len(tail)
        gap = f"\n… {left_out:,} bytes left out …\n" if left_out else ""
        return clean_log(self._head.decode("utf-8", "replace") + gap + tail.decode("utf-8", "replace"))


class _Reader(threading.Thread):
    """Reads a pipe to its end; reports the first complaint of `take` and then throws away what still comes."""

    def __init__(self, pipe: IO[bytes], take: Callable[[bytes], None], report: Callable[[], None]) -> None:
        super().__init__(daemon=True)
        self._pipe, self._take, self._report = pipe, take, report
        self.problem: FrameError | None = None

    def run(self) -> None:
        with contextlib.suppress(OSError, ValueError):  # the pipe was closed under us
            while data := self._pipe.read(CHUNK):
                if self.problem is not None:
                    continue
                try:
                    self._take(data)
                except FrameError as problem:
                    self.problem = problem
                    self._report()


def await_ready(started: subprocess.Popen[bytes]) -> None:
    """Read the stage's first byte. Raises SandboxError, with what the stage or what starts it complained of."""
    if started.stdout is None or started.stderr is None:
        raise SandboxError("the sandbox was started without pipes")
    readable, _, _ = select.select([started.stdout], [], [], START_SECONDS)
    if readable and started.stdout.read(1) == READY:
        return
    if not readable:
        raise SandboxError(f"the sandbox was not ready after {START_SECONDS:g} seconds")
    started.kill()
    complaint = clean_log(started.stderr.read(4096).decode("utf-8", "replace")).strip()
    raise SandboxError(f"the sandbox did not start: {complaint or 'no reason given'}")


def supervise(
    process: subprocess.Popen[bytes],
    standard_input: bytes,
    limits: Limits,
    kill: Callable[[], None],
    *,
    signals_as_codes: bool = False,
    out_of_memory: Callable[[], bool] = lambda: False,
) -> SandboxRun:
    """Feed `process`, read what it says, end it at a limit, and return when every process of the run is dead.

    `process` has unbuffered pipes for its three standard streams. `kill` must end all processes of the run and
    return when they are gone, or raise SandboxError; it is called once, however the run ends.
    `signals_as_codes`: the return code of a process that died by signal n is 128 + n, as a shell's.
    `out_of_memory`: whether the run as a whole has met its limit of memory, which ends it; asked now and then.
    """
    if process.stdin is None or process.stdout is None or process.stderr is None:
        raise SandboxError("the process was started without pipes")
    started = time.monotonic()
    events: queue.SimpleQueue[str] = queue.SimpleQueue()
    frames, log = FrameReader(limits), Log(limits)
    channel = _Reader(process.stdout, frames.feed, lambda: events.put("problem"))
    printed = _Reader(process.stderr, log.feed, lambda: events.put("problem"))
    feeder = threading.Thread(target=_write, args=(process.stdin, standard_input), daemon=True)
    waiter = threading.Thread(target=_wait, args=(process, events), daemon=True)
    threads = (channel, printed, feeder, waiter)
    event = "interrupted"
    deadline = Deadline(started, limits.seconds, lambda so_far: waited(_family_ids(process), so_far))
    try:
        for thread in threads:
            thread.start()
        event = _first(events, deadline, out_of_memory)
    finally:
        seconds = time.monotonic() - started
        if event != "interrupted" and out_of_memory():
            event = "memory"
        kill()
        _join(threads)
        close(process)
    problem = channel.problem or printed.problem
    run = _verdict(event, problem, process.returncode, signals_as_codes, log.text(), limits, seconds)
    detail = run.detail
    if event == "exited" and frames.partial and not detail:
        detail = "the last frame was cut off"
    return replace(run, frames=frames.frames, seconds=seconds, waited=deadline.waited, detail=detail)


def _first(events: queue.SimpleQueue[str], deadline: Deadline, out_of_memory: Callable[[], bool]) -> str:
    """What ends the run: an event, "timeout", or "memory"."""
    while not out_of_memory():
        left = deadline.left()
        try:
            return events.get(timeout=max(min(left, LOOK_SECONDS), 0.0))
        except queue.Empty:
            if left <= SHORTEST:
                return "timeout"
    return "memory"


def close(process: subprocess.Popen[bytes]) -> None:
    """Close our ends of the pipes of a process that is dead."""
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()


def _write(pipe: IO[bytes], data: bytes) -> None:
    """Write all of `data` and close; a reader that leaves early is its own affair."""
    view = memoryview(data)
    with contextlib.suppress(OSError, ValueError):
        while view:
            view = view[pipe.write(view) :]
    with contextlib.suppress(OSError, ValueError):
        pipe.close()


def _wait(process: subprocess.Popen[bytes], events: queue.SimpleQueue[str]) -> None:
    process.wait()
    events.put("exited")


def _join(threads: tuple[threading.Thread, ...]) -> None:
    """Wait for all; a pipe that is still open means that a process of the run is still alive."""
    deadline = time.monotonic() + GRACE_SECONDS
    for thread in threads:
        if thread.ident is not None:
            thread.join(max(deadline - time.monotonic(), 0.01))
    if any(thread.is_alive() for thread in threads):
        raise SandboxError("a process of the run outlived it and holds its pipes")


def _verdict(
    event: str,
    problem: FrameError | None,
    code: int,
    signals_as_codes: bool,
    log: str,
    limits: Limits,
    seconds: float,
) -> SandboxRun:
    """How the run ended after so many seconds, without its frames."""

    def ended(how: Ended, detail: str = "", code: int | None = None, number: int | None = None) -> SandboxRun:
        return SandboxRun(Frames(), how, code, number, log, detail=detail)

    if event == "memory":
        amount = limits.total_memory_bytes / 2**30
        return ended(Ended.OUT_OF_MEMORY, f"its processes and files together took more than {amount:.1f} GiB")
    if event == "timeout":
        return ended(Ended.TIMEOUT, f"still running after {seconds:.0f} seconds")
    if problem is not None:
        how = Ended.OUTPUT_FLOOD if isinstance(problem, FrameFloodError) else Ended.BAD_FRAMES
        return ended(how, str(problem))
    number = -code if code < 0 else code - 128 if signals_as_codes and 128 < code < 193 else None
    if code == 0:
        return ended(Ended.FINISHED, code=0)
    if _NO_MEMORY.search(log[-4000:]):
        detail = f"ran out of memory (at most {limits.memory_bytes / 2**30:.1f} GiB)"
        return ended(Ended.OUT_OF_MEMORY, detail, None if number else code, number)
    if number == SIGXCPU:
        return ended(Ended.TIMEOUT, "used up its processor time", number=number)
    if number == SIGKILL:
        return ended(Ended.KILLED, "killed by SIGKILL, which was not ours", number=number)
    if number is not None:
        return ended(Ended.CRASHED, f"ended by {_signal_name(number)}", number=number)
    return ended(Ended.CRASHED, f"left with return code {code}", code=code)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def kill_tree(process: subprocess.Popen[bytes], token: str) -> None:
    """Kill `process`, its descendants and every process that carries `token` in its environment (daemons that left
    the family), and return when they are gone. Raises SandboxError after `GRACE_SECONDS`.

    Without a process namespace this is a best effort: a process that clears its environment and leaves its parents
    is not found.
    """
    deadline = time.monotonic() + GRACE_SECONDS
    while alive := _alive(process, token):
        for one in alive:
            with contextlib.suppress(psutil.Error, OSError):
                one.kill()
        psutil.wait_procs(alive, timeout=0.2)
        if time.monotonic() > deadline:
            raise SandboxError(f"{len(alive)} processes of the run could not be killed")


def _family(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """`process` and its descendants, while it lives."""
    if process.poll() is None:
        with contextlib.suppress(psutil.Error):
            root = psutil.Process(process.pid)
            return [root, *root.children(recursive=True)]
    return []


def _family_ids(process: subprocess.Popen[bytes]) -> list[int]:
    return [one.pid for one in _family(process)]


def _alive(process: subprocess.Popen[bytes], token: str) -> list[psutil.Process]:
    found = _family(process)
    for one in psutil.process_iter():
        try:
            if one.environ().get(TOKEN) == token and one.status() != psutil.STATUS_ZOMBIE:
                found.append(one)
        except (psutil.Error, OSError, ValueError):
            continue  # another user's, or already gone
    return [one for one in found if one.pid != os.getpid()]
