"""Names of Keras 1 and 2 and of TensorFlow 1: served, and each use noted with today's spelling.

Hand-ins of 2020 to 2023 were written for a Keras that no longer installs. What they call is still there under
another name, and the modules `keras2_*` answer the old one.
"""

from __future__ import annotations

import builtins
import importlib
import sys
from collections.abc import Callable, Sequence
from typing import Any

from harness.worker import keras2_arguments, keras2_methods, keras2_modules
from harness.worker.keras2_modules import Note
from harness.worker.processes import IsTheirs

OLD_NUMPY = {
    "float": "float",
    "int": "int",
    "bool": "bool",
    "object": "object",
    "str": "str",
    "complex": "complex",
    "long": "int",
    "unicode": "str",
}
_OLD_NUMPY_NAMES = {"float_": "float64", "Inf": "inf", "NaN": "nan", "product": "prod", "round_": "round"}


def install(note: Note, is_theirs: IsTheirs) -> None:
    """Make the old names answer, in `keras` and in `tensorflow.keras`, and NumPy's for code of the hand-in."""
    keras2_modules.install(note)
    keras2_arguments.install(note)
    keras2_methods.install(note, is_theirs)
    _serve_tensorflow_1(note)
    _serve_numpy(note, is_theirs)


def importer(note: Note) -> Callable[..., Any]:
    """What import statements of the hand-in call: `tensorflow.python.keras`, an old copy of Keras 2 that would
    train unseen, is answered by `tensorflow.keras`."""

    def import_(
        name: str, globals_: Any = None, locals_: Any = None, fromlist: Sequence[str] | None = (), level: int = 0
    ) -> Any:
        if level == 0 and (name == _INNER or name.startswith(f"{_INNER}.")):
            modern = name.replace(_INNER, "tensorflow.keras", 1)
            note("keras2-name", f"`{name}` is not for use from outside; write `{modern}`.")
            module = importlib.import_module(modern)
            if fromlist:
                return builtins.__import__(modern, globals_, locals_, fromlist)
            python: Any = importlib.import_module("tensorflow.python")
            python.keras = importlib.import_module("tensorflow.keras")
            del module
            return builtins.__import__("tensorflow")
        if level == 0 and name == "tensorflow.python" and "keras" in (fromlist or ()):
            python = importlib.import_module("tensorflow.python")
            python.keras = importlib.import_module("tensorflow.keras")
        return builtins.__import__(name, globals_, locals_, fromlist, level)

    return import_


_INNER = "tensorflow.python.keras"


def _serve_tensorflow_1(note: Note) -> None:
    """Switches of TensorFlow 1 do nothing; a device that is not there is the one that is."""
    import tensorflow

    tensorflow.config.set_soft_device_placement(True)
    compat: Any = importlib.import_module("tensorflow.compat.v1")
    for name in (
        "disable_eager_execution",
        "disable_v2_behavior",
        "disable_v2_tensorshape",
        "disable_tensor_equality",
    ):

        def ignored(*_: Any, name: str = name, **__: Any) -> None:
            note("keras2-name", f"`tf.compat.v1.{name}()` is TensorFlow 1, and the rest is not; leave it out.")

        setattr(compat, name, ignored)


def _serve_numpy(note: Note, is_theirs: IsTheirs) -> None:
    """`np.float`, `np.int` and the like, gone since NumPy 1.24, for code of the hand-in alone."""
    import numpy

    served: Any = numpy
    original = served.__getattr__

    def get(name: str) -> Any:
        if (name in OLD_NUMPY or name in _OLD_NUMPY_NAMES) and is_theirs(sys._getframe(1).f_code):
            new = OLD_NUMPY.get(name) or f"np.{_OLD_NUMPY_NAMES[name]}"
            note("old-numpy-name", f"`np.{name}` is gone from NumPy; write `{new}`.")
            return getattr(builtins, new) if name in OLD_NUMPY else getattr(numpy, _OLD_NUMPY_NAMES[name])
        return original(name)

    served.__getattr__ = get
