"""How fast a submitted network predicts and trains, as a ratio to the reference. Reported, never marked.

Runs in the trainer's process, where Keras is.
"""

from __future__ import annotations

import importlib.util
import os
import statistics
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.allowlist import Refused
from harness.measure import speed_bench
from harness.models import build
from harness.training.keras_fit import make_loss, make_optimizer
from harness.training.recipe import Recipe

IMAGES = 512  # of one inference
BATCHES = 8  # of one training round


def measure_speed(recipe: Recipe, file: Path, function: str) -> dict[str, dict[str, float]]:
    """Ratios of time, submitted over reference, for inference and training: median, lowest and highest turn, n.

    `file` and `function` name the reference's builder. Raises Refused where the two take different data.
    """
    submitted = build(recipe.model).model
    submitted.compile(optimizer=make_optimizer(recipe), loss=make_loss(recipe))
    reference = _reference(file, function)
    if _sizes(submitted) != _sizes(reference):
        raise Refused("its speed cannot be measured: it does not take and give what the reference does")
    work: dict[tuple[str, str], Any] = {}
    for which, model in (("submitted", submitted), ("reference", reference)):
        work[which, "inference"], work[which, "training"] = _work(model, recipe)
    plugin = _Plugin(work)
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    code = pytest.main(
        [
            str(Path(speed_bench.__file__)), "-c", os.devnull, "--rootdir", str(Path(speed_bench.__file__).parent),
            "-p", "pytest_benchmark.plugin", "-p", "no:cacheprovider", "-q", "--benchmark-quiet",
            "-o", "python_files=speed_bench.py", "-o", "python_functions=bench_*",
        ],
        plugins=[plugin],
    )  # fmt: skip
    if code != pytest.ExitCode.OK:
        raise Refused("its speed could not be measured")
    return {kind: plugin.ratio(kind) for kind in ("inference", "training")}


class _Plugin:
    """Hands the timed functions to the benchmark and collects its medians."""

    def __init__(self, work: dict[tuple[str, str], Any]) -> None:
        self._work = work
        self._medians: dict[tuple[str, str], dict[int, float]] = {}

    @pytest.fixture(scope="session")
    def speed_work(self) -> dict[tuple[str, str], Any]:
        """(which, work) → a function without arguments."""
        return self._work

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        """Let the two networks take turns."""
        items.sort(key=lambda item: [item.callspec.params[name] for name in ("work", "turn", "which")])

    def pytest_sessionfinish(self, session: Any) -> None:
        """Read the medians of every turn."""
        for one in session.config._benchmarksession.benchmarks:
            place = (one.extra_info["which"], one.extra_info["work"])
            self._medians.setdefault(place, {})[one.extra_info["turn"]] = float(one.stats.median)

    def ratio(self, work: str) -> dict[str, float]:
        """Submitted over reference, turn by turn."""
        submitted, reference = self._medians["submitted", work], self._medians["reference", work]
        ratios = [submitted[turn] / reference[turn] for turn in sorted(submitted)]
        return {"ratio": statistics.median(ratios), "low": min(ratios), "high": max(ratios), "n": len(ratios)}


def _sizes(model: Any) -> tuple[int, int]:
    """Values of one input and of one output, whatever their shape."""
    return (int(np.prod(model.input_shape[1:])), int(np.prod(model.output_shape[1:])))


def _work(model: Any, recipe: Recipe) -> tuple[Any, Any]:
    rng = np.random.default_rng(0)
    shape = tuple(int(n) for n in model.input_shape[1:])
    images = rng.random((IMAGES, *shape), dtype=np.float32)
    outputs = tuple(int(n) for n in model.output_shape[1:])
    sparse = recipe.y.encoding == "labels"
    labels = rng.integers(0, outputs[-1], IMAGES)
    targets = labels if sparse else np.eye(outputs[-1], dtype=np.float32)[labels]
    if not recipe.classifier:
        targets = rng.random((IMAGES, *outputs), dtype=np.float32)
    size = min(recipe.batch_size, IMAGES)

    def inference() -> float:
        return float(np.asarray(model.predict_on_batch(images)).sum())

    def training() -> float:
        return sum(float(np.ravel(model.train_on_batch(images[:size], targets[:size]))[0]) for _ in range(BATCHES))

    return inference, training


def _reference(file: Path, function: str) -> Any:
    sys.path.insert(0, str(file.parent))
    try:
        spec = importlib.util.spec_from_file_location(f"_reference_{file.stem}", file)
        if spec is None or spec.loader is None:
            raise FileNotFoundError(file)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(file.parent))
    made = getattr(module, function)()
    return made[0] if isinstance(made, tuple) else made
