"""The models of a hand-in: which there are, how each was compiled, what it was given, and its graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.recording import Graph, ModelRecord, Where
from harness.worker import describe
from harness.worker.cells import clean
from harness.worker.states import Layers


class Models:
    """Every model that was seen, by its uid. `place` tells the line of the hand-in that is running."""

    def __init__(self, place: Callable[[], Where | None]) -> None:
        self._place = place
        self._identify = describe.Identities()
        self._graphs = describe.Graphs(self._identify)
        self._known: dict[int, tuple[Any, Where | None]] = {}
        self._settings: dict[int, dict[str, Any]] = {}
        self._shapes: dict[int, tuple[int, ...]] = {}

    def see(self, model: Any) -> int:
        """The uid of a model, which is remembered."""
        uid = self._identify(model)
        self._known.setdefault(uid, (model, self._place()))
        return uid

    def see_all(self, namespaces: list[dict[str, Any]]) -> None:
        """Remember the models that names of the hand-in hold."""
        import keras

        for namespace in namespaces:
            for value in list(namespace.values()):
                if issubclass(type(value), keras.Model):  # not isinstance, which asks the thing itself
                    self.see(value)

    def all(self) -> list[tuple[int, Any, Where | None]]:
        """The models so far, in the order in which they were seen."""
        return [(uid, model, where) for uid, (model, where) in self._known.items()]

    def compiled(self, model: Any, settings: dict[str, Any]) -> int:
        """Remember the arguments of `compile`, by Keras's names."""
        uid = self.see(model)
        self._settings[uid] = settings
        return uid

    def settings(self, uid: int) -> dict[str, Any]:
        """The arguments of a model's last `compile`."""
        return self._settings.get(uid, {})

    def given(self, uid: int, inputs: Any) -> None:
        """A model was given one input (n, …): a class without a configuration is followed with its shape."""
        shape = getattr(inputs, "shape", None)
        if shape is not None and len(shape) > 1:
            self._shapes[uid] = tuple(int(size) for size in shape[1:] if size is not None)

    def graph(self, model: Any) -> tuple[Graph, str | None]:
        """The graph of a model, or an empty one and why there is none."""
        try:
            return self._graphs.of(model, self._shapes.get(self._identify(model))), None
        except describe.Undescribable as reason:
            return Graph(), str(reason)
        except Exception as error:
            return Graph(), clean(f"its layers could not be read ({type(error).__name__}: {error})")[:2000]

    def layers(self, model: Any, graph: Graph) -> Layers:
        """The layers of a model's graph that have weights; where there is no graph, those that the model holds."""
        if graph.layers:
            things = self._identify.things(layer.uid for layer in graph.layers)
        else:
            inner = model._flatten_layers(include_self=False, recursive=True)
            things = [(self._identify(layer), layer) for layer in inner if not layer._layers]
        return [(uid, thing) for uid, thing in things if getattr(thing, "weights", None)]

    def records(self) -> tuple[ModelRecord, ...]:
        """All of them, as they stand now."""
        return tuple(self._record(uid, model, where) for uid, model, where in self.all())

    def _record(self, uid: int, model: Any, where: Where | None) -> ModelRecord:
        graph, problem = self.graph(model)
        return ModelRecord(
            **dict(graph),
            uid=uid,
            name=clean(str(model.name))[:300],
            kind=kind(model),
            where=where,
            problem=problem,
        )


def kind(model: Any) -> Any:
    """How a model was written."""
    import keras

    if isinstance(model, keras.Sequential):
        return "sequential"
    return "subclassed" if describe.is_subclassed(model) else "functional"
