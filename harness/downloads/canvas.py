"""Canvas's "Download submissions", a zip or what it unpacks to: files of one student become one hand-in.

The download holds what students sent, so it is read like a hand-in: member by member, names chosen here, sizes
bounded while they are read. What is wrong with one student's files is that student's problem and stops no other;
only a download that is damaged as a whole is refused.
"""

from __future__ import annotations

import contextlib
import dataclasses
import html
import re
import shutil
from collections.abc import Iterable
from pathlib import Path

from harness.downloads import names
from harness.downloads.hand_in import HandIn, Upload
from harness.intake import clean_name, receive
from harness.text import clean, size
from harness.unpacking import ARCHIVES, CHUNK, Entry, IntakeLimits, IntakeRefused

GIB = 2**30
ENTRIES = 20_000
OUTER = IntakeLimits(
    files=ENTRIES, entries=ENTRIES, archive_bytes=64 * GIB, ratio=float("inf"), total_bytes=64 * GIB
)
"""Of the zip itself. What a student's own files may come to are the limits of a hand-in."""
NO_NOTEBOOK = "hand in the notebook itself: in Colab, File, Download, Download .ipynb"


@dataclasses.dataclass(frozen=True)
class _Sent:
    """A file in the download and the parts of its name."""

    entry: Entry
    parts: names.CanvasName


def is_named_by_canvas(listed: Iterable[str]) -> bool:
    """Whether these files, droppings of operating systems aside, are named as Canvas names them, most of them."""
    shown = [name for name in listed if not _is_dropping(name)]
    return bool(shown) and sum(names.parse(name) is not None for name in shown) * 2 > len(shown)


def collect(entries: Iterable[Entry], into: Path, limits: IntakeLimits) -> tuple[list[HandIn], list[str]]:
    """The hand-ins of a download, each in a folder of its name within `into`, and notes on what was passed over.

    Raises IntakeRefused where the download as a whole cannot be read.
    """
    notes: list[str] = []
    by_student: dict[tuple[bool, str], list[_Sent]] = {}
    for entry in entries:
        if entry.kind == "folder" or _is_dropping(entry.name):
            continue
        parts = names.parse(entry.name)
        if parts is None or entry.kind != "file":
            notes.append(f"{clean(entry.name, 200)!r} is not named as Canvas names files, and was passed over.")
            continue
        by_student.setdefault((parts.anonymous, parts.user), []).append(_Sent(entry, parts))
    hand_ins = []
    taken: set[str] = set()
    for sent in by_student.values():
        name = unique(_folder_name(sent[0].parts), taken)
        hand_ins.append(_hand_in(name, sent, into, limits))
    return sorted(hand_ins, key=lambda one: one.name.casefold()), notes


def unique(name: str, taken: set[str]) -> str:
    """`name`, or the first of name-2, name-3, … that is not taken whatever the case; taken from now on."""
    made, copy = name, 2
    while made.casefold() in taken:
        made, copy = f"{name}-{copy}", copy + 1
    taken.add(made.casefold())
    return made


def _is_dropping(name: str) -> bool:
    last = name.rstrip("/").rpartition("/")[2]
    return (
        name.startswith("__MACOSX/")
        or last.lower() in (".ds_store", "thumbs.db", "desktop.ini")
        or (last.startswith("._"))
    )


def _folder_name(parts: names.CanvasName) -> str:
    return clean_name(Path(re.sub(r"\W", "_", parts.who if parts.anonymous else f"{parts.who}_{parts.user}")))


def _hand_in(name: str, sent: list[_Sent], into: Path, limits: IntakeLimits) -> HandIn:
    uploads = _uploads(sent)
    first = sent[0].parts
    replaced = [upload for upload in uploads if not upload.counts]
    notes = [f"{upload.name} was set aside: there is a later version of it, which counts." for upload in replaced]
    counted = [one for one, upload in zip(sent, uploads, strict=True) if upload.counts]
    about = HandIn(
        name=name,
        title=clean(first.who, 200),
        user=first.user,
        anonymous=first.anonymous,
        late=any(one.parts.late for one in counted),
        uploads=tuple(sorted(uploads, key=lambda upload: upload.entry)),
    )
    problem = _online(counted)
    folder = into / name
    if problem is None:
        files = [(upload.name, one.entry) for one, upload in zip(sent, uploads, strict=True) if upload.counts]
        try:
            _put_together(files, folder, limits)
        except IntakeRefused as reason:
            problem = f"The hand-in was refused: {reason}"
            shutil.rmtree(folder, ignore_errors=True)
    if problem is not None:
        notes.append(f"There is nothing to grade: {problem}")
    return about.model_copy(update={"problem": problem, "notes": tuple(notes), "path": folder})


