"""An assignment: a folder with `assignment.toml`, reference implementations, checks, rules and calibration."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from harness import assets
from harness.calibrated import Calibration, Forecasts, Profile
from harness.datasets import DatasetName
from harness.gates import Gate
from harness.gates import Rule as GateRule
from harness.matching import Rule
from harness.measure.specs import Measurements
from harness.results import RubricItem
from harness.stats import bonferroni
from harness.training.cost import Allowance, ReferenceCost, Work
from harness.training.recipe import Scale
from harness.worker.contract import Contract

T = TypeVar("T", bound=BaseModel)


class AssignmentError(Exception):
    """An assignment that is not there or does not fit together: the fault of whoever wrote it."""


class _Toml(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class GateSpec(_Toml):
    """A gate on a random outcome: the nominal threshold by data set, from where on a shortfall earns a share."""

    nominal: dict[str, float] = Field(default_factory=dict)
    """By data set, as below; "any" stands for those that are not named."""
    source: Literal["assignment", "course"] = "assignment"
    partial_from: dict[str, float] = Field(default_factory=dict)
    rule: GateRule = "mean"
    most: int | None = Field(default=None, ge=1)
    """Runs of an accuracy at most, where fewer do not decide; the profile's where it is not given. What else
    is measured has as many runs as its kind of measurement (`Measurements.runs`)."""
    of: str = "images"
    """What a share is a share of, in a word or two."""
    difference: bool = False
    """Of two shares: told in percentage points."""
    by_classifier: bool = False
    """Measured with a classifier, and calibrated with the reference of each task that may hand one over."""

    def nominal_of(self, dataset: str) -> float | None:
        """The nominal threshold on a data set."""
        return self.nominal.get(dataset, self.nominal.get("any"))

    def partial_of(self, dataset: str) -> float | None:
        """From where on a shortfall earns a share on a data set; None where it earns nothing."""
        return self.partial_from.get(dataset, self.partial_from.get("any"))


class TaskSpec(_Toml):
    """One task: its points, the machine's and the person's share, and how it is trained."""

    title: str
    machine: float = Field(ge=0)
    person: float = Field(ge=0)
    asks: str = ""
    rubric: tuple[RubricItem, ...] = ()
    """What a person looks for; the items that are found suggest the points."""
    rubric_may_exceed: bool = False
    """Items may come to more than the person's share, as alternatives do; a mark never does."""
    headings: tuple[str, ...] = ()
    """Key words by which a heading without a number is known to announce this task's written answer."""
    gates: dict[str, GateSpec] = Field(default_factory=dict)
    """By what is measured: "accuracy" of each network's last epoch, "gain" of a denoiser, …"""
    scaled: dict[str, Scale] = Field(default_factory=dict)
    """By data set ("digits") or data set and profile ("mnist-quick"): what is trained in place of what is asked."""
    convolutional: bool = False
    identity: bool = False
    """The assignment gives network and training: a recipe equal to the reference's passes its gates as it is."""
    calibration_seeds: int = Field(default=30, ge=2)
    """How many runs of the reference `harness calibrate` records."""
    reference: str = ""
    """The reference's builder, "mlp.py:build_mlp", beside which speed is measured."""
    sweep: bool = False
    """Many fits answer together; equal ones are replicates, each with a seed of its own."""
    cost_limit: float | None = Field(default=None, gt=0)
    """How many times the reference's cost a run may take; the profile's limit where it is not given."""

    @model_validator(mode="after")
    def _rubric_fits(self) -> TaskSpec:
        ids = [item.id for item in self.rubric]
        if twice := [name for name in ids if ids.count(name) > 1]:
            raise ValueError(f"two items of the rubric are called {twice[0]!r}")
        total = round(sum(item.points for item in self.rubric), 6)
        if total > self.person and not self.rubric_may_exceed:
            raise ValueError(
                f"the rubric's items come to {total:g} points, and a person gives {self.person:g}; lower them, or "
                "say rubric_may_exceed = true"
            )
        return self

    @property
    def accuracy(self) -> GateSpec | None:
        """The gate on the accuracy of its networks, where the task has one."""
        return self.gates.get("accuracy")

    def scale(self, dataset: str, profile: Profile) -> Scale | None:
        """Epochs and batch size to train with, or None for those handed in."""
        return self.scaled.get(f"{dataset}-{profile}", self.scaled.get(dataset))


