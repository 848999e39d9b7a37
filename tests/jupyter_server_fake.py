"""A Jupyter server as far as a kernel asks it: the file that says where it listens, and its sessions by HTTP."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

TOKEN = "a-token-of-a-test"


def session(kernel: str, path: str) -> dict[str, Any]:
    """A session as Jupyter Server 2 tells it: a kernel and its notebook."""
    return {"id": "1", "path": path, "type": "notebook", "kernel": {"id": kernel, "name": "python3"}}


@dataclass
class Fake:
    """What the server answers with, and what it was asked."""

    sessions: Any
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    """Paths, each with its Authorization."""


@contextlib.contextmanager
def serving(runtime: Path, root: Path, sessions: Any, file: str = "jpserver-7.json", **more: Any) -> Iterator[Fake]:
    """A server for the notebooks below `root`, known by its file in the folder `runtime`; `more` replaces what
    that file says."""
    fake = Fake(sessions)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # the library's name
            fake.asked.append((self.path, self.headers.get("Authorization")))
            body = fake.sessions if isinstance(fake.sessions, bytes) else json.dumps(fake.sessions).encode()
            allowed = self.headers.get("Authorization") == f"token {TOKEN}"
            self.send_response(200 if allowed else 403)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        told = {
            "hostname": "localhost", "port": server.server_port, "base_url": "/user/ada/", "token": TOKEN,
            "root_dir": str(root), "secure": False, "sock": "", "pid": 1, "password": False,
        }  # fmt: skip
        told = {name: value for name, value in (told | more).items() if value is not None}
        (runtime / file).write_text(json.dumps(told), encoding="utf-8")
        try:
            yield fake
        finally:
            server.shutdown()
