"""Which notebook a kernel belongs to, as the Jupyter servers of this user on this machine tell it.

Each server leaves a file in Jupyter's runtime folder that says where it listens and with which token; its sessions
are the pairs of kernels and notebooks. Only servers on this machine are asked, straight and without a proxy.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SECONDS = 3.0
MOST_BYTES = 4 * 2**20
_THIS_MACHINE = {"localhost": "localhost", "127.0.0.1": "127.0.0.1", "::1": "::1"}
_EVERYWHERE = ("", "*", "0.0.0.0", "::")  # noqa: S104  # a server that listens there listens on 127.0.0.1 too
_DRIVE = re.compile(r"\w+:")  # before a path, where notebooks are edited together


@dataclass(frozen=True)
class Server:
    """A Jupyter server: where it listens, and the folder that its paths begin in."""

    host: str
    port: int
    base: str
    token: str
    root: Path


def notebook_of(kernel: str, runtime: Path) -> Path | None:
    """The file of the notebook that the kernel with this id runs, by the servers that have left their files in the
    folder `runtime`; None where none of them knows."""
    for server in known(runtime):
        for session in sessions(server):
            if isinstance(session, dict) and _text(session, "kernel", "id") == kernel:
                name = _text(session, "path") or _text(session, "notebook", "path")
                path = server.root / _DRIVE.sub("", name, count=1)
                if name and path.is_file():
                    return path
    return None


def known(runtime: Path) -> Iterator[Server]:
    """The servers on this machine; those that only answer by TLS or a socket file are left out."""
    files = [*runtime.glob("jpserver-*.json"), *runtime.glob("nbserver-*.json")]
    for file in sorted(files, key=_age, reverse=True):
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            told = json.loads(file.read_text(encoding="utf-8"))
            host = "127.0.0.1" if told["hostname"] in _EVERYWHERE else _THIS_MACHINE.get(told["hostname"])
            if host is None or told.get("secure") or told.get("sock"):
                continue
            token = told.get("token") or os.environ.get("JUPYTERHUB_API_TOKEN", "")
            root = Path(told.get("root_dir") or told["notebook_dir"])
            yield Server(host, int(told["port"]), str(told.get("base_url") or "/"), str(token), root)


def sessions(server: Server) -> list[Any]:
    """What a server says that it runs; nothing where it does not answer in time or as expected."""
    connection = http.client.HTTPConnection(server.host, server.port, timeout=SECONDS)
    headers = {"Authorization": f"token {server.token}"} if server.token else {}
    try:
        connection.request("GET", f"{server.base.rstrip('/')}/api/sessions", headers=headers)
        answer = connection.getresponse()
        told = json.loads(answer.read(MOST_BYTES)) if answer.status == http.client.OK else []
    except (OSError, ValueError, RecursionError, http.client.HTTPException):
        return []
    finally:
        connection.close()
    return told if isinstance(told, list) else []


def _text(value: Any, *keys: str) -> str:
    """The text at these keys within each other; "" where there is none."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, str) else ""


def _age(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except OSError:
        return 0.0
