"""The power of an assignment's checks: which of them catches which planted mistake.

The right and the wrong hand-ins of a folder of mutants are graded as any others are, and `report` compares: a
check catches a mutant where it passes the right hand-in and does not pass the wrong one. What counts is a catch by
a check of the mutant's own task.
"""

from __future__ import annotations

import datetime
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

import harness
from harness import provenance
from harness.assignment import Assignment
from harness.files import write_atomically
from harness.mutants import Mutant, Mutants, Right, chosen, laid_out, read
from harness.plugin import NOT_LOOKED_AT
from harness.results import Cause, CheckResult, Outcome, Result
from harness.results.base import Value

if TYPE_CHECKING:
    from harness.bench import DataName
    from harness.calibrated import Profile
    from harness.progress import Progress
    from harness.training.process import Device

Status = Literal["caught", "argued", "missed", "unknown"]


class Catch(Value):
    """A check that does not pass, in `outcome` and where it has one, `cause`."""

    check: str
    outcome: Outcome
    cause: Cause | None = None

    @property
    def said(self) -> str:
        """The check, and after it what is not simply a failure, in brackets."""
        if self.outcome is Outcome.FAILED:
            return self.check
        why = self.cause.value.replace("_", " ") if self.cause else ""
        return f"{self.check} ({self.outcome.value.replace('_', ' ')}{': ' if why else ''}{why})"


class RightReport(Value):
    """What the checks say of a right hand-in. `lost`: those of its own tasks that do not pass it."""

    name: str
    lost: tuple[Catch, ...] = ()


class MutantReport(Value):
    """What the checks say of a wrong hand-in.

    `caught`: by checks of its own task; `elsewhere`: by those of others; `unseen`: checks that should have caught
    it and did not; `unknown`: checks of its own task that could not look at it by our fault.
    """

    name: str
    task: str
    wrong: str
    caught: tuple[Catch, ...] = ()
    elsewhere: tuple[Catch, ...] = ()
    unseen: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    argued: str = ""

    @property
    def status(self) -> Status:
        """Caught by its own task; not known by our fault; argued in mutants.toml; or missed."""
        if self.caught:
            return "caught"
        if self.unknown:
            return "unknown"
        return "argued" if self.argued else "missed"


class PowerReport(Value):
    """Which check catches which mutant, and which right hand-ins lose points by mistake."""

    assignment: str
    version: str
    dataset: str
    profile: str
    right: tuple[RightReport, ...]
    mutants: tuple[MutantReport, ...]
    provenance: dict[str, Any] = Field(default_factory=dict)

    def with_status(self, status: Status) -> tuple[MutantReport, ...]:
        """The mutants of this status."""
        return tuple(mutant for mutant in self.mutants if mutant.status == status)

    @property
    def exit_code(self) -> int:
        """3 where something could not be told by our fault; 1 where a mutant is missed or a right hand-in loses
        points; 0 otherwise."""
        if self.with_status("unknown"):
            return 3
        return 1 if self.with_status("missed") or any(one.lost for one in self.right) else 0


# --- comparing


def report(
    mutants: Mutants, results: Mapping[str, Result], assignment: Assignment, about: Mapping[str, Any] | None = None
) -> PowerReport:
    """The results, by name, as a report. Those that are missing are left out; there is at least one.

    A mutant whose right hand-in is missing is compared with one that passes everything.
    """
    some = next(iter(results.values()))
    return PowerReport(
        assignment=assignment.id,
        version=assignment.version,
        dataset=some.dataset.name,
        profile=some.profile,
        right=tuple(_right(name, one, results[name]) for name, one in mutants.right.items() if name in results),
        mutants=tuple(
            _mutant(name, one, results[name], results.get(one.of))
            for name, one in mutants.wrong.items()
            if name in results
        ),
        provenance=dict(about or {}),
    )


