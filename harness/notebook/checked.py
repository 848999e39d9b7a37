"""What `harness.check()` gives: a value that a notebook shows by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Finding:
    """Something seen in the work: its code (docs/findings.md), a sentence, its task ("" for none), the place."""

    code: str
    message: str
    task: str = ""
    where: str = ""


@dataclass(frozen=True, repr=False)
class Checked:
    """The answer. `passed`: no check that it tells of failed; those that wait for training are not counted."""

    passed: bool = False
    findings: tuple[Finding, ...] = ()
    problem: str = ""
    """Why there is no answer, in words; "" where there is one."""
    scorecard: Path | None = None
    text: str = ""
    html: str = ""

    @classmethod
    def unanswered(cls, problem: str) -> Checked:
        """No answer, and why."""
        return cls(problem=problem, text=problem, html=f"<p>{escape(problem)}</p>")

    @classmethod
    def told(cls, event: Mapping[str, Any]) -> Checked:
        """The answer as the checking process tells it (`harness.notebook.child`)."""
        return cls(
            passed=event["passed"],
            findings=tuple(Finding(**finding) for finding in event["findings"]),
            problem=event["problem"],
            scorecard=Path(event["scorecard"]) if event["scorecard"] else None,
            text=event["text"],
            html=event["html"],
        )

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return self.html
