"""Importing Keras in less time than `import keras` takes: each recording, replay and trainer begins so."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
from collections.abc import Iterator


def import_keras(*, wrappers: bool = False) -> None:
    """Import Keras and its backend, faster than `import keras` does (`tests/benchmarks/bench_import.py`).

    Two libraries are left out that they only look for, and that can be imported afterwards: scikit-learn, which
    Keras asks for to offer its `wrappers`; and JAX, unless it is the backend, for a converter of TensorFlow Lite.
    Garbage is not looked for meanwhile, nor ever after among what was imported.
    """
    unneeded = () if wrappers else ("sklearn",)
    if os.environ.get("KERAS_BACKEND") != "jax":
        unneeded = (*unneeded, "jax")
    gc.disable()
    with left_out(*unneeded):
        import keras  # noqa: F401  # to have been imported is all
    gc.freeze()
    gc.enable()


@contextlib.contextmanager
def left_out(*names: str) -> Iterator[None]:
    """In this block, importing one of these modules raises ModuleNotFoundError, unless it was imported before."""
    new = [name for name in names if name not in sys.modules]
    for name in new:
        sys.modules[name] = None  # type: ignore[assignment]  # the import system's own way to say that there is none
    try:
        yield
    finally:
        for name in new:
            del sys.modules[name]
