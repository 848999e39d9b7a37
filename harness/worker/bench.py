"""What every way of training shares: the fits so far, and what is known of the models and of their weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from harness.recording import FitRecord, Graph, Where
from harness.worker import describe
from harness.worker.arrays import Recogniser
from harness.worker.feeds import Feed
from harness.worker.registry import Models
from harness.worker.states import States, UnknownWeightsError, hash_of
from harness.worker.trial import Trials

MAX_FITS = 2_000
MANY_FITS = 50
MAX_PREVIOUS = 512  # the types of a recording allow no more


class TooManyFitsError(RuntimeError):
    """A loop that never stops fitting."""


@dataclass
class Bench:
    """Where models are tried and their fits noted. `place` tells the line of the hand-in that is running; `note`
    takes a finding's code and sentence."""

    models: Models
    recognise: Recogniser
    place: Callable[[], Where | None]
    note: Callable[[str, str], None]
    states: States = field(default_factory=States)
    trials: Trials = field(default_factory=Trials)
    fits: list[FitRecord] = field(default_factory=list)
    contract_task: str | None = None
    frozen: dict[int, dict[int, bool]] = field(default_factory=dict)
    _started: int = 0

    def start(self, model: Any) -> dict[str, Any]:
        """The first fields of a new FitRecord. Raises TooManyFitsError."""
        if self._started >= MAX_FITS:
            raise TooManyFitsError(f"more than {MAX_FITS} calls of fit")
        self._started += 1
        uid = self.models.see(model)
        previous = tuple(fit.id for fit in self.fits if fit.model == uid and fit.error is None)
        return {
            "id": f"fit-{self._started}",
            "model": uid,
            "epochs": 0,
            "previous": previous[-MAX_PREVIOUS:],
            "contract_task": self.contract_task,
            "where": self.place(),
        }

    def epochs_before(self, model: int) -> int:
        """How far on the placeholders of a model's next fit are: by the epochs of its earlier fits, and a little by
        all others, so that a loop ends which fits one network after another until one is good."""
        return sum(fit.epochs for fit in self.fits if fit.model == model) + len(self.fits) // MANY_FITS

    def forget(self, model: int) -> None:
        """A model was compiled: its next fit starts with a fresh optimizer."""
        self.trials.forget(model)
        self.states.compiled(model)
        self.frozen.pop(model, None)

    def compiled(self, model: Any) -> dict[str, Any]:
        """The fields that tell how a model was compiled."""
        settings = self.models.settings(self.models.see(model))
        optimizer = getattr(model, "optimizer", None)
        return {
            "loss": describe.component(settings.get("loss", getattr(model, "loss", None))),
            "optimizer": describe.component(getattr(optimizer, "inner_optimizer", optimizer)),
        }

    def tried(self, model: Any, noted: dict[str, Any], given: list[Feed]) -> Graph:
        """Try a model on a few rows of each feed; its graph and where its weights come from go into `noted`.

        Raises what Keras raises where they do not fit; the graph is noted all the same.
        """
        uid = noted["model"]
        for feed in given[:1]:
            self.models.given(uid, feed.few_x)
        try:
            for feed in given:
                if feed.few_x is not None:
                    self.trials.run(model, uid, feed.few_x, feed.few_y)
        finally:
            graph = self.drawn(model, noted)
        graph = self._as_compiled(uid, graph)
        noted["layers"] = graph.layers
        noted["metrics"] = tuple(self.trials.names(uid)[1:])
        layers = self.models.layers(model, graph)
        noted["continues"] = self.states.continues(uid, layers)
        noted["initial"] = None if noted["previous"] else hash_of(layers)
        try:
            noted["states"] = self.states.of(layers)
        except UnknownWeightsError as reason:
            noted["problem"] = noted["problem"] or str(reason)
        if self.models.settings(uid).get("loss_weights") is not None:
            noted["problem"] = (
                noted["problem"] or "it is compiled with loss_weights, which are not trained with yet"
            )
        return graph

    def left_by(self, noted: dict[str, Any], model: Any, graph: Graph, *, real: bool) -> None:
        """The fit that is noted trained a model of this graph, for `real` or as dry runs do."""
        layers = self.models.layers(model, graph)
        trainable = {layer.uid: layer.trainable for layer in graph.layers}
        frozen = {uid for uid, layer in layers if not trainable.get(uid, layer.trainable)}
        self.states.left_by(noted["id"], noted["model"], layers, frozen, real=real)

    def _as_compiled(self, model: int, graph: Graph) -> Graph:
        """The graph with those layers frozen that were at the first fit after the model's compile: Keras looks at
        `trainable` only then."""
        frozen = self.frozen.setdefault(model, {layer.uid: layer.trainable for layer in graph.layers})
        layers = tuple(
            layer.model_copy(update={"trainable": frozen.get(layer.uid, layer.trainable)}) for layer in graph.layers
        )
        if layers != graph.layers:
            self.note(
                "trainable-without-compile",
                "A layer's `trainable` was changed after the model was compiled and fitted, which counts only from "
                "the next `compile` on. Call `model.compile(…)` after the change.",
            )
        return graph.model_copy(update={"layers": layers})

    def drawn(self, model: Any, noted: dict[str, Any]) -> Graph:
        """The graph of a model, which goes into `noted`, or why there is none."""
        graph, problem = self.models.graph(model)
        noted |= dict(graph) | {"regularizers": describe.regularizers(graph), "problem": problem}
        return graph
