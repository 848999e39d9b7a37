"""Data sets that are not the assignment's: without a network they are answered in shape, with random values."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from harness.worker.keys import Array

Arrays = tuple[tuple[Array, Array], tuple[Array, Array]]
Load = Callable[..., Arrays]
"""Answers `load_data` of Keras: (x_train, y_train), (x_test, y_test)."""

MAX_WORDS = 10_000  # of a vocabulary that nobody limited: those of Keras's own examples


@dataclass(frozen=True)
class OtherSet:
    """A data set's shape: rows for training and testing, the shape of one row, and what the targets are."""

    train: int
    test: int
    item: tuple[int, ...]
    classes: int  # 0: the targets are numbers
    column: bool = False  # targets are (n, 1)


IMAGES = {
    "mnist": OtherSet(60_000, 10_000, (28, 28), 10),
    "fashion_mnist": OtherSet(60_000, 10_000, (28, 28), 10),
    "cifar10": OtherSet(50_000, 10_000, (32, 32, 3), 10, column=True),
    "cifar100": OtherSet(50_000, 10_000, (32, 32, 3), 100, column=True),
}
TABLES = {"boston_housing": OtherSet(404, 102, (13,), 0), "california_housing": OtherSet(16_512, 4_128, (8,), 0)}
TEXTS = {"imdb": OtherSet(25_000, 25_000, (), 2), "reuters": OtherSet(8_982, 2_246, (), 46)}
NAMES = (*IMAGES, *TABLES, *TEXTS)


class OtherSets:
    """Makes them up, the same values each time. `remember` is told of images, by the name of their set."""

    def __init__(self, remember: Callable[[str, Array], None]) -> None:
        self._remember = remember
        self._images: dict[str, tuple[Array, Array]] = {}

    def load(self, name: str, **settings: Any) -> Arrays:
        """The arrays that Keras's `load_data` of that data set would give, in shape and type; fresh copies."""
        rng = np.random.Generator(np.random.SFC64(zlib.crc32(name.encode())))
        if name in IMAGES:
            if name not in self._images:
                self._images[name] = _images(IMAGES[name], rng)
                self._remember(name, self._images[name][0])
            x, y = self._images[name]
            known = IMAGES[name]
            if settings.get("label_mode") == "coarse":
                y = y % 20
        elif name in TABLES:
            known = TABLES[name]
            x = rng.random((known.train + known.test, *known.item))
            y = 50 * rng.random(known.train + known.test)
        else:
            known = TEXTS[name]
            x = _texts(known, int(settings.get("num_words") or MAX_WORDS), rng)
            y = rng.integers(0, known.classes, len(x))
        cut = known.train
        return (x[:cut].copy(), y[:cut].copy()), (x[cut:].copy(), y[cut:].copy())


def _images(known: OtherSet, rng: np.random.Generator) -> tuple[Array, Array]:
    count = known.train + known.test
    images = rng.integers(0, 256, size=(count, *known.item), dtype=np.uint8)
    labels = rng.integers(0, known.classes, size=(count, 1) if known.column else count, dtype=np.uint8)
    return images, labels


def _texts(known: OtherSet, words: int, rng: np.random.Generator) -> Array:
    """Texts as Keras gives them: object array (n,) of lists of word numbers."""
    lengths = rng.integers(20, 60, size=known.train + known.test)
    numbers = rng.integers(1, max(2, words), size=int(lengths.sum())).tolist()
    texts = np.empty(len(lengths), dtype=object)
    ends = np.cumsum(lengths).tolist()
    for place, (end, length) in enumerate(zip(ends, lengths.tolist(), strict=True)):
        texts[place] = numbers[end - length : end]
    return texts
