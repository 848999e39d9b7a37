"""Intake: a submission, in whatever form it was handed in, becomes a clean folder with a manifest and a hash.

Everything is planned and checked before the first byte is written: names, kinds, sizes, ratios. Archives are read
member by member; neither `zipfile` nor `tarfile` ever chooses where a file goes. What does not fit is refused as a
whole (`IntakeRefused`), with a reason that its author understands.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import stat
import tempfile
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from harness.results import SubmittedFile
from harness.unpacking import (
    ARCHIVES,
    CHUNK,
    Entry,
    IntakeLimits,
    IntakeRefused,
    Kind,
    archive_entries,
)

__all__ = ["IntakeLimits", "IntakeRefused", "IntakeUsageError", "Submission", "clean_name", "receive"]

SINGLE_FILES = (".ipynb", ".py", ".keras", ".h5", ".pdf", ".md")
# `graded` is what `harness check` writes beside the hand-in.
IGNORED_FOLDERS = {
    "__macosx",
    ".ipynb_checkpoints",
    "__pycache__",
    ".git",
    ".venv",
    "venv",
    "node_modules",
    "graded",
}
IGNORED_FILES = {".ds_store", "thumbs.db", "desktop.ini", ".git"}
MAX_IGNORED_LISTED = 200
_DRIVE = re.compile(r"[A-Za-z]:")
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com[\d¹²³]|lpt[\d¹²³]|conin\$|conout\$|clock\$)(\..*)?")
_NOT_ON_WINDOWS = re.compile(r'[<>:"|?*]|[. ](/|$)')


class IntakeUsageError(ValueError):
    """A wrong argument, by whoever runs the harness: a path that does not exist, a folder that is not empty."""


@dataclass(frozen=True)
class Submission:
    """What one group handed in, unpacked. `name` is safe as a folder name on every system, and not yet unique."""

    name: str
    folder: Path
    files: tuple[SubmittedFile, ...]
    """Sorted by name; names are relative to `folder`, with `/`."""
    sha256: str
    """Of names and contents: the same for the same work, however it was packed and whatever that is called."""
    ignored: tuple[str, ...] = ()
    """What was left out (droppings of operating systems, caches, environments): files, and folders with a `/`."""


def receive(path: Path, into: Path, limits: IntakeLimits | None = None) -> Submission:
    """Unpack the submission `path` (a folder, an archive or a single file) into the folder `into`.

    `into` is made, and must be empty where it exists; after a refusal it is as it was. Files arrive with mode 0644,
    folders with 0755. Raises IntakeRefused (the author's fault) and IntakeUsageError (the caller's).
    """
    limits = limits or IntakeLimits()
    if not path.exists():
        raise IntakeUsageError(f"{path} does not exist")
    if into.exists() and (not into.is_dir() or any(into.iterdir())):
        raise IntakeUsageError(f"{into} is not an empty folder")
    source = path.resolve()
    if source.is_dir() and into.resolve().is_relative_to(source):
        raise IntakeUsageError(f"{into} lies within the submission")
    with contextlib.ExitStack() as stack:
        entries = _entries(source, limits, stack)
        kept, ignored = _plan(entries, limits)
        if _suffix(source) in ARCHIVES:
            kept = _flattened(kept)
        files = _write(kept, into, limits)
    single = source.is_file() and _suffix(source) not in ARCHIVES
    hashed = [(_suffix(source) if single else file.name, file.sha256) for file in files]
    return Submission(clean_name(source), into, files, _content_hash(hashed), ignored)


def clean_name(path: Path) -> str:
    """A name for the submission at `path`: without its suffix, of letters, digits, `.`, `-` and `_`, at most 80
    characters, and not one that Windows keeps for itself."""
    name = path.resolve().name
    suffix = _suffix(path)
    if suffix and not path.is_dir():
        name = name[: -len(suffix)]
    kept = (char if char.isalnum() or char in ".-_" else "_" for char in unicodedata.normalize("NFC", name))
    name = re.sub(r"_+", "_", "".join(kept)).strip("._-")
    while len(name) > 80 or len(name.encode("utf-8", "replace")) > 200:
        name = name[:-1]
    name = name.strip("._-") or "submission"
    return f"_{name}" if _RESERVED.fullmatch(name) else name


def _suffix(path: Path) -> str:
    """The suffix that says what a file is, in small letters; `.tar.gz` counts as one."""
    name = path.name.lower()
    return ".tar.gz" if name.endswith(".tar.gz") else Path(name).suffix


def _entries(source: Path, limits: IntakeLimits, stack: contextlib.ExitStack) -> Iterator[Entry]:
    suffix = _suffix(source)
    if source.is_dir():
        return _folder_entries(source)
    if not source.is_file():
        raise IntakeUsageError(f"{source} is neither a file nor a folder")
    with _open(source):
        pass  # where the caller may not read it, that is the caller's fault
    if suffix in ARCHIVES:
        return archive_entries(source, suffix, limits, stack)
    if suffix in SINGLE_FILES:
        return iter([_file_entry(source, source.name)])
    known = ", ".join((*ARCHIVES, *SINGLE_FILES))
    raise IntakeRefused(f"{source.name}: this kind of file is not read; hand in a folder or one of {known}")


def _folder_entries(folder: Path) -> Iterator[Entry]:
    """What lies in a folder, links not followed; folders that are ignored anyway are not entered."""
    for above, folders, files in os.walk(folder, onerror=_unreadable):
        here = Path(above)
        relative = here.relative_to(folder)
        if "pyvenv.cfg" in files and here != folder:
            yield Entry((relative / "pyvenv.cfg").as_posix(), "file", 0, None)
            folders.clear()
            continue
        for name in sorted(folders):
            kind: Kind = "link" if (here / name).is_symlink() else "folder"
            yield Entry((relative / name).as_posix(), kind, 0, None)
        folders[:] = [name for name in sorted(folders) if name.lower() not in IGNORED_FOLDERS]
        for name in sorted(files):
            yield _file_entry(here / name, (relative / name).as_posix())


def _unreadable(error: OSError) -> None:
    raise IntakeUsageError(f"cannot be read: {error.filename}: {error.strerror}")


def _file_entry(path: Path, name: str) -> Entry:
    status = path.lstat()
    if stat.S_ISLNK(status.st_mode):
        return Entry(name, "link", 0, None)
    if not stat.S_ISREG(status.st_mode):
        return Entry(name, "special", 0, None)
    if status.st_nlink > 1:  # one file with two names: the other may be a file that its author cannot read
        return Entry(name, "link", 0, None)
    return Entry(name, "file", status.st_size, lambda: _open(path))


def _open(path: Path) -> IO[bytes]:
    """Open a submitted file; a link or a pipe that took its place meanwhile is neither followed nor waited for."""
    flags = os.O_RDONLY
    for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"):  # no system has them all
        flags |= getattr(os, name, 0)
    try:
        file = os.fdopen(os.open(path, flags), "rb")
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            file.close()
            raise IntakeRefused(f"{path.name}: it changed while it was read, and is no file any more")
        return file
    except OSError as error:
        raise IntakeUsageError(f"cannot be read: {path}: {error.strerror}") from error


def _plan(entries: Iterator[Entry], limits: IntakeLimits) -> tuple[list[Entry], tuple[str, ...]]:
    """What to keep, in order of names, and what is left out. Raises IntakeRefused for the first thing wrong."""
    everything: list[Entry] = []
    for entry in entries:
        if len(everything) >= limits.entries:
            raise IntakeRefused(f"more than {limits.entries:,} entries")
        everything.append(Entry(checked_name(entry.name, limits), entry.kind, entry.size, entry.open))
    environments = {entry.name.rpartition("/")[0] for entry in everything if entry.name.endswith("/pyvenv.cfg")}
    kept: dict[str, Entry] = {}
    ignored: dict[str, None] = {}
    for entry in everything:
        left_out = _ignored_as(entry, environments)
        if left_out is not None:
            ignored[left_out] = None
            continue
        if entry.kind == "link":
            raise IntakeRefused(f"{entry.name}: a link, or a file with two names; hand in the file itself")
        if entry.kind == "special":
            raise IntakeRefused(f"{entry.name}: neither a file nor a folder")
        if entry.kind == "folder":
            continue
        if not entry.name:
            raise IntakeRefused("a file without a name")
        if entry.size > limits.file_bytes:
            raise IntakeRefused(f"{entry.name}: {entry.size:,} bytes; a file may have {limits.file_bytes:,}")
        if (key := _key(entry.name)) in kept:
            raise IntakeRefused(f"{entry.name}: the same name as {kept[key].name} on some systems")
        kept[key] = entry
        if len(kept) > limits.files:
            raise IntakeRefused(f"more than {limits.files:,} files")
    for key, entry in kept.items():
        parts = key.split("/")
        if any("/".join(parts[:count]) in kept for count in range(1, len(parts))):
            raise IntakeRefused(f"{entry.name}: lies within something that is a file")
    if sum(entry.size for entry in kept.values()) > limits.total_bytes:
        raise IntakeRefused(f"more than {limits.total_bytes:,} bytes when unpacked")
    return sorted(kept.values(), key=lambda one: one.name), tuple(ignored)[:MAX_IGNORED_LISTED]


def checked_name(name: str, limits: IntakeLimits) -> str:
    """The entry's name without a slash at its end. Raises IntakeRefused where it could not be stored safely."""
    shown = ascii(name[:80])
    if "\0" in name:
        raise IntakeRefused(f"{shown}: a name with a NUL in it")
    if any(unicodedata.category(char) in ("Cc", "Cs") for char in name):
        raise IntakeRefused(f"{shown}: a name with control characters, or not in UTF-8")
    if "\\" in name:
        raise IntakeRefused(f"{shown}: a name with backslashes; pack the archive again with `/` between folders")
    if name.startswith("/"):
        raise IntakeRefused(f"{shown}: an absolute path")
    if _DRIVE.match(name):
        raise IntakeRefused(f"{shown}: a path with a drive letter")
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise IntakeRefused(f"{shown}: a path that leaves its folder")
    if len(parts) > limits.depth:
        raise IntakeRefused(f"{shown}: folders nested deeper than {limits.depth}")
    if len(name.encode()) > limits.path_bytes or any(len(part.encode()) > limits.name_bytes for part in parts):
        raise IntakeRefused(f"{shown}: a name of {len(name.encode()):,} bytes, too long to be stored everywhere")
    name = "/".join(parts)
    if os.name == "nt" and (_NOT_ON_WINDOWS.search(name) or any(_RESERVED.fullmatch(part) for part in parts)):
        raise IntakeRefused(f"{shown}: a name that cannot be stored on Windows")
    return name


