"""Source as it is recorded, and source that nobody else has."""

import random

from harness.recording import SourceRecord, Where


def sources(*texts: str, file: str = "a.ipynb") -> list[SourceRecord]:
    return [SourceRecord(where=Where(file=file, cell=n), text=text) for n, text in enumerate(texts, 1)]


def made_up(seed: int, lines: int = 60) -> str:
    """Code that nobody else has: calls of functions with random names."""
    rng = random.Random(seed)
    return "\n".join(f"lib.f{rng.randrange(10**6)}(x, {rng.randrange(10**6)})" for _ in range(lines))
