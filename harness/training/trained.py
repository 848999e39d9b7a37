"""Trained networks put to use, in the trainer's process: denoising, reconstruction, images from a decoder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.allowlist import Refused
from harness.datasets import Dataset
from harness.models import Built, ModelSpec, build
from harness.noise import Kind, added
from harness.training.arrays_spec import ArraySpec, as_images, seen
from harness.training.recipe import Recipe

Array = NDArray[Any]
BATCH = 1000


@dataclass(frozen=True)
class Network:
    """A rebuilt model with trained weights, and how its inputs and outputs relate to images in [0, 1]."""

    built: Built
    recipe: Recipe

    @staticmethod
    def of(recipe: Recipe, weights: list[Array]) -> Network:
        """The recipe's model with these weights. Raises ValueError where they do not fit."""
        built = build(recipe.model)
        built.model.set_weights(weights)
        return Network(built, recipe)

    def predict(self, images: Array) -> Array:
        """Outputs for images (n, 784) in [0, 1]."""
        return np.asarray(self.built.model.predict(encode(images, self.recipe.x), batch_size=BATCH, verbose=0))

    def reconstruct(self, images: Array) -> Array:
        """Images (n, 784) in [0, 1] from images; for a network whose targets are images."""
        return decode(self.predict(images), self.recipe.y)


def encode(images: Array, spec: ArraySpec) -> Array:
    """Images (n, 784) in [0, 1] as the array that the recipe's inputs are, without its noise. Raises Refused where
    the inputs are no images."""
    if spec.part == "derived":
        raise Refused("the network takes what another network computes, and no images")
    return seen(spec, images.astype(np.float32) * np.float32(255), None)


def decode(outputs: Array, spec: ArraySpec) -> Array:
    """The recipe's targets as images (n, 784) in [0, 1]; what is not finite becomes 0. Raises Refused where the
    targets are no images."""
    return np.asarray(np.clip(np.nan_to_num(_raw_images(outputs, spec)), 0.0, 1.0))


def _raw_images(outputs: Array, spec: ArraySpec) -> Array:
    if spec.encoding != "pixels":
        raise Refused("the network's targets are no images")
    return as_images(spec, outputs.astype(np.float32))


def denoising_curves(
    classifier: Network,
    denoiser: Network,
    dataset: Dataset,
    noise: Kind,
    levels: list[float],
    images: int,
    shown: int,
    seed: int,
) -> dict[str, Array]:
    """Predicted classes on seasoned and denoised images, (levels, n); errors; the first images of each level.

    The noise is drawn once a level and both predictions are of the same noisy images. `images` evaluation images
    are used, spread evenly over the set.
    """
    chosen, clean = _spread(dataset, images)
    rng = np.random.default_rng([seed, 11])
    seasoned = np.stack([added(noise, clean, level, rng) for level in levels])
    flat = seasoned.reshape(-1, clean.shape[1])
    denoised = denoiser.reconstruct(flat)
    both = classifier.predict(np.concatenate([flat, denoised])).argmax(axis=1).astype(np.int32)
    half = len(flat)
    restored = denoised.reshape(seasoned.shape)
    return {
        "rows": chosen.astype(np.int64),
        "seasoned": both[:half].reshape(len(levels), images),
        "denoised": both[half:].reshape(len(levels), images),
        "error_noisy": ((seasoned - clean) ** 2).mean(axis=(1, 2)),
        "error_denoised": ((restored - clean) ** 2).mean(axis=(1, 2)),
        "shown_clean": clean[:shown],
        "shown_seasoned": seasoned[:, :shown],
        "shown_denoised": restored[:, :shown],
    }


