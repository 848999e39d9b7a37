"""How well a classifier tells the evaluation images."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def accuracy(predictions: NDArray[Any], labels: NDArray[Any]) -> float:
    """Share of images whose largest output is that of their label.

    `predictions` (n, k) finite, `labels` integers (n,) below k. A row that holds a value that is not finite counts
    as wrong. Raises ValueError for other shapes.
    """
    if predictions.ndim != 2 or len(predictions) != len(labels) or len(labels) == 0:
        raise ValueError(f"predictions {predictions.shape} do not fit labels {labels.shape}")
    finite = np.isfinite(predictions).all(axis=1)
    chosen = np.where(finite[:, None], predictions, 0).argmax(axis=1)
    return float(((chosen == labels) & finite).mean())
