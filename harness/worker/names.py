"""The names of a piece of code, by Python's own rules of scope and without running it."""

from __future__ import annotations

import ast
import symtable
from collections.abc import Iterator
from dataclasses import dataclass

from harness.worker.syntax import tree_of


@dataclass(frozen=True)
class Names:
    """Names of one cell or script.

    `bound` are set at its top level by anything but an import; `imported` by an import. `free` are read as globals,
    at its top level or inside its functions, and set nowhere in it.
    """

    bound: frozenset[str] = frozenset()
    imported: frozenset[str] = frozenset()
    free: frozenset[str] = frozenset()

    @property
    def set(self) -> frozenset[str]:
        """All that is set, however."""
        return self.bound | self.imported


def names_of(text: str, plain: bool = False) -> Names:
    """The names of `text`; none where it is no Python. `plain`: it is a script, without magics."""
    try:
        table = symtable.symtable(ast.unparse(tree_of(text, "", plain=plain)), "cell", "exec")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Names()
    imported = {symbol.get_name() for symbol in table.get_symbols() if symbol.is_imported()}
    bound = {symbol.get_name() for symbol in table.get_symbols() if symbol.is_assigned()} - imported
    read: set[str] = set()
    for scope in _scopes(table):
        for symbol in scope.get_symbols():
            if scope is table or symbol.is_global():
                read |= {symbol.get_name()} if symbol.is_referenced() else set()
            if symbol.is_declared_global() and symbol.is_assigned():
                bound.add(symbol.get_name())
    return Names(frozenset(bound), frozenset(imported), frozenset(read - bound - imported))


def bound_by(statement: ast.stmt) -> set[str]:
    """Every name that a statement sets anywhere within it: what is missing after it failed."""
    names: set[str] = set()
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            names |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
    return names


def _scopes(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    waiting = [table]
    while waiting:
        scope = waiting.pop()
        yield scope
        waiting += scope.get_children()
