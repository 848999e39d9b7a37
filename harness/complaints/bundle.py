"""A frozen bundle: one zip with all that a verdict rests on, of one hand-in and of nobody else.

    MANIFEST.json     what is in it, with the SHA-256 of each other file
    README.md         for whoever opens it by hand
    out/NAME/         result, evidence, recording, scorecard, and former results
    out/              the hand-in's lines of the class's matches and journal
    marks.json        what persons decided about it, the oldest first
    assignment/       the assignment's folder as it judged; not where another version is installed
    submission/       the hand-in's files; only where they were given

The same input makes the same bytes. The sums tell damage, and no forgery: whoever can change a file can change the
manifest. So a bundle is read with the care that a hand-in gets, and no code of it is run.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field, TypeAdapter, ValidationError

from harness.intake import checked_name
from harness.marking.entries import Draft, Entry
from harness.marking.store import MarkStore
from harness.results import AssignmentFacts, Value
from harness.text import clean
from harness.unpacking import IntakeLimits, IntakeRefused, archive_entries

MANIFEST, README, MARKS = "MANIFEST.json", "README.md", "marks.json"
OUT, ASSIGNMENT, SUBMISSION = "out", "assignment", "submission"
LIMITS = IntakeLimits(ratio=1_100)  # deflate packs no better than 1 to 1,032
MOST_MANIFEST = 4 * 2**20  # bytes
_DATE = (1980, 1, 1, 0, 0, 0)  # the first that a zip can name
_LOG = TypeAdapter(tuple[Entry, ...])


class BundleError(ValueError):
    """A bundle that cannot be read, or is damaged: the fault of whoever gave it."""


class Packed(Value):
    """A file of the bundle."""

    sha256: str
    bytes: int


class Manifest(Value):
    """What is in a bundle. `harness` and `commit` are those that wrote it."""

    format: Literal["nn-grading-harness complaint"] = "nn-grading-harness complaint"
    version: Literal[1] = 1
    name: str
    """Of the hand-in."""
    sha256: str
    """Of the hand-in's content."""
    assignment: AssignmentFacts
    harness: str
    commit: str | None = None
    files: dict[str, Packed] = Field(max_length=5_000)


@dataclass(frozen=True)
class Opened:
    """A bundle, unpacked into a folder that lasts as long as it is open."""

    manifest: Manifest
    folder: Path
    log: tuple[Entry, ...]

    @property
    def out(self) -> Path:
        """An output folder with this one hand-in, its marks among it."""
        return self.folder / OUT

    @property
    def assignment(self) -> Path | None:
        """The assignment's folder. Its code is of whoever made the bundle: it may be read, and is not run."""
        return self.folder / ASSIGNMENT if (self.folder / ASSIGNMENT).is_dir() else None

    @property
    def submission(self) -> Path | None:
        """The hand-in's files."""
        return self.folder / SUBMISSION if (self.folder / SUBMISSION).is_dir() else None


# --- writing


def packed(manifest: Manifest, files: Mapping[str, bytes]) -> bytes:
    """The zip of these files and their manifest, whose own `files` are made anew. The same for the same input."""
    sums = {name: Packed(sha256=_sha256(data), bytes=len(data)) for name, data in sorted(files.items())}
    whole = manifest.model_copy(update={"files": sums})
    plain = json.dumps(whole.model_dump(mode="json"), indent=1, ensure_ascii=False)
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in ((MANIFEST, plain.encode() + b"\n"), *sorted(files.items())):
            info = zipfile.ZipInfo(name, _DATE)
            info.create_system = 3  # the same on every system
            info.external_attr = 0o100644 << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content, compresslevel=6)
    return data.getvalue()


def log_bytes(log: tuple[Entry, ...]) -> bytes:
    """`marks.json`."""
    return _LOG.dump_json(log, indent=1) + b"\n"


# --- reading


