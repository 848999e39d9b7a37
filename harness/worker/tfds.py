"""A stand-in for TensorFlow Datasets, for code that loads MNIST with it: `tfds.load("mnist", split="train")`."""

from __future__ import annotations

import re
import types
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from harness.worker.keys import Array

Arrays = Callable[[str], Any]
"""arrays(name): (x_train, y_train), (x_test, y_test); KeyError where there is no such data set."""

_SPLIT = re.compile(r"(train|test|all)(?:\[(-?\d+%?)?:(-?\d+%?)?\])?")


def fill(arrays: Arrays, module: types.ModuleType) -> None:
    """Give the module `load`, `as_numpy` and `disable_progress_bar`, with data from `arrays`."""
    served: Any = module

    def load(name: str, **settings: Any) -> Any:
        """What `tfds.load` gives: a tf.data pipeline, or for each split one."""
        return _load(arrays, name, settings)

    served.load = load
    served.as_numpy = _as_numpy
    served.disable_progress_bar = served.enable_progress_bar = lambda: None


def _load(arrays: Arrays, name: str, settings: dict[str, Any]) -> Any:
    try:
        loaded = arrays(name.partition(":")[0].partition("/")[0])
    except KeyError:
        raise ValueError(f"the data set {name} of tensorflow_datasets is not at hand here") from None
    parts = {part: (_with_channel(x), y.reshape(-1).astype(np.int64)) for part, (x, y) in _named(loaded)}
    split = settings.get("split")

    def made(one: Any) -> Any:
        if isinstance(one, (list, tuple)):
            return [made(part) for part in one]
        return _pipeline(*_selected(parts, str(one)), settings)

    answer = {part: made(part) for part in parts} if split is None else made(split)
    return (answer, _info(parts)) if settings.get("with_info") else answer


def _named(loaded: Any) -> Iterator[tuple[str, Any]]:
    yield from zip(("train", "test"), loaded, strict=True)


def _with_channel(images: Array) -> Array:
    return images[..., None] if images.ndim == 3 else images


def _selected(parts: dict[str, tuple[Array, Array]], split: str) -> tuple[Array, Array]:
    """The rows of a split such as `train`, `test[:500]`, `train[80%:]` or `train+test`."""
    images, labels = [], []
    for text in split.split("+"):
        found = _SPLIT.fullmatch(text.strip())
        if found is None:
            raise ValueError(f"Unrecognized split: {split!r}")
        chosen = list(parts) if found[1] == "all" else [found[1]]
        x = np.concatenate([parts[part][0] for part in chosen])
        y = np.concatenate([parts[part][1] for part in chosen])
        rows = slice(_bound(found[2], len(y)), _bound(found[3], len(y)))
        images.append(x[rows])
        labels.append(y[rows])
    return np.concatenate(images), np.concatenate(labels)


def _bound(text: str | None, total: int) -> int | None:
    if text is None:
        return None
    return round(int(text[:-1]) * total / 100) if text.endswith("%") else int(text)


def _pipeline(images: Array, labels: Array, settings: dict[str, Any]) -> Any:
    import tensorflow as tf

    supervised, size = settings.get("as_supervised"), settings.get("batch_size")
    rows: Any = (images, labels) if supervised else {"image": images, "label": labels}
    if size == -1:
        return tf.nest.map_structure(tf.constant, rows)
    pipeline = tf.data.Dataset.from_tensor_slices(rows)
    return pipeline.batch(size) if size else pipeline


def _as_numpy(pipeline: Any) -> Any:
    """Arrays in place of tensors, as `tfds.as_numpy`."""
    import tensorflow as tf

    if isinstance(pipeline, tf.data.Dataset):
        return pipeline.as_numpy_iterator()
    return tf.nest.map_structure(lambda tensor: tensor.numpy(), pipeline)


def _info(parts: dict[str, tuple[Array, Array]]) -> Any:
    """The fields of DatasetInfo that code asks for."""
    classes = int(max(y.max(initial=0) for _, y in parts.values())) + 1
    label = types.SimpleNamespace(
        num_classes=classes,
        names=[str(number) for number in range(classes)],
        int2str=str,
        str2int=int,
    )
    image = types.SimpleNamespace(shape=parts["train"][0].shape[1:], dtype=np.uint8)
    return types.SimpleNamespace(
        features={"image": image, "label": label},
        splits={part: types.SimpleNamespace(num_examples=len(y)) for part, (_, y) in parts.items()},
    )
