"""Reading a hand-in's code without running it: its cells as syntax trees, and what names and calls in them say.

Source is hostile text, and reading it takes bounded time: `read` gives MAX_NODES of it at most, nested no deeper
than MAX_DEPTH, and nobody who walks them looks at a node more often than it has others around it.
"""

from __future__ import annotations

import ast
import math
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from harness.recording import SourceRecord, Where

MAX_CHARACTERS = 500_000  # of one hand-in; a long notebook has 60,000
MAX_NODES = 60_000  # of one hand-in; a long notebook has 12,000
MAX_DEPTH = 50  # of one cell; students come to 25
MAX_LINE = 2_000  # a longer line is no magic and no comment of a student's
MAX_NUMBERS = 1_000
_MAGIC = re.compile(r"[%!?]|(?:pip3?|conda|apt-get|apt|cd|ls|wget)[ \t]+[\w-]")
_ASSIGNED_MAGIC = re.compile(r"(\w+[ \t]?=[ \t]?)[%!]")
_SPACED = ("linspace", "logspace", "geomspace")
_WRAPPERS = ("array", "asarray", "list", "tuple", "sorted")

Node = TypeVar("Node", bound=ast.AST)


@dataclass(frozen=True)
class Code:
    """One cell or script of a hand-in that is Python."""

    where: Where
    text: str
    tree: ast.Module

    def at(self, node: ast.AST) -> Where:
        """The place of a statement or an expression of this cell."""
        return self.where.model_copy(update={"line": getattr(node, "lineno", None)})

    def at_line(self, line: int) -> Where:
        """The place of a line, which counts from 1."""
        return self.where.model_copy(update={"line": line})

    def lines(self) -> Iterator[tuple[int, str]]:
        """Lines of a length that people write, each with its number."""
        for number, line in enumerate(self.text.split("\n"), 1):
            if len(line) <= MAX_LINE:
                yield number, line


def read(sources: Iterable[SourceRecord]) -> tuple[Code, ...]:
    """The cells that are Python, in their order, as far as the limits reach."""
    codes: list[Code] = []
    characters, nodes = MAX_CHARACTERS, MAX_NODES
    for source in sources:
        characters -= len(source.text)
        tree = parse(source.text) if characters >= 0 else None
        counted = _count(tree, nodes) if tree is not None else None
        if tree is not None and counted is not None:
            nodes -= counted
            codes.append(Code(source.where, source.text, tree))
    return tuple(codes)


def _count(tree: ast.Module, most: int) -> int | None:
    """How many nodes a cell has; None where these are more than `most`, or nested deeper than MAX_DEPTH."""
    count, level = 0, list[ast.AST]([tree])
    for _ in range(MAX_DEPTH):
        count += len(level)
        level = [child for node in level for child in ast.iter_child_nodes(node)]
        if not level or count > most:
            return count if count <= most else None
    return None


def parse(text: str) -> ast.Module | None:
    """The code of a cell without its magics, lines keeping their numbers; None where that is not Python."""
    if text.lstrip().startswith("%%") and not re.match(r"\s{0,99}%%(?:time|timeit|capture|prun|py)\b", text):
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse("\n".join(_without_magic(line) for line in text.split("\n")))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _without_magic(line: str) -> str:
    code = line.lstrip()
    if len(line) > MAX_LINE or not code:
        return line
    if _MAGIC.match(code) and not re.match(r"\w+[ \t]*[-=]", code):
        return line[: len(line) - len(code)] + "pass"
    assigned = _ASSIGNED_MAGIC.match(code)
    return line[: len(line) - len(code)] + assigned[1] + "None" if assigned else line


# --- nodes


def in_order(tree: ast.AST, kind: type[Node]) -> list[Node]:
    """The nodes of a kind as they stand in the text."""
    nodes = [node for node in ast.walk(tree) if isinstance(node, kind)]
    return sorted(nodes, key=lambda node: (getattr(node, "lineno", 0), getattr(node, "col_offset", 0)))


def called(call: ast.Call) -> str:
    """The last word of what is called: `plot` of `plt.plot(x)`."""
    function = call.func
    return function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")


