"""Findings that are this assignment's own: mistakes seen in the work, each a sentence for the student.

Those of the sweep stand in findings_sweep.py, those of noise levels in findings_levels.py; all are called alike.
"""

import ast
import re
from collections.abc import Iterator

from harness import mistakes, source
from harness.evidence import Evidence
from harness.other_frameworks import frameworks
from harness.recording import Finding
from harness.source import Code

TRAINED = ("2C", "2D", "3A", "4A")
"""The tasks that networks are trained for."""
SAME_SHARE = 0.01  # of pixels changed: far more than chance moves it over a probe of 64 images

_PLOTS = ("plot", "errorbar", "imshow", "scatter", "semilogx", "bar")
_REPORTS = (".pdf", ".doc", ".docx", ".odt")
_TEMPLATE = re.compile(
    r"\?|your (?:answers?|code|solution)|(?:^|[.:*]\s+)(?:add|change|compare|describe|design|draw|explain|extend|"
    r"hand|plot|read|run|show|take|train|use|write)\b",
    re.I,
)


def find(evidence: Evidence) -> Iterator[Finding]:
    """What the recording shows, besides what the checks say."""
    yield from mistakes.rescaling(evidence, TRAINED, "1")
    yield from mistakes.one_hot_twice(evidence, "1")
    yield from _network(evidence)
    yield from mistakes.noise_on_target(evidence, "4A")
    yield from _noise(evidence)
    yield from mistakes.pasted(evidence, TRAINED)
    yield from _unsolved(evidence)


# --- networks


def _network(evidence: Evidence) -> Iterator[Finding]:
    for network in evidence.networks("2C"):
        epochs = network.epochs
        if 0 < epochs < 10:
            yield Finding(
                code="too-few-epochs", task="2C", where=network.where,
                message=f"{epochs} epoch{'s are' if epochs > 1 else ' is'} trained; the assignment asks for 10.",
            )  # fmt: skip
        if len(network.hidden_units) > 2:
            shown = "-".join(str(units) for units in network.hidden_units)
            yield Finding(
                code="extra-hidden-layers", task="2A", where=network.where,
                message=f"There are {len(network.hidden_units)} hidden layers ({shown}); two of 64 are asked.",
            )  # fmt: skip


def _noise(evidence: Evidence) -> Iterator[Finding]:
    noise = evidence.noise
    if noise is None:
        return
    if not noise.input_kept:
        yield Finding(
            code="noise-changes-input", task="4B", where=noise.where,
            message=f"`{noise.function}` changes the array that it is given; work on a copy.",
        )  # fmt: skip
    if len(noise.changed) > 1 and max(noise.changed) - min(noise.changed) < SAME_SHARE:
        yield Finding(
            code="noise-level-unused", task="4B", where=noise.where,
            message=f"`{noise.function}` does the same whatever the level.",
        )  # fmt: skip


# --- the template, as it was handed out


def _unsolved(evidence: Evidence) -> Iterator[Finding]:
    recording = evidence.recording
    own_words = sum(_words_of_their_own(passage.text) for passage in recording.answers)
    own_fits = {fit.id for fit in recording.fits} - {network.record.id for network in evidence.networks("2C")}
    if recording.kind != "notebook" or own_words >= 40 or own_fits:
        return
    if recording.self_trained or recording.saved_models:
        return
    texts = {(cell.where.file, cell.where.cell): cell.text for cell in recording.sources}
    lost = any(".fit(" in texts.get((error.where.file, error.where.cell), "") for error in recording.errors)
    if lost or any(file.name.lower().endswith(_REPORTS) for file in evidence.submission.files):
        return  # what is missing was lost in an error, or may stand in the report
    if frameworks(recording) or any(_is_worked_on(code) for code in source.read(recording.sources)):
        return
    yield Finding(
        code="template-unsolved",
        message="This is the template as it was handed out: there are no answers, and no networks but its own.",
    )


def _is_worked_on(code: Code) -> bool:
    """The template draws nothing, has no training that is commented out, and no results."""
    calls = {source.called(call) for call in source.in_order(code.tree, ast.Call)}
    return (
        not calls.isdisjoint(_PLOTS)
        or mistakes.commented_fit(code) is not None
        or any(mistakes.many_results(node) for node in ast.walk(code.tree))
    )


def _words_of_their_own(text: str) -> int:
    """Words that answer: without headings, questions, and sentences that tell somebody to do something."""
    paragraphs = re.split(r"\n\s*\n", re.sub(r"(?m)^[ \t]*#.*$", "", text))
    return sum(len(one.split()) for one in paragraphs if not _TEMPLATE.search(one))
