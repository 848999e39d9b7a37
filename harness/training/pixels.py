"""Images as bytes: what the compiled trainer keeps on its device, a quarter of the size of float32."""

from __future__ import annotations

import math

import numpy as np

from harness.datasets import Dataset
from harness.training.arrays_spec import SIDE, ArraySpec, Derive, evaluation_array, no_models, training_array
from harness.training.recipe import Pair, Prepared

_PLAIN = {"part", "rows", "count", "item_shape", "encoding", "scale", "offset"}
"""What the spec of images says that were only scaled; more is something that was done to them."""


def compact_arrays(prepared: Prepared, dataset: Dataset, derive: Derive = no_models) -> tuple[Pair, Pair]:
    """What `recipe.training_arrays` and `recipe.evaluation_arrays` give, but an array that is
    `pixel * scale + offset` as its pixels, uint8 (n, 28, 28). Raises Refused."""
    made = [_both(spec, prepared, dataset, derive) for spec in (prepared.recipe.x, prepared.recipe.y)]
    (x, x_test), (y, y_test) = made
    return (x, y), (x_test, y_test)


def _both(spec: ArraySpec, prepared: Prepared, dataset: Dataset, derive: Derive) -> Pair:
    """The array's training and evaluation part."""
    seed = prepared.recipe.seed
    if not _only_scaled(spec):
        training = training_array(spec, dataset, prepared.arrays, seed, derive)
        return training, evaluation_array(spec, dataset, seed + 1, derive)
    images = dataset.x_train if spec.part == "train" else dataset.x_test
    return np.asarray(images[prepared.arrays[spec.rows]]), dataset.x_test


def _only_scaled(spec: ArraySpec) -> bool:
    said = {name for name, value in spec.model_dump(mode="json").items() if value is not None}
    images = spec.encoding == "pixels" and spec.part in ("train", "test")
    return images and said <= _PLAIN and math.prod(spec.item_shape) == SIDE * SIDE