def _key(name: str) -> str:
    """Equal for names that some file system holds to be the same."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _ignored_as(entry: Entry, environments: set[str]) -> str | None:
    """As what an entry is left out: itself, or the folder that holds it; None where it is kept."""
    parts = entry.name.split("/")
    folders = parts if entry.kind in ("folder", "link") else parts[:-1]
    for count, part in enumerate(folders, 1):
        path = "/".join(parts[:count])
        if part.lower() in IGNORED_FOLDERS or path in environments:
            return f"{path}/"
    last = parts[-1]
    return entry.name if last.lower() in IGNORED_FILES or last.startswith("._") else None


def _flattened(entries: list[Entry]) -> list[Entry]:
    """Without the one folder that everything lies in, if there is one."""
    tops = {entry.name.split("/", 1)[0] for entry in entries}
    if len(tops) != 1 or not all("/" in entry.name for entry in entries):
        return entries
    return [Entry(entry.name.split("/", 1)[1], entry.kind, entry.size, entry.open) for entry in entries]


def _write(entries: list[Entry], into: Path, limits: IntakeLimits) -> tuple[SubmittedFile, ...]:
    """Write all files beside `into`, then put the folder in its place, so that a refusal leaves nothing behind."""
    try:
        into.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=".intake-", dir=into.parent))
    except OSError as error:
        raise IntakeUsageError(f"{into} cannot be made: {error.strerror}") from error
    try:
        fresh.chmod(0o755)
        left = limits.total_bytes
        files = []
        for entry in entries:
            file = _write_one(entry, fresh, min(left, limits.file_bytes))
            left -= file.bytes
            files.append(file)
        if into.exists():
            into.rmdir()
        fresh.rename(into)
        return tuple(files)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise


def _write_one(entry: Entry, folder: Path, most: int) -> SubmittedFile:
    target = folder
    for part in entry.name.split("/")[:-1]:
        target /= part
        if not target.exists():
            target.mkdir()
            target.chmod(0o755)
    target = folder / entry.name
    if entry.open is None:
        raise IntakeRefused(f"{entry.name}: cannot be read")
    digest, size = hashlib.sha256(), 0
    with target.open("xb") as file:
        for data in _chunks(entry.open):
            size += len(data)
            if size > most:
                raise IntakeRefused(f"{entry.name}: more bytes than it said, or than may be unpacked")
            digest.update(data)
            file.write(data)
    target.chmod(0o644)
    return SubmittedFile(name=entry.name, bytes=size, sha256=digest.hexdigest())


def _chunks(open_entry: Callable[[], IO[bytes]]) -> Iterator[bytes]:
    with open_entry() as source:
        while data := source.read(CHUNK):
            yield data


def _content_hash(files: list[tuple[str, str]]) -> str:
    digest = hashlib.sha256()
    for name, sha256 in sorted(files):
        digest.update(f"{sha256} {len(name.encode())}:".encode() + name.encode())
    return digest.hexdigest()
