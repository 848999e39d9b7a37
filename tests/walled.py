"""Programs that run in place of the worker inside bubblewrap, and what they tell."""

from __future__ import annotations

import json
import os
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.sandbox import Ended, Limits, SandboxRun, probe

LIMITS = Limits(seconds=60)
TELL = """
import errno, json, os, sys, time
def tell(value):
    payload = json.dumps(value).encode()
    os.write(1, b"HRN1J" + bytes(2) + len(payload).to_bytes(8, "big") + payload)
def attempt(action):
    try:
        return ["done", repr(action())[:200]]
    except OSError as error:
        return [errno.errorcode.get(error.errno, "?"), str(error)]
    except Exception as error:
        return [type(error).__name__, str(error)]
"""


def needs_bubblewrap() -> None:
    """Skip where bubblewrap does not work; where HARNESS_REQUIRE names it, fail."""
    problem = probe()
    if problem and "bubblewrap" in os.environ.get("HARNESS_REQUIRE", "").split():
        pytest.fail(f"bubblewrap is required here: {problem}")
    if problem:
        pytest.skip(problem)


def runner(folder: Path) -> Callable[..., SandboxRun]:
    """A function that runs Python source in place of the worker, with arguments; it lies in the submission."""
    from harness.sandbox.bubblewrap import BubblewrapSandbox

    def run(source: str, limits: Limits = LIMITS, data: Path | None = None, *arguments: str) -> SandboxRun:
        submission = folder / "submission"
        submission.mkdir(exist_ok=True)
        (submission / "program.py").write_text(TELL + textwrap.dedent(source), encoding="utf-8")
        return BubblewrapSandbox(["-s", "-P", "/work/in/program.py", *arguments]).run({}, submission, data, limits)

    return run


def told(run: SandboxRun) -> Any:
    """What the program told; it must have ended well."""
    assert run.ended is Ended.FINISHED, (run.detail, run.log)
    assert run.frames.recording is not None, run.log
    return json.loads(run.frames.recording)
