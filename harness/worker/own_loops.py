"""Training loops of the hand-in's own: `tf.GradientTape`, and models with a `train_step` of their own.

They run for real, within a budget of time; what they trained crosses as weights, and counts as self-trained.
"""

from __future__ import annotations

import functools
import importlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from harness.recording import ArrayRecord, SelfTrainedRecord, Where
from harness.worker.cells import clean
from harness.worker.frames import FrameWriter
from harness.worker.own_time import StatementTimeout
from harness.worker.registry import Models

SECONDS = 20.0  # for all loops of a run
PAUSE = 5.0  # what lies further apart is not the same loop
MAX_BYTES = 64 * 2**20  # of weights that cross
MAX_MODELS = 32
_FUNCTIONS = "tensorflow.python.eager.polymorphic_function.polymorphic_function"


@dataclass
class Trained:
    """The variables of one step: where it stands, and what made it."""

    how: Literal["gradient_tape", "train_step"]
    where: Where | None
    stopped: bool = False


class OwnLoops:
    """Watches optimizers and tapes; ends loops that outlast the budget."""

    def __init__(
        self,
        models: Models,
        place: Callable[[], Where | None],
        note: Callable[[str, str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._models = models
        self._place = place
        self._note = note
        self._clock = clock
        self._trained: dict[int, tuple[Any, Trained]] = {}
        self._inputs: dict[int, ArrayRecord] = {}
        self._tapes = 0
        self._spent = 0.0
        self._last: float | None = None
        self._really_fit: Callable[..., Any] | None = None
        self.really = False

    @property
    def recording(self) -> bool:
        """Whether a tape is open, or Keras trains for real: nothing is made up then."""
        return self.really or self._tapes > 0

    def install(self) -> None:
        """Watch tapes, steps of optimizers, and calls of compiled functions, in which steps may be hidden."""
        import keras
        import tensorflow as tf

        self._really_fit = keras.Model.fit
        tape, optimizer = tf.GradientTape, keras.optimizers.Optimizer
        enter, leave, apply = tape.__enter__, tape.__exit__, optimizer.apply
        function = importlib.import_module(_FUNCTIONS).Function
        called = function.__call__
        watch = self

        def enter_(self: Any) -> Any:
            watch._tapes += 1
            return enter(self)

        def leave_(self: Any, *args: Any) -> Any:
            watch._tapes = max(0, watch._tapes - 1)
            return leave(self, *args)

        @functools.wraps(apply)
        def apply_(self: Any, grads: Any, trainable_variables: Any = None) -> Any:
            watch._step(self._trainable_variables if trainable_variables is None else trainable_variables)
            return apply(self, grads, trainable_variables)

        @functools.wraps(called)
        def called_(self: Any, *args: Any, **kwargs: Any) -> Any:
            if watch._last is not None:
                watch._tick()
            return called(self, *args, **kwargs)

        tape.__enter__, tape.__exit__, optimizer.apply, function.__call__ = enter_, leave_, apply_, called_

    def given(self, model: Any, inputs: Any) -> None:
        """A model was called on `inputs` (n, …) under a tape."""
        uid = self._models.see(model)
        self._models.given(uid, inputs)
        if getattr(inputs, "shape", None) is not None:
            self._inputs[uid] = _facts(inputs)

    def fit(self, model: Any, call: Any) -> Any:
        """Keras's own `fit` with these arguments, within the budget."""
        import keras

        watch = self

        class Budget(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types
            def on_train_batch_end(self, *_: Any, **__: Any) -> None:
                watch._step(self.model.trainable_variables)

        assert self._really_fit is not None
        given = call.callbacks
        listed = [] if given is None else list(given) if isinstance(given, (list, tuple)) else [given]
        arguments = dict(vars(call)) | {"callbacks": [*listed, Budget()], "verbose": 0}
        x = call.x
        self.given(model, x if hasattr(x, "dtype") else None)
        with self.for_real():
            return self._really_fit(model, **arguments)

    @contextmanager
    def for_real(self) -> Iterator[None]:
        """Keras computes as it does everywhere else."""
        before, self.really = self.really, True
        try:
            yield
        finally:
            self.really = before

    # --- steps

    def _step(self, variables: Any) -> None:
        how: Literal["gradient_tape", "train_step"] = "train_step" if self.really else "gradient_tape"
        step = Trained(how, self._place())
        for variable in variables:
            self._trained.setdefault(_key(variable), (variable, step))
        self._tick()

    def _tick(self) -> None:
        """Count the time since the last step. Raises StatementTimeout once the budget is spent."""
        now = self._clock()
        since = 0.0 if self._last is None else now - self._last
        self._last = now
        self._spent += since if since < PAUSE else 0.0
        if self._spent > SECONDS:
            for _, step in self._trained.values():
                step.stopped = True
            self._note(
                "own-loop-ended",
                f"A training loop of its own was ended after {SECONDS:.0f} seconds. What `model.fit` trains has no "
                "such limit.",
            )
            raise StatementTimeout

    # --- records

    def records(self, frames: FrameWriter) -> tuple[SelfTrainedRecord, ...]:
        """One record for each model that a loop trained, and that is no part of another such model."""
        room = MAX_BYTES
        made: list[SelfTrainedRecord] = []
        for uid, model, variables in self._whole()[:MAX_MODELS]:
            record, used = self._record(len(made) + 1, uid, model, variables, frames, room)
            room -= used
            made.append(record)
        return tuple(made)

    def _whole(self) -> list[tuple[int, Any, set[int]]]:
        """The models that loops trained, with their variables: those of which everything was trained, and others
        only for what these do not have."""
        owned = [
            (uid, model, {_key(variable) for variable in model.trainable_variables})
            for uid, model, _ in self._models.all()
        ]
        trained = set(self._trained)
        fully = [item for item in owned if item[2] and item[2] <= trained]
        left = trained - {key for item in fully for key in item[2]}
        chosen = fully + [item for item in owned if item[2] & left]
        outer = [item for item in chosen if not any(item[2] < other[2] for other in chosen)]
        distinct = {frozenset(item[2]): item for item in reversed(outer)}
        return sorted(distinct.values(), key=lambda item: item[0])

    def _record(
        self, number: int, uid: int, model: Any, variables: set[int], frames: FrameWriter, room: int
    ) -> tuple[SelfTrainedRecord, int]:
        steps = [step for key, (_, step) in self._trained.items() if key in variables]
        graph, problem = self._models.graph(model)
        weights = [np.asarray(weight.numpy(), dtype=np.float32) for weight in model.weights]
        size = sum(weight.nbytes for weight in weights)
        names = [f"self-{number}-weight-{position}" for position in range(len(weights))]
        if size > room:
            problem = problem or f"its weights are more than the {MAX_BYTES // 2**20} MiB that are kept"
        elif not all(frames.array(name, weight) for name, weight in zip(names, weights, strict=True)):
            problem = problem or "no more arrays can be kept"
        whole = size <= room
        record = SelfTrainedRecord(
            **dict(graph),
            id=f"self-{number}",
            model=uid,
            how=steps[0].how,
            weights=tuple(names) if whole else (),
            inputs=self._inputs.get(uid),
            stopped=any(step.stopped for step in steps),
            problem=problem,
            where=steps[0].where,
        )
        return record, size if whole else 0


def trains_itself(model: Any) -> str | None:
    """Why a `fit` of this model cannot be repeated: its class says itself how it is trained; None where not."""
    import keras

    base = keras.Model
    for method in ("train_step", "make_train_function"):
        if getattr(type(model), method) is not getattr(base, method):
            return f"its class has a `{method}` of its own, so it was trained here for real, as far as time allowed"
    return None


def _key(variable: Any) -> int:
    """One number for a Keras variable and for TensorFlow's variable in it."""
    return id(getattr(variable, "_value", variable))


def _facts(inputs: Any) -> ArrayRecord:
    """Shape and range of what a model was given; of a symbolic tensor, the shape alone."""
    shape = tuple(None if size is None else int(size) for size in inputs.shape)
    dtype = clean(str(getattr(inputs.dtype, "name", inputs.dtype)))[:300]
    try:
        values = np.asarray(inputs)
        return ArrayRecord(shape=shape, dtype=dtype, low=float(values.min()), high=float(values.max()))
    except Exception:  # while a graph is traced there are no values
        return ArrayRecord(shape=shape, dtype=dtype)
