"""Labels as hand-ins write them: whole numbers, one-hot, or one-hot encoded twice."""

from __future__ import annotations

from typing import Literal

import numpy as np

from harness.worker.keys import Array

Encoding = Literal["labels", "one_hot", "one_hot_twice"]


def may_be_labels(y: Array) -> bool:
    """Whether the shape of `y` is one that labels have."""
    return y.ndim == 1 or (y.ndim == 2 and y.shape[1] <= 64) or (y.ndim == 3 and 2 <= y.shape[2] <= 64)


def decode_labels(y: Array) -> tuple[Encoding, Array] | None:
    """The encoding of labels and the labels as integers (n,); None where `y` is none."""
    if y.size == 0:
        return None
    if y.ndim == 3:
        if y.shape[2] < 2 or not _is_one_hot(y[..., 1]) or not (y[..., 0] == 1 - y[..., 1].astype(int)).all():
            return None
        if (y[..., 2:] != 0).any():  # more columns than 0 and 1 need, where their number was given
            return None
        return "one_hot_twice", y[..., 1].argmax(axis=1)
    if y.ndim == 2 and y.shape[1] > 1:
        return ("one_hot", y.argmax(axis=1)) if _is_one_hot(y) else None
    flat = y.reshape(-1)
    if flat.dtype.kind not in "iufb" or not ((flat >= 0) & (flat < 256) & (flat == np.rint(flat))).all():
        return None
    return "labels", flat.astype(np.int64)


def _is_one_hot(y: Array) -> bool:
    return y.dtype.kind in "iufb" and bool(((y == 0) | (y == 1)).all() and (y.sum(axis=1) == 1).all())
