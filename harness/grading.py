"""One submission from recording to evidence: inspect every network, match tasks, train what they need, measure."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any, ParamSpec

from numpy.typing import NDArray

from harness import identity, matching
from harness.allowlist import Refused
from harness.assignment import Assignment
from harness.calibrated import Profile
from harness.datasets import Dataset
from harness.dryrun import DryRun
from harness.evidence import Evidence, FitEvidence, Match, Network, RunSummary, Unmeasured
from harness.gates import Decision, Gate, decide
from harness.measure import codes
from harness.measure.classification import accuracy
from harness.measure.kept import Measurements, speed_beside
from harness.measure.noise import noise_facts
from harness.measure.self_trained import self_trained
from harness.measure.trained import Replayer, measure_trained
from harness.models import ModelFacts, ModelSpec, canonical
from harness.recording import FitRecord
from harness.results import Cause, Curve, DatasetFacts, Speed, SubmissionFacts
from harness.saved_models import with_saved_models
from harness.stacked import with_stacked
from harness.training.cache import RunCache, StoredRun
from harness.training.chain import asked
from harness.training.channel import cause_of
from harness.training.codes import PlannedCodes
from harness.training.cost import Budget, Work, patience
from harness.training.from_recording import Recipes, loss_of, optimizer_of
from harness.training.plan import PlannedFit, Planner
from harness.training.process import TimeLimit, TrainerFailed, TrainerProcess, TrainingStopped
from harness.training.recipe import Prepared
from harness.training.runs import Given, Made, Runs, weighted
from harness.training.runs import OnEpoch as OnEpochOfRun
from harness.training.sent import Weighted

MAX_MODELS = 200  # distinct ones that are inspected for a hand-in's fits; a sweep has some dozens
OnEpoch = Callable[[str, int, int], None]
"""on_epoch(task, epoch, of)"""
P = ParamSpec("P")


@dataclass(frozen=True)
class Plans:
    """What is trained for a submission, by task, in the order in which its tasks are; its fits, with what cannot be
    planned of them; what is trained to compare codes with pixels, or why it is not; and what is left of its
    budget."""

    by_task: Mapping[str, Sequence[PlannedFit]]
    fits: Mapping[str, FitEvidence]
    budget: Budget
    codes: PlannedCodes | Unmeasured | None = None

    @property
    def trainings(self) -> tuple[tuple[Prepared, Work], ...]:
        """Every training of the plans, seeds and all, each once, with what one run of it takes."""
        seeded = [
            (plan.prepared.with_seed(seed), plan.work)
            for plans in self.by_task.values()
            for plan in plans
            for seed in plan.seeds
        ]
        if isinstance(self.codes, PlannedCodes):
            both = ((self.codes.on_codes, self.codes.work), (self.codes.on_pixels, self.codes.classifying))
            seeded += [(one.with_seed(seed), work) for seed in self.codes.seeds for one, work in both]
        return tuple({one.recipe.sha256: (one, work) for one, work in seeded}.values())


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
    given: Given = field(default_factory=dict)
    """Runs that were trained elsewhere for the submission that is graded."""

    def inspect(
        self, submission: SubmissionFacts, run: DryRun, given: Mapping[str, Sequence[str]] | None = None
    ) -> Evidence:
        """What the submission is, before anything is trained: networks rebuilt, tasks matched.

        `given`: fits of tasks as the course set them, by id or place. Raises harness.matching.UnknownFit for one
        that does not exist.
        """
        recipes = Recipes(run.recording, run.frames, self.dataset)
        models: set[str] = set()
        looked_at = [Network(fit, self.inspected(fit, recipes, models)) for fit in run.recording.fits]
        networks = with_stacked(looked_at, run.recording)
        own = self_trained(run.recording.self_trained, run.frames, self.dataset, self.trainer, self.measured)
        candidates = self.assignment.profile(self.profile).candidates
        matches = matching.match(
            self.assignment.rules(), networks, given or {}, own, candidates, run.recording.models
        )
        evidence = Evidence(
            submission=submission,
            dataset=dataset_facts(self.dataset, self.assignment.dataset),
            profile=self.profile,
            recording=run.recording,
            matches=matches.by_task,
            fits={network.record.id: network.evidence for network in networks},
            unused=matches.unused,
            self_trained=own,
            gates=self.assignment.gates(self.dataset.name, self.profile),
            noise=noise_facts(run.recording.noise_probes, run.frames),
            problem=run.problem,
            interrupted=run.interrupted,
            cause=run.cause,
            isolation=self.isolation,
            isolated=self.isolated,
        )
        return with_saved_models(self, evidence, run.frames, given or {})

    def plan(self, evidence: Evidence, frames: Mapping[str, NDArray[Any]]) -> Plans:
        """What is trained in any case for the submission; more seeds come where its runs do not decide."""
        fits = dict(evidence.fits)
        planner = Planner(self.assignment, self.profile, self.dataset, evidence.recording, frames, evidence.matches)
        budget = Budget(self.assignment.allowance(self.dataset.name, len(self.dataset.x_train), self.profile))
        plans: dict[str, list[PlannedFit]] = {task: [] for task in _sure_first(evidence)}
        left = {name for name, fit in fits.items() if not fit.runs and fit.problem is None}
        for task, network in self._in_turns(evidence):
            name = network.record.id
            if name in left:
                left.remove(name)
                fits[name] = _noted(fits[name], self._planned, task, network, planner, plans[task], budget)
        return Plans(plans, fits, budget, codes.planned(self, evidence, planner, budget))

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
        plans = self.plan(evidence, frames)
        fits = dict(plans.fits)
        for task, planned in plans.by_task.items():
            fits |= self._train_task(task, planned, fits, partial(on_epoch, task))
            gate = evidence.gates.get(f"{task}.accuracy")
            if gate is not None:
                self._decide(gate, planned, fits, plans.budget, partial(on_epoch, task))
        evidence = evidence.model_copy(update={"fits": fits})
        compared = codes.compared(self, plans.codes, on_epoch)
        matches = {task: self._best_first(task, evidence) for task in evidence.matches}
        return measure_trained(self, evidence.model_copy(update={"matches": matches}), replayer, compared)

    def _in_turns(self, evidence: Evidence) -> list[tuple[str, Network]]:
        """The networks in the order in which they take from the budget: each task's first one (of a sweep all),
        before any task's second; in a turn what is surely matched first. Autoencoders that are trained only for
        their decoders come last."""
        last = {rule.task for rule in self.assignment.rules() if rule.decodes}
        turns = [
            ((task in last, 0 if self.assignment.tasks[task].sweep else number), task, network)
            for task in _sure_first(evidence)
            for number, network in enumerate(evidence.networks(task))
        ]
        return [(task, network) for _, task, network in sorted(turns, key=lambda one: one[0])]

    def _best_first(self, task: str, evidence: Evidence) -> Match:
        rule = next((rule for rule in self.assignment.rules() if rule.task == task), None)
        match = evidence.matches[task]
        return match if rule is None else matching.best_first(rule, match, evidence.networks(task))

    @cached_property
    def runs(self) -> Runs:
        """Runs of recipes, new and old."""
        return Runs(self.trainer, self.cache, self.given)

    @cached_property
    def measured(self) -> Measurements:
        """What was measured before with this trainer on this data set."""
        return Measurements(self.cache.store, self.trainer.describe(), self.dataset.sha256)

    # --- one fit

    def inspected(self, fit: FitRecord, recipes: Recipes, models: set[str] | None = None) -> FitEvidence:
        """What a fit is. One that cannot be repeated is looked at all the same. `models` are those of the hand-in
        that were inspected, and grow to MAX_MODELS; what is beyond them is refused."""
        made: dict[str, Any] = {"fit": fit.id}
        try:
            prepared = recipes.of(fit.id)
            recipe = prepared.recipe
            made |= {"epochs": asked(prepared.merged), "merged": prepared.merged, "notes": prepared.notes}
            made["fresh"] = recipe.parent is None
        except Refused as reason:
            made |= {"problem": str(reason), "cause": Cause.ERROR_IN_SUBMISSION if fit.error else Cause.REFUSED}
        for name, read in (("optimizer", optimizer_of), ("loss", loss_of)):
            with contextlib.suppress(Refused):
                made[name] = read(fit)
        try:
            spec = canonical(fit)
            if models is not None:
                _counted(models, identity.of_values(spec.model_dump(mode="json"), made.get("loss")))
            facts = self.facts(spec, made.get("loss"))
        except Refused as reason:
            facts = ModelFacts(refused=str(reason))
        except (TrainerFailed, TrainingStopped) as error:
            return FitEvidence(fit=fit.id, problem=str(error)[:500], cause=cause_of(error))
        if facts.refused:
            made = {"problem": facts.refused, "cause": Cause.REFUSED} | made
        return FitEvidence(facts=facts, **made)

    def facts(self, spec: ModelSpec, loss: tuple[str, dict[str, Any]] | None) -> ModelFacts:
        """What a network is, rebuilt, or kept from before; `refused` is set where it cannot be."""
        decided_by = [spec.model_dump(mode="json"), loss]
        return self.measured.of("model", decided_by, ModelFacts, lambda: self.trainer.inspect(spec, loss))[0]

    def _train_task(
        self, task: str, plans: Sequence[PlannedFit], fits: Mapping[str, FitEvidence], on_epoch: OnEpochOfRun
    ) -> dict[str, FitEvidence]:
        """The planned fits of one task with their runs, or with the reason why there are none."""
        seeded = [plan.prepared.with_seed(seed) for plan in plans for seed in plan.seeds]
        with contextlib.suppress(Refused, TrainerFailed, TrainingStopped):  # comes up again with its own fit
            self.runs.train_ahead(seeded, on_epoch, TimeLimit(sum(patience(plan.work) for plan in plans)))
        return {
            plan.fit: _noted(fits[plan.fit], self._trained, task, plan, fits[plan.fit], on_epoch) for plan in plans
        }

    def _planned(
        self, task: str, network: Network, planner: Planner, plans: list[PlannedFit], budget: Budget
    ) -> FitEvidence:
        """Add the plan of one fit to those of its task, where the budget allows it. An autoencoder that is trained
        only for its decoder may take what the one of the task that it decodes may."""
        plan = planner.plan(task, network, plans)
        decodes = next((rule.decodes for rule in self.assignment.rules() if rule.task == task), "")
        recipes = [(one.recipe, self.facts(one.recipe.model, None)) for one in plan.prepared.ancestors]
        work = budget.charge(decodes or task, [*recipes, (plan.prepared.recipe, network.facts)], plan.seeds)
        plans.append(replace(plan, work=work))
        return network.evidence

    def _trained(self, task: str, plan: PlannedFit, evidence: FitEvidence, on_epoch: OnEpochOfRun) -> FitEvidence:
        limit = TimeLimit(patience(plan.work))
        runs = tuple(self.run(plan.prepared, seed, on_epoch, limit) for seed in plan.seeds)
        return evidence.model_copy(
            update={
                "runs": runs,
                "recipe": plan.prepared.recipe,
                "scaled": plan.scale,
                "identical": self.assignment.tasks[task].identity and self._is_reference(task, plan.handed_in),
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

    def run(
        self, prepared: Prepared, seed: int, on_epoch: OnEpochOfRun, limit: TimeLimit | None = None
    ) -> RunSummary:
        """Train a recipe with a seed, or take the run from the cache, and measure it. Its ancestors come first."""
        seeded = prepared.with_seed(seed)
        recipe = seeded.recipe
        found = self.runs.known(recipe)
        given = self.given.get(recipe.sha256)
        cached = given.kept if isinstance(given, Made) else found is not None
        if found is None:
            found = self.runs.train(seeded, on_epoch, limit)
        stored, arrays = found
        return RunSummary(
            recipe=recipe.sha256,
            seed=seed,
            accuracy=accuracy(arrays["predictions"], self.dataset.y_test) if recipe.classifier else None,
            images=len(self.dataset.y_test),
            curve=curve_of(stored),
            seconds=round(stored.seconds, 3),
            trainer=stored.trainer,
            why=stored.device.get("why", ""),
            cached=cached,
        )

    def weighted(self, network: Network) -> Weighted | None:
        """A network's recipe and the weights of its first run; None where it was not trained.

        A replicate that was not trained, because equal ones stand for it, has the weights of the first of them.
        """
        evidence = network.evidence
        if evidence.recipe is None or evidence.problem is not None:
            return None
        recipe = evidence.recipe.with_seed(evidence.runs[0].seed if evidence.runs else 0)
        found = self.runs.known(recipe)
        return None if found is None else weighted(recipe, found[1])

    def _decide(
        self,
        gate: Gate,
        plans: Sequence[PlannedFit],
        fits: dict[str, FitEvidence],
        budget: Budget,
        on_epoch: OnEpochOfRun,
    ) -> None:
        """Train the most accurate network of a task with more seeds, as long as its runs do not decide; `fits` is
        kept up to date. Where the budget does not allow one, or it fails, they stay undecided, for a person."""
        while True:
            open_ones = [(_mean(fits[plan.fit]), plan) for plan in plans if fits[plan.fit].accuracies]
            best = max(open_ones, key=lambda one: one[0], default=None)
            if best is None:
                return
            plan, evidence = best[1], fits[best[1].fit]
            if evidence.identical or not gate.known or decide(gate, evidence.accuracies) is not Decision.OPEN:
                return
            seed = len(evidence.runs)
            try:
                budget.charge(gate.task, [(plan.prepared.recipe, evidence.facts)], [seed])
                run = self.run(plan.prepared, seed, on_epoch, TimeLimit(patience(plan.work)))
            except (Refused, TrainerFailed, TrainingStopped):
                return
            fits[plan.fit] = evidence.model_copy(update={"runs": (*evidence.runs, run)})

    def _is_reference(self, task: str, handed_in: str) -> bool:
        calibration = self.assignment.calibration(self.dataset.name, self.profile)
        return calibration is not None and any(
            quantity.handed_in == handed_in
            for quantity in calibration.quantities.values()
            if quantity.trained_for == task
        )


def dataset_facts(dataset: Dataset, own: str) -> DatasetFacts:
    """What a result says of its data set; `own` is the assignment's."""
    return DatasetFacts(
        name=dataset.name,
        sha256=dataset.sha256,
        official=dataset.official and dataset.name == own,
        train_images=len(dataset.x_train),
        evaluation_images=len(dataset.x_test),
    )


