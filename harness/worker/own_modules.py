"""Imports of the hand-in's own files through a folder that was not handed in: `from lab6.noise import salt`.

On the student's machine the files lie in a folder `lab6`; what arrives is its content. Where an import names a file
of the hand-in behind such a folder, the folder's name is served as a package.
"""

from __future__ import annotations

import ast
import importlib.abc
import importlib.machinery
import sys
import types
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from harness.worker.syntax import BEYOND_PYTHON, tree_of


def missing_folders(texts: Iterable[str], scripts: Iterable[Path]) -> dict[str, Path]:
    """Packages that imports in `texts` name before the stem of one of `scripts`, and where that script lies."""
    by_stem = {script.stem: script.parent for script in scripts}
    found: dict[str, Path] = {}
    for text in texts:
        for name in _imported(text):
            parents = name.split(".")
            for length in range(2, len(parents) + 1):
                folder = by_stem.get(parents[length - 1])
                if folder is not None:
                    found |= {".".join(parents[:number]): folder for number in range(1, length)}
    return found


def install(folders: Mapping[str, Path]) -> None:
    """Serve these packages where nothing else of their name can be imported."""
    if folders:
        sys.meta_path.append(_Finder(folders))


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def __init__(self, folders: Mapping[str, Path]) -> None:
        self._folders = dict(folders)

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        del path, target
        folder = self._folders.get(name)
        if folder is None:
            return None
        spec = importlib.machinery.ModuleSpec(name, self, is_package=True)
        spec.submodule_search_locations = [str(folder)]
        return spec

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType | None:
        del spec
        return None

    def exec_module(self, module: types.ModuleType) -> None:
        """A package of this kind holds nothing of its own."""


def _imported(text: str) -> list[str]:
    """Dotted names that are imported, and names taken from packages (`from lab6 import noise`)."""
    try:
        tree = tree_of(text, "")
    except BEYOND_PYTHON:
        return []
    names: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return names
