"""`evaluate`, `predict` and calls of models in a dry run: answered at once, in the right shapes and types."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np

from harness.recording import Derivation, LayerState
from harness.worker import feeds, history
from harness.worker.bench import Bench
from harness.worker.derived import placeholder
from harness.worker.feeds import Feed
from harness.worker.keys import Array
from harness.worker.own_loops import OwnLoops, trains_itself
from harness.worker.replay import Replay
from harness.worker.trial import forward, must_be_compiled
from harness.worker.uses import Uses

FEWEST_MADE_UP = 100  # rows of `predict`; fewer are computed
FEWEST_CALLED = 1_000  # rows of a call of a model; fewer are computed
FEWEST_REMEMBERED = 8  # rows whose origin is remembered
_SOME_EPOCHS = 9  # placeholders are those of the tenth epoch


class Answers:
    """Answers in place of Keras. `really_evaluate` and `really_predict` are Keras's own methods."""

    def __init__(
        self, bench: Bench, uses: Uses, own_loops: OwnLoops, replay: Replay | None,
        really_evaluate: Callable[..., Any], really_predict: Callable[..., Any],
    ) -> None:  # fmt: skip
        self._bench = bench
        self._uses = uses
        self._own_loops = own_loops
        self._replay = replay
        self._really_evaluate = really_evaluate
        self._really_predict = really_predict
        self._answers = 0
        self._trying = False  # a call of a model is ours, and not the hand-in's

    # --- evaluate

    def evaluate(
        self, model: Any, x: Any = None, y: Any = None, batch_size: Any = None, verbose: Any = "auto",
        sample_weight: Any = None, steps: Any = None, callbacks: Any = None, return_dict: bool = False,
        **others: Any,
    ) -> Any:  # fmt: skip
        """A placeholder loss and a placeholder for each metric, after trying a few rows for their shapes."""
        del verbose, sample_weight, callbacks
        for name in others:
            if name not in ("max_queue_size", "workers", "use_multiprocessing"):
                raise ValueError(f"Arguments not recognized: {others}")
        must_be_compiled(model, "evaluate")
        uid = self._bench.models.see(model)
        if trains_itself(model) is not None:
            with self._own_loops.for_real():
                return self._really_evaluate(model, x, y, batch_size, 0, steps=steps, return_dict=return_dict)
        feed = feeds.read(x, y, batch_size, steps)
        self._bench.models.given(uid, feed.few_x)
        if feed.few_x is not None:
            self._bench.trials.run(model, uid, feed.few_x, feed.few_y)
        if self._replay is None:  # a replay's time is for the hand-in's own code
            self._note("evaluate", model, uid, feed)
        answer = {name: history.placeholder(name, _SOME_EPOCHS) for name in self._bench.trials.names(uid)}
        real = self._replay is not None and self._replay.is_real(self._bench.models.graph(model)[0])
        if self._replay is not None and real and feed.x is not None and feed.y is not None:
            answer = self._replay.evaluate(model, feed.x, feed.y)
        elif self._replay is not None:
            self._replay.made_up()
        values = list(answer.values())
        if return_dict:
            return answer
        return values if len(values) > 1 else values[0]

    def test_on_batch(
        self, model: Any, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False
    ) -> Any:
        """The same for one batch."""
        return self.evaluate(model, x, y, sample_weight=sample_weight, return_dict=return_dict)

    # --- predict

    def predict(
        self, model: Any, x: Any, batch_size: Any = None, verbose: Any = "auto", steps: Any = None,
        callbacks: Any = None, **others: Any,
    ) -> Any:  # fmt: skip
        """Arrays of the right shape; they remember that this model made them."""
        del verbose, callbacks
        for name in others:
            if name not in ("max_queue_size", "workers", "use_multiprocessing"):
                raise TypeError(f"predict() got an unexpected keyword argument '{name}'")
        uid = self._bench.models.see(model)
        feed = feeds.read(x, None, batch_size, steps)
        if feed.few_x is None:
            with self._own_loops.for_real():
                return self._really_predict(model, x, batch_size, 0, steps)
        self._bench.models.given(uid, feed.few_x)
        few = feed.x is not None and feed.rows < FEWEST_MADE_UP
        self._trying = True
        try:
            small = forward(model, feed.x if few else feed.few_x)  # fails as a real run would
        finally:
            self._trying = False
        if feed.x is not None and self._replay is not None:
            graph = self._bench.models.graph(model)[0]
            real = self._replay.predict(model, feed.x) if self._replay.is_real(graph) else None
            if isinstance(real, np.ndarray):
                self._replay.drew(graph, feed.x, real)
            if real is not None:
                return real
        self._note("predict", model, uid, feed)
        return self._made_up(model, uid, feed, small)

    def _made_up(self, model: Any, uid: int, feed: Feed, small: Any) -> Any:
        """Outputs (n, …) for the n rows of a feed: as computed where they were few, made up where they are many."""
        import keras

        self._answers += 1
        made = keras.tree.map_structure(
            lambda output: np.asarray(output) if len(output) == feed.rows else self._like(output, uid, feed.rows),
            small,
        )
        if feed.x is not None and isinstance(made, np.ndarray) and made.ndim > 1:
            self._remember(model, uid, feed.x, made)
        return made

    def _like(self, output: Any, uid: int, rows: int) -> Array:
        """Made-up rows like those of `output` (2, …)."""
        few = np.asarray(output)
        sums_to_one = few.ndim > 1 and few.shape[-1] > 1 and bool(np.allclose(few.sum(axis=-1), 1, atol=1e-3))
        return placeholder((rows, *few.shape[1:]), (uid, self._answers), sums_to_one)

    def _remember(self, model: Any, uid: int, x: Array, made: Array) -> None:
        if len(x) < FEWEST_REMEMBERED or x.ndim < 2 or len(made) != len(x):
            return
        states, unknown = self._states(model)
        given = self._bench.recognise.image_record(x)
        derivation = Derivation(model=uid, given=given, states=states, unknown=unknown)
        self._bench.recognise.remember_output(made, derivation)

    def _states(self, model: Any) -> tuple[tuple[LayerState, ...], str | None]:
        """Where the weights of a model's layers come from, and why that is not known of one of them."""
        graph = self._bench.models.graph(model)[0]
        states, unknown = self._bench.states.known(self._bench.models.layers(model, graph))
        return states[:256], unknown

    def _note(self, method: Literal["evaluate", "predict", "call"], model: Any, uid: int, feed: Feed) -> None:
        """Note what a model was given, where that is an array."""
        if feed.x is not None:
            self._uses.note(method, uid, feed.x, feed.y, self._bench.place(), lambda: self._states(model)[0])

    # --- calls

    def call(self, model: Any, args: tuple[Any, ...], kwargs: dict[str, Any], really: Callable[..., Any]) -> Any:
        """A model called on an array. On many rows the answer is made up, as `predict`'s is; it is a tensor."""
        inputs = args[0] if args else kwargs.get("inputs")
        if self._own_loops.recording:
            if _is_outermost():
                self._own_loops.given(model, inputs)
            return really(model, *args, **kwargs)
        rows = _concrete_rows(inputs)
        if self._trying or self._replay is not None or not rows or not _is_outermost():
            return really(model, *args, **kwargs)
        if not self._uses.looks_at(rows, self._bench.place):
            return really(model, *args, **kwargs)
        import keras

        uid = self._bench.models.see(model)
        feed = feeds.read(inputs)
        if feed.x is None:
            return really(model, *args, **kwargs)
        self._bench.models.given(uid, feed.x)
        self._note("call", model, uid, feed)
        if rows < FEWEST_CALLED:
            return really(model, *args, **kwargs)
        small = really(model, feed.few_x, *args[1:], **{key: kwargs[key] for key in kwargs if key != "inputs"})
        return keras.tree.map_structure(
            keras.ops.convert_to_tensor,
            self._made_up(model, uid, feed, keras.tree.map_structure(np.asarray, small)),
        )


def _concrete_rows(inputs: Any) -> int:
    """How many rows an array or a tensor with values has; 0 for a symbolic one and for anything else."""
    if not isinstance(inputs, np.ndarray) and not hasattr(inputs, "numpy"):
        return 0
    shape: Any = getattr(inputs, "shape", None) or ()
    return int(shape[0]) if len(shape) > 1 and shape[0] is not None else 0


def _is_outermost() -> bool:
    """Whether the hand-in calls the model, not a layer or a model around it."""
    from keras.src.backend.common import global_state

    return global_state.get_global_attribute("current_call_ctx") is None
