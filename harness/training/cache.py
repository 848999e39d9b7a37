"""Runs that were trained before, on disk: a file a run, named by the recipe and what trained it.

Several processes may share the folder, and there is no lock to wait for or to be left behind. A run is written
whole under a name of its own and renamed into place, so its name holds all of it or nothing; two writers of one key
bring the same run, whoever comes first. A file begins with the SHA-256 of the rest: what does not fit it, whatever
stopped the writer or damaged the disk, is a miss and is removed. A reader opens a file once, so that evicting it
meanwhile costs a later hit and never half a run. Evicting looks at what is there at that moment: two processes that
do it at once choose the same oldest files. Only the coordinator writes.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import re
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs
from numpy.typing import NDArray

from harness.recording import Strict
from harness.training.process import TrainedRun
from harness.training.recipe import Recipe

Arrays = dict[str, NDArray[Any]]

DEFAULT_LIMIT = 5 * 2**30  # bytes; a sweep of fifteen networks of task 2D is 100 MB
EVICTED_TO = 0.9  # of the limit, so that not every later write evicts again
STALE_SECONDS = 3600.0  # a file that was begun so long ago has lost its writer

_MAGIC = b"nn-grading-harness run 2\n"
_UNFINISHED = ".new-"
_DIGEST = 64  # characters of a SHA-256 in hex
_UNITS = {"": 1, "B": 1} | {
    f"{letter}{suffix}": base**power
    for power, letter in enumerate("KMGT", 1)
    for suffix, base in (("", 1024), ("IB", 1024), ("B", 1000))
}


class CacheUsageError(ValueError):
    """A size that is none: the fault of whoever set it."""


class StoredRun(Strict):
    """What is kept of a run beside its arrays."""

    key: str
    recipe: str
    seed: int
    history: dict[str, tuple[float | None, ...]]
    seconds: float
    trainer: str
    device: dict[str, str]


@dataclass(frozen=True)
class CacheFacts:
    """What a cache holds: its folder, runs, bytes and limit in bytes, and how often it was asked."""

    folder: Path
    runs: int
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


class RunCache:
    """Runs by recipe, in a folder of at most `limit` bytes; without a folder, or where a run cannot be written to
    it, in this process's memory."""

    def __init__(self, folder: Path | None, limit: int = DEFAULT_LIMIT) -> None:
        self._folder = folder
        self._limit = limit
        self._here: dict[str, tuple[StoredRun, Arrays]] = {}
        self._held: dict[str, tuple[StoredRun, Arrays]] | None = None

    @staticmethod
    def default_folder() -> Path:
        """`$HARNESS_CACHE`, or the user's cache folder."""
        return Path(os.environ.get("HARNESS_CACHE") or platformdirs.user_cache_dir("nn-grading-harness")) / "runs"

    @staticmethod
    def default_limit() -> int:
        """`$HARNESS_CACHE_SIZE` in bytes, or 5 GiB. Raises CacheUsageError."""
        text = os.environ.get("HARNESS_CACHE_SIZE", "").strip()
        return parse_size(text) if text else DEFAULT_LIMIT

    def get(self, recipe: Recipe, device: dict[str, Any]) -> tuple[StoredRun, Arrays] | None:
        """The run of a recipe on such a device, with its arrays ("predictions", "w0000", …), or None.

        A run that is read counts as just used; a damaged one is removed.
        """
        key = _key(recipe, device)
        known = self._here.get(key) or (self._held or {}).get(key)
        if known is not None or self._folder is None:
            return known
        path = self._path(self._folder, key)
        found = _read(path, key)
        if found is None:
            self._count("misses")
            return None
        with contextlib.suppress(OSError):  # gone meanwhile, or a folder that is only read
            os.utime(path)
        self._count("hits")
        if self._held is not None:
            self._held[key] = found
        return found

    def put(self, recipe: Recipe, run: TrainedRun) -> tuple[StoredRun, Arrays]:
        """Keep a run; gives back what `get` will give."""
        key = _key(recipe, run.device)
        arrays: Arrays = {"predictions": run.predictions}
        arrays |= {f"w{number:04}": weight for number, weight in enumerate(run.weights)}
        stored = StoredRun(
            key=key,
            recipe=recipe.sha256,
            seed=recipe.seed,
            history={name: tuple(values) for name, values in run.history.items()},
            seconds=run.seconds,
            trainer=run.trainer,
            device={name: str(value) for name, value in run.device.items()},
        )
        if self._folder is None or not self._write(self._folder, key, _pack(stored, arrays)):
            self._here[key] = (stored, arrays)
        elif self._held is not None:
            self._held[key] = (stored, arrays)
        return stored, arrays

    @contextlib.contextmanager
    def holding(self) -> Iterator[None]:
        """Within this, what was read or put once is there until the end, whatever is evicted meanwhile."""
        self._held = {}
        try:
            yield
        finally:
            self._held = None

    # --- looking after it

    def facts(self) -> CacheFacts:
        """What the folder holds. Raises ValueError for a cache without a folder."""
        folder = self._require_folder()
        entries = list(_entries(folder))
        return CacheFacts(
            folder=folder,
            runs=len(entries),
            size=sum(entry.size for entry in entries),
            limit=self._limit,
            hits=_counted(folder / "hits"),
            misses=_counted(folder / "misses"),
        )

    def verify(self) -> int:
        """Read every run and remove those that are damaged; how many those were."""
        entries = list(_entries(self._require_folder()))
        return sum(_read(entry.path, entry.path.stem) is None for entry in entries)

    def clear(self) -> int:
        """Remove every run, what stopped writers left, and the counts; how many runs those were."""
        folder = self._require_folder()
        entries = list(_entries(folder))
        for path in (*(entry.path for entry in entries), *_unfinished(folder), folder / "hits", folder / "misses"):
            _remove(path)
        return len(entries)

    def evict(self) -> None:
        """Remove the runs that were not used for longest until the rest is within the limit, and what writers that
        were stopped left behind."""
        folder = self._require_folder()
        now = time.time()
        for path in _unfinished(folder):
            with contextlib.suppress(OSError):
                if now - path.stat().st_mtime > STALE_SECONDS:
                    path.unlink()
        entries = sorted(_entries(folder), key=lambda entry: entry.used)
        size = sum(entry.size for entry in entries)
        if size <= self._limit:
            return
        for entry in entries:
            if size <= EVICTED_TO * self._limit:
                return
            _remove(entry.path)
            size -= entry.size

    # --- files

    def _write(self, folder: Path, key: str, packed: bytes) -> bool:
        """Whether the run can be read in `folder` afterwards, written by us or by another process."""
        if len(packed) > EVICTED_TO * self._limit:
            return False  # it would push out everything else, and then itself
        path = self._path(folder, key)
        temporary = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if _read(path, key) is not None:
                return True
            handle, name = tempfile.mkstemp(dir=path.parent, prefix=_UNFINISHED)
            temporary = Path(name)
            # Nothing is flushed to the disk first: after a power cut the checksum tells what did not get there.
            with os.fdopen(handle, "wb") as file:
                file.write(packed)
            temporary.replace(path)
            self.evict()
            return True
        except OSError:  # the disk is full, or (on Windows) another process reads the file that is there
            return _read(path, key) is not None
        finally:
            if temporary is not None:
                _remove(temporary)

    @staticmethod
    def _path(folder: Path, key: str) -> Path:
        return folder / key[:2] / f"{key}.run"

    def _count(self, name: str) -> None:
        """Append a byte: the length of the file is the count, and appending needs no lock."""
        folder = self._require_folder()
        with contextlib.suppress(OSError):  # a count that is missed costs nothing
            folder.mkdir(parents=True, exist_ok=True)
            with (folder / name).open("ab") as file:
                file.write(b".")

    def _require_folder(self) -> Path:
        if self._folder is None:
            raise ValueError("this cache has no folder")
        return self._folder


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


