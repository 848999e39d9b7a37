"""Images from a decoder: are they digits, of several classes, and not copies of images of the data set?"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

RECOGNISED_FROM = 0.9  # a classifier's probability from which an image counts as told


def recognised(probabilities: NDArray[Any]) -> tuple[float, float]:
    """Share of images told with at least 0.9, and the told classes' entropy as a share of the largest possible.

    `probabilities` (n, k), rows summing to about 1. The entropy is 0 where nothing is told.
    """
    told = probabilities.max(axis=1) >= RECOGNISED_FROM
    counts = np.bincount(probabilities[told].argmax(axis=1), minlength=probabilities.shape[1])
    shares = counts[counts > 0] / max(1, counts.sum())
    entropy = float(-(shares * np.log(shares)).sum() / np.log(probabilities.shape[1])) if len(shares) else 0.0
    return float(told.mean()), max(0.0, entropy)


def nearest(images: NDArray[Any], *known: NDArray[Any]) -> tuple[float, float, float]:
    """5th, 50th and 95th percentile of the root mean squared distance an image has to the nearest known image.

    `images` (n, d) and each array of `known` (m, d), float32 in [0, 1]. A copy has distance 0.
    """
    best = np.full(len(images), np.inf)
    norms = (images**2).sum(axis=1)
    for part in (array[start : start + 8192] for array in known for start in range(0, len(array), 8192)):
        squared = norms[:, None] - 2 * images @ part.T + (part**2).sum(axis=1)[None, :]
        best = np.minimum(best, squared.min(axis=1))
    distances = np.sqrt(np.maximum(best, 0) / images.shape[1])
    low, middle, high = np.percentile(distances, (5, 50, 95))
    return float(low), float(middle), float(high)
