"""Verdicts on random outcomes: what was measured on a hand-in's networks, held against a gate, in plain words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from harness.checking import Failed, ForAPerson, NotMeasured, Partial, Verdict, require_trained
from harness.evidence import Network
from harness.gates import Decision, Gate, decide, figure_of, forecast
from harness.recording import Where
from harness.results import Cause, Judged
from harness.stats import mean_interval

CURVES = (
    "Look at the curves: still rising at the end means too few epochs or too small a learning rate; "
    "training far above validation means overfitting."
)
GUESSING = (
    "It hardly does better than guessing, and more epochs will not help. Is the learning rate far too large or far "
    "too small? Does each image have its own label? Do the layers let the image through?"
)
GUESSED = 0.2
"""The accuracy below which a network has learned hardly anything: twice that of guessing one of ten classes."""


@dataclass(frozen=True)
class Words:
    """How a measured quantity is spoken of."""

    name: str
    """ "validation accuracy"."""
    reaches: str
    """ "your network reaches", before the figure."""
    trained: str
    """ "your network", before "was trained"."""
    how: str
    """In a few words: what was measured on what."""
    hint: str
    """What to do where it falls short."""
    shown: Callable[[float], str]
    """A value as it is read."""
    correct: str = "average"
    """What our own correct solutions do, before their mean."""
    figure: str = ""
    """What stands before the figures where they fall short, as "it gains "."""


ACCURACY = Words(
    name="validation accuracy",
    reaches="your network reaches",
    trained="your network",
    how="last epoch, evaluation images, mean over seeds",
    hint=CURVES,
    shown="{:.2%}".format,
)


def measure_mean(verdict: Verdict, name: str, values: Sequence[float], how: str, *, spread: bool = True) -> None:
    """Note the mean of values, at least one, with Student's 95 % interval where there are two or more and they may
    be taken for normal (`spread`)."""
    interval = mean_interval(values, 0.95) if len(values) > 1 and spread else None
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
    network: Network, gate: Gate | None, verdict: Verdict, profile: Literal["quick", "full"], unlike: str = ""
) -> None:
    """Hold the measured accuracies of a network's last epoch, a run a seed, against their gate; see `hold`.

    A person decides where it falls short, the training images were not recognised, and the hand-in does not show
    by its validation how the evaluation images become what it gives its network; or where it falls short and is
    trained `unlike` what the gate was calibrated with, by no fault of its own: a sentence.
    """
    evidence = network.evidence
    require_trained(network, "The network")
    if not network.accuracies:
        raise NotMeasured("The network was not trained.", cause=Cause.HARNESS_FAULT, where=network.where)
    shown = network.record.data.evaluation_images is not None
    unknown = evidence.recipe is not None and not evidence.recipe.x.recognised and not shown
    learned = max(network.accuracies) > GUESSED
    hold(
        network.accuracies, gate, verdict, ACCURACY if learned else replace(ACCURACY, hint=GUESSING), profile,
        network.where, notes=(*evidence.notes, *filter(None, [unlike])), own=evidence.identical,
        unsure=unknown or bool(unlike),
    )  # fmt: skip


def hold(
    values: Sequence[float], gate: Gate | None, verdict: Verdict, words: Words, profile: Literal["quick", "full"],
    where: Where | None, *, notes: Sequence[str] = (), own: bool = False, unsure: bool = False,
) -> None:  # fmt: skip
    """Hold measured values, a run a seed and at least one, against their gate. Returns where they pass.

    They pass by identity where network and training are the assignment's own (`own`), and otherwise as
    harness.gates.decide has it. Else the check fails, or earns a share that grows from the gate's `partial_from` to
    what is accepted. A person decides where nothing is known to hold them against, or where they fall short and it
    is not sure what was measured (`unsure`). `notes`: sentences on what was trained otherwise than handed in.
    """
    verdict.where = where
    measure_mean(verdict, words.name, values, words.how, spread=gate is None or gate.rule == "mean")
    before = " ".join((*notes, ""))
    trained = f"{before}Trained {_times(values)}, {words.reaches} {_all(values, words)}"
    accepted = None if gate is None else gate.threshold
    if gate is None or accepted is None:
        raise ForAPerson(f"{trained}. No threshold is known for this data set, so a person decides.", where=where)
    if gate.nominal is not None:
        verdict.threshold("asked", gate.nominal, gate.source)
    if gate.accepted is not None:
        verdict.threshold("accepted", gate.accepted, "calibration")
    decided = decide(gate, values)
    told = forecast(gate, values) if profile == "quick" and not own else None
    verdict.judged = Judged(name=words.name, values=tuple(values), gate=gate, identity=own, forecast=told)
    if own:
        verdict.says(f"{trained}. It is the assignment's own network and training: it passes whatever luck gave.")
    elif gate.nominal is not None and figure_of(gate, values) >= gate.nominal:
        verdict.says(f"{trained}; {words.shown(gate.nominal)} is asked.")
    elif decided is Decision.PASSED:
        verdict.says(f"{trained}. {_why_accepted(gate, accepted, words)}")
    else:
        message = before + _falls_short(values, gate, accepted, words)
        if unsure:
            raise ForAPerson(f"{message} A person decides.", where=where)
        if decided is Decision.OPEN:
            raise ForAPerson(
                f"{message} More runs would decide, and could not be trained here: a person decides.", where=where
            )
        start = gate.partial_from
        reached = figure_of(gate, values)
        if start is not None and reached > start:
            share = (reached - start) / (accepted - start)
            raise Partial(message, words.hint, share=min(0.99, share), where=where)
        raise Failed(message, words.hint, where=where)


def _begin(sentence: str) -> str:
    return sentence[0].upper() + sentence[1:]


def _times(values: Sequence[float]) -> str:
    return "once" if len(values) == 1 else f"{len(values)} times"


def _all(values: Sequence[float], words: Words) -> str:
    """ "97.12%", or "97.12% on average (97.01%, 97.20%, 97.15%)"."""
    mean = words.shown(sum(values) / len(values))
    each = ", ".join(words.shown(value).partition(" ")[0] for value in values)
    return mean if len(values) == 1 else f"{mean} on average ({each})"


def _why_accepted(gate: Gate, accepted: float, words: Words) -> str:
    """Why runs pass below what the assignment asks, or where it asks for no figure."""
    low = words.shown(accepted)
    best = " in one run" if gate.rule == "retry" else ""
    if gate.nominal is None:
        return f"Training is random, and {low} or more{best} is accepted."
    return (
        f"It falls short of the {words.shown(gate.nominal)} asked, but training is random, and {low} or more{best} "
        "is accepted."
    )


def _falls_short(values: Sequence[float], gate: Gate, accepted: float, words: Words) -> str:
    """What happened, what is needed, and where that comes from."""
    runs = f"{words.trained} was trained {_times(values)} here: {words.figure}{_all(values, words)}."
    said = f"Training is random, so {runs}" if len(values) > 1 else _begin(runs)
    needed = words.shown(accepted)
    if gate.rule == "retry" and gate.most > 1:
        said += f" At least one run has to reach {needed}"
        said += f"; your best reaches {words.shown(max(values))}." if len(values) > 1 else "."
    else:
        said += f" {needed}{' on average' if len(values) > 1 else ''} is needed."
    mean = None if gate.reference_mean is None else words.shown(gate.reference_mean)
    if gate.nominal is not None and accepted < gate.nominal:
        said += f" The {gate.source} asks for {words.shown(gate.nominal)}; a little less is accepted, because "
        said += f"training is random: our own correct solutions {words.correct} {mean}."
    elif mean is not None:
        said += f" Our own correct solutions {words.correct} {mean}."
    if gate.accepted is not None and gate.total:
        said += " All such thresholds of the assignment together wrongly fail fewer than 1 in "
        said += f"{round(1 / gate.total):,} correct hand-ins."
    return said
