"""The contract: calling a submission's functions where it hands in `submission.py` in place of a notebook.

Each function's model is fitted through the same recorded `fit` that a notebook would call, so that both ways of
handing in come out as the same kind of recording.
"""

from __future__ import annotations

import functools
import types
from collections.abc import Callable
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict

from harness.recording import CellError, Where
from harness.worker.arrays import Array
from harness.worker.cells import clean
from harness.worker.execute import Runner, message_of
from harness.worker.loaders import Data
from harness.worker.own_time import StatementTimeout
from harness.worker.recorder import Recorder


class Build(BaseModel):
    """One function that returns a compiled model, and how the assignment trains it.

    `factors` and `replicates`: the function takes a factor and is called `replicates` times for each.
    `noise_level`: the model is trained from images seasoned by the submission's own function to clean ones.
    `wide`: the function takes how many values an input has. `codes_of`: the inputs are what the encoder that
    another task's function gave makes of the images. `validation_split`: a share of the training data is held out,
    and the test images are left alone.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    task: str
    function: str
    epochs: int
    batch_size: int
    factors: tuple[float, ...] = ()
    replicates: int = 1
    noise_level: float | None = None
    wide: bool = False
    codes_of: str = ""
    validation_split: float | None = None


# What RECIPES may say.
_THEIRS = ("epochs", "batch_size", "factors", "replicates", "noise_level", "validation_split")


class Contract(BaseModel):
    """What `submission.py` may define, each by its name; "" where there is no such thing. Comes from the
    assignment, through the job."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    preprocess: str = ""
    noise: str = ""
    recipes: str = "RECIPES"
    generate: str = ""
    builds: tuple[Build, ...] = ()


