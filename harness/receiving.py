"""From the paths on a command line to submissions: which are hand-ins, what each is called, and intake."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from harness.bench import Folder
from harness.dryrun import DryRun
from harness.intake import IntakeRefused, IntakeUsageError, clean_name, receive
from harness.mapping import Overrides
from harness.progress import Progress
from harness.results import Cause, SubmissionFacts
from harness.stages import HandIn

_NO_HAND_INS = (".toml", ".csv", ".json", ".txt", ".xml", ".yml")


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
    paths: Sequence[Path], scratch: Path, overrides: Overrides, travels: bool, progress: Progress
) -> Iterator[HandIn]:
    """The submissions, each after intake into a folder of its own below `scratch`."""
    for number, (path, name) in enumerate(zip(paths, names(paths), strict=True)):
        progress.stage(name, "intake")
        yield receive_one(path, scratch / str(number), name, overrides, travels)


def receive_one(
    path: Path, into: Path, name: str, overrides: Overrides | None = None, travels: bool = False
) -> HandIn:
    """One submission after intake into the folder `into`, or refused."""
    given = overrides.of(name) if overrides else {}
    started = time.perf_counter()
    try:
        got = receive(path, into)
    except IntakeRefused as reason:
        refused = DryRun(problem=f"The hand-in was refused: {reason}", cause=Cause.REFUSED)
        return HandIn(SubmissionFacts(name=name, sha256=""), Folder(into), given, refused)
    facts = SubmissionFacts(name=name, sha256=got.sha256, files=got.files)
    folder = Folder.of(got.folder, travels)
    return HandIn(facts, folder, given, timing={"intake": time.perf_counter() - started})


def _is_no_hand_in(path: Path) -> bool:
    name = path.name.lower()
    return name.startswith(("readme", ".")) or path.suffix.lower() in _NO_HAND_INS
