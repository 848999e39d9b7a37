"""What was computed before, on disk: a file for each thing, named by a hash of everything that decides it.

Trained runs, measurements, recordings and figures lie here, told apart by their kind. Several processes may share
the folder, and there is no lock to wait for or to be left behind. A file is written whole under a name of its own
and renamed into place, so its name holds all of it or nothing; two writers of one key bring the same thing, whoever
comes first. A file begins with the SHA-256 of the rest: what does not fit it, whatever stopped the writer or
damaged the disk, is a miss and is removed. A reader opens a file once, so that evicting it meanwhile costs a later
hit and never half a thing. Evicting looks at what is there at that moment: two processes that do it at once choose
the same oldest files. As looking takes longer than writing, a process looks again once it has written an eighth of
the room that it saw. Only the coordinator writes.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import re
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args

import numpy as np
import platformdirs
from numpy.typing import NDArray

from harness.recording import Strict

Arrays = dict[str, NDArray[Any]]
Kind = Literal["run", "measurement", "recording", "figure"]
M = TypeVar("M", bound=Strict)

KINDS: tuple[Kind, ...] = get_args(Kind)
DEFAULT_LIMIT = 5 * 2**30  # bytes; fifteen networks of half a million weights are 100 MB
EVICTED_TO = 0.9  # of the limit, so that not every later write evicts again
ROOM_SHARE = 8  # of the room that is left; so many processes that write at once stay within the limit
STALE_SECONDS = 3600.0  # a file that was begun so long ago has lost its writer

_MAGIC = b"nn-grading-harness kept 3\n"
_ABOUT = "about"
_UNFINISHED = ".new-"
_DIGEST = 64  # characters of a SHA-256 in hex
_UNITS = {"": 1, "B": 1} | {
    f"{letter}{suffix}": base**power
    for power, letter in enumerate("KMGT", 1)
    for suffix, base in (("", 1024), ("IB", 1024), ("B", 1000))
}


class CacheUsageError(ValueError):
    """A size that is none: the fault of whoever set it."""


@dataclass(frozen=True)
class StoreFacts:
    """What a store holds: its folder, how many things of each kind, bytes and limit in bytes, and how often it was
    asked."""

    folder: Path
    kept: dict[Kind, int]
    size: int
    limit: int
    hits: int
    misses: int


@dataclass(frozen=True)
class _Entry:
    path: Path
    size: int
    used: int
    """When it was last written or read, in nanoseconds."""


class Store:
    """Things by kind and key, in a folder of at most `limit` bytes: what is known of each as a strict type, and its
    arrays."""

    def __init__(self, folder: Path, limit: int = DEFAULT_LIMIT) -> None:
        self.folder = folder
        self._limit = limit
        self._room = 0  # bytes that may be written before it is looked again

    @staticmethod
    def default_folder() -> Path:
        """`$HARNESS_CACHE`, or the user's cache folder."""
        return Path(os.environ.get("HARNESS_CACHE") or platformdirs.user_cache_dir("nn-grading-harness")) / "runs"

    @staticmethod
    def default_limit() -> int:
        """`$HARNESS_CACHE_SIZE` in bytes, or 5 GiB. Raises CacheUsageError."""
        text = os.environ.get("HARNESS_CACHE_SIZE", "").strip()
        return parse_size(text) if text else DEFAULT_LIMIT

    def get(self, kind: Kind, key: str, type_: type[M]) -> tuple[M, Arrays] | None:
        """What is kept under a key, or None.

        What is read counts as just used; what is damaged, or breaks its type, is removed.
        """
        path = self._path(kind, key)
        found = _read(path)
        content: M | None = None
        if found is not None:
            with contextlib.suppress(ValueError):  # the checksum can be right on what an older harness wrote
                content = type_.model_validate_json(found[0])
            if content is None:
                _remove(path)
        if found is None or content is None:
            self._count("misses")
            return None
        with contextlib.suppress(OSError):  # gone meanwhile, or a folder that is only read
            os.utime(path)
        self._count("hits")
        return content, found[1]

    def put(self, kind: Kind, key: str, content: Strict, arrays: Arrays | None = None) -> bool:
        """Whether it can be read here afterwards, written by us or by another process."""
        packed = _pack(kind, key, content, arrays or {})
        if len(packed) > EVICTED_TO * self._limit:
            return False  # it would push out everything else, and then itself
        path = self._path(kind, key)
        temporary = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if _read(path) is not None:
                return True
            handle, name = tempfile.mkstemp(dir=path.parent, prefix=_UNFINISHED)
            temporary = Path(name)
            # Nothing is flushed to the disk first: after a power cut the checksum tells what did not get there.
            with os.fdopen(handle, "wb") as file:
                file.write(packed)
            temporary.replace(path)
            self._room -= len(packed)
            if self._room < 0:
                self.evict()
            return True
        except OSError:  # the disk is full, or (on Windows) another process reads the file that is there
            return _read(path) is not None
        finally:
            if temporary is not None:
                _remove(temporary)

    def drop(self, kind: Kind, key: str) -> None:
        """Remove what its reader could not believe."""
        _remove(self._path(kind, key))

    def each(self, kind: Kind, type_: type[M]) -> Iterator[tuple[str, M, Arrays]]:
        """Everything of a kind that is whole and of this type, with its key. Being looked at is no use of it."""
        for entry in list(_entries(self.folder)):
            if entry.path.suffix != f".{kind}":
                continue
            found = _read(entry.path)
            if found is not None:
                with contextlib.suppress(ValueError):  # what an older harness wrote
                    yield entry.path.stem, type_.model_validate_json(found[0]), found[1]

    # --- looking after it

    def facts(self) -> StoreFacts:
        """What the folder holds."""
        entries = list(_entries(self.folder))
        counts = Counter(entry.path.suffix.removeprefix(".") for entry in entries)
        return StoreFacts(
            folder=self.folder,
            kept={kind: counts[kind] for kind in KINDS},
            size=sum(entry.size for entry in entries),
            limit=self._limit,
            hits=_counted(self.folder / "hits"),
            misses=_counted(self.folder / "misses"),
        )

    def verify(self) -> int:
        """Read everything and remove what is damaged; how many files those were."""
        return sum(_read(entry.path) is None for entry in list(_entries(self.folder)))

    def clear(self) -> int:
        """Remove everything that is kept, what stopped writers left, and the counts; how many things those were."""
        entries = list(_entries(self.folder))
        counts = (self.folder / "hits", self.folder / "misses")
        for path in (*(entry.path for entry in entries), *_unfinished(self.folder), *counts):
            _remove(path)
        return len(entries)

    def evict(self) -> None:
        """Remove what was not used for longest until the rest is within the limit, and what writers that were
        stopped left behind."""
        now = time.time()
        for path in _unfinished(self.folder):
            with contextlib.suppress(OSError):
                if now - path.stat().st_mtime > STALE_SECONDS:
                    path.unlink()
        entries = sorted(_entries(self.folder), key=lambda entry: entry.used)
        size = sum(entry.size for entry in entries)
        if size > self._limit:
            for entry in entries:
                if size <= EVICTED_TO * self._limit:
                    break
                _remove(entry.path)
                size -= entry.size
        self._room = (self._limit - size) // ROOM_SHARE

    def _path(self, kind: Kind, key: str) -> Path:
        return self.folder / key[:2] / f"{key}.{kind}"

    def _count(self, name: str) -> None:
        """Append a byte: the length of the file is the count, and appending needs no lock."""
        with contextlib.suppress(OSError):  # a count that is missed costs nothing
            self.folder.mkdir(parents=True, exist_ok=True)
            with (self.folder / name).open("ab") as file:
                file.write(b".")


