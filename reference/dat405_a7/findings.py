"""Findings that are this assignment's own: mistakes seen in the work, each a sentence for the student."""

from collections import Counter
from collections.abc import Iterator

from harness.evidence import Evidence
from harness.recording import Finding


def find(evidence: Evidence) -> Iterator[Finding]:
    """What the recording shows, besides what the checks say."""
    yield from _preprocessing(evidence)
    yield from _network(evidence)
    yield from _sweep(evidence)
    yield from _autoencoder(evidence)


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


def _autoencoder(evidence: Evidence) -> Iterator[Finding]:
    for network in evidence.networks("4A"):
        y = network.record.data.y
        if y is not None and y.noise is not None:
            yield Finding(
                code="autoencoder-target-noisy", task="4A", where=network.where,
                message="The autoencoder's targets are noisy; the second argument of fit is the clean images.",
            )  # fmt: skip
    if evidence.noise is not None and not evidence.noise.input_kept:
        yield Finding(
            code="noise-changes-input", task="4B", where=evidence.noise.where,
            message=f"`{evidence.noise.function}` changes the array that it is given; work on a copy.",
        )  # fmt: skip
    if (
        evidence.noise is not None
        and evidence.noise.changed
        and max(evidence.noise.changed) == evidence.noise.changed[0]
    ):
        yield Finding(
            code="noise-level-unused", task="4B", where=evidence.noise.where,
            message=f"`{evidence.noise.function}` does the same whatever the level.",
        )  # fmt: skip


def _sweep(evidence: Evidence) -> Iterator[Finding]:
    sweep = evidence.networks("2D")
    if not sweep:
        return
    for network in sweep:
        if network.record.previous and len(network.of_class("Dense")) > 3:
            yield Finding(
                code="stacked-layers", task="2D", where=network.where,
                message=f"2D stacks layers in {network.where}: make the model inside the loop.",
            )  # fmt: skip
            break
    texts = [(network, text) for network in sweep for layer in network.layers for text in layer.regularizers]
    for code, sign, message in (
        ("activity-regularizer", "activity ", "activity_regularizer is not weight decay; use kernel_regularizer."),
        ("l1-not-l2", " L1 ", "L1 is not weight decay; use regularizers.L2(factor)."),
    ):
        seen = next((network for network, text in texts if sign in text), None)
        if seen is not None:
            yield Finding(code=code, task="2D", where=seen.where, message=message)
    first = sweep[0]
    hidden = first.of_class("Dense")[:-1]
    with_decay = [layer for layer in hidden if any(text.startswith("kernel L2") for text in layer.regularizers)]
    if len(with_decay) < min(2, len(hidden)):
        yield Finding(
            code="decay-not-on-hidden-kernels", task="2D", where=first.where,
            message="Weight decay belongs on the kernels of both hidden layers.",
        )  # fmt: skip
    if first.hidden_units != (500, 300):
        shown = "-".join(map(str, first.hidden_units)) or "none"
        yield Finding(
            code="hidden-units-not-500-300", task="2D", where=first.where,
            message=f"The hidden layers of the sweep are {shown}; 500-300 is asked.",
        )  # fmt: skip
    fewest = min(network.record.epochs for network in sweep)
    if fewest < 40:
        yield Finding(
            code="too-few-epochs", task="2D", where=first.where,
            message=f"The sweep trains for {fewest} epochs; the assignment asks for 40.",
        )  # fmt: skip
    counts = Counter(text for network in sweep if not network.record.previous for text in _decay(network))
    if counts and len(counts) < 5:
        yield Finding(
            code="too-few-factors", task="2D", where=first.where,
            message=f"Factors trained in fresh networks: {len(counts)}; five are asked.",
        )  # fmt: skip
    if not counts or min(counts.values()) < 3:
        yield Finding(
            code="no-replicates", task="2D", where=first.where,
            message="Each factor should be trained three times, each time from a fresh network.",
        )  # fmt: skip
    outside = [text for text in counts if not 0.999e-6 <= float(text) <= 1.001e-3]
    if outside:
        yield Finding(
            code="factors-out-of-range", task="2D", where=first.where,
            message=f"The factor {outside[0]} lies outside 1e-6 … 1e-3.",
        )  # fmt: skip


def _decay(network) -> set[str]:
    return {
        text.split()[2]
        for layer in network.of_class("Dense")[:1]
        for text in layer.regularizers
        if text.startswith("kernel L2 ")
    }
