"""Noise on images in [0, 1], as the assignments define it; the same levels as `recording.Noise`."""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Images = NDArray[np.floating[Any]]
Kind = Literal["salt_and_pepper", "gaussian", "uniform"]


def added(kind: Kind, images: Images, level: float, rng: np.random.Generator) -> Images:
    """A copy of the images with noise of this kind and level, within [0, 1]. Raises ValueError as the kinds do."""
    if kind == "salt_and_pepper":
        return salt_and_pepper(images, level, rng)
    return gaussian_noise(images, level, rng) if kind == "gaussian" else uniform_noise(images, level, rng)


def salt_and_pepper(images: Images, level: float, rng: np.random.Generator) -> Images:
    """A copy in which each pixel is, with probability `level`, set: to 0 or to 1, equally likely.

    `images`: floating point, any shape, values in [0, 1]; `level` in [0, 1], where 0 is the identity. Shape and
    dtype are kept. On MNIST most pixels are 0 already, so fewer than `level` of them look different.
    Raises ValueError for other images or levels.
    """
    _check(images, level, highest=1.0)
    draw = rng.random(images.shape, dtype=np.float32)
    noisy = images.copy()
    noisy[draw < level] = 1.0
    noisy[draw < level / 2] = 0.0
    return noisy


def gaussian_noise(images: Images, level: float, rng: np.random.Generator, *, clip: bool = True) -> Images:
    """A copy with normal noise of standard deviation `level` added to each pixel, clipped to [0, 1] if `clip`.

    `images`: floating point, any shape, values in [0, 1]; `level` 0 or more, in the images' units. Shape and
    dtype are kept. Raises ValueError for other images or levels.
    """
    _check(images, level)
    return _added(images, level * rng.standard_normal(images.shape, dtype=np.float32), clip)


def uniform_noise(
    images: Images, level: float, rng: np.random.Generator, *, clip: bool = True, from_zero: bool = False
) -> Images:
    """A copy with uniform noise from [-level, level) added to each pixel, clipped to [0, 1] if `clip`; `from_zero`:
    from [0, level), which makes brighter alone.

    `images`: floating point, any shape, values in [0, 1]; `level` 0 or more, in the images' units. Shape and dtype
    are kept. Raises ValueError for other images or levels.
    """
    _check(images, level)
    drawn = rng.random(images.shape, dtype=np.float32)
    return _added(images, level * (drawn if from_zero else 2 * drawn - 1), clip)


def _added(images: Images, noise: NDArray[np.float32], clip: bool) -> Images:
    noisy = images + noise.astype(images.dtype)
    return np.clip(noisy, 0.0, 1.0) if clip else noisy


def _check(images: Images, level: float, highest: float = math.inf) -> None:
    if not (0 <= level <= highest and math.isfinite(level)):
        raise ValueError(f"level: {level} is outside [0, {highest}]")
    if images.dtype.kind != "f":
        raise ValueError(f"images: {images.dtype}; floating point in [0, 1] is needed")
    if images.size and not (images.min() >= 0 and images.max() <= 1):  # NaN compares false
        raise ValueError("images: values outside [0, 1]; divide grey levels by 255 first")
