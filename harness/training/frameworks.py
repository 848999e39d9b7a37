"""What differs between the frameworks in a trainer's process: settings, what they see, what their errors mean."""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import keras
import platformdirs

from harness.training import keras_fit
from harness.training.trainer import Run, Trained

COMPILED_LIMIT = 300 * 2**20  # bytes of compiled programs that are kept


class Framework(Protocol):
    """One of the two, imported. `takes_bytes`: whether its trainer takes images as bytes."""

    takes_bytes: bool

    def settle(self) -> None:
        """Make runs repeatable: the same recipe on the same machine gives the same weights."""

    def describe(self) -> dict[str, str]:
        """The device's kind as the framework sees it, and the precision."""

    def stopped(self, error: Exception) -> dict[str, Any] | None:
        """The answer to an error of the framework's own that says that memory ran out; None for any other."""

    def refusal(self, error: Exception) -> str | None:
        """The reason, where an error of the framework's own says that model and data do not fit each other: the
        recipe's fault where it comes up while the recipe is built or trained. None for any other."""

    def train(self, runs: Sequence[Run], on_epoch: Callable[[int], None], width: int) -> list[Trained]:
        """Train runs of one kind, at most `width`; raises what a `Trainer` raises."""


OUT_OF_MEMORY = {"kind": "out_of_memory", "reason": "training needed more memory than there is"}


class Jax:
    """Keras on JAX, and the compiled trainer."""

    takes_bytes = True

    def __init__(self) -> None:
        from keras.src.backend.jax import nn

        from harness.training import logits
        from harness.training.jax_scan import JaxScan

        logits.install(nn)
        self._trainer = JaxScan()

    def settle(self) -> None:
        """Full float32 in matrix products, also on a GPU that has shorter forms; compiled programs are kept."""
        import jax

        settings: dict[str, Any] = {
            "jax_default_matmul_precision": "highest",
            "jax_compilation_cache_dir": _compiled_folder(),
            "jax_compilation_cache_max_size": COMPILED_LIMIT,
            "jax_persistent_cache_min_compile_time_secs": 0.0,  # Keras starts with many small programs
            "jax_persistent_cache_min_entry_size_bytes": -1,
        }
        for name, value in settings.items():
            jax.config.update(name, value)  # type: ignore[no-untyped-call]

    def describe(self) -> dict[str, str]:
        """What JAX sees."""
        import jax

        device = jax.devices()[0]
        return {"device": "cpu" if device.platform == "cpu" else "gpu", "precision": _precision()}

    def stopped(self, error: Exception) -> dict[str, Any] | None:
        """XLA says by a word at the beginning that memory ran out."""
        import jax

        ours = not isinstance(error, jax.errors.JaxRuntimeError) or "RESOURCE_EXHAUSTED" not in str(error)
        return None if ours else OUT_OF_MEMORY

    def refusal(self, error: Exception) -> str | None:  # noqa: ARG002
        """It says so with Python's own errors."""
        return None

    def train(self, runs: Sequence[Run], on_epoch: Callable[[int], None], width: int) -> list[Trained]:
        """All at once."""
        return self._trainer.train_group(runs, on_epoch, width)


class TensorFlow:
    """Keras on TensorFlow, and its `fit`."""

    takes_bytes = False

    def settle(self) -> None:
        """Operations that repeat."""
        import tensorflow as tf

        tf.config.experimental.enable_op_determinism()

    def describe(self) -> dict[str, str]:
        """What TensorFlow sees."""
        import tensorflow as tf

        gpus = tf.config.list_physical_devices("GPU")
        return {"device": "gpu" if gpus else "cpu", "precision": _precision()}

    def stopped(self, error: Exception) -> dict[str, Any] | None:
        """It has an error of its own for that."""
        import tensorflow as tf

        return OUT_OF_MEMORY if isinstance(error, tf.errors.ResourceExhaustedError) else None

    def refusal(self, error: Exception) -> str | None:
        """A label without an output, for instance."""
        import tensorflow as tf

        if not isinstance(error, tf.errors.InvalidArgumentError):
            return None
        # The message is a stack trace of graph nodes that ends in the reason.
        lines = [line.strip() for line in str(error).splitlines() if line.strip() and "{{node" not in line]
        return "".join(lines[-1:])

    def train(self, runs: Sequence[Run], on_epoch: Callable[[int], None], width: int) -> list[Trained]:  # noqa: ARG002
        """One after another."""
        return [
            keras_fit.train(run.recipe, run.data, run.evaluation, on_epoch, run.start, run.validation)
            for run in runs
        ]


def imported() -> Framework:
    """The framework that Keras runs on in this process (KERAS_BACKEND)."""
    return Jax() if keras.backend.backend() == "jax" else TensorFlow()


def _compiled_folder() -> str | None:
    """Where compiled programs are kept: in the cache, by processor, for they hold its instructions. None where that
    cannot be written."""
    root = Path(os.environ.get("HARNESS_CACHE") or platformdirs.user_cache_dir("nn-grading-harness"))
    folder = root / "compiled" / hashlib.sha256(_instructions().encode()).hexdigest()[:12]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return str(folder)


def _instructions() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() + platform.machine()
    return next((line for line in lines if line.startswith(("flags", "Features"))), platform.machine())


def _precision() -> str:
    return str(keras.config.dtype_policy().name)
