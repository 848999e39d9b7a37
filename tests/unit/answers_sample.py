"""Notebooks and reports of a few texts, and what is found in them to answer the tasks of dat405_a7: for tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.answers import written_answers
from harness.assignment import load
from harness.recording import Passage, Recording, ReportRecord, Where

ASSIGNMENT = load("dat405_a7")
TASKS = {name: spec.headings for name, spec in ASSIGNMENT.tasks.items()}
IDS = list(TASKS)


def notebook(*texts: str) -> Recording:
    """Markdown cells of a notebook, a code cell after each."""
    return Recording(
        kind="notebook",
        answers=tuple(
            Passage(where=Where(file="a.ipynb", cell=n or None), text=text) for n, text in enumerate(texts)
        ),
    )


def report(*pages: str, file: str = "report.pdf", **more: Any) -> ReportRecord:
    """A report of these pages."""
    passages = tuple(Passage(where=Where(file=file, page=n), text=text) for n, text in enumerate(pages, 1))
    return ReportRecord(file=file, pages=len(pages), passages=passages, **more)


def found(recording: Recording, tasks: Mapping[str, Sequence[str]] = TASKS) -> dict[str, str]:
    """Task → text, of the first answer of each."""
    answers = written_answers(recording, tasks).answers
    return {answer.task: answer.text for answer in reversed(answers)}


def from_markdown(*texts: str) -> dict[str, str]:
    """The same, of a notebook of these cells."""
    return found(notebook(*texts))


def from_pdf(*pages: str) -> dict[str, str]:
    """The same, of a report of these pages."""
    return found(Recording(reports=(report(*pages),)))
