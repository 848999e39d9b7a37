"""Findings of dat405_a7 on hand-made evidence and on notebooks of a few cells, for the tests of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from evidence import complete, evidence

from harness.assignment import load
from harness.evidence import Evidence, Network
from harness.findings import find
from harness.recording import CellError, Finding, Passage, Recording, SourceRecord, Where

ASSIGNMENT = load("dat405_a7")


def found(made: Evidence) -> dict[str, Finding]:
    """The findings, by code."""
    return {finding.code: finding for finding in find(ASSIGNMENT, made)}


def on(**changes: Any) -> dict[str, Finding]:
    """The findings on the complete hand-in with these changes."""
    return found(complete(ASSIGNMENT, **changes))


def cell(number: int) -> Where:
    return Where(file="assignment.ipynb", cell=number)


def written(
    *cells: str,
    answers: Sequence[str] = (),
    errors: Sequence[CellError] = (),
    networks: Sequence[Network] = (),
    **changes: Any,
) -> dict[str, Finding]:
    """The findings on a notebook of these code cells and markdown cells."""
    recording = Recording(
        kind="notebook", complete=True, fits=tuple(one.record for one in networks), errors=tuple(errors),
        sources=tuple(SourceRecord(where=cell(number), text=text) for number, text in enumerate(cells, 1)),
        answers=tuple(Passage(where=cell(1), text=text) for text in answers),
    )  # fmt: skip
    return found(evidence(ASSIGNMENT, *networks, recording=recording, **changes))
