"""Whose decision it is, where nobody says."""

from __future__ import annotations

import getpass
import os
import subprocess

from harness.marking.store import MarksError

VARIABLE = "HARNESS_AUTHOR"


def author(said: str | None = None) -> str:
    """The name under which a decision is kept: as said, else $HARNESS_AUTHOR, git's `user.name`, the login name.

    Raises MarksError where none of them is known.
    """
    named = (said, os.environ.get(VARIABLE), None if said else _of_git(), None if said else _login())
    for name in named:
        if name and name.strip():
            return " ".join(name.split())
    raise MarksError(f"nobody says whose decision this is; give --by, or set ${VARIABLE}")


def _of_git() -> str:
    """git's `user.name`, "" where there is no git or it knows none."""
    command = ["git", "config", "user.name"]
    try:
        found = subprocess.run(command, capture_output=True, timeout=5, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return found.stdout.decode("utf-8", "replace").strip() if found.returncode == 0 else ""


def _login() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""
