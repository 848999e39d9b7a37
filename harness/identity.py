"""Hashes by which what was computed before is known again: of the code that computes it, and of plain values."""

from __future__ import annotations

import hashlib
import json
import sys
import sysconfig
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.assets import PACKAGE


def of_values(*values: Any) -> str:
    """SHA-256 of values that JSON can hold, in hex. Raises TypeError and ValueError for others."""
    text = json.dumps(values, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def of_array(array: NDArray[Any]) -> str:
    """SHA-256 of an array's dtype, shape and values, in hex."""
    digest = hashlib.sha256(f"{array.dtype.str} {array.shape} ".encode())
    digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def of_files(files: Iterable[tuple[str, Path]]) -> str:
    """SHA-256 of named files' names and contents, in hex; in whatever order they come."""
    digest = hashlib.sha256()
    for name, path in sorted(files):
        with path.open("rb") as file:
            digest.update(f"{len(name.encode())}:{name} {hashlib.file_digest(file, 'sha256').hexdigest()}".encode())
    return digest.hexdigest()


def of_folder(folder: Path) -> str:
    """SHA-256 of the files in a folder, by their names in it."""
    return of_files((path.relative_to(folder).as_posix(), path) for path in folder.rglob("*") if path.is_file())


def of_source(names: Iterable[str], package: Path = PACKAGE) -> str:
    """SHA-256 of the source of the modules and packages of these names in the harness ("worker", "models")."""
    files: set[Path] = set()
    for name in names:
        base = package / name
        files.update(base.rglob("*.py") if base.is_dir() else [base.with_suffix(".py")])
    return of_files((path.relative_to(package).as_posix(), path) for path in files)


@cache
def of_harness() -> str:
    """SHA-256 of all source of the harness, as it was when this process first asked."""
    return of_files((path.relative_to(PACKAGE).as_posix(), path) for path in PACKAGE.rglob("*.py"))


@cache
def packages() -> tuple[str, ...]:
    """This Python's version, and every installed distribution with its version, as its metadata's folder is named.

    Whatever a hand-in imports is among them.
    """
    folders = {Path(sysconfig.get_path(name)) for name in ("purelib", "platlib")}
    names = {path.name for folder in folders for path in folder.glob("*-info")}
    return (sys.version, *sorted(names))
