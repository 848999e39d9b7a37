"""The tree itself: what became of each check and task of one submission, and everything else that is said of it.

`result.json` is a `Result` as JSON and the contract for every view; `harness schema` prints its JSON Schema.
"""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, computed_field

from harness.files import write_atomically
from harness.gates import Forecast, Gate
from harness.recording import Finding, Where
from harness.results.base import Value
from harness.results.person import Decision, Mark, Override, RubricItem, Unplaced
from harness.results.pictures import Gallery, ModelCard, OwnWork, Plot
from harness.results.work import OtherNetwork, OwnLoop, SavedFile

SCHEMA_VERSION = 1


class Outcome(StrEnum):
    """What became of a check or a task."""

    PASSED = "passed"
    PARTIAL = "partial"
    FAILED = "failed"
    MANUAL = "manual"
    NOT_ATTEMPTED = "not_attempted"
    NOT_MEASURED = "not_measured"


class Cause(StrEnum):
    """Why an outcome is what it is, where it is not the work itself: theirs, then nobody's fault, then ours."""

    ERROR_IN_SUBMISSION = "error_in_submission"
    TIMEOUT = "timeout"
    OUT_OF_MEMORY = "out_of_memory"
    REFUSED = "refused"
    NOT_TRAINED = "not_trained"
    """The check was told to train nothing."""
    HARNESS_FAULT = "harness_fault"


class Measurement(Value):
    """A number, how sure it is, and how it was got. `low` and `high` bound an interval where there is one."""

    name: str
    value: float | None
    low: float | None = None
    high: float | None = None
    n: int | None = None
    unit: str = ""
    how: str = ""
    """In a few words: what was measured on what."""


class Threshold(Value):
    """What a measurement was held against, and whose figure that is."""

    value: float
    source: Literal["assignment", "course", "calibration"]
    name: str
    """For instance "asked" (the nominal threshold) or "accepted" (the acceptance bound)."""


class Judged(Value):
    """A random outcome, held against a gate: a value a run, in the order of the seeds. For the drawing of the runs
    beside the reference's, and for what explains the verdict."""

    name: str
    """What was measured, as "validation accuracy"."""
    values: tuple[float, ...]
    gate: Gate
    identity: bool = False
    """Passed because network and training are the assignment's own."""
    forecast: Forecast | None = None
    """In a quick check: what it tells of the full one."""


class CheckResult(Value):
    """What one check found. `points` is None where there is no value yet (manual, not trained, or our fault)."""

    id: str
    version: str
    """First 12 hex digits of the SHA-256 of the check's source."""
    title: str
    """The sentence the student reads: the check's docstring."""
    task: str
    outcome: Outcome
    cause: Cause | None = None
    points: float | None
    max_points: float
    message: str = ""
    """What was seen, in words a student understands."""
    hint: str = ""
    """What to do about it."""
    measurements: tuple[Measurement, ...] = ()
    thresholds: tuple[Threshold, ...] = ()
    judged: Judged | None = None
    """Where the outcome is random: the runs and what they were held against."""
    where: Where | None = None
    override: Override | None = None
    """What a person said in place of the verdict. Outcome and points above stay as they were measured."""

    @property
    def overruled(self) -> bool:
        """Whether a person's word counts in place of the measured verdict."""
        return self.override is not None and self.override.holds

    @property
    def counted_points(self) -> float | None:
        """The points that count: a person's where there are such, else the measured ones."""
        return self.override.points if self.override and self.override.holds else self.points

    @property
    def counted_outcome(self) -> Outcome:
        """The outcome that counts: as the person's points have it, else as measured."""
        if self.override is None or not self.override.holds:
            return self.outcome
        if self.override.points >= self.max_points:
            return Outcome.PASSED
        return Outcome.PARTIAL if self.override.points > 0 else Outcome.FAILED


class ManualPart(Value):
    """The share of a task that a person gives."""

    max_points: float
    points: float | None = None
    """Those that count; None where none were given, or the mark has to be confirmed first."""
    asks: str = ""
    """What the person looks at."""
    rubric: tuple[RubricItem, ...] = ()
    mark: Mark | None = None


