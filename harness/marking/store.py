"""The log of a person's decisions: one SQLite file in the output folder, `marks.sqlite`.

What `add` returned from is on the disk: SQLite's rollback journal with `synchronous=EXTRA`, which also writes the
folder after the journal is gone (https://www.sqlite.org/pragma.html#pragma_synchronous). No write-ahead log: that
would be three files, shares memory between processes, and so does not work on a network drive
(https://www.sqlite.org/wal.html). SQLite's locks are only as good as the drive's.

Two who decide about the same thing lose nothing: whoever adds says which entry was the last one when he looked, and
is told where there is a newer one.
"""

from __future__ import annotations

import contextlib
import datetime
import json
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from harness.marking.entries import Draft, Entry, Key, Kind, undoing

MARKS = "marks.sqlite"
SCHEMA_VERSION = 1
APPLICATION = 0x6E6E6D6B  # "nnmk": by which SQLite's header says whose file this is
WAIT = 10.0  # seconds for another process that writes

_COLUMNS = (
    "id", "time", "author", "kind", "submission", "sha256", "target", "points", "text", "rubric", "basis", "undoes",
)  # fmt: skip
_SCHEMA = (
    """CREATE TABLE entries (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        time TEXT NOT NULL, author TEXT NOT NULL, kind TEXT NOT NULL, submission TEXT NOT NULL,
        sha256 TEXT NOT NULL, target TEXT NOT NULL, points REAL, text TEXT NOT NULL, rubric TEXT NOT NULL,
        basis TEXT NOT NULL, undoes INTEGER
    )""",
    "CREATE INDEX of_target ON entries (submission, kind, target, id)",
    """CREATE TRIGGER only_grows BEFORE UPDATE ON entries
        BEGIN SELECT RAISE(ABORT, 'an entry is never changed; add one'); END""",
    f"PRAGMA application_id = {APPLICATION}",
    f"PRAGMA user_version = {SCHEMA_VERSION}",
)
_SELECT = f"SELECT {', '.join(_COLUMNS)} FROM entries"  # noqa: S608  # the names above
_LAST = "id IN (SELECT max(id) FROM entries GROUP BY submission, kind, target)"


class MarksError(ValueError):
    """A file of marks that cannot be read or written, or a decision that it cannot hold: whoever asked mends it."""


class Conflict(MarksError):
    """Somebody else decided since the author looked. `now` is what stands there, None where nothing does."""

    def __init__(self, key: Key, now: Entry | None) -> None:
        what = f"{key.submission}, {key.kind.value} {key.target}".rstrip()
        said = f"by {now.author} on {now.time:%Y-%m-%d %H:%M} UTC" if now else "since; nothing is there now"
        super().__init__(f"{what}: changed {said}. Look at it, and decide again")
        self.key = key
        self.now = now


class NothingToUndo(MarksError):
    """Nothing was decided there, or all of it is undone already."""


class MarkStore:
    """The marks of an output folder. The file is made by the first entry. Safe in threads and processes: each call
    opens the file for itself."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def of(cls, out: Path) -> MarkStore:
        """That of an output folder."""
        return cls(out / MARKS)

    def add(self, draft: Draft, *, after: int | None) -> Entry:
        """Keep a decision; when this returns, it is on the disk.

        `after` is the id of the last entry of this target that the author saw, None where there was none. Raises
        Conflict where that is not the last one now, and MarksError.
        """
        return self.add_all([(draft, after)])[0]

    def add_all(self, drafts: Sequence[tuple[Draft, int | None]]) -> list[Entry]:
        """Keep several decisions or, where one is in conflict, none. Each comes with its `after`."""
        with self._writing() as database:
            made = []
            for draft, after in drafts:
                last = _last(database, draft.key)
                if (last.id if last else None) != after:
                    raise Conflict(draft.key, last)
                made.append(_insert(database, draft))
            return made

    def undo(self, key: Key, author: str, *, after: int | None) -> Entry:
        """Take back the last decision about a target that is not taken back yet; what was before stands again.

        Raises Conflict, NothingToUndo and MarksError.
        """
        with self._writing() as database:
            log = _select(database, "WHERE submission = ? AND kind = ? AND target = ? ORDER BY id", key)
            if (log[-1].id if log else None) != after:
                raise Conflict(key, log[-1] if log else None)
            draft = undoing(log, author)
            if draft is None:
                raise NothingToUndo(f"{key.submission}, {key.kind.value} {key.target}: there is nothing to undo")
            return _insert(database, draft)

    def forget(self, submission: str) -> int:
        """Remove all entries of a hand-in, so that nothing of them is left in the file; how many there were."""
        if not self.path.exists():
            return 0
        with self._writing() as database:
            gone = database.execute("DELETE FROM entries WHERE submission = ?", (submission,)).rowcount
        with self._open() as database:
            database.execute("VACUUM")
        return int(gone)

    # --- reading

    def last(self, key: Key) -> Entry | None:
        """The present state of a target."""
        found = self._read("WHERE submission = ? AND kind = ? AND target = ? ORDER BY id DESC LIMIT 1", key)
        return found[0] if found else None

    def present(self, submission: str | None = None) -> dict[Key, Entry]:
        """The last entry of each target, of one hand-in or of all."""
        if submission is None:
            found = self._read(f"WHERE {_LAST} ORDER BY id")
        else:
            found = self._read(f"WHERE submission = ? AND {_LAST} ORDER BY id", (submission,))
        return {entry.key: entry for entry in found}

    def history(self, key: Key) -> tuple[Entry, ...]:
        """All that was decided about a target, the oldest first."""
        return self._read("WHERE submission = ? AND kind = ? AND target = ? ORDER BY id", key)

    def since(self, id_: int = 0) -> tuple[Entry, ...]:
        """All entries after the one of this id, the oldest first; by default the whole log."""
        return self._read("WHERE id > ? ORDER BY id", (id_,))

    def _read(self, where: str, values: Sequence[Any] = ()) -> tuple[Entry, ...]:
        if not self.path.exists():
            return ()
        with self._open() as database:
            return _select(database, where, values) if _is_ours(database, self.path) else ()

    # --- the file

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """A connection, outside of a transaction; what SQLite complains of becomes a MarksError."""
        try:
            database = sqlite3.connect(self.path, timeout=WAIT, isolation_level=None)
            with contextlib.closing(database):
                database.execute("PRAGMA synchronous = EXTRA")
                database.execute("PRAGMA secure_delete = ON")
                yield database
        except sqlite3.Error as error:
            raise MarksError(_words(self.path, error)) from error

    @contextlib.contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction that nobody else writes beside; kept as a whole when the block ends, else not at all."""
        with self._open() as database:
            database.execute("BEGIN IMMEDIATE")
            try:
                if not _is_ours(database, self.path):
                    for statement in _SCHEMA:
                        database.execute(statement)
                yield database
                database.execute("COMMIT")
            finally:
                if database.in_transaction:
                    database.execute("ROLLBACK")


