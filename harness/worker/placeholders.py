"""Which cells of a replay rest on placeholders: on what a network that was not trained answered.

Told a cell at a time, and rather too often than too seldom. A cell is marked where a placeholder was answered while
it ran, and where it reads a name that a marked cell had set. The names that a marked cell sets or adds to carry the
mark on; a name that an unmarked cell sets anew loses it.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from harness.recording import Where

_ADDING = frozenset({"append", "extend", "insert", "add", "update", "setdefault", "appendleft"})


@dataclass(frozen=True)
class Names:
    """The names of one cell: read before the cell sets them, set by it, and those whose values it adds to."""

    read: frozenset[str] = frozenset()
    set: frozenset[str] = frozenset()
    touched: frozenset[str] = frozenset()


@dataclass
class Placeholders:
    """The marked cells so far, in the order in which they ran."""

    cells: list[Where] = field(default_factory=list)
    _names: set[str] = field(default_factory=set)
    _answered: bool = False

    def answered(self) -> None:
        """A placeholder was given to the code that is running."""
        self._answered = True

    def end_of_cell(self, where: Where, text: str, modules: Collection[str]) -> bool:
        """Whether the cell that ended is marked. `modules` are names of modules, which carry nothing."""
        names = names_of(text)
        marked = self._answered or bool(names.read & self._names)
        self._answered = False
        if marked:
            self.cells.append(where)
            self._names |= (names.set | names.touched) - set(modules)
        else:
            self._names -= names.set
        return marked

    def end_of_file(self) -> None:
        """The next file has names of its own."""
        self._names.clear()


def names_of(text: str) -> Names:
    """The names of a cell's code; none where it is no Python, magics and shell lines apart."""
    try:
        tree = ast.parse("\n".join("" if line.lstrip()[:1] in ("%", "!") else line for line in text.split("\n")))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Names()
    read: set[str] = set()
    known: set[str] = set()
    touched: set[str] = set()
    for statement in tree.body:
        loads, stores = set(_loads(statement)), set(_stores(statement))
        read |= loads - known
        known |= stores
        touched |= set(_touched(statement))
    return Names(frozenset(read), frozenset(known), frozenset(touched))


def _loads(node: ast.AST) -> Iterator[str]:
    """Names that a statement looks up outside itself: those local to a function in it are not among them."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        arguments = node.args
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        local = {one.arg for one in (*every, arguments.vararg, arguments.kwarg) if one is not None}
        local |= set(_stores(ast.Module(node.body, []))) if isinstance(node.body, list) else set()
        inner = {name for child in ast.iter_child_nodes(node) for name in _loads(child)}
        yield from inner - local
        return
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        yield node.id
    if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
        yield node.target.id
    for child in ast.iter_child_nodes(node):
        yield from _loads(child)


def _stores(node: ast.AST) -> Iterator[str]:
    """Names that a statement sets where it stands: a function's own are not among them."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
        return
    if isinstance(node, ast.Lambda):
        return
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node.id
    if isinstance(node, ast.Import | ast.ImportFrom):
        yield from (alias.asname or alias.name.partition(".")[0] for alias in node.names)
    for child in ast.iter_child_nodes(node):
        yield from _stores(child)


def _touched(node: ast.AST) -> Iterator[str]:
    """Names whose value a statement adds to: `name.append(…)`, `name[…] = …`, `name.field = …`."""
    for one in ast.walk(node):
        if isinstance(one, ast.Call) and isinstance(one.func, ast.Attribute) and one.func.attr in _ADDING:
            yield from _base(one.func)
        elif isinstance(one, ast.Attribute | ast.Subscript) and isinstance(one.ctx, ast.Store):
            yield from _base(one)


def _base(node: ast.AST) -> Iterator[str]:
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    if isinstance(node, ast.Name):
        yield node.id
