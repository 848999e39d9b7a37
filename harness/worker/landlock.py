"""Landlock: a process gives up every file but those below named folders, TCP, and others' sockets and signals.

Spoken to the kernel directly, because no kept Python library is; best effort by its ABI (1 to 7), from
https://docs.kernel.org/userspace-api/landlock.html. It does not restrict looking at a file's size or times, its
mode and owner, UDP, or sockets with a path.
"""

from __future__ import annotations

import ctypes
import os
import stat
from collections.abc import Iterable

# The system calls have the same numbers on every processor.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_ASK_VERSION, _BENEATH = 1, 1
_NO_NEW_PRIVS = 38  # prctl

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_REMOVE_AND_MAKE = 0x1FF0  # folders, files, links, sockets, pipes; devices need rights that nobody here has
REFER, TRUNCATE, IOCTL_DEVICE = 1 << 13, 1 << 14, 1 << 15
_OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEVICE

READ = EXECUTE | READ_FILE | READ_DIR
LIST = READ_DIR
LOOK = READ_FILE | READ_DIR
WRITE = LOOK | WRITE_FILE | _REMOVE_AND_MAKE | REFER | TRUNCATE
"""No file that was written can be executed; a program in memory can, which gives no more than Python does."""
DEVICE = LOOK | WRITE_FILE | TRUNCATE | IOCTL_DEVICE
BIND_AND_CONNECT_TCP = 0b11
ABSTRACT_SOCKETS_AND_SIGNALS = 0b11


def abi() -> int:
    """The version that this kernel speaks; 0 where it has none, or was started without."""
    return max(int(_libc().syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _ASK_VERSION)), 0)


def rights(version: int) -> tuple[int, int, int]:
    """What is restricted at an ABI: of files, of the network, and which scopes."""
    files = EXECUTE | WRITE_FILE | READ_FILE | READ_DIR | _REMOVE_AND_MAKE
    files |= REFER if version >= 2 else 0
    files |= TRUNCATE if version >= 3 else 0
    files |= IOCTL_DEVICE if version >= 5 else 0
    return files, BIND_AND_CONNECT_TCP if version >= 4 else 0, ABSTRACT_SOCKETS_AND_SIGNALS if version >= 6 else 0


def confine(allowed: Iterable[tuple[str, int]]) -> int:
    """Confine this process and its children for good to files below these paths, each with the rights to them.
    A path that does not exist is passed over. Returns the ABI: 0 where nothing was done. Raises OSError."""
    version = abi()
    if version == 0:
        return 0
    restricted = rights(version)
    attributes = (ctypes.c_uint64 * 3)(*restricted)
    size = 8 if version < 4 else 16 if version < 6 else 24
    ruleset = _call(_CREATE_RULESET, ctypes.byref(attributes), ctypes.c_size_t(size), 0)
    try:
        for path, wanted in allowed:
            _allow(ruleset, path, wanted & restricted[0])
        no_new_privileges()
        _call(_RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)
    return version


def no_new_privileges() -> None:
    """No program that is executed from here on gains rights. Raises OSError."""
    if _libc().prctl(_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "could not give up new privileges")


def _allow(ruleset: int, path: str, wanted: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        if not stat.S_ISDIR(os.fstat(place).st_mode):
            wanted &= _OF_FILES
        rule = wanted.to_bytes(8, "little") + place.to_bytes(4, "little")  # packed, on both processors
        _call(_ADD_RULE, ruleset, _BENEATH, rule, 0)
    finally:
        os.close(place)


def _call(number: int, *arguments: object) -> int:
    result = int(_libc().syscall(number, *arguments))
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"landlock: {os.strerror(code)}")
    return result


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
