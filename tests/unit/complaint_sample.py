"""Graded hand-ins in a folder, for the tests of what happens when a mark is questioned."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from evidence import cleaned, complete, denoising, fit, network, use

from harness.assignment import Assignment
from harness.evidence import Evidence
from harness.outputs import evidence_files, judge, write_class, write_files, write_result
from harness.recording import SourceRecord, Where
from harness.results import Result, SubmissionFacts, SubmittedFile

CODE = (
    "from tensorflow import keras\n"
    "x, y = load()\n"
    "history = model.fit(x, y, epochs=10)\n"
    "\tprint('\x1b[31mred\u202e')\n"
    "plt.plot(history)\n"
)
CELL = Where(file="assignment.ipynb", cell=2)
AT = Where(file="assignment.ipynb", cell=2, line=3)
"""Where its network of task 2C is trained; the others are in cell 4."""
STRIPS = {"strips": dict.fromkeys(("original", "seasoned", "denoised"), ("",)), "strip_levels": (0.4,)}


def of_a7(assignment: Assignment, name: str, *accuracies: float, **changes: Any) -> Evidence:
    """A hand-in that does all that is asked, whose network of task 2C ends with these accuracies, a seed each."""
    whole: dict[str, Any] = {
        "mlp": network(fit(where=AT), None, accuracies or (0.9716, 0.972, 0.971)),
        "denoising": denoising(**STRIPS, strip_images=1),
        "recorded": {"uses": (use(), cleaned()), "sources": (SourceRecord(where=CELL, text=CODE),)},
        "profile": "full", "gates": assignment.gates("mnist", "full"),
        "submission": facts(name),
    }  # fmt: skip
    return complete(assignment, **{**whole, **changes})


def facts(name: str) -> SubmissionFacts:
    """A hand-in of one file; its content is its own."""
    sha256 = hashlib.sha256(name.encode()).hexdigest()
    file = SubmittedFile(name="assignment.ipynb", bytes=3, sha256=sha256)
    return SubmissionFacts(name=name, sha256=sha256, files=(file,))


def graded(out: Path, assignment: Assignment, *found: Evidence, **about: Any) -> list[Result]:
    """Write what grading these leaves in a folder. `about`: what their provenance says besides."""
    results = []
    for one in found:
        folder = out / one.submission.name
        write_files(evidence_files(one), folder)
        result = judge(assignment, one)
        origin = {"harness": "0.9", "commit": "abcdef", "time": "2026-01-01T00:00:00+00:00", **about}
        results.append(write_result(result.model_copy(update={"provenance": origin, "timing": {}}), folder))
    write_class(results, [], out)
    return results
