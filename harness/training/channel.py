"""One process with a framework in it: asked one thing at a time, killed when its time is over, and started anew."""

from __future__ import annotations

import contextlib
import io
import os
import queue
import subprocess
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from numpy.typing import NDArray
from pydantic import BaseModel

from harness.allowlist import Refused
from harness.results import Cause
from harness.sandbox.process import clean_log
from harness.training.answers import Done, Epoch, Nonsense, Reader, Refusal
from harness.training.choose import Backend, Kind
from harness.training.wall import Launcher, Started
from harness.training.wire import Arrays, send

LOG_BYTES = 16 * 2**10
"""How much of the end of a trainer's log is kept."""
T = TypeVar("T", bound=BaseModel)


class TrainerFailed(RuntimeError):
    """The trainer's process ended or answered nonsense: our fault. The message holds the end of its log."""


class TrainingStopped(RuntimeError):
    """The recipe's own fault at run time; `cause` says which."""

    def __init__(self, message: str, cause: Cause) -> None:
        super().__init__(message)
        self.cause = cause


def cause_of(error: Refused | TrainerFailed | TrainingStopped) -> Cause:
    """Whose fault it is that something was not trained or measured."""
    if isinstance(error, TrainingStopped):
        return error.cause
    return Cause.HARNESS_FAULT if isinstance(error, TrainerFailed) else Cause.REFUSED


@dataclass(frozen=True)
class TimeLimit:
    """Seconds after which one request hangs. That is our fault: what is too much work is refused before."""

    seconds: float


LONGEST = TimeLimit(3600.0)
"""For what has no limit of its own: to import a framework, rebuild a model, or have a network predict."""


class Channel:
    """The coordinator's end. A process that died or was killed is started anew at the next request."""

    def __init__(self, backend: Backend, kind: Kind, launcher: Launcher) -> None:
        self.backend = backend
        self._kind = kind
        self._environment = {**_environment(backend, kind), "KERAS_BACKEND": backend, "PYTHONHASHSEED": "0"}
        self._launcher = launcher
        self._running: Running | None = None

    @property
    def process(self) -> subprocess.Popen[bytes] | None:
        """The process that runs, where one does: the trainer, or bubblewrap around it."""
        return self._running.process if self._running else None

    def ask(
        self,
        request: Mapping[str, Any],
        told: type[T],
        arrays: Arrays | None = None,
        most: int = 0,
        on_epoch: Callable[[int, int], None] = lambda _epoch, _of: None,
        limit: TimeLimit | None = LONGEST,
    ) -> tuple[T, dict[str, NDArray[Any]]]:
        """What is told in answer to a request, and at most so many bytes of arrays.

        Raises Refused and TrainingStopped (theirs), and TrainerFailed (ours).
        """
        running = self.start()
        with _Deadline(running, limit) as deadline:
            try:
                answer = _answer(running, request, told, arrays, most, on_epoch)
            except Nonsense as error:
                running.kill()
                self.close()
                raise TrainerFailed(f"the trainer answered nonsense: {clean_log(str(error))}") from None
            except (Refused, TrainingStopped):
                raise
            except BaseException:  # half an answer may be left, which the next request must not be given
                running.kill()
                self.close()
                raise
        if answer is not None:
            return answer
        died = self._died()
        if limit is None or not deadline.over:
            raise died
        raise TrainerFailed(f"training took longer than {limit.seconds:,.0f} seconds and was ended")

    def start(self) -> Running:
        """Start the process, if it does not run; the framework is imported while the caller goes on. Raises
        TrainerFailed."""
        if self._running is None:
            running = Running(self._launcher, self.backend, self._kind, self._environment)
            running.launch()
            self._running = running
        return self._running

    def close(self) -> None:
        """End the process."""
        if self._running is not None:
            self._running.close()
            self._running = None

    def _died(self) -> TrainerFailed:
        running = self.start()
        self.close()
        log = "\n".join(clean_log(running.log).splitlines()[-15:])
        code = running.process.returncode
        return TrainerFailed(f"the trainer's process ended with code {code}; the end of its log:\n{log}")


