"""What trained models are used on: calls of `evaluate`, `predict` and of models themselves, on many images or on a
few noisy ones."""

from __future__ import annotations

import math
import weakref
from collections import Counter
from collections.abc import Callable
from typing import Any, Literal

from harness.recording import FEW_IMAGES, FEW_NOTED, ArrayRecord, LayerState, UseRecord, Where
from harness.worker.arrays import Recogniser
from harness.worker.keys import Array

MAX_USES = 1_000
FEWEST = 10  # images: noise on fewer is not told
_MAX_LOOKS = 200  # of a run, at few images: a loop of the hand-in's own may have thousands of small batches


class Uses:
    """Notes uses: the same array at the same place with the same model once, and how often."""

    def __init__(self, recognise: Recogniser) -> None:
        self._recognise = recognise
        self._noted: dict[tuple[str, int, str, int], tuple[weakref.ref[Any], int]] = {}
        self._looks: Counter[str] = Counter()  # at few images, by place
        self.records: list[UseRecord] = []

    def looks_at(self, rows: int, where: Callable[[], Where | None]) -> bool:
        """Whether so many images are worth a look at this place."""
        if rows < FEWEST or rows >= FEW_IMAGES:
            return rows >= FEW_IMAGES
        return self._looks.total() < _MAX_LOOKS and self._looks[str(where())] < FEW_NOTED

    def note(
        self, method: Literal["evaluate", "predict", "call"], model: int, x: Array, y: Array | None,
        where: Where | None, states: Callable[[], tuple[LayerState, ...]],
    ) -> None:  # fmt: skip
        """A model was given images x (n, …), with labels y (n, …) beside them or without. `states` tells where its
        weights come from."""
        if len(x) < FEWEST or x.ndim < 2:
            return
        key = (method, model, str(where), id(x))
        known, number = self._noted.get(key, (None, 0))
        if known is not None and known() is x:
            before = self.records[number]
            self.records[number] = before.model_copy(update={"times": before.times + 1})
            return
        if len(self.records) >= MAX_USES or not self.looks_at(len(x), lambda: where):
            return
        record = self._recognise.image_record(x, y)
        if len(x) < FEW_IMAGES:
            self._looks[str(where)] += 1
            if record.noise is None and not self._unknown_images(record):
                return
        self._noted[key] = (weakref.ref(x), len(self.records))
        left = states() if record.noise is not None else ()
        self.records.append(UseRecord(method=method, model=model, x=record, where=where, states=left))

    def _unknown_images(self, record: ArrayRecord) -> bool:
        """Whether these are as many values as an image has, and nobody knows which."""
        known = record.source or record.derived or record.data_set
        return not known and math.prod(n or 1 for n in record.shape[1:]) == self._recognise.pixels
