"""One process with a framework in it: asked line by line, killed when its time is over, started anew after."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from harness.allowlist import Refused
from harness.results import Cause
from harness.training.choose import Backend


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
    """Seconds after which one training is hung. That is our fault: what is too much work is refused before."""

    seconds: float


class Channel:
    """The coordinator's end. A process that died or was killed is started anew at the next request."""

    def __init__(self, backend: Backend, environment: Mapping[str, str]) -> None:
        self.backend = backend
        self.process: subprocess.Popen[str] | None = None
        self._environment = environment
        self._log: deque[str] = deque(maxlen=60)
        self._reader: threading.Thread | None = None

    def ask(
        self,
        request: dict[str, Any],
        on_epoch: Callable[[int, int], None] = lambda _epoch, _of: None,
        limit: TimeLimit | None = None,
    ) -> dict[str, Any]:
        """The answer to a request. Raises Refused and TrainingStopped (theirs), and TrainerFailed (ours)."""
        process = self.start()
        with _Deadline(process, limit) as deadline:
            answer = self._answer(process, request, on_epoch)
        if answer is not None:
            return answer
        died = self._died()
        if not deadline.over or limit is None:
            raise died
        raise TrainerFailed(f"training took longer than {limit.seconds:,.0f} seconds and was ended")

    def start(self) -> subprocess.Popen[str]:
        """Start the process, if it does not run; the framework is imported while the caller goes on."""
        if self.process is None:
            environment = {**os.environ, **self._environment, "KERAS_BACKEND": self.backend, "PYTHONHASHSEED": "0"}
            self.process = subprocess.Popen(
                [sys.executable, "-m", "harness.training.server"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                encoding="utf-8",
                errors="replace",
                env=environment,
            )
            self._reader = threading.Thread(target=self._keep_log, args=(self.process,), daemon=True)
            self._reader.start()
        return self.process

    def close(self) -> None:
        """End the process."""
        if self.process is None:
            return
        if self.process.stdin:
            with contextlib.suppress(OSError):  # a dead process takes no last words
                self.process.stdin.close()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self._reader:
            self._reader.join(timeout=5)
        for stream in (self.process.stdout, self.process.stderr):
            if stream:
                stream.close()
        self.process = None

    def _answer(
        self, process: subprocess.Popen[str], request: dict[str, Any], on_epoch: Callable[[int, int], None]
    ) -> dict[str, Any] | None:
        """None where the process ended instead."""
        if process.stdin is None or process.stdout is None:
            raise TrainerFailed("the trainer has no pipes")
        try:
            process.stdin.write(json.dumps(request) + "\n")
            process.stdin.flush()
        except OSError:
            return None
        for line in process.stdout:
            answer: dict[str, Any] = json.loads(line)
            if answer["kind"] == "epoch":
                on_epoch(answer["epoch"], answer["of"])
            elif answer["kind"] == "refused":
                raise Refused(answer["reason"])
            elif answer["kind"] == "out_of_memory":
                raise TrainingStopped(answer["reason"], Cause.OUT_OF_MEMORY)
            else:
                return answer
        return None

    def _keep_log(self, process: subprocess.Popen[str]) -> None:
        if process.stderr is not None:
            for line in process.stderr:
                self._log.append(line.rstrip())

    def _died(self) -> TrainerFailed:
        code = self.process.wait() if self.process else None
        self.close()
        log = "\n".join(list(self._log)[-15:])
        return TrainerFailed(f"the trainer's process ended with code {code}; the end of its log:\n{log}")


class _Deadline:
    """Kills the process when the limit is over, and remembers that it did."""

    def __init__(self, process: subprocess.Popen[str], limit: TimeLimit | None) -> None:
        self._process = process
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
        self._process.kill()
