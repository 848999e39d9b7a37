"""One array of a recipe: which images or labels it holds, and what was done to them; and how it is made anew."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from harness import noise as noises
from harness.allowlist import Refused
from harness.datasets import Dataset
from harness.models import ModelSpec
from harness.recording import Noise, Strict

Array = NDArray[Any]
SIDE = 28  # pixels
NOT_MADE = "cannot be made from the evaluation images"
"""How the reason ends for which a fit is refused whose arrays the evaluation images cannot become."""


def unused(value: object) -> bool:
    """Whether a setting is left out of canonical JSON: one that came later must not change the hash of a training
    that does without it."""
    return value is None


class LayerStart(Strict):
    """A layer that starts from trained weights: layer `layer` of the model is as layer `of` of the parent became.

    Both count in `ModelSpec.layers`. `parent` is `Recipe.without_seed` of the parent, which is trained with the
    seed of the recipe that names it.
    """

    layer: int
    parent: str
    of: int


class DerivedSpec(Strict):
    """What a model makes of `given` (Keras's `predict`). Layers that `starts` does not name have fresh weights."""

    model: ModelSpec
    starts: tuple[LayerStart, ...]
    given: ArraySpec


class ArraySpec(Strict):
    """One array of a recipe.

    `part`: images or labels of the training set, the evaluation set, or both, one behind the other; `content`: an
    array that was not recognised, by its SHA-256; `derived`: what a model computes. `rows` is the SHA-256 of the
    int64 row numbers within that. Arrays named by their SHA-256 travel beside the recipe. `item_shape` is that of
    one item.

    Pixels: `value = pixel * scale + offset`, float32, then `threshold`, `noise`, `pad`, `channels`, as in
    `recording.ArrayRecord`. Of an unrecognised array, scale and offset are the range in which evaluation images are
    made for it. Labels: `encoding`; `labels` is the SHA-256 of labels that are not the images' own.
    """

    part: Literal["train", "test", "both", "content", "derived"]
    rows: str
    count: int
    item_shape: tuple[int, ...]
    encoding: Literal["pixels", "labels", "one_hot", "values"]
    scale: float = 1.0
    offset: float = 0.0
    noise: Noise | None = None
    labels: str | None = None
    threshold: float | None = Field(default=None, exclude_if=unused)
    pad: tuple[int, int, int, int] | None = Field(default=None, exclude_if=unused)
    channels: int | None = Field(default=None, exclude_if=unused)
    content: str | None = Field(default=None, exclude_if=unused)
    derived: DerivedSpec | None = Field(default=None, exclude_if=unused)

    @property
    def root(self) -> ArraySpec:
        """The array that this one is computed from in the end; itself where no model computes it."""
        return self if self.derived is None else self.derived.given.root

    @property
    def recognised(self) -> bool:
        """Whether it is known how evaluation images become what this array holds, or is computed from."""
        return self.root.part != "content"


Derive = Callable[[DerivedSpec, Array], Array]
"""derive(spec, given): what the model of a derived array makes of `given`."""


def no_models(_spec: DerivedSpec, _given: Array) -> Array:
    """The Derive of a place where there are no trained networks. Raises Refused."""
    raise Refused("the inputs are what another network computes, and that is not at hand here")


def training_array(
    spec: ArraySpec, dataset: Dataset, arrays: Mapping[str, Array], seed: int, derive: Derive = no_models
) -> Array:
    """The array as the hand-in gave it to `fit`: float32 (n, …), or integer labels. Raises Refused."""
    if spec.derived is not None:
        given = training_array(spec.derived.given, dataset, arrays, seed, derive)
        return derive(spec.derived, given).reshape((spec.count, *spec.item_shape))
    rows = arrays[spec.rows]
    if spec.content is not None:
        return arrays[spec.content][rows].astype(np.float32).reshape((len(rows), *spec.item_shape))
    if spec.encoding == "pixels":
        return seen(spec, _part(spec.part, dataset.x_train, dataset.x_test)[rows], seed)
    own = arrays[spec.labels] if spec.labels else _part(spec.part, dataset.y_train, dataset.y_test)[rows]
    return encoded_labels(spec, own)


def evaluation_array(spec: ArraySpec, dataset: Dataset, seed: int, derive: Derive = no_models) -> Array:
    """The evaluation set's images or labels, prepared as the training array is. Raises Refused."""
    if spec.derived is not None:
        given = evaluation_array(spec.derived.given, dataset, seed, derive)
        return derive(spec.derived, given).reshape((len(given), *spec.item_shape))
    if spec.encoding == "pixels":
        return seen(spec, dataset.x_test, seed)
    return encoded_labels(spec, dataset.y_test)


def seen(spec: ArraySpec, images: Array, seed: int | None) -> Array:
    """Images as a network of this spec sees them: float32 (n, *item_shape).

    `images`: grey levels 0 … 255, any type, (n, 28, 28) or (n, 784). Without a seed no noise is added. Raises
    Refused where the noise cannot be.
    """
    values = images.reshape((len(images), SIDE, SIDE)).astype(np.float32)
    values = values * np.float32(spec.scale) + np.float32(spec.offset)
    black = np.float32(spec.offset)
    if spec.threshold is not None:
        values = (values > spec.threshold).astype(np.float32)
        black = np.float32(spec.offset > spec.threshold)
    if spec.noise is not None and seed is not None:
        values = _seasoned(values, spec.noise, seed)
    if spec.pad is not None:
        above, below, left, right = spec.pad
        values = np.pad(values, ((0, 0), (above, below), (left, right)), constant_values=black)
    if spec.channels is not None:
        values = np.repeat(values[..., None], spec.channels, axis=-1)
    return np.asarray(values.reshape((len(images), *spec.item_shape)))


def as_images(spec: ArraySpec, outputs: Array) -> Array:
    """The reverse: outputs (n, *item_shape) as images (n, 784), 0 black and 1 white, not clipped. A threshold
    cannot be undone: its 0 and 1 stay."""
    above, below, left, right = spec.pad or (0, 0, 0, 0)
    values = outputs.reshape((len(outputs), SIDE + above + below, SIDE + left + right, spec.channels or 1))
    values = values[:, above : above + SIDE, left : left + SIDE].mean(axis=-1, dtype=np.float32)
    if spec.threshold is None:
        values = (values - np.float32(spec.offset)) / np.float32(255 * spec.scale)
    return np.asarray(values.reshape((len(outputs), SIDE * SIDE)))


def encoded_labels(spec: ArraySpec, labels: Array) -> Array:
    """Labels as int64 (n, …) or as one-hot rows, float32 (n, k). Raises Refused where a class has no column."""
    integers = labels.astype(np.int64)
    if spec.encoding == "labels":
        return integers.reshape((len(labels), *spec.item_shape))
    classes = spec.item_shape[0] if spec.item_shape else 10
    if integers.max(initial=0) >= classes:
        raise Refused(f"the labels are one-hot encoded into {classes} columns, and there are more classes")
    return np.eye(classes, dtype=np.float32)[integers]


def _part(part: str, train: Array, test: Array) -> Array:
    if part == "both":
        return np.concatenate([train, test])
    return train if part == "train" else test


def _seasoned(values: Array, noise: Noise, seed: int) -> Array:
    rng = np.random.default_rng([seed, 7])
    try:
        if noise.kind == "salt_and_pepper":
            return np.asarray(noises.salt_and_pepper(values, noise.level, rng))
        if noise.kind == "gaussian":
            return np.asarray(noises.gaussian_noise(values, noise.level, rng, clip=noise.clipped))
        return np.asarray(
            noises.uniform_noise(values, noise.level, rng, clip=noise.clipped, from_zero=noise.from_zero)
        )
    except ValueError as error:
        raise Refused(f"the noise of the fit cannot be repeated: {error}") from None
