"""Findings of this assignment: mistakes seen in the work, each a sentence for the student."""

from collections.abc import Iterator

from harness import mistakes
from harness.encoders import is_decoded
from harness.evidence import Evidence, Network
from harness.recording import Finding, Recording

TRAINED = ("3", "5", "6")
"""The tasks that networks are trained for."""


def find(evidence: Evidence) -> Iterator[Finding]:
    """What the recording shows, besides what the checks say."""
    yield from mistakes.rescaling(evidence, TRAINED, "6")
    yield from mistakes.one_hot_twice(evidence, "5")
    yield from mistakes.noise_on_target(evidence, "3")
    for network in evidence.networks("3"):
        yield from _noise(network)
        yield from _bottleneck(network)
    for network in evidence.networks("5"):
        yield from _codes(network, evidence)
    yield from mistakes.pasted(evidence, TRAINED)


def _noise(network: Network) -> Iterator[Finding]:
    noise = network.noise
    if noise is None:
        return
    if noise.kind == "uniform":
        yield Finding(
            code="test-noise-in-training", task="3", where=network.where,
            message="The autoencoder is trained on uniform noise, which is that of the test: train it on normal "
            "noise, so that task 4 shows what it makes of noise that it does not know.",
        )  # fmt: skip
    if not noise.clipped and noise.kind != "salt_and_pepper":
        x = network.record.data.x
        message = "The noisy images have values below 0 or above 1; clip them: np.clip(noisy, 0, 1)."
        if x is None or x.noise is None:
            message = (
                "A layer adds the noise, and nothing clips what it gives: add it to the images before fit, and "
                "clip: np.clip(noisy, 0, 1)."
            )
        yield Finding(code="not-clipped", task="3", where=network.where, message=message)


def _bottleneck(network: Network) -> Iterator[Finding]:
    if network.layers and network.bottleneck is None:
        yield Finding(
            code="no-bottleneck", task="2", where=network.where,
            message="No layer of the autoencoder is narrower than the image: it can hand every pixel through, and "
            "there are no codes to classify.",
        )  # fmt: skip


def _codes(network: Network, evidence: Evidence) -> Iterator[Finding]:
    x = network.record.data.x
    if x is None or x.derived is None:
        return
    if any(is_decoded(evidence.recording, x.derived, one) for one in evidence.networks("3")):
        yield Finding(
            code="decoded-not-codes", task="5", where=network.where,
            message="The classifier takes the images that the decoder gives, and not codes: "
            "encoder.predict(x_train).",
        )  # fmt: skip
    if not x.derived.states and x.derived.unknown is None and _has_weights(evidence.recording, x.derived.model):
        yield Finding(
            code="encoder-untrained", task="5", where=network.where,
            message="The encoder was never trained: its codes are those of random weights. Build it from the "
            "layers of the autoencoder, after its fit.",
        )  # fmt: skip


def _has_weights(recording: Recording, model: int) -> bool:
    """Whether a recorded model has weights that a training could have changed."""
    fits = [fit.layers for fit in recording.fits if fit.model == model]
    graphs = [*fits, *(one.layers for one in recording.models if one.uid == model)]
    return any(layer.params for layers in graphs for layer in layers)
