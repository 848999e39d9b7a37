"""An assignment's own hand-in, recorded and looked at like any other: what calibration trains and measures."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness import datasets
from harness.assignment import Assignment, AssignmentError
from harness.bench import load_dataset, sandbox_for
from harness.calibrated import CalibratedQuantity, CalibrationRun, Profile
from harness.decoders import decoder_of
from harness.dryrun import DryRun, record
from harness.evidence import Evidence, Network
from harness.grading import Grader
from harness.measure.autoencoders import Chosen, Drawing, denoising_of, generation_of
from harness.results import SubmissionFacts
from harness.store import Store
from harness.training.cache import RunCache
from harness.training.from_recording import from_fit
from harness.training.process import Device, TrainerProcess
from harness.training.recipe import Prepared
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

    def prepared(self, task: str, network: Network) -> Prepared:
        """What is trained for a network of a task in this profile."""
        scale = self.assignment.tasks[task].scale(self.grader.dataset.name, self.grader.profile)
        return from_fit(network.record, self.run.frames, self.grader.dataset, scale)

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
            handed_in=from_fit(network.record, self.run.frames, self.grader.dataset).recipe.without_seed,
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

    def denoising_quantities(
        self, classifier: str, denoiser: Network, prepared: Prepared
    ) -> dict[str, CalibratedQuantity]:
        """What is measured on trained autoencoders with a task's classifier, by name, without runs.

        A measure belongs to the task that has a gate on it, and to the denoiser's otherwise.
        """
        spec, tasks = self.assignment.denoising, self.assignment.tasks
        if spec is None:
            return {}
        telling = self.prepared(classifier, self.networks(classifier)[""]).recipe
        measured = {
            "classifier": telling.without_seed,
            "judged": list(spec.judged),
            "images": self.assignment.profile(self.grader.profile).denoising_images,
            "generated": spec.generated,
        }
        made = {}
        for measure in MEASURES:
            task = next((name for name, one in tasks.items() if measure in one.gates), spec.denoiser)
            quantity = self.quantity(spec.denoiser, measure, denoiser, prepared, task)
            levels = spec.levels if measure in CURVES else ()
            made[f"{task}.{measure}.{classifier}"] = quantity.model_copy(
                update={
                    "levels": levels,
                    "unit": "ratio" if measure == "reconstruction" else "share",
                    "settings": quantity.settings | measured,
                }
            )
        return made

    def denoised(
        self, denoiser: Network, prepared: Prepared, seed: int, classifier: str
    ) -> dict[str, CalibrationRun]:
        """Everything that is measured on a trained autoencoder with a task's classifier of the same seed, by
        measure."""
        telling = self.networks(classifier)[""]
        chosen = self._chosen("", denoiser, prepared, seed)
        by = self._chosen(classifier, telling, self.prepared(classifier, telling), seed)
        curves = denoising_of(self.grader, chosen, by)
        decoder = decoder_of(self.evidence.recording.models, denoiser)
        if decoder is None:
            raise CalibrationFailed("the reference's decoder was not found")
        drawn = generation_of(self.grader, Drawing(chosen, by, *decoder, None))
        ratios = tuple(
            after / before if before else 1.0
            for before, after in zip(curves.error_noisy, curves.error_denoised, strict=True)
        )
        return {
            "gain": CalibrationRun(seed=seed, value=curves.mean_gain[0], curve=curves.gain),
            "denoised": CalibrationRun(seed=seed, value=curves.over_judged(curves.denoised), curve=curves.denoised),
            "reconstruction": CalibrationRun(seed=seed, value=curves.over_judged(ratios), curve=ratios),
            "recognised": CalibrationRun(seed=seed, value=drawn.recognised),
            "class_entropy": CalibrationRun(seed=seed, value=drawn.class_entropy),
            "nearest": CalibrationRun(seed=seed, value=drawn.nearest[1]),
        }

    def _chosen(self, task: str, network: Network, prepared: Prepared, seed: int) -> Chosen:
        seeded = prepared.with_seed(seed)
        self.grader.run(prepared, seed, lambda _epoch, _of: None)
        found = self.grader.runs.known(seeded.recipe)
        if found is None:
            raise CalibrationFailed("a trained reference was lost from the cache")
        return Chosen(task, network, weighted(seeded.recipe, found[1]))


MEASURES = ("gain", "denoised", "reconstruction", "recognised", "class_entropy", "nearest")
"""What is measured on a trained autoencoder: gain and accuracy on denoised images, averaged over the judged levels;
squared error after over before, likewise; of drawn images the share that is recognised, their classes' entropy, and
the median distance to the data set's nearest image."""
CURVES = ("gain", "denoised", "reconstruction")
"""Those that are averages over noise levels."""


@contextmanager
def reference(
    assignment: Assignment, data: DataName, profile: Profile, device: Device, cache: RunCache | None = None
) -> Iterator[Reference]:
    """The assignment's reference, with a trainer that runs until the end of the block.

    Raises CalibrationFailed where it cannot be recorded, and DatasetError for data that is not there.
    """
    dataset = load_dataset(data)
    kept = cache or RunCache(Store(Store.default_folder(), Store.default_limit()))
    with tempfile.TemporaryDirectory(prefix="harness-") as scratch, TrainerProcess(device) as trainer:
        npz = Path(scratch) / "data.npz"
        datasets.write_recording_npz(dataset, npz)
        run = record(sandbox_for("preferred"), assignment.folder, assignment, npz)
        if run.problem or run.recording.errors:
            raise CalibrationFailed(f"the reference cannot be recorded: {run.problem or run.recording.errors[0]}")
        grader = Grader(assignment, dataset, profile, trainer, kept)
        yield Reference(grader, run, grader.inspect(SubmissionFacts(name="reference", sha256=""), run))
