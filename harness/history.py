"""The results that a hand-in had before: kept beside the one that it has, whenever judging or grading it again
changed what is said of a task, or on what that rests. Numbered folders, `history/001`, each with what its result
was made from.
"""

from __future__ import annotations

from pathlib import Path

from harness.files import write_atomically
from harness.outputs import EVIDENCE, RESULT
from harness.results import Result

HISTORY = "history"


def keep(folder: Path, old: Result, new: Result, same_evidence: bool) -> Path | None:
    """Keep the result that lies in a hand-in's folder before another takes its place: where it was kept, or None
    where the new one says the same. Its evidence is kept too, unless the new result is judged from the same."""
    if _told(old) == _told(new):
        return None
    numbers = [int(path.name) for path in (folder / HISTORY).glob("[0-9]*") if path.name.isdigit()]
    kept = folder / HISTORY / f"{max(numbers, default=0) + 1:03}"
    kept.mkdir(parents=True)
    names = [] if same_evidence or not (folder / EVIDENCE).is_file() else [EVIDENCE]
    for name in (*names, RESULT):  # where the result is, so is all the rest
        write_atomically(kept / name, (folder / name).read_bytes())
    return kept


def _told(result: Result) -> tuple[object, ...]:
    """What a result says of the work, and on what: not when it was made, nor what the page shows besides."""
    return result.tasks, result.profile, result.dataset, result.submission


def kept(folder: Path) -> list[Path]:
    """The folders of a hand-in's former results, the oldest first."""
    found = [
        path for path in (folder / HISTORY).glob("[0-9]*") if path.name.isdigit() and (path / RESULT).is_file()
    ]
    return sorted(found, key=lambda path: int(path.name))


def evidence_of(former: Path) -> Path:
    """The evidence that a former result was judged from: its own, or that of the next one which has some; the one
    of the present result in the end."""
    folder = former.parent.parent
    later = [path for path in kept(folder) if int(path.name) >= int(former.name)]
    own = next((path / EVIDENCE for path in later if (path / EVIDENCE).is_file()), None)
    return own or folder / EVIDENCE
