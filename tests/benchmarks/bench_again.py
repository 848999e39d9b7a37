"""What grading costs where everything was graded before, and judging again: `tox run -e bench`.

Processor seconds of the command and of all processes that it waited for, because the wall's depend on what else the
machine does; those inside bubblewrap are among them as far as the system counts them there. The least of several
times, which other programs disturbed least. `docs/performance.py` makes the table of the JSON.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.nightly

SUBMISSIONS = Path(__file__).parents[2] / "submissions"
TIMES = 5


def cost(cache: Path, *arguments: str) -> tuple[float, float]:
    """Processor and wall seconds of a command of the harness. Python may write its bytecode, as it usually does."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    before, started = os.times(), time.perf_counter()
    answer = subprocess.run(
        [sys.executable, "-m", "harness", *arguments],
        env={**environment, "HARNESS_CACHE": str(cache)},
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    wall, after = time.perf_counter() - started, os.times()
    assert answer.returncode in (0, 1), answer.stderr
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return used, wall


@pytest.mark.parametrize("name", ["digits", pytest.param("mnist", marks=pytest.mark.mnist)])
def bench_again(benchmark, tmp_path, name):
    def graded(hand_in: str, out: str) -> tuple[float, float]:
        work, folder = str(SUBMISSIONS / hand_in), str(tmp_path / out)
        return cost(tmp_path / "cache", "grade", work, "--data", name, "--profile", "full", "--out", folder)

    first = benchmark.pedantic(graded, ("good_contract", "out"), rounds=1, iterations=1)
    again = [graded("good_contract", "out") for _ in range(TIMES)]
    equal = graded("good_notebook", "equal")
    judged = [cost(tmp_path / "cache", "regrade", str(tmp_path / "out")) for _ in range(TIMES)]
    drawn = [cost(tmp_path / "cache", "regrade", str(tmp_path / "out"), "--no-cache") for _ in range(TIMES)]
    benchmark.extra_info.update(
        work="again", data=name, first=first, again=min(again), equal=equal, regrade=min(judged), drawn=min(drawn)
    )
