"""Grading one hand-in of a class again from its files: recorded, trained and measured anew, with what a person said
about its matches. Its result takes the place of the one before, which is kept."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from harness import mapping
from harness.classroom import Options, grade_one
from harness.complaints.bundle import hand_in_of, is_bundle
from harness.graded import GradedError
from harness.outputs import FAULT
from harness.progress import Progress
from harness.receiving import listed, receive_one
from harness.regrade import Again, Regraded, RegradeError, put
from harness.results import Result, SubmissionFacts
from harness.stages import HandIn
from harness.text import clean

MAX_SHOWN = 3  # files named in one message


class GradingFailed(RuntimeError):
    """The harness itself failed on the hand-in: our fault."""


def grade_anew(out: Path, old: Result, source: Path, options: Options, progress: Progress) -> Regraded:
    """Grade the hand-in of the result `old` in `out` again, from its files at `source`, and put the result in.

    Raises RegradeError where that is another hand-in, GradingFailed, and what `grade` raises.
    """
    with tempfile.TemporaryDirectory(prefix="harness-") as scratch:
        hand_in = received(source, old, Path(scratch), progress)
        finished = grade_one(replace(hand_in, given=_given(old, options)), options, progress)
    if finished.result.exit_code == 3 or FAULT in finished.files:
        told = finished.files.get(FAULT, b"").decode("utf-8", "replace")
        faults = [check.message for check in finished.result.checks if check.cause == "harness_fault"]
        raise GradingFailed(
            f"{old.submission.name} could not be graded by our own fault, and its result stays as it was: "
            f"{(finished.result.problem or ' '.join(faults[:1]))[:500]}\n{told}"
        )
    if finished.trace is None:
        raise GradingFailed(f"{old.submission.name}: what is compared with others was not made")
    again = Again(finished.result, finished.rows, finished.trace, finished.files)
    return put(out, options.assignment, {old.submission.name: again})


def received(source: Path, old: Result, scratch: Path, progress: Progress) -> HandIn:
    """The hand-in that was graded as `old`, unpacked: `source` is its file or folder, the download of its class, or
    a frozen bundle of it.

    Raises RegradeError where its content is not what was graded.
    """
    facts, name = old.submission, old.submission.name
    if not facts.sha256:
        raise RegradeError(
            f"{clean(name, 100)} was refused when it was handed in: there is nothing to compare with"
        )
    seen: list[SubmissionFacts] = []
    for number, path in enumerate(_candidates(source, name, scratch, progress)):
        hand_in = receive_one(path, scratch / f"received-{number}", name)
        if hand_in.facts.sha256 == facts.sha256:
            return hand_in
        seen.append(hand_in.facts)
    raise RegradeError(
        f"{source} is not the hand-in that was graded as {clean(name, 100)}: {_difference(facts, seen)}"
    )


def _candidates(source: Path, name: str, scratch: Path, progress: Progress) -> Iterator[Path]:
    """Where in `source` the hand-in may be. A single file may have been graded by itself, or in its folder: the
    two have different hashes, as the file's name counts in the second only."""
    if is_bundle(source):
        path = hand_in_of(source, scratch / "bundle")
        if path is None:
            raise GradedError(f"{source}: the hand-in's files are not in this bundle; give them by --from")
    else:
        several, download = listed([source], scratch / "download", None, progress)
        mine = [one for one in several if download is None or one.name == name]
        if not mine:
            raise RegradeError(f"{source} holds no hand-in {clean(name, 100)!r}")
        path = mine[0].path
    yield path
    if path.is_dir():
        files = [one for one in path.iterdir() if not one.name.startswith(".")]
        if len(files) == 1 and files[0].is_file():
            yield files[0]


def _difference(was: SubmissionFacts, seen: Sequence[SubmissionFacts]) -> str:
    """What is not the same, in words."""
    if not seen or not seen[0].sha256:
        return "it cannot be read"
    then, now = ({file.name: file.sha256 for file in facts.files} for facts in (was, seen[0]))
    names = [name for name in sorted({*then, *now}) if then.get(name) != now.get(name)]
    shown = ", ".join(clean(name, 100) for name in names[:MAX_SHOWN])
    more = f" and {len(names) - MAX_SHOWN} more" if len(names) > MAX_SHOWN else ""
    hashes = f"content {seen[0].sha256[:12]}, graded {was.sha256[:12]}"
    return f"not the same: {shown or 'the names of its files'}{more} ({hashes})"


def _given(old: Result, options: Options) -> dict[str, mapping.Fits]:
    """The matches that a person gave for it when it was graded."""
    given = old.provenance.get("matches_given")
    if not isinstance(given, dict):
        return dict(options.overrides.of(old.submission.name))
    told = {task: () if fits == "none" else mapping.split(str(fits), task) for task, fits in given.items()}
    return {**told, **options.overrides.of(old.submission.name)}
