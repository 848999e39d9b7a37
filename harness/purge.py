"""Removing all of one submission: its results, its rows in the class's tables and page, its lines in the journal,
what persons decided about it, and what the cache holds of it.

The cache knows no owners: things lie there under hashes of what decided them. What is this submission's is found by
its contents. Recordings hold the code that was handed in, so they are compared with it; trained runs are named by
recipes, which the evidence lists; figures are those that its scorecard is drawn with, and any that show its name.
What another submission of the same folder uses as well (the same code, the same recipe, the same figure) stays.
Measurements are numbers without a name, under a hash that cannot be traced back: they stay until they are evicted.
"""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from harness import history
from harness.class_again import matched, of_class
from harness.downloads import save, saved
from harness.evidence import Evidence
from harness.files import write_atomically
from harness.graded import GradedError, left_out, results
from harness.journal import JOURNAL, LOCK
from harness.kept_figures import KeptFigure, KeptFigures
from harness.marking.store import MarkStore
from harness.outputs import CLASS, EVIDENCE, MATCHES, RESULT, write_class
from harness.parsing import RecordingError, parse_recording
from harness.recording import SourceRecord
from harness.report import render_scorecard
from harness.results import Result, load
from harness.sandbox.kept import KeptRun
from harness.store import Arrays, Kind, M, Store
from harness.text import clean
from harness.training.cache import StoredRun

CLASS_FILES = ("index.html", "grades.csv", MATCHES, CLASS)


@dataclass(frozen=True)
class Purged:
    """What was removed. `cache`: how many things of each kind. `notes`: what could not be, a sentence each."""

    files: int = 0
    rows: int = 0
    journal_lines: int = 0
    marks: int = 0
    """Entries of persons who marked."""
    cache: dict[Kind, int] = field(default_factory=dict)
    shared: int = 0
    """Things of the cache that another submission uses as well, and that stay."""
    notes: tuple[str, ...] = ()


def purge(name: str, out: Path, store: Store | None) -> Purged:
    """Remove all of the submission `name` from an output folder, and from the store where one is given.

    The cache first, as what lies in the folder tells what is in it; so a purge that was cut off can be made again.
    Raises GradedError where nothing of that name is there, or another run writes to the folder, and MarksError.
    """
    folder = out / name
    listed = saved(out)
    known = {*listed.by_name(), *listed.earlier} if listed else set()
    in_folder = Path(name).name == name and name not in ("", ".", "..") and (folder / RESULT).parent.is_dir()
    store_of_marks = MarkStore.of(out)
    decided = any(entry.submission == name for entry in store_of_marks.since())
    if not in_folder and name not in known and not decided and not _journal_lines(out / JOURNAL, name):
        present = ", ".join(result.submission.name for result in results(out)[:8])
        raise GradedError(f"{out} holds nothing of {clean(name, 100)!r}; there are {present}, …")
    with _alone(out):
        rest = _others(out, name)
        cache: dict[Kind, int] = {}
        shared = 0
        notes: list[str] = []
        if store is not None and in_folder:
            cache, shared, notes = _from_cache(folder, [out / result.submission.name for result in rest], store)
        files = sum(path.is_file() for path in folder.rglob("*")) if in_folder else 0
        if in_folder:
            shutil.rmtree(folder)
        rows = _from_class(out, name, rest)
        if listed and name in known:
            save(listed.without([name]), out)
        lines_gone = forget(out / JOURNAL, name)
        marks = store_of_marks.forget(name)
    return Purged(files, rows, lines_gone, marks, cache, shared, tuple(notes))


def forget(path: Path, name: str) -> int:
    """Take the lines of a submission out of a journal; how many those were. Lines that are not whole go with them.

    For whoever holds the journal's lock and has it not open.
    """
    gone = _journal_lines(path, name)
    if gone:
        kept = [line for line in path.read_bytes().split(b"\n") if line.strip() and not _names(line, name)]
        write_atomically(path, b"".join(line + b"\n" for line in kept))
    return gone


# --- the folder


