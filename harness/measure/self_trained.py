"""Networks that the hand-in trained with a loop of its own: looked at, evaluated, and shown as facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.allowlist import Refused
from harness.datasets import Dataset
from harness.evidence import SelfTrained
from harness.identity import of_array
from harness.measure.classification import accuracy
from harness.measure.kept import Measurements
from harness.models import ModelFacts, canonical
from harness.recording import SelfTrainedRecord
from harness.training.from_recording import evaluation_specs
from harness.training.process import TrainerFailed, TrainerProcess, TrainingStopped

Frames = Mapping[str, NDArray[Any]]


def self_trained(
    records: Sequence[SelfTrainedRecord],
    frames: Frames,
    dataset: Dataset,
    trainer: TrainerProcess,
    measured: Measurements,
) -> tuple[SelfTrained, ...]:
    """What each of these networks is, and the accuracy of its weights on the evaluation images; where the range of
    its inputs is not known, the best over the usual ones."""

    def one(record: SelfTrainedRecord) -> SelfTrained:
        own = {name: of_array(frames[name]) for name in record.weights if name in frames}
        decided_by = [record.model_dump(mode="json"), own]
        try:
            make = partial(_one, record, frames, dataset, trainer)
            return measured.of("self-trained", decided_by, SelfTrained, make)[0]
        except (TrainerFailed, TrainingStopped) as reason:
            return _plain(record).model_copy(update={"problem": str(reason)[:500]})

    return tuple(one(record) for record in records)


def _one(record: SelfTrainedRecord, frames: Frames, dataset: Dataset, trainer: TrainerProcess) -> SelfTrained:
    made, facts = _plain(record), ModelFacts()
    try:
        spec = canonical(record)
        facts = trainer.inspect(spec, None)
        if record.problem or facts.refused:
            raise Refused(record.problem or str(facts.refused))
        if record.inputs is None:
            raise Refused("its inputs were not seen")
        weights = [_weight(frames.get(name)) for name in record.weights]
        found = max(
            _accuracy(trainer.evaluate(spec, weights, x, dataset.name), dataset)
            for x in evaluation_specs(record.inputs)
        )
    except Refused as reason:
        return made.model_copy(update={"facts": facts, "problem": str(reason)[:500]})
    return made.model_copy(update={"facts": facts, "accuracy": found, "images": len(dataset.y_test)})


def _plain(record: SelfTrainedRecord) -> SelfTrained:
    return SelfTrained(id=record.id, how=record.how, where=record.where, stopped=record.stopped)


def _accuracy(outputs: NDArray[Any], dataset: Dataset) -> float:
    if outputs.ndim != 2 or outputs.shape[1] <= int(dataset.y_test.max()):
        raise Refused("its outputs are no classes")
    return accuracy(outputs, dataset.y_test)


def _weight(array: NDArray[Any] | None) -> NDArray[Any]:
    if array is None or array.dtype.kind not in "iuf" or not np.isfinite(array).all():
        raise Refused("its weights did not cross")
    return array
