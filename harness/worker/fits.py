"""`fit` in a dry run: what it was asked is noted, and it answers at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

from harness.recording import FitData, FitRecord, Graph
from harness.worker import callbacks, feeds, history
from harness.worker.bench import Bench
from harness.worker.cells import clean
from harness.worker.feeds import Feed
from harness.worker.files import Files
from harness.worker.own_loops import OwnLoops, trains_itself
from harness.worker.own_time import StatementTimeout
from harness.worker.replay import Replay
from harness.worker.trial import must_be_compiled

_KERAS_2 = ("max_queue_size", "workers", "use_multiprocessing")
_SAMPLE_WEIGHTS = "it is given sample weights, which are not trained with yet"


@dataclass(frozen=True)
class Call:
    """The arguments of one `fit`, in Keras's order and with its defaults."""

    x: Any = None
    y: Any = None
    batch_size: Any = None
    epochs: Any = 1
    verbose: Any = "auto"
    callbacks: Any = None
    validation_split: Any = 0.0
    validation_data: Any = None
    shuffle: Any = True
    class_weight: Any = None
    sample_weight: Any = None
    initial_epoch: Any = 0
    steps_per_epoch: Any = None
    validation_steps: Any = None
    validation_batch_size: Any = None
    validation_freq: Any = 1

    @classmethod
    def of(cls, args: tuple[Any, ...], kwargs: dict[str, Any], note: Callable[[str, str], None]) -> Call:
        """Bind arguments. Raises TypeError for one that `fit` does not have."""
        names = [field.name for field in fields(cls)]
        known = {name: value for name, value in kwargs.items() if name in names}
        for name in kwargs:
            if name not in names and name not in _KERAS_2:
                raise TypeError(f"fit() got an unexpected keyword argument '{name}'")
            if name in _KERAS_2:
                note("keras2-name", f"`fit({name}=…)` is Keras 2; leave it out.")
        try:
            return cls(*args, **known)
        except TypeError as error:
            raise TypeError(str(error).replace("Call.__init__()", "fit()")) from None

    @property
    def range(self) -> range:
        """The numbers of the epochs. Raises TypeError where they are no whole numbers."""
        first = self.initial_epoch or 0
        return range(first, max(first, self.epochs))


