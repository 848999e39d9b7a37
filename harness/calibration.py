"""Calibration: the references trained over many seeds, kept raw. Acceptance bounds are computed from the file.

What is trained is what grading trains: the assignment's folder is dry-run like any hand-in (its `submission.py`
hands over the reference implementations), and its recorded fits become recipes on the same path. The file is
written after every run, and runs that it holds are not trained again: a calibration that was stopped goes on.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness import provenance, stats
from harness.assignment import Assignment, Costs
from harness.calibrated import CalibratedQuantity, Calibration, CalibrationRun, Profile
from harness.evidence import Network
from harness.files import write_atomically
from harness.references import CalibrationFailed, Reference, Trial, reference
from harness.training import cost
from harness.training.cache import RunCache
from harness.training.process import Device

if TYPE_CHECKING:
    from harness.bench import DataName
    from harness.progress import Progress


class Sheet:
    """A calibration file that is being filled: what it holds of a recipe and trainer is not measured again."""

    def __init__(self, path: Path, calibration: Calibration) -> None:
        self._path = path
        self._calibration = calibration
        self._filled: set[str] = set()

    def lacks(self, name: str, quantity: CalibratedQuantity, seed: int) -> bool:
        """Whether the run of a seed is missing."""
        return all(run.seed != seed for run in self._runs(name, quantity))

    def add(self, name: str, quantity: CalibratedQuantity, *runs: CalibrationRun) -> None:
        """Add runs to a quantity, and write the file."""
        known = {run.seed: run for run in (*self._runs(name, quantity), *runs)}
        filled = quantity.model_copy(update={"runs": tuple(known[seed] for seed in sorted(known))})
        self._filled.add(name)
        self._write({**self._calibration.quantities, name: filled})

    def asks(self, name: str) -> None:
        """A quantity of this name is asked for, whether or not a run of it is added."""
        self._filled.add(name)

    def finish(self) -> None:
        """Leave out what no task of the assignment asks for any more."""
        self._write({name: one for name, one in self._calibration.quantities.items() if name in self._filled})

    def _runs(self, name: str, quantity: CalibratedQuantity) -> tuple[CalibrationRun, ...]:
        before = self._calibration.quantities.get(name)
        return before.runs if before is not None and same_training(before, quantity) else ()

    def _write(self, quantities: dict[str, CalibratedQuantity]) -> None:
        ordered = dict(sorted(quantities.items()))
        self._calibration = self._calibration.model_copy(update={"quantities": ordered})
        self._path.parent.mkdir(exist_ok=True)
        write_atomically(self._path, self._calibration.model_dump_json(indent=1).encode() + b"\n")


def same_training(one: CalibratedQuantity, other: CalibratedQuantity) -> bool:
    """Whether the runs of two quantities are runs of one recipe by one trainer, on whatever machine, and what is
    measured on them is the same."""
    named = ("keras", "tensorflow", "jax", "backend", "device", "trainer_key")
    return same_measurement(one, other) and all(one.trainer.get(name) == other.trainer.get(name) for name in named)


def same_measurement(one: CalibratedQuantity, other: CalibratedQuantity) -> bool:
    """Whether two quantities are the same measurement on networks of one recipe, whatever trained them."""
    same = ("recipe", "handed_in", "levels", "settings")
    return all(getattr(one, name) == getattr(other, name) for name in same)


def outdated(made: Reference, calibration: Calibration) -> tuple[str, ...]:
    """Names of the quantities whose runs are not of what the references train and measure now; trains nothing."""
    asked = made.quantities()
    kept = calibration.quantities.items()
    return tuple(name for name, one in kept if name not in asked or not same_measurement(one, asked[name]))


def calibrate(
    assignment: Assignment, data: DataName, profile: Profile, seeds: int | None, device: Device, progress: Progress
) -> Path:
    """Train each task's reference over its seeds, measure what is measured on hand-ins, and write
    `calibration/<dataset>-<profile>.json`; gives the file's path.

    `seeds`: runs of every reference; by default each task's own `calibration_seeds`.
    """
    with reference(assignment, data, profile, device) as made:
        dataset = made.grader.dataset
        before = assignment.calibration(dataset.name, profile)
        command = f"harness calibrate {assignment.id} --data {dataset.name} --profile {profile}"
        empty = Calibration(
            assignment=assignment.id,
            dataset=dataset.name,
            dataset_sha256=dataset.sha256,
            profile=profile,
            quantities=before.quantities if before and before.dataset_sha256 == dataset.sha256 else {},
            provenance={
                "command": command + (f" --seeds {seeds}" if seeds else ""),
                "time": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
                "machine": provenance.machine(),
                "trainer": made.grader.trainer.describe(),
                "commit": provenance.commit(),
            },
        )
        path = assignment.folder / "calibration" / f"{dataset.name}-{profile}.json"
        sheet = Sheet(path, empty)
        classifiers = list(made.classifiers())
        gates = assignment.gates(dataset.name, profile)
        for task, name, network in classifiers:
            if name in gates:
                _fill_accuracies(sheet, made, task, name, network, seeds, progress)
        for trial in made.trials():
            _fill(sheet, trial, seeds, progress)
        for task, name, network in classifiers:  # what no gate waits for comes last
            if name not in gates:
                _fill_accuracies(sheet, made, task, name, network, seeds, progress)
        sheet.finish()
        write_costs(made)
    return path


def _fill_accuracies(
    sheet: Sheet, made: Reference, task: str, name: str, network: Network, seeds: int | None, progress: Progress
) -> None:
    prepared = made.prepared(task, network)
    quantity = made.quantity(task, "accuracy", network, prepared)
    count = seeds or made.assignment.tasks[task].calibration_seeds
    sheet.asks(name)
    for seed in range(count):
        if sheet.lacks(name, quantity, seed):
            progress.stage("reference", name, f"seed {seed + 1} of {count}")
            sheet.add(name, quantity, made.accuracy(prepared, seed))


def _fill(sheet: Sheet, trial: Trial, seeds: int | None, progress: Progress) -> None:
    """What is measured on trained references besides their accuracies."""
    for name in trial.quantities:
        sheet.asks(name)
    count = seeds or trial.count
    for seed in range(count):
        if any(sheet.lacks(name, quantity, seed) for name, quantity in trial.quantities.items()):
            progress.stage("reference", trial.label, f"seed {seed + 1} of {count}")
            measured = trial.measured(seed)
            for name, quantity in trial.quantities.items():
                sheet.add(name, quantity, measured[quantity.measure])


def write_costs(made: Reference) -> Path:
    """Write what training the references takes, task by task, by which hand-ins' cost is limited, to
    `calibration/cost.json`; a file that says the same is left as it is. Gives the file's path."""
    assignment = made.assignment
    tasks: dict[str, cost.ReferenceCost] = {}
    counted: set[str] = set()
    for task in assignment.tasks:
        networks = [one for one in made.evidence.networks(task) if one.record.id not in counted]
        if not networks:
            continue
        counted |= {one.record.id for one in networks}
        recipes = [made.handed_in(one) for one in networks]
        first = cost.of_recipe(recipes[0], networks[0].facts)
        tasks[task] = cost.ReferenceCost(
            params=first.params,
            forward=first.forward,
            epochs=first.epochs,
            batch_size=first.batch_size,
            fits=len({recipe.sha256 for recipe in recipes}),
        )
    command = f"harness calibrate {assignment.id} --costs-only"
    costs = Costs(
        assignment=assignment.id, tasks=tasks, provenance={"command": command, "commit": provenance.commit()}
    )
    path = assignment.folder / "calibration" / "cost.json"
    before = assignment.costs()
    if before is None or before.tasks != costs.tasks:
        path.parent.mkdir(exist_ok=True)
        write_atomically(path, costs.model_dump_json(indent=1).encode() + b"\n")
    return path


