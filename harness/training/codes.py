"""A hand-in's classifier, to be trained on the codes of its autoencoder and on the images.

Two recipes that differ in nothing but their inputs. The one on codes has the autoencoder's recipe for a parent, as
one that was handed in has.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

from harness.allowlist import Refused
from harness.encoders import bottleneck_of, until, values_of
from harness.evidence import Network
from harness.models import LayerSpec, ModelSpec, canonical
from harness.recording import FitRecord
from harness.text import quantity
from harness.training.arrays_spec import ArraySpec, DerivedSpec, LayerStart
from harness.training.cost import Work
from harness.training.recipe import Prepared


@dataclass(frozen=True)
class PlannedCodes:
    """What is trained to compare codes with pixels: the fits that it is made of, and each recipe's seeds.
    `encoding` and `classifying`: what one run of the autoencoder takes, and one of both classifiers."""

    autoencoder: str
    classifier: str
    values: int
    """In a code."""
    on_codes: Prepared
    on_pixels: Prepared
    seeds: tuple[int, ...]
    notes: tuple[str, ...] = ()
    """Sentences on what is trained otherwise than handed in."""
    encoding: Work = field(default_factory=Work)
    classifying: Work = field(default_factory=Work)

    @property
    def work(self) -> Work:
        """What one run of all of it takes."""
        return self.encoding.plus(self.classifying)


def planned(
    autoencoder: Network, encoding: Prepared, classifier: Network, telling: Prepared, seeds: tuple[int, ...]
) -> PlannedCodes:
    """The two recipes. `encoding` and `telling` are what is trained for the autoencoder and for the classifier.

    Raises Refused where the autoencoder has no bottleneck or takes no images, where the training images were not
    recognised, and where the classifier cannot be trained alike on other inputs.
    """
    cut = bottleneck_of(autoencoder)
    if cut is None:
        raise Refused("the autoencoder has no bottleneck: no layer of it is narrower than the image")
    values = values_of(autoencoder, cut)
    root = telling.recipe.x.root
    if root.encoding != "pixels" or root.part == "content" or encoding.recipe.x.root.part == "content":
        raise Refused("its training images could not be recognised as images of the data set")
    images = _clean(encoding.recipe.x, root)
    pixels = images.model_copy(update={"item_shape": (_size(images),)})
    codes = ArraySpec(
        part="derived", derived=_encoded(autoencoder.record, cut, encoding, images), rows=images.rows,
        count=images.count, item_shape=(values,), encoding="values",
    )  # fmt: skip
    ancestors = (*encoding.ancestors, replace(encoding, ancestors=()))
    return PlannedCodes(
        autoencoder=autoencoder.record.id,
        classifier=classifier.record.id,
        values=values,
        on_codes=_on(telling, codes, values, ancestors),
        on_pixels=_on(telling, pixels, _size(images), ()),
        seeds=seeds,
        notes=_without_callbacks(telling),
    )


def _without_callbacks(telling: Prepared) -> tuple[str, ...]:
    """What steers the training by what it sees would end the two after different epochs: neither has it."""
    names = list(dict.fromkeys(name for name, _ in telling.recipe.callbacks or ()))
    if not names:
        return ()
    epochs = quantity(telling.recipe.epochs, "epoch")
    return (f"Both were trained without your {' and '.join(names)}, for {epochs} each.",)


def _clean(taken: ArraySpec, rows: ArraySpec) -> ArraySpec:
    """The images of the rows that the classifier is trained on, as the autoencoder takes images, without noise."""
    if taken.encoding != "pixels":
        raise Refused("the autoencoder takes what another network computes, and no images")
    return taken.model_copy(update={"part": rows.part, "rows": rows.rows, "count": rows.count, "noise": None})


def _encoded(autoencoder: FitRecord, cut: int, encoding: Prepared, images: ArraySpec) -> DerivedSpec:
    encoder = until(autoencoder, cut)
    places = {layer.uid: number for number, layer in enumerate(autoencoder.layers)}
    parent = encoding.recipe.without_seed
    starts = tuple(
        LayerStart(layer=number, parent=parent, of=places[layer.uid])
        for number, layer in enumerate(encoder.layers)
        if layer.params
    )
    return DerivedSpec(model=canonical(encoder), starts=starts, given=images)


def _on(telling: Prepared, x: ArraySpec, values: int, ancestors: tuple[Prepared, ...]) -> Prepared:
    model = _taking(telling.recipe.model, values)
    update = {"model": model, "x": x, "parent": None, "augmentation": None, "validation": None, "callbacks": None}
    recipe = telling.recipe.model_copy(update=update)
    return Prepared(recipe, telling.arrays, ancestors)


def _taking(model: ModelSpec, values: int) -> ModelSpec:
    """The same layers for inputs of so many values."""
    inputs = [number for number, layer in enumerate(model.layers) if layer.class_name == "InputLayer"]
    if len(inputs) != 1:
        raise Refused("the classifier has several inputs")
    layers = list(model.layers)
    entry = layers[inputs[0]]
    layers[inputs[0]] = LayerSpec(
        class_name="InputLayer", arguments={**entry.arguments, "batch_shape": [values]}, trainable=entry.trainable
    )
    return model.model_copy(update={"layers": tuple(layers)})


def _size(images: ArraySpec) -> int:
    return math.prod(images.item_shape)
