"""Before the hand-in runs: a writable copy of it, fixed seeds, and what is noted of its files."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import numpy as np

from harness.recording import Finding, Where

LIBRARIES = ("numpy", "keras", "tensorflow", "matplotlib", "json", "random", "math", "os", "sys")


def working_copy(submission: str, scratch: str) -> Path:
    """A writable copy of the hand-in in the scratch folder; the run happens there."""
    work = Path(scratch) / "work"
    shutil.copytree(submission, work, copy_function=shutil.copyfile)
    os.chdir(work)
    sys.path.insert(1, str(work))  # behind the standard library's entry, so that it cannot be shadowed by chance
    sys.argv = ["notebook"]
    return work


def enter(file: Path, work: Path) -> None:
    """Be where a file lies, as Jupyter is: beside its data and its modules."""
    folder = file.parent if file.parent.is_dir() else work
    os.chdir(folder)
    if str(folder) not in sys.path:
        sys.path.insert(1, str(folder))


def names_wrappers(submission: str) -> bool:
    """Whether the hand-in's code names Keras's wrappers for scikit-learn."""
    files = (path for path in Path(submission).rglob("*") if path.suffix in (".py", ".ipynb") and path.is_file())
    return any(b"SKLearn" in path.read_bytes() for path in files)


def seed_everything(seed: int) -> None:
    """Python's, NumPy's and TensorFlow's random numbers."""
    import random

    import keras

    random.seed(seed)
    np.random.seed(seed)
    keras.utils.set_random_seed(seed)


def versions() -> dict[str, str]:
    """Of what the recording depends on."""
    import keras
    import tensorflow

    return {
        "python": ".".join(map(str, sys.version_info[:3])),
        "keras": str(keras.__version__),
        "tensorflow": str(tensorflow.__version__),
        "numpy": str(np.__version__),
    }


def shadowing(work: Path) -> tuple[Finding, ...]:
    """Files of the hand-in named like a library that it imports."""
    return tuple(
        Finding(
            code="shadows-library",
            message=f"`{path.name}` has the name of a library; rename it, or imports pick the wrong one.",
            where=Where(file=path.name),
        )
        for name in LIBRARIES
        for path in (work / f"{name}.py", work / name)
        if path.exists()
    )