class ContractRun:
    """Calls the functions of one submission."""

    def __init__(self, contract: Contract, runner: Runner, recorder: Recorder, data: Data, seconds: float) -> None:
        self._contract = contract
        self._decoder: Any = None
        self._encoders: dict[str, Any] = {}
        self._runner = runner
        self._recorder = recorder
        self._data = data
        self._seconds = seconds
        self.where: Where | None = None

    def run(self) -> None:
        """Preprocess the data and fit what each function builds; a function that is missing or raises costs its own
        task: without the hand-in's preprocessing the others are tried on the assignment's."""
        self._note_near_misses()
        arrays = self._call(self._contract.preprocess, self._preprocessed)
        if arrays is None:
            arrays = self._plainly_preprocessed()
        for build in self._contract.builds:
            self._recorder.contract_task = build.task
            self._call(build.function, functools.partial(self._fit, build, arrays))
        self._recorder.contract_task = None

    def generated(self, count: int) -> Array | None:
        """What the submission's own function draws with the decoder that it built; None where it has none."""
        if self._decoder is None:
            return None
        images = self._call(self._contract.generate, lambda function: function(self._decoder, count))
        return None if images is None else np.asarray(images)

    def _call(self, name: str, use: Callable[[Callable[..., Any]], Any]) -> Any:
        function = self._runner.namespace.get(name)
        if not callable(function):
            return None
        code = getattr(function, "__code__", None)
        self.where = self._runner.where_of(code) if isinstance(code, types.CodeType) else None
        try:
            with self._runner.limited(self._seconds):
                return use(function)
        except StatementTimeout:
            self._error(name, "StatementTimeout", f"{name}() ran longer than {self._seconds:.0f} s", "timeout")
        except SystemExit:
            self._error(name, "SystemExit", f"{name}() ended the run with exit()", "exit")
        except BaseException as error:
            place = self._runner.place_of(error)
            self._error(name, type(error).__name__, message_of(error), "error", place)
        finally:
            self.where = None
        return None

    def _plainly_preprocessed(self) -> tuple[Array, Array, Array, Array]:
        """Images as float32 (n, 28, 28, 1) in [0, 1], labels as one-hot float32 (n, 10)."""
        parts: list[Array] = []
        for images, labels in (("x_train", "y_train"), ("x_test", "y_test")):
            parts += [
                self._data[images][..., None].astype(np.float32) / 255,
                np.eye(10, dtype=np.float32)[self._data[labels]],
            ]
        return parts[0], parts[1], parts[2], parts[3]

    def _preprocessed(self, function: Callable[..., Any]) -> tuple[Array, Array, Array, Array]:
        name = self._contract.preprocess
        parts = []
        for images, labels in (("x_train", "y_train"), ("x_test", "y_test")):
            answer = function(self._data[images].copy(), self._data[labels].copy())
            if not isinstance(answer, tuple) or len(answer) != 2:
                raise TypeError(f"{name}() returned {type(answer).__name__}; expected a tuple (images, labels)")
            parts += [np.asarray(answer[0]), np.asarray(answer[1])]
        return parts[0], parts[1], parts[2], parts[3]

    def _fit(self, build: Build, arrays: tuple[Array, ...], function: Callable[..., Any]) -> None:
        build = self._as_handed_in(build)
        arrays = self._encoded(build, arrays) if build.codes_of else arrays
        for factor in build.factors or (None,):
            for _ in range(build.replicates):
                width = (int(np.prod(arrays[0].shape[1:])),) if build.wide else ()
                model = function(*width) if factor is None else function(*width, factor)
                self._fit_one(model, build, arrays)

    def _fit_one(self, model: Any, build: Build, arrays: tuple[Array, ...]) -> None:
        if isinstance(model, (tuple, list)) and model:
            for part in model:
                self._recorder.see(part)
            if len(model) > 2:
                self._encoders[build.task], self._decoder = model[1], model[-1]
            model = model[0]
        if not callable(getattr(model, "fit", None)):
            raise TypeError(f"{build.function}() returned {type(model).__name__}; expected a compiled Keras model")
        x, y, test_x, test_y = arrays
        if build.noise_level is not None:
            y, test_y = _shaped(model, x), _shaped(model, test_x)
            x, test_x = self._seasoned(y, build.noise_level), self._seasoned(test_y, build.noise_level)
        validation: dict[str, Any] = {"validation_data": (_shaped(model, test_x), test_y)}
        if build.validation_split is not None:
            validation = {"validation_split": build.validation_split}
        model.fit(_shaped(model, x), y, epochs=build.epochs, batch_size=build.batch_size, verbose=0, **validation)

    def _encoded(self, build: Build, arrays: tuple[Array, ...]) -> tuple[Array, ...]:
        """The arrays with what the encoder makes of the images in their place."""
        encoder: Any = self._encoders.get(build.codes_of)
        if not callable(getattr(encoder, "predict", None)):
            raise TypeError(f"it is trained on the codes of task {build.codes_of}, whose function gave no encoder")
        x, y, test_x, test_y = arrays
        made, test = (np.asarray(encoder.predict(_shaped(encoder, one), verbose=0)) for one in (x, test_x))
        return made, y, test, test_y

    def _seasoned(self, images: Array, level: float) -> Array:
        function = self._runner.namespace.get(self._contract.noise)
        if not callable(function):
            raise TypeError(f"the autoencoder is trained on noisy images, and there is no {self._contract.noise}()")
        return np.asarray(function(images.copy(), level))

    def _as_handed_in(self, build: Build) -> Build:
        """The build with what the submission's RECIPES says in place of the assignment's own figures."""
        recipes = self._runner.namespace.get(self._contract.recipes)
        own = recipes.get(build.task) if isinstance(recipes, dict) else None
        if not isinstance(own, dict):
            return build
        known = {name: value for name, value in own.items() if name in _THEIRS}
        if "factors" in known:
            known["factors"] = tuple(float(factor) for factor in known["factors"])
        return Build.model_validate(build.model_dump() | known)

    def _note_near_misses(self) -> None:
        """A function that is missing, where one of almost that name is there."""
        import difflib

        names = [name for name, value in self._runner.namespace.items() if type(value) is types.FunctionType]
        contract = self._contract
        wanted = [contract.preprocess, contract.noise, *(build.function for build in contract.builds)]
        for name in filter(None, dict.fromkeys(wanted)):
            others = {other.lower(): other for other in names if other not in wanted}
            near = [others[found] for found in difflib.get_close_matches(name.lower(), others, 1, 0.75)]
            if near and not callable(self._runner.namespace.get(name)):
                message = f"There is no `{name}()`. Did you mean `{near[0]}()`? Rename it."
                self._recorder.note("misspelt-function", message)

    def _error(self, name: str, type_name: str, message: str, kind: Any, place: Where | None = None) -> None:
        where = place or self.where or Where(file="submission.py")
        self._runner.errors.append(
            CellError(where=where, type=clean(type_name)[:300], message=message, source=f"{name}()", kind=kind)
        )


def _shaped(model: Any, images: Array) -> Array:
    """Images in the shape the model takes, where that is only a matter of reshaping."""
    shape = tuple(getattr(model, "input_shape", None) or ())
    if not shape or None in shape[1:] or images.shape[1:] == shape[1:]:
        return images
    return images.reshape((len(images), *shape[1:])) if np.prod(shape[1:]) == np.prod(images.shape[1:]) else images
