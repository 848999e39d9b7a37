"""Encoders that stand under a classifier in one model: which of a fit's first layers another network trained."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

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
    such as an autoencoder, and go on with layers of their own. What a recording says is a claim: a fit whose nodes
    point nowhere is passed over."""
    found = {}
    fits = [fit for fit in recording.fits if _is_sound(fit)]
    origins = _origins(fits)
    loops = [one for one in recording.self_trained if _is_sound(one) and _gives_back(one)]
    shared = {layer.uid: one.id for one in loops for layer in one.layers}
    for fit in fits:
        made = _stacked(fit, origins[fit.id], shared) if _on_labels(fit) and shared else None
        if made is not None:
            found[fit.id] = made
        if _is_source(fit):
            shared |= {layer.uid: fit.id for layer in fit.layers}
    return found


def with_stacked(networks: Sequence[Network], recording: Recording) -> tuple[Network, ...]:
    """The networks of a recording's fits, with what is known of encoders that stand under them."""
    found = stacked(recording)
    made = []
    for network in networks:
        under = found.get(network.record.id)
        agrees = under is not None and _agrees(under, network)
        evidence = network.evidence.model_copy(update={"stacked": under if agrees else None})
        made.append(Network(network.record, evidence))
    return tuple(made)


def _agrees(under: Stacked, network: Network) -> bool:
    """Whether the rebuilt network, where there is one, has weights and sizes where the record has them."""
    rebuilt = network.layers
    if not rebuilt:
        return True
    record = network.record
    called = dict.fromkeys(node.layer for node in record.nodes if node.inputs)
    own = [record.layers[place] for place in called if not record.layers[place].class_name.startswith("ops.")]
    if [bool(layer.params) for layer in own] != [bool(layer.params) for layer in rebuilt]:
        return False
    return under.values == _size(rebuilt[under.layers - 1].output_shape)


def _stacked(fit: FitRecord, origins: Mapping[int, _Origin], shared: Mapping[int, str]) -> Stacked | None:
    """`origins`: of the fit's layers, by uid. `shared`: the layers of networks that give back what they are given,
    by uid, and whose they are."""
    known = bool(fit.states) or not (fit.problem or fit.error)
    if not known:  # the recording does not say which weights it starts from
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
        fits=tuple(dict.fromkeys(origin.fit for origin in own)),
        of=tuple(sorted(of)),
        layers=len({layer.uid for layer in below if not layer.class_name.startswith("ops.")}),
        values=_size(below[-1].output_shape),
        known=known,
        changed=any(origin.changed for origin in own) or any(layer.trainable for layer in weighted),
        at_random=any(layer.class_name in AT_RANDOM for layer in below),
    )


def _origins(fits: Sequence[FitRecord]) -> dict[str, dict[int, _Origin]]:
    """By fit, and in it by layer, where weights come from that a network left which gives back what it is given.
    A state counts where the fit that it names ran before; of several of one layer the first."""
    made: dict[str, dict[int, _Origin]] = {}
    before: dict[str, FitRecord] = {}
    sources: set[str] = set()
    for fit in fits:
        own: dict[int, _Origin | None] = {}
        for state in fit.states:
            if state.layer in own:
                continue
            source, origin = before.get(state.fit), None
            if source is not None and _on_labels(source):
                origin = made[source.id].get(state.of)
                origin = replace(origin, changed=True) if origin is not None else None
            elif state.fit in sources:
                origin = _Origin(state.fit, state.of)
            own[state.layer] = origin
        made[fit.id] = {uid: origin for uid, origin in own.items() if origin is not None}
        before[fit.id] = fit
        if _is_source(fit):
            sources.add(fit.id)
    return made


def _is_sound(graph: Graph) -> bool:
    """Whether its nodes and outputs point at what is there."""
    ends = [*graph.outputs, *(ref for node in graph.nodes for ref in node.inputs)]
    return all(ref.node < len(graph.nodes) for ref in ends) and all(
        node.layer < len(graph.layers) for node in graph.nodes
    )


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