class ProfileSpec(_Toml):
    """How much work a grading run spends: seeds a network, candidates measured a task."""

    seeds: int = Field(ge=1)
    convolutional_seeds: int = Field(ge=1)
    most_seeds: int = Field(default=1, ge=1)
    """Runs at most, where those do not decide."""
    most_convolutional_seeds: int = Field(default=1, ge=1)
    sweep_replicates: int = Field(ge=1)
    evaluated_images: int = Field(ge=100)
    """Evaluation images on which noise and what removes it are tried."""
    candidates: int = Field(default=1, ge=1)
    """How many of the networks that may answer a task by their accuracy are trained."""
    speed: bool = False
    cost_limit: float = Field(default=100.0, gt=0)
    """How many times the cost of the reference's run of a task one run may take."""
    budget: float = Field(default=10.0, gt=0)
    """How many times the cost of all the reference's runs together a hand-in may take."""


class Explaining(_Toml):
    """Codes of the assignment's own findings: those that explain why a network falls short, the most telling first,
    and those that explain no shortfall. Of the others any may."""

    telling: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()


class Costs(_Toml):
    """What the references take, by task, and where that comes from: `calibration/cost.json`."""

    assignment: str
    tasks: dict[str, ReferenceCost]
    provenance: dict[str, Any]


class _File(_Toml):
    id: str
    title: str
    dataset: DatasetName
    wrong_fail_rate: float = Field(gt=0, lt=1)
    profiles: dict[Profile, ProfileSpec]
    tasks: dict[str, TaskSpec]
    contract: Contract
    measurements: Measurements = Measurements()
    explaining: Explaining = Explaining()
    handed_out: tuple[str, ...] = ()
    """Notebooks and scripts in the folder that the class was given: what hand-ins share with them is not theirs."""


