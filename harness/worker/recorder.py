"""The dry run: `fit` notes what it was asked and answers at once, `evaluate` and `predict` answer in shape.

Numbers that come back to the student's code are placeholders. They are never shown and earn nothing.
"""

from __future__ import annotations

import functools
import inspect
import time
from collections.abc import Callable
from typing import Any

from harness.recording import Finding, FitRecord, ModelRecord, SelfTrainedRecord, UseRecord, Where
from harness.worker.answering import Answers
from harness.worker.arrays import Recogniser
from harness.worker.bench import Bench
from harness.worker.cells import clean
from harness.worker.files import Files
from harness.worker.fits import Fits
from harness.worker.frames import FrameWriter
from harness.worker.loops import Loops
from harness.worker.own_loops import OwnLoops
from harness.worker.registry import Models
from harness.worker.replay import Replay
from harness.worker.uses import Uses

MAX_FINDINGS = 500


class Recorder:
    """What a dry run has seen so far. `place` tells the line of the hand-in that is running."""

    def __init__(
        self,
        recogniser: Recogniser,
        place: Callable[[], Where | None],
        replay: Replay | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.findings: list[Finding] = []
        self._place = place
        self._noted: set[tuple[str, str]] = set()
        self._replay = replay
        self._models = Models(place)
        self._bench = Bench(self._models, recogniser, place, self.note)
        self._files = Files(self.note)
        self._uses = Uses(recogniser)
        self._own_loops = OwnLoops(self._models, place, self.note, clock)
        self._loops = Loops(self._bench, replay)
        self._fits = Fits(self._bench, self._files, self._own_loops, replay)

    # --- what was seen

    @property
    def fits(self) -> list[FitRecord]:
        """The fits that are over, in order."""
        return self._bench.fits

    @property
    def uses(self) -> list[UseRecord]:
        """What models were evaluated on, or predicted from."""
        return self._uses.records

    @property
    def contract_task(self) -> str | None:
        """The task that the contract is fitting for."""
        return self._bench.contract_task

    @contract_task.setter
    def contract_task(self, task: str | None) -> None:
        self._bench.contract_task = task

    def note(self, code: str, message: str) -> None:
        """Remember a finding at the running line; each code and sentence once."""
        if (code, message) not in self._noted and len(self.findings) < MAX_FINDINGS:
            self._noted.add((code, message))
            self.findings.append(Finding(code=code, message=clean(message), where=self._place()))

    def see(self, thing: Any) -> None:
        """Remember a model that no variable of the hand-in holds."""
        self._models.see_all([{"": thing}])

    def end_of_cell(self) -> None:
        """A cell has ended, and the loops of `train_on_batch` in it."""
        self._loops.close()

    def models(self, namespaces: list[dict[str, Any]]) -> tuple[ModelRecord, ...]:
        """Every model that was compiled or fitted, or that a name of the hand-in still holds."""
        self._models.see_all(namespaces)
        return self._models.records()

    def self_trained(self, frames: FrameWriter) -> tuple[SelfTrainedRecord, ...]:
        """The models that loops of the hand-in's own trained; their weights are sent. At the end of a run, after
        `models`."""
        return self._own_loops.records(frames)

    # --- the methods of a model

    def install(self) -> None:
        """Replace the methods of keras.Model that compute."""
        import keras

        model = keras.Model
        answers = Answers(self._bench, self._uses, self._own_loops, self._replay, model.evaluate, model.predict)
        self._own_loops.install()
        self._bench.states.install()
        self._files.install()
        trainer = next(owner for owner in model.__mro__ if "compile" in vars(owner))
        trainer.compile = self._compile(trainer.compile)  # a model that has one of its own is loaded without it
        model.fit = self._instead(model.fit, self._fit)
        model.evaluate = self._instead(model.evaluate, answers.evaluate)
        model.predict = self._instead(model.predict, answers.predict)
        model.train_on_batch = self._instead(model.train_on_batch, self._train_on_batch)
        model.test_on_batch = self._instead(model.test_on_batch, answers.test_on_batch)
        model.predict_on_batch = self._instead(model.predict_on_batch, answers.predict)
        really_call = model.__call__

        @functools.wraps(really_call)
        def call(this: Any, *args: Any, **kwargs: Any) -> Any:
            return answers.call(this, args, kwargs, really_call)

        model.__call__ = call

    def _instead(self, original: Callable[..., Any], ours: Callable[..., Any]) -> Callable[..., Any]:
        """`ours` in place of Keras's method, which computes only where Keras trains for real."""

        @functools.wraps(original)
        def method(this: Any, *args: Any, **kwargs: Any) -> Any:
            return (original if self._own_loops.really else ours)(this, *args, **kwargs)

        return method

    def _compile(self, original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def compile_(this: Any, *args: Any, **kwargs: Any) -> None:
            if isinstance(kwargs.get("metrics"), str):
                self.note("keras2-name", '`compile(metrics="…")` is Keras 2; write a list, `metrics=["…"]`.')
                kwargs["metrics"] = [kwargs["metrics"]]
            if len(args) > 2 and _are_metrics(args[2]):
                self.note("keras2-name", "`compile(optimizer, loss, […])` is Keras 2; write `metrics=[…]`.")
                kwargs |= {"metrics": args[2]} | dict(zip(("loss_weights",), args[3:], strict=False))
                args = args[:2]
            original(this, *args, **kwargs)
            bound = inspect.signature(original).bind_partial(this, *args, **kwargs)
            uid = self._models.compiled(this, dict(bound.arguments))
            self._loops.close(uid)
            self._bench.forget(uid)

        return compile_

    def _fit(self, model: Any, *args: Any, **kwargs: Any) -> Any:
        self._loops.close()
        return self._fits.fit(model, args, kwargs)

    def _train_on_batch(self, model: Any, *args: Any, **kwargs: Any) -> Any:
        return self._loops.step(model, *args, **kwargs)


def _are_metrics(value: Any) -> bool:
    """Whether an argument is metrics, where Keras 3 expects weights of losses: numbers."""
    return isinstance(value, (list, tuple)) and any(isinstance(item, str) or callable(item) for item in value)