def _right(name: str, right: Right, result: Result) -> RightReport:
    own = (check for check in result.checks if check.task in right.tasks)
    lost = tuple(_catch(check) for check in own if check.outcome not in (Outcome.PASSED, Outcome.MANUAL))
    return RightReport(name=name, lost=lost)


def _mutant(name: str, mutant: Mutant, result: Result, right: Result | None) -> MutantReport:
    passes = {check.id for check in (right or result).checks if right is None or check.outcome is Outcome.PASSED}
    catches = [_catch(check) for check in result.checks if check.id in passes and catches_it(check)]
    of_task = {check.id for check in result.checks if check.task == mutant.task}
    caught = {catch.check for catch in catches}
    return MutantReport(
        name=name,
        task=mutant.task,
        wrong=mutant.wrong,
        caught=tuple(catch for catch in catches if catch.check in of_task),
        elsewhere=tuple(catch for catch in catches if catch.check not in of_task),
        unseen=tuple(check for check in mutant.expected if check not in caught),
        unknown=tuple(
            check.id for check in result.checks if check.id in of_task and check.cause is Cause.HARNESS_FAULT
        ),
        argued=mutant.argued.get(result.dataset.name, ""),
    )


def catches_it(check: CheckResult) -> bool:
    """Whether a check's outcome says that something is wrong with the hand-in: neither passed, nor left to a
    person, nor lost by our fault, nor only because an earlier check of its task did not pass."""
    if check.cause is Cause.HARNESS_FAULT or check.message.startswith(NOT_LOOKED_AT):
        return False
    if check.outcome is Outcome.NOT_MEASURED:
        return check.cause is not None
    return check.outcome not in (Outcome.PASSED, Outcome.MANUAL)


def _catch(check: CheckResult) -> Catch:
    return Catch(check=check.id, outcome=check.outcome, cause=check.cause)


# --- running


def measure(
    folder: Path,
    assignment: Assignment,
    progress: Progress,
    *,
    data: DataName = "auto",
    profile: Profile = "quick",
    device: Device = "auto",
    jobs: int = 1,
    cache: Path | None = None,
    cache_limit: int | None = None,
    only: Sequence[str] = (),
    graded: Path | None = None,
) -> PowerReport:
    """Grade the folder's right and wrong hand-ins as any others, and report. `only`: the wrong ones of these names
    and what they are made of; by default all. `graded`: the folder that keeps their scorecards and results, as
    `harness grade --out` would; by default none is kept.

    The mutants are ours, so that a machine without a sandbox does. Raises MutantsError, DatasetError and
    DeviceUnavailable.
    """
    from harness.classroom import Options, grade
    from harness.store import DEFAULT_LIMIT

    mutants = chosen(read(folder), only)
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="harness-power-") as temporary:
        hand_ins = Path(temporary) / "hand_ins"
        hand_ins.mkdir()
        options = Options(
            assignment=assignment, out=graded or Path(temporary) / "graded",
            data=data, profile=profile, device=device, jobs=jobs, isolation="preferred", cache=cache,
            cache_limit=DEFAULT_LIMIT if cache_limit is None else cache_limit,
        )  # fmt: skip
        made = grade(laid_out(folder, mutants, hand_ins), options, progress)
    results = dict(zip(mutants.names, made, strict=True))
    about = {
        "command": f"harness power {assignment.id} --data {made[0].dataset.name} --profile {profile}",
        "harness": harness.__version__,
        "commit": provenance.commit(),
        "time": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "seconds": round(time.perf_counter() - started, 1),
        "machine": provenance.machine(),
        "trainer": made[0].provenance.get("trainer"),
        "isolation": made[0].isolation,
    }
    return report(mutants, results, assignment, about)


def write(made: PowerReport, path: Path) -> None:
    """Write a report as indented UTF-8 JSON, whole or not at all."""
    write_atomically(path, made.model_dump_json(indent=1).encode() + b"\n")