def is_bundle(path: Path) -> bool:
    """Whether a path is a bundle, as far as its manifest tells."""
    if not path.is_file() or path.suffix.lower() != ".zip":
        return False
    try:
        with contextlib.ExitStack() as stack:
            return _manifest(path, stack) is not None
    except (IntakeRefused, BundleError):
        return False


@contextlib.contextmanager
def opened(path: Path) -> Iterator[Opened]:
    """A bundle's contents in a temporary folder, each file as its manifest has it. Raises BundleError."""
    with tempfile.TemporaryDirectory(prefix="harness-bundle-") as scratch:
        yield unpack(path, Path(scratch))


def unpack(path: Path, into: Path) -> Opened:
    """Write what a bundle holds into a folder. Raises BundleError where it is none, or damaged."""
    try:
        with contextlib.ExitStack() as stack:
            manifest = _manifest(path, stack)
            if manifest is None:
                raise BundleError(f"{path} is no bundle: it has no {MANIFEST} that `harness freeze` wrote")
        with contextlib.ExitStack() as stack:
            _unpack(path, manifest, into, stack)
    except IntakeRefused as error:
        raise BundleError(f"{path}: {error}") from None
    log = _log(path, into / MARKS)
    _restore(log, into / OUT)
    return Opened(manifest, into, log)


def hand_in_of(path: Path, into: Path) -> Path | None:
    """The folder with the hand-in's files of a bundle, unpacked into a folder; None where it has none.

    Raises BundleError.
    """
    return unpack(path, into).submission


def _manifest(path: Path, stack: contextlib.ExitStack) -> Manifest | None:
    for entry in archive_entries(path, ".zip", LIMITS, stack):
        if entry.name == MANIFEST and entry.open is not None:
            if entry.size > MOST_MANIFEST:
                raise BundleError(f"{path}: a {MANIFEST} of {entry.size:,} bytes")
            with entry.open() as file:
                try:
                    return Manifest.model_validate_json(file.read(MOST_MANIFEST + 1))
                except ValidationError:
                    return None
    return None


def _unpack(path: Path, manifest: Manifest, into: Path, stack: contextlib.ExitStack) -> None:
    if sum(one.bytes for one in manifest.files.values()) > LIMITS.total_bytes:
        raise BundleError(f"{path}: more than {LIMITS.total_bytes:,} bytes when unpacked")
    left = dict(manifest.files)
    for entry in archive_entries(path, ".zip", LIMITS, stack):
        if entry.name == MANIFEST:
            continue
        wanted = left.pop(entry.name, None)
        if wanted is None or entry.kind != "file" or entry.open is None:
            raise BundleError(f"{path}: {clean(entry.name, 100)} is not in its {MANIFEST}")
        with entry.open() as file:
            data = file.read(wanted.bytes + 1)
        if len(data) != wanted.bytes or _sha256(data) != wanted.sha256:
            raise BundleError(f"{path}: {clean(entry.name, 100)} is not as its {MANIFEST} has it; it was changed")
        target = into / checked_name(entry.name, LIMITS)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    if left:
        raise BundleError(f"{path}: {clean(next(iter(left)), 100)} is missing")


def _log(path: Path, file: Path) -> tuple[Entry, ...]:
    try:
        return _LOG.validate_json(file.read_bytes())
    except FileNotFoundError:
        return ()
    except ValidationError as error:
        first = str(error).splitlines()[0]
        raise BundleError(
            f"{path}: its {MARKS} cannot be read ({first}); was it written by a later version?"
        ) from None


def _restore(log: tuple[Entry, ...], out: Path) -> None:
    """The decisions as a store in the unpacked output folder, so that every command finds them."""
    store = MarkStore.of(out)
    given: dict[int, int] = {}
    last: dict[object, int] = {}
    for entry in log:
        plain = entry.model_dump(exclude={"id"})
        draft = Draft.model_validate({**plain, "undoes": given.get(entry.undoes or 0)})
        added = store.add(draft, after=last.get(entry.key))
        given[entry.id] = last[entry.key] = added.id


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
