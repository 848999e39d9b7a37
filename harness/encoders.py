"""The encoder of an autoencoder, cut out of its graph at the bottleneck, however the model was put together."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Sequence
from typing import TypeAlias

from harness.evidence import Network
from harness.recording import Derivation, FitRecord, Graph, LayerState, Recording, UseRecord

_GRAPHS = 8  # of one model: a Sequential grows where a hand-in goes on adding layers to it

_Paths: TypeAlias = "dict[int, _Paths]"


def bottleneck_of(autoencoder: Network) -> int | None:
    """The node after which the fewest values are handed on, of several in a row the last; None where no layer hands
    on fewer than there are in an image."""
    record = autoencoder.record
    sizes = [_values(record, number) for number in range(len(record.nodes))]
    ends = {ref.node for ref in record.outputs}
    inner = [number for number, node in enumerate(record.nodes) if node.inputs and number not in ends]
    narrowest = min((sizes[number] for number in inner), default=0)
    entries = [size for size, node in zip(sizes, record.nodes, strict=True) if not node.inputs]
    widest = min((*entries, *(sizes[number] for number in ends)), default=0)
    if not 0 < narrowest < widest:
        return None
    return max(number for number in inner if sizes[number] == narrowest)


def until(graph: Graph, cut: int) -> Graph:
    """The part of a graph that node `cut` is computed from, with that node as its output."""
    needed: set[int] = set()
    waiting = [cut]
    while waiting:
        number = waiting.pop()
        if number not in needed:
            needed.add(number)
            waiting += [ref.node for ref in graph.nodes[number].inputs]
    kept = sorted(needed)
    places = {number: place for place, number in enumerate(kept)}
    layers = sorted({graph.nodes[number].layer for number in kept})
    nodes = tuple(
        graph.nodes[number].model_copy(
            update={
                "layer": layers.index(graph.nodes[number].layer),
                "inputs": tuple(
                    ref.model_copy(update={"node": places[ref.node]}) for ref in graph.nodes[number].inputs
                ),
            }
        )
        for number in kept
    )
    own = tuple(graph.layers[number] for number in layers)
    output = graph.outputs[0].model_copy(update={"node": places[cut], "output": 0})
    return Graph(layers=own, nodes=nodes, outputs=(output,), params=sum(layer.params for layer in own))


def is_decoded(recording: Recording, made: Derivation, autoencoder: Network) -> bool:
    """Whether what a model computed comes out of the autoencoder's last layer: images, and no codes."""
    graphs: list[Graph] = [*(fit for fit in recording.fits if fit.model == made.model)]
    graphs += [model for model in recording.models if model.uid == made.model]
    return any(_last(graph) == _last(autoencoder.record) for graph in graphs if graph.outputs)


def uses_of(recording: Recording, fits: Iterable[FitRecord]) -> tuple[UseRecord, ...]:
    """The uses of networks that these fits trained, or of first parts of them, from the input on: models whose
    layers with weights are a network's first ones, in their order, or start from what was left of those."""
    trained: set[int] = set()
    wholes: _Paths = {}
    for fit in fits:
        trained.add(fit.model)
        path = wholes
        for uid in _weighted(fit):
            path = path.setdefault(uid, {})
    graphs: dict[int, dict[tuple[int, ...], None]] = {}
    for uid, graph in [
        *((fit.model, fit) for fit in recording.fits),
        *((one.uid, one) for one in recording.models),
    ]:
        known = graphs.setdefault(uid, {})
        if len(known) < _GRAPHS:
            known[_weighted(graph)] = None

    @functools.cache
    def is_first_part(model: int, states: tuple[LayerState, ...]) -> bool:
        copied = {state.layer: state.of for state in states}
        return any(_begins(wholes, [copied.get(uid, uid) for uid in layers]) for layers in graphs.get(model, ()))

    return tuple(use for use in recording.uses if use.model in trained or is_first_part(use.model, use.states))


def _begins(wholes: _Paths, layers: Sequence[int]) -> bool:
    """Whether some whole begins with these layers, one at least."""
    path: _Paths | None = wholes
    for uid in layers:
        path = path.get(uid) if path is not None else None
    return bool(layers) and path is not None


def _weighted(graph: Graph) -> tuple[int, ...]:
    """The layers (uids) that have weights, in the order of their calls, each once."""
    layers = (graph.layers[node.layer] for node in graph.nodes if node.layer < len(graph.layers))
    return tuple(dict.fromkeys(layer.uid for layer in layers if layer.params))


def _last(graph: Graph) -> int:
    return graph.layers[graph.nodes[graph.outputs[0].node].layer].uid


def values_of(autoencoder: Network, cut: int) -> int:
    """How many values a node of the autoencoder hands on for one image."""
    return _values(autoencoder.record, cut)


def _values(graph: Graph, node: int) -> int:
    return math.prod(n or 1 for n in (graph.layers[graph.nodes[node].layer].output_shape or ())[1:])
