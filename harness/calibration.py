"""Calibration: the references trained over many seeds, kept raw. Acceptance bounds are computed from the file.

What is trained is what grading trains: the assignment's folder is dry-run like any hand-in (its `submission.py`
hands over the reference implementations), and its recorded fits become recipes on the same path.
"""

from __future__ import annotations

import datetime
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness import datasets, provenance
from harness.assignment import Assignment, CalibratedQuantity, Calibration, CalibrationRun, Costs
from harness.classroom import load_dataset, sandbox_for
from harness.datasets import Dataset
from harness.dryrun import record
from harness.evidence import Evidence
from harness.files import write_atomically
from harness.grading import Grader, dataset_facts
from harness.results import SubmissionFacts
from harness.store import Store
from harness.training import cost
from harness.training.cache import RunCache
from harness.training.from_recording import from_fit
from harness.training.process import Device, TrainerProcess
from harness.training.recipe import Prepared

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from harness.classroom import DataName, Progress


class CalibrationFailed(RuntimeError):
    """The reference itself could not be recorded or trained: the assignment's fault."""


def calibrate(
    assignment: Assignment,
    data: DataName,
    seeds: int,
    convolutional_seeds: int,
    device: Device,
    progress: Progress,
    costs_only: bool = False,
) -> Path:
    """Train each accuracy gate's reference and write `calibration/<data>.json`; gives the file's path.

    Runs that the cache has are not trained again, so a calibration that was stopped goes on where it was. What each
    reference takes goes to `calibration/cost.json` before anything is trained; with `costs_only`, nothing is.
    """
    dataset = load_dataset(data)
    started = time.perf_counter()
    cache = RunCache(Store(Store.default_folder(), Store.default_limit()))
    with tempfile.TemporaryDirectory(prefix="harness-") as scratch, TrainerProcess(device) as trainer:
        npz = Path(scratch) / "data.npz"
        datasets.write_recording_npz(dataset, npz)
        run = record(sandbox_for("preferred"), assignment.folder, assignment, npz)
        if run.problem or run.recording.errors:
            raise CalibrationFailed(f"the reference cannot be recorded: {run.problem or run.recording.errors[0]}")
        grader = Grader(assignment, dataset, "full", trainer, cache)
        evidence = grader.inspect(SubmissionFacts(name="reference", sha256=""), run)
        write_costs(assignment, evidence, run.frames, dataset)
        if costs_only:
            return costs_file(assignment)
        quantities: dict[str, CalibratedQuantity] = {}
        for name, spec in assignment.tasks.items():
            if spec.accuracy is None:
                continue
            networks = evidence.networks(name)
            if not networks:
                raise CalibrationFailed(f"the reference has no network for task {name}")
            fit = networks[0].record
            prepared = from_fit(fit, run.frames, dataset, spec.scale(dataset.name, "full"))
            count = convolutional_seeds if spec.convolutional else seeds
            runs = []
            for seed in range(count):
                progress.stage("reference", f"{name}, seed {seed + 1} of {count}")
                summary = grader.run(Prepared(prepared.recipe, prepared.arrays), seed, lambda _epoch, _of: None)
                if summary.accuracy is None:
                    raise CalibrationFailed(f"the reference of task {name} is not a classifier")
                runs.append(CalibrationRun(seed=seed, value=summary.accuracy, seconds=summary.seconds))
            recipe = prepared.recipe
            quantities[name] = CalibratedQuantity(
                handed_in=from_fit(fit, run.frames, dataset).recipe.without_seed,
                recipe=recipe.without_seed,
                settings={
                    "epochs": recipe.epochs, "batch_size": recipe.batch_size,
                    "optimizer": list(recipe.optimizer), "loss": list(recipe.loss),
                    "params": networks[0].params,
                },
                runs=tuple(runs),
            )  # fmt: skip
        about = trainer.describe()
    calibration = Calibration(
        assignment=assignment.id,
        dataset=dataset.name,
        dataset_sha256=dataset_facts(dataset).sha256,
        quantities=quantities,
        provenance={
            "command": f"harness calibrate {assignment.id} --data {dataset.name} --seeds {seeds} "
            f"--convolutional-seeds {convolutional_seeds}",
            "time": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            "seconds": round(time.perf_counter() - started, 1),
            "machine": provenance.machine(),
            "trainer": about,
            "commit": provenance.commit(),
        },
    )
    path = assignment.folder / "calibration" / f"{dataset.name}.json"
    path.parent.mkdir(exist_ok=True)
    write_atomically(path, calibration.model_dump_json(indent=1).encode() + b"\n")
    return path


def costs_file(assignment: Assignment) -> Path:
    """Where what the references take is written."""
    return assignment.folder / "calibration" / "cost.json"


def write_costs(
    assignment: Assignment, evidence: Evidence, frames: dict[str, NDArray[Any]], dataset: Dataset
) -> None:
    """Write what training the recorded references takes, task by task, by which hand-ins' cost is limited."""
    tasks = {}
    for name in assignment.tasks:
        networks = evidence.networks(name)
        if not networks:
            continue
        recipes = {made.sha256: made for made in (from_fit(one.record, frames, dataset).recipe for one in networks)}
        first = cost.of_recipe(next(iter(recipes.values())), networks[0].facts)
        tasks[name] = cost.ReferenceCost(
            params=first.params,
            forward=first.forward,
            epochs=first.epochs,
            batch_size=first.batch_size,
            fits=len(recipes),
        )
    costs = Costs(
        assignment=assignment.id,
        tasks=tasks,
        provenance={"command": f"harness calibrate {assignment.id} --costs-only", "commit": provenance.commit()},
    )
    path = costs_file(assignment)
    path.parent.mkdir(exist_ok=True)
    write_atomically(path, costs.model_dump_json(indent=1).encode() + b"\n")
