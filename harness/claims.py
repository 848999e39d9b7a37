"""Numbers that a hand-in shows, put beside what was measured. They earn nothing and cost nothing.

They are read from its saved outputs and from what it printed in its replay. Two numbers that chance does not bring
together are a contradiction, for a person to look at:

A saved number is that of one run on another machine. It contradicts a mean of m seeds where the two are further
apart than `4 s sqrt(1 + 1/m) + (highest - lowest of the m)`, and than 0.01. `s` is the calibrated standard
deviation of the task's reference, enlarged in proportion where the network makes more errors than the reference,
because weak networks vary more. Where the recipe was scaled, on digits and where quick trains less, saved numbers
are shown and not compared: they were trained otherwise.

A number that the replay printed is that of the very weights that were measured. It may differ by the choice of
images alone: by `4 sqrt(2 p (1 - p) / n)` for an accuracy p on n images (binomial; n is no more than a replay's
sample), and 0.01. What lies further away was measured on other data, on the training images for instance. The
accuracy of any epoch is no contradiction, and neither is what rests on a network that was not trained.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from harness.evidence import Evidence, Network
from harness.recording import REPLAYED_SAMPLE, Finding, Passage
from harness.results import Claim

LEAST = 0.01  # two accuracies nearer than this never contradict each other
DEVIATIONS = 4.0
Cell = tuple[str, int | None]
_UNCLEAR = ("", "another")  # two networks in place of one: the cell is left out

_LOGGED = re.compile(r"\bval_acc(?:uracy)?\b['\"]?\s*[:=]\s*\[?([01]?\.\d{2,8})(?![\deE])")
_SAID = re.compile(
    r"\b(?:test|validation|val)[ _-]*(?:set[ _-]*)?acc(?:uracy)?\w*\W{1,12}(\d{1,3}\.\d{1,8})(?![\deE])\s*(%?)",
    re.I,
)
_LIST = re.compile(r"\[([^\[\]]*)\]")


@dataclass(frozen=True)
class Reading:
    """An accuracy as it stands in a text: a share, and half a unit of its last digit."""

    value: float
    half_digit: float


def claims(evidence: Evidence) -> tuple[Claim, ...]:
    """The last accuracy that a cell with one matched network shows, beside ours: its saved output first.

    A cell that trains or evaluates several networks is left out: which of them a line speaks of cannot be told.
    What a replay prints is shown where it contradicts, and where nothing was saved.
    """
    saved = _texts(evidence.recording.saved_outputs)
    printed = _texts(evidence.replay.printed) if evidence.replay else {}
    found: dict[str, list[Claim]] = {}
    for cell, (task, network) in _networks_by_cell(evidence).items():
        kept = found.setdefault(network.record.id, [])
        made = _claim(evidence, task, network, cell, saved.get(cell, ""), "saved")
        if made is not None:
            kept.append(made)
        made = _claim(evidence, task, network, cell, printed.get(cell, ""), "replay")
        if made is not None and (made.contradicted or not kept):
            kept.append(made)
    return tuple(claim for kept in found.values() for claim in kept)


def contradictions(evidence: Evidence) -> Iterator[Finding]:
    """The claims that chance does not explain, as findings for a person."""
    for claim in claims(evidence):
        if not claim.contradicted or claim.measured is None:
            continue
        task = claim.name.partition(" ")[0]
        if claim.source == "saved":
            message = (
                f"The saved output says {claim.claimed:.4g}, and this network, trained here as it asks, reaches "
                f"{claim.measured:.4f} on the test images. Chance does not explain the difference: the output may "
                "come from another network or from other settings. Run the notebook again before you hand it in."
            )
        else:
            message = (
                f"Run again with the weights trained here, this cell prints {claim.claimed:.4g}; the same weights "
                f"reach {claim.measured:.4f} on the test images. {_other_images(evidence, claim)}"
            )
        yield Finding(code="contradicted-number", message=message, task=task, where=claim.where)


def _other_images(evidence: Evidence, claim: Claim) -> str:
    """What a printed number may be measured on, as far as the evaluations of its cell tell."""
    for use in evidence.recording.uses:
        same = (
            use.where and claim.where and (use.where.file, use.where.cell) == (claim.where.file, claim.where.cell)
        )
        if same and use.method == "evaluate" and use.x.source == "x_train":
            return "This cell evaluates training images, on which a network is better than on new ones."
    return "The number may be measured on other images."


def reading(text: str) -> Reading | None:
    """The last validation or test accuracy in printed text; None where there is none."""
    text = _LIST.sub(lambda match: match[1].rpartition(",")[2].strip(), text)  # of a history's list, the last
    numbers = [(number, False) for number in _LOGGED.findall(text)[-1:]]
    numbers += [(number, bool(percent) or float(number) > 1) for number, percent in _SAID.findall(text)[-1:]]
    if not numbers:
        return None
    number, percent = numbers[-1]
    unit = 100 if percent else 1
    value = float(number) / unit
    half_digit = 0.5 * 10.0 ** -len(number.partition(".")[2]) / unit
    return Reading(value, half_digit) if 0 <= value <= 1 else None


def tolerance(accuracies: Sequence[float], sd: float | None, reference: float | None) -> float:
    """How far the accuracy of one run may lie from the mean of these (at least one) by chance.

    `sd` and `reference` are the calibrated standard deviation and mean of the task's own solution, where there are.
    """
    spread = max(accuracies) - min(accuracies)
    if not sd:
        return max(LEAST, spread)
    error = 1 - sum(accuracies) / len(accuracies)
    weaker = max(1.0, error / (1 - reference)) if reference is not None and reference < 1 else 1.0
    return max(LEAST, DEVIATIONS * sd * weaker * math.sqrt(1 + 1 / len(accuracies)) + spread)


def _texts(passages: Sequence[Passage]) -> dict[Cell, str]:
    """All that each cell shows, in one text."""
    texts: dict[Cell, list[str]] = {}
    for passage in passages:
        texts.setdefault((passage.where.file, passage.where.cell), []).append(passage.text)
    return {cell: "\n".join(parts) for cell, parts in texts.items()}


def _networks_by_cell(evidence: Evidence) -> dict[Cell, tuple[str, Network]]:
    """The cells that train or evaluate one network only, and that network with its task, where it has one.

    An evaluation on noisy or denoised images speaks of something else: its cell is left out.
    """
    fits = evidence.recording.fits
    spoken: dict[Cell, set[str]] = {}
    for fit in fits:
        if fit.where:
            spoken.setdefault((fit.where.file, fit.where.cell), set()).add(fit.id)
    for use in evidence.recording.uses:
        if use.where and use.method == "evaluate":
            of = [fit.id for fit in fits if fit.model == use.model]
            clean = use.x.source in ("x_test", "x_train") and use.x.noise is None
            cell = (use.where.file, use.where.cell)
            spoken.setdefault(cell, set()).update(of if clean and len(of) == 1 else _UNCLEAR)
    matched: dict[str, tuple[str, Network]] = {}
    for task in evidence.matches:
        for network in evidence.networks(task):
            matched.setdefault(network.record.id, (task, network))
    order = {fit: number for number, fit in enumerate(matched)}
    found = {
        cell: matched[next(iter(of))] for cell, of in spoken.items() if len(of) == 1 and next(iter(of)) in matched
    }
    return dict(sorted(found.items(), key=lambda item: order[item[1][1].record.id]))


def _claim(
    evidence: Evidence, task: str, network: Network, cell: Cell, text: str, source: Literal["saved", "replay"]
) -> Claim | None:
    seen = reading(text)
    if seen is None:
        return None
    measured = network.accuracies if source == "saved" else network.accuracies[:1]
    line = next((line for line in reversed(text.splitlines()) if reading(line) is not None), "")
    places = [network.where] + [use.where for use in evidence.recording.uses]
    return Claim(
        name=f"{task} validation accuracy",
        claimed=seen.value,
        measured=sum(measured) / len(measured) if measured else None,
        where=next((where for where in places if where and (where.file, where.cell) == cell), None),
        text=line.strip()[-200:],
        source=source,
        contradicted=bool(measured)
        and (
            _saved_contradicts(evidence, task, network, seen)
            if source == "saved"
            else _printed_contradicts(evidence, network, cell, seen)
        ),
    )


def _saved_contradicts(evidence: Evidence, task: str, network: Network, seen: Reading) -> bool:
    if network.evidence.scaled is not None or not evidence.dataset.official:
        return False
    gate = evidence.gates.get(f"{task}.accuracy")
    allowed = tolerance(
        network.accuracies, gate.reference_sd if gate else None, gate.reference_mean if gate else None
    )
    mean = sum(network.accuracies) / len(network.accuracies)
    return abs(seen.value - mean) > allowed + seen.half_digit


def _printed_contradicts(evidence: Evidence, network: Network, cell: Cell, seen: Reading) -> bool:
    replay, run = evidence.replay, network.evidence.runs[0]
    if replay is None or network.record.id not in replay.fits or run.accuracy is None:
        return False
    if cell in [(where.file, where.cell) for where in replay.placeholders]:
        return False
    p, images = run.accuracy, max(1, min(run.images, REPLAYED_SAMPLE))
    allowed = max(LEAST, DEVIATIONS * math.sqrt(2 * p * (1 - p) / images)) + seen.half_digit
    return all(abs(seen.value - value) > allowed for value in (p, *run.curve.val_accuracy))