class TaskResult(Value):
    """One lettered question. `outcome` sums up its checks; `manual` is the person's share, if there is one.

    `machine_points` are those of the checks, as they count: with the points of a person who overruled one.
    """

    id: str
    title: str
    points: float | None
    max_points: float
    machine_points: float | None
    machine_max_points: float
    outcome: Outcome
    cause: Cause | None = None
    checks: tuple[CheckResult, ...] = ()
    manual: ManualPart | None = None
    matched: tuple[str, ...] = ()
    """Why these fits answer this task, a sentence each."""
    sure: bool = True
    """False where another fit could answer this task as well: a person confirms which."""

    @property
    def points_so_far(self) -> float | None:
        """The sum of the halves that have a value; None where neither has."""
        return _sum(_parts(self))


class Answer(Value):
    """What the hand-in wrote to a task, as markdown, and facts in it that a machine can check."""

    task: str
    text: str
    where: Where | None = None
    facts: tuple[tuple[str, bool], ...] = ()
    """A sentence about a fact in the text, and whether it is right. They earn nothing."""


class ReportFacts(Value):
    """A report that was handed in, for the person who marks; nothing here is judged.

    `title`, `group` and `author` are shown as they stand on the front page or in the file's properties, empty where
    they were not found.
    """

    file: str
    pages: int
    pages_with_text: int = 0
    title: str = ""
    group: str = ""
    author: str = ""
    front_page: str = ""
    """The first lines of page 1."""
    problem: str | None = None
    """What was not read, in a sentence."""


class Claim(Value):
    """A number that the hand-in shows, beside ours. It earns nothing and costs nothing.

    `source`: an output that it was handed in with, or what a replay printed. `contradicted`: the two numbers
    are further apart than chance explains.
    """

    name: str
    claimed: float
    measured: float | None = None
    where: Where | None = None
    text: str = ""
    source: Literal["saved", "replay"] = "saved"
    contradicted: bool = False


class IntegrityNote(Value):
    """Something a person should look at; never changes points by itself."""

    code: str
    message: str
    where: Where | None = None


class ErrorNote(Value):
    """A statement of the hand-in that raised."""

    where: Where
    type: str
    message: str
    source: str = ""


class SubmittedFile(Value):
    name: str
    bytes: int
    sha256: str


class SubmissionFacts(Value):
    name: str
    sha256: str
    files: tuple[SubmittedFile, ...] = ()


class AssignmentFacts(Value):
    id: str
    title: str
    version: str
    dataset: str = "mnist"
    """What its marks are measured on. Results that do not name it are older than the first assignment on others."""
    telling: tuple[str, ...] = ()
    """Codes of its own findings that explain why a network falls short, the most telling first."""
    silent: tuple[str, ...] = ()
    """Codes of its own findings that explain no shortfall."""


class DatasetFacts(Value):
    """`official` is false for digits: marks were not measured on the assignment's own data."""

    name: str
    sha256: str
    official: bool
    train_images: int = 0
    evaluation_images: int = 0


