"""Reading archives that may be hostile: what is in a .zip or .tar, checked before anything is unpacked.

Used by `intake` only. Entries are listed with their kind and size, and opened one by one; nothing is written here
but the decompressed copy of a .tar.gz, in a temporary file of bounded size.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import stat
import struct
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

CHUNK = 2**16
MIB = 2**20
HEADERS = 256 * 2**10  # bytes of all that a tar says of one entry; a path has at most some thousand
Kind = Literal["file", "folder", "link", "special"]
ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz")
_DAMAGE = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    EOFError,
    OSError,
    ValueError,
    ArithmeticError,
    LookupError,
    TypeError,
    RuntimeError,
    struct.error,
)
"""What the readers raise over an archive's bytes. None is a MemoryError: what is read at once is bounded before."""


class IntakeRefused(ValueError):
    """The submission cannot be accepted as it is; the message says why, to its author."""


@dataclass(frozen=True)
class IntakeLimits:
    """How much a submission may be. Bytes are those after unpacking, but for `archive_bytes`."""

    files: int = 2_000
    entries: int = 100_000
    """Everything listed, with folders and what is left out (an environment that was packed along)."""
    total_bytes: int = 512 * MIB
    file_bytes: int = 256 * MIB
    archive_bytes: int = 512 * MIB
    directory_bytes: int = 16 * MIB
    """The list of contents at the end of a .zip."""
    ratio: float = 100.0
    """Bytes unpacked for each byte packed, for an archive that unpacks to more than `ratio_from_bytes`."""
    ratio_from_bytes: int = 16 * MIB
    depth: int = 16
    name_bytes: int = 200
    path_bytes: int = 400


@dataclass(frozen=True)
class Entry:
    """One thing in a submission: its name as written there, with `/`, and how to read it."""

    name: str
    kind: Kind
    size: int
    open: Callable[[], IO[bytes]] | None


def archive_entries(path: Path, suffix: str, limits: IntakeLimits, stack: contextlib.ExitStack) -> Iterator[Entry]:
    """What is in the archive `path`. It stays open until `stack` closes. Raises IntakeRefused."""
    packed = path.stat().st_size
    if packed == 0:
        raise IntakeRefused(f"{path.name} is empty")
    if packed > limits.archive_bytes:
        raise IntakeRefused(f"{path.name}: {packed:,} bytes; an archive may have {limits.archive_bytes:,}")
    entries = _zip_entries if suffix == ".zip" else _tar_entries
    return _within_ratio(entries(path, limits, stack), packed, limits)


@contextlib.contextmanager
def _theirs(name: str) -> Iterator[None]:
    """Whatever a reader of archives trips over is the archive's fault."""
    try:
        yield
    except IntakeRefused:
        raise
    except _DAMAGE as error:
        reason = str(error) or type(error).__name__
        raise IntakeRefused(f"{name} is damaged, or not what its name says: {ascii(reason[:200])[1:-1]}") from error


class _Careful(io.RawIOBase):
    """A member's bytes; damage found while reading is a refusal."""

    def __init__(self, source: IO[bytes], name: str) -> None:
        self._source, self._name = source, name

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        with _theirs(self._name):
            return self._source.read(size)

    def close(self) -> None:
        self._source.close()
        super().close()


def _within_ratio(entries: Iterator[Entry], packed: int, limits: IntakeLimits) -> Iterator[Entry]:
    total = 0
    for entry in entries:
        total += entry.size
        if total > limits.ratio_from_bytes and total > packed * limits.ratio:
            raise IntakeRefused(f"unpacks to more than {limits.ratio:g} times its size")
        yield entry


# --- zip --------------------------------------------------------------------------------------------------


def _zip_entries(path: Path, limits: IntakeLimits, stack: contextlib.ExitStack) -> Iterator[Entry]:
    with _theirs(path.name):
        size = _directory_size(path)
        if size > limits.directory_bytes:
            raise IntakeRefused(f"{path.name}: a list of contents of {size:,} bytes")
        if _more_headers(path, size, limits.entries):
            raise IntakeRefused(f"more than {limits.entries:,} entries")
        archive = stack.enter_context(zipfile.ZipFile(path))
        members = archive.infolist()
        _refuse_overlaps(path, archive, members)
    for info in members:
        name = _zip_name(info)
        shown = ascii(name[:80])
        if info.flag_bits & 0x2041:
            raise IntakeRefused(f"{shown} is encrypted; hand in an archive without a password")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise IntakeRefused(f"{shown} is packed by a method that is not read here; use an ordinary .zip")
        kind = _zip_kind(info)
        yield Entry(name, kind, info.file_size if kind == "file" else 0, _zip_opener(archive, info))


