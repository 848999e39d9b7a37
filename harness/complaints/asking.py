"""From what stands on a command line to what is explained."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness.complaints.cases import case, quoted
from harness.complaints.explain import UnknownName, chosen, explain
from harness.complaints.explanation import Explanation
from harness.text import clean


def explanations(out: Path, names: Sequence[str], assignment: str | None = None) -> list[Explanation]:
    """What is behind the verdicts that `names` ask for: a hand-in and a check or task, or the code of a verdict.

    Raises UnknownName, GradedError, MarksError and AssignmentError.
    """
    name, check = _asked(out, names)
    found = case(out, name, assignment)
    return [
        explain(found.result, one, found.evidence, found.files, found.log) for one in chosen(found.result, check)
    ]


def _asked(out: Path, names: Sequence[str]) -> tuple[str, str]:
    if len(names) == 2:
        return names[0], names[1]
    if len(names) != 1:
        raise UnknownName(f"give a hand-in and a check, or a code; {len(names)} names are neither")
    found = quoted(out, names[0])
    if not found:
        raise UnknownName(
            f"{clean(names[0], 100)!r} is the code of no verdict in {out}; give a hand-in and a check: "
            f"harness explain {out} NAME CHECK"
        )
    if len(found) > 1:
        equal = ", ".join(clean(name, 100) for name, _ in found)
        raise UnknownName(f"{clean(names[0], 100)} is the code of a verdict of equal hand-ins: {equal}; say which")
    return found[0]
