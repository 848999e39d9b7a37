"""Gradescope: `results.json` of one hand-in, and an autograder zip that makes it there.

The form is that of gradescope-autograders.readthedocs.io, "Autograder Specifications", read in November 2026.
"""

from __future__ import annotations

import io
import shlex
import zipfile
from typing import Any

import harness
from harness import explained
from harness.results import Cause, CheckResult, ManualPart, Outcome, Result
from harness.text import clean, points

OURS = (
    "This could not be measured, and the fault is not yours. Its points stay open until a person has looked at it."
)
_DATE = (2020, 1, 1, 0, 0, 0)  # in the zip, so that equal contents are equal files


def results_json(result: Result) -> dict[str, Any]:
    """The result as Gradescope reads it: a test a check, one for each part that a person marked in the harness, and
    one that says why where nothing could be recorded.

    What is not marked in the harness can be marked in Gradescope itself. A check without a value by our
    fault has no score, so that it never counts as zero. Everything is plain text: by default Gradescope takes the
    text of a whole submission for HTML. Standard output stays hidden from students, and there is no leaderboard.
    """
    numbers: dict[str, int] = {}
    tests = []
    for task in result.tasks:
        tests += [_test(check, numbers) for check in task.checks]
        if task.manual and task.manual.mark and task.manual.mark.holds:
            tests.append(_mark(task.id, task.manual, numbers))
    if result.problem and not tests:
        tests = [
            {"name": "The hand-in can be recorded", "status": "failed", "output": clean(result.problem, 2_000)}
        ]
    return {
        "output": _said(result),
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        "execution_time": round(sum(result.timing.values())),
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "extra_data": {
            "submission_sha256": clean(result.submission.sha256, 64),
            "assignment": clean(result.assignment.id, 100),
            "assignment_version": clean(result.assignment.version, 100),
            "profile": result.profile,
            "dataset": clean(result.dataset.name, 100),
            "complete": result.complete,
            "harness": harness.__version__,
        },
        "tests": tests,
    } | ({} if any("score" in test for test in tests) else {"score": 0.0})


def _said(result: Result) -> str:
    lines = [f"{points(result.machine_points)} of {points(result.machine_max_points)} points by machine."]
    parts = [task.manual for task in result.tasks if task.manual]
    given = [part.points for part in parts if part.points is not None]
    left = sum(part.max_points for part in parts if part.points is None)
    if given:
        lines.append(f"{points(sum(given))} by a person.")
    if left:
        lines.append(f"A person gives the other {points(left)}.")
    if result.confirmed:
        lines.append(clean(explained.final(result), 1_000))
    if result.profile == "quick":
        lines.append("This is a forecast: networks were trained for a short time only.")
    if not result.dataset.official:
        lines.append(f"Measured on {clean(result.dataset.name, 60)}, not on the assignment's own data.")
    if result.problem:
        lines.append(clean(result.problem, 2_000))
    return "\n".join(lines)


def _mark(task: str, part: ManualPart, numbers: dict[str, int]) -> dict[str, Any]:
    numbers[task] = numbers.get(task, 0) + 1
    return {
        "name": clean(f"{task}: {part.asks or 'what asks for judgement'}", 300),
        "number": clean(f"{task}.{numbers[task]}", 60),
        "visibility": "visible",
        "score": part.points,
        "max_score": part.max_points,
        "output": clean(explained.marked(part), 2_000, lines=True),
    }


def _test(check: CheckResult, numbers: dict[str, int]) -> dict[str, Any]:
    numbers[check.task] = numbers.get(check.task, 0) + 1
    outcome, earned = check.counted_outcome, check.counted_points
    lines = [clean(check.message, 2_000), clean(check.hint, 1_000), f"at {check.where}" if check.where else ""]
    lines.append(explained.overruled(check))
    test: dict[str, Any] = {
        "name": clean(f"{check.task}: {check.title}", 300),
        "number": clean(f"{check.task}.{numbers[check.task]}", 60),
        "visibility": "visible",
    }
    if earned is not None and outcome is not Outcome.MANUAL:
        test |= {"score": earned, "max_score": check.max_points}
    elif outcome is Outcome.MANUAL:
        lines.append("A person looks at this.")
    else:
        test["status"] = "failed"
        lines.append(OURS if check.cause in (None, Cause.HARNESS_FAULT) else "It has no value yet.")
    if outcome in (Outcome.PASSED, Outcome.FAILED):
        test["status"] = "passed" if outcome is Outcome.PASSED else "failed"
    test["output"] = "\n".join(clean(line, 2_000) for line in lines if line)
    return test


# --- the autograder


def autograder(assignment: str, profile: str, install: str, wheel: tuple[str, bytes] | None = None) -> bytes:
    """A zip to upload under "Configure Autograder": `setup.sh` installs, `run_autograder` runs `harness check`.

    `install` is what pip is given; with a `wheel` (its name and bytes) that is packed along and installed instead.
    """
    source = f"/autograder/source/{wheel[0]}" if wheel else install
    files = {
        "setup.sh": _SETUP.format(source=shlex.quote(source)),
        "run_autograder": _RUN.format(assignment=shlex.quote(assignment), profile=shlex.quote(profile)),
    }
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            _add(archive, name, text.encode(), 0o755)
        if wheel:
            _add(archive, wheel[0], wheel[1], 0o644)
    return data.getvalue()


def _add(archive: zipfile.ZipFile, name: str, data: bytes, mode: int) -> None:
    info = zipfile.ZipInfo(name, _DATE)
    info.external_attr = (0o100000 | mode) << 16
    info.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(info, data)


_SETUP = """\
#!/bin/sh
# Written by `harness export autograder`. Runs once, when Gradescope builds its image.
set -eu
apt-get update
apt-get install -y --no-install-recommends bubblewrap
apt-get install -y --no-install-recommends python3.11 python3.11-venv ||
    apt-get install -y --no-install-recommends python3 python3-venv
"$(command -v python3.11 || command -v python3)" -m venv /autograder/venv
/autograder/venv/bin/pip install {source}
/autograder/venv/bin/harness doctor || true
"""

_RUN = """\
#!/bin/sh
# Written by `harness export autograder`. Runs for each hand-in.
# Where the harness fails there is no results.json: Gradescope tells the staff, and no student loses points.
set -u
/autograder/venv/bin/harness check /autograder/submission --assignment {assignment} --profile {profile} \\
    --out /autograder/graded
code=$?
if [ "$code" -gt 1 ]; then
    exit "$code"
fi
exec /autograder/venv/bin/harness export gradescope /autograder/graded --to /autograder/results
"""
