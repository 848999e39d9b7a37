"""The files that were handed in, where whoever marks names them again: a report is shown as it is, not read by us.

Results hold no files, only their names and hashes. What is shown is found by both: a file that is not the one that
was graded is not shown.
"""

from __future__ import annotations

import hashlib
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path

from harness.intake import IntakeRefused, Submission, receive
from harness.progress import Silent
from harness.results import Result

PDF = b"%PDF-"


class ReportError(ValueError):
    """A report that cannot be shown, and why."""


class Reports:
    """The hand-ins at some paths, unpacked when they are first asked for. Safe in threads; `close` removes what was
    unpacked."""

    def __init__(self, paths: Sequence[Path], one_is_a_class: bool | None) -> None:
        """Raises what `receiving.listed` raises for paths that hold no hand-ins."""
        self._scratch = tempfile.TemporaryDirectory(prefix="harness-marking-", ignore_cleanup_errors=True)
        self._folder = Path(self._scratch.name)
        self._folders: dict[str, Submission] = {}
        self._lock = threading.Lock()
        self._paths: dict[str, Path] = {}
        if paths:
            from harness.receiving import listed  # with it comes all that grades

            into = self._folder / "listed"
            into.mkdir()
            try:
                found, _ = listed(paths, into, one_is_a_class, Silent())
            except BaseException:
                self.close()
                raise
            self._paths = {one.name: one.path for one in found if one.problem is None}

    def __bool__(self) -> bool:
        """Whether any hand-ins were named."""
        return bool(self._paths)

    def close(self) -> None:
        """Remove what was unpacked."""
        self._scratch.cleanup()

    def pdf(self, result: Result, number: int) -> bytes:
        """The bytes of the hand-in's report of this number, from 0. Raises ReportError where it is not there, is
        not the file that was graded, or is no PDF."""
        if not 0 <= number < len(result.reports):
            raise ReportError("The hand-in has no such report.")
        name = result.reports[number].file
        known = {file.name: file.sha256 for file in result.submission.files}
        unpacked = self._unpacked(result.submission.name)
        if name not in {file.name for file in unpacked.files}:
            raise ReportError(f"{name} was not found in the hand-in named now.")
        data = (unpacked.folder / name).read_bytes()
        if hashlib.sha256(data).hexdigest() != known.get(name):
            raise ReportError(f"{name} is not the file that was graded: the hand-in has changed since.")
        if not data.startswith(PDF):
            raise ReportError(f"{name} is no PDF.")
        return data

    def _unpacked(self, name: str) -> Submission:
        with self._lock:
            if name not in self._folders:
                if name not in self._paths:
                    raise ReportError("The hand-ins named at the start hold none of this name.")
                into = self._folder / f"hand-in-{len(self._folders)}"
                try:
                    self._folders[name] = receive(self._paths[name], into)
                except IntakeRefused as error:
                    raise ReportError(f"The hand-in could not be opened: {error}") from None
            return self._folders[name]
