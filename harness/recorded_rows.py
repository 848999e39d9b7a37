"""A data set as the sandboxed dry run sees it, and back: which real images the rows of its arrays stand for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.datasets import ARRAYS, OFFICIAL_ROWS, Bytes, Dataset, Part
from harness.recording import Rows


def for_recording(dataset: Dataset) -> dict[str, Bytes]:
    """The arrays that the sandboxed dry run sees, by the keys of `ARRAYS`, all uint8.

    Hand-ins contain `reshape(60000, 784)`, so the shapes are always (60000, 28, 28), (60000,), (10000, 28, 28),
    (10000,). Official data are returned as they are (read-only). Other images are repeated, position i showing
    image i % n, and the number of the repeat (i // n, below 42 for digits) is written into the pixel in the top
    left corner, which the digits leave empty: so each row identifies itself. Labels are repeated alike.

    Raises ValueError where there are no images, or so few that a repeat's number does not fit a pixel.
    """
    if dataset.official:
        return {key: getattr(dataset, key) for key in ARRAYS}
    arrays: dict[str, Bytes] = {}
    for part, total in OFFICIAL_ROWS.items():
        images, labels = _part(dataset, part)
        if len(labels) == 0 or (total - 1) // len(labels) > 255:
            raise ValueError(f"dataset: {len(labels)} images for {part} cannot be told apart in {total:,} rows")
        repeat, row = np.divmod(np.arange(total), len(labels))
        arrays[f"x_{part}"] = images[row]
        arrays[f"x_{part}"][:, 0, 0] = repeat
        arrays[f"y_{part}"] = labels[row]
    return arrays


def write_recording_npz(dataset: Dataset, path: Path) -> None:
    """Write `for_recording` to `path` (uncompressed, Keras's npz keys). Raises as `for_recording`, and OSError."""
    arrays: dict[str, Any] = {**for_recording(dataset)}
    with path.open("wb") as file:  # np.savez would add .npz to a path without it
        np.savez(file, **arrays)


def select(dataset: Dataset, part: Part, rows: Rows, listed: NDArray[Any] | None = None) -> NDArray[np.int64]:
    """The indices of the real images (or labels) that these positions of a recording array stand for.

    `rows` speaks of the 60,000 or 10,000 positions of `for_recording`; `listed` holds the positions, integers
    (rows.count,), where `rows.kind` is "listed". Official data: the positions themselves, repetitions included.
    Otherwise, with n real images:

    - all: every image once;
    - slice: the same share, start * n // total to stop * n // total, so that slices that do not overlap stay
      apart; with a step, those of them that leave the same remainder as `start`; never less than one image;
    - listed: position i shows image i % n; each image once, in order of first appearance. Two listings without
      a common position may so share images: a random split of the repeated digits is no split.

    Returns int64 (k,), each in 0 … n-1, k at least 1. Raises ValueError where `rows` and `listed` contradict each
    other or the bounds, or choose nothing.
    """
    if part not in OFFICIAL_ROWS:
        raise ValueError(f"part: {part!r} is neither train nor test")
    total, n = OFFICIAL_ROWS[part], len(_part(dataset, part)[1])
    if (listed is not None) != (rows.kind == "listed"):
        raise ValueError(f"listed: positions go with rows of kind 'listed', these are {rows.kind!r}")
    if listed is not None:
        return _listed(dataset, listed, rows.count, total, n)
    if rows.kind == "all":
        chosen = range(total)
    else:
        if not 0 <= rows.start < rows.stop <= total:
            raise ValueError(f"rows: {rows.start}:{rows.stop} is no part of {total:,} rows")
        chosen = range(rows.start, rows.stop, rows.step)
    if rows.count != len(chosen):
        raise ValueError(f"rows: the count is {rows.count:,}, the {rows.kind} has {len(chosen):,} rows")
    low = chosen.start * n // total  # with official data n is total, and all this the identity
    high = max(low + 1, chosen.stop * n // total)
    indices = np.arange(low, high, dtype=np.int64)
    same = indices[indices % chosen.step == chosen.start % chosen.step]
    return same if len(same) else indices[:1]


def _listed(dataset: Dataset, listed: NDArray[Any], count: int, total: int, n: int) -> NDArray[np.int64]:
    if listed.ndim != 1 or listed.dtype.kind not in "iu":
        raise ValueError(f"listed: positions are whole numbers (k,), not {listed.dtype} {listed.shape}")
    if len(listed) != count or count == 0:
        raise ValueError(f"listed: {len(listed):,} positions where rows count {count:,}; at least one is needed")
    if int(listed.min()) < 0 or int(listed.max()) >= total:
        raise ValueError(f"listed: positions from {listed.min()} to {listed.max()}, allowed are 0 to {total - 1}")
    positions = listed.astype(np.int64)
    if dataset.official:
        return positions
    images = positions % n
    first = np.unique(images, return_index=True)[1]
    return images[np.sort(first)]


def _part(dataset: Dataset, part: Part) -> tuple[Bytes, Bytes]:
    if part == "train":
        return dataset.x_train, dataset.y_train
    return dataset.x_test, dataset.y_test