def reconstructions(
    autoencoder: Network, dataset: Dataset, noise: Kind, levels: list[float], images: int, shown: int, seed: int
) -> dict[str, Array]:
    """How far noisy images and what an autoencoder makes of them lie from the clean ones: the mean squared error a
    pixel of each image, (levels, n), and (n,) of what it makes of the clean images themselves; the first images.

    `images` evaluation images are used, spread evenly over the set; both errors are of the same noisy images.
    """
    _, clean = _spread(dataset, images)
    rng = np.random.default_rng([seed, 11])
    noisy = np.stack([added(noise, clean, level, rng) for level in levels])
    restored = autoencoder.reconstruct(noisy.reshape(-1, clean.shape[1])).reshape(noisy.shape)
    return {
        "error_clean": ((autoencoder.reconstruct(clean) - clean) ** 2).mean(axis=1),
        "error_noisy": ((noisy - clean) ** 2).mean(axis=2),
        "error_denoised": ((restored - clean) ** 2).mean(axis=2),
        "shown_clean": clean[:shown],
        "shown_noisy": noisy[:, :shown],
        "shown_denoised": restored[:, :shown],
    }


def generated_images(
    autoencoder: Network, cut: int, classifier: Network, dataset: Dataset, count: int, seed: int
) -> dict[str, Array]:
    """Images that the part of an autoencoder after node `cut` makes from perturbed codes of training images.

    A code is the mean of two training images' codes of one class, plus normal noise of a tenth of each component's
    spread: near what the decoder knows, and no training image's own. Gives images (count, 784) as they come out,
    in the targets' units mapped to [0, 1] without clipping, and the classifier's probabilities.
    """
    rng = np.random.default_rng([seed, 13])
    if not 0 <= cut < len(autoencoder.built.tensors):
        raise Refused("the decoder starts at a layer that does not exist")
    encoder, decoder = autoencoder.built.until(cut), autoencoder.built.after(cut)
    pairs = _pairs(dataset.y_train, count, rng)
    source = _flat(dataset.x_train[pairs.reshape(-1)])
    codes = np.asarray(encoder.predict(encode(source, autoencoder.recipe.x), batch_size=BATCH, verbose=0))
    codes = codes.reshape(count, 2, *codes.shape[1:])
    spread = codes.std(axis=(0, 1), keepdims=True)[0]
    latent = codes.mean(axis=1) + 0.1 * spread * rng.standard_normal(codes[:, 0].shape).astype(np.float32)
    outputs = np.asarray(decoder.predict(latent.astype(np.float32), batch_size=BATCH, verbose=0))
    raw = _raw_images(outputs, autoencoder.recipe.y)
    images = np.clip(np.nan_to_num(raw), 0, 1)
    return {"raw": raw, "images": images, "probabilities": classifier.predict(images).astype(np.float32)}


def class_probabilities(classifier: Network, images: Array) -> Array:
    """The classifier's outputs for images (n, 784) in [0, 1]."""
    return classifier.predict(np.clip(np.nan_to_num(images), 0, 1)).astype(np.float32)


def evaluated(spec: ModelSpec, weights: Sequence[Array], x: ArraySpec, dataset: Dataset) -> Array:
    """What a model with these weights, in Keras's order, gives for the evaluation images, prepared as `x` says;
    float32 (n, …). Raises Refused where model, weights and images do not fit each other."""
    built = build(spec)
    try:
        built.model.set_weights(list(weights))
        outputs = built.model.predict(encode(_flat(dataset.x_test), x), batch_size=BATCH, verbose=0)
    except (ValueError, TypeError) as error:
        raise Refused(f"its weights or the images do not fit it: {str(error)[:300]}") from None
    return np.asarray(outputs, dtype=np.float32)


def _spread(dataset: Dataset, images: int) -> tuple[Array, Array]:
    """The rows of so many evaluation images, spread evenly over the set, and the images (n, 784) in [0, 1]."""
    rows = np.arange(images) * len(dataset.x_test) // images
    return rows, _flat(dataset.x_test[rows])


def _flat(images: Array) -> Array:
    """Grey levels as images (n, 784) in [0, 1]."""
    return images.reshape(len(images), -1).astype(np.float32) / np.float32(255)


def _pairs(labels: Array, count: int, rng: np.random.Generator) -> Array:
    """Rows of two training images of one class, (count, 2), the classes in turn."""
    classes = np.unique(labels)
    rows = [rng.choice(np.flatnonzero(labels == classes[number % len(classes)]), 2) for number in range(count)]
    return np.asarray(rows)
