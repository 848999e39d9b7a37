"""What a model is given: arrays, generators, tf.data pipelines and image generators, drawn into arrays.

Of what comes in batches one epoch is drawn, and a second where the stream goes on from epoch to epoch: only epochs
that are passes over the same rows can be told as arrays. What cannot says why, in words for the student.
"""

from __future__ import annotations

import itertools
import math
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from harness.worker import trial
from harness.worker.describe import plain
from harness.worker.keys import Array, RowKeys

MAX_ROWS = 200_000  # three epochs of MNIST
MAX_BYTES = 512 * 2**20
MAX_SECONDS = 20.0  # to draw one epoch
_FEWEST_VALUES = 64  # a target of so many values is an image, not a label

Kind = Literal["arrays", "generator", "dataset", "unknown"]


@dataclass(frozen=True)
class Feed:
    """What was given, as far as it can be told. `x` (n, …) and `y` (n, …) are one epoch.

    `few_x` and `few_y` are a few rows, for a trial, in the structure that the model takes. `batch_size` and
    `shuffle` are the stream's own. `problem` says why these are not all that a fit was given.
    """

    kind: Kind
    x: Array | None = None
    y: Array | None = None
    few_x: Any = None
    few_y: Any = None
    rows: int = 0
    batch_size: int | None = None
    shuffle: bool | None = None
    augmentation: dict[str, Any] = field(default_factory=dict)
    problem: str | None = None


def as_array(value: Any) -> Array | None:
    """`value` as a numpy array where it is one, a tensor, a list of numbers or a data frame; else None.

    A list or dict of arrays is what a model of several inputs takes: of one, it is that one; of more, None.
    """
    if isinstance(value, dict):
        return as_array(next(iter(value.values()))) if len(value) == 1 else None
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


def read(x: Any, y: Any = None, batch_size: int | None = None, steps: int | None = None, epochs: int = 1) -> Feed:
    """What `x` and `y` are, as given to `fit`, `evaluate` or `predict`.

    Raises ValueError where inputs and targets are not equally many, and what a generator of the hand-in raises.
    """
    if _is_image_generator(x):
        return _of_image_generator(x, steps)
    if _is_dataset(x):
        endless = steps is None and int(x.cardinality()) == -1
        if endless:
            return Feed(
                "dataset", problem="its tf.data pipeline repeats without end, and no steps_per_epoch is given"
            )
        return _of_stream("dataset", lambda: x.as_numpy_iterator(), steps, epochs)
    if _is_keras_sequence(x):
        return _of_stream("generator", lambda: _items(x), steps, epochs)
    if hasattr(x, "__next__"):
        return _of_stream("generator", _once(x), steps, epochs)
    feed = _of_arrays(x, y)
    if steps and feed.x is not None and feed.problem is None and steps < feed.rows // (batch_size or 32):
        problem = f"each of its epochs is {steps} steps of {batch_size or 32}, a part of its {feed.rows:,} rows"
        return replace(feed, problem=problem)
    return feed


def read_pair(pair: Any, steps: int | None = None) -> Feed | None:
    """Validation data: `(x, y)`, a pipeline or a generator; None where there are none, or no end of them."""
    if pair is None:
        return None
    if isinstance(pair, (tuple, list)) and len(pair) >= 2:
        return _of_arrays(pair[0], pair[1])
    if hasattr(pair, "__next__") and not _is_image_generator(pair) and steps is None:
        return None
    feed = read(pair, None, None, steps)
    factor = feed.augmentation.get("rescale", 1.0)
    if feed.x is not None and feed.augmentation and set(feed.augmentation) <= {"rescale"}:
        return replace(feed, x=feed.x * np.float32(factor), few_x=feed.few_x * np.float32(factor))
    return feed


# --- arrays


