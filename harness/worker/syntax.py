"""From the text of a cell to its statements: what IPython takes besides Python, and what the run leaves out."""

from __future__ import annotations

import ast
import re
import warnings

from harness.recording import CellError, Where
from harness.worker.cells import Cell, clean

BEYOND_PYTHON = (
    SyntaxError,
    ValueError,
    RecursionError,
    MemoryError,
)  # what parsing raises on text that is no code
_SHELL_LINE = re.compile(r"^(\s*)((?:pip3?|conda|apt|apt-get|wget|git|cd|ls|mkdir|unzip)[ \t]+[\w-][^(]*?)\s*$")


def tree_of(text: str, filename: str, first_line: int = 1, plain: bool = False) -> ast.Module:
    """The statements of `text`, the first line of which has the number `first_line`; magics where not `plain`.

    Raises what is in BEYOND_PYTHON.
    """
    from IPython.core.inputtransformer2 import TransformerManager

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if plain:
            return _polite(ast.parse(text, filename))
        source = TransformerManager().transform_cell(text)
        left_out = len(text) - len(text.lstrip())  # IPython drops the empty lines at the top
        empty = "\n" * (first_line - 1 + text[:left_out].count("\n"))
        return _polite(ast.parse(empty + source, filename))


def parse(text: str, cell: Cell, filename: str, first_line: int) -> tuple[ast.Module | None, CellError | None]:
    """The statements of a cell with the line numbers of the hand-in, and the error where they are none or where
    lines had to be left out (`pip install …`, which IPython takes on a line of its own)."""
    try:
        return tree_of(text, filename, first_line, plain=cell.number is None), None
    except BEYOND_PYTHON as error:
        first = error
    shell = [line for line in text.split("\n") if _SHELL_LINE.match(line)]
    tree = None
    try:  # a script may have `!` lines
        kept = "\n".join(_SHELL_LINE.sub(r"\1pass", line) for line in text.split("\n"))
        tree = tree_of(kept, filename, first_line) if shell or cell.number is None else None
    except BEYOND_PYTHON:
        pass
    return tree, _syntax_error(first, cell) if tree is None or shell else None


def _polite(tree: ast.Module) -> ast.Module:
    _Polite().visit(tree)
    return tree


class _Polite(ast.NodeTransformer):
    """`except:` catches everything but StatementTimeout: a loop around it would never be stopped."""

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> ast.AST:
        self.generic_visit(node)
        if node.type is None or (isinstance(node.type, ast.Name) and node.type.id == "BaseException"):
            names = ("Exception", "SystemExit", "KeyboardInterrupt", "GeneratorExit")
            node.type = ast.Tuple([ast.Name(name, ast.Load()) for name in names], ast.Load())
            ast.fix_missing_locations(ast.copy_location(node.type, node))
        return node


def _syntax_error(error: BaseException, cell: Cell) -> CellError:
    line = getattr(error, "lineno", None) or None
    lines = cell.text.splitlines()
    source = lines[line - 1].strip() if line and line <= len(lines) else ""
    hint = ""
    if source.startswith("print ") or "xrange(" in source:
        hint = " (this is Python 2; write print(…))"
    elif _SHELL_LINE.match(source):
        hint = f" (this is for a terminal; write %{source})"
    return CellError(
        where=Where(file=cell.file, cell=cell.number, line=line),
        type=type(error).__name__,
        message=clean(str(getattr(error, "msg", None) or error) + hint)[:20_000],
        source=source[:500],
        kind="syntax",
    )
