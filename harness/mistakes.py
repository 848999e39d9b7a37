"""Mistakes that hand-ins make whatever the assignment on images asks, as findings.

An assignment's `findings.py` calls those that can be made in it, and says which of its tasks they are about.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator
from itertools import takewhile

from harness import source
from harness.evidence import CONVOLUTIONS, Evidence, Network
from harness.recording import ArrayRecord, Finding
from harness.source import Code

TWICE = "The labels were one-hot encoded twice; call to_categorical once."

_RESCALING = ("Rescaling", "Normalization", "BatchNormalization", "TrueDivide", "Divide", "Multiply", "Lambda")
_WEIGHTED = ("Dense", *CONVOLUTIONS)
_ONE_HOT_TWICE = re.compile(r"\((?:None|\d+), 10, 10\).*\((?:None|\d+), 10\)", re.S)
_FIT_CALL = re.compile(r"(?:[\w.,\[\]]+[ \t]*=[ \t]*)?[\w.\[\]()]+\.fit(?:_generator)?\(")


# --- arrays


def rescaling(evidence: Evidence, trained: Collection[str], preprocessing: str) -> Iterator[Finding]:
    """Images of another range than [0, 1] in the networks of the tasks `trained`; told once, where it is seen
    first. What is wrong with the images of a classifier is about the task `preprocessing`."""
    for task in trained:
        for network in evidence.networks(task):
            x, y = network.record.data.x, network.record.data.y
            high = _high(x)
            if high >= 100 and not _rescales(network):
                yield Finding(
                    code="not-rescaled", task=task if network.reconstructs else preprocessing, where=network.where,
                    message=f"The images reach the network with values up to {high:g}; divide them by 255.",
                )  # fmt: skip
                return
            if network.reconstructs and _high(y) >= 100 and _loss(network) == "binary_crossentropy":
                yield Finding(
                    code="not-rescaled", task=task, where=network.where,
                    message=f"The autoencoder's targets have values up to {_high(y):g}, so that its loss falls far "
                    "below zero; divide the images by 255.",
                )  # fmt: skip
                return
            if 0 < high < 0.01:
                yield Finding(
                    code="rescaled-twice", task=preprocessing, where=network.where,
                    message=f"The largest value of the images is {high:.2g}: they were divided by 255 twice.",
                )  # fmt: skip
                return


def _high(array: ArrayRecord | None) -> float:
    return array.high if array is not None and array.high is not None and not array.derived else 0.0


def _rescales(network: Network) -> bool:
    """Whether the network rescales its inputs, as `x / 255` inside a model does, before its first real layer."""
    before = takewhile(lambda layer: layer.class_name not in _WEIGHTED, network.record.layers)
    return any(layer.class_name.removeprefix("ops.") in _RESCALING for layer in before)


def _loss(network: Network) -> str:
    loss = network.record.loss
    name = loss.class_name if loss is not None else ""
    return "binary_crossentropy" if name in ("BinaryCrossentropy", "binary_crossentropy") else name


def one_hot_twice(evidence: Evidence, task: str) -> Iterator[Finding]:
    """Labels that were one-hot encoded when they were one-hot already; told once."""
    for fit in evidence.recording.fits:
        if fit.data.y is not None and fit.data.y.encoding == "one_hot_twice":
            yield Finding(code="labels-one-hot-twice", task=task, where=fit.where, message=TWICE)
            return
    # Such labels have a shape that no loss takes, so that the fit itself fails.
    errors = evidence.recording.errors[:100]
    failed = next((error for error in errors if _ONE_HOT_TWICE.search(error.message[:2_000])), None)
    if failed is not None:
        yield Finding(code="labels-one-hot-twice", task=task, where=failed.where, message=TWICE)


def noise_on_target(evidence: Evidence, task: str) -> Iterator[Finding]:
    """An autoencoder that is trained to give noise back; told once."""
    for fit in evidence.recording.fits:
        if fit.data.y is not None and fit.data.y.noise is not None:
            yield Finding(
                code="noise-on-target", task=task, where=fit.where,
                message="The autoencoder's targets are noisy; the second argument of fit is the clean images.",
            )  # fmt: skip
            return


# --- results and training in the source


def pasted(evidence: Evidence, trained: Collection[str]) -> Iterator[Finding]:
    """Results that stand in the code as numbers; training that is commented out, where a network of the tasks
    `trained` is missing."""
    fitted = {(fit.where.file, fit.where.cell) for fit in evidence.recording.fits if fit.where}
    lacking = any(not evidence.networks(task) for task in trained)
    for code in source.read(evidence.recording.sources):
        if (code.where.file, code.where.cell) in fitted:
            continue
        line = commented_fit(code) if lacking else None  # what is trained elsewhere may have its tries left over
        if line is not None:
            yield Finding(
                code="commented-out-training", where=code.at_line(line),
                message="The training is commented out, so it could not be repeated. Hand in the code that made "
                "your results; here it costs no time, as training is only noted.",
            )  # fmt: skip
        pasted = next((node for node in source.in_order(code.tree, ast.expr) if many_results(node)), None)
        if pasted is not None:
            yield Finding(
                code="hard-coded-results", where=code.at(pasted),
                message="Accuracies are written into the code as numbers. Plot what the training gave.",
            )  # fmt: skip


def commented_fit(code: Code) -> int | None:
    """The line of a call of fit that is a comment on a line of its own."""
    for number, line in code.lines():
        text = line.strip()
        if text.startswith("#") and _FIT_CALL.match(text.lstrip("# \t")[:300]):
            return number
    return None


def many_results(node: ast.AST) -> bool:
    """A literal with five or more numbers that look like measured accuracies: 0.9812, or 98.12."""
    if not isinstance(node, (ast.List, ast.Tuple, ast.Dict)):
        return False
    return sum(1 for part in ast.walk(node) if isinstance(part, ast.Constant) and _measured(part.value)) >= 5


def _measured(value: object) -> bool:
    decimals = len(repr(value).partition(".")[2])
    return isinstance(value, float) and (
        (0.5 < value < 1 and decimals >= 3) or (50 < value < 100 and decimals >= 2)
    )
