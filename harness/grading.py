"""One submission from recording to evidence: inspect every network, match tasks, train what they need, measure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from harness import matching
from harness.allowlist import Refused
from harness.assignment import Assignment, Profile
from harness.datasets import Dataset
from harness.dryrun import DryRun
from harness.evidence import Evidence, FitEvidence, Network, RunSummary
from harness.measure.classification import accuracy
from harness.models import ModelFacts
from harness.recording import Finding, FitRecord
from harness.results import Cause, Curve, DatasetFacts, SubmissionFacts
from harness.training.cache import RunCache, StoredRun
from harness.training.process import TrainerFailed, TrainerProcess, TrainingStopped
from harness.training.recipe import Prepared, Scale, from_fit

OnEpoch = Callable[[str, int, int], None]
"""on_epoch(task, epoch, of)"""


@dataclass(frozen=True)
class Grader:
    """What is the same for every submission of a grading run."""

    assignment: Assignment
    dataset: Dataset
    profile: Profile
    trainer: TrainerProcess
    cache: RunCache
    isolation: str = ""
    isolated: bool = True

    def inspect(self, submission: SubmissionFacts, run: DryRun) -> Evidence:
        """What the submission is, before anything is trained: networks rebuilt, tasks matched."""
        prepared = {fit.id: self._prepare(fit, run.frames, None) for fit in run.recording.fits}
        networks = tuple(Network(fit, prepared[fit.id][0]) for fit in run.recording.fits)
        matches = matching.match(self.assignment.rules(), networks)
        return Evidence(
            submission=submission,
            dataset=dataset_facts(self.dataset),
            profile=self.profile,
            recording=run.recording,
            matches=matches.by_task,
            fits={network.record.id: network.evidence for network in networks},
            bounds=self.assignment.bounds(self.dataset.name, self.profile),
            problem=run.problem,
            interrupted=run.interrupted,
            cause=run.cause,
            isolation=self.isolation,
            isolated=self.isolated,
        )

    def train(self, evidence: Evidence, frames: dict[str, NDArray[Any]], on_epoch: OnEpoch) -> Evidence:
        """The same evidence with the runs of every matched network."""
        records = {fit.id: fit for fit in evidence.recording.fits}
        fits = dict(evidence.fits)
        for task, match in evidence.matches.items():
            for name in match.fits:
                if not fits[name].runs and fits[name].problem is None:
                    fits[name] = self._trained(task, records[name], fits[name], frames, on_epoch)
        return evidence.model_copy(update={"fits": fits})

    # --- one fit

    def _prepare(
        self, fit: FitRecord, frames: dict[str, NDArray[Any]], scale: Scale | None
    ) -> tuple[FitEvidence, Prepared | None]:
        try:
            prepared = from_fit(fit, frames, self.dataset, scale)
        except Refused as reason:
            return self._not_trainable(fit, str(reason)), None
        try:
            facts = self.trainer.inspect(prepared.recipe.model, prepared.recipe.loss)
        except TrainerFailed as error:
            return FitEvidence(fit=fit.id, problem=str(error)[:500], cause=Cause.HARNESS_FAULT), None
        evidence = FitEvidence(
            fit=fit.id,
            facts=facts,
            loss=prepared.recipe.loss,
            optimizer=prepared.recipe.optimizer,
            problem=facts.refused,
            cause=Cause.REFUSED if facts.refused else None,
        )
        return evidence, prepared

    def _not_trainable(self, fit: FitRecord, reason: str) -> FitEvidence:
        """A fit that cannot be repeated may still be looked at."""
        from harness.models import canonical

        try:
            facts = self.trainer.inspect(canonical(fit), None)
        except Refused as refused:
            facts = ModelFacts(refused=str(refused))
        return FitEvidence(fit=fit.id, facts=facts, problem=reason, cause=Cause.REFUSED)

    def _trained(
        self, task: str, fit: FitRecord, evidence: FitEvidence, frames: dict[str, NDArray[Any]], on_epoch: OnEpoch
    ) -> FitEvidence:
        spec = self.assignment.tasks[task]
        scale = spec.scaled.get(self.dataset.name)
        try:
            prepared = from_fit(fit, frames, self.dataset, scale)
            as_handed_in = from_fit(fit, frames, self.dataset)
            convolutional = Network(fit, evidence).convolutional
            runs = tuple(
                self.run(prepared, seed, lambda epoch, of: on_epoch(task, epoch, of))
                for seed in range(self.assignment.seeds(self.profile, convolutional))
            )
        except Refused as reason:
            return evidence.model_copy(update={"problem": str(reason), "cause": Cause.REFUSED})
        except TrainerFailed as error:
            return evidence.model_copy(update={"problem": str(error)[:500], "cause": Cause.HARNESS_FAULT})
        except TrainingStopped as stopped:
            return evidence.model_copy(update={"problem": str(stopped), "cause": stopped.cause})
        identical = bool(spec.accuracy and spec.accuracy.identity) and self._is_reference(task, as_handed_in)
        return evidence.model_copy(update={"runs": runs, "scaled": scale, "identical": identical})

    def run(self, prepared: Prepared, seed: int, on_epoch: Callable[[int, int], None]) -> RunSummary:
        """Train a recipe with a seed, or take the run from the cache, and measure it."""
        recipe = prepared.recipe.with_seed(seed)
        device = self.trainer.describe()
        found = self.cache.get(recipe, device)
        cached = found is not None
        if found is None:
            found = self.cache.put(recipe, self.trainer.train(Prepared(recipe, prepared.arrays), on_epoch))
        stored, arrays = found
        classifier = recipe.y.encoding != "pixels"
        return RunSummary(
            recipe=recipe.sha256,
            seed=seed,
            accuracy=accuracy(arrays["predictions"], self.dataset.y_test) if classifier else None,
            images=len(self.dataset.y_test),
            curve=_curve(stored),
            seconds=round(stored.seconds, 3),
            trainer=stored.trainer,
            cached=cached,
        )

    def _is_reference(self, task: str, prepared: Prepared) -> bool:
        calibration = self.assignment.calibration(self.dataset.name)
        quantity = calibration.quantities.get(task) if calibration else None
        return quantity is not None and quantity.handed_in == prepared.recipe.without_seed


def find(assignment: Assignment, evidence: Evidence) -> tuple[Finding, ...]:
    """The recorder's findings and the assignment's own, in that order."""
    own: Sequence[Finding] = tuple(assignment.module("findings").find(evidence))
    return (*evidence.recording.findings, *own)


def dataset_facts(dataset: Dataset) -> DatasetFacts:
    """What a result says of its data set."""
    return DatasetFacts(
        name=dataset.name,
        sha256=dataset.sha256,
        official=dataset.official,
        train_images=len(dataset.x_train),
        evaluation_images=len(dataset.x_test),
    )


def _curve(stored: StoredRun) -> Curve:
    """Values an epoch; a curve that stopped being finite ends there."""

    def values(name: str) -> tuple[float, ...]:
        kept: list[float] = []
        for value in stored.history.get(name, ()):
            if value is None:
                break
            kept.append(value)
        return tuple(kept)

    return Curve(
        seed=stored.seed,
        accuracy=values("accuracy"),
        val_accuracy=values("val_accuracy"),
        loss=values("loss"),
        val_loss=values("val_loss"),
    )
