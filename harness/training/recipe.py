"""The recipe: everything that decides a training run, in canonical form, with a hash.

Two submissions with the same recipe are trained once. A recipe is made from a recorded fit by `from_fit`; nothing
else of a submission reaches a trainer.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from harness import allowlist, datasets
from harness.allowlist import Refused
from harness.datasets import Dataset
from harness.models import ModelSpec, canonical
from harness.recording import ArrayRecord, FitData, FitRecord, Noise, Rows, Strict

HARMLESS_CALLBACKS = frozenset(
    {"History", "ProgbarLogger", "TensorBoard", "CSVLogger", "ModelCheckpoint", "TerminateOnNaN", "LambdaCallback"}
)
"""Callbacks that watch and do not steer. ModelCheckpoint writes files; the last epoch is what counts."""

MAX_EPOCHS = 500
MAX_CLASSES = 1000


class ArraySpec(Strict):
    """One array of a recipe: which images or labels of the data set, and what was done to them.

    `rows` is the SHA-256 of the int64 row numbers, which travel beside the recipe. `item_shape` is one image's.
    Pixels: `value = pixel * scale + offset`, float32, then `noise`. Labels: `encoding`; `labels` is the SHA-256 of
    labels that are not the images' own, which travel beside the recipe too.
    """

    part: Literal["train", "test"]
    rows: str
    count: int
    item_shape: tuple[int, ...]
    encoding: Literal["pixels", "labels", "one_hot"]
    scale: float = 1.0
    offset: float = 0.0
    noise: Noise | None = None
    labels: str | None = None


class Recipe(Strict):
    """Everything that decides a training run. `sha256` is its identity; the seed is part of it."""

    version: Literal[1] = 1
    model: ModelSpec
    optimizer: tuple[str, dict[str, Any]]
    loss: tuple[str, dict[str, Any]]
    epochs: int
    batch_size: int
    shuffle: bool
    class_weight: dict[str, float] | None = None
    dataset: str
    dataset_sha256: str
    x: ArraySpec
    y: ArraySpec
    seed: int = 0
    parent: str | None = None

    @property
    def sha256(self) -> str:
        """The recipe's identity: a hash of its canonical JSON."""
        return _digest(self.model_dump(mode="json"))

    @property
    def without_seed(self) -> str:
        """The identity of what is trained, whatever the seed."""
        return _digest(self.model_dump(mode="json", exclude={"seed"}))

    def with_seed(self, seed: int) -> Recipe:
        """The same training with another seed."""
        return self.model_copy(update={"seed": seed})


class Scale(Strict):
    """Epochs and batch size of an assignment's own, where its data set is too small for the ones asked."""

    epochs: int
    batch_size: int


@dataclass(frozen=True)
class Prepared:
    """A recipe and the arrays that it names by digest."""

    recipe: Recipe
    arrays: dict[str, NDArray[Any]] = field(default_factory=dict)


def from_fit(
    fit: FitRecord, frames: dict[str, NDArray[Any]], dataset: Dataset, scale: Scale | None = None
) -> Prepared:
    """The recipe of a recorded fit on `dataset`, seed 0.

    `frames` are the arrays that crossed with the recording. `scale` replaces epochs and batch size. Raises Refused
    with a sentence for the student where the fit asks for what is not trained.
    """
    if fit.problem:
        raise Refused(f"the fit cannot be repeated: {fit.problem}")
    steering = [item.class_name for item in fit.callbacks if item.class_name not in HARMLESS_CALLBACKS]
    if steering:
        raise Refused(f"the fit uses the callback {steering[0].removeprefix('custom:')}, which is not trained with")
    if fit.previous:
        raise Refused(f"the fit goes on from an earlier one ({fit.previous[-1]}) of the same model object")
    if fit.data.x is None or fit.data.y is None:
        raise Refused("the fit's data are not arrays that were recognised")
    if not 1 <= fit.epochs <= MAX_EPOCHS:
        raise Refused(f"the fit asks for {fit.epochs} epochs; 1 to {MAX_EPOCHS} are trained")
    arrays: dict[str, NDArray[Any]] = {}
    x = _pixels(fit.data.x, "inputs", fit.data.validation_split, frames, dataset, arrays)
    y = _targets(fit.data, fit.data.y, x, frames, dataset, arrays)
    recipe = Recipe(
        model=canonical(fit),
        optimizer=_component(allowlist.optimizer, fit.optimizer, "optimizer"),
        loss=_component(allowlist.loss, fit.loss, "loss"),
        epochs=scale.epochs if scale else fit.epochs,
        batch_size=scale.batch_size if scale else fit.batch_size,
        shuffle=fit.shuffle,
        class_weight=fit.class_weight,
        dataset=dataset.name,
        dataset_sha256=dataset.sha256,
        x=x,
        y=y,
    )
    return Prepared(recipe, arrays)


