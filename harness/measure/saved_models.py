"""Saved models as they were submitted: rebuilt by trusted code from the checked configuration, with the weights of
the file, and evaluated. What that gives is shown, and earns nothing."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.allowlist import Refused
from harness.datasets import Dataset
from harness.evidence import SavedModel
from harness.identity import of_array
from harness.measure.classification import accuracy
from harness.measure.kept import Measurements
from harness.models import ModelSpec, canonical
from harness.recording import ArrayRecord, FitRecord, Graph, ModelRecord, Recording, SavedModelRecord
from harness.training.cost import estimate
from harness.training.from_recording import evaluation_specs
from harness.training.process import TrainerFailed, TrainerProcess, TrainingStopped

SIDE = 28
PIXELS = SIDE * SIDE
MAX_SIDE = 64
OPERATIONS = (
    6e13  # of all evaluations of a hand-in's saved models: some minutes; the reference's networks need 1e12
)
_RANGES = ((1 / 255, 0.0), (2 / 255, -1.0), (1.0, 0.0))  # grey levels as 0 … 1, as -1 … 1, and as they are

Frames = Mapping[str, NDArray[Any]]


def submitted(
    recording: Recording, frames: Frames, dataset: Dataset, trainer: TrainerProcess, measured: Measurements
) -> tuple[SavedModel, ...]:
    """What each saved model is, and what its weights reach on the evaluation images: of the usual ranges of their
    inputs, on the one that suits them best."""
    parts = dict(_parts(recording.saved_models))
    most = OPERATIONS / max(1, len(recording.saved_models))
    networks = _by_sizes(recording)
    digest = cache(lambda name: of_array(frames[name]))  # a record may name a frame thousands of times

    def one(record: SavedModelRecord) -> SavedModel:
        made = SavedModel(
            id=record.id, file=record.file, format=record.format, version=record.version, fault=record.fault,
            problem=record.problem, part_of=parts.get(record.id),
        )  # fmt: skip
        if record.fault is not None:
            return made
        graph: Graph = record
        found: Sequence[Sequence[str]] = record.weights
        if not record.nodes:
            known = _architecture(record, frames, networks)
            if known is None:
                return made.model_copy(update={"fault": "legacy", "problem": _NO_ARCHITECTURE})
            graph, found, made = known[0], known[1], made.model_copy(update={"fit": known[2]})
        own = [[digest(name) for name in names if name in frames] for names in found]
        try:
            make = partial(_measured, made, graph, found, frames, dataset, trainer, most)
            decided_by = [record.model_dump(mode="json"), Graph(**fields_of(graph)).model_dump(mode="json"), own]
            return measured.of("saved-model", [*decided_by, made.part_of, most], SavedModel, make)[0]
        except (TrainerFailed, TrainingStopped) as reason:
            return made.model_copy(update={"fault": "not_measured", "problem": f"was not measured: {reason}"[:500]})

    return tuple(one(record) for record in recording.saved_models)


_NO_ARCHITECTURE = (
    "holds weights and no architecture, and no network of this hand-in has such layers. Save the whole model, with "
    '`model.save("model.keras")`'
)


def fields_of(graph: Graph) -> dict[str, Any]:
    """A model's graph by the names of its fields, without whatever record it is part of."""
    return {name: getattr(graph, name) for name in Graph.model_fields}


def _measured(
    made: SavedModel,
    graph: Graph,
    weights: Sequence[Sequence[str]],
    frames: Frames,
    dataset: Dataset,
    trainer: TrainerProcess,
    most: float,
) -> SavedModel:
    """The saved model with what its weights reach; at most so many operations are spent on it."""
    try:
        spec = canonical(graph)
        facts = trainer.inspect(spec, None)
        if facts.refused:
            raise Refused(facts.refused)
    except Refused as reason:
        return made.model_copy(update={"fault": "refused", "problem": f"cannot be rebuilt: {reason}"[:2_000]})
    made = made.model_copy(update={"facts": facts})
    if made.part_of is not None:
        return made
    try:
        inputs = images_as(facts.input_shape)
        classes = int(dataset.y_test.max()) + 1
        if facts.output_shape != (classes,) and math.prod(facts.output_shape) != PIXELS:
            raise Refused(
                f"gives outputs of shape {facts.output_shape} for each image; expected are ({classes},), a "
                f"probability for each digit, or the {PIXELS} pixels of an image"
            )
        cost = estimate(spec, facts, examples=1, epochs=1, batch_size=1, optimizer=("SGD", {}))
        if cost.forward * len(inputs) * len(dataset.y_test) > most:
            raise Refused("is a network of so many operations that it is not evaluated as submitted")
        named = [name for place in keras_order(spec) for name in weights[place]]
        if len(set(named)) < len(named):
            raise Refused("names the same weights for several layers")
        ordered = [_weight(frames.get(name)) for name in named]
        outputs = [_outputs(trainer, spec, ordered, one, dataset) for one in inputs]
    except Refused as reason:
        return made.model_copy(update={"fault": "not_measured", "problem": str(reason)[:2_000]})
    except IndexError:
        return made.model_copy(update={"fault": "not_measured", "problem": "has weights for other layers"})
    found: dict[str, Any] = {"images": len(dataset.y_test)}
    if facts.output_shape == (classes,):
        found["accuracy"] = max(accuracy(values, dataset.y_test) for values in outputs)
    else:
        found["error"] = min(_error(values, dataset) for values in outputs)
    return made.model_copy(update=found)