class Result(Value):
    """Everything that one grading run says about one submission."""

    schema_version: Literal[1] = 1
    submission: SubmissionFacts
    assignment: AssignmentFacts
    profile: Literal["quick", "full"]
    dataset: DatasetFacts
    tasks: tuple[TaskResult, ...]
    models: tuple[ModelCard, ...] = ()
    plots: tuple[Plot, ...] = ()
    galleries: tuple[Gallery, ...] = ()
    own: OwnWork | None = None
    """What the hand-in's own code showed with trained weights; None where it did not run again."""
    others: tuple[OtherNetwork, ...] = ()
    own_loops: tuple[OwnLoop, ...] = ()
    saved_models: tuple[SavedFile, ...] = ()
    order: Literal["document", "executed"] = "document"
    """Whether the cells ran as they stand, or as their saved execution counts say."""
    answers: tuple[Answer, ...] = ()
    unanswered: tuple[str, ...] = ()
    """Tasks with a person's share for which no written text was found."""
    reports: tuple[ReportFacts, ...] = ()
    claims: tuple[Claim, ...] = ()
    findings: tuple[Finding, ...] = ()
    integrity: tuple[IntegrityNote, ...] = ()
    errors: tuple[ErrorNote, ...] = ()
    unplaced: tuple[Unplaced, ...] = ()
    """Decisions of a person about tasks and checks that the assignment does not have any more."""
    confirmed: Decision | None = None
    """The total that a person stands for, and who; it does not hold where what it is made of has changed since."""
    isolation: str = ""
    """How student code was held: "bubblewrap", or a warning that it was not."""
    isolated: bool = True
    problem: str | None = None
    """Set where nothing could be recorded: why, in one sentence."""
    provenance: dict[str, Any] = Field(default_factory=dict)
    timing: dict[str, float] = Field(default_factory=dict)
    """Seconds by stage: intake, record, inspect, train, replay, check, render."""

    @computed_field  # type: ignore[prop-decorator]  # pydantic's own idiom for computed properties
    @property
    def points(self) -> float | None:
        """Points so far: the sum over tasks that have a value; None where none has."""
        return _sum(part for task in self.tasks for part in _parts(task))

    @computed_field  # type: ignore[prop-decorator]
    @property
    def max_points(self) -> float:
        """What the assignment gives in all."""
        return round(sum(task.max_points for task in self.tasks), 6)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def machine_points(self) -> float | None:
        """Points that checks gave, or a person in their place; None where one has no value: our fault, or a
        threshold that nobody knows."""
        values = [task.machine_points for task in self.tasks if task.machine_max_points > 0]
        return None if None in values else _sum(values)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def machine_max_points(self) -> float:
        """What checks can give in all."""
        return round(sum(task.machine_max_points for task in self.tasks), 6)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def complete(self) -> bool:
        """True where every part has a value: nothing is left for a person to give or to confirm, and nothing was
        lost by our fault."""
        waiting = any(check.override is not None and not check.override.holds for check in self.checks)
        return all(task.points is not None for task in self.tasks) and not waiting

    @property
    def checks(self) -> tuple[CheckResult, ...]:
        """All checks of all tasks, in order."""
        return tuple(check for task in self.tasks for check in task.checks)

    @property
    def exit_code(self) -> int:
        """0 no check failed, 1 some did, 3 a harness fault; overruled checks are as the person said. What was left
        untrained has not failed."""
        looked_at = [check for check in self.checks if check.overruled or check.cause is not Cause.NOT_TRAINED]
        if any(check.cause is Cause.HARNESS_FAULT and not check.overruled for check in looked_at):
            return 3
        good = (Outcome.PASSED, Outcome.MANUAL)
        return 0 if all(check.counted_outcome in good for check in looked_at) else 1


def _parts(task: TaskResult) -> tuple[float | None, ...]:
    """The two halves of a task's points, each of which may have no value yet."""
    return (task.machine_points, task.manual.points if task.manual else None)


def _sum(values: Any) -> float | None:
    known = [value for value in values if value is not None]
    return round(sum(known), 6) if known else None


def as_json(result: Result) -> bytes:
    """`result` as indented UTF-8 JSON."""
    return result.model_dump_json(indent=2).encode() + b"\n"


def save(result: Result, path: Path) -> None:
    """Write `result` as JSON, whole or not at all."""
    write_atomically(path, as_json(result))


def load(path: Path) -> Result:
    """Read a `result.json`. Raises ValueError (pydantic's ValidationError) where it is not one."""
    plain = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(plain, dict):
        raise ValueError(f"{path}: this is no result")
    for name in ("points", "max_points", "machine_points", "machine_max_points", "complete"):
        plain.pop(name, None)
    return Result.model_validate(plain)


def json_schema() -> dict[str, Any]:
    """The JSON Schema of `result.json`, as written by `save`."""
    return Result.model_json_schema(mode="serialization")