def names(tree: ast.AST) -> set[str]:
    """All variables that a piece of code mentions."""
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def keyword(call: ast.Call, name: str) -> ast.expr | None:
    """The value of a keyword argument."""
    return next((word.value for word in call.keywords if word.arg == name), None)


def assigned(statement: ast.AST) -> tuple[str, ast.expr] | None:
    """Name and value of `name = value`; None for any other statement."""
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target = statement.targets[0]
        return (target.id, statement.value) if isinstance(target, ast.Name) else None
    return None


def constants(codes: Iterable[Code]) -> dict[str, ast.expr]:
    """What names stand for that are assigned once in the whole hand-in, and never otherwise bound."""
    values: dict[str, ast.expr] = {}
    bound: dict[str, int] = {}
    for code in codes:
        for node in ast.walk(code.tree):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                bound[node.id] = bound.get(node.id, 0) + 1
            elif isinstance(node, ast.arg):
                bound[node.arg] = bound.get(node.arg, 0) + 1
            pair = assigned(node)
            if pair is not None:
                values[pair[0]] = pair[1]
    return {name: value for name, value in values.items() if bound[name] == 1}


# --- numbers


def number(node: ast.AST) -> float | None:
    """The value of a number as people write them: `1e-6`, `-3`, `10**-6`, `1/255`, `5 * 1e-4`; else None."""
    if isinstance(node, ast.Constant):
        value = node.value
        if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > 1e300:
            return None
        return float(value)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        value = number(node.operand) if isinstance(node.operand, ast.Constant) else None
        return None if value is None else -value
    if not isinstance(node, ast.BinOp) or not all(_simple(side) for side in (node.left, node.right)):
        return None
    left, right = number(node.left), number(node.right)
    if left is None or right is None:
        return None
    return _calculated(node.op, left, right)


def _simple(node: ast.AST) -> bool:
    """A number or its negative, which keeps `number` from descending."""
    return isinstance(node, ast.Constant) or (
        isinstance(node, ast.UnaryOp) and isinstance(node.operand, ast.Constant)
    )


def _calculated(operator: ast.operator, left: float, right: float) -> float | None:
    try:
        if isinstance(operator, ast.Mult):
            return left * right
        if isinstance(operator, ast.Div):
            return left / right
        if isinstance(operator, ast.Pow):
            return float(left**right)
    except (ArithmeticError, TypeError):  # a power of a negative number may be complex
        return None
    return None


def numbers(node: ast.AST, known: Mapping[str, ast.expr]) -> tuple[float, ...] | None:
    """The values of a list of numbers that is written down: `[1e-6, 1e-5]`, `np.linspace(1e-6, 1e-3, 5)`, a name of
    `known` that stands for one, or an array of one. None where it is not, or has more than MAX_NUMBERS."""
    for _ in range(8):  # names of names, and arrays of lists
        if isinstance(node, ast.Name) and node.id in known:
            node = known[node.id]
        elif isinstance(node, ast.Call) and called(node) in _WRAPPERS and len(node.args) == 1:
            node = node.args[0]
        else:
            break
    if isinstance(node, ast.List | ast.Tuple) and 0 < len(node.elts) <= MAX_NUMBERS:
        values = [number(part) for part in node.elts]
        return None if None in values else tuple(value for value in values if value is not None)
    return _spaced(node) if isinstance(node, ast.Call) and called(node) in _SPACED else None


def _spaced(call: ast.Call) -> tuple[float, ...] | None:
    """The values of `np.linspace(a, b, n)`, `np.logspace(a, b, n)` and `np.geomspace(a, b, n)`."""
    given = [*call.args, *(word.value for word in call.keywords if word.arg in ("start", "stop", "num"))]
    ends = [number(part) for part in given]
    if len(ends) != 3 or any(word.arg not in ("start", "stop", "num") for word in call.keywords):
        return None
    first, last, count = ends
    if first is None or last is None or count is None or not 2 <= count <= MAX_NUMBERS:
        return None
    steps = [step / (int(count) - 1) for step in range(int(count))]
    if called(call) == "geomspace":
        if first <= 0 or last <= 0:
            return None
        first, last = math.log10(first), math.log10(last)
    line = [first + (last - first) * step for step in steps]
    if called(call) == "linspace":
        return tuple(line)
    return tuple(10**value for value in line) if max(map(abs, line)) < 300 else None
