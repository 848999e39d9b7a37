"""Modules that a hand-in gives another meaning: after `plt = df.plot.bar()`, `plt.figure()` fails.

Where a later statement asks such a name for what only the module has, it means the module. It gets it back, and a
finding tells the line that took it away.
"""

from __future__ import annotations

import ast
import inspect
import types
from collections.abc import Callable
from typing import Any

from harness.recording import Where
from harness.worker.names import bound_by

_NOTHING = object()


class Shadows:
    """The names of one namespace that are modules, or were."""

    def __init__(self, note: Callable[[str, str, Where | None], None]) -> None:
        self._note = note
        self._modules: dict[str, types.ModuleType] = {}
        self._lost: dict[str, tuple[types.ModuleType, Where | None]] = {}

    def before(self, statement: ast.stmt, names: dict[str, Any]) -> None:
        """Give back what a statement that is about to run needs."""
        if not self._lost:
            return
        called = {id(node.func) for node in ast.walk(statement) if isinstance(node, ast.Call)}
        for node in ast.walk(statement):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                self._give_back(node.value.id, node.attr, names, id(node) in called)

    def after(self, statement: ast.stmt, names: dict[str, Any], where: Where | None) -> None:
        """Look at the names that a statement has set."""
        for name in bound_by(statement):
            value = names.get(name)
            if type(value) is types.ModuleType:
                self._modules[name] = value
                self._lost.pop(name, None)
            elif name in self._modules and name in names:
                self._lost[name] = (self._modules.pop(name), where)

    def failed(self, error: BaseException, names: dict[str, Any]) -> None:
        """Tell an error that a shadowed name explains, where a function of the hand-in used it."""
        if isinstance(error, AttributeError) and isinstance(error.name, str):
            for name in list(self._lost):
                if error.obj is names.get(name, _NOTHING):
                    self._give_back(name, error.name, names, False)

    def _give_back(self, name: str, attribute: str, names: dict[str, Any], called: bool) -> None:
        if name not in self._lost or name not in names:
            return
        module, where = self._lost[name]
        found = inspect.getattr_static(names[name], attribute, None)  # without running code of the hand-in
        if not hasattr(module, attribute) or (callable(found) if called else found is not None):
            return
        del self._lost[name]
        self._modules[name] = names[name] = module
        self._note(
            "shadowed-name",
            f"This line gives `{name}` another meaning, and later code needs it as the module `{module.__name__}`: "
            f"`{name}.{attribute}` fails in a real run. Use another name here.",
            where,
        )
