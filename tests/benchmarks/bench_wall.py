"""What the wall costs: starting an empty program inside it, beside starting it as it is: `tox run -e bench`.

They take turns, so that all meet whatever else the machine does. Timed is a whole run: the job, folders,
bubblewrap, the stage, the control group, and waiting until all is gone. `docs/performance.py` makes the table.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from harness import sandbox
from harness.sandbox import Ended, Limits, PlainSandbox, Sandbox, process

pytestmark = [pytest.mark.nightly, pytest.mark.skipif(sys.platform != "linux", reason="walls of Linux")]
EMPTY = ("-s", "-P", "-c", "pass")
TIMES = 50
LIMITS = Limits(seconds=60)


def seconds(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def bench_wall(benchmark, tmp_path):
    from harness.sandbox.bubblewrap import BubblewrapSandbox
    from harness.sandbox.landlocked import LandlockSandbox, probe

    walls: dict[str, Sandbox] = {"limits alone": PlainSandbox(EMPTY)}
    walls |= {"Landlock and seccomp": LandlockSandbox(EMPTY)} if not probe() else {}
    walls |= {"bubblewrap": BubblewrapSandbox(EMPTY)} if not sandbox.probe() else {}
    environment = process.environment(str(tmp_path), LIMITS)

    def alone() -> None:
        subprocess.run([sys.executable, *EMPTY], env=environment, cwd=tmp_path, check=True, capture_output=True)

    def inside(wall: Sandbox) -> None:
        assert wall.run({}, Path(tmp_path), None, LIMITS).ended is Ended.FINISHED

    def measure() -> dict[str, list[float]]:
        found: dict[str, list[float]] = {name: [] for name in ("Python alone", *walls)}
        for _ in range(TIMES):
            found["Python alone"].append(seconds(alone))
            for name, wall in walls.items():
                found[name].append(seconds(lambda wall=wall: inside(wall)))
        return found

    found = benchmark.pedantic(measure, rounds=1, iterations=1)
    benchmark.extra_info.update(work="wall", seconds=found, root=os.geteuid() == 0)
