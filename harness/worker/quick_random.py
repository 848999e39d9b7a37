"""Coin tosses at the speed of a dry run: `np.random.binomial` with one trial each, drawn by a faster generator.

The noise function that the template hands out tosses two coins a pixel; over 60,000 images numpy's binomial takes
seconds a call, and hand-ins call it at every noise level. Same distribution, other random numbers.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

LARGE = 100_000  # tosses from which on it is worth it


def install() -> None:
    """Take over `np.random.binomial` for many tosses of one coin; anything else is numpy's own."""
    original = np.random.binomial

    @functools.wraps(original)
    def binomial(n: Any, p: Any, size: Any = None) -> Any:
        if not _one_coin_often(n, p, size):
            return original(n, p, size)
        return tosses(float(p), size)

    np.random.binomial = binomial


def tosses(p: float, size: Any) -> np.ndarray[Any, Any]:
    """int64 array of shape `size`, 1 with probability `p`.

    The generator is seeded from numpy's global one, so that `np.random.seed` decides as before.
    """
    generator = np.random.Generator(np.random.SFC64(np.random.randint(2**31)))
    return np.asarray(generator.random(size, dtype=np.float32) < np.float32(p), dtype=np.int64)


def _one_coin_often(n: Any, p: Any, size: Any) -> bool:
    if not (isinstance(n, (int, np.integer)) and n == 1 and isinstance(p, (int, float, np.floating))):
        return False
    try:
        return bool(0 <= p <= 1 and int(np.prod(size if size is not None else ())) >= LARGE)
    except (TypeError, ValueError):
        return False
