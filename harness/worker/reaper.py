"""Where no namespace of processes ends a run, its first process does: it waits beside the run and outlives it.

It is the one to whom Linux gives every orphan below it, so that no process of the run can leave the family.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import signal

_SET_CHILD_SUBREAPER = 36  # prctl
_LOOK_SECONDS = 0.05


def stand_by(lifeline: int) -> None:
    """Fork. The child returns and goes on to be the run. The parent waits until the child has left, or the other
    end of the pipe `lifeline` is closed; then it ends whatever is below it and leaves as the child did: with its
    return code, or 128 and the number of its signal. Raises OSError."""
    if ctypes.CDLL(None, use_errno=True).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "could not take orphans in")
    child = os.fork()
    if child == 0:
        os.close(lifeline)
        return
    for standard in (0, 1, 2):  # they are the run's
        os.close(standard)
    code = _wait(child, lifeline)
    _end_all()
    os._exit(code)


def _wait(child: int, lifeline: int) -> int:
    """The code to leave with; 137 where the lifeline was closed first."""
    while not select.select([lifeline], [], [], _LOOK_SECONDS)[0]:
        for process, status in _reaped():
            if process == child:
                return os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)
    return 128 + signal.SIGKILL


def _reaped() -> list[tuple[int, int]]:
    """The children that are dead, and how they ended."""
    found = []
    with contextlib.suppress(ChildProcessError):
        while (one := os.waitpid(-1, os.WNOHANG))[0]:
            found.append(one)
    return found


def _end_all() -> None:
    """Stop all processes below this one, so that none makes another, then kill them, until there are none."""
    while True:
        stopped: set[int] = set()
        while new := _below() - stopped:
            for process in new:
                _send(process, signal.SIGSTOP)
            stopped |= new
        for process in stopped:
            _send(process, signal.SIGKILL)
        _reaped()
        if not stopped:
            return


def _below() -> set[int]:
    """The living processes below this one."""
    parents: dict[int, int] = {}
    for name in os.listdir("/proc"):  # noqa: PTH208  # pathlib takes longer to import than all of this
        if name.isdigit():
            with contextlib.suppress(OSError), open(f"/proc/{name}/stat", "rb") as file:  # noqa: PTH123  # as above
                state, parent = file.read().rpartition(b")")[2].split()[:2]
                if state not in (b"Z", b"X"):
                    parents[int(name)] = int(parent)
    found, more = set[int](), {os.getpid()}
    while more:
        more = {process for process, parent in parents.items() if parent in more} - found
        found |= more
    return found


def _send(process: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, number)
