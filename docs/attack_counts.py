"""The attack suite in numbers, for SECURITY.md: `python docs/attack_counts.py` writes its table there.

Counted from `tests/attacks/`: the ids of the list, the hand-ins that try them, and how those must end.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

from tables import put

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "SECURITY.md"
NAMES = {
    "A": "grade tampering",
    "B": "label theft and memorisation",
    "C": "resource exhaustion",
    "D": "crash, escape, persistence",
    "E": "malicious or broken artefacts",
    "F": "notebooks",
    "G": "injection into reports",
    "H": "honest mistakes and bad inputs",
}


def table() -> list[str]:
    """The lines of the table, a group each, and a sum."""
    sys.path.insert(0, str(ROOT / "tests"))
    from attacks.listed import GROUPS, cases, listed

    lines = ["| group | ids | hand-ins | run to the end | ended by the harness or by themselves | never run |"]
    lines.append("|---|---|---|---|---|---|")
    total: Counter[str] = Counter()
    for group in GROUPS:
        counts = Counter(case.expected.ended for case in cases(group).values())
        counts["ids"] = sum(name.startswith(group) for name in listed())
        counts["hand-ins"] = len(cases(group))
        total += counts
        lines.append(_row(f"{group} {NAMES[group]}", counts))
    return [*lines, _row("all", total)]


def _row(name: str, counts: Counter[str]) -> str:
    ended = counts["nothing"] + counts["interrupted"]
    numbers = (counts["ids"], counts["hand-ins"], counts["whole"], ended, counts["refused"])
    return f"| {name} | {' | '.join(map(str, numbers))} |"


if __name__ == "__main__":
    PAGE.write_text(put(PAGE.read_text(encoding="utf-8"), "attacks", table()), encoding="utf-8")