def evaluation_arrays(recipe: Recipe, dataset: Dataset) -> tuple[NDArray[Any], NDArray[Any]]:
    """The evaluation set, prepared as the recipe's training data are: inputs (n, …) float32 and targets."""
    everything = np.arange(len(dataset.x_test), dtype=np.int64)
    images = _materialise(recipe.x, dataset.x_test, dataset.y_test, everything, None, seed=recipe.seed + 1)
    targets = _materialise(recipe.y, dataset.x_test, dataset.y_test, everything, None, seed=recipe.seed + 1)
    return images, targets


def training_arrays(prepared: Prepared, dataset: Dataset) -> tuple[NDArray[Any], NDArray[Any]]:
    """The recipe's training data: inputs (n, …) float32 and targets."""
    made = []
    for spec in (prepared.recipe.x, prepared.recipe.y):
        images = dataset.x_train if spec.part == "train" else dataset.x_test
        labels = dataset.y_train if spec.part == "train" else dataset.y_test
        own = prepared.arrays[spec.labels] if spec.labels else None
        made.append(_materialise(spec, images, labels, prepared.arrays[spec.rows], own, prepared.recipe.seed))
    return made[0], made[1]


# --- from a recording


def _pixels(
    record: ArrayRecord, what: str, split: float, frames: dict[str, NDArray[Any]], dataset: Dataset,
    arrays: dict[str, NDArray[Any]],
) -> ArraySpec:  # fmt: skip
    if record.source not in ("x_train", "x_test") or record.rows is None:
        raise Refused(
            f"the {what} of the fit, an array of shape {_shape(record)}, could not be recognised as images of the "
            "data set"
        )
    listed = frames.get(record.rows.frame) if record.rows.frame else None
    part: Literal["train", "test"] = "train" if record.source == "x_train" else "test"
    try:
        rows = datasets.select(dataset, part, record.rows, listed)
    except ValueError as error:
        raise Refused(f"the {what} of the fit name images that do not exist: {error}") from None
    rows = rows[: max(1, math.floor(len(rows) * (1 - split)))]  # as Keras cuts
    return ArraySpec(
        part=part,
        rows=_keep(rows.astype(np.int64), arrays),
        count=len(rows),
        item_shape=tuple(int(n or 0) for n in record.shape[1:]),
        encoding="pixels",
        scale=_canonical_scale(record.scale),
        offset=allowlist.canonical_float(record.offset),
        noise=_canonical_noise(record.noise),
    )


def _targets(
    data: FitData, record: ArrayRecord, x: ArraySpec, frames: dict[str, NDArray[Any]], dataset: Dataset,
    arrays: dict[str, NDArray[Any]],
) -> ArraySpec:  # fmt: skip
    if record.encoding == "pixels":
        return _pixels(record, "targets", data.validation_split, frames, dataset, arrays)
    if record.encoding == "one_hot_twice":
        raise Refused("the labels were one-hot encoded twice: no network can be trained on them")
    if record.encoding not in ("labels", "one_hot"):
        raise Refused(f"the targets of the fit, an array of shape {_shape(record)}, are neither labels nor images")
    columns = record.shape[1] or 0 if record.encoding == "one_hot" and len(record.shape) > 1 else 0
    if columns > MAX_CLASSES:
        raise Refused(f"the labels are one-hot encoded into {columns} columns, which is more than is trained here")
    labels = None
    if record.frame is not None and data.x is not None and data.x.rows is not None:
        own = frames.get(record.frame)
        if own is None or own.ndim != 1 or own.dtype.kind not in "iu" or own.min(initial=0) < 0:
            raise Refused("the labels of the fit did not cross")
        labels = _keep(_own_labels(own.astype(np.int64), data.x.rows, frames, arrays[x.rows], x, dataset), arrays)
    return ArraySpec(
        part=x.part, rows=x.rows, count=x.count, encoding=record.encoding, labels=labels,
        item_shape=tuple(int(n or 0) for n in record.shape[1:]),
    )  # fmt: skip


