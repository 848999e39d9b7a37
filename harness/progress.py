"""What a grading run tells whoever watches it; the command line draws it."""

from __future__ import annotations

from typing import Protocol

from harness.results import Result


class Progress(Protocol):
    """Told what is going on."""

    def total(self, submissions: int) -> None:
        """So many submissions are graded in this run."""

    def passed_over(self, name: str) -> None:
        """A file among the arguments is no hand-in."""

    def note(self, text: str) -> None:
        """Something that whoever runs this should know, in a sentence."""

    def stage(self, submission: str, stage: str, detail: str = "") -> None:
        """A submission has entered a stage."""

    def epoch(self, submission: str, task: str, epoch: int, of: int) -> None:
        """A network of a submission has finished an epoch."""

    def structure(self, result: Result) -> None:
        """Everything that can be told before training: checks with what is known so far."""

    def done(self, result: Result) -> None:
        """A submission's result is written."""


class Silent:
    """Progress that nobody watches."""

    def total(self, submissions: int) -> None:
        """Says nothing."""

    def passed_over(self, name: str) -> None:
        """Says nothing."""

    def note(self, text: str) -> None:
        """Says nothing."""

    def stage(self, submission: str, stage: str, detail: str = "") -> None:
        """Says nothing."""

    def epoch(self, submission: str, task: str, epoch: int, of: int) -> None:
        """Says nothing."""

    def structure(self, result: Result) -> None:
        """Says nothing."""

    def done(self, result: Result) -> None:
        """Says nothing."""
