"""An assignment's own hand-in, recorded and looked at like any other: what calibration trains and measures."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.assignment import Assignment, AssignmentError
from harness.bench import load_dataset, sandbox_for
from harness.calibrated import CalibratedQuantity, CalibrationRun, Profile
from harness.decoders import decoder_of
from harness.dryrun import DryRun, record
from harness.evidence import Evidence, Network
from harness.grading import Grader
from harness.measure.autoencoders import Chosen, Drawing, denoising_of, generation_of
from harness.measure.codes import codes_of
from harness.measure.reconstruction import reconstruction_of
from harness.measure.specs import CodesSpec, DenoisingSpec, GenerationSpec, ReconstructionSpec
from harness.recorded_rows import write_recording_npz
from harness.results import SubmissionFacts
from harness.store import Store
from harness.training.cache import RunCache
from harness.training.codes import PlannedCodes, planned
from harness.training.plan import Planner
from harness.training.process import Device, TrainerProcess
from harness.training.recipe import Prepared, Recipe
from harness.training.runs import weighted

if TYPE_CHECKING:
    from harness.bench import DataName

_TRAINED_BY = (
    "trainer",
    "trainer_key",
    "keras",
    "tensorflow",
    "jax",
    "backend",
    "device",
    "device_name",
    "precision",
)


class CalibrationFailed(AssignmentError):
    """The reference itself could not be recorded or trained: the fault of whoever wrote the assignment."""


@dataclass(frozen=True)
class Reference:
    """The assignment's own hand-in, recorded and looked at, ready to be trained."""

    grader: Grader
    run: DryRun
    evidence: Evidence

    @property
    def assignment(self) -> Assignment:
        """Whose reference it is."""
        return self.grader.assignment

    def networks(self, task: str) -> dict[str, Network]:
        """A task's different networks: of a sweep by the first factor of a regulariser, otherwise one, under ""."""
        networks = self.evidence.networks(task)
        if not self.assignment.tasks[task].sweep:
            return {"": networks[0]} if networks else {}
        named: dict[str, Network] = {}
        for network in networks:
            factors = [text.split()[-1] for layer in network.layers for text in layer.regularizers]
            named.setdefault(factors[0] if factors else "none", network)
        return named

    @cached_property
    def _planner(self) -> Planner:
        grader = self.grader
        return Planner(
            self.assignment, grader.profile, grader.dataset, self.evidence.recording, self.run.frames,
            self.evidence.matches,
        )  # fmt: skip

    def prepared(self, task: str, network: Network) -> Prepared:
        """What is trained for a network of a task in this profile."""
        return self._planner.plan(task, network, ()).prepared

    def handed_in(self, network: Network) -> Recipe:
        """The recipe of a network as the assignment asks for it."""
        return self._planner.handed_in(network)

    def classifiers(self) -> Iterator[tuple[str, str, Network]]:
        """Each different network that tells images apart: its task, the name of its quantity, and itself."""
        for task in self.assignment.tasks:
            for label, network in self.networks(task).items():
                if network.classifier:
                    yield task, f"{task}.accuracy.{label}".rstrip("."), network

    def quantity(
        self, task: str, measure: str, network: Network, prepared: Prepared, about_task: str = ""
    ) -> CalibratedQuantity:
        """A quantity that is measured on a task's network, without runs; `about_task`: the task that it is about,
        where that is another."""
        recipe = prepared.recipe
        about = self.grader.trainer.describe(recipe)
        return CalibratedQuantity(
            task=about_task or task,
            trained_for=task,
            measure=measure,
            handed_in=self.handed_in(network).without_seed,
            recipe=recipe.without_seed,
            settings={
                "epochs": recipe.epochs, "batch_size": recipe.batch_size, "optimizer": list(recipe.optimizer),
                "loss": list(recipe.loss), "params": network.params,
            },
            trainer={name: str(about[name]) for name in _TRAINED_BY},
            runs=(),
        )  # fmt: skip

    def accuracy(self, prepared: Prepared, seed: int) -> CalibrationRun:
        """The accuracy that a classifier reaches with a seed."""
        summary = self.grader.run(prepared, seed, lambda _epoch, _of: None)
        if summary.accuracy is None:
            raise CalibrationFailed("a reference that is to be a classifier is none")
        return CalibrationRun(seed=seed, value=summary.accuracy, seconds=summary.seconds)

    def quantities(self) -> dict[str, CalibratedQuantity]:
        """Every quantity that calibration measures on the references, by name and without runs; trains nothing."""
        named = {
            name: self.quantity(task, "accuracy", network, self.prepared(task, network))
            for task, name, network in self.classifiers()
        }
        for trial in self.trials():
            named |= trial.quantities
        return named

    def trials(self) -> Iterator[Trial]:
        """Everything that is measured on trained references besides their accuracies."""
        declared = self.assignment.measurements
        for task in declared.classifiers:
            yield self._with_classifier(task)
        if declared.reconstruction is not None:
            yield self._reconstruction(declared.reconstruction)
        if declared.codes is not None:
            yield self._codes(declared.codes)

    def _with_classifier(self, task: str) -> Trial:
        """What is measured on an autoencoder with the classifier of a task. Each run has a classifier of its own
        seed: runs that shared one would not be independent."""
        declared = self.assignment.measurements
        denoising, generation = declared.denoising, declared.generation
        of = denoising.denoiser if denoising else generation.autoencoder if generation else ""
        network, prepared = self._reference(of)
        telling, by = self._reference(task)
        settings: dict[str, Any] = {"classifier": by.recipe.without_seed}
        if denoising is not None:
            images = self.assignment.profile(self.grader.profile).evaluated_images
            settings |= {"judged": list(denoising.judged), "images": images}
        if generation is not None:
            settings["generated"] = generation.images
        made = {}
        for measure in (*(DENOISED if denoising else ()), *(DRAWN if generation else ())):
            about = self._about(measure, of)
            quantity = self.quantity(of, measure, network, prepared, about)
            update = {
                "levels": denoising.levels if denoising and measure in DENOISED else (),
                "unit": "ratio" if measure == "reconstruction" else "share",
                "settings": quantity.settings | settings,
            }
            made[f"{about}.{measure}.{task}"] = quantity.model_copy(update=update)

        def measured(seed: int) -> dict[str, CalibrationRun]:
            both = self.trained(of, network, prepared, seed), self.trained(task, telling, by, seed)
            found = {} if denoising is None else self._denoised(denoising, *both, seed)
            return found if generation is None else found | self._drawn(generation, *both, seed)

        count = min(self.assignment.tasks[one].calibration_seeds for one in (of, task))
        return Trial(f"{of} with the classifier of {task}", count, made, measured)

    def _denoised(
        self, spec: DenoisingSpec, denoiser: Chosen, classifier: Chosen, seed: int
    ) -> dict[str, CalibrationRun]:
        curves = denoising_of(self.grader, spec, denoiser, classifier)
        pairs = zip(curves.error_noisy, curves.error_denoised, strict=True)
        ratios = tuple(after / before if before else 1.0 for before, after in pairs)
        cleaned = curves.over_judged(curves.denoised)
        return {
            "gain": CalibrationRun(seed=seed, value=curves.mean_gain[0], curve=curves.gain),
            "denoised": CalibrationRun(seed=seed, value=cleaned, curve=curves.denoised),
            "reconstruction": CalibrationRun(seed=seed, value=curves.over_judged(ratios), curve=ratios),
        }

    def _drawn(
        self, spec: GenerationSpec, autoencoder: Chosen, classifier: Chosen, seed: int
    ) -> dict[str, CalibrationRun]:
        decoder = decoder_of(self.evidence.recording.models, autoencoder.network)
        if decoder is None:
            raise CalibrationFailed("the reference's decoder was not found")
        drawn = generation_of(self.grader, spec, Drawing(autoencoder, classifier, *decoder, None))
        return {
            "recognised": CalibrationRun(seed=seed, value=drawn.recognised),
            "class_entropy": CalibrationRun(seed=seed, value=drawn.class_entropy),
            "nearest": CalibrationRun(seed=seed, value=drawn.nearest[1]),
        }

    def _reconstruction(self, spec: ReconstructionSpec) -> Trial:
        of = spec.autoencoder
        network, prepared = self._reference(of)
        about = self._about("removed", of)
        quantity = self.quantity(of, "removed", network, prepared, about)
        settings = spec.model_dump(mode="json", include={"noise", "judged"})
        settings["images"] = self.assignment.profile(self.grader.profile).evaluated_images
        update = {"levels": spec.levels, "settings": quantity.settings | settings}

        def measured(seed: int) -> dict[str, CalibrationRun]:
            made = reconstruction_of(self.grader, spec, self.trained(of, network, prepared, seed))
            return {"removed": CalibrationRun(seed=seed, value=made.removed, curve=made.denoised)}

        count = self.assignment.tasks[of].calibration_seeds
        named = {f"{about}.removed": quantity.model_copy(update=update)}
        return Trial(f"{of}, reconstruction", count, named, measured)

    def codes(self, spec: CodesSpec, seeds: tuple[int, ...] = (0,)) -> tuple[str, Network, PlannedCodes]:
        """What is trained to compare codes with pixels, and the classifier with its task."""
        task = next((one for one in spec.classifiers if self.networks(one)), "")
        if not task:
            raise CalibrationFailed(f"the reference has no classifier for task {spec.classifiers[0]}")
        telling, prepared = self._reference(task)
        return task, telling, planned(*self._reference(spec.autoencoder), telling, prepared, seeds)

    def _codes(self, spec: CodesSpec) -> Trial:
        """One run compares one pair of trainings, on an autoencoder of its own."""
        task, telling, plan = self.codes(spec)
        about = self._about("difference", task)
        quantity = self.quantity(task, "difference", telling, plan.on_codes, about)
        settings = quantity.settings | {"pixels": plan.on_pixels.recipe.without_seed}

        def measured(seed: int) -> dict[str, CalibrationRun]:
            made = codes_of(self.grader, replace(plan, seeds=(seed,)), lambda _epoch, _of: None)
            return {"difference": CalibrationRun(seed=seed, value=made.difference)}

        count = self.assignment.tasks[task].calibration_seeds
        named = {f"{about}.difference": quantity.model_copy(update={"settings": settings})}
        return Trial(f"{task}, codes against pixels", count, named, measured)

    def _about(self, measure: str, otherwise: str) -> str:
        """The task that a measure belongs to: the one that has a gate on it."""
        return next((name for name, one in self.assignment.tasks.items() if measure in one.gates), otherwise)

    def _reference(self, task: str) -> tuple[Network, Prepared]:
        network = self.networks(task).get("")
        if network is None:
            raise CalibrationFailed(f"the reference has no network for task {task}")
        return network, self.prepared(task, network)

    def trained(self, task: str, network: Network, prepared: Prepared, seed: int) -> Chosen:
        """A task's network with the weights that a seed gives it, trained now where that was not done before."""
        seeded = prepared.with_seed(seed)
        self.grader.run(prepared, seed, lambda _epoch, _of: None)
        found = self.grader.runs.known(seeded.recipe)
        if found is None:
            raise CalibrationFailed("a trained reference was lost from the cache")
        return Chosen(task, network, weighted(seeded.recipe, found[1]))


