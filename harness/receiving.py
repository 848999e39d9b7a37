"""From the paths on a command line to submissions: which are hand-ins, what each is called, and intake.

A single path may be what a TA downloads of a whole class (`harness.downloads`).
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness import downloads
from harness.bench import Folder
from harness.downloads import Download
from harness.dryrun import DryRun
from harness.intake import IntakeRefused, IntakeUsageError, clean_name, receive
from harness.mapping import Overrides
from harness.progress import Progress
from harness.results import Cause, SubmissionFacts
from harness.stages import HandIn

_NO_HAND_INS = (".toml", ".csv", ".json", ".txt", ".xml", ".yml")


@dataclass(frozen=True)
class Listed:
    """A hand-in before intake. `problem`: why there is nothing at its path, in words for its author."""

    name: str
    path: Path
    problem: str | None = None


def listed(
    paths: Sequence[Path], into: Path, one_is_a_class: bool | None, progress: Progress
) -> tuple[list[Listed], Download | None]:
    """The hand-ins at these paths, and the download that they came as.

    `one_is_a_class`: a single path holds a hand-in in each of its files or folders; None: only where it is a
    download of Canvas or GitHub Classroom. What has to be put together goes into the folder `into`. Raises
    IntakeUsageError for a path that does not exist, and where there is nothing, DownloadError for what is no class,
    and IntakeRefused for one that is damaged as a whole.
    """
    paths = hand_ins(paths, progress)
    if one_is_a_class is not False and len(paths) == 1 and (one_is_a_class or _is_a_class(paths[0])):
        download = downloads.read(paths[0], into)
        for note in download.notes:
            progress.note(note)
        for one in download.hand_ins:
            for note in one.notes:
                progress.note(f"{one.name}: {note}")
        return [Listed(one.name, one.path, one.problem) for one in download.hand_ins], download
    return [Listed(name, path) for name, path in zip(names(paths), paths, strict=True)], None


def _is_a_class(path: Path) -> bool:
    """Whether a path is one of the downloads that cannot be anything else."""
    try:
        return downloads.recognise(path) in ("canvas", "github_classroom")
    except IntakeRefused:
        return False  # as a hand-in it is refused, with the reason


def hand_ins(paths: Sequence[Path], progress: Progress) -> list[Path]:
    """The paths that can be hand-ins. Of several, files such as README.md or a grade table are passed over.

    Raises IntakeUsageError for a path that does not exist, and where nothing is left.
    """
    for path in paths:
        if not path.exists():
            raise IntakeUsageError(f"{path}: there is no such file or folder")
    passed_over = [path for path in paths if len(paths) > 1 and path.is_file() and _is_no_hand_in(path)]
    for path in passed_over:
        progress.passed_over(path.name)
    left = [path for path in paths if path not in passed_over]
    if not left:
        raise IntakeUsageError("none of the files is a hand-in: folders, archives, notebooks and scripts are")
    return left


def names(paths: Sequence[Path]) -> list[str]:
    """What each submission is called: its file's name without the suffix, with a number where that is taken."""
    made: list[str] = []
    for path in paths:
        name = base = clean_name(path)
        copy = 2
        while name.casefold() in {one.casefold() for one in made}:
            name, copy = f"{base}-{copy}", copy + 1
        made.append(name)
    return made


def received(
    several: Sequence[Listed], scratch: Path, overrides: Overrides, travels: bool, progress: Progress
) -> Iterator[HandIn]:
    """The submissions, each after intake into a folder of its own below `scratch`."""
    for number, one in enumerate(several):
        progress.stage(one.name, "intake")
        if one.problem is None:
            yield receive_one(one.path, scratch / str(number), one.name, overrides, travels)
        else:
            yield _refused(one.name, one.problem, scratch / str(number))


def receive_one(
    path: Path, into: Path, name: str, overrides: Overrides | None = None, travels: bool = False
) -> HandIn:
    """One submission after intake into the folder `into`, or refused."""
    given = overrides.of(name) if overrides else {}
    started = time.perf_counter()
    try:
        got = receive(path, into)
    except IntakeRefused as reason:
        return _refused(name, f"The hand-in was refused: {reason}", into)
    facts = SubmissionFacts(name=name, sha256=got.sha256, files=got.files)
    folder = Folder.of(got.folder, travels)
    return HandIn(facts, folder, given, timing={"intake": time.perf_counter() - started})


def _refused(name: str, problem: str, folder: Path) -> HandIn:
    run = DryRun(problem=problem, cause=Cause.REFUSED)
    return HandIn(SubmissionFacts(name=name, sha256=""), Folder(folder), refused=run)


def _is_no_hand_in(path: Path) -> bool:
    name = path.name.lower()
    return name.startswith(("readme", ".")) or path.suffix.lower() in _NO_HAND_INS