def _zip_name(info: zipfile.ZipInfo) -> str:
    """The name as it was meant: macOS writes UTF-8 and does not say so, which `zipfile` takes for code page 437."""
    name = info.orig_filename  # `filename` is cut at a NUL
    if not info.flag_bits & 0x800:
        with contextlib.suppress(UnicodeError):
            return name.encode("cp437").decode("utf-8")
    return name


def _zip_kind(info: zipfile.ZipInfo) -> Kind:
    mode = stat.S_IFMT(info.external_attr >> 16)
    if mode == stat.S_IFLNK:
        return "link"
    if mode not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "special"
    return "folder" if info.orig_filename.endswith("/") or mode == stat.S_IFDIR else "file"


def _zip_opener(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Callable[[], IO[bytes]]:
    def opener() -> IO[bytes]:
        with _theirs(info.filename):
            return _Careful(archive.open(info), info.filename)  # type: ignore[return-value]  # it reads and closes

    return opener


def _directory_size(path: Path) -> int:
    """Bytes in a zip's list of contents, found as `zipfile` finds it, before it reads that list into memory."""
    with path.open("rb") as file:
        end = file.seek(0, io.SEEK_END)
        start = max(end - 65_536 - 22 - 76, 0)
        file.seek(start)
        tail = file.read()
    at = len(tail) - 22
    if at < 0 or tail[at : at + 4] != b"PK\5\6" or tail[-2:] != b"\0\0":
        at = tail.rfind(b"PK\5\6")
    if at < 0 or len(tail) < at + 22:
        raise IntakeRefused(f"{path.name} is not a .zip{_looks_like(path)}")
    (size,) = struct.unpack_from("<I", tail, at + 12)
    if at >= 20 and tail[at - 20 : at - 16] == b"PK\6\7":
        record = at - 76
        (told,) = struct.unpack_from("<Q", tail, at - 20 + 8)
        if record < 0 or tail[record : record + 4] != b"PK\6\6" or not _only_record(path, told, start + record):
            raise IntakeRefused(f"{path.name} is damaged: its large list of contents is not where it says")
        (size,) = struct.unpack_from("<Q", tail, record + 40)
    return int(size)


def _only_record(path: Path, told: int, record: int) -> bool:
    """Whether the record of a ZIP64's list that stands right before its locator is the only one to read: older
    `zipfile`s take that, newer ones what the locator points at (`told`), if it is one. In an archive that was
    appended to another file the locator points before the record, at something else."""
    if told >= record:
        return told == record
    with path.open("rb") as file:
        file.seek(told)
        return file.read(4) != b"PK\6\6"


def _more_headers(path: Path, directory: int, most: int) -> bool:
    """Whether a list of contents names more entries: counted in its bytes, as each costs some hundred once read."""
    with path.open("rb") as file:
        file.seek(max(file.seek(0, io.SEEK_END) - directory - 65_536 - 22 - 76, 0))
        return file.read().count(b"PK\1\2") > most


def _refuse_overlaps(path: Path, archive: zipfile.ZipFile, members: list[zipfile.ZipInfo]) -> None:
    """Entries that share bytes are how a small zip unpacks to a huge one."""
    places = sorted(((info.header_offset, info) for info in members), key=lambda place: place[0])
    with path.open("rb") as file:
        before = 0
        for offset, info in places:
            if offset < before:
                raise IntakeRefused(f"{info.orig_filename[:80]!a} overlaps another entry of the archive")
            file.seek(offset)
            header = file.read(30)
            if len(header) < 30 or header[:4] != b"PK\3\4":
                raise IntakeRefused(f"{info.orig_filename[:80]!a}: no such entry in the archive")
            before = offset + 30 + sum(struct.unpack_from("<HH", header, 26)) + info.compress_size
    if before > archive.start_dir:
        raise IntakeRefused(f"{path.name}: an entry overlaps the list of contents")


# --- tar --------------------------------------------------------------------------------------------------


class _SmallReads(io.RawIOBase):
    """A file of which only `left` bytes may be read, until that is set anew.

    `tarfile` reads a long name into memory at whatever length it claims, and adds up the settings of pax headers.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.left = HEADERS

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._file.tell()

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= self.left:
            raise IntakeRefused("an archive with a name, or a header, of impossible length")
        self.left -= size
        return self._file.read(size)


def _tar_entries(path: Path, limits: IntakeLimits, stack: contextlib.ExitStack) -> Iterator[Entry]:
    plain = _SmallReads(_uncompressed(path, limits, stack))
    with _theirs(path.name):
        archive = tarfile.open(fileobj=plain, mode="r:")  # noqa: SIM115  # the stack closes it
        stack.callback(archive.close)
    count = 0
    while True:
        plain.left = HEADERS
        with _theirs(path.name):
            member = archive.next()
        if member is None:
            break
        archive.pax_headers = {}  # or each entry would get a copy of all that those before it were given
        member.pax_headers = {}
        count += 1
        if count > limits.entries:
            raise IntakeRefused(f"more than {limits.entries:,} entries")
        if member.issparse():
            raise IntakeRefused(f"{member.name[:80]!a}: a sparse file")
        if member.size < 0:
            raise IntakeRefused(f"{member.name[:80]!a}: a file of {member.size} bytes")
        size = member.size if member.isreg() else 0
        yield Entry(member.name, _tar_kind(member), size, _tar_opener(plain, archive, member))
    plain.seek(archive.offset)  # `tarfile` takes a header that it cannot read for the end, and says nothing
    if plain.read(tarfile.BLOCKSIZE).strip(b"\0"):
        raise IntakeRefused(f"{path.name} is damaged: after {count:,} entries comes what is none")


def _tar_kind(member: tarfile.TarInfo) -> Kind:
    if member.issym() or member.islnk():
        return "link"
    if member.isdir():
        return "folder"
    return "file" if member.isreg() else "special"


def _tar_opener(plain: _SmallReads, archive: tarfile.TarFile, member: tarfile.TarInfo) -> Callable[[], IO[bytes]]:
    def opener() -> IO[bytes]:
        plain.left = member.size
        with _theirs(member.name):
            source = archive.extractfile(member)
            if source is None:
                raise IntakeRefused(f"{member.name}: not a file")
            return _Careful(source, member.name)  # type: ignore[return-value]  # it reads and closes

    return opener


def _uncompressed(path: Path, limits: IntakeLimits, stack: contextlib.ExitStack) -> IO[bytes]:
    """The .tar itself: the file, or a temporary copy of what a .tar.gz unpacks to, with an end to its size. Raises
    IntakeRefused where that cannot be unpacked, and OSError where there is no room for the copy: that is ours."""
    source: IO[bytes] = stack.enter_context(path.open("rb"))
    compressed = source.read(2) == b"\x1f\x8b"
    source.seek(0)
    if not compressed:
        return source
    packed = path.stat().st_size
    most = limits.total_bytes + limits.entries * 1_024
    copy: IO[bytes] = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115  # likewise
    with gzip.open(source) as unpacked:
        total = 0
        while data := _unpacked(unpacked, path.name):
            total += len(data)
            if total > most or total > max(packed * limits.ratio, limits.ratio_from_bytes):
                raise IntakeRefused(f"unpacks to more than {limits.ratio:g} times its size, or {most:,} bytes")
            copy.write(data)
    copy.seek(0)
    return copy


def _unpacked(source: gzip.GzipFile, name: str) -> bytes:
    with _theirs(name):
        return source.read(CHUNK)


def _looks_like(path: Path) -> str:
    """What a file that is not a zip seems to be, for the message."""
    with path.open("rb") as file:
        start = file.read(64).lstrip().lower()
    kinds = {b"<": "a web page", b"rar!": "a .rar", b"7z\xbc": "a .7z", b"\x1f\x8b": "a .gz", b"%pdf": "a PDF"}
    for magic, what in kinds.items():
        if start.startswith(magic):
            return f"; it looks like {what}"
    return ""
