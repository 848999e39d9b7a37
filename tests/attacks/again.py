"""Grades every case of some groups several times over, and writes each verdict.

    python -m attacks.again OUT.json TIMES A B …

Run from the repository, with it and `tests/` on PYTHONPATH. What any user may run, an ordinary one too.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from attacks.expectations import differences, ended
from attacks.invariants import after_a_case, i1_honest_as_before, i4_nothing_changed, i7_clean_class_views
from attacks.listed import cases
from attacks.suite import Graded, Observed, grade_cases, grade_honest, that_run_here

from harness.results import Result

Verdicts = dict[str, Any]
"""What became of each case of a group, by its name, and under "group" what became of the group."""


def again(groups: Sequence[str], times: int) -> dict[str, list[Verdicts]]:
    """The verdicts of each group, as often as it was graded."""
    with tempfile.TemporaryDirectory(prefix="again-") as scratch:
        before = grade_honest(Path(scratch) / "honest")
        made: dict[str, list[Verdicts]] = {}
        for group in groups:
            for time in range(times):
                chosen = that_run_here(list(cases(group).values()))
                graded = grade_cases(chosen, Path(scratch) / f"{group}{time}")
                made.setdefault(group, []).append(_verdicts(graded, before))
        return made


def _verdicts(graded: Graded, before: Result) -> Verdicts:
    verdicts: Verdicts = {name: _verdict(one, graded.canary) for name, one in graded.cases.items()}
    verdicts["group"] = _broken(
        lambda: i1_honest_as_before(graded, before),
        lambda: i4_nothing_changed(graded),
        lambda: i7_clean_class_views(graded),
    )
    return verdicts


def _verdict(observed: Observed, canary: str) -> Verdicts:
    result, evidence = observed.result, observed.evidence
    return {
        "ended": ended(observed),
        "cause": str(evidence.cause or ""),
        "points": {check.id: check.points for check in result.checks},
        "outcomes": {check.id: [str(check.outcome), str(check.cause or "")] for check in result.checks},
        "findings": sorted({finding.code for finding in result.findings}),
        "integrity": sorted({note.code for note in result.integrity}),
        "differences": [] if observed.case.expected.fails else differences(observed),
        "broken": _broken(lambda: after_a_case(observed, canary)),
    }


def _broken(*invariants: Any) -> list[str]:
    broken = []
    for invariant in invariants:
        try:
            invariant()
        except AssertionError as error:
            broken.append(str(error)[:500] or "an invariant does not hold")
    return broken


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(again(sys.argv[3:], int(sys.argv[2]))), encoding="utf-8")
