"""Changing a library when, and only if, the hand-in imports it; and modules that are not installed."""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import sys
import types
from collections.abc import Callable
from typing import Any

Change = Callable[[types.ModuleType], None]


def after_import(name: str, change: Change) -> None:
    """Call `change` with the module `name` once it is imported; at once where it is already."""
    if name in sys.modules:
        change(sys.modules[name])
    else:
        sys.meta_path.insert(0, _Changing(name, change))


def stand_in(name: str, fill: Change) -> None:
    """Let `import name` give a module that `fill` fills, where no such module is installed."""
    sys.meta_path.append(_StandIn(name, fill))


class _Changing(importlib.abc.MetaPathFinder):
    """Finds one module as the others would, and has it changed when it has been loaded."""

    def __init__(self, name: str, change: Change) -> None:
        self._name = name
        self._change = change
        self._found = False

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        del path, target
        if name != self._name or self._found:
            return None
        self._found = True  # the others are asked now
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.loader is not None:
            load, change = spec.loader.exec_module, self._change

            def load_and_change(module: types.ModuleType) -> None:
                load(module)
                change(module)

            spec.loader.exec_module = load_and_change  # type: ignore[method-assign]  # of this one loader
        return spec


class _StandIn(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Found last, and only when imported."""

    def __init__(self, name: str, fill: Change) -> None:
        self._name = name
        self._fill = fill

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        del path, target
        return importlib.machinery.ModuleSpec(name, self) if name == self._name else None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType | None:
        del spec
        return None

    def exec_module(self, module: types.ModuleType) -> None:
        """Fill the module."""
        self._fill(module)
