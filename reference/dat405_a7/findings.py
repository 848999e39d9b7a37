"""Findings that are this assignment's own: mistakes seen in the work, each a sentence for the student.

Those of the sweep stand in findings_sweep.py, those of noise levels in findings_levels.py; all are called alike.
"""

import ast
import re
from collections.abc import Iterator

from harness import source
from harness.evidence import Evidence, Network
from harness.other_frameworks import frameworks
from harness.recording import ArrayRecord, Finding
from harness.source import Code

TRAINED = ("2C", "2D", "3A", "4A")
"""The tasks that networks are trained for."""
SAME_SHARE = 0.01  # of pixels changed: far more than chance moves it over a probe of 64 images
TWICE = "The labels were one-hot encoded twice; call to_categorical once."

_RESCALING = ("Rescaling", "Normalization", "BatchNormalization", "TrueDivide", "Divide", "Multiply", "Lambda")
_ONE_HOT_TWICE = re.compile(r"\((?:None|\d+), 10, 10\).*\((?:None|\d+), 10\)", re.S)
_FIT_CALL = re.compile(r"(?:[\w.,\[\]]+[ \t]*=[ \t]*)?[\w.\[\]()]+\.fit(?:_generator)?\(")
_PLOTS = ("plot", "errorbar", "imshow", "scatter", "semilogx", "bar")
_REPORTS = (".pdf", ".doc", ".docx", ".odt")
_TEMPLATE = re.compile(
    r"\?|your (?:answers?|code|solution)|(?:^|[.:*]\s+)(?:add|change|compare|describe|design|draw|explain|extend|"
    r"hand|plot|read|run|show|take|train|use|write)\b",
    re.I,
)


def find(evidence: Evidence) -> Iterator[Finding]:
    """What the recording shows, besides what the checks say."""
    yield from _rescaling(evidence)
    yield from _one_hot_twice(evidence)
    yield from _network(evidence)
    yield from _autoencoder(evidence)
    yield from _noise(evidence)
    yield from _pasted(evidence)
    yield from _unsolved(evidence)


# --- preprocessing


def _rescaling(evidence: Evidence) -> Iterator[Finding]:
    """Images of another range than [0, 1]; told once, where it is seen first."""
    for task in TRAINED:
        for network in evidence.networks(task):
            x, y = network.record.data.x, network.record.data.y
            high = _high(x)
            if high >= 100 and not _rescales(network):
                yield Finding(
                    code="not-rescaled", task="1" if task != "4A" else "4A", where=network.where,
                    message=f"The images reach the network with values up to {high:g}; divide them by 255.",
                )  # fmt: skip
                return
            if task == "4A" and _high(y) >= 100 and _loss(network) == "binary_crossentropy":
                yield Finding(
                    code="not-rescaled", task="4A", where=network.where,
                    message=f"The autoencoder's targets have values up to {_high(y):g}, so that its loss falls far "
                    "below zero; divide the images by 255.",
                )  # fmt: skip
                return
            if 0 < high < 0.01:
                yield Finding(
                    code="rescaled-twice", task="1", where=network.where,
                    message=f"The largest value of the images is {high:.2g}: they were divided by 255 twice.",
                )  # fmt: skip
                return


def _high(array: ArrayRecord | None) -> float:
    return array.high if array is not None and array.high is not None and not array.derived else 0.0


def _rescales(network: Network) -> bool:
    """Whether the network has a layer that rescales its inputs, as `x / 255` inside a model is."""
    return any(layer.class_name.removeprefix("ops.") in _RESCALING for layer in network.record.layers)


def _loss(network: Network) -> str:
    loss = network.record.loss
    name = loss.class_name if loss is not None else ""
    return "binary_crossentropy" if name in ("BinaryCrossentropy", "binary_crossentropy") else name


def _one_hot_twice(evidence: Evidence) -> Iterator[Finding]:
    for fit in evidence.recording.fits:
        if fit.data.y is not None and fit.data.y.encoding == "one_hot_twice":
            yield Finding(code="labels-one-hot-twice", task="1", where=fit.where, message=TWICE)
            return
    # Such labels have a shape that no loss takes, so that the fit itself fails.
    errors = evidence.recording.errors[:100]
    failed = next((error for error in errors if _ONE_HOT_TWICE.search(error.message[:2_000])), None)
    if failed is not None:
        yield Finding(code="labels-one-hot-twice", task="1", where=failed.where, message=TWICE)


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


def _autoencoder(evidence: Evidence) -> Iterator[Finding]:
    for fit in evidence.recording.fits:
        if fit.data.y is not None and fit.data.y.noise is not None:
            yield Finding(
                code="autoencoder-target-noisy", task="4A", where=fit.where,
                message="The autoencoder's targets are noisy; the second argument of fit is the clean images.",
            )  # fmt: skip
            return


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


# --- results and training in the source


def _pasted(evidence: Evidence) -> Iterator[Finding]:
    trained = {(fit.where.file, fit.where.cell) for fit in evidence.recording.fits if fit.where}
    lacking = any(not evidence.networks(task) for task in TRAINED)
    for code in source.read(evidence.recording.sources):
        if (code.where.file, code.where.cell) in trained:
            continue
        line = _commented_fit(code) if lacking else None  # what is trained elsewhere may have its tries left over
        if line is not None:
            yield Finding(
                code="commented-out-training", where=code.at_line(line),
                message="The training is commented out, so it could not be repeated. Hand in the code that made "
                "your results; here it costs no time, as training is only noted.",
            )  # fmt: skip
        pasted = next((node for node in source.in_order(code.tree, ast.expr) if _many_results(node)), None)
        if pasted is not None:
            yield Finding(
                code="hard-coded-results", where=code.at(pasted),
                message="Accuracies are written into the code as numbers. Plot what the training gave.",
            )  # fmt: skip


def _commented_fit(code: Code) -> int | None:
    """The line of a call of fit that is a comment on a line of its own."""
    for number, line in code.lines():
        text = line.strip()
        if text.startswith("#") and _FIT_CALL.match(text.lstrip("# \t")[:300]):
            return number
    return None


def _many_results(node: ast.AST) -> bool:
    """A literal with five or more numbers that look like measured accuracies: 0.9812, or 98.12."""
    if not isinstance(node, (ast.List, ast.Tuple, ast.Dict)):
        return False
    return sum(1 for part in ast.walk(node) if isinstance(part, ast.Constant) and _measured(part.value)) >= 5


def _measured(value: object) -> bool:
    decimals = len(repr(value).partition(".")[2])
    return isinstance(value, float) and (
        (0.5 < value < 1 and decimals >= 3) or (50 < value < 100 and decimals >= 2)
    )


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
        or _commented_fit(code) is not None
        or any(_many_results(node) for node in ast.walk(code.tree))
    )


def _words_of_their_own(text: str) -> int:
    """Words that answer: without headings, questions, and sentences that tell somebody to do something."""
    paragraphs = re.split(r"\n\s*\n", re.sub(r"(?m)^[ \t]*#.*$", "", text))
    return sum(len(one.split()) for one in paragraphs if not _TEMPLATE.search(one))