def _of_arrays(x: Any, y: Any) -> Feed:
    array_x, array_y = as_array(x), as_array(y)
    if array_x is not None and array_y is not None:
        if len(array_x) != len(array_y):
            raise ValueError(
                "Data cardinality is ambiguous. Make sure all arrays contain the same number of samples. "
                f"'x' sizes: {len(array_x)} 'y' sizes: {len(array_y)}"
            )
        rows = trial.few(array_x, array_y)
        return Feed("arrays", array_x, array_y, array_x[rows], array_y[rows], len(array_x))
    if array_x is not None and y is None:
        return Feed(
            "arrays", array_x, None, array_x[:2], None, len(array_x), problem="it is given inputs without targets"
        )
    import keras

    parts = [as_array(part) for part in (*keras.tree.flatten(x), *keras.tree.flatten(y)) if part is not None]
    if x is None or not parts or any(part is None for part in parts):
        return Feed("unknown", problem="its data are not arrays")
    lengths = {len(part) for part in parts if part is not None}
    if len(lengths) > 1:
        raise ValueError(f"Data cardinality is ambiguous: the arrays have {sorted(lengths)} samples")
    few_x, few_y = (
        None if thing is None else keras.tree.map_structure(lambda part: np.asarray(part)[:2], thing)
        for thing in (x, y)
    )
    problem = "it is given several inputs or targets, which are not trained with yet"
    return Feed("unknown", None, None, few_x, few_y, lengths.pop(), problem=problem)


# --- streams


@dataclass
class _Drawn:
    """One epoch of a stream: its batches, and whether the stream ended or a limit stopped it."""

    x: list[Array] = field(default_factory=list)
    y: list[Array] = field(default_factory=list)
    first: tuple[Any, Any] = (None, None)
    problem: str | None = None

    @property
    def rows(self) -> int:
        return sum(len(part) for part in self.x)


def _of_stream(kind: Kind, passes: Any, steps: int | None, epochs: int) -> Feed:
    """One epoch of batches. `passes()` gives the batches of one pass, again and again."""
    batches = _endless(passes) if steps else iter(passes())
    drawn = _draw(batches, steps)
    few_x, few_y = drawn.first
    feed = Feed(kind, few_x=few_x, few_y=few_y, rows=drawn.rows, problem=drawn.problem)
    if drawn.problem or not drawn.x:
        return replace(feed, problem=feed.problem or "its data are empty")
    feed = replace(feed, batch_size=len(drawn.x[0]), x=_joined(drawn.x), y=_joined(drawn.y))
    if feed.x is None:
        return replace(feed, problem="its batches have images of different shapes")
    if feed.y is None:
        return replace(feed, problem="it is given inputs without targets")
    if steps and epochs > 1:
        return replace(feed, problem=_next_epoch(drawn, _draw(batches, steps), len(drawn.x[0])))
    return feed


def _draw(batches: Iterator[Any], steps: int | None) -> _Drawn:
    drawn = _Drawn()
    started, held = time.monotonic(), 0
    for batch in itertools.islice(batches, steps):
        x, y, weights = _unpacked(batch)
        array_x, array_y = as_array(x), as_array(y)
        if not drawn.x and drawn.first == (None, None):
            few = _of_arrays(x, y)
            drawn.first = (few.few_x, few.few_y)
        if weights is not None:
            drawn.problem = "it is given sample weights, which are not trained with yet"
        elif array_x is None or (array_y is None and y is not None):
            drawn.problem = "its batches are not arrays, or have several inputs or targets"
        if drawn.problem or array_x is None:
            return drawn
        drawn.x.append(array_x)
        held += array_x.nbytes
        if array_y is not None:
            drawn.y.append(array_y)
            held += array_y.nbytes
        if drawn.rows > MAX_ROWS or held > MAX_BYTES or time.monotonic() - started > MAX_SECONDS:
            drawn.problem = f"an epoch of its data is more than is drawn here (at most {MAX_ROWS:,} rows)"
            return drawn
    return drawn


def _next_epoch(first: _Drawn, second: _Drawn, batch: int) -> str | None:
    """Why the first epoch does not stand for the others; None where it does."""
    if second.problem or second.rows < first.rows - batch:
        return second.problem or "its generator ends before the last epoch"
    use_targets = bool(first.y) and math.prod(first.y[0].shape[1:]) >= _FEWEST_VALUES
    keys = [_row_keys(part.y if use_targets else part.x) for part in (first, second)]
    if keys[0] is None or keys[1] is None:
        return "its batches have images of different shapes"
    missing = len(keys[0]) - _common(keys[0], keys[1])
    if missing >= batch:
        return (
            f"each of its epochs has other data: of {len(keys[0]):,} rows of the first, {missing:,} are not in the "
            "second"
        )
    return None