def _key(recipe: Recipe, device: dict[str, Any]) -> str:
    """The recipe, and everything about the trainer that may change its weights."""
    names = ("keras", "tensorflow", "jax", "backend", "device", "device_name", "trainer_key")
    trained_by = {name: str(device.get(name)) for name in names}
    text = json.dumps([recipe.sha256, trained_by], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _pack(stored: StoredRun, arrays: Arrays) -> bytes:
    body = io.BytesIO()
    named: dict[str, Any] = {"run": np.frombuffer(stored.model_dump_json().encode(), np.uint8), **arrays}
    np.savez(body, **named)
    data = body.getvalue()
    return _MAGIC + hashlib.sha256(data).hexdigest().encode() + data


def _unpack(packed: bytes) -> tuple[StoredRun, Arrays]:
    """What was packed. Raises ValueError where it is not whole."""
    start = len(_MAGIC) + _DIGEST
    data = memoryview(packed)[start:]
    if packed[:start] != _MAGIC + hashlib.sha256(data).hexdigest().encode():
        raise ValueError("not a run, or not all of one")
    with np.load(io.BytesIO(data), allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files}
    return StoredRun.model_validate_json(arrays.pop("run").tobytes()), arrays


def _read(path: Path, key: str) -> tuple[StoredRun, Arrays] | None:
    """The run in a file, or None. A file that holds no run of this key is removed."""
    try:
        packed = path.read_bytes()
    except OSError:  # not there, or not ours to read
        return None
    try:
        found = _unpack(packed)
    except Exception:  # a checksum can be right on what an older harness wrote: a miss all the same
        found = None
    if found is not None and found[0].key == key:
        return found
    _remove(path)
    return None


def _entries(folder: Path) -> Iterator[_Entry]:
    for path in folder.glob("??/*.run"):
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
