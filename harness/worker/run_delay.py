"""Time limits on processes of a machine that has other work: what they waited for a processor is not counted.

The worker limits its statements by it, and from outside the sandbox limits the whole run.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path

PROC = Path("/proc")
PATIENCE = 4.0
"""Times as long as it may take by its own time, anything may take by the clock on the wall."""


def waited(processes: Iterable[int], seconds: float, proc: Path = PROC) -> float:
    """For how many of `seconds`, all that these processes have lived, they were ready to run and no processor was
    free for them. 0.0 where the system does not tell.

    The thread that waited longest counts, as far as the processes together are short of one processor's time: what
    they take from each other, nobody else took. What children ran that were never waited for is not known.
    """
    known = list(processes)
    longest = max((delay for one in known for delay in delays(proc / str(one) / "task").values()), default=0.0)
    ran = sum(_processor_seconds(proc / str(process)) for process in known)
    return max(0.0, min(longest, seconds - ran))


def delays(tasks: Path) -> dict[str, float]:
    """Seconds that each thread of `/proc/PID/task` was ready to run and waited for a processor.

    Linux counts this as its run delay (`schedstat`, the second number, in nanoseconds;
    Documentation/scheduler/sched-stats.rst). None where it tells nothing.
    """
    found = {}
    with contextlib.suppress(OSError):
        for thread in tasks.iterdir():
            with contextlib.suppress(OSError, ValueError, IndexError):  # a thread may end meanwhile
                found[thread.name] = int((thread / "schedstat").read_text(encoding="ascii").split()[1]) / 1e9
    return found


def _processor_seconds(process: Path) -> float:
    """Processor time of a process and of its children that ended and were waited for (proc(5), `/proc/PID/stat`:
    utime, stime, cutime, cstime, fields 14 to 17, in clock ticks)."""
    with contextlib.suppress(OSError, ValueError):
        fields = (process / "stat").read_bytes().rpartition(b")")[2].split()  # a name may hold spaces and brackets
        return sum(int(field) for field in fields[11:15]) / os.sysconf("SC_CLK_TCK")
    return 0.0


class Deadline:
    """The end of a limit of `seconds` from `began` on, which moves off by what was waited for a processor, and to
    no more than PATIENCE times as many seconds by the clock on the wall.

    `waited`: of so many seconds since `began`, how many were waited; asked only when the end seems to be there.
    """

    def __init__(
        self,
        began: float,
        seconds: float,
        waited: Callable[[float], float],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._began, self._seconds, self._waited, self._clock = began, seconds, waited, clock
        self._end = began + seconds

    @property
    def waited(self) -> float:
        """Seconds by which the end has moved off so far."""
        return self._end - self._began - self._seconds

    def left(self) -> float:
        """Seconds until the end; none or less when it is past."""
        now = self._clock()
        if now >= self._end:
            own = self._seconds + self._waited(now - self._began)
            self._end = self._began + min(own, PATIENCE * self._seconds)
        return self._end - now
