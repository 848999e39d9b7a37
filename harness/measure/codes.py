"""Whether codes serve a classifier better than pixels: one classifier, trained on both with the same seeds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from harness.allowlist import Refused
from harness.evidence import Evidence, Network, Unmeasured
from harness.measured import CodesAgainstPixels
from harness.models import ModelFacts, ModelSpec
from harness.results import Cause
from harness.stats import mean_interval
from harness.training import codes
from harness.training.channel import TrainerFailed, TrainingStopped, cause_of
from harness.training.codes import PlannedCodes
from harness.training.cost import Budget, patience
from harness.training.process import TimeLimit

if TYPE_CHECKING:
    from harness.grading import Grader
    from harness.training.plan import Planner


def planned(
    grader: Grader, evidence: Evidence, planner: Planner, budget: Budget
) -> PlannedCodes | Unmeasured | None:
    """What is trained to compare codes with pixels; or why nothing is, or None where the assignment asks for no
    such comparison. It is taken from the budget."""
    spec = grader.assignment.measurements.codes
    if spec is None:
        return None
    encoding = next(iter(evidence.networks(spec.autoencoder)), None)
    found = [(task, one) for task in spec.classifiers for one in evidence.networks(task)]
    telling = next((one for one in found if _plain(one[1])), next(iter(found), None))
    if encoding is None or telling is None or telling[1].evidence.stacked is not None:
        return Unmeasured(
            reason=f"there is no {'autoencoder' if encoding is None else 'classifier that stands alone'}"
        )
    task, classifier = telling
    if left := next(
        (one.evidence for one in (encoding, classifier) if one.evidence.cause is Cause.NOT_TRAINED), None
    ):
        return Unmeasured(reason=left.problem or "", cause=left.cause)
    try:
        made = codes.planned(
            encoding, planner.plan(spec.autoencoder, encoding, ()).prepared,
            classifier, planner.plan(task, classifier, ()).prepared,
            tuple(range(spec.seeds[grader.profile])),
        )  # fmt: skip
        parents = [(one.recipe, grader.facts(one.recipe.model, None)) for one in made.on_codes.ancestors]
        both = [(one.recipe, _rebuilt(grader, one.recipe.model)) for one in (made.on_codes, made.on_pixels)]
        first = budget.charge(spec.autoencoder, parents, made.seeds)
        return replace(made, encoding=first, classifying=budget.charge(task, both, made.seeds))
    except (Refused, TrainerFailed, TrainingStopped) as error:
        return Unmeasured(reason=str(error)[:500], cause=cause_of(error))


def compared(
    grader: Grader, plan: PlannedCodes | Unmeasured | None, on_epoch: Callable[[str, int, int], None]
) -> CodesAgainstPixels | Unmeasured | None:
    """What the plan's runs come to, or why there are none; on_epoch(task, epoch, of)."""
    if not isinstance(plan, PlannedCodes):
        return plan
    try:
        return codes_of(grader, plan, partial(on_epoch, ""), TimeLimit(patience(plan.work)))
    except (Refused, TrainerFailed, TrainingStopped) as error:
        return Unmeasured(reason=str(error)[:500], cause=cause_of(error))


def codes_of(
    grader: Grader, plan: PlannedCodes, on_epoch: Callable[[int, int], None], limit: TimeLimit | None = None
) -> CodesAgainstPixels:
    """Train both, or take their runs from the cache, and compare their accuracies seed by seed. `limit` holds for
    each training, the autoencoder's among them.

    Raises Refused, TrainerFailed and TrainingStopped.
    """
    pairs = [
        tuple(grader.run(prepared, seed, on_epoch, limit).accuracy for prepared in (plan.on_codes, plan.on_pixels))
        for seed in plan.seeds
    ]
    on_codes, on_pixels = (
        tuple(value for value in values if value is not None) for values in zip(*pairs, strict=True)
    )
    if len(on_codes) < len(pairs) or len(on_pixels) < len(pairs):
        raise Refused("the classifier's targets are no labels")
    made = CodesAgainstPixels(
        autoencoder=plan.autoencoder,
        classifier=plan.classifier,
        values=plan.values,
        seeds=plan.seeds,
        codes=on_codes,
        pixels=on_pixels,
        notes=plan.notes,
    )
    if len(plan.seeds) < 3:
        return made
    interval = mean_interval(made.differences, 0.95)
    return made.model_copy(update={"low": interval.low, "high": interval.high})


def _plain(network: Network) -> bool:
    """Whether it can be trained as it was handed in, and has no encoder under it in the same model."""
    return network.evidence.stacked is None and network.evidence.cause is not Cause.REFUSED


def _rebuilt(grader: Grader, spec: ModelSpec) -> ModelFacts:
    """What a network is that nobody handed in. Raises Refused where it cannot be built."""
    facts = grader.facts(spec, None)
    if facts.refused:
        raise Refused(facts.refused)
    return facts