@contextlib.contextmanager
def _alone(out: Path) -> Iterator[None]:
    """The folder to itself for as long as this is open. Raises GradedError where a run has it."""
    lock = FileLock(out / LOCK, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise GradedError(f"{out}: a run of the harness writes to this folder; wait for it, then purge") from None
    try:
        yield
    finally:
        lock.release()


def _others(out: Path, name: str) -> list[Result]:
    return [load(path) for path in sorted(out.glob(f"*/{RESULT}")) if path.parent.name != name]


def _from_class(out: Path, name: str, rest: Sequence[Result]) -> int:
    """Write the class's files anew without the submission, of the results that count; how many rows it had in
    them."""
    rows = len(matched(out / MATCHES).get(name, ())) + (out / "grades.csv").is_file()
    left = left_out(out)
    rest = [result for result in rest if result.submission.name not in left]
    if not rest:
        for file in CLASS_FILES:
            (out / file).unlink(missing_ok=True)
        return rows
    matches, traces = of_class(out, rest)
    write_class(rest, matches, out, traces)
    return rows


def _journal_lines(path: Path, name: str) -> int:
    try:
        return sum(_names(line, name) for line in path.read_bytes().split(b"\n") if line.strip())
    except FileNotFoundError:
        return 0


def _names(line: bytes, name: str) -> bool:
    """Whether a journal's line is of a submission; one that is not whole may be."""
    try:
        found = json.loads(line)
    except ValueError:
        return bool(name) and name.encode() in line
    return isinstance(found, dict) and found.get("name") == name != ""


# --- the cache


def _from_cache(folder: Path, others: Sequence[Path], store: Store) -> tuple[dict[Kind, int], int, list[str]]:
    """Remove what the store holds of a submission alone: how many things of each kind, how many stay, and notes."""
    evidence = _evidence(folder)
    if evidence is None:
        return (
            {},
            0,
            [f"{folder / EVIDENCE} cannot be read, so its recordings and runs in the cache were not found"],
        )
    recipes: set[str] = set()
    same_code = False
    for other in (one for path in others for one in (_evidence(path), *_formers(path))):
        if other is not None:
            recipes |= _recipes(other)
            same_code |= other.recording.sources == evidence.recording.sources
    mine = {
        "recording": _recordings(store, evidence.recording.sources),
        "run": _runs(store, {recipe for one in (evidence, *_formers(folder)) for recipe in _recipes(one)}),
        "figure": _figures(store, folder),
    }
    used: dict[str, set[str]] = {
        "recording": mine["recording"] if same_code else set(),
        "run": mine["run"] & _runs(store, recipes),
        "figure": {key for other in others for key in _drawn(store, other)} - _showing(store, folder.name),
    }
    removed: dict[Kind, int] = {}
    kinds: tuple[Kind, ...] = ("recording", "run", "figure")
    for kind in kinds:
        for key in mine[kind] - used[kind]:
            store.drop(kind, key)
        removed[kind] = len(mine[kind] - used[kind])
    return removed, sum(len(mine[kind] & used[kind]) for kind in kinds), []


def _evidence(folder: Path) -> Evidence | None:
    try:
        return Evidence.model_validate_json((folder / EVIDENCE).read_bytes())
    except (ValueError, OSError):
        return None


def _formers(folder: Path) -> list[Evidence]:
    """The evidence of a submission's former results, where it was another."""
    found = (_evidence(former) for former in history.kept(folder))
    return [one for one in found if one is not None]


def _recipes(evidence: Evidence) -> set[str]:
    return {run.recipe for fit in evidence.fits.values() for run in fit.runs}


def _recordings(store: Store, code: tuple[SourceRecord, ...]) -> set[str]:
    """Dry runs and replays of a hand-in: what was recorded of the same code."""
    if not code:
        return set()
    return {key for key, _, arrays in store.each("recording", KeptRun) if _code(arrays) == code}


def _code(arrays: Arrays) -> tuple[SourceRecord, ...]:
    try:
        return parse_recording(arrays["recording"].tobytes()).sources
    except (KeyError, RecordingError):
        return ()


def _runs(store: Store, recipes: set[str]) -> set[str]:
    return {key for key, about, _ in store.each("run", StoredRun) if about.recipe in recipes} if recipes else set()


def _figures(store: Store, folder: Path) -> set[str]:
    """Figures of a submission's scorecard that are kept, and those that show its name."""
    kept = {key for key, _, _ in store.each("figure", KeptFigure)}
    return (_drawn(store, folder) & kept) | _showing(store, folder.name)


def _showing(store: Store, name: str) -> set[str]:
    """Figures with a submission's name in them, as those of a class page have."""
    return {key for key, about, _ in store.each("figure", KeptFigure) if name in about.svg}


def _drawn(store: Store, folder: Path) -> set[str]:
    """The keys of the figures that a scorecard is made of. Draws none."""
    noting = _Noting(store)
    with contextlib.suppress(ValueError, OSError):
        render_scorecard(load(folder / RESULT), KeptFigures(noting))
    return noting.keys


class _Noting(Store):
    """A store that notes what is asked for, and gives an empty figure for everything."""

    def __init__(self, store: Store) -> None:
        super().__init__(store.folder)
        self.keys: set[str] = set()

    def get(self, kind: Kind, key: str, type_: type[M]) -> tuple[M, Arrays] | None:  # noqa: ARG002  # as in Store
        """Notes the key."""
        self.keys.add(key)
        return type_.model_validate_json('{"svg": ""}'), {}

    def put(self, *_of_what: Any, **_named: Any) -> bool:
        """Keeps nothing."""
        return False
