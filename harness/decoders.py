"""Which recorded model is the decoder of an autoencoder: its last part, made of its own layers."""

from __future__ import annotations

import math
from collections.abc import Sequence

from harness.evidence import Network
from harness.recording import ModelRecord


def decoder_of(models: Sequence[ModelRecord], autoencoder: Network) -> tuple[ModelRecord, int] | None:
    """A recorded model that is the last part of the autoencoder, and the node of the autoencoder after which it
    begins. Layers are told by identity, so that a decoder with fresh layers of its own, untrained, is not taken."""
    record = autoencoder.record
    order = [record.layers[node.layer].uid for node in record.nodes]
    inputs = {layer.uid for layer in record.layers if layer.class_name == "InputLayer"}
    found: list[tuple[int, ModelRecord]] = []
    for model in models:
        own = {layer.uid for layer in model.layers if layer.class_name != "InputLayer"}
        if not own or not own < set(order) - inputs or order[-1] not in own:
            continue
        cut = max(number for number, uid in enumerate(order) if uid not in own)
        if set(order[cut + 1 :]) == own:
            found.append((cut, model))
    if not found:
        return None
    # Of several, the one that begins at the narrowest place is the decoder.
    cut, model = min(found, key=lambda one: values_after(autoencoder, one[0]))
    return model, cut


def values_after(autoencoder: Network, node: int) -> int:
    """How many values a node of the autoencoder hands on."""
    shape = autoencoder.record.layers[autoencoder.record.nodes[node].layer].output_shape or ()
    return math.prod(n or 1 for n in shape[1:])
