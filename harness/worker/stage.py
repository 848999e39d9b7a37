"""The first program inside the wall: gives up what it may do, then becomes the worker.

    python -I -S stage.py NAME=NUMBER ... -- PROGRAM ARGUMENT ...

Standard library only. It runs before any student code; what fails here is our fault (return code 125).
With `handshake=1` it says that it is ready with one byte on standard output and waits for one byte on standard
input: the harness lets it go only once it knows how to kill it, and if the harness dies first, so does this.

The settings, all whole numbers: `uid` (the user and group to become), `memory` (bytes of address space),
`processes`, `open_files`, `file_bytes` (the largest file), `cpu` (seconds); `best_effort=1` goes on where the
system lacks a limit.
"""

from __future__ import annotations

import ctypes
import os
import resource
import sys

READY = b"\x06"
FAILED = 125
CAPABILITY_VERSION_3 = 0x20080522  # linux/capability.h
LIMITS = {
    "memory": resource.RLIMIT_AS,
    "processes": resource.RLIMIT_NPROC,
    "open_files": resource.RLIMIT_NOFILE,
    "file_bytes": resource.RLIMIT_FSIZE,
    "cpu": resource.RLIMIT_CPU,
}


def main(arguments: list[str]) -> None:
    """Set up as the arguments say and exec the program; never returns."""
    end = arguments.index("--")
    settings = {name: int(number) for name, _, number in (each.partition("=") for each in arguments[:end])}
    program = arguments[end + 1 :]
    if "uid" in settings:
        become(settings["uid"])
    limit(settings)
    os.umask(0o077)
    if settings.get("handshake"):
        os.write(1, READY)
        if os.read(0, 1) == b"":  # the harness is gone
            os._exit(FAILED)
    os.execv(program[0], program)  # noqa: S606  # becoming the worker is the point


def become(uid: int) -> None:
    """Be the user and group `uid`, for good and without capabilities. Raises OSError where that fails."""
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    if os.getresuid() != (uid, uid, uid) or os.getresgid() != (uid, uid, uid) or os.getgroups():
        raise PermissionError(f"could not become user {uid}")
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    if ctypes.CDLL(None, use_errno=True).capset(header, (ctypes.c_uint32 * 6)()) != 0:  # also the inheritable ones
        raise OSError(ctypes.get_errno(), "could not give up capabilities")


def limit(settings: dict[str, int]) -> None:
    """Set the resource limits, soft and hard alike, so that nothing below can raise them. No core files, ever."""
    wanted = {LIMITS[name]: (number, number) for name, number in settings.items() if name in LIMITS}
    if resource.RLIMIT_CPU in wanted:
        seconds = wanted[resource.RLIMIT_CPU][0]
        wanted[resource.RLIMIT_CPU] = (seconds, seconds + 5)  # SIGXCPU says why, SIGKILL follows
    for which, values in {resource.RLIMIT_CORE: (0, 0), **wanted}.items():
        try:
            resource.setrlimit(which, values)
        except (OSError, ValueError):  # beyond a hard limit that is already lower, or unknown here
            if not settings.get("best_effort"):
                raise


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except Exception as error:
        os.write(2, f"stage: {type(error).__name__}: {error}\n".encode())
        os._exit(FAILED)