class Assignment:
    """An assignment as loaded from its folder. `version` is a hash of its files' text."""

    def __init__(self, folder: Path, file: _File) -> None:
        self.folder = folder
        self.id = file.id
        self.title = file.title
        self.dataset = file.dataset
        self.tasks = file.tasks
        self.contract = file.contract
        self.measurements = file.measurements
        self.explaining = file.explaining
        self.handed_out = tuple(folder / name for name in file.handed_out)
        for path in self.handed_out:
            if not path.is_file():
                raise AssignmentError(f"{folder}: handed_out names {path.name}, which is not there")
        self._profiles = file.profiles
        self._wrong_fail_rate = file.wrong_fail_rate
        self.version = _version(folder)

    def seeds(self, profile: Profile, convolutional: bool) -> int:
        """How many seeds a network is trained with."""
        spec = self._profiles[profile]
        return spec.convolutional_seeds if convolutional else spec.seeds

    def profile(self, profile: Profile) -> ProfileSpec:
        """How much work a grading run of this profile spends."""
        return self._profiles[profile]

    def rules(self) -> Sequence[Rule]:
        """The assignment's rules for matching fits to tasks."""
        rules: Sequence[Rule] = self.module("matching").RULES
        return rules

    def module(self, name: str) -> ModuleType:
        """A Python file of the assignment, imported under a name that belongs to nobody else.

        Raises AssignmentError where it is missing or cannot be imported.
        """
        full = f"_harness_assignment_{self.id}_{self.version}_{name}"
        if full in sys.modules:
            return sys.modules[full]
        path = self.folder / f"{name}.py"
        spec = importlib.util.spec_from_file_location(full, path)
        if spec is None or spec.loader is None or not path.is_file():
            raise AssignmentError(f"{self.id} lacks {name}.py")
        module = importlib.util.module_from_spec(spec)
        sys.modules[full] = module
        try:
            spec.loader.exec_module(module)
        except Exception as error:
            del sys.modules[full]
            raise AssignmentError(f"{path}: {type(error).__name__}: {error}") from error
        return module

    def calibration(self, dataset: str, profile: Profile) -> Calibration | None:
        """The calibration on a data set in a profile, or None where there is none. Raises AssignmentError for a
        damaged file."""
        return self._calibrated(Calibration, f"{dataset}-{profile}")

    def allowance(self, dataset: str, images: int, profile: Profile) -> Allowance:
        """What one submission may train on a data set of so many training images: multiples of what the references
        take there. Raises AssignmentError for a damaged file; without the file there is no limit."""
        costs = self.costs()
        known = {name: cost for name, cost in costs.tasks.items() if name in self.tasks} if costs else {}
        spec = self.profile(profile)
        references: dict[str, Work] = {}
        total = Work()
        for name, cost in known.items():
            task = self.tasks[name]
            scale = task.scale(dataset, profile)
            references[name] = cost.work(images, *(scale.epochs, scale.batch_size) if scale else ())
            most = spec.most_convolutional_seeds if task.convolutional else spec.most_seeds
            runs = spec.sweep_replicates if task.sweep else max(self.seeds(profile, task.convolutional), most)
            total = total.plus(references[name].times(cost.fits * runs))
        return Allowance(
            references=references,
            multiples={name: self.tasks[name].cost_limit or spec.cost_limit for name in known},
            total=total.times(spec.budget) if known else None,
        )

    def costs(self) -> Costs | None:
        """What training the references takes, or None where that is not known. Raises AssignmentError for a damaged
        file."""
        return self._calibrated(Costs, "cost")

    def _calibrated(self, kind: type[T], name: str) -> T | None:
        path = self.folder / "calibration" / f"{name}.json"
        if not path.is_file():
            return None
        try:
            return kind.model_validate_json(path.read_bytes())
        except ValidationError as error:
            raise AssignmentError(f"{path}: {error}") from None

    def gates(self, dataset: str, profile: Profile) -> dict[str, Gate]:
        """What each random outcome is held against on a data set, by "TASK.MEASURE", or "TASK.MEASURE.OTHER" where
        the measure is taken with the classifier of a task."""
        specs = [(task, measure, spec) for task, of in self.tasks.items() for measure, spec in of.gates.items()]
        calibration = self.calibration(dataset, profile)
        quantities = calibration.quantities if calibration else {}
        forecasts = self._calibrated(Forecasts, f"forecasts-{dataset}") if profile == "quick" else None
        made = {}
        for task, measure, spec in specs:
            classifiers = self.measurements.classifiers if spec.by_classifier else ("",)
            for name in (f"{task}.{measure}.{classifier}".rstrip(".") for classifier in classifiers):
                quantity = quantities.get(name)
                made[name] = Gate(
                    task=task, measure=measure, nominal=spec.nominal_of(dataset), source=spec.source,
                    rule=spec.rule, difference=spec.difference, of=spec.of, partial_from=spec.partial_of(dataset),
                    reference=quantity.values if quantity else (),
                    alpha=bonferroni(self._wrong_fail_rate, len(specs)), total=self._wrong_fail_rate,
                    gates=len(specs), forecasts=forecasts.records if forecasts else {},
                    **self._runs_of(task, measure, spec, profile),
                )  # fmt: skip
        return made

    def _runs_of(self, task: str, measure: str, spec: GateSpec, profile: Profile) -> dict[str, int]:
        """How many runs a gate has in any case, and at most."""
        if spec is not self.tasks[task].accuracy:
            runs = self.measurements.runs(measure, profile)
            return {"runs": runs, "most": runs}
        of, convolutional = self.profile(profile), self.tasks[task].convolutional
        runs = self.seeds(profile, convolutional)
        most = spec.most or (of.most_convolutional_seeds if convolutional else of.most_seeds)
        return {"runs": runs, "most": max(runs, most)}


def load(name: str) -> Assignment:
    """The assignment of this id among the installed ones, or in the folder of this path.

    Raises AssignmentError where there is none, or its file does not fit.
    """
    folder = Path(name) if Path(name, "assignment.toml").is_file() else assets.folder("reference") / name
    path = folder / "assignment.toml"
    if not path.is_file():
        raise AssignmentError(f"there is no assignment {name!r}; there are: {', '.join(available())}")
    try:
        return Assignment(folder.resolve(), _File.model_validate(tomllib.loads(path.read_text(encoding="utf-8"))))
    except ValueError as error:  # not text, not TOML, or not an assignment
        raise AssignmentError(f"{path}: {error}") from None


def available() -> list[str]:
    """The ids of the installed assignments."""
    return sorted(path.parent.name for path in assets.folder("reference").glob("*/assignment.toml"))


def _version(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.suffix in (".py", ".toml", ".json") and "__pycache__" not in path.parts:
            digest.update(path.relative_to(folder).as_posix().encode() + b"\0")
            digest.update(path.read_bytes().replace(b"\r\n", b"\n") + b"\0")
    return digest.hexdigest()[:12]
