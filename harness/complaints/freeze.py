"""Freezing a complaint: all that a verdict rests on, of one hand-in, in one zip."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import harness
from harness import mapping, provenance
from harness.assignment import Assignment, AssignmentError, load
from harness.complaints.anew import received
from harness.complaints.bundle import (
    ASSIGNMENT,
    MARKS,
    OUT,
    README,
    SUBMISSION,
    BundleError,
    Manifest,
    log_bytes,
    packed,
)
from harness.complaints.cases import case, files_in, folder_of
from harness.evidence import Evidence
from harness.files import write_atomically
from harness.graded import argument
from harness.history import HISTORY
from harness.journal import JOURNAL, open_names, read
from harness.outputs import EVIDENCE, FAULT, MATCHES, RESULT
from harness.progress import Progress
from harness.results import Result
from harness.text import clean

FILES = (RESULT, EVIDENCE, "recording.json", "scorecard.html", "junit.xml", FAULT)
"""What grading leaves of a hand-in."""


@dataclass(frozen=True)
class Frozen:
    """A bundle that was written: its size in bytes and SHA-256, and what it lacks, a sentence each."""

    path: Path
    size: int
    sha256: str
    files: int
    lacks: tuple[str, ...]


def freeze(
    out: Path, name: str, to: Path, scratch: Path, progress: Progress, source: Path | None = None,
    assignment: str | None = None,
) -> Frozen:  # fmt: skip
    """Write the bundle of a hand-in of an output folder to the file `to`.

    `source`: where the hand-in's files are; their content has to be what was graded. `assignment`: the id or folder
    of the one that judged, by default the installed one. Raises UnknownName, GradedError, RegradeError for another
    hand-in, AssignmentError for another version that was asked for, and BundleError where `to` is another bundle.
    """
    found = case(out, name)
    result, folder = found.result, folder_of(out, name)
    files = {f"{OUT}/{name}/{path}": data for path, data in _of_hand_in(folder).items()}
    lines, waits = _journal(out / JOURNAL, name)
    files[f"{OUT}/{JOURNAL}"] = lines
    judged_by, lacks = _assignment(result, assignment, out)
    if waits:
        lacks.append("What a later grading gives: it was cut off, and the result is of the one before.")
    if judged_by is not None:
        files |= {f"{ASSIGNMENT}/{path}": data for path, data in files_in(judged_by.folder).items()}
        files[f"{OUT}/{MATCHES}"] = _matches(found.evidence, judged_by)
    if source is None:
        lacks.append("The hand-in's own files: give them by --from, so that it can be graded anew from the bundle.")
    else:
        hand_in = received(source, result, scratch, progress)
        files |= {f"{SUBMISSION}/{path}": data for path, data in _all(hand_in.folder.path).items()}
    files[MARKS] = log_bytes(found.log)
    files[README] = _readme(result, lacks).encode()
    manifest = Manifest(
        name=name, sha256=result.submission.sha256, assignment=result.assignment, harness=harness.__version__,
        commit=provenance.commit(), files={},
    )  # fmt: skip
    data = packed(manifest, files)
    if to.exists() and to.read_bytes() != data:
        raise BundleError(f"{to} is there already and is another file; give another name by --to")
    to.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(to, data)
    return Frozen(to, len(data), hashlib.sha256(data).hexdigest(), len(files), tuple(lacks))


def _of_hand_in(folder: Path) -> dict[str, bytes]:
    """The files of a hand-in's folder that the harness wrote, its history's among them."""
    paths = [folder / name for name in FILES]
    paths += [path / name for path in sorted((folder / HISTORY).glob("*")) for name in (RESULT, EVIDENCE)]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths if path.is_file()}


def _all(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _journal(path: Path, name: str) -> tuple[bytes, bool]:
    """The lines of the journal that are this hand-in's, and whether a later grading of it was cut off. The lines of
    that are left out: they would say that the result in the bundle does not count."""
    lines = [line for line in read(path) if line.name == name]
    waits = name in open_names(lines)
    if waits:
        done = max((number for number, line in enumerate(lines) if line.event == "finished"), default=-1)
        began = next(number for number, line in enumerate(lines) if number > done and line.event == "asked")
        lines = lines[:began]
    return b"".join(line.model_dump_json().encode() + b"\n" for line in lines), waits


def _matches(evidence: Evidence | None, assignment: Assignment) -> bytes:
    rows = mapping.rows(evidence, [rule.task for rule in assignment.rules()]) if evidence else []
    return mapping.table(rows).encode()


def _assignment(result: Result, wanted: str | None, out: Path) -> tuple[Assignment | None, list[str]]:
    """The assignment in the version that judged, and what is lacking where that is not installed."""
    then = result.assignment
    try:
        found = load(wanted or then.id)
    except AssignmentError:
        if wanted is not None:
            raise
        said = f"{then.id} is not installed. Give the folder of version {then.version} by --assignment."
        return None, [f"The assignment's folder: {said}"]
    if found.version == then.version:
        return found, []
    said = f"version {then.version} judged, and {found.folder.name} is version {found.version}"
    if wanted is not None:
        again = f"harness regrade{argument(out)}"
        raise AssignmentError(f"{wanted}: {said}; give the folder of that version, or `{again}` first")
    return None, [f"The assignment's folder: {said}. Give the folder of that version by --assignment."]


def _readme(result: Result, lacks: list[str]) -> str:
    name = clean(result.submission.name, 100)
    told = result.provenance
    by = f"harness {clean(str(told.get('harness', '?')), 60)}"
    by += f", commit {clean(str(told['commit']), 60)}" if told.get("commit") else ""
    lacking = "".join(f"- {clean(line, 400)}\n" for line in lacks) or "- Nothing.\n"
    return _README.format(
        name=name, sha256=result.submission.sha256, assignment=clean(result.assignment.id, 60),
        version=result.assignment.version, profile=result.profile, data=clean(result.dataset.name, 60), by=by,
        lacking=lacking,
    )  # fmt: skip


_README = """\
# The hand-in {name}, frozen

All that its verdicts rest on, and nothing of anybody else. Measured by {by}, with the profile
{profile} on the data set {data}, and judged by the assignment {assignment}, version {version}.
The content of the hand-in has the SHA-256 {sha256}.

| file | what it is |
|---|---|
| `scorecard.html` in `out/{name}/` | the page: open it in a browser, it loads nothing |
| `result.json` | every verdict, with what persons gave |
| `evidence.json` | what was recorded, trained and measured: verdicts are judged from it |
| `recording.json` | what the sandbox saw, with the source of every cell |
| `history/` | former results, where there were any |
| `out/matches.csv`, `out/journal.jsonl` | its lines of the class's table of matches, and of the run's journal |
| `marks.json` | what persons decided about it, the oldest first |
| `assignment/` | the assignment that judged: points, checks, and the calibration with its raw runs |
| `submission/` | the files that were handed in |
| `MANIFEST.json` | the SHA-256 of each of these files |

What it lacks:

{lacking}
## To look at it again

With the harness installed, and this file called `bundle.zip`:

```
harness explain bundle.zip 2C          # what is behind the verdicts of a task, or of one check
harness regrade bundle.zip             # judge it again by the installed assignment, and tell what changes
harness diff bundle.zip graded         # what changed in a class folder since
harness regrade graded --only NAME --from bundle.zip --profile full     # grade it anew from submission/
```

None of them runs code that lies in this bundle, but the last, in the sandbox. The sums of the manifest tell damage;
they do not tell who wrote it. To judge by the assignment in here, unpack it and say `--assignment` with its folder:
that runs its checks, so do it with a bundle that you trust.
"""
