"""Numbers that a hand-in shows: read from its saved outputs, put beside what was measured. They earn nothing."""

from __future__ import annotations

import re

from harness.evidence import Evidence, Network
from harness.results import Claim

_LOGGED = re.compile(r"\bval_acc(?:uracy)?\b['\"]?\s*[:=]\s*\[?([01]?\.\d{2,8})")
_SAID = re.compile(
    r"\b(?:test|validation|val)[ _-]*(?:set[ _-]*)?acc(?:uracy)?\w*\W{1,12}(\d{1,3}\.\d{1,8})\s*(%?)", re.I
)
_LIST = re.compile(r"\[([^\[\]]*)\]")


def claims(evidence: Evidence) -> tuple[Claim, ...]:
    """The last validation accuracy that each matched network's cell had saved, beside ours.

    A cell that trains several networks is left out: which of them a line speaks of cannot be told.
    """
    found = []
    outputs: dict[tuple[str, int | None], list[str]] = {}
    for passage in evidence.recording.saved_outputs:
        outputs.setdefault((passage.where.file, passage.where.cell), []).append(passage.text)
    fits_in: dict[tuple[str, int | None], int] = {}
    for record in evidence.recording.fits:
        if record.where:
            place = (record.where.file, record.where.cell)
            fits_in[place] = fits_in.get(place, 0) + 1
    seen: set[str] = set()
    for task in evidence.matches:
        for network in evidence.networks(task):
            where = network.where
            if where is None or network.record.id in seen or fits_in.get((where.file, where.cell)) != 1:
                continue
            seen.add(network.record.id)
            text = "\n".join(outputs.get((where.file, where.cell), []))
            value = last_accuracy(text)
            if value is not None:
                found.append(_claim(task, network, value, text))
    return tuple(found)


def last_accuracy(text: str) -> float | None:
    """The last validation or test accuracy in printed text, as a share; None where there is none."""
    text = _LIST.sub(lambda match: match[1].rpartition(",")[2].strip(), text)  # of a history's list, the last
    logged = _LOGGED.findall(text)
    said = _SAID.findall(text)
    values = [float(number) for number in logged[-1:]]
    values += [float(number) / (100 if percent or float(number) > 1 else 1) for number, percent in said[-1:]]
    return values[-1] if values and 0 <= values[-1] <= 1 else None


def _claim(task: str, network: Network, value: float, text: str) -> Claim:
    measured = network.accuracies
    line = next((line for line in reversed(text.splitlines()) if last_accuracy(line) is not None), "")
    return Claim(
        name=f"{task} validation accuracy",
        claimed=value,
        measured=sum(measured) / len(measured) if measured else None,
        where=network.where,
        text=line.strip()[-200:],
    )
