"""From a recorded fit to its recipe: arrays become specs, settings canonical, trained layers starts.

A recording is a claim: all that it refers to is looked up and checked, and what cannot be is refused in words for
the student.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from harness import allowlist, compiling
from harness.allowlist import Refused
from harness.datasets import Dataset
from harness.models import canonical
from harness.recording import ArrayRecord, Derivation, FitData, FitRecord, Noise, Recording
from harness.training import steering
from harness.training.arrays_spec import NOT_MADE, SIDE, ArraySpec, DerivedSpec
from harness.training.chain import Chains
from harness.training.recipe import Prepared, Recipe, Scale
from harness.training.selection import Selection, select, select_content, shape_of

MAX_EPOCHS = 500
MAX_CLASSES = 1000
MAX_PAD = 64
_SCALES = (1.0, 1 / 255, 1 / 256, 2 / 255, 1 / 255**2, 1 / 256**2)
_RANGES = ((0.0, 1.0), (-1.0, 1.0), (0.0, 255.0))
_NOT_RECOGNISED = (
    "Your training images were not recognised, so it is measured on the test images as they are, which may be "
    "prepared otherwise than yours."
)
_SHOWN_BY_VALIDATION = (
    "Your training images were not recognised, so it is measured on the test images as you give them to fit for "
    "validation."
)


def from_fit(
    fit: FitRecord, frames: Mapping[str, NDArray[Any]], dataset: Dataset, scale: Scale | None = None
) -> Prepared:
    """The recipe of a fit that stands alone; see `Recipes`."""
    return Recipes(Recording(fits=(fit,)), frames, dataset, scale).of(fit.id)


class Recipes:
    """Makes the recipes of one recording's fits on `dataset`, seed 0, each once.

    `frames` are the arrays that crossed with the recording. `scale` replaces epochs and batch size, except for the
    fits that `scales` names, which have their own (None: as handed in).
    """

    def __init__(
        self,
        recording: Recording,
        frames: Mapping[str, NDArray[Any]],
        dataset: Dataset,
        scale: Scale | None = None,
        scales: Mapping[str, Scale | None] | None = None,
    ) -> None:
        self._chains = Chains(recording)
        self._frames = frames
        self._dataset = dataset
        self._scale = scale
        self._scales = scales or {}
        self._store = _Store()

    def of(self, name: str) -> Prepared:
        """The recipe of the fit of this id. Raises Refused where it asks for what is not trained."""
        for fit in self._chains.up_to(name):
            self._chains.keep(fit, self._alone, self._scales.get(fit.id, self._scale))
        return self._chains[name]

    def _alone(self, fit: FitRecord) -> Prepared:
        """The fit as one training of its own, with the epochs that it asks for."""
        if fit.error:
            raise Refused(f"the fit fails: {fit.error}")
        if fit.problem:
            raise Refused(f"the fit cannot be repeated: {fit.problem}")
        if not 1 <= fit.epochs <= MAX_EPOCHS:
            raise Refused(f"the fit asks for {fit.epochs} epochs; 1 to {MAX_EPOCHS} are trained")
        optimizer, loss = optimizer_of(fit), loss_of(fit)
        arrays = _Arrays(self._frames, self._dataset, self._chains, self._store)
        x, y = arrays.pair(fit.data)
        watched = None
        classifier = y.encoding in ("labels", "one_hot")
        validated = bool(fit.data.validation_split or fit.data.validation_x is not None)
        steered = steering.callbacks(fit.callbacks, classifier=classifier, validated=validated)
        if steering.watches_validation(steered):
            watched = arrays.validation(fit.data, x)
        augmentation = steering.augmentation(fit.data.augmentation)
        if augmentation is not None:
            x, augmentation = _rescaled(x, augmentation)
        recipe = Recipe(
            model=canonical(fit),
            optimizer=optimizer,
            loss=loss,
            epochs=fit.epochs,
            batch_size=fit.batch_size,
            shuffle=fit.shuffle,
            class_weight=fit.class_weight,
            dataset=self._dataset.name,
            dataset_sha256=self._dataset.sha256,
            x=x,
            y=y,
            parent=self._chains.starts(fit, fit.states) or None,
            callbacks=steered,
            validation=watched,
            augmentation=augmentation,
        )
        unrecognised = _NOT_RECOGNISED if fit.data.evaluation_images is None else _SHOWN_BY_VALIDATION
        notes = () if x.recognised else (unrecognised,)
        return Prepared(recipe, arrays.kept, self._chains.ancestors(recipe.parents), notes=notes)


def optimizer_of(fit: FitRecord) -> tuple[str, dict[str, Any]]:
    """The optimizer of a fit, canonical. Raises Refused."""
    return _component(compiling.optimizer, fit.optimizer, "optimizer")


def loss_of(fit: FitRecord) -> tuple[str, dict[str, Any]]:
    """The loss of a fit, canonical. Raises Refused."""
    return _component(compiling.loss, fit.loss, "loss")


def evaluation_specs(record: ArrayRecord) -> tuple[ArraySpec, ...]:
    """How the evaluation images may be prepared for a network that was given this array: as it was, where it was
    recognised, else on its range; on each of the usual ranges where that is not known. Raises Refused."""
    if record.source is not None and record.encoding == "pixels":
        return (_pixels(record, "test", "", 0, "inputs"),)
    known = record.low is not None and record.high is not None
    limits = [(record.low, record.high)] if known else _RANGES
    ranges = [_range(record, low, high, "inputs") for low, high in limits]
    made = [ArrayRecord(shape=record.shape, dtype=record.dtype, scale=one, offset=other) for one, other in ranges]
    return tuple(_pixels(one, "test", "", 0, "inputs") for one in made)


@dataclass(frozen=True)
class _Content:
    """An array that was not recognised: its digest as float32, its lowest and its highest value."""

    digest: str
    low: float
    high: float


@dataclass(frozen=True)
class _Store:
    """What the fits of a recording have in common, so that many fits on one array hold it, and look at it, once.

    `arrays` by digest and dtype: a digest is of bytes alone. `contents` by the frame that crossed.
    """

    arrays: dict[tuple[str, str], NDArray[Any]] = field(default_factory=dict)
    contents: dict[str, _Content] = field(default_factory=dict)


@dataclass
class _Arrays:
    """Makes the specs of one fit's arrays; `kept` are those that travel beside the recipe, by digest."""

    frames: Mapping[str, NDArray[Any]]
    dataset: Dataset
    chains: Chains
    store: _Store
    kept: dict[str, NDArray[Any]] = field(default_factory=dict)

    def pair(self, data: FitData) -> tuple[ArraySpec, ArraySpec]:
        """Specs of the inputs and targets that are trained on."""
        if data.x is None or data.y is None:
            raise Refused("the fit's data are not arrays that were recognised")
        split = data.validation_split
        beside = self._beside(data.y)
        chosen = self._selected(data.x, "inputs", beside)
        x = self._images(data.x, "inputs", chosen.training(split), data.evaluation_images)
        return x, self._targets(data.y, data.x, chosen.training(split), chosen, split, held_out=False)

    def validation(self, data: FitData, x: ArraySpec) -> tuple[ArraySpec, ArraySpec] | None:
        """Specs of what the fit holds out; None where that is the evaluation set, prepared as the inputs `x`."""
        held_out = data.validation_x is None
        given_x, given_y = (data.x, data.y) if held_out else (data.validation_x, data.validation_y)
        if given_x is None or given_y is None:
            raise Refused("the fit's callbacks watch validation data that are not arrays that were recognised")
        split = data.validation_split if held_out else 0.0
        what = "validation inputs"
        chosen = self._selected(given_x, what, self._beside(given_y))
        part = chosen.held_out(split) if held_out else chosen
        made = self._images(given_x, what, part)
        same = made.model_copy(update={"part": x.part, "rows": x.rows, "count": x.count}) == x
        if same and part.part == "test" and np.array_equal(part.rows, np.arange(len(self.dataset.y_test))):
            return None
        return made, self._targets(given_y, given_x, part, chosen, split, held_out)

    # --- one array

    def _beside(self, partner: ArrayRecord) -> Selection | None:
        """The rows of the partner of an array that was not recognised, where its partner was."""
        return select(partner, "targets", self.frames, self.dataset) if _is_image(partner) else None

    def _selected(self, record: ArrayRecord, what: str, beside: Selection | None) -> Selection:
        root = record
        while root.derived is not None:
            root = root.derived.given
        if root.source is None and root.content is not None:
            values = self._crossed(root, what)  # before anything is made of a length that is claimed
            return select_content(len(values) if values.ndim else 0, beside, self.dataset)
        if root.source is None and root.not_kept:
            such = f"; such {what} {NOT_MADE}" if root.of_answers else ""
            raise Refused(
                f"the {what} of the fit, an array of shape {shape_of(root)}, could not be recognised as images of "
                f"the data set, and {root.not_kept}{such}"
            )
        return select(record, what, self.frames, self.dataset)

    def _images(
        self, record: ArrayRecord, what: str, chosen: Selection, like: ArrayRecord | None = None
    ) -> ArraySpec:
        """The spec of images, of what was not recognised, or of what a model makes of either. For a network trained
        on images that were not recognised, evaluation images are prepared as those of `like`, where it is given."""
        if record.derived is not None:
            return self._derived(record, record.derived, what, chosen)
        rows = self._keep(chosen.rows.astype(np.int64))
        if chosen.part == "content":
            return self._content(record, what, rows, len(chosen.rows), like)
        return _pixels(record, chosen.part, rows, len(chosen.rows), what)

    def _content(
        self, record: ArrayRecord, what: str, rows: str, count: int, like: ArrayRecord | None
    ) -> ArraySpec:
        values, frame = self._crossed(record, what), record.content or ""
        if frame not in self.store.contents:
            digest = self._keep(values.astype(np.float32, copy=False))
            low, high = float(values.min(initial=0)), float(values.max(initial=0))
            self.store.contents[frame] = _Content(digest, low, high)
        known = self.store.contents[frame]
        self.kept[known.digest] = self.store.arrays[known.digest, "float32"]
        if like is not None:
            made = _pixels(like, "content", rows, count, what)
            return made.model_copy(update={"content": known.digest})
        scale, offset = _range(record, known.low, known.high, what)
        return ArraySpec(
            part="content",
            content=known.digest,
            rows=rows,
            count=count,
            item_shape=_item(record),
            encoding="pixels",
            scale=scale,
            offset=offset,
        )

    def _crossed(self, record: ArrayRecord, what: str) -> NDArray[Any]:
        """The values of an array that was not recognised. Raises Refused where they are not there as claimed."""
        values = self.frames.get(record.content or "")
        if values is None or values.shape != tuple(record.shape) or values.dtype.kind not in "biuf":
            raise Refused(f"the {what} of the fit, an array of shape {shape_of(record)}, did not cross")
        return values

    def _derived(self, record: ArrayRecord, made: Derivation, what: str, chosen: Selection) -> ArraySpec:
        given = self._images(made.given, what, chosen)
        graph = self.chains.behind(made)
        spec = DerivedSpec(model=canonical(graph), starts=self.chains.starts(graph, made.states), given=given)
        return ArraySpec(
            part="derived", derived=spec, rows=given.rows, count=given.count, item_shape=_item(record),
            encoding="values",
        )  # fmt: skip

    def _targets(
        self, record: ArrayRecord, x: ArrayRecord, part: Selection, whole: Selection, split: float, held_out: bool
    ) -> ArraySpec:
        """The spec of the targets that go with the rows `part`, cut from `whole`, of the inputs `x`."""
        if _is_image(record) or record.derived is not None or (record.content and record.encoding is None):
            chosen = self._selected(record, "targets", whole)
            chosen = chosen.held_out(split) if held_out else chosen.training(split)
            if len(chosen.rows) != len(part.rows):
                raise Refused(f"the fit has {len(part.rows):,} inputs and {len(chosen.rows):,} targets")
            return self._images(record, "targets", chosen)
        if record.encoding == "one_hot_twice":
            raise Refused("the labels were one-hot encoded twice: no network can be trained on them")
        if record.encoding not in ("labels", "one_hot"):
            raise Refused(
                f"the targets of the fit, an array of shape {shape_of(record)}, are neither labels nor images"
            )
        columns = record.shape[1] or 0 if record.encoding == "one_hot" and len(record.shape) > 1 else 0
        if columns > MAX_CLASSES:
            raise Refused(
                f"the labels are one-hot encoded into {columns} columns, which is more than is trained here"
            )
        labels = None
        if record.frame is not None or part.part == "content":
            labels = self._keep(self._own_labels(record, x, part))
        return ArraySpec(
            part=part.part, rows=self._keep(part.rows.astype(np.int64)), count=len(part.rows),
            encoding=record.encoding, labels=labels, item_shape=_item(record),
        )  # fmt: skip

    def _own_labels(self, record: ArrayRecord, x: ArrayRecord, part: Selection) -> NDArray[Any]:
        """Labels that are not their images' own: for each row that is trained on, the one handed in beside it."""
        own = self.frames.get(record.frame or "")
        if own is None or own.ndim != 1 or own.dtype.kind not in "iu" or own.min(initial=0) < 0:
            raise Refused("the labels of the fit did not cross")
        given = x.rows.count if x.rows is not None else x.shape[0] if x.shape else 0
        if len(own) != given:
            raise Refused(f"there are {len(own):,} labels for {given or 0:,} images")
        if part.places.max(initial=0) >= len(own):
            raise Refused(f"there are {len(own):,} labels for more images")
        return np.asarray(own.astype(np.int64)[part.places])

    def _keep(self, array: NDArray[Any]) -> str:
        digest = hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()
        self.kept[digest] = self.store.arrays.setdefault((digest, str(array.dtype)), array)
        return digest


