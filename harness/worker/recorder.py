"""The dry run: `fit` notes what it was asked and answers at once, `evaluate` and `predict` answer in shape.

Numbers that come back to the student's code are placeholders. They are never shown and earn nothing.
"""

from __future__ import annotations

import functools
import inspect
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np

from harness.recording import Derivation, Finding, FitData, FitRecord, Graph, ModelRecord, Where
from harness.worker import describe
from harness.worker.arrays import Array, Recogniser
from harness.worker.cells import clean
from harness.worker.files import Files
from harness.worker.replay import Replay

MAX_FITS = 2_000
MAX_FINDINGS = 500
MAX_PREVIOUS = 512  # the types of a recording allow no more


class TooManyFitsError(RuntimeError):
    """A loop that never stops fitting."""


class Recorder:
    """What a dry run has seen so far. `place` tells the line of the hand-in that is running."""

    def __init__(
        self, recogniser: Recogniser, place: Callable[[], Where | None], replay: Replay | None = None
    ) -> None:
        self.fits: list[FitRecord] = []
        self.findings: list[Finding] = []
        self.contract_task: str | None = None
        self._replay = replay
        self._recognise = recogniser
        self._place = place
        self._identify = describe.Identities()
        self._compiled: dict[int, dict[str, Any]] = {}
        self._models: dict[int, tuple[Any, Where | None]] = {}
        self._noted: set[tuple[str, str]] = set()
        self._really_predict: Callable[..., Any] = lambda *_, **__: None
        self._outputs: dict[int, tuple[weakref.ref[Any], int]] = {}
        self._files = Files(self.note)

    # --- notes

    def note(self, code: str, message: str) -> None:
        """Remember a finding at the running line; each code and sentence once."""
        if (code, message) not in self._noted and len(self.findings) < MAX_FINDINGS:
            self._noted.add((code, message))
            self.findings.append(Finding(code=code, message=clean(message), where=self._place()))

    # --- models

    def models(self, namespaces: list[dict[str, Any]]) -> tuple[ModelRecord, ...]:
        """Every model that was compiled or fitted, or that a name of the hand-in still holds."""
        for namespace in namespaces:
            for value in list(namespace.values()):
                self.see(value)
        return tuple(self._model_record(uid, model, where) for uid, (model, where) in self._models.items())

    def see(self, thing: Any) -> None:
        """Remember a model that no variable of the hand-in holds."""
        import keras

        if issubclass(type(thing), keras.Model):  # not isinstance, which asks the thing itself
            self._see(thing)

    def _see(self, model: Any) -> int:
        uid = self._identify(model)
        self._models.setdefault(uid, (model, self._place()))
        return uid

    def _model_record(self, uid: int, model: Any, where: Where | None) -> ModelRecord:
        graph, problem = self._graph(model)
        return ModelRecord(
            uid=uid,
            name=clean(str(model.name))[:300],
            kind=_kind(model),
            where=where,
            problem=problem,
            layers=graph.layers,
            nodes=graph.nodes,
            outputs=graph.outputs,
            params=graph.params,
        )

    def _graph(self, model: Any) -> tuple[Graph, str | None]:
        try:
            return describe.graph_of(model, self._identify), None
        except describe.Undescribable as reason:
            return Graph(), str(reason)
        except Exception as error:
            return Graph(), f"its layers could not be read ({type(error).__name__}: {error})"[:2000]

    # --- the methods of a model

    def install(self) -> None:
        """Replace the methods of keras.Model that compute."""
        import keras

        original_compile = keras.Model.compile
        self._really_predict = keras.Model.predict
        recorder = self

        @functools.wraps(original_compile)
        def compile_(model: Any, *args: Any, **kwargs: Any) -> None:
            original_compile(model, *args, **kwargs)
            bound = inspect.signature(original_compile).bind_partial(model, *args, **kwargs)
            recorder._compiled[recorder._see(model)] = dict(bound.arguments)

        def fit(model: Any, *args: Any, **kwargs: Any) -> Any:
            return recorder.fit(model, *args, **kwargs)

        def evaluate(model: Any, x: Any = None, y: Any = None, *_: Any, **kwargs: Any) -> Any:
            return recorder.evaluate(model, x, y, kwargs.get("return_dict", False))

        def predict(model: Any, x: Any, *args: Any, **kwargs: Any) -> Any:
            return recorder.predict(model, x, *args, **kwargs)

        self._files.install()
        keras.Model.compile = compile_
        keras.Model.fit = fit
        keras.Model.evaluate = evaluate
        keras.Model.predict = predict
        keras.Model.test_on_batch = evaluate
        keras.Model.predict_on_batch = predict

    def fit(
        self,
        model: Any,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: Any = "auto",
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: Any = True,
        class_weight: Any = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: Any = None,
        validation_steps: Any = None,
        validation_batch_size: Any = None,
        validation_freq: Any = 1,
        **others: Any,
    ) -> Any:
        """Note the fit; answer with a History of placeholders, one value an epoch."""
        del steps_per_epoch, validation_steps, validation_batch_size, validation_freq
        for name in others:
            if name not in ("max_queue_size", "workers", "use_multiprocessing"):
                raise TypeError(f"fit() got an unexpected keyword argument '{name}'")
            self.note("keras2-name", f"`fit({name}=…)` is Keras 2; leave it out.")
        uid = self._see(model)
        if len(self.fits) >= MAX_FITS:
            raise TooManyFitsError(f"more than {MAX_FITS} calls of fit")
        settings = self._compiled.get(uid, {})
        _must_be_compiled(model, "fit")
        data, problem = self._data(model, x, y, validation_data, validation_split)
        if sample_weight is not None:
            problem = problem or "it is given sample weights, which are not trained with yet"
        graph, unreadable = self._graph(model)
        optimizer = describe.component(getattr(model, "optimizer", None))
        record = FitRecord(
            id=f"fit-{len(self.fits) + 1}",
            model=uid,
            epochs=max(0, int(epochs) - int(initial_epoch or 0)),
            batch_size=int(batch_size or 32),
            shuffle=bool(shuffle),
            loss=describe.component(settings.get("loss")),
            optimizer=optimizer,
            metrics=tuple(_metric_names(settings.get("metrics"))),
            regularizers=describe.regularizers(graph),
            callbacks=tuple(describe.callback(item) for item in _callbacks(callbacks)[:32]),
            class_weight={str(key): float(value) for key, value in class_weight.items()} if class_weight else None,
            data=data,
            previous=tuple(fit.id for fit in self.fits if fit.model == uid)[-MAX_PREVIOUS:],
            contract_task=self.contract_task,
            problem=unreadable or problem,
            where=self._place(),
            layers=graph.layers,
            nodes=graph.nodes,
            outputs=graph.outputs,
            params=graph.params,
        )
        self.fits.append(record)
        if self._replay is not None:
            history = self._replay.fit(model, graph, record.id)
            if history is not None:
                return self._history(model, record, True, verbose, history)
        history = self._history(model, record, validation_data is not None or bool(validation_split), verbose)
        self._files.checkpoints(model, _callbacks(callbacks), history.history, record.epochs)
        return history

    def _data(self, model: Any, x: Any, y: Any, validation: Any, split: float) -> tuple[FitData, str | None]:
        if inspect.isgenerator(x) or hasattr(x, "__next__") or _is_keras_sequence(x):
            return FitData(kind="generator"), "its data come from a generator"
        if type(x).__module__.startswith("tensorflow.") and hasattr(x, "element_spec"):
            return FitData(kind="dataset"), "its data come from a tf.data pipeline"
        array_x, array_y = as_array(x), as_array(y)
        if array_x is None or array_y is None:
            return FitData(kind="unknown"), "its data are not arrays"
        _try_out(model, array_x, array_y, "fit")
        pair = None
        if isinstance(validation, (tuple, list)) and len(validation) >= 2:
            parts = (as_array(validation[0]), as_array(validation[1]))
            if parts[0] is not None and parts[1] is not None:
                pair = parts
                _try_out(model, parts[0], parts[1], "fit")
        data = self._recognise.fit_data(array_x, array_y, pair, split)
        parent = self.derived_from(array_x)
        if data.x is not None and data.x.source is None and parent is not None:
            data = data.model_copy(
                update={"x": data.x.model_copy(update={"derived": Derivation(model=parent, given=data.x)})}
            )
        return data, None

    def _history(
        self,
        model: Any,
        record: FitRecord,
        validated: bool,
        verbose: Any,
        true: dict[str, list[float]] | None = None,
    ) -> Any:
        import keras

        names = ["loss", *record.metrics]
        names += [f"val_{name}" for name in names] if validated else []
        history = keras.callbacks.History()
        history.set_model(model)
        history.epoch = list(range(record.epochs))
        history.params = {"verbose": verbose, "epochs": record.epochs, "steps": None}
        values = {name: [_placeholder(name, epoch) for epoch in range(record.epochs)] for name in names}
        history.history = OldNames(values | (true or {}), self.note)
        model.history = history
        return history

    def evaluate(self, model: Any, x: Any, y: Any, return_dict: bool) -> Any:
        """A placeholder loss and a placeholder for each metric, after trying one batch for its shapes."""
        _must_be_compiled(model, "evaluate")
        array_x, array_y = as_array(x), as_array(y)
        if array_x is not None and array_y is not None:
            _try_out(model, array_x, array_y, "evaluate")
        uid = self._see(model)
        names = ["loss", *_metric_names(self._compiled.get(uid, {}).get("metrics"))]
        answer = {name: _placeholder(name, 9) for name in names}
        real = self._replay is not None and self._replay.is_real(self._graph(model)[0])
        if self._replay is not None and real and array_x is not None and array_y is not None:
            answer = self._replay.evaluate(model, array_x, array_y)
        values = list(answer.values())
        if return_dict:
            return answer
        return values if len(values) > 1 else values[0]

    def predict(self, model: Any, x: Any, *args: Any, **kwargs: Any) -> Any:
        """Arrays of the right shape; they remember that this model made them."""
        array = as_array(x)
        uid = self._see(model)
        if array is None:  # several inputs, a data set, a generator
            rest = (*args[:1], 0, *args[2:]) if len(args) > 1 else args  # no bar with times that differ each run
            return self._really_predict(model, x, *rest, **(kwargs if len(args) > 1 else kwargs | {"verbose": 0}))
        outputs = _forward(model, array[:2])
        if self._replay is not None:
            graph = self._graph(model)[0]
            real = self._replay.predict(model, array) if self._replay.is_real(graph) else None
            if isinstance(real, np.ndarray):
                self._replay.drew(graph, array, real)
            if real is not None:
                return real
        single = not isinstance(outputs, (list, tuple))
        arrays = []
        for output in [outputs] if single else outputs:
            shape = (len(array), *output.shape[1:])
            values = np.full(shape, 1.0 / max(1, int(output.shape[-1])), dtype=np.float32)
            self._outputs[id(values)] = (weakref.ref(values), uid)
            arrays.append(values)
        return arrays[0] if single else arrays

    def derived_from(self, array: Array) -> int | None:
        """The uid of the model whose prediction this array is, or is a view of."""
        seen: Any = array
        while seen is not None:
            known = self._outputs.get(id(seen))
            if known is not None and known[0]() is seen:
                return known[1]
            seen = getattr(seen, "base", None)
        return None


