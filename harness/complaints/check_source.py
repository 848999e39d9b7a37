"""Where a check stands in its assignment's files, and which version of it. The files are read, never run: they may
come out of a bundle that somebody sent."""

from __future__ import annotations

import ast
import hashlib
import inspect
from collections.abc import Mapping

from harness.results import Value


class CheckSource(Value):
    """A check as its file has it."""

    file: str
    line: int
    """Of its first decorator, from 1."""
    version: str
    """First 12 hex digits of the SHA-256 of its source, as a result names it."""
    docstring: str
    source: str


def check_source(files: Mapping[str, bytes], check: str) -> CheckSource | None:
    """The source of the check with this id ("2C.accuracy"); None where no file has one, or it cannot be read.

    `files` are an assignment's, by their paths in its folder.
    """
    for name in sorted(files):
        if name.endswith(".py") and name.rpartition("/")[2].startswith("check_"):
            try:
                text = files[name].decode("utf-8").replace("\r\n", "\n")
                tree = ast.parse(text)
            except (SyntaxError, ValueError):
                continue
            for node in tree.body:
                if isinstance(node, ast.FunctionDef) and _id(node) == check:
                    return _found(name, text, node)
    return None


def _id(node: ast.FunctionDef) -> str:
    """The id that harness.checking gives a function marked `@pytest.mark.check(task, points)`; "" without."""
    for one in node.decorator_list:
        marked = isinstance(one, ast.Call) and isinstance(one.func, ast.Attribute) and one.func.attr == "check"
        if marked and isinstance(one, ast.Call) and one.args and isinstance(one.args[0], ast.Constant):
            return f"{one.args[0].value!s}.{node.name.removeprefix('check_').replace('_', '-')}"
    return ""


def _found(file: str, text: str, node: ast.FunctionDef) -> CheckSource:
    first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
    source = "".join(line + "\n" for line in text.split("\n")[first - 1 : node.end_lineno])
    return CheckSource(
        file=file, line=first, version=hashlib.sha256(source.encode()).hexdigest()[:12],
        docstring=inspect.cleandoc(ast.get_docstring(node) or ""), source=source,
    )  # fmt: skip
