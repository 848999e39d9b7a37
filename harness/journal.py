"""What has happened in a grading run, a line each, so that a run that was cut off goes on where it was.

`journal.jsonl` in the output folder is only ever appended to, and each line is on the disk before the run goes on.
A line that is not whole, because the machine stopped while it was written, counts as not written. One coordinator
writes it at a time: the lock is the system's, so that a coordinator that was killed leaves none behind.
"""

from __future__ import annotations

import contextlib
import datetime
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Literal

from filelock import FileLock, Timeout
from pydantic import Field, ValidationError

from harness.recording import Name, Strict

JOURNAL = "journal.jsonl"
LOCK = ".lock"
Event = Literal["began", "asked", "looked", "trained", "finished", "lost", "ended", "regraded"]


class OutputInUse(RuntimeError):
    """Another run writes to the same output folder: the fault of whoever started a second one."""


class Line(Strict):
    """One line: what happened, to which submission, and by which identity it is known again.

    `began` and `ended` are the run's own; `asked` (it is to be graded, and what was graded before counts no more),
    `looked`, `finished`, `lost` (the process that worked on it died) and `regraded` (judged or graded again by
    itself) are a submission's; `trained` is a recipe's.
    """

    event: Event
    name: Name = ""
    key: Annotated[str, Field(max_length=200)] = ""
    time: Name = ""


class Journal:
    """The journal of an output folder: what it held before, and what is added."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.before = read(path)
        self._file = path.open("ab")
        if path.stat().st_size and not path.read_bytes().endswith(b"\n"):
            self._write(b"\n")  # what was cut off stays alone on its line

    def add(self, event: Event, name: str = "", key: str = "") -> None:
        """Add a line. It is on the disk when this returns. Raises OSError where the disk is full."""
        self._write(_line(event, name, key))

    def asked(self, several: Iterable[tuple[str, str]]) -> None:
        """Add that these submissions, by name and identity, are to be graded. Raises OSError as `add` does."""
        self._write(b"".join(_line("asked", name, key) for name, key in several))

    def close(self) -> None:
        """Nothing more is added."""
        self._file.close()

    @property
    def unfinished(self) -> bool:
        """Whether an earlier run in this folder did not come to its end."""
        runs = [line.event for line in self.before if line.event in ("began", "ended")]
        return bool(runs) and runs[-1] == "began"

    def finished(self) -> dict[str, str]:
        """Of each submission that was finished before, the identity of what was graded."""
        return {line.name: line.key for line in self.before if line.event == "finished"}

    def losses(self) -> Counter[str]:
        """How often the process that worked on a submission died, by the identity of what was graded."""
        return Counter(line.key for line in self.before if line.event == "lost")

    def _write(self, line: bytes) -> None:
        self._file.write(line)
        self._file.flush()
        os.fsync(self._file.fileno())


def _line(event: Event, name: str, key: str) -> bytes:
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    return Line(event=event, name=name, key=key, time=now).model_dump_json().encode() + b"\n"


def open_names(lines: Iterable[Line]) -> set[str]:
    """The submissions that were to be graded and are not: a result of theirs is of an earlier run."""
    last = {line.name: line.event for line in lines if line.event in ("asked", "finished")}
    return {name for name, event in last.items() if event == "asked"}


def read(path: Path) -> tuple[Line, ...]:
    """The lines of a journal that are whole; none where there is no journal."""
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return ()
    lines = []
    for line in text.split(b"\n"):
        with contextlib.suppress(ValidationError):
            lines.append(Line.model_validate_json(line))
    return tuple(lines)


@contextlib.contextmanager
def journal(out: Path) -> Iterator[Journal]:
    """The journal of the folder `out`, which is this run's alone until the end of the block.

    Raises OutputInUse where another run has it.
    """
    lock = FileLock(out / LOCK, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise OutputInUse(
            f"{out}: another run of the harness writes to this folder. Wait for it, or give another one by --out."
        ) from None
    try:
        kept = Journal(out / JOURNAL)
        try:
            yield kept
        finally:
            kept.close()
    finally:
        lock.release()
