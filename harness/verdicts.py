"""Verdicts on random outcomes: a measured accuracy against what was asked and what random training allows."""

from __future__ import annotations

from collections.abc import Sequence

from harness.checking import Failed, ForAPerson, NotMeasured, Partial, Verdict, require_trained
from harness.evidence import Bound, Network
from harness.results import Cause
from harness.stats import mean_interval


def measure_mean(verdict: Verdict, name: str, values: Sequence[float], how: str) -> None:
    """Note the mean of shares in [0, 1], at least one, with Student's 95 % interval where there are two or more."""
    interval = mean_interval(values, 0.95) if len(values) > 1 else None
    verdict.measured(
        name,
        sum(values) / len(values),
        low=interval.low if interval else None,
        high=interval.high if interval else None,
        n=len(values),
        unit="share",
        how=how,
    )


def judge_accuracy(
    network: Network, bound: Bound | None, verdict: Verdict, *, partial_from: float | None = None
) -> None:
    """Hold the measured accuracy of a network's last epoch, mean over its seeds, against its bound.

    Passes by identity where the recipe is the assignment's own, at the acceptance bound otherwise. Below it the
    check fails, or, with `partial_from`, earns a share that grows from there to the bound. A person decides where
    the training images were not recognised, and it falls short, or cannot be measured at all.
    """
    evidence = network.evidence
    require_trained(network, "The network")
    values = network.accuracies
    if not values:
        raise NotMeasured("The network was not trained.", cause=Cause.HARNESS_FAULT, where=network.where)
    mean = sum(values) / len(values)
    measure_mean(verdict, "validation accuracy", values, "last epoch, evaluation images, mean over seeds")
    verdict.where = network.where
    times = f"{len(values)} time{'s' if len(values) > 1 else ''}"
    trained = f"{' '.join((*evidence.notes, 'Trained'))} {times}, your network reaches {mean:.2%}"
    accepted = None if bound is None else bound.accepted if bound.accepted is not None else bound.nominal
    if bound is None or accepted is None:
        raise ForAPerson(f"{trained}. No threshold is known for this data set, so a person decides.")
    if bound.nominal is not None:
        verdict.threshold("asked", bound.nominal, "assignment")
    if bound.accepted is not None:
        verdict.threshold("accepted", bound.accepted, "calibration")
    if evidence.identical:
        verdict.says(f"{trained}. It is the assignment's own network and training: it passes whatever luck gave.")
    elif bound.nominal is not None and mean >= bound.nominal:
        verdict.says(f"{trained}; {bound.nominal:.2%} is asked.")
    elif mean >= accepted:
        asked = f" of the {bound.nominal:.2%} asked" if bound.nominal is not None else ""
        below = " It falls short" + asked + ", but training is random" if asked else " Training is random"
        verdict.says(f"{trained}.{below}: correct networks end as low as {accepted:.2%}, so it passes.")
    else:
        expected = f" Correct solutions average {bound.reference_mean:.2%}." if bound.reference_mean else ""
        message = f"{trained}.{expected} {accepted:.2%} or more is accepted."
        hint = (
            "Look at the curves: still rising at the end means too few epochs or too small a learning rate; "
            "training far above validation means overfitting."
        )
        if evidence.recipe is not None and not evidence.recipe.x.recognised:
            raise ForAPerson(f"{message} A person decides.", where=network.where)
        if partial_from is not None and mean > partial_from:
            share = (mean - partial_from) / (accepted - partial_from)
            raise Partial(message, hint, share=min(0.99, share), where=network.where)
        raise Failed(message, hint, where=network.where)
