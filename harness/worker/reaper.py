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
_CHILDREN = "/proc/thread-self/children"


def stand_by(lifeline: int) -> None:
    """Fork. The child returns and goes on to be the run. The parent waits until the child has left, or the other
    end of the pipe `lifeline` is closed; then it ends whatever is below it and leaves as the child did: with its
    return code, or 128 and the number of its signal. Raises OSError, also where the kernel lists no children.

    The list is opened here, once: what the run does to this process's limits takes nothing from it."""
    listed = os.open(_CHILDREN, os.O_RDONLY)
    if ctypes.CDLL(None, use_errno=True).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "could not take orphans in")
    child = os.fork()
    if child == 0:
        os.close(lifeline)
        os.close(listed)
        return
    for standard in (0, 1, 2):  # they are the run's
        os.close(standard)
    code = _wait(child, lifeline)
    _end_all(listed)
    os._exit(code)


def _wait(child: int, lifeline: int) -> int:
    """The code to leave with; 137 where the lifeline was closed first."""
    while not select.select([lifeline], [], [], _LOOK_SECONDS)[0]:
        for process, status in _reaped():
            if process == child:
                return os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)
    return 128 + signal.SIGKILL


def _reaped() -> list[tuple[int, int]]:
    """The children that died, and how. Raises ChildProcessError where there is no child, dead or alive."""
    found = []
    try:
        while (one := os.waitpid(-1, os.WNOHANG))[0]:
            found.append(one)
    except ChildProcessError:
        if not found:
            raise
    return found


def _end_all(listed: int) -> None:
    """Kill this process's children until it has none. Whose parent is killed becomes its child, so that then there
    is nobody below it; and that it has none is the kernel's word: a list of processes would miss those that are
    born while it is read."""
    with contextlib.suppress(ChildProcessError):
        while True:
            _reaped()
            for process in _children(listed):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(process), signal.SIGKILL)


def _children(listed: int) -> list[bytes]:
    """The processes on the kernel's list now: reading from its start makes it anew."""
    os.lseek(listed, 0, os.SEEK_SET)
    parts = []
    while part := os.read(listed, 2**16):
        parts.append(part)
    return b"".join(parts).split()
