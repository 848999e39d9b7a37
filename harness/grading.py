"""One submission from recording to evidence: inspect every network, match tasks, train what they need, measure."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from numpy.typing import NDArray

from harness import matching
from harness.allowlist import Refused
from harness.assignment import Assignment, Profile
from harness.datasets import Dataset
from harness.dryrun import DryRun
from harness.evidence import Evidence, FitEvidence, Match, Network, RunSummary
from harness.measure.classification import accuracy
from harness.measure.kept import Measurements, speed_beside
from harness.measure.noise import noise_facts
from harness.measure.self_trained import self_trained
from harness.measure.trained import Replayer, measure_trained
from harness.models import ModelFacts, ModelSpec, canonical
from harness.recording import FitRecord
from harness.results import Cause, Curve, DatasetFacts, Speed, SubmissionFacts
from harness.training.cache import RunCache, StoredRun
from harness.training.cost import Budget
from harness.training.from_recording import Recipes, loss_of, optimizer_of
from harness.training.plan import PlannedFit, Planner
from harness.training.process import TrainerFailed, TrainerProcess, TrainingStopped, Weighted
from harness.training.recipe import Prepared, Recipe

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

    def inspect(
        self, submission: SubmissionFacts, run: DryRun, given: Mapping[str, Sequence[str]] | None = None
    ) -> Evidence:
        """What the submission is, before anything is trained: networks rebuilt, tasks matched.

        `given`: fits of tasks as the course set them, by id or place. Raises harness.matching.UnknownFit for one
        that does not exist.
        """
        recipes = Recipes(run.recording, run.frames, self.dataset)
        networks = tuple(Network(fit, self._inspected(fit, recipes)) for fit in run.recording.fits)
        own = self_trained(run.recording.self_trained, run.frames, self.dataset, self.trainer, self.measured)
        candidates = self.assignment.profile(self.profile).candidates
        matches = matching.match(self.assignment.rules(), networks, given or {}, own, candidates)
        return Evidence(
            submission=submission,
            dataset=dataset_facts(self.dataset),
            profile=self.profile,
            recording=run.recording,
            matches=matches.by_task,
            fits={network.record.id: network.evidence for network in networks},
            unused=matches.unused,
            self_trained=own,
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
        replayer: Replayer | None = None,
    ) -> Evidence:
        """The same evidence with the runs of every matched network, and what is measured on the trained ones."""
        with self.cache.holding():  # what was trained is used again, and must not depend on what others evict
            return self._train(evidence, frames, on_epoch, replayer)

    def _train(
        self, evidence: Evidence, frames: dict[str, NDArray[Any]], on_epoch: OnEpoch, replayer: Replayer | None
    ) -> Evidence:
        fits = dict(evidence.fits)
        planner = Planner(self.assignment, self.profile, self.dataset, evidence.recording, frames, evidence.matches)
        budget = Budget(self.assignment.allowance(self.dataset.name, len(self.dataset.x_train), self.profile))
        # What is surely matched comes first: it is what the budget is for.
        for task in sorted(evidence.matches, key=lambda task: not evidence.matches[task].sure):
            planned: list[PlannedFit] = []
            for network in evidence.networks(task):
                name = network.record.id
                if not fits[name].runs and fits[name].problem is None:
                    fits[name] = self._trained(task, network, planner, planned, budget, on_epoch)
        evidence = evidence.model_copy(update={"fits": fits})
        matches = {task: self._best_first(task, evidence) for task in evidence.matches}
        return measure_trained(self, evidence.model_copy(update={"matches": matches}), replayer)

    def _best_first(self, task: str, evidence: Evidence) -> Match:
        rule = next((rule for rule in self.assignment.rules() if rule.task == task), None)
        match = evidence.matches[task]
        return match if rule is None else matching.best_first(rule, match, evidence.networks(task))

    @cached_property
    def measured(self) -> Measurements:
        """What was measured before with this trainer on this data set."""
        return Measurements(self.cache.store, self.trainer.describe(), self.dataset.sha256)

    # --- one fit

    def _inspected(self, fit: FitRecord, recipes: Recipes) -> FitEvidence:
        """What a fit is. One that cannot be repeated is looked at all the same."""
        made: dict[str, Any] = {"fit": fit.id}
        try:
            prepared = recipes.of(fit.id)
            recipe = prepared.recipe
            made |= {"epochs": recipe.epochs, "merged": prepared.merged, "notes": prepared.notes}
            made["fresh"] = recipe.parent is None
        except Refused as reason:
            made |= {"problem": str(reason), "cause": Cause.ERROR_IN_SUBMISSION if fit.error else Cause.REFUSED}
        for name, read in (("optimizer", optimizer_of), ("loss", loss_of)):
            with contextlib.suppress(Refused):
                made[name] = read(fit)
        try:
            facts = self._facts(canonical(fit), made.get("loss"))
        except Refused as reason:
            facts = ModelFacts(refused=str(reason))
        except TrainerFailed as error:
            return FitEvidence(fit=fit.id, problem=str(error)[:500], cause=Cause.HARNESS_FAULT)
        except TrainingStopped as stopped:
            return FitEvidence(fit=fit.id, problem=str(stopped), cause=stopped.cause)
        if facts.refused:
            made = {"problem": facts.refused, "cause": Cause.REFUSED} | made
        return FitEvidence(facts=facts, **made)

    def _facts(self, spec: ModelSpec, loss: tuple[str, dict[str, Any]] | None) -> ModelFacts:
        decided_by = [spec.model_dump(mode="json"), loss]
        return self.measured.of("model", decided_by, ModelFacts, lambda: self.trainer.inspect(spec, loss))[0]

    def _trained(
        self,
        task: str,
        network: Network,
        planner: Planner,
        planned: list[PlannedFit],
        budget: Budget,
        on_epoch: OnEpoch,
    ) -> FitEvidence:
        evidence = network.evidence
        try:
            plan = planner.plan(task, network, planned)
            planned.append(plan)
            for ancestor in plan.prepared.ancestors:
                facts = self._facts(ancestor.recipe.model, None)
                budget.charge(task, ancestor.recipe, facts, plan.seeds)
            budget.charge(task, plan.prepared.recipe, network.facts, plan.seeds)
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
        return evidence.model_copy(
            update={
                "runs": runs,
                "recipe": plan.prepared.recipe,
                "scaled": plan.scale,
                "identical": gate is not None and gate.identity and self._is_reference(task, plan.handed_in),
                "speed": self._speed(task, plan.prepared),
            }
        )

    def _speed(self, task: str, prepared: Prepared) -> tuple[Speed, ...]:
        """A network's speed beside the reference's; nothing where the two cannot be compared."""
        file, _, function = self.assignment.tasks[task].reference.partition(":")
        if not file or not self.assignment.profile(self.profile).speed:
            return ()
        try:
            reference = self.assignment.folder / file
            return speed_beside(self.measured, self.trainer, prepared.recipe, reference, function)
        except (Refused, TrainerFailed):
            return ()

    def run(self, prepared: Prepared, seed: int, on_epoch: Callable[[int, int], None]) -> RunSummary:
        """Train a recipe with a seed, or take the run from the cache, and measure it. Its ancestors come first."""
        seeded = prepared.with_seed(seed)
        recipe = seeded.recipe
        found = self.cache.get(recipe, self.trainer.describe(recipe))
        cached = found is not None
        if found is None:
            found = self._run_after_its_ancestors(seeded, on_epoch)
        stored, arrays = found
        return RunSummary(
            recipe=recipe.sha256,
            seed=seed,
            accuracy=accuracy(arrays["predictions"], self.dataset.y_test) if recipe.classifier else None,
            images=len(self.dataset.y_test),
            curve=_curve(stored),
            seconds=round(stored.seconds, 3),
            trainer=stored.trainer,
            why=stored.device.get("why", ""),
            cached=cached,
        )

    def _run_after_its_ancestors(
        self, prepared: Prepared, on_epoch: Callable[[int, int], None]
    ) -> tuple[StoredRun, dict[str, NDArray[Any]]]:
        weights: dict[str, Weighted] = {}
        for one in prepared.ancestors:
            found = self.cache.get(one.recipe, self.trainer.describe(one.recipe))
            if found is None:
                try:
                    found = self._run_with(one, weights, on_epoch)
                except Refused as reason:
                    raise Refused(f"it starts from a network that is not trained: {reason}") from None
            weights[one.recipe.without_seed] = _weighted(one.recipe, found[1])
        return self._run_with(prepared, weights, on_epoch)

    def _run_with(
        self, prepared: Prepared, weights: Mapping[str, Weighted], on_epoch: Callable[[int, int], None]
    ) -> tuple[StoredRun, dict[str, NDArray[Any]]]:
        parents = [weights[identity] for identity in prepared.recipe.parents]
        return self.cache.put(prepared.recipe, self.trainer.train(prepared, on_epoch, parents))

    def weighted(self, network: Network) -> Weighted | None:
        """A network's recipe and the weights of its first run; None where it was not trained.

        A replicate that was not trained, because equal ones stand for it, has the weights of the first of them.
        """
        evidence = network.evidence
        if evidence.recipe is None or evidence.problem is not None:
            return None
        recipe = evidence.recipe.with_seed(evidence.runs[0].seed if evidence.runs else 0)
        found = self.cache.get(recipe, self.trainer.describe(recipe))
        return None if found is None else _weighted(recipe, found[1])

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


def _weighted(recipe: Recipe, arrays: Mapping[str, NDArray[Any]]) -> Weighted:
    return Weighted(recipe, [arrays[name] for name in sorted(arrays) if name != "predictions"])


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
