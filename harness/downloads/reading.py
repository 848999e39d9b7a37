"""Telling what a download is, and reading it."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from harness.downloads import canvas
from harness.downloads.hand_in import Download, DownloadError, HandIn, Kind, Upload
from harness.intake import IGNORED_FOLDERS, SINGLE_FILES, clean_name
from harness.text import clean
from harness.unpacking import ARCHIVES, Entry, IntakeLimits, IntakeRefused, archive_entries

NO_HAND_IN = ("readme", "hand_ins", "roster")  # starts of names of files that lie beside hand-ins
SUBMISSIONS = "-submissions"  # `gh classroom clone student-repos` makes SLUG-submissions/SLUG-STUDENT


def recognise(path: Path) -> Kind | None:
    """What kind of download lies at `path`; None for an archive that Canvas did not make, and a single file.

    Nothing is unpacked. Raises DownloadError where there is nothing at `path`, and IntakeRefused for a damaged zip.
    """
    if path.is_dir():
        children = _children(path)
        folders = [child for child in children if child.is_dir()]
        if folders and all((child / ".git").exists() for child in folders):
            return "github_classroom"
        files = [child.name for child in children if child.is_file()]
        return "canvas" if not folders and canvas.is_named_by_canvas(files) else "folder"
    if not path.is_file():
        raise DownloadError(f"{path}: there is no such file or folder; give the download, a zip or a folder")
    if path.suffix.lower() != ".zip":
        return None
    with contextlib.ExitStack() as stack:
        listed = [
            entry.name for entry in archive_entries(path, ".zip", canvas.OUTER, stack) if entry.kind == "file"
        ]
    return "canvas" if canvas.is_named_by_canvas(listed) else None


def read(path: Path, into: Path, limits: IntakeLimits | None = None) -> Download:
    """The hand-ins of the download `path`, those of Canvas put together in folders within `into`.

    Repositories and the children of a plain folder stay where they are. Raises DownloadError for what is no
    download or holds no hand-in, and IntakeRefused for a zip that is damaged as a whole.
    """
    kind = recognise(path)
    notes: list[str] = []
    if kind is None:
        raise DownloadError(
            f"{path} is no download of a class: Canvas's zip holds files named name_id_id_file. Give that, the "
            "folder of GitHub Classroom's repositories, or a folder with one hand-in in each file or folder"
        )
    if kind == "canvas":
        into.mkdir(parents=True, exist_ok=True)
        with contextlib.ExitStack() as stack:
            entries = archive_entries(path, ".zip", canvas.OUTER, stack) if path.is_file() else _files(path)
            hand_ins, notes = canvas.collect(entries, into, limits or IntakeLimits())
    else:
        children, notes = _hand_ins(path)
        hand_ins = _named(children, _slug(path, children) if kind == "github_classroom" else "")
    if not hand_ins:
        raise DownloadError(f"{path} holds no hand-in")
    return Download(kind=kind, hand_ins=tuple(hand_ins), notes=tuple(notes))


def _children(path: Path) -> list[Path]:
    """What lies in a folder and is seen; links are not followed."""
    shown = (child for child in path.iterdir() if not child.name.startswith("."))
    kept = (child for child in shown if child.name.lower() not in IGNORED_FOLDERS and not child.is_symlink())
    return sorted(kept, key=lambda child: child.name)


def _hand_ins(path: Path) -> tuple[list[Path], list[str]]:
    """The children of a folder that can be hand-ins, and notes on those that cannot."""
    found, notes = [], []
    for child in _children(path):
        name = child.name.lower()
        if child.is_dir() or (name.endswith((*ARCHIVES, *SINGLE_FILES)) and not name.startswith(NO_HAND_IN)):
            found.append(child)
        else:
            notes.append(f"{clean(child.name, 200)!r} is no hand-in, and was passed over.")
    notes += [
        f"{clean(child.name, 200)!r} is a link, and was passed over."
        for child in path.iterdir()
        if child.is_symlink()
    ]
    return found, notes


def _slug(path: Path, children: list[Path]) -> str:
    """What stands before each student's name where the folder is called as GitHub's own program calls it."""
    name = path.resolve().name
    if not name.endswith(SUBMISSIONS):
        return ""
    start = name.removesuffix(SUBMISSIONS) + "-"
    return start if all(child.name.startswith(start) and child.name != start for child in children) else ""


def _named(children: list[Path], start: str) -> list[HandIn]:
    taken: set[str] = set()
    hand_ins = []
    for child in children:
        title = child.name.removeprefix(start)
        name = canvas.unique(clean_name(child.with_name(title)) if start else clean_name(child), taken)
        uploads = (Upload(name=clean(child.name, 200), entry=clean(child.name, 200)),)
        hand_ins.append(HandIn(name=name, title=clean(title, 200), uploads=uploads, path=child))
    return hand_ins


def _files(folder: Path) -> Iterator[Entry]:
    """The files of a folder into which Canvas's zip was unpacked."""
    for child in _children(folder):
        status = child.lstat()
        if stat.S_ISREG(status.st_mode):
            yield Entry(child.name, "file", status.st_size, lambda child=child: _open(child))  # type: ignore[misc]


def _open(path: Path) -> IO[bytes]:
    """A file of the download; a link that took its place meanwhile is not followed."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)  # not every system has both
    try:
        return os.fdopen(os.open(path, flags), "rb")
    except OSError as error:
        raise IntakeRefused(f"{path.name} cannot be read: {error.strerror}") from error