def _counted(models: set[str], model: str) -> None:
    """Add a model to those that were inspected. Raises Refused where it is one too many."""
    if model not in models and len(models) >= MAX_MODELS:
        raise Refused(f"the hand-in trains more than {MAX_MODELS} different networks; the first ones are looked at")
    models.add(model)


def _mean(evidence: FitEvidence) -> float:
    """The mean accuracy of a network's runs; of those without any, below all."""
    return sum(evidence.accuracies) / len(evidence.accuracies) if evidence.accuracies else -1.0


def _sure_first(evidence: Evidence) -> list[str]:
    """The matched tasks, those that are surely matched first: they are what the budget is for."""
    return sorted(evidence.matches, key=lambda task: not evidence.matches[task].sure)


def _noted(evidence: FitEvidence, make: Callable[P, FitEvidence], *args: P.args, **kwargs: P.kwargs) -> FitEvidence:
    """What `make` gives; where it raises, the evidence with the reason and whose it is."""
    try:
        return make(*args, **kwargs)
    except (Refused, TrainerFailed, TrainingStopped) as error:
        return evidence.model_copy(update={"problem": str(error)[:500], "cause": cause_of(error)})


def curve_of(stored: StoredRun) -> Curve:
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
        diverged=any(value is None for kept in stored.history.values() for value in kept),
    )