def _is_ours(database: sqlite3.Connection, path: Path) -> bool:
    """Whether the file holds a log that can be read; False where it holds nothing yet. Raises MarksError."""
    application = database.execute("PRAGMA application_id").fetchone()[0]
    version = database.execute("PRAGMA user_version").fetchone()[0]
    if application == 0 and not database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        return False
    if application != APPLICATION:
        raise MarksError(f"{path} is a database of another program; move it out of the folder")
    if version > SCHEMA_VERSION:
        raise MarksError(
            f"{path} was written by a later version of the harness (its format is {version}, this one knows "
            f"{SCHEMA_VERSION}); update the harness"
        )
    return True


def _select(database: sqlite3.Connection, where: str, values: Sequence[Any] = ()) -> tuple[Entry, ...]:
    return tuple(_entry(row) for row in database.execute(f"{_SELECT} {where}", tuple(values)))


def _last(database: sqlite3.Connection, key: Key) -> Entry | None:
    found = _select(database, "WHERE submission = ? AND kind = ? AND target = ? ORDER BY id DESC LIMIT 1", key)
    return found[0] if found else None


def _insert(database: sqlite3.Connection, draft: Draft) -> Entry:
    plain = draft.model_dump(mode="python", exclude={"id"})
    plain["time"] = draft.time or datetime.datetime.now(datetime.UTC)
    row = {**plain, "time": plain["time"].isoformat(timespec="microseconds"), "rubric": json.dumps(draft.rubric)}
    names = _COLUMNS[1:]
    marks = ", ".join("?" * len(names))
    made = database.execute(
        f"INSERT INTO entries ({', '.join(names)}) VALUES ({marks})",  # noqa: S608  # the columns' own names
        tuple(row[name] for name in names),
    )
    return Entry(id=made.lastrowid or 0, **plain)


def _entry(row: tuple[Any, ...]) -> Entry:
    """An entry as the file has it. Raises MarksError where it is none: the file was changed by something else."""
    plain = dict(zip(_COLUMNS, row, strict=True))
    try:
        time = datetime.datetime.fromisoformat(plain["time"])
        rubric = tuple(json.loads(plain["rubric"]))
        return Entry.model_validate({**plain, "time": time, "rubric": rubric, "kind": Kind(plain["kind"])})
    except (ValidationError, ValueError, TypeError) as error:
        raise MarksError(f"entry {plain['id']} of the marks is damaged: {str(error).splitlines()[0]}") from None


def _words(path: Path, error: sqlite3.Error) -> str:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the primary one; the rest says more of the same
    if code == sqlite3.SQLITE_BUSY:
        return f"{path}: another process writes marks; try again"
    if code == sqlite3.SQLITE_NOTADB:
        return f"{path} is no file of marks; move it out of the folder, or bring back the one that was there"
    if code == sqlite3.SQLITE_CORRUPT:
        return f"{path} is damaged ({error}); bring back a copy, or import an exported table into an empty folder"
    return f"{path}: {error}"
