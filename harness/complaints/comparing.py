"""From two paths to what differs between them: folders of classes, bundles, single results and their history."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from harness import history
from harness.complaints.bundle import is_bundle, opened
from harness.complaints.cases import evidence_at
from harness.complaints.diff import Read, differences, total, versions
from harness.complaints.difference import Diff
from harness.graded import GradedError, left_out, results
from harness.outputs import EVIDENCE, RESULT
from harness.results import load


def compare(old: Path, new: Path | None, everything: bool = False) -> Diff:
    """What differs between two paths. Without `new`: between what is there now and what was before, of each hand-in
    that counts and has former results.

    A side is an output folder, a bundle, or the folder of one result (`OUT/NAME`, `OUT/NAME/history/001`); beside a
    bundle or a single result only that hand-in is looked at. Raises GradedError and BundleError.
    """
    with contextlib.ExitStack() as stack:
        if new is None:
            before, after = _history(old)
            names = (f"{old}, before", f"{old}, now")
            single = True
        else:
            (before, one), (after, other) = (_side(path, stack) for path in (old, new))
            names, single = (str(old), str(new)), one or other
        both = [name for name in after if name in before]
        if single and not both and new is not None:
            raise GradedError(f"{old} and {new} have no hand-in in common: {_some(before)}, and {_some(after)}")
        return Diff(
            old=names[0], new=names[1], compared=len(both),
            only_old=() if single else tuple(name for name in before if name not in after),
            only_new=() if single else tuple(name for name in after if name not in before),
            versions=tuple(versions((before[name].result, after[name].result) for name in both)),
            totals=tuple(
                each for name in both if (each := total(before[name].result, after[name].result)) is not None
            ),
            differences=tuple(
                one for name in both for one in differences(before[name], after[name], everything)
            ),
        )  # fmt: skip


def _side(path: Path, stack: contextlib.ExitStack) -> tuple[dict[str, Read], bool]:
    """The results of a path by the names of their hand-ins, and whether it is one result by itself."""
    if is_bundle(path):
        return _class(stack.enter_context(opened(path)).out), True
    folder = path.parent if path.name == RESULT and path.is_file() else path
    if (folder / RESULT).is_file():
        one = _one(folder)
        return {one.result.submission.name: one}, True
    return _class(path), False


def _class(out: Path) -> dict[str, Read]:
    return {
        result.submission.name: Read(result, partial(evidence_at, out / result.submission.name / EVIDENCE))
        for result in results(out)
    }


def _one(folder: Path) -> Read:
    try:
        result = load(folder / RESULT)
    except (ValueError, OSError) as error:
        first = str(error).splitlines()[0][:200]
        raise GradedError(f"{folder / RESULT} is damaged, or of another version of the harness ({first})") from None
    former = folder.parent.name == history.HISTORY
    return Read(result, partial(evidence_at, history.evidence_of(folder) if former else folder / EVIDENCE))


def _history(path: Path) -> tuple[dict[str, Read], dict[str, Read]]:
    """The last former result of each hand-in that has one, and its present one."""
    if not path.is_dir():
        raise GradedError(f"{path}: there is no such folder; give the one that `harness grade` wrote (--out)")
    folders = [path] if (path / RESULT).is_file() else sorted(one.parent for one in path.glob(f"*/{RESULT}"))
    if not folders:
        raise GradedError(f"{path} holds no graded hand-in; give the folder that `harness grade` wrote (--out)")
    left = left_out(path)
    pairs = list(_formers([folder for folder in folders if folder.name not in left]))
    return {name: former for name, former, _ in pairs}, {name: present for name, _, present in pairs}


def _formers(folders: list[Path]) -> Iterator[tuple[str, Read, Read]]:
    for folder in folders:
        kept = history.kept(folder)
        if kept:
            present = _one(folder)
            yield present.result.submission.name, _one(kept[-1]), present


def _some(names: dict[str, Read]) -> str:
    shown = ", ".join(list(names)[:3])
    return shown + (f" and {len(names) - 3} more" if len(names) > 3 else "")
