"""What trained models are used on: calls of `evaluate`, `predict` and of models themselves, on many images."""

from __future__ import annotations

import weakref
from typing import Any, Literal

from harness.recording import UseRecord, Where
from harness.worker.arrays import Recogniser
from harness.worker.keys import Array

MAX_USES = 1_000
FEWEST = 100  # images: what is shown in a picture is no use


class Uses:
    """Notes uses: the same array at the same place with the same model once, and how often."""

    def __init__(self, recognise: Recogniser) -> None:
        self._recognise = recognise
        self._noted: dict[tuple[str, int, str, int], tuple[weakref.ref[Any], int]] = {}
        self.records: list[UseRecord] = []

    def note(
        self, method: Literal["evaluate", "predict", "call"], model: int, x: Array, y: Array | None,
        where: Where | None,
    ) -> None:  # fmt: skip
        """A model was given images x (n, …), with labels y (n, …) beside them or without."""
        if len(x) < FEWEST or x.ndim < 2:
            return
        key = (method, model, str(where), id(x))
        known, number = self._noted.get(key, (None, 0))
        if known is not None and known() is x:
            before = self.records[number]
            self.records[number] = before.model_copy(update={"times": before.times + 1})
            return
        if len(self.records) >= MAX_USES:
            return
        self._noted[key] = (weakref.ref(x), len(self.records))
        self.records.append(
            UseRecord(method=method, model=model, x=self._recognise.image_record(x, y), where=where)
        )