class OldNames(dict[str, Any]):
    """A history that also answers to `acc` and `val_acc`, the keys of Keras before 2.3."""

    def __init__(self, values: dict[str, Any], note: Callable[[str, str], None]) -> None:
        super().__init__(values)
        self._note = note

    def __missing__(self, key: str) -> Any:
        old = {"acc": "accuracy", "val_acc": "val_accuracy", "accuracy": "acc", "val_accuracy": "val_acc"}
        new = old.get(key)
        if new is None or new not in self:
            raise KeyError(key)
        if key in ("acc", "val_acc"):
            self._note("keras2-name", f"`history['{key}']` is Keras 2; write `history['{new}']`.")
        return self[new]


def as_array(value: Any) -> Array | None:
    """`value` as a numpy array where it is one, a tensor, a list of numbers or a data frame; else None.

    A list of arrays is what a model of several inputs takes: of one, it is that one; of more, None.
    """
    if isinstance(value, (list, tuple)) and value and all(len(getattr(part, "shape", ())) > 1 for part in value):
        return as_array(value[0]) if len(value) == 1 else None
    if value is None:
        return None
    if isinstance(value, np.ndarray):
        return value if value.dtype.kind in "iufb" and value.ndim > 0 else None
    try:
        array = np.asarray(value)
    except Exception:
        return None
    return array if array.dtype.kind in "iufb" and array.ndim > 0 else None


