"""The checking process, from the kernel's side: started, listened to, and ended whatever happens.

It is told what to do in a line of JSON on its standard input and answers in lines of JSON, each an event. As long
as its input is open somebody waits for it; where that ends, because of the stop button or because the kernel is
gone, it ends with all that it has started. So nothing is left running, on any system.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from harness.notebook.checked import Checked

Tell = Callable[[Mapping[str, Any]], None]
"""Told of each event but the last."""
PYTHON = "HARNESS_PYTHON"
"""Names the Python that has the harness, where that is not the kernel's own."""
PROGRAM = ("-P", "-m", "harness.notebook.child")  # -P: nothing of the folder that it is started in is imported
LEFT_OUT = ("MPLBACKEND", "KERAS_BACKEND", "PYTHONSTARTUP")  # a kernel's own settings
LOOK_SECONDS = 0.2  # a kernel on Windows notices its stop button between two of them
GRACE_SECONDS = 20.0  # for ending its own processes, before it is killed
LAST = ("checked", "unanswered")


@dataclass(frozen=True)
class Job:
    """What is to be checked, and how; `seen` says how fresh the file is."""

    path: Path
    beside: Path
    seen: str = ""
    tasks: tuple[str, ...] = ()
    train: bool = False
    data: str = "auto"
    assignment: str = ""
    device: str = "cpu"

    def line(self) -> bytes:
        """As the checking process reads it."""
        plain = asdict(self) | {"path": str(self.path), "beside": str(self.beside)}
        return json.dumps(plain).encode() + b"\n"


def run(job: Job, tell: Tell) -> Checked:
    """Check it in a process of its own. Raises KeyboardInterrupt, when that process is gone."""
    with tempfile.TemporaryDirectory(prefix="harness-", ignore_cleanup_errors=True) as folder:
        log = Path(folder) / "log.txt"
        try:
            with log.open("wb") as errors, started(Path(folder), errors) as process:
                last = _listen(process, job.line(), tell)
        except OSError as error:
            return Checked.unanswered(f"The check could not be started: {error}. {_which()}")
        if last is None:
            return Checked.unanswered(_died(log.read_text(encoding="utf-8", errors="replace")))
        return Checked.told(last)


@contextlib.contextmanager
def started(folder: Path, errors: IO[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    """The checking process, in a folder where nothing is; at the end of the block it has ended. Raises OSError."""
    variables = {name: value for name, value in os.environ.items() if name not in LEFT_OUT}
    process = subprocess.Popen(
        [os.environ.get(PYTHON) or sys.executable, *PROGRAM],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        cwd=folder,
        env=variables | {"PYTHONSAFEPATH": "1", "PYTHONUTF8": "1"},
        start_new_session=os.name == "posix",  # Jupyter's stop button signals the kernel's whole group
    )
    try:
        yield process
    finally:
        _end(process)


def _listen(process: subprocess.Popen[bytes], line: bytes, tell: Tell) -> Mapping[str, Any] | None:
    """Tell of what the process says until its last word, which is given; None where it ends without one."""
    events: queue.SimpleQueue[Mapping[str, Any] | None] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(process.stdout, events), daemon=True).start()
    with contextlib.suppress(BrokenPipeError):
        if process.stdin is not None:
            process.stdin.write(line)
            process.stdin.flush()
    while True:
        try:
            event = events.get(timeout=LOOK_SECONDS)
        except queue.Empty:
            continue
        if event is None or event["event"] in LAST:
            return event
        tell(event)


def _read(answers: IO[bytes], events: queue.SimpleQueue[Mapping[str, Any] | None]) -> None:
    with contextlib.suppress(ValueError, OSError):  # a line that was cut off, a pipe that was closed under us
        for line in answers:
            events.put(json.loads(line))
    events.put(None)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Have the process end, and wait until it has; one that does not is killed."""
    try:
        if process.stdin is not None:
            with contextlib.suppress(OSError):
                process.stdin.close()
        process.wait(GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        pass
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()


def _which() -> str:
    python = os.environ.get(PYTHON) or sys.executable
    return f"It needs a Python that has the harness, and {python} was asked; {PYTHON} can name another."


def _died(log: str) -> str:
    """Why there is no answer, in words; what was printed goes to a file that stays."""
    if "No module named" in log[-400:] or "cannot import name" in log[-400:]:
        missing = log.strip().splitlines()[-1][:200]
        return f"The check could not be started ({missing}). {_which()}"
    with tempfile.NamedTemporaryFile(
        "w", suffix=".txt", prefix="harness-fault-", delete=False, encoding="utf-8"
    ) as file:
        file.write(log)
    return f"The harness ended without an answer. This is our fault, not yours; the details are in {file.name}"