class Running(threading.Thread):
    """A trainer's process, and the thread that started it, keeps the end of its log and waits for it. What is
    started behind a wall ends with the thread that started it, so that is none that may end earlier."""

    def __init__(self, launcher: Launcher, backend: Backend, kind: Kind, environment: Mapping[str, str]) -> None:
        super().__init__(daemon=True)
        self.process: subprocess.Popen[bytes]
        self.log = ""
        self._launcher = launcher
        self._what = (backend, kind, environment)
        self._launched: queue.SimpleQueue[Started | Exception] = queue.SimpleQueue()
        self._over = threading.Event()

    def launch(self) -> None:
        """Start the process. Raises TrainerFailed."""
        self.start()
        launched = self._launched.get()
        if isinstance(launched, Exception):
            raise TrainerFailed(f"the trainer's process could not be started: {launched}") from launched
        self.process, self.kill = launched
        if self.process.stdin is None or self.process.stdout is None:
            raise TrainerFailed("the trainer has no pipes")
        self.requests = io.BufferedWriter(self.process.stdin)
        self.answers = io.BufferedReader(self.process.stdout)  # type: ignore[type-var]  # unbuffered: a raw file

    def run(self) -> None:
        """Start it, and stay until it is closed."""
        try:
            with self._launcher.started(*self._what) as started:
                self._launched.put(started)
                self._keep_log(started[0])
                self._over.wait()
        except Exception as error:
            self._launched.put(error)  # for whoever waits for the launch

    def close(self) -> None:
        """End the process; a trainer ends when nobody asks any more."""
        with contextlib.suppress(OSError):  # a dead process takes no last words
            self.requests.close()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.kill()
            self.process.wait()
        self._over.set()
        self.join(timeout=5)
        self.answers.close()
        if self.process.stderr:
            self.process.stderr.close()

    def _keep_log(self, process: subprocess.Popen[bytes]) -> None:
        kept = b""
        while process.stderr is not None and (data := process.stderr.read(2**16)):
            kept = (kept + data)[-LOG_BYTES:]
            self.log = kept.decode("utf-8", "replace")


def _answer(
    running: Running,
    request: Mapping[str, Any],
    told: type[T],
    arrays: Arrays | None,
    most: int,
    on_epoch: Callable[[int, int], None],
) -> tuple[T, dict[str, NDArray[Any]]] | None:
    """None where the process ended instead. Raises as `Channel.ask` does, and Nonsense."""
    try:
        send(running.requests, request, arrays)
    except OSError:
        return None
    reader = Reader(running.answers)
    last = 0
    while (message := reader.message(told)) is not None:
        if isinstance(message, Done):
            made = reader.arrays(message.arrays, most)
            return None if made is None else (message.told, made)
        if isinstance(message, Refusal):
            raise Refused(clean_log(message.reason))
        if not isinstance(message, Epoch):
            raise TrainingStopped(clean_log(message.reason), Cause.OUT_OF_MEMORY)
        if not last < message.epoch <= message.of:
            raise Nonsense(f"epoch {message.epoch} of {message.of} after epoch {last}")
        last = message.epoch
        on_epoch(message.epoch, message.of)
    return None


class _Deadline:
    """Kills the process when the limit is over, and remembers that it did."""

    def __init__(self, running: Running, limit: TimeLimit | None) -> None:
        self._running = running
        self._timer = threading.Timer(limit.seconds, self._kill) if limit else None
        self.over = False

    def __enter__(self) -> _Deadline:
        if self._timer:
            self._timer.daemon = True
            self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._timer:
            self._timer.cancel()

    def _kill(self) -> None:
        self.over = True
        self._running.kill()


def _environment(backend: Backend, kind: Kind) -> dict[str, str]:
    """What a framework's process is started with. TensorFlow has no GPU: what needs one, JAX trains."""
    if backend == "tensorflow":
        return {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
    if kind == "cpu":
        return {"JAX_PLATFORMS": "cpu"}
    flags = f"{os.environ.get('XLA_FLAGS', '')} --xla_gpu_deterministic_ops=true".strip()
    return {"XLA_FLAGS": flags, "XLA_PYTHON_CLIENT_PREALLOCATE": "false"}
