"""Trained networks put to use, in the trainer's process: denoising curves, images from a decoder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.allowlist import Refused
from harness.datasets import Dataset
from harness.models import Built, build
from harness.noise import salt_and_pepper
from harness.training.recipe import ArraySpec, Recipe

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
    """Images (n, 784) in [0, 1] as the array that the recipe's inputs are."""
    values = images.astype(np.float32) * np.float32(255 * spec.scale) + np.float32(spec.offset)
    return np.asarray(values.reshape((len(images), *spec.item_shape)))


def decode(outputs: Array, spec: ArraySpec) -> Array:
    """The recipe's targets as images (n, 784) in [0, 1]; what is not finite becomes 0."""
    values = (outputs.reshape(len(outputs), -1).astype(np.float32) - spec.offset) / (255 * spec.scale)
    return np.asarray(np.clip(np.nan_to_num(values), 0.0, 1.0))


def denoising_curves(
    classifier: Network,
    denoiser: Network,
    dataset: Dataset,
    levels: list[float],
    images: int,
    shown: int,
    seed: int,
) -> dict[str, Array]:
    """Predicted classes on seasoned and denoised images, (levels, n); errors; the first images of each level.

    The noise is drawn once a level and both predictions are of the same noisy images. `images` evaluation images
    are used, spread evenly over the set.
    """
    chosen = np.arange(images) * len(dataset.x_test) // images
    clean = dataset.x_test[chosen].reshape(images, -1).astype(np.float32) / 255
    rng = np.random.default_rng([seed, 11])
    seasoned = np.stack([salt_and_pepper(clean, level, rng) for level in levels])
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
    source = dataset.x_train[pairs.reshape(-1)].reshape(2 * count, -1).astype(np.float32) / 255
    codes = np.asarray(encoder.predict(encode(source, autoencoder.recipe.x), batch_size=BATCH, verbose=0))
    codes = codes.reshape(count, 2, *codes.shape[1:])
    spread = codes.std(axis=(0, 1), keepdims=True)[0]
    latent = codes.mean(axis=1) + 0.1 * spread * rng.standard_normal(codes[:, 0].shape).astype(np.float32)
    outputs = np.asarray(decoder.predict(latent.astype(np.float32), batch_size=BATCH, verbose=0))
    raw = outputs.reshape(count, -1).astype(np.float32)
    raw = (raw - autoencoder.recipe.y.offset) / (255 * autoencoder.recipe.y.scale)
    images = np.clip(np.nan_to_num(raw), 0, 1)
    return {"raw": raw, "images": images, "probabilities": classifier.predict(images).astype(np.float32)}


def class_probabilities(classifier: Network, images: Array) -> Array:
    """The classifier's outputs for images (n, 784) in [0, 1]."""
    return classifier.predict(np.clip(np.nan_to_num(images), 0, 1)).astype(np.float32)


def _pairs(labels: Array, count: int, rng: np.random.Generator) -> Array:
    """Rows of two training images of one class, (count, 2), the classes in turn."""
    classes = np.unique(labels)
    rows = [rng.choice(np.flatnonzero(labels == classes[number % len(classes)]), 2) for number in range(count)]
    return np.asarray(rows)
