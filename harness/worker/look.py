"""What a program sees of the wall from inside; `harness doctor` runs this file in place of the worker.

Standard library only. It sends one recording: a JSON object of what was tried and seen. It tries nothing that would
do harm where the wall is missing.
"""

from __future__ import annotations

import errno
import functools
import json
import os
import resource
import socket
import subprocess
import sys
from collections.abc import Callable

PLACES = ("/", "/usr", "/var", sys.prefix)
NAMESPACES = ("cgroup", "ipc", "mnt", "net", "pid", "user", "uts")


def main() -> None:
    """Look, and send what was seen."""
    status = dict(line.split(":\t", 1) for line in _read("/proc/self/status").splitlines() if ":\t" in line)
    seen = {
        "namespaces": {name: _inode(f"/proc/self/ns/{name}") for name in NAMESPACES},
        "uid": os.getuid(),
        "capabilities": int(status.get("CapEff", "0").strip(), 16),
        "no_new_privileges": status.get("NoNewPrivs", "").strip() == "1",
        "filtered": status.get("Seccomp", "").strip() == "2",
        "odd_socket": _outcome(lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW).close()),
        "any_socket": _outcome(lambda: socket.socket().close()),
        "own_program": _outcome(_own_program),
        "interfaces": [line.split(":")[0].strip() for line in _read("/proc/net/dev").splitlines() if ":" in line],
        "written": [folder for folder in PLACES if _outcome(functools.partial(_write, folder)) == "done"],
        "memory": resource.getrlimit(resource.RLIMIT_AS)[1],
        "processes": resource.getrlimit(resource.RLIMIT_NPROC)[1],
    }
    payload = json.dumps(seen).encode()
    os.write(1, b"HRN1J" + bytes(2) + len(payload).to_bytes(8, "big") + payload)


def _own_program() -> None:
    """Run a program that was just written into the folder of this run."""
    with open("look", "w", encoding="ascii") as file:  # noqa: PTH123  # as the stage: pathlib takes long to import
        file.write("#!/bin/sh\n")
    os.chmod("look", 0o700)  # noqa: PTH101  # as above
    subprocess.run(["./look"], check=True)


def _write(folder: str) -> None:
    """Make a file and remove it again."""
    name = f"{folder.rstrip('/')}/harness-look-{os.getpid()}"
    os.close(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL))
    os.unlink(name)  # noqa: PTH108  # as above


def _outcome(action: Callable[[], object]) -> str:
    """ "done", or the name of the error."""
    try:
        action()
    except OSError as error:
        return errno.errorcode.get(error.errno or 0, "error")
    return "done"


def _inode(path: str) -> int:
    try:
        return os.stat(path).st_ino  # noqa: PTH116  # as above
    except OSError:
        return 0


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:  # noqa: PTH123  # as above
            return file.read()
    except OSError:
        return ""


if __name__ == "__main__":
    main()
