"""From what stands on a command line to what is explained, judged again or graded anew."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.complaints.bundle import BundleError, is_bundle, opened
from harness.complaints.cases import Case, case, files_in, quoted
from harness.complaints.explain import chosen, explain
from harness.complaints.explanation import Explanation
from harness.graded import flag, found, left_out, results, usual
from harness.near import UnknownName
from harness.outputs import RESULT
from harness.progress import Progress
from harness.regrade import Regraded, RegradeError, regrade
from harness.store import DEFAULT_LIMIT, Store
from harness.text import clean

if TYPE_CHECKING:
    from harness.bench import DataName, Isolation
    from harness.calibrated import Profile
    from harness.training.process import Device


@dataclass(frozen=True)
class Wanted:
    """What `harness regrade` was asked for. `source`: where a hand-in's files are, to grade it anew; the fields
    after it are of that alone, and None means as it was graded."""

    out: Path
    assignment: str | None = None
    only: tuple[str, ...] = ()
    cache: Path | None = None
    cache_limit: int = DEFAULT_LIMIT
    source: Path | None = None
    data: DataName | None = None
    profile: Profile | None = None
    device: Device = "auto"
    isolation: Isolation = "required"
    matches: tuple[str, ...] = ()


def regraded(wanted: Wanted, progress: Progress) -> Regraded:
    """Judge hand-ins again from their evidence, or one anew from its files.

    Raises what `regrade` and `grade_anew` raise, and BundleError.
    """
    if wanted.source is None:
        if wanted.data or wanted.profile or wanted.matches:
            raise RegradeError(
                "--data, --profile and --map need the hand-in itself, to be run and trained anew: say --from with "
                "its file, the download of the class, or a bundle that holds it"
            )
        store = None if wanted.cache is None else Store(wanted.cache, wanted.cache_limit)

        def done(name: str) -> None:
            progress.stage(name, "judged again")

        if is_bundle(wanted.out):
            with opened(wanted.out) as bundle:
                return regrade(bundle.out, wanted.assignment, done, store, wanted.only)
        return regrade(wanted.out, wanted.assignment, done, store, wanted.only)
    return _anew(wanted, wanted.source, progress)


def _anew(wanted: Wanted, source: Path, progress: Progress) -> Regraded:
    from harness import mapping
    from harness.assignment import load
    from harness.classroom import Options
    from harness.complaints.anew import grade_anew

    if len(wanted.only) != 1:
        raise RegradeError("--from is the files of one hand-in: say which by --only NAME")
    if is_bundle(wanted.out):
        raise RegradeError(f"{wanted.out}: a bundle stays as it is; grade into the folder of the class")
    old = case(wanted.out, wanted.only[0]).result
    for name, why in left_out(wanted.out, wanted.only).items():
        raise RegradeError(f"{name}: {why}. `harness grade` of it by itself into this folder lets it count again")
    assignment = load(wanted.assignment or old.assignment.id)
    if assignment.id != old.assignment.id:
        raise RegradeError(f"{old.submission.name} was graded by {old.assignment.id}, not {assignment.id}")
    names: dict[str, DataName] = {"mnist": "mnist", "fashion_mnist": "fashion_mnist", "digits": "digits"}
    options = Options(
        assignment=assignment, out=wanted.out, data=wanted.data or names.get(old.dataset.name, "auto"),
        profile=wanted.profile or old.profile, device=wanted.device, isolation=wanted.isolation,
        cache=wanted.cache, cache_limit=wanted.cache_limit,
        overrides=mapping.read(wanted.matches, None, [rule.task for rule in assignment.rules()]),
    )  # fmt: skip
    return grade_anew(wanted.out, old, source, options, progress)


def explanations(out: Path | None, names: Sequence[str], assignment: str | None = None) -> list[Explanation]:
    """What is behind the verdicts that `names` ask for: a hand-in and a check or task, or the code of a verdict.

    `out` is an output folder, or a bundle, in which the hand-in needs no name. Without it the first of the names
    may be a bundle, else it is the folder that `graded.found` gives. Raises UnknownName, GradedError, BundleError,
    MarksError and AssignmentError.
    """
    out, names = _where(out, names)
    if is_bundle(out):
        with opened(out) as bundle:
            name = results(bundle.out)[0].submission.name
            asked = names if len(names) != 1 or quoted(bundle.out, names[0]) else (name, names[0])
            name, check = _asked(bundle.out, asked)
            files = files_in(bundle.assignment) if bundle.assignment and assignment is None else None
            return _explained(case(bundle.out, name, assignment, files), check)
    name, check = _asked(out, names)
    return _explained(case(out, name, assignment), check)


def _where(out: Path | None, names: Sequence[str]) -> tuple[Path, Sequence[str]]:
    """Where names are looked up, and which. Raises UnknownName where they could be read in two ways, BundleError
    and GradedError."""
    if out is not None or not names:
        return found(out), names
    first, file = clean(names[0], 100), Path(names[0])
    if file.suffix.lower() == ".zip" and file.is_file():
        folder = usual()
        called_so = folder is not None and (folder / file / RESULT).is_file()
        if called_so and is_bundle(file):
            raise UnknownName(
                f"{first} is a bundle, and a hand-in of {folder} is called so: say --out {shlex.quote(names[0])} "
                f"for the one, --out {shlex.quote(str(folder))} for the other"
            )
        if not called_so:
            if not is_bundle(file):
                raise BundleError(f"{first} is no bundle that `harness freeze` wrote, or it is damaged")
            if len(names) == 1:
                raise UnknownName(f"{first}: say which check or task of it, as in: harness explain {first} 2C")
            return file, names[1:]
    if len(names) == 3:
        words = shlex.join(clean(name, 100) for name in names[1:])
        raise UnknownName(
            "give a hand-in and a check, or a code; the folder goes behind --out: "
            f"harness explain {words} --out {shlex.quote(first)}"
        )
    return found(None), names


def _explained(found: Case, check: str) -> list[Explanation]:
    checks = chosen(found.result, check)
    return [explain(found.result, one, found.evidence, found.files, found.log) for one in checks]


def _asked(out: Path, names: Sequence[str]) -> tuple[str, str]:
    if len(names) == 2:
        return names[0], names[1]
    if len(names) != 1:
        raise UnknownName(f"give a hand-in and a check, or a code; {len(names)} names are neither")
    known = quoted(out, names[0])
    if not known:
        raise UnknownName(
            f"{clean(names[0], 100)!r} is the code of no verdict in {out}; give a hand-in and a check: "
            f"harness explain NAME CHECK{flag(out)}"
        )
    if len(known) > 1:
        equal = ", ".join(clean(name, 100) for name, _ in known)
        raise UnknownName(f"{clean(names[0], 100)} is the code of a verdict of equal hand-ins: {equal}; say which")
    return known[0]
