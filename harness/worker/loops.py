"""`train_on_batch` in a dry run: the steps of one loop are noted as one fit, by the epochs that they come to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from harness.recording import FitData, FitRecord, Graph
from harness.worker import feeds, history
from harness.worker.bench import Bench
from harness.worker.cells import clean
from harness.worker.feeds import Feed, as_array, row_keys
from harness.worker.keys import Array
from harness.worker.replay import Replay
from harness.worker.trial import must_be_compiled

_FEWEST_VALUES = 64  # a target of so many values is an image: it is the same in each epoch, noise on inputs is not
_STRAY = 0.005  # of the rows may be there more than once


@dataclass
class Loop:
    """The steps of one loop so far: each row once, and how often it was seen."""

    noted: dict[str, Any]
    graph: Graph
    x: list[Array] = field(default_factory=list)
    y: list[Array] = field(default_factory=list)
    counts: dict[int, int] = field(default_factory=dict)
    batch_size: int = 0
    steps: int = 0
    held: int = 0
    problem: str | None = None

    def add(self, x: Array, y: Array) -> None:
        """One step's rows."""
        self.steps += 1
        self.batch_size = max(self.batch_size, len(x))
        if self.problem is not None:
            return
        keys = row_keys(y if y[0].size >= _FEWEST_VALUES else x).tolist()
        new = []
        for place, key in enumerate(keys):
            if key not in self.counts:
                new.append(place)
            self.counts[key] = self.counts.get(key, 0) + 1
        if new:
            self.x.append(x[new])
            self.y.append(y[new])
            self.held += self.x[-1].nbytes + self.y[-1].nbytes
        if len(self.counts) > feeds.MAX_ROWS or self.held > feeds.MAX_BYTES:
            self.problem = f"its steps are on more rows than are kept here ({feeds.MAX_ROWS:,})"
            self.x, self.y = [], []

    def epochs(self) -> int | None:
        """How often the loop went through all its rows; None where it did not go through them evenly."""
        counts = np.array(list(self.counts.values()))
        epochs = int(np.median(counts)) if len(counts) else 0
        more = int((counts > epochs).sum())
        fewer = int(np.maximum(epochs - counts, 0).sum())
        even = more <= _STRAY * len(counts) and fewer < max(1, epochs) * self.batch_size
        return epochs if epochs and even else None


class Loops:
    """Gathers the steps of `train_on_batch`, by model and place, and answers them."""

    def __init__(self, bench: Bench, replay: Replay | None) -> None:
        self._bench = bench
        self._replay = replay
        self._open: dict[tuple[int, str], Loop] = {}

    def step(
        self, model: Any, x: Any, y: Any = None, sample_weight: Any = None, class_weight: Any = None,
        return_dict: bool = False,
    ) -> Any:  # fmt: skip
        """One step: a placeholder loss and a placeholder for each metric, that grow better step by step."""
        bench = self._bench
        uid = bench.models.see(model)
        key = (uid, str(bench.place()))
        if key not in self._open:
            self._open[key] = self._begin(model, x, y, class_weight)
        loop = self._open[key]
        array_x, array_y = as_array(x), as_array(y)
        if sample_weight is not None:
            loop.problem = "it is given sample weights, which are not trained with yet"
        elif array_x is None or array_y is None or len(array_x) != len(array_y):
            loop.problem = "its steps are not given arrays of inputs and targets"
        else:
            loop.add(array_x, array_y)
        names = bench.trials.names(uid)
        values = {name: history.placeholder(name, loop.steps // 100) for name in names}
        if self._replay is not None:
            self._replay.made_up()  # training tells values an epoch, not a step
        if return_dict:
            return values
        return list(values.values()) if len(values) > 1 else values["loss"]

    def _begin(self, model: Any, x: Any, y: Any, class_weight: Any) -> Loop:
        noted = self._bench.start(model) | {"method": "train_on_batch"}
        try:
            noted |= self._bench.compiled(model)
            must_be_compiled(model, "train_on_batch")
            if class_weight:
                noted["class_weight"] = {str(key): float(value) for key, value in class_weight.items()}
            feed = feeds.read(x, y)
            graph = self._bench.tried(model, noted, [feed])
        except Exception as error:
            noted["error"] = clean(f"{type(error).__name__}: {error}")[:2000]
            self._bench.fits.append(FitRecord(**noted))
            raise
        real = self._replay is not None and self._replay.fit(model, graph, noted["id"]) is not None
        self._bench.left_by(noted, model, graph, real=real)
        return Loop(noted, graph)

    def close(self, model: int | None = None) -> None:
        """Note the loops that are over: those of one model, or all."""
        for key in [key for key in self._open if model in (None, key[0])]:
            self._bench.fits.append(self._record(self._open.pop(key)))

    def _record(self, loop: Loop) -> FitRecord:
        noted = loop.noted
        epochs = loop.epochs()
        problem = loop.problem
        if problem is None and epochs is None:
            problem = f"its {loop.steps:,} steps of train_on_batch do not go through the same rows epoch by epoch"
        data = FitData()
        if loop.x:
            whole = Feed("arrays", np.concatenate(loop.x), np.concatenate(loop.y))
            data = self._bench.recognise.fit_data(whole.x, whole.y, None, 0.0)
        return FitRecord(
            **noted
            | {
                "problem": noted["problem"] or problem,
                "epochs": epochs or 0,
                "batch_size": max(1, loop.batch_size),
                "data": data,
            }
        )