def _own_labels(
    labels: NDArray[Any], given: Rows, frames: dict[str, NDArray[Any]], images: NDArray[Any], x: ArraySpec,
    dataset: Dataset,
) -> NDArray[Any]:  # fmt: skip
    """Labels that are not their images' own: for each image that is trained on, the one handed in beside it.

    On digits the recording shows each image many times; its first label counts. An image that a short slice did
    not show has a label from the same relative place.
    """
    if len(labels) != given.count:
        raise Refused(f"there are {len(labels):,} labels for {given.count:,} images")
    if dataset.official:
        return labels[: len(images)]
    if given.kind == "listed":
        positions = frames[given.frame or ""].astype(np.int64)
    else:
        positions = np.arange(given.start, given.start + given.count * given.step, given.step)
    shown, first = np.unique(
        positions % len(dataset.y_train if x.part == "train" else dataset.y_test), return_index=True
    )
    place = np.minimum(np.searchsorted(shown, images), len(shown) - 1)
    thinned = np.arange(len(images)) * len(labels) // len(images)
    return np.asarray(labels[np.where(shown[place] == images, first[place], thinned)])


def _component(check: Any, recorded: Any, what: str) -> tuple[str, dict[str, Any]]:
    if recorded is None:
        raise Refused(f"the model was compiled without {'an' if what[0] in 'aeiou' else 'a'} {what}")
    plain = recorded.class_name if not recorded.config else recorded.model_dump()
    try:
        name, arguments = check(plain)
    except ValueError as error:
        raise Refused(str(error).replace("custom:", "")) from None
    return name, arguments


def _canonical_scale(scale: float) -> float:
    """1/255 as found by fitting float32 values is 1/255."""
    for exact in (1.0, 1 / 255, 1 / 256, 2 / 255, 1 / 255**2, 1 / 256**2):
        if abs(scale - exact) < 1e-6 * exact:
            return exact
    return allowlist.canonical_float(scale)


def _canonical_noise(noise: Noise | None) -> Noise | None:
    """Noise levels are estimated from a sample: what lies within its error of a round level is that level."""
    if noise is None:
        return None
    round_level = round(noise.level * 20) / 20
    near = abs(noise.level - round_level) < 0.006
    return noise.model_copy(update={"level": round_level if near else round(noise.level, 2)})


# --- arrays


def _materialise(
    spec: ArraySpec, images: NDArray[Any], labels: NDArray[Any], rows: NDArray[Any], own: NDArray[Any] | None,
    seed: int,
) -> NDArray[Any]:  # fmt: skip
    if spec.encoding == "pixels":
        values = images[rows].astype(np.float32) * np.float32(spec.scale) + np.float32(spec.offset)
        if spec.noise is not None:
            values = _seasoned(values, spec.noise, seed)
        return np.asarray(values.reshape((len(rows), *spec.item_shape)))
    integers = (labels[rows] if own is None else own).astype(np.int64)
    if spec.encoding == "labels":
        return integers.reshape((len(rows), *spec.item_shape))
    classes = spec.item_shape[0] if spec.item_shape else 10
    if integers.max(initial=0) >= classes:
        raise Refused(f"the labels are one-hot encoded into {classes} columns, and there are more classes")
    return np.eye(classes, dtype=np.float32)[integers]


def _seasoned(values: NDArray[Any], noise: Noise, seed: int) -> NDArray[Any]:
    from harness.noise import gaussian_noise, salt_and_pepper, uniform_noise

    rng = np.random.default_rng([seed, 7])
    try:
        if noise.kind == "salt_and_pepper":
            return np.asarray(salt_and_pepper(values, noise.level, rng))
        apply = gaussian_noise if noise.kind == "gaussian" else uniform_noise
        return np.asarray(apply(values, noise.level, rng, clip=noise.clipped))
    except ValueError as error:
        raise Refused(f"the noise of the fit cannot be repeated: {error}") from None


def _keep(array: NDArray[Any], arrays: dict[str, NDArray[Any]]) -> str:
    digest = hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()
    arrays[digest] = array
    return digest


def _shape(record: ArrayRecord) -> str:
    return "(" + ", ".join(str(n) for n in record.shape) + ")"


def _digest(plain: Any) -> str:
    return hashlib.sha256(json.dumps(plain, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