def _common(one: Array, other: Array) -> int:
    """How many rows two listings of keys share, equal ones as often as both have them."""
    values, counts = np.unique(one, return_counts=True)
    others, other_counts = np.unique(other, return_counts=True)
    _, here, there = np.intersect1d(values, others, assume_unique=True, return_indices=True)
    return int(np.minimum(counts[here], other_counts[there]).sum())


def _row_keys(parts: list[Array]) -> Array | None:
    whole = _joined(parts)
    return None if whole is None else row_keys(whole)


def row_keys(array: Array) -> Array:
    """A key (n,) uint64 for each row of an array (n, …); equal rows have equal keys."""
    octets = np.ascontiguousarray(array).reshape(len(array), -1).view(np.uint8)
    return RowKeys(octets.shape[1])(octets)


def _joined(parts: list[Array]) -> Array | None:
    try:
        return np.concatenate(parts) if parts else None
    except ValueError:
        return None


def _unpacked(batch: Any) -> tuple[Any, Any, Any]:
    """Inputs, targets and sample weights of a batch, as Keras takes them."""
    if isinstance(batch, list):
        batch = tuple(batch)
    if not isinstance(batch, tuple):
        return batch, None, None
    x, y, weights = (*batch, None, None)[:3]
    return x, y, weights


def _endless(passes: Any) -> Iterator[Any]:
    """Pass after pass, until one is empty."""
    while True:
        empty = True
        for batch in passes():
            empty = False
            yield batch
        if empty:
            return


def _once(generator: Iterator[Any]) -> Any:
    return lambda: generator


def _items(sequence: Any) -> Iterator[Any]:
    """The batches of one pass over a keras.utils.Sequence."""
    count = sequence.num_batches
    numbers = itertools.count() if count is None else range(count)
    for number in numbers:
        yield sequence[number]
    sequence.on_epoch_end()


# --- ImageDataGenerator


def _of_image_generator(iterator: Any, steps: int | None) -> Feed:
    """The arrays behind `ImageDataGenerator.flow`, and the settings that differ from the generator's defaults."""
    feed = _of_arrays(iterator.x, iterator.y)
    problem = feed.problem
    if iterator.sample_weight is not None:
        problem = "it is given sample weights, which are not trained with yet"
    whole = feed.rows // iterator.batch_size
    if steps and steps < whole:
        problem = f"each of its epochs is {steps} steps of {iterator.batch_size}, a part of its {feed.rows:,} rows"
    elif steps and steps > whole + 1:
        problem = f"each of its epochs is {steps} steps of {iterator.batch_size}, more than its {feed.rows:,} rows"
    return replace(
        feed,
        kind="generator",
        batch_size=int(iterator.batch_size),
        shuffle=bool(iterator.shuffle),
        augmentation=_settings(iterator.image_data_generator),
        problem=problem,
    )


def _settings(generator: Any) -> dict[str, Any]:
    """What differs between this ImageDataGenerator and one without arguments."""
    usual = vars(type(generator)())
    settings = {}
    for name, value in sorted(vars(generator).items()):
        if name.startswith("_") or name in ("mean", "std", "dtype", "principal_components"):
            continue
        if plain(value) != plain(usual.get(name)):
            settings[name[:300]] = plain(value)
    return settings


def _is_image_generator(x: Any) -> bool:
    return type(x).__name__ == "NumpyArrayIterator" and type(x).__module__.startswith("keras.")


def _is_dataset(x: Any) -> bool:
    return type(x).__module__.startswith("tensorflow.") and hasattr(x, "element_spec") and hasattr(x, "cardinality")


def _is_keras_sequence(x: Any) -> bool:
    keras = sys.modules.get("keras")
    return keras is not None and isinstance(x, keras.utils.PyDataset)