def _uploads(sent: list[_Sent]) -> list[Upload]:
    """One for each file, in their order, with the names they are stored by; the last version of each counts."""
    latest: dict[str, tuple[int, int, int]] = {}
    ranks = []
    for number, one in enumerate(sent):
        base, count = names.version(one.parts.file)
        rank = (count, int(one.parts.attachment or 0), number)
        ranks.append((base.casefold(), rank))
        latest[base.casefold()] = max(latest.get(base.casefold(), rank), rank)
    taken: set[str] = set()
    return [
        Upload(
            name=_free(names.storable(one.parts.file or f"{one.parts.online}.html"), taken),
            entry=one.entry.name.rpartition("/")[2].encode("utf-8", "replace").decode(),
            attachment=one.parts.attachment,
            version=rank[0],
            counts=latest[base] == rank,
        )
        for one, (base, rank) in zip(sent, ranks, strict=True)
    ]


def _free(name: str, taken: set[str]) -> str:
    """`name`, with a number before its suffix where another file has it already."""
    stem, dot, suffix = name.rpartition(".")
    made, copy = name, 2
    while made.casefold() in taken:
        made, copy = f"{stem or suffix}-{copy}{dot}{suffix if stem else ''}", copy + 1
    taken.add(made.casefold())
    return made


def _online(sent: list[_Sent]) -> str | None:
    """What there is to say, in words for the student, where nothing but a link or typed text was handed in."""
    if any(not one.parts.online for one in sent):
        return None
    one = sent[0]
    address = names.link(_start(one.entry))
    shown = f" ({clean(html.unescape(address), 300)})" if address else ""
    if one.parts.online == "text":
        return f"Only text typed into Canvas was handed in{shown}, and no file; {NO_NOTEBOOK}."
    return f"Only a link was handed in{shown}, and a link can change or be closed; {NO_NOTEBOOK}."


def _start(entry: Entry) -> bytes:
    """The start of a page of Canvas's; nothing where it is damaged."""
    if entry.open is None:
        return b""
    with contextlib.suppress(IntakeRefused), entry.open() as file:
        return file.read(names.LINK_BYTES)
    return b""


def _put_together(files: list[tuple[str, Entry]], folder: Path, limits: IntakeLimits) -> None:
    """All files in one folder: an archive alone is unpacked into it, one among others into a folder of its own.

    Raises IntakeRefused.
    """
    if len(files) > limits.files:
        raise IntakeRefused(f"more than {limits.files:,} files")
    folder.mkdir(parents=True)
    left = limits.total_bytes
    for name, entry in files:
        path = folder / name
        left -= _copy(entry, path, min(left, limits.file_bytes))
    archives = [path for path in sorted(folder.iterdir()) if path.name.lower().endswith(ARCHIVES)]
    for archive in archives:
        if len(files) == 1:
            away = folder.with_name(f".{folder.name}.packed")
            away.mkdir()
            try:
                moved = archive.rename(away / archive.name)
                receive(moved, folder, limits)
            finally:
                shutil.rmtree(away, ignore_errors=True)
        else:
            receive(archive, folder / _free_folder(archive, folder), limits)
            archive.unlink()


def _free_folder(archive: Path, folder: Path) -> str:
    taken = {path.name.casefold() for path in folder.iterdir()}
    return unique(clean_name(archive), taken)


def _copy(entry: Entry, path: Path, most: int) -> int:
    """Bytes written. Raises IntakeRefused where there are more than `most`, or it is damaged."""
    written = 0
    shown = ascii(path.name)[1:-1]
    if entry.open is None or entry.size > most:
        raise IntakeRefused(f"{shown}: {size(entry.size)}; {size(most)} are left for it")
    with entry.open() as source, path.open("xb") as file:
        while data := source.read(CHUNK):
            written += len(data)
            if written > most:
                raise IntakeRefused(f"{shown}: more bytes than it said, or than may be unpacked")
            file.write(data)
    path.chmod(0o644)
    return written
