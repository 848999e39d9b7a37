"""What a trainer answers, read as if it were taken over: in whole, within limits and as expected, or not at all.

A trainer is trusted code, but it runs frameworks on configurations that an attacker chose. So its lines are limited
in length and parsed strictly, arrays are announced before they are read and read header first
(`harness.sandbox.frames.read_npy`), and whoever asks says which arrays, dtypes and shapes there must be. That keeps
a trainer from harming the coordinator; it cannot keep one that is taken over from lying about what it trains.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, BinaryIO, Generic, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, BaseModel, Field, StringConstraints, TypeAdapter, ValidationError

from harness.models import MAX_LAYERS, MAX_PARAMS, ModelFacts
from harness.recording import Strict
from harness.sandbox import Limits
from harness.sandbox.frames import FrameError, read_npy

LINE_BYTES = 64 * 2**20
ARRAY_BYTES = 2 * 2**30
"""One array: 240 MB of weights are the most, predictions for 10,000 images of 50,000 values each fit."""
REASON = 2_000
"""Characters of a reason."""
LARGEST = 10**9
"""Of the whole numbers that are told of a model."""
READING = Limits(array_bytes=ARRAY_BYTES)

T = TypeVar("T", bound=BaseModel)
Number = Annotated[float, Field(ge=0)]
Short = Annotated[str, StringConstraints(max_length=100)]
Reason = Annotated[str, StringConstraints(max_length=REASON)]


class Nonsense(ValueError):
    """An answer that no trainer of ours gives; the message says what is wrong with it."""


class Epoch(Strict):
    """An epoch ended, counted from 1."""

    kind: Literal["epoch"]
    epoch: Annotated[int, Field(ge=1)]
    of: Annotated[int, Field(ge=1)]


class Refusal(Strict):
    """The recipe's own fault."""

    kind: Literal["refused"]
    reason: Reason


class OutOfMemory(Strict):
    """Memory ran out."""

    kind: Literal["out_of_memory"]
    reason: Reason


class Done(Strict, Generic[T]):
    """What was asked is done: `told`, and arrays by name with the lengths of their .npy files in bytes."""

    kind: Literal["done"]
    told: T
    arrays: dict[Short, Annotated[int, Field(ge=0, le=ARRAY_BYTES)]] = Field(default_factory=dict)


Message = Epoch | Refusal | OutOfMemory | Done[T]


class Nothing(Strict):
    """Nothing but arrays is told."""


class Seen(Strict):
    """What a framework sees."""

    device: Literal["cpu", "gpu"]
    precision: Short


def _plausible(facts: ModelFacts) -> ModelFacts:
    """Raises ValueError for numbers and texts beyond those of any model that is built."""
    if facts.refused is not None or not 0 <= facts.params <= MAX_PARAMS or len(facts.layers) > MAX_LAYERS:
        raise ValueError("no model that is built")
    for value in _leaves(facts.model_dump()):
        if (isinstance(value, int) and not 0 <= value <= LARGEST) or (
            isinstance(value, str) and len(value) > REASON
        ):
            raise ValueError("a text that no model has")
    return facts


def _leaves(plain: Any) -> Iterator[Any]:
    inner = plain.values() if isinstance(plain, dict) else plain if isinstance(plain, list | tuple) else None
    if inner is None:
        yield plain
        return
    for each in inner:
        yield from _leaves(each)


class Inspected(Strict):
    """A model, rebuilt."""

    facts: Annotated[ModelFacts, AfterValidator(_plausible)]


class Histories(Strict):
    """A group of runs was trained: a value an epoch, None where it was not finite; seconds of one run's share."""

    histories: tuple[dict[Short, tuple[float | None, ...]], ...]
    seconds: Number


class Ratio(Strict):
    """A time over another: the median, lowest and highest of `n` turns."""

    ratio: Number
    low: Number
    high: Number
    n: Annotated[int, Field(ge=1, le=1000)]


class SpeedRatios(Strict):
    """A network's times over the reference's."""

    inference: Ratio
    training: Ratio