def parse_size(text: str) -> int:
    """Bytes from "5GiB", "500 MB" or "1000000". Raises CacheUsageError for anything else and for less than 1 MB."""
    found = re.fullmatch(r"(\d{1,15}(?:\.\d{1,3})?)\s*([A-Za-z]{0,3})", text.strip())
    unit = _UNITS.get(found[2].upper()) if found else None
    if found is None or unit is None:
        raise CacheUsageError(f"{text[:40]!r} is no size of a cache; write 5GiB, 500MB or a number of bytes")
    size = int(float(found[1]) * unit)
    if size < 10**6:
        raise CacheUsageError(f"a cache of {text[:40]} would hold no run; give it 1MB or more, or say --no-cache")
    return size


def _label(kind: str, key: str) -> bytes:
    return f"{kind} {key}\n".encode()


def _pack(kind: Kind, key: str, content: Strict, arrays: Arrays) -> bytes:
    body = io.BytesIO()
    about = _label(kind, key) + content.model_dump_json().encode()
    named: dict[str, Any] = {_ABOUT: np.frombuffer(about, np.uint8), **arrays}
    np.savez(body, **named)
    data = body.getvalue()
    return _MAGIC + hashlib.sha256(data).hexdigest().encode() + data


def _unpack(packed: bytes, label: bytes) -> tuple[bytes, Arrays]:
    """The JSON and the arrays that were packed under a label. Raises ValueError where they are not whole."""
    start = len(_MAGIC) + _DIGEST
    data = memoryview(packed)[start:]
    if packed[:start] != _MAGIC + hashlib.sha256(data).hexdigest().encode():
        raise ValueError("nothing that was kept, or not all of it")
    with np.load(io.BytesIO(data), allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files}
    about: bytes = arrays.pop(_ABOUT).tobytes()
    if not about.startswith(label):
        raise ValueError("it was kept under another name")
    return about[len(label) :], arrays


def _read(path: Path) -> tuple[bytes, Arrays] | None:
    """The JSON and the arrays in a file, or None. A file that does not hold what its name says is removed."""
    try:
        packed = path.read_bytes()
    except OSError:  # not there, or not ours to read
        return None
    try:
        return _unpack(packed, _label(path.suffix.removeprefix("."), path.stem))
    except Exception:  # whatever is wrong with it
        _remove(path)
        return None


def _entries(folder: Path) -> Iterator[_Entry]:
    for kind in KINDS:
        for path in folder.glob(f"??/*.{kind}"):
            try:
                status = path.stat()
            except OSError:  # evicted meanwhile
                continue
            yield _Entry(path, status.st_size, status.st_mtime_ns)


def _unfinished(folder: Path) -> Iterator[Path]:
    return folder.glob(f"??/{_UNFINISHED}*")


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):  # another process was first, or (on Windows) reads it
        path.unlink()


def _counted(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