def _is_image(record: ArrayRecord) -> bool:
    return record.encoding == "pixels" and record.derived is None


def _item(record: ArrayRecord) -> tuple[int, ...]:
    return tuple(int(n or 0) for n in record.shape[1:])


def _pixels(
    record: ArrayRecord, part: Literal["train", "test", "both", "content"], rows: str, count: int, what: str
) -> ArraySpec:
    """The spec of images that were recognised. Raises Refused where their shape contradicts it."""
    high, wide = SIDE + sum(record.pad[:2]), SIDE + sum(record.pad[2:])
    if max(record.pad) > MAX_PAD or high * wide * record.channels != math.prod(_item(record)):
        raise Refused(f"the {what} of the fit, an array of shape {shape_of(record)}, are not images of 28 by 28")
    return ArraySpec(
        part=part,
        rows=rows,
        count=count,
        item_shape=_item(record),
        encoding="pixels",
        scale=_canonical_scale(record.scale),
        offset=allowlist.canonical_float(record.offset),
        noise=_canonical_noise(record.noise),
        threshold=None if record.threshold is None else allowlist.canonical_float(record.threshold),
        pad=record.pad if any(record.pad) else None,
        channels=record.channels if record.channels > 1 else None,
    )


def _range(record: ArrayRecord, low: float | None, high: float | None, what: str) -> tuple[float, float]:
    """Scale and offset by which grey levels get the usual range in which these values lie. Raises Refused."""
    fitting = (one for one in _RANGES if low is not None and high is not None and one[0] <= low and high <= one[1])
    limits = next(fitting, None)  # NaN fails every comparison
    if math.prod(_item(record)) != SIDE * SIDE or limits is None:
        raise Refused(
            f"the {what} of the fit, an array of shape {shape_of(record)}, could not be recognised, and such "
            f"{what} {NOT_MADE}"
        )
    return _canonical_scale((limits[1] - limits[0]) / 255), limits[0]


def _rescaled(x: ArraySpec, augmentation: dict[str, Any]) -> tuple[ArraySpec, dict[str, Any] | None]:
    """The generator's `rescale` as part of the images, so that the evaluation images have it too."""
    if len(x.item_shape) != 3:
        raise Refused("the images are augmented, which takes images with a channel axis: (n, 28, 28, 1)")
    factor = augmentation.get("rescale")
    others = {name: value for name, value in augmentation.items() if name != "rescale"}
    if factor is not None:
        offset = allowlist.canonical_float(x.offset * factor)
        x = x.model_copy(update={"scale": _canonical_scale(x.scale * factor), "offset": offset})
    return x, others or None


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
    for exact in _SCALES:
        if abs(abs(scale) - exact) < 1e-6 * exact:
            return math.copysign(exact, scale)
    return allowlist.canonical_float(scale)


def _canonical_noise(noise: Noise | None) -> Noise | None:
    """Noise levels are estimated from a sample: what lies within its error of a round level is that level."""
    if noise is None:
        return None
    round_level = round(noise.level * 20) / 20
    near = abs(noise.level - round_level) < 0.006
    return noise.model_copy(update={"level": round_level if near else round(noise.level, 2)})