@dataclass(frozen=True)
class Awaited:
    """An array that an answer must hold. `shape`: None for a dimension of any length from 1; `finite`: no NaN."""

    dtype: str
    shape: tuple[int | None, ...]
    finite: bool = False

    def fits(self, array: NDArray[Any]) -> bool:
        """Whether the array is of this kind."""
        shaped = len(array.shape) == len(self.shape) and all(
            length == wanted if wanted is not None else length > 0
            for wanted, length in zip(self.shape, array.shape, strict=True)
        )
        return shaped and array.dtype == self.dtype and not (self.finite and not np.isfinite(array).all())


def checked(arrays: Mapping[str, NDArray[Any]], awaited: Mapping[str, Awaited]) -> None:
    """Raises Nonsense where these are not exactly the arrays that are awaited."""
    if arrays.keys() != awaited.keys():
        raise Nonsense(f"arrays {sorted(arrays)[:20]} in place of {sorted(awaited)}")
    for name, array in arrays.items():
        if not awaited[name].fits(array):
            raise Nonsense(f"the array {name} is {array.dtype} {array.shape} in place of {awaited[name]}")


def checked_predictions(arrays: Mapping[str, NDArray[Any]], rows: int, facts: ModelFacts | None) -> None:
    """Raises Nonsense where there are no "predictions" for so many images, float32 (rows, …), of a model of which
    `facts` may be known."""
    predictions = arrays.get("predictions")
    if predictions is None or predictions.dtype != np.float32 or predictions.ndim < 2 or len(predictions) != rows:
        what = "no predictions" if predictions is None else f"predictions {predictions.dtype} {predictions.shape}"
        raise Nonsense(f"{what}, for {rows:,} images")
    outputs = predictions.shape[1:]
    if 0 in outputs or (facts and len(facts.output_shape) == len(outputs) and facts.output_shape != outputs):
        raise Nonsense(f"predictions {predictions.shape}, for outputs {facts.output_shape if facts else outputs}")


def checked_run(arrays: Mapping[str, NDArray[Any]], rows: int, facts: ModelFacts | None) -> None:
    """As `checked_predictions`, and beside them a model's weights "w0000", "w0001" and so on. Raises Nonsense."""
    checked_predictions(arrays, rows, facts)
    weights = {name: array for name, array in arrays.items() if name != "predictions"}
    if sorted(weights) != [f"w{number:04}" for number in range(len(weights))]:
        raise Nonsense(f"weights named {sorted(weights)[:20]}")
    values = sum(array.size for array in weights.values())
    if values != facts.params if facts else values > MAX_PARAMS:
        raise Nonsense(f"{values:,} weights, for a model of {facts.params if facts else MAX_PARAMS:,}")


@cache
def _form(told: type[BaseModel]) -> TypeAdapter[Any]:
    done: Any = Done[told]  # type: ignore[valid-type]  # a type that is known only now
    return TypeAdapter(Annotated[Epoch | Refusal | OutOfMemory | done, Field(discriminator="kind")])


class Reader:
    """Reads answers off a stream that ends when the trainer does. Raises Nonsense, and never another exception but
    the stream's own OSError."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def message(self, told: type[T]) -> Message[T] | None:
        """The next message, of which `told` is what is told once it is done; None where the stream ends."""
        line = self._stream.readline(LINE_BYTES + 1)
        if len(line) > LINE_BYTES:
            raise Nonsense(f"a line of more than {LINE_BYTES:,} bytes")
        if not line.endswith(b"\n"):
            return None
        try:
            read: Message[T] = _form(told).validate_json(line)
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False, include_input=False)[0]
            raise Nonsense(f"{first['msg']}, at {first['loc']}"[:REASON]) from None
        return read

    def arrays(self, announced: Mapping[str, int], most: int) -> dict[str, NDArray[Any]] | None:
        """The arrays that a message announced, at most so many bytes of them; None where the stream ends."""
        if sum(announced.values()) > most:
            raise Nonsense(f"arrays of {sum(announced.values()):,} bytes, where {most:,} are the most")
        made: dict[str, NDArray[Any]] = {}
        for name, length in announced.items():
            data = self._stream.read(length)
            if len(data) < length:
                return None
            try:
                made[name] = read_npy(data, READING)
            except FrameError as error:
                raise Nonsense(f"the array {name}: {error}") from None
        return made
