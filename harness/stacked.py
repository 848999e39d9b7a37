"""Encoders that stand under a classifier in one model: which of a fit's first layers another network trained."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from harness.evidence import LABELS, Network, Stacked
from harness.recording import FitRecord, Graph, Recording

AT_RANDOM = ("Dropout", "GaussianNoise", "GaussianDropout", "AlphaDropout", "SpatialDropout1D", "SpatialDropout2D")
"""Layers that act at random in training, frozen or not."""


@dataclass(frozen=True)
class _Origin:
    """Where a layer's weights come from: a layer, by uid, of a network that gives back what it is given. `changed`:
    fits on labels have trained them since."""

    fit: str
    layer: int
    changed: bool = False


def stacked(recording: Recording) -> dict[str, Stacked]:
    """The fits on labels, by id, whose networks begin with trained layers of one that gives back what it is given,
    such as an autoencoder, and go on with layers of their own."""
    found = {}
    for number, fit in enumerate(recording.fits):
        before = recording.fits[:number]
        shared = {layer.uid: one.id for one in recording.self_trained if _gives_back(one) for layer in one.layers}
        shared |= {layer.uid: one.id for one in before if _is_source(one) for layer in one.layers}
        made = _stacked(fit, before, shared) if _on_labels(fit) and shared else None
        if made is not None:
            found[fit.id] = made
    return found


def with_stacked(networks: Sequence[Network], recording: Recording) -> tuple[Network, ...]:
    """The networks of a recording's fits, with what is known of encoders that stand under them."""
    found = stacked(recording)
    return tuple(
        Network(one.record, one.evidence.model_copy(update={"stacked": found.get(one.record.id)}))
        for one in networks
    )


def _stacked(fit: FitRecord, before: Sequence[FitRecord], shared: dict[int, str]) -> Stacked | None:
    """`shared`: the layers of networks that give back what they are given, by uid, and whose they are."""
    known = bool(fit.states) or not (fit.problem or fit.error)
    if known:
        origins = {state.layer: _origin(state.layer, fit, before) for state in fit.states}
    else:  # the recording does not say which weights it starts from
        origins = {uid: _Origin(one, uid) for uid, one in shared.items()}
    layers = {number: fit.layers[node.layer] for number, node in enumerate(fit.nodes) if node.inputs}
    theirs = [
        number
        for number, layer in layers.items()
        if (origins.get(layer.uid) if layer.params else layer.uid in shared)
    ]
    cut = max(theirs, default=-1)
    below = [layer for number, layer in layers.items() if number <= cut]
    above = [layer for number, layer in layers.items() if number > cut]
    weighted = [layer for layer in below if layer.params]
    own = [origin for layer in weighted if (origin := origins.get(layer.uid)) is not None]
    if not own or len(own) < len(weighted) or not any(layer.params for layer in above):
        return None
    if any(ref.node < cut for number in layers if number > cut for ref in fit.nodes[number].inputs):
        return None  # what comes after takes something else besides
    of = {origin.layer for origin in own} | {layer.uid for layer in below if layer.uid in shared}
    return Stacked(
        fit=own[-1].fit,
        of=tuple(sorted(of)),
        layers=len({layer.uid for layer in below if not layer.class_name.startswith("ops.")}),
        values=_size(below[-1].output_shape),
        known=known,
        changed=any(origin.changed for origin in own) or any(layer.trainable for layer in weighted),
        at_random=any(layer.class_name in AT_RANDOM for layer in below),
    )


def _origin(uid: int, fit: FitRecord, before: Sequence[FitRecord]) -> _Origin | None:
    """None where the weights come from no network that gives back what it is given."""
    places = {one.id: number for number, one in enumerate(before)}
    last, changed = len(before), False
    while (state := next((one for one in fit.states if one.layer == uid), None)) is not None:
        number = places.get(state.fit, last)
        if number >= last:  # each is a claim: what a fit starts from ran before it
            return None
        fit, uid, last = before[number], state.of, number
        if not _on_labels(fit):
            return _Origin(fit.id, uid, changed) if _is_source(fit) else None
        changed = True
    return None


def _on_labels(fit: FitRecord) -> bool:
    return fit.data.y is not None and fit.data.y.encoding in LABELS


def _is_source(fit: FitRecord) -> bool:
    y = fit.data.y
    return not _on_labels(fit) and ((y is not None and y.encoding == "pixels") or _gives_back(fit))


def _gives_back(graph: Graph) -> bool:
    """Whether a network gives as many values as it takes."""
    taken = [graph.layers[node.layer].output_shape for node in graph.nodes if not node.inputs]
    given = [graph.layers[graph.nodes[ref.node].layer].output_shape for ref in graph.outputs]
    return bool(taken and given and taken[0] and given[0]) and _size(taken[0]) == _size(given[0])


def _size(shape: Sequence[int | None] | None) -> int:
    return math.prod(size or 1 for size in (shape or ())[1:])
