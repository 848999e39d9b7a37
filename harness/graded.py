"""The results in an output folder, read back for whoever hands them out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness.results import Result, load

RESULT = "result.json"


class GradedError(ValueError):
    """No graded hand-in where one was named: the fault of whoever asked."""


def found(out: Path | None) -> Path:
    """The graded folder that is meant: as said, else this folder where it holds results, else `graded` in it.

    Raises GradedError where neither is one.
    """
    if out is not None:
        return out
    for folder in (Path(), Path("graded")):
        if next(folder.glob(f"*/{RESULT}"), None) is not None:
            return folder
    raise GradedError("this folder holds no graded hand-in, nor does `graded` in it; name the folder with --out")


def results(out: Path, only: Sequence[str] = ()) -> list[Result]:
    """The results in an output folder, by name; with `only`, those of these names.

    Raises GradedError where there are none, one is damaged, or a name is not among them.
    """
    if not out.is_dir():
        raise GradedError(f"{out}: there is no such folder; give the one that `harness grade` wrote (--out)")
    folders = sorted((path.parent for path in out.glob(f"*/{RESULT}")), key=lambda path: path.name)
    if not folders:
        raise GradedError(f"{out} holds no graded hand-in; give the folder that `harness grade` wrote (--out)")
    unknown = [name for name in only if name not in {folder.name for folder in folders}]
    if unknown:
        raise GradedError(f"{out} holds no hand-in {unknown[0]!r}; there are {_listed(folders)}")
    return [result_of(folder) for folder in folders if not only or folder.name in only]


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


def _listed(folders: Sequence[Path]) -> str:
    names = [folder.name for folder in folders]
    return ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
