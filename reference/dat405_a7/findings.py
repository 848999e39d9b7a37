"""Findings that are this assignment's own: mistakes seen in the work, each a sentence for the student."""

from collections.abc import Iterator

from harness.evidence import Evidence
from harness.recording import Finding


def find(evidence: Evidence) -> Iterator[Finding]:
    """What the recording shows, besides what the checks say."""
    yield from _preprocessing(evidence)
    yield from _network(evidence)


def _preprocessing(evidence: Evidence) -> Iterator[Finding]:
    for network in evidence.networks("2C"):
        x, y = network.record.data.x, network.record.data.y
        if x is not None and x.high is not None and x.high > 1.5:
            yield Finding(
                code="not-rescaled", task="1", where=network.where,
                message=f"The images reach the network with values up to {x.high:g}; divide them by 255.",
            )  # fmt: skip
        if x is not None and x.high is not None and 0 < x.high < 0.01:
            yield Finding(
                code="rescaled-twice", task="1", where=network.where,
                message=f"The largest value of the images is {x.high:.2g}: they were divided by 255 twice.",
            )  # fmt: skip
        if y is not None and y.encoding == "one_hot_twice":
            yield Finding(
                code="labels-one-hot-twice", task="1", where=network.where,
                message="The labels were one-hot encoded twice; call to_categorical once.",
            )  # fmt: skip


def _network(evidence: Evidence) -> Iterator[Finding]:
    for network in evidence.networks("2C"):
        if 0 < network.record.epochs < 10:
            yield Finding(
                code="too-few-epochs", task="2C", where=network.where,
                message=f"{network.record.epochs} epochs are trained; the assignment asks for 10.",
            )  # fmt: skip
        if len(network.hidden_units) > 2:
            shown = "-".join(str(units) for units in network.hidden_units)
            yield Finding(
                code="extra-hidden-layers", task="2A", where=network.where,
                message=f"There are {len(network.hidden_units)} hidden layers ({shown}); two of 64 are asked.",
            )  # fmt: skip
