"""Limits on time that count a hand-in's own time: not what it waited for on a machine that has other work."""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from harness.worker.run_delay import PATIENCE, delays

TASKS = Path("/proc/self/task")
LOOK_SECONDS = 0.25  # at most this often: there is a file a thread
SHORTEST = 0.01


class StatementTimeout(BaseException):
    """Raised into a statement that runs too long. Not an Exception: `except Exception` must not catch it."""


class OwnClock:
    """Seconds, less those in which this process was ready to run and no processor was free for it.

    Between two looks the thread that waited longest counts (`run_delay.delays`): the others may have had
    something to do. What its own threads take from each other is left out too: that is for the limit around the
    run to count (`run_delay.waited`). Where nothing tells it, these are plain seconds.
    """

    def __init__(self, tasks: Path = TASKS, clock: Callable[[], float] = time.monotonic) -> None:
        self._tasks = tasks
        self._clock = clock
        self._waited = 0.0
        self._looked = clock()
        self._delays = delays(tasks)

    def now(self) -> float:
        """Own seconds since a moment that does not change; only differences mean anything."""
        now = self._clock()
        since = now - self._looked
        if since >= LOOK_SECONDS:
            found = delays(self._tasks)
            longest = max((delay - self._delays.get(name, 0.0) for name, delay in found.items()), default=0.0)
            self._waited += min(max(0.0, longest), since)
            self._delays, self._looked = found, now
        return now - self._waited


def countdown(seconds: float, clock: Callable[[], float]) -> Callable[[], float]:
    """What is left of `seconds` by `clock`, and of PATIENCE times as many by the clock on the wall."""
    end, latest = clock() + seconds, time.monotonic() + PATIENCE * seconds
    return lambda: min(end - clock(), latest - time.monotonic())


@contextlib.contextmanager
def limited(left: Callable[[], float]) -> Iterator[None]:
    """Raise StatementTimeout into the body once `left()` seconds are none, and again each second to a body that
    catches it.

    Without alarms only the run's own limit holds.
    """
    seconds = left()
    if not hasattr(signal, "SIGALRM") or seconds <= 0:
        yield
        return

    def stop(_number: int, _frame: Any) -> None:
        more = left()
        if more > SHORTEST:
            signal.setitimer(signal.ITIMER_REAL, more, 1.0)
        else:
            raise StatementTimeout

    before = signal.signal(signal.SIGALRM, stop)
    remaining = signal.setitimer(signal.ITIMER_REAL, seconds, 1.0)[0]
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, remaining, 1.0 if remaining else 0.0)
        signal.signal(signal.SIGALRM, before)


def time_limit(
    seconds: float, clock: Callable[[], float] = time.monotonic
) -> contextlib.AbstractContextManager[None]:
    """As `limited`: after `seconds` by `clock`, and PATIENCE times as many by the clock on the wall."""
    return limited(countdown(seconds, clock))
