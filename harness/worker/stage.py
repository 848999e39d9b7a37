"""The first program inside the wall: gives up what it may do, then becomes the worker.

    python -I -S stage.py NAME=VALUE ... -- PROGRAM ARGUMENT ...

Standard library only. It runs before any student code; what fails here is our fault (return code 125). In this
order: a user of its own, resource limits, Landlock, seccomp, exec; each would be forbidden by those after it.
With `handshake=1` it says that it is ready with one byte on standard output and waits for one byte on standard
input: the harness lets it go only once it knows how to kill it, and if the harness dies first, so does this.

Settings that are whole numbers: `lifeline` (a pipe; once nobody holds its other end, all processes of the run are
ended: `harness.worker.reaper`); `uid` (the user and group to become), `memory` (bytes of address space),
`processes`, `open_files`, `file_bytes` (the largest file), `cpu` (seconds); `landlock` (confine to the paths
below, at an ABI of at least this number; 0 does without); `best_effort=1` goes on where the system lacks a limit.
Paths, each as often as needed: `list`, `read` (and execute), `write`, `device`. `seccomp` is a filter as the
kernel takes it, in hexadecimal.
"""

from __future__ import annotations

import ctypes
import os
import resource
import sys

READY = b"\x06"
FAILED = 125
CAPABILITY_VERSION_3 = 0x20080522  # linux/capability.h
SET_SECCOMP, FILTER = 22, 2  # prctl
LIMITS = {
    "memory": resource.RLIMIT_AS,
    "processes": resource.RLIMIT_NPROC,
    "open_files": resource.RLIMIT_NOFILE,
    "file_bytes": resource.RLIMIT_FSIZE,
    "cpu": resource.RLIMIT_CPU,
}
PATHS = ("list", "read", "write", "device")


def main(arguments: list[str]) -> None:
    """Set up as the arguments say and exec the program; never returns."""
    end = arguments.index("--")
    given = [(name, value) for name, _, value in (each.partition("=") for each in arguments[:end])]
    settings = {name: int(value) for name, value in given if name not in (*PATHS, "seccomp")}
    program = arguments[end + 1 :]
    if "lifeline" in settings:
        from harness.worker import reaper

        reaper.stand_by(settings["lifeline"])
    if "uid" in settings:
        become(settings["uid"])
    limit(settings)
    os.umask(0o077)
    if "landlock" in settings:
        confine([(name, value) for name, value in given if name in PATHS], settings["landlock"])
    for name, value in given:
        if name == "seccomp":
            filter_calls(bytes.fromhex(value))
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
    """Set the resource limits, soft and hard alike, so that nothing below can raise them. No core files, ever: 1 is
    too small for any, and unlike 0 also keeps the kernel from starting the system's crash handler, as root, with
    student's memory to read (fs/coredump.c)."""
    wanted = {LIMITS[name]: (number, number) for name, number in settings.items() if name in LIMITS}
    if resource.RLIMIT_CPU in wanted:
        seconds = wanted[resource.RLIMIT_CPU][0]
        wanted[resource.RLIMIT_CPU] = (seconds, seconds + 5)  # SIGXCPU says why, SIGKILL follows
    core = 0 if resource.getrlimit(resource.RLIMIT_CORE)[1] == 0 else 1
    for which, values in {resource.RLIMIT_CORE: (core, core), **wanted}.items():
        try:
            resource.setrlimit(which, values)
        except (OSError, ValueError):  # beyond a hard limit that is already lower, or unknown here
            if not settings.get("best_effort"):
                raise


def confine(paths: list[tuple[str, str]], least: int) -> None:
    """Give up all files but these (name of the setting, path), and what else Landlock keeps. Raises OSError where
    the kernel speaks an ABI below `least`."""
    from harness.worker import landlock

    to = {"list": landlock.LIST, "read": landlock.READ, "write": landlock.WRITE, "device": landlock.DEVICE}
    if landlock.confine([(path, to[name]) for name, path in paths]) < least:
        raise OSError(f"this kernel has no Landlock of ABI {least} or later")


def filter_calls(program: bytes) -> None:
    """Make only the system calls that this filter allows (instructions of 8 bytes). Raises OSError."""
    from harness.worker import landlock

    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))

    landlock.no_new_privileges()
    loaded = Program(len(program) // 8, program)
    if ctypes.CDLL(None, use_errno=True).prctl(SET_SECCOMP, FILTER, ctypes.byref(loaded), 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "the kernel takes no filter of system calls")


if __name__ == "__main__":
    sys.path.insert(0, __file__.rsplit("/", 3)[0])  # the package around this file; pathlib would take longer
    try:
        main(sys.argv[1:])
    except Exception as error:
        os.write(2, f"stage: {type(error).__name__}: {error}\n".encode())
        os._exit(FAILED)