class Fits:
    """Notes calls of `fit`, and answers them with a History of placeholders, one value an epoch."""

    def __init__(self, bench: Bench, files: Files, own_loops: OwnLoops, replay: Replay | None) -> None:
        self._bench = bench
        self._files = files
        self._own_loops = own_loops
        self._replay = replay
        self._pipelines: list[tuple[Any, Any, Feed]] = []

    def fit(self, model: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Note a fit and answer it. One that fails as it would in a real run is noted too, and raises."""
        noted = self._bench.start(model)
        try:
            return self._fit(model, Call.of(args, kwargs, self._bench.note), noted)
        except StatementTimeout:
            if "data" not in noted:
                noted["problem"] = "the dry run's time limit ended it before its data were known"
            raise
        except Exception as error:
            noted["error"] = clean(f"{type(error).__name__}: {error}")[:2000]
            if "layers" not in noted:
                self._bench.drawn(model, noted)
            raise
        finally:
            self._bench.fits.append(FitRecord(**noted))

    def _fit(self, model: Any, call: Call, noted: dict[str, Any]) -> Any:
        bench, uid = self._bench, noted["model"]
        given = callbacks.listed(call.callbacks)[: callbacks.MAX_CALLBACKS]
        noted |= bench.compiled(model) | {"epochs": len(call.range)}
        noted["callbacks"] = tuple(callbacks.component(item, None) for item in given)
        must_be_compiled(model, "fit")
        weights = call.class_weight
        noted["class_weight"] = {str(key): float(value) for key, value in weights.items()} if weights else None
        feed = self._drawn(call.x, call.y, call.batch_size, call.steps_per_epoch, len(call.range))
        held_out = self._held_out(call)
        if call.validation_split and held_out is None and feed.kind != "arrays":
            raise ValueError("Argument `validation_split` is only supported for tensors or NumPy arrays.")
        noted["batch_size"] = int(feed.batch_size or call.batch_size or 32)
        noted["shuffle"] = bool(call.shuffle if feed.shuffle is None else feed.shuffle)
        noted["data"] = self._data(feed, held_out, call)
        itself = trains_itself(model)
        bench.models.given(uid, feed.few_x)
        graph = bench.tried(model, noted, [] if itself else [part for part in (feed, held_out) if part])
        refused = feed.problem or (_SAMPLE_WEIGHTS if call.sample_weight is not None else None)
        noted["problem"] = itself or noted["problem"] or refused
        if itself is not None:
            answer = self._own_loops.fit(model, call)
            bench.left_by(noted, model, graph, real=True)
            return answer
        epochs = call.range
        rates = [callbacks.rates_of(item, model.optimizer, epochs) for item in given]
        noted["callbacks"] = tuple(callbacks.component(*pair) for pair in zip(given, rates, strict=True))
        return self._answer(model, call, feed, graph, noted, given)

    def _answer(
        self, model: Any, call: Call, feed: Feed, graph: Graph, noted: dict[str, Any], given: list[Any]
    ) -> Any:
        bench, uid, epochs = self._bench, noted["model"], call.range
        true = self._replay.fit(model, graph, noted["id"]) if self._replay is not None else None
        bench.left_by(noted, model, graph, real=true is not None)
        validated = call.validation_data is not None or bool(call.validation_split)
        every = call.validation_freq if isinstance(call.validation_freq, int) else 1
        before = bench.epochs_before(uid)
        values = history.placeholders(bench.trials.names(uid), len(epochs), validated, max(1, every), before)
        if self._replay is not None and true is not None:
            values, whole = history.truthful(values, true, max(1, every))
            epochs = epochs[: len(values.get("loss", ()))]
            if not whole:
                self._replay.made_up()
        steps = call.steps_per_epoch or -(-feed.rows // noted["batch_size"]) or None
        answer = history.make(model, history.OldNames(values, bench.note), epochs, steps, call.verbose)
        self._files.checkpoints(model, given, answer.history, len(epochs))
        callbacks.run(given, model, answer, epochs, steps)
        model.history = answer
        return answer

    # --- data

    def _drawn(self, x: Any, y: Any, batch_size: Any, steps: Any, epochs: int) -> Feed:
        """What was given; a tf.data pipeline is drawn once, however often it is fitted."""
        for known, question, feed in self._pipelines:
            if known is x and question == (steps, epochs > 1):
                return feed
        feed = feeds.read(x, y, batch_size, steps, epochs)
        if feed.kind == "dataset":
            self._pipelines = [*self._pipelines[-1:], (x, (steps, epochs > 1), feed)]  # training and validation
        return feed

    def _held_out(self, call: Call) -> Feed | None:
        pair = call.validation_data
        if pair is None or isinstance(pair, (tuple, list)):
            return feeds.read_pair(pair)
        for known, question, feed in self._pipelines:
            if known is pair and question == call.validation_steps:
                return feed
        held_out = feeds.read_pair(pair, call.validation_steps)
        if held_out is not None and held_out.kind == "dataset":
            self._pipelines = [*self._pipelines[-1:], (pair, call.validation_steps, held_out)]
        return held_out

    def _data(self, feed: Feed, held_out: Feed | None, call: Call) -> FitData:
        facts: dict[str, Any] = {"kind": feed.kind, "augmentation": feed.augmentation}
        if self._replay is not None:
            return FitData(**facts)  # the first run has told them; a replay's time is for the hand-in's own code
        if feed.x is None or feed.y is None:
            x = None if feed.x is None else self._bench.recognise.image_record(feed.x)
            return FitData(**facts, x=x)
        split = float(call.validation_split or 0.0) if call.validation_data is None else 0.0
        whole = held_out is not None and held_out.x is not None and held_out.y is not None
        pair = (held_out.x, held_out.y) if whole and held_out is not None else None
        return self._bench.recognise.fit_data(feed.x, feed.y, pair, split).model_copy(update=facts)