# --- whether a file still holds


@dataclass(frozen=True)
class Held:
    """Whether a calibrated quantity was met again: new runs with its first seeds beside those in the file.

    `low` and `high` bound what the mean of so many runs may be, by the file's other runs, in all but one case of a
    thousand where runs are normal.
    """

    name: str
    kept: tuple[float, ...]
    again: tuple[float, ...]
    low: float
    high: float

    @property
    def equal(self) -> bool:
        """Every run came out as it stands in the file."""
        return self.kept == self.again

    @property
    def holds(self) -> bool:
        """The outcomes are those of the file, but for chance."""
        mean = sum(self.again) / len(self.again)
        return self.equal or self.low <= mean <= self.high


@dataclass(frozen=True)
class Checked:
    """Whether a calibration file may be used here: what was trained again, and what is of other recipes by now."""

    held: tuple[Held, ...]
    outdated: tuple[str, ...]
    """Names of quantities, see `outdated`; none of them is trained again."""

    @property
    def holds(self) -> bool:
        """Everything in the file is of the references as they are, and came out again."""
        return not self.outdated and all(one.holds for one in self.held)


DOUBT = 0.001  # that a file which holds is said not to, of each quantity


def check(
    assignment: Assignment, data: DataName, profile: Profile, seeds: int, device: Device, progress: Progress
) -> Checked:
    """Hold every quantity's recipe against the references', and train the first `seeds` seeds of each calibrated
    classifier anew, whatever is kept of them: run for run, and their mean against the file's other runs. What is
    measured on autoencoders follows from the same trainer and is not measured again. Raises CalibrationFailed where
    there is no file, or nothing in it to check."""
    with reference(assignment, data, profile, device, RunCache(None)) as made:
        name = made.grader.dataset.name
        before = assignment.calibration(name, profile)
        if before is None:
            raise CalibrationFailed(f"{assignment.id} is not calibrated on {name} for {profile}")
        other = outdated(made, before)
        held = []
        for task, key, network in made.classifiers():
            if key in other:
                continue
            quantity = before.quantities.get(key)
            chosen = [run for run in quantity.runs if run.seed < seeds] if quantity else []
            others = [run.value for run in quantity.runs if run.seed >= seeds] if quantity else []
            if not chosen or len(others) < 2:
                progress.note(f"{key} has too few calibrated runs on {name} for {profile} to be checked")
                continue
            prepared = made.prepared(task, network)
            again = []
            for run in chosen:
                progress.stage("reference", key, f"seed {run.seed + 1} of {len(chosen)}")
                again.append(made.accuracy(prepared, run.seed).value)
            low = stats.prediction_bound(others, len(again), DOUBT / 2)
            high = -stats.prediction_bound([-value for value in others], len(again), DOUBT / 2)
            held.append(Held(key, tuple(run.value for run in chosen), tuple(again), low, high))
        if not held and not other:
            raise CalibrationFailed(f"nothing in the calibration of {assignment.id} on {name} can be checked")
    return Checked(tuple(held), other)
