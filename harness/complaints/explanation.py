"""All that is behind a verdict, as one value: what `harness explain --json` prints."""

from __future__ import annotations

from typing import Any, Literal

from harness.complaints.check_source import CheckSource
from harness.marking.entries import Entry
from harness.recording import Where
from harness.results import AssignmentFacts, CheckResult, DatasetFacts, LayerFacts, SubmissionFacts, Value
from harness.training.recipe import Recipe, Scale


class Run(Value):
    """One training run of a network. `value`: the share of evaluation images told right after the last epoch."""

    seed: int
    value: float | None = None
    images: int = 0
    epochs: int = 0
    trainer: str = ""
    why: str = ""
    """Why this trainer."""
    kept: bool = False
    """It was trained before, for an equal network, and not again."""
    seconds: float = 0.0


class Trained(Value):
    """A network that the verdict rests on: what was handed in, what was trained, and each run of it."""

    fit: str
    tasks: tuple[str, ...] = ()
    """The tasks that it answers."""
    where: Where | None = None
    layers: tuple[LayerFacts, ...] = ()
    params: int = 0
    loss: str = ""
    optimizer: str = ""
    epochs: int
    """As handed in; calls of fit that only go on added up."""
    batch_size: int
    shuffle: bool = True
    inputs: str = ""
    targets: str = ""
    callbacks: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    """What was trained otherwise than handed in."""
    scaled: Scale | None = None
    """Epochs and batch size that were trained in place of those, where the data set is too small for them."""
    identical: bool = False
    """It is the assignment's own network and training in every setting."""
    runs: tuple[Run, ...] = ()
    problem: str = ""
    recipe: Recipe | None = None
    """What was trained, with seed 0, in every setting."""


class Rule(Value):
    """How runs were held against their gate. Values are in the gate's own unit."""

    measure: str
    values: tuple[float, ...]
    figure: float
    """The one that counts: the mean of the values, or by the re-try rule the best of them."""
    by: Literal["mean", "retry"]
    nominal: float | None = None
    source: str = ""
    """Whose figure the nominal is."""
    accepted: float | None = None
    decided: str
    """Which rule decided, in a sentence."""
    computed: tuple[str, ...] = ()
    """How the bound was computed, a paragraph each."""
    terms: tuple[tuple[str, str], ...] = ()


class CalibrationFile(Value):
    """The file that the bound was computed from. `same`: it still holds the runs that the verdict used."""

    file: str
    runs: int
    same: bool
    provenance: dict[str, Any]


class Lines(Value):
    """Lines of the hand-in around a place. `first` is the number of the first one in its cell, from 1."""

    where: Where
    first: int
    text: tuple[str, ...]


class Explanation(Value):
    """Everything behind one check's verdict."""

    submission: SubmissionFacts
    assignment: AssignmentFacts
    dataset: DatasetFacts
    profile: str
    check: CheckResult
    code: str
    """What the scorecard tells the student to quote."""
    task_title: str
    task_points: float | None
    task_max_points: float
    overruled: str = ""
    """What a person gave in place of the verdict, in sentences."""
    final: str = ""
    """Who stands for the hand-in's total, in a sentence."""
    cost: str = ""
    own_number: str = ""
    reason: str = ""
    """The finding that tells most of why it fell short."""
    networks: tuple[Trained, ...] = ()
    rule: Rule | None = None
    calibration: CalibrationFile | None = None
    lines: tuple[Lines, ...] = ()
    source: CheckSource | None = None
    """The check as it is now; the one that decided where the versions are the same."""
    matched: tuple[str, ...] = ()
    sure: bool = True
    decisions: tuple[Entry, ...] = ()
    """What persons decided about this check, its task and the whole hand-in, the oldest first."""
    provenance: dict[str, Any]
    missing: tuple[str, ...] = ()
    """What could not be told, and why, a sentence each."""
