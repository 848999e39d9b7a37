"""The hand-in's own files: each runs once, by itself, by an import or by `%run`, whichever comes first.

On the student's machine `import preprocess` runs the file beside the notebook. Here its statements run like those
of a cell, so that a bad one costs itself and a fit in it has its place.
"""

from __future__ import annotations

import ast
import importlib.abc
import importlib.machinery
import os
import sys
import types
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from harness.worker.cells import Cell, file_name, read_notebook, read_source
from harness.worker.execute import Runner, Space

MAX_FILES = 200


class OwnFiles:
    """Files under the folder `root`, what is in them, and in which namespace each has run."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._cells: dict[str, tuple[Cell, ...]] = {}
        self.ran: dict[str, Space] = {}

    def add(self, files: Iterable[tuple[Cell, ...]]) -> None:
        """Files that have been read."""
        self._cells |= {cells[0].file: cells for cells in files if cells}

    @property
    def all(self) -> Iterator[tuple[Cell, ...]]:
        """The cells of every file that is known, those that were only imported last."""
        return iter(self._cells.values())

    def cells(self, path: Path) -> tuple[Cell, ...]:
        """The cells of a file. Raises UnreadableFileError, OSError."""
        name = file_name(path, self._root)
        if name not in self._cells and len(self._cells) < MAX_FILES:
            notebook = path.suffix.lower() == ".ipynb"
            self._cells[name] = read_notebook(path, name)[0] if notebook else (Cell(name, None, read_source(path)),)
        return self._cells[name]

    def name(self, path: Path) -> str:
        """The name under which a recording knows a file."""
        return file_name(path, self._root)

    def find(self, asked: str) -> Path:
        """The file that `%run asked` means: beside the running one, or anywhere in the hand-in by its name.
        Raises FileNotFoundError."""
        names = [asked] if asked.endswith((".py", ".ipynb")) else [f"{asked}.py", f"{asked}.ipynb"]
        for name in names:
            for path in (Path(name), self._root / name, *sorted(self._root.rglob(Path(name).name))):
                if path.is_file() and self.owns(path):
                    return path.resolve()
        raise FileNotFoundError(f"File `{asked}` not found.")

    def owns(self, path: Path) -> bool:
        """Whether a file lies in the hand-in."""
        return path.resolve().is_relative_to(self._root.resolve())

    def module_file(self, name: str, folders: Sequence[str] | None) -> Path | None:
        """The file of the hand-in that `import name` means, looked for in `folders` or beside the running file."""
        stem = name.rpartition(".")[2]
        for folder in [".", *sys.path] if folders is None else folders:
            for path in (Path(folder or ".") / stem / "__init__.py", Path(folder or ".") / f"{stem}.py"):
                if path.is_file() and self.owns(path):
                    return path.resolve()
        return None


class Importer(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Answers imports of the hand-in's own files."""

    def __init__(self, files: OwnFiles, runner: Runner) -> None:
        self._files = files
        self._runner = runner

    def install(self) -> None:
        """Come before Python's own search for files; what is built into Python goes first."""
        sys.meta_path.insert(min(2, len(sys.meta_path)), self)

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: Any = None
    ) -> importlib.machinery.ModuleSpec | None:
        del target
        file = self._files.module_file(name, path)
        if file is None:
            return None
        package = file.name == "__init__.py"
        spec = importlib.machinery.ModuleSpec(name, self, origin=str(file), is_package=package)
        if package:
            spec.submodule_search_locations = [str(file.parent)]
        return spec

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType | None:
        """The module of a file that has run already, so that it does not run again."""
        known = self._files.ran.get(self._files.name(Path(str(spec.origin))))
        return known.module if known else None

    def exec_module(self, module: types.ModuleType) -> None:
        file = Path(str(module.__spec__.origin if module.__spec__ else ""))
        name = self._files.name(file)
        if name not in self._files.ran:
            module.__file__ = os.path.relpath(file)  # no path of the machine, which a hand-in may print
            space = self._files.ran[name] = self._runner.prepared(module)
            self._runner.run_within(self._files.cells(file), space)


def run_file(files: OwnFiles, runner: Runner, asked: str) -> None:
    """`%run asked`: the file's cells in the namespace of the cell that runs. Raises FileNotFoundError."""
    path = files.find(asked)
    files.ran[files.name(path)] = runner.space
    runner.run_within(files.cells(path), runner.space)


def is_main_guard(statement: ast.stmt) -> bool:
    """`if __name__ == "__main__":`, which runs in a file that was started and not in one that was imported."""
    return (
        isinstance(statement, ast.If)
        and isinstance(statement.test, ast.Compare)
        and any(isinstance(node, ast.Name) and node.id == "__name__" for node in ast.walk(statement.test))
    )
