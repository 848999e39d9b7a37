"""What it costs to import Keras, as every recording, replay and trainer has to: `tox run -e bench`.

A fresh Python imports Keras as anybody does, one as we do, on either backend; they take turns. Processor time is
counted, of user and system. `docs/performance.py` makes the table.
"""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.nightly
TIMES = 7
SPENT = "\nimport time; print(time.process_time())"
WAYS = {
    "as it is": "import keras",
    "by `import_keras`": "from harness.keras_import import import_keras; import_keras()",
}


def bench_import(benchmark):
    def seconds(backend: str, code: str) -> float:
        environment = os.environ | {"KERAS_BACKEND": backend}
        done = subprocess.run(
            [sys.executable, "-c", code + SPENT], check=True, capture_output=True, text=True, env=environment
        )
        return float(done.stdout)

    def measure() -> dict[str, dict[str, list[float]]]:
        found: dict[str, dict[str, list[float]]] = {
            name: {way: [] for way in WAYS} for name in ("tensorflow", "jax")
        }
        for _ in range(TIMES):
            for backend, ways in found.items():
                for way, values in ways.items():
                    values.append(seconds(backend, WAYS[way]))
        return found

    found = benchmark.pedantic(measure, rounds=1, iterations=1)
    benchmark.extra_info.update(work="import", seconds=found)
