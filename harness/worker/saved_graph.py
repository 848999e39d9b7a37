"""The graph of a saved model, made from its configuration as `describe` makes one from a model.

Layers of several files with the same weights are one layer: that is how a decoder in a file of its own is known as
a part of the autoencoder in another.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.recording import Graph, LayerRecord, NodeRecord, TensorRef
from harness.worker.saved_config import Call, ConfigError, Layer, Ref, Tree

FIRST_UID = 10**9  # no object of a hand-in has such a number
MAX_NODES = 1_024


@dataclass(frozen=True)
class SavedGraph:
    """A graph, and for each of its layers the layer in the file, or None for an input that we added."""

    graph: Graph
    sources: tuple[Layer | None, ...]


class Graphs:
    """Makes the graphs of one hand-in's saved models."""

    def __init__(self) -> None:
        self._next = FIRST_UID
        self._by_weights: dict[tuple[str, bytes], int] = {}

    def of(self, tree: Tree, hashes: Mapping[Layer, bytes | None]) -> SavedGraph:
        """The graph of a model; `hashes` tell the weights of its layers. Raises ConfigError where calls do not
        connect."""
        builder = _Builder(self, hashes)
        outputs = builder.inline(tree, None)
        graph = Graph(layers=tuple(builder.layers), nodes=tuple(builder.nodes), outputs=tuple(outputs))
        return SavedGraph(graph, tuple(builder.sources))

    def uid(self, class_name: str, weights: bytes | None, taken: set[int]) -> int:
        """The number of a layer: one that is known by its weights, unless this model has it already."""
        key = (class_name, weights or b"")
        known = self._by_weights.get(key) if weights else None
        if known is not None and known not in taken:
            return known
        self._next += 1
        if weights:
            self._by_weights.setdefault(key, self._next)
        return self._next


class _Builder:
    """Collects layers and nodes while models are walked from their inputs to their outputs."""

    def __init__(self, graphs: Graphs, hashes: Mapping[Layer, bytes | None]) -> None:
        self.layers: list[LayerRecord] = []
        self.nodes: list[NodeRecord] = []
        self.sources: list[Layer | None] = []
        self._graphs = graphs
        self._hashes = hashes
        self._index: dict[Layer, int] = {}
        self._taken: set[int] = set()

    def inline(self, tree: Tree, given: list[TensorRef] | None) -> list[TensorRef]:
        """Add the nodes of `tree`, whose inputs are `given`, or input layers of its own."""
        if tree.chain:
            return self._chain(tree, given)
        made: dict[Ref, list[TensorRef]] = {}
        by_name = {layer.name: layer for layer in tree.layers}
        for position, ref in enumerate(tree.inputs):
            if given is not None:
                if position >= len(given):
                    raise ConfigError("calls a model with fewer inputs than it has")
                made[ref] = [given[position]]
            else:
                layer = by_name.get(ref.layer)
                if layer is None or layer.class_name != "InputLayer":
                    raise ConfigError("names an input that is no input layer")
                made[ref] = self._add(layer, [], Call(()))
        waiting = [
            (Ref(layer.name, number), layer, call)
            for layer in tree.layers
            for number, call in enumerate(layer.calls)
            if Ref(layer.name, number) not in made
        ]
        while waiting:
            ready = [one for one in waiting if all(ref in made for ref in one[2].inputs)]
            if not ready:
                raise ConfigError("has layers that are connected to none")
            for ref, layer, call in ready:
                inputs = [made[one][0] for one in call.inputs]
                made[ref] = self._called(layer, inputs, call)
            waiting = [one for one in waiting if one[0] not in made]
        if any(ref not in made for ref in tree.outputs):
            raise ConfigError("names an output that no layer makes")
        return [made[ref][0] for ref in tree.outputs]

    def _chain(self, tree: Tree, given: list[TensorRef] | None) -> list[TensorRef]:
        if given is None:
            shape = [None, *(tree.input_shape or ())]
            given = self._add(Layer("InputLayer", "input", {"batch_shape": shape}), [], Call(()), ours=True)
        for layer in tree.layers:
            given = self._called(layer, given, Call(()))
        return given

    def _called(self, layer: Layer, inputs: list[TensorRef], call: Call) -> list[TensorRef]:
        if layer.inner is not None:
            return self.inline(layer.inner, inputs)
        return self._add(layer, inputs, call)

    def _add(self, layer: Layer, inputs: list[TensorRef], call: Call, ours: bool = False) -> list[TensorRef]:
        if len(self.nodes) >= MAX_NODES:
            raise ConfigError(f"calls layers more than {MAX_NODES} times")
        if layer not in self._index:
            uid = self._graphs.uid(layer.class_name, self._hashes.get(layer), self._taken)
            self._taken.add(uid)
            self._index[layer] = len(self.layers)
            self.layers.append(
                LayerRecord(
                    uid=uid,
                    class_name=layer.class_name,
                    name=layer.name,
                    config=layer.config,
                    trainable=layer.trainable,
                )
            )
            self.sources.append(None if ours else layer)
        self.nodes.append(NodeRecord(layer=self._index[layer], inputs=tuple(inputs[:64]), arguments=call.arguments))
        return [TensorRef(node=len(self.nodes) - 1)]
