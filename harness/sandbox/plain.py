"""Runs the worker as an ordinary process, for one's own code: limits, but no wall."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from harness.sandbox import process
from harness.sandbox.base import Limits, SandboxError, SandboxRun

PACKAGE = Path(__file__).resolve().parent.parent
_WINDOWS_NEEDS = ("SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "NUMBER_OF_PROCESSORS")


class PlainSandbox:
    """A subprocess with a fixed environment, a scratch folder of its own, a time limit, and the resource limits
    that the platform has. It can read and write whatever the user can.

    `program` stands in for the worker: arguments to the Python interpreter.
    """

    name = "plain"
    isolated = False
    warning = "not isolated, for your own code only: this code could read and change everything that you can"

    def __init__(self, program: Sequence[str] | None = None) -> None:
        self._program = program

    def run(self, job: dict[str, Any], submission: Path, data: Path | None, limits: Limits) -> SandboxRun:
        """As `Sandbox.run`. The worker sees the real paths, and a scratch folder that is removed afterwards."""
        with tempfile.TemporaryDirectory(prefix="harness-", ignore_cleanup_errors=True) as scratch:
            token = secrets.token_hex(16)
            paths = {
                "submission": str(submission.resolve()),
                "data": str(data.resolve()) if data else None,
                "scratch": scratch,
            }
            standard_input = process.job_bytes(job, paths)
            try:
                started = subprocess.Popen(
                    self._command(limits),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    bufsize=0,
                    cwd=scratch,
                    env=_environment(scratch, limits) | {process.TOKEN: token},
                    start_new_session=os.name == "posix",
                )
            except OSError as error:
                raise SandboxError(f"the worker could not be started: {error}") from error
            kill: Callable[[], None] = lambda: process.kill_tree(started, token)  # noqa: E731  # reads better here
            return process.supervise(started, standard_input, limits, kill)

    def _command(self, limits: Limits) -> list[str]:
        code = process.WORKER_CODE.format(root=str(PACKAGE.parent))
        program = self._program or [*process.WORKER_ARGUMENTS, code]
        command = [sys.executable, *program]
        if os.name != "posix":
            return command
        stage = PACKAGE / "worker" / "stage.py"
        wanted = (
            "best_effort=1",
            f"memory={limits.memory_bytes}",
            f"open_files={limits.open_files}",
            f"file_bytes={limits.scratch_bytes}",
            f"cpu={process.cpu_seconds(limits)}",
        )
        return [sys.executable, "-I", "-S", str(stage), *wanted, "--", *command]


def _environment(scratch: str, limits: Limits) -> dict[str, str]:
    variables = process.environment(scratch, limits)
    if os.name == "nt":
        kept = {name: os.environ[name] for name in _WINDOWS_NEEDS if name in os.environ}
        folders = dict.fromkeys(("TEMP", "TMP", "USERPROFILE", "APPDATA", "LOCALAPPDATA"), scratch)
        system = kept.get("SYSTEMROOT", "")
        variables |= kept | folders | {"PATH": f"{system}\\System32;{system}"}
    return variables
