"""The program, called with arguments in a test's own folder: for the tests of its commands."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from harness import cli


def program(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Callable[..., Result]:
    """Runs the program; its output, and the file of a fault of ours, stay in `folder`."""
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    monkeypatch.chdir(folder)

    def invoke(*arguments: object) -> Result:
        answer = CliRunner().invoke(cli.app, [str(argument) for argument in arguments])
        assert "Traceback" not in answer.output
        return answer

    return invoke
