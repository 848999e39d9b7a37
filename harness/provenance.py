"""Where a result comes from: versions, machine, arguments, and the commit of the harness where there is one."""

from __future__ import annotations

import datetime
import os
import platform
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import harness
from harness import assets

if TYPE_CHECKING:
    from harness.dryrun import DryRun
    from harness.grading import Grader


def of(grader: Grader, run: DryRun) -> dict[str, Any]:
    """The provenance of one submission's result, without the arguments of the run that it was graded in."""
    calibration = grader.assignment.calibration(grader.dataset.name, grader.profile)
    return {
        "harness": harness.__version__,
        "commit": commit(),
        "time": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "trainer": grader.trainer.describe(),
        "sandbox": {"isolation": grader.isolation, "versions": run.recording.versions},
        "calibration": calibration.provenance if calibration else None,
    }


def machine() -> dict[str, Any]:
    """Python, system and cores."""
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()}",
        "processor": platform.machine(),
        "cores": os.cpu_count(),
    }


def commit() -> str | None:
    """The checkout's commit, with "+dirty" where files differ from it, calibrations apart: they are what is made
    with it. None outside a checkout."""
    root = assets.PACKAGE.parent
    git = shutil.which("git")
    if git is None or not (root / ".git").exists():
        return None
    try:
        answers = [
            subprocess.run(
                [git, *command], cwd=root, capture_output=True, text=True, encoding="utf-8", timeout=10, check=True
            ).stdout.strip()
            for command in (
                ["rev-parse", "--short=12", "HEAD"],
                ["status", "--porcelain", "--", "harness", "reference", ":!reference/*/calibration"],
            )
        ]
    except (OSError, subprocess.SubprocessError):
        return None
    return answers[0] + ("+dirty" if answers[1] else "")