@dataclass(frozen=True)
class Trial:
    """Quantities, by name and without runs, that are measured together on trained references: `measured(seed)`
    gives a run of each, by measure."""

    label: str
    count: int
    """How many seeds the assignment asks for."""
    quantities: dict[str, CalibratedQuantity]
    measured: Callable[[int], dict[str, CalibrationRun]]


DENOISED = ("gain", "denoised", "reconstruction")
"""What is measured on a denoiser with a classifier: gain and accuracy on denoised images, averaged over the judged
levels; squared error after over before, likewise."""
DRAWN = ("recognised", "class_entropy", "nearest")
"""And on a decoder: of drawn images the share that is recognised, their classes' entropy, and the median distance
to the data set's nearest image."""


@contextmanager
def reference(
    assignment: Assignment, data: DataName, profile: Profile, device: Device, cache: RunCache | None = None
) -> Iterator[Reference]:
    """The assignment's reference, with a trainer that runs until the end of the block.

    Raises CalibrationFailed where it cannot be recorded, and DatasetError for data that is not there.
    """
    dataset = load_dataset(data, assignment.dataset)
    kept = cache or RunCache(Store(Store.default_folder(), Store.default_limit()))
    with tempfile.TemporaryDirectory(prefix="harness-") as scratch, TrainerProcess(device) as trainer:
        npz = Path(scratch) / "data.npz"
        write_recording_npz(dataset, npz)
        run = record(sandbox_for("preferred"), assignment.folder, assignment, npz)
        if run.problem or run.recording.errors:
            raise CalibrationFailed(f"the reference cannot be recorded: {run.problem or run.recording.errors[0]}")
        grader = Grader(assignment, dataset, profile, trainer, kept)
        yield Reference(grader, run, grader.inspect(SubmissionFacts(name="reference", sha256=""), run))
