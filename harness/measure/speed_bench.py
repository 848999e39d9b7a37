"""Speed of a submitted network beside the reference's, by pytest-benchmark: run by `harness.measure.speed`.

Rounds of the two take turns, so that a slow minute of the machine hits both. Each timed call ends in a value on the
host.
"""

from __future__ import annotations

from typing import Any

import pytest

TURNS = 5
ROUNDS = 3


@pytest.mark.parametrize("work", ["inference", "training"])
@pytest.mark.parametrize("turn", range(TURNS))
@pytest.mark.parametrize("which", ["submitted", "reference"])
def bench_speed(benchmark: Any, speed_work: dict[tuple[str, str], Any], which: str, turn: int, work: str) -> None:
    """One turn of one network at one kind of work; the first turn warms up."""
    benchmark.extra_info.update(which=which, work=work, turn=turn)
    benchmark.pedantic(speed_work[which, work], rounds=ROUNDS, iterations=1, warmup_rounds=2 if turn == 0 else 0)
