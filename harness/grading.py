"""One submission from recording to evidence: inspect every network, match tasks, train what they need, measure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from numpy.typing import NDArray

from harness import matching
from harness.allowlist import Refused
from harness.assignment import Assignment, Profile
from harness.datasets import Dataset
from harness.dryrun import DryRun
from harness.evidence import Evidence, FitEvidence, Network, RunSummary
from harness.measure.classification import accuracy
from harness.measure.noise import noise_facts
from harness.measure.trained import Redraw, measure_trained
from harness.models import ModelFacts
from harness.recording import FitRecord
from harness.results import Cause, Curve, DatasetFacts, Speed, SubmissionFacts
from harness.training.cache import RunCache, StoredRun
from harness.training.plan import PlannedFit, plan_fit
from harness.training.process import TrainerFailed, TrainerProcess, TrainingStopped, Weighted
from harness.training.recipe import Prepared, from_fit

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
        networks = tuple(Network(fit, self._inspected(fit, run.frames)) for fit in run.recording.fits)
        matches = matching.match(self.assignment.rules(), networks)
        return Evidence(
            submission=submission,
            dataset=dataset_facts(self.dataset),
            profile=self.profile,
            recording=run.recording,
            matches=matches.by_task,
            fits={network.record.id: network.evidence for network in networks},
            bounds=self.assignment.bounds(self.dataset.name, self.profile),
            noise=noise_facts(run.recording.noise_probes, run.frames),
            problem=run.problem,
            interrupted=run.interrupted,
            cause=run.cause,
            isolation=self.isolation,
            isolated=self.isolated,
        )

    def train(
        self,
        evidence: Evidence,
        frames: dict[str, NDArray[Any]],
        on_epoch: OnEpoch,
        redraw: Redraw | None = None,
    ) -> Evidence:
        """The same evidence with the runs of every matched network, and what is measured on the trained ones."""
        fits = dict(evidence.fits)
        for task in evidence.matches:
            planned: list[PlannedFit] = []
            for network in evidence.networks(task):
                name = network.record.id
                if not fits[name].runs and fits[name].problem is None:
                    fits[name] = self._trained(task, network, frames, planned, on_epoch)
        return measure_trained(self, evidence.model_copy(update={"fits": fits}), frames, redraw)

    # --- one fit

    def _inspected(self, fit: FitRecord, frames: dict[str, NDArray[Any]]) -> FitEvidence:
        try:
            recipe = from_fit(fit, frames, self.dataset).recipe
        except Refused as reason:
            return self._not_trainable(fit, str(reason))
        try:
            facts = self.trainer.inspect(recipe.model, recipe.loss)
        except TrainerFailed as error:
            return FitEvidence(fit=fit.id, problem=str(error)[:500], cause=Cause.HARNESS_FAULT)
        except TrainingStopped as stopped:
            return FitEvidence(fit=fit.id, problem=str(stopped), cause=stopped.cause)
        return FitEvidence(
            fit=fit.id,
            facts=facts,
            loss=recipe.loss,
            optimizer=recipe.optimizer,
            problem=facts.refused,
            cause=Cause.REFUSED if facts.refused else None,
        )

    def _not_trainable(self, fit: FitRecord, reason: str) -> FitEvidence:
        """A fit that cannot be repeated may still be looked at."""
        from harness.models import canonical

        try:
            facts = self.trainer.inspect(canonical(fit), None)
        except (Refused, TrainingStopped) as refused:
            facts = ModelFacts(refused=str(refused))
        except TrainerFailed as error:
            return FitEvidence(fit=fit.id, problem=str(error)[:500], cause=Cause.HARNESS_FAULT)
        return FitEvidence(fit=fit.id, facts=facts, problem=reason, cause=Cause.REFUSED)

    def _trained(
        self,
        task: str,
        network: Network,
        frames: dict[str, NDArray[Any]],
        planned: list[PlannedFit],
        on_epoch: OnEpoch,
    ) -> FitEvidence:
        evidence = network.evidence
        try:
            plan = plan_fit(self.assignment, task, network, frames, self.dataset, self.profile, planned)
            planned.append(plan)
            runs = tuple(
                self.run(plan.prepared, seed, lambda epoch, of: on_epoch(task, epoch, of)) for seed in plan.seeds
            )
        except Refused as reason:
            return evidence.model_copy(update={"problem": str(reason), "cause": Cause.REFUSED})
        except TrainerFailed as error:
            return evidence.model_copy(update={"problem": str(error)[:500], "cause": Cause.HARNESS_FAULT})
        except TrainingStopped as stopped:
            return evidence.model_copy(update={"problem": str(stopped), "cause": stopped.cause})
        gate = self.assignment.tasks[task].accuracy
        identical = gate is not None and gate.identity and self._is_reference(task, plan.handed_in)
        speed = self._speed(task, plan.prepared)
        return evidence.model_copy(
            update={"runs": runs, "scaled": plan.scale, "identical": identical, "speed": speed}
        )

    def _speed(self, task: str, prepared: Prepared) -> tuple[Speed, ...]:
        """A network's speed beside the reference's; nothing where the two cannot be compared."""
        file, _, function = self.assignment.tasks[task].reference.partition(":")
        if not file or not self.assignment.profile(self.profile).speed:
            return ()
        try:
            measured = self.trainer.speed(prepared.recipe, self.assignment.folder / file, function)
        except (Refused, TrainerFailed):
            return ()
        return (_speed("inference", measured), _speed("training", measured))

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

    def weighted(self, network: Network, frames: dict[str, NDArray[Any]], task: str) -> Weighted | None:
        """A network's recipe and the weights of its first run; None where it was not trained."""
        plan = plan_fit(self.assignment, task, network, frames, self.dataset, self.profile, ())
        recipe = plan.prepared.recipe.with_seed(plan.seeds[0])
        found = self.cache.get(recipe, self.trainer.describe())
        if found is None:
            return None
        arrays = found[1]
        return Weighted(recipe, [arrays[name] for name in sorted(arrays) if name != "predictions"])

    def _is_reference(self, task: str, handed_in: str) -> bool:
        calibration = self.assignment.calibration(self.dataset.name)
        quantity = calibration.quantities.get(task) if calibration else None
        return quantity is not None and quantity.handed_in == handed_in


def dataset_facts(dataset: Dataset) -> DatasetFacts:
    """What a result says of its data set."""
    return DatasetFacts(
        name=dataset.name,
        sha256=dataset.sha256,
        official=dataset.official,
        train_images=len(dataset.x_train),
        evaluation_images=len(dataset.x_test),
    )


def _speed(work: Literal["inference", "training"], measured: dict[str, dict[str, float]]) -> Speed:
    one = measured[work]
    return Speed(work=work, ratio=one["ratio"], low=one["low"], high=one["high"], n=int(one["n"]))


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
