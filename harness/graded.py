"""The results in an output folder, read back for whoever hands them out."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from harness.downloads import saved
from harness.journal import JOURNAL, open_names, read
from harness.near import near
from harness.results import Result, load
from harness.text import clean

RESULT = "result.json"


class GradedError(ValueError):
    """No graded hand-in where one was named: the fault of whoever asked."""


def found(out: Path | None, how: str = "with --out") -> Path:
    """The graded folder that is meant: as said, else this folder where it holds results, else `graded` in it.

    Raises GradedError where neither is one; `how` tells in which way the command takes another.
    """
    if out is not None:
        return out
    taken = usual()
    if taken is None:
        raise GradedError(f"this folder holds no graded hand-in, nor does `graded` in it; name the folder {how}")
    return taken


def usual() -> Path | None:
    """The folder that commands take without being told: this one, or `graded` in it; None where neither holds
    results."""
    return next((folder for folder in (Path(), Path("graded")) if holds_results(folder)), None)


def flag(out: Path | None) -> str:
    """What has to stand on a command line for a command to find this folder: " --out DIR", or nothing where it is
    found without, or None."""
    return f" --out {shlex.quote(str(out))}" if _has_to_be_said(out) else ""


def argument(out: Path | None) -> str:
    """As `flag`, for a command that takes the folder as its argument: " DIR", or nothing."""
    return f" {shlex.quote(str(out))}" if _has_to_be_said(out) else ""


def unknown(out: Path, name: str, known: Iterable[str]) -> str:
    """What is said of a name that no hand-in of a folder has: which are near, and where it is a folder of results,
    how that is meant."""
    said = f"{out} holds no hand-in {clean(name, 100)!r}; {near(name, known)}"
    if name and holds_results(Path(name)):
        said += f". {clean(name, 100)} is a folder of results: it is named with --out"
    return said


def holds_results(folder: Path) -> bool:
    """Whether results of hand-ins lie in a folder."""
    return next(folder.glob(f"*/{RESULT}"), None) is not None


def results(out: Path, only: Sequence[str] = ()) -> list[Result]:
    """The results in an output folder, by name; with `only`, those of these names. What `left_out` names is not
    among them.

    Raises GradedError where there are none, one is damaged, or a name is not among them, and DownloadError where
    the list of hand-ins is damaged.
    """
    if not out.is_dir():
        raise GradedError(f"{out}: there is no such folder; give the one that `harness grade` wrote (--out)")
    folders = _folders(out)
    if not folders:
        raise GradedError(f"{out} holds no graded hand-in; give the folder that `harness grade` wrote (--out)")
    left = left_out(out, folders)
    for name in only:
        if name not in folders:
            raise GradedError(unknown(out, name, folders))
        if name in left:
            raise GradedError(f"{name}: {left[name]}")
    present = [folder for name, folder in folders.items() if name not in left]
    if not present:
        raise GradedError(f"{out} holds no result that counts; {next(iter(left))}: {next(iter(left.values()))}")
    return [result_of(folder) for folder in present if not only or folder.name in only]


def left_out(out: Path, among: Collection[str] | None = None) -> dict[str, str]:
    """The hand-ins whose results in an output folder are of an earlier run and do not count, each with why;
    with `among`, those of these names.

    Raises DownloadError where the list of hand-ins is damaged.
    """
    listed = saved(out)
    waiting = open_names(read(out / JOURNAL))
    earlier = set(listed.earlier) if listed else set()
    again = "graded before, and a later run that was to grade it was cut off; `harness grade … --resume` goes on"
    before = "graded from an earlier download, and not in the one that was graded last"
    lying = _folders(out) if among is None else among
    return {name: again if name in waiting else before for name in lying if name in waiting or name in earlier}


def told(left: dict[str, str]) -> list[str]:
    """What `left_out` gives, in a sentence for each reason."""
    by_reason: dict[str, list[str]] = {}
    for name, why in left.items():
        by_reason.setdefault(why, []).append(name)
    return [f"Left out, because {why}: {_some(names)}." for why, names in by_reason.items()]


def _has_to_be_said(out: Path | None) -> bool:
    if out is None:
        return False
    taken = usual()
    return taken is None or taken.resolve() != out.resolve()


def _folders(out: Path) -> dict[str, Path]:
    return {
        path.parent.name: path.parent for path in sorted(out.glob(f"*/{RESULT}"), key=lambda one: one.parent.name)
    }


def result_of(folder: Path) -> Result:
    """The result in a hand-in's folder. Raises GradedError where it is damaged or gone."""
    try:
        return load(folder / RESULT)
    except (ValueError, OSError) as error:
        first = str(error).splitlines()[0][:200]
        raise GradedError(
            f"{folder / RESULT} is damaged, or was written by another version of the harness ({first}); grade it "
            "anew, or move its folder away"
        ) from None


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