def images_as(shape: tuple[int, ...]) -> tuple[ArrayRecord, ...]:
    """The evaluation images as a model takes them that has inputs of this shape, in each of the usual ranges: in
    rows, with a channel axis or three, with lines of black around them. Raises Refused where no image fits."""
    channels = 3 if len(shape) == 3 and shape[-1] == 3 else 1
    side = math.isqrt(math.prod(shape) // channels)
    around = (side - SIDE) // 2
    if math.prod(shape) != side * side * channels or not SIDE <= side <= MAX_SIDE or (side - SIDE) % 2:
        raise Refused(
            f"takes inputs of shape {shape}; the images are 28 by 28: (28, 28), (28, 28, 1) or ({PIXELS},)"
        )
    return tuple(
        ArrayRecord(
            shape=(None, *shape), dtype="float32", source="x_test", encoding="pixels", scale=scale, offset=offset,
            pad=(around, around, around, around), channels=channels,
        )
        for scale, offset in _RANGES
    )  # fmt: skip


def _outputs(
    trainer: TrainerProcess, spec: ModelSpec, weights: list[NDArray[Any]], x: ArrayRecord, dataset: Dataset
) -> NDArray[Any]:
    (one,) = evaluation_specs(x)
    try:
        return trainer.evaluate(spec, weights, one, dataset.name)
    except Refused as reason:
        raise Refused(f"could not be evaluated: {reason}") from None


def _error(outputs: NDArray[Any], dataset: Dataset) -> float:
    """Mean squared error a pixel of images against the evaluation images, both in [0, 1]."""
    images = dataset.x_test.reshape(len(dataset.x_test), -1).astype(np.float32) / np.float32(255)
    given = np.clip(np.nan_to_num(outputs.reshape(len(images), -1)), 0.0, 1.0)
    return float(((given - images) ** 2).mean())


def _weight(array: NDArray[Any] | None) -> NDArray[Any]:
    if array is None or array.dtype.kind not in "iuf":
        raise Refused("has weights that did not cross")
    if not np.isfinite(array).all():
        raise Refused("has weights that are not finite numbers")
    return array


def keras_order(spec: ModelSpec) -> list[int]:
    """The layers of a model in the order in which Keras lists the weights of a functional model: by their distance
    from the output, then as they are met on the way from it (`map_graph_network` in Keras's functional.py)."""
    first_met: dict[int, int] = {}
    order: list[int] = []  # nodes, each after those that it needs
    done: set[int] = set()
    waiting = [(ref.node, False) for ref in reversed(spec.outputs)]
    while waiting:
        node, entered = waiting.pop()
        if entered:
            order.append(node)
        elif node not in done:
            done.add(node)
            first_met.setdefault(spec.nodes[node].layer, len(first_met))
            waiting.append((node, True))
            waiting += [(ref.node, False) for ref in reversed(spec.nodes[node].inputs)]
    depths: dict[int, int] = {}
    of_layer: dict[int, int] = {}
    for node in reversed(order):
        layer = spec.nodes[node].layer
        depth = max(depths.get(node, 0), of_layer.get(layer, 0))
        of_layer[layer] = depth
        for ref in spec.nodes[node].inputs:
            depths[ref.node] = max(depth + 1, depths.get(ref.node, 0))
    return sorted(of_layer, key=lambda layer: (-of_layer[layer], first_met[layer]))


# --- weights alone, and parts


def _by_sizes(recording: Recording) -> dict[tuple[int, ...], FitRecord | ModelRecord]:
    """The recorded networks by how many weights their layers have, in ascending order; of equal ones the last."""
    known: list[FitRecord | ModelRecord] = [*recording.models, *recording.fits]
    return {tuple(sorted(layer.params for layer in one.layers if layer.params)): one for one in known if one.layers}


def _architecture(
    record: SavedModelRecord, frames: Frames, networks: Mapping[tuple[int, ...], FitRecord | ModelRecord]
) -> tuple[FitRecord | ModelRecord, list[tuple[str, ...]], str | None] | None:
    """The recorded network whose layers have as many weights as those of a file without an architecture, with the
    frames of each of its layers, and the fit that it is of; the last one recorded, or None. Each layer takes of the
    file's that have as many weights the first that is left."""
    sizes = [_size(names, frames) for names in record.weights]
    graph = networks.get(tuple(sorted(sizes)))
    if graph is None:
        return None
    left: dict[int, list[tuple[str, ...]]] = {}
    for size, names in zip(reversed(sizes), reversed(record.weights), strict=True):
        left.setdefault(size, []).append(names)
    found = [left[layer.params].pop() if layer.params else () for layer in graph.layers]
    return graph, found, graph.id if isinstance(graph, FitRecord) else None


def _size(names: Sequence[str], frames: Frames) -> int:
    return sum(int(frames[name].size) for name in names if name in frames)


def _parts(records: Sequence[SavedModelRecord]) -> Iterator[tuple[str, str]]:
    """The models all of whose layers with weights are another one's too, and that one's file."""
    own = {
        record.id: {layer.uid for layer, names in zip(record.layers, record.weights, strict=False) if names}
        for record in records
    }
    for record in records:
        for other in records:
            if own[record.id] and own[record.id] < own[other.id]:
                yield record.id, other.file
                break