def _must_be_compiled(model: Any, method: str) -> None:
    if not getattr(model, "compiled", False):
        raise ValueError(f"You must call `compile()` before calling `{method}()`.")


def _try_out(model: Any, x: Array, y: Array, method: str) -> None:
    """Run two rows through model and loss, so that what would fail in a real fit fails here too."""
    if len(x) != len(y):
        raise ValueError(f"Data cardinality is ambiguous in {method}(): x has {len(x)} samples, y {len(y)}")
    outputs = _forward(model, x[:2])
    model.compute_loss(x=x[:2], y=np.asarray(y[:2]), y_pred=outputs, sample_weight=None)


def _forward(model: Any, rows: Array) -> Any:
    if not model.built and hasattr(model, "build") and _kind(model) == "sequential":
        model.build((None, *rows.shape[1:]))
    return model(rows, training=False)


def _kind(model: Any) -> Any:
    import keras

    if isinstance(model, keras.Sequential):
        return "sequential"
    return "functional" if getattr(model, "_nodes_by_depth", None) is not None else "subclassed"


def _metric_names(metrics: Any) -> list[str]:
    if metrics is None:
        return []
    names = []
    for metric in metrics if isinstance(metrics, (list, tuple)) else [metrics]:
        name = (
            metric
            if isinstance(metric, str)
            else getattr(metric, "name", None) or getattr(metric, "__name__", type(metric).__name__)
        )
        names.append(str(name)[:300])
    return names[:32]


def _callbacks(callbacks: Any) -> list[Any]:
    if callbacks is None:
        return []
    return list(callbacks) if isinstance(callbacks, (list, tuple)) else [callbacks]


def _placeholder(name: str, epoch: int) -> float:
    """High for scores and low for losses, so that `while accuracy < 0.97: fit()` ends."""
    if "loss" in name or "error" in name:
        return 0.5 / (epoch + 1)
    return 1.0 - 0.5 / (epoch + 1) ** 2


def _is_keras_sequence(x: Any) -> bool:
    import keras

    return isinstance(x, keras.utils.PyDataset)
