"""Running a hand-in's code statement by statement: one bad statement costs that statement."""

from __future__ import annotations

import ast
import asyncio
import builtins
import contextlib
import inspect
import io
import linecache
import re
import signal
import sys
import types
import warnings
from collections.abc import Callable, Iterator
from typing import Any

from harness.recording import CellError, Passage, Where
from harness.worker.cells import Cell, clean

PRINTED_LIMIT = 20_000  # characters kept of what one cell prints
_SHELL_LINE = re.compile(r"^(\s*)((?:pip3?|conda|apt|apt-get|wget|git|cd|ls|mkdir|unzip)[ \t]+[\w-][^(]*?)\s*$")
_TIME_OPTIONS = re.compile(r"^(?:-[a-zA-Z]+\s*\d*\s+)+")


class StatementTimeout(BaseException):
    """Raised into a statement that runs too long. Not an Exception: `except Exception` must not catch it."""


class _Stop(BaseException):
    """The body of a magic asked to end the run; it has been noted."""


class Everyday(dict[str, Any]):
    """The builtins, and behind them the names that everyone imports: looked up only where nothing else has them."""

    def __init__(self, supply: Callable[[str], Any]) -> None:
        super().__init__(vars(builtins))
        self._supply = supply
        self["display"] = _display  # IPython's own builtin

    def __missing__(self, name: str) -> Any:
        return self._supply(name)  # raises KeyError, which Python turns into NameError


class Runner:
    """Executes cells in one namespace and remembers errors, output and where each piece of code came from."""

    def __init__(
        self,
        supply: Callable[[str], Any],
        statement_seconds: float,
        end_of_cell: Callable[[Cell], None] = lambda _cell: None,
    ) -> None:
        self.errors: list[CellError] = []
        self.printed: list[Passage] = []
        self._cells: dict[str, Cell] = {}
        self._limit = statement_seconds
        self._supply = supply
        self._end_of_cell = end_of_cell
        self._current: Where | None = None
        self._await_loop: asyncio.AbstractEventLoop | None = None
        self.namespace: dict[str, Any] = {}
        self.fresh_namespace()

    def fresh_namespace(self) -> None:
        """Start a new `__main__`, for the next file."""
        module = types.ModuleType("__main__")
        self.namespace = vars(module)
        self.namespace["__builtins__"] = Everyday(self._supply)
        self.namespace["get_ipython"] = lambda: Shell(self)
        sys.modules["__main__"] = module

    # --- places

    def where(self) -> Where | None:
        """The innermost line of the hand-in on the stack, or the statement that is running."""
        frame = inspect.currentframe()
        while frame is not None:
            cell = self._cells.get(frame.f_code.co_filename)
            if cell is not None:
                return Where(file=cell.file, cell=cell.number, line=frame.f_lineno)
            frame = frame.f_back
        return self._current

    @property
    def statement(self) -> Where | None:
        """The statement that is running, wherever the functions that it calls are defined."""
        return self._current

    def where_of(self, code: types.CodeType) -> Where | None:
        """Where a function of the hand-in is defined; None for one that is not the hand-in's."""
        cell = self._cells.get(code.co_filename)
        return Where(file=cell.file, cell=cell.number, line=code.co_firstlineno) if cell else None

    # --- running

    def run_cell(self, cell: Cell) -> bool:
        """Run a cell's statements. False where the hand-in asked to stop (`exit()`)."""
        filename = _filename(cell.file, cell.number)
        self._cells[filename] = cell
        lines = cell.text.splitlines(keepends=True)
        linecache.cache[filename] = (len(cell.text), None, lines, filename)
        if cell.number is None:
            self.namespace["__file__"] = cell.file
        printed = _Limited(PRINTED_LIMIT)
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(_Limited(PRINTED_LIMIT)):
            going = self._run_text(cell.text, cell, filename)
        self._end_of_cell(cell)
        if printed.text.strip():
            self.printed.append(Passage(where=cell.where, text=clean(printed.text)))
        return going

    def run_body(self, text: str) -> None:
        """Run the body of a `%%time` cell, which stands on the lines after the magic's."""
        cell, line = self._running()
        if not self._run_text(text, cell, _filename(cell.file, cell.number), line + 1):
            raise _Stop

    def run_line(self, text: str) -> Any:
        """Run what follows `%time`; the value of an expression comes back, as IPython's does."""
        cell, line = self._running()
        filename = _filename(cell.file, cell.number)
        try:
            tree = ast.parse(text.strip(), filename, mode="eval")
        except SyntaxError:
            if not self._run_text(text, cell, filename, line):
                raise _Stop from None
            return None
        code = compile(ast.increment_lineno(tree, line - 1), filename, "eval")
        return eval(code, self.namespace)  # noqa: S307 - as below

    def _running(self) -> tuple[Cell, int]:
        where = self.where() or Where(file="")
        return self._cells[_filename(where.file, where.cell)], where.line or 1

    def _run_text(self, text: str, cell: Cell, filename: str, first_line: int = 1) -> bool:
        tree = self._parse(text, cell, filename, first_line)
        for statement in tree.body if tree else []:
            if isinstance(statement, ast.ImportFrom) and statement.module == "__future__":
                continue  # IPython takes it anywhere; everything it asks for is Python 3 already
            self._current = Where(file=cell.file, cell=cell.number, line=statement.lineno)
            if not self._run_statement(statement, filename):
                return False
        return True

    def _parse(self, text: str, cell: Cell, filename: str, first_line: int) -> ast.Module | None:
        """The statements with the line numbers of the hand-in; None, and the error noted, where they are none."""
        try:
            return _tree(text, filename, first_line, plain=cell.number is None)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            first = error
        shell = [line for line in text.split("\n") if _SHELL_LINE.match(line)]
        try:  # without `pip install …`, which IPython takes on a line of its own; a script may have `!` lines
            kept = "\n".join(_SHELL_LINE.sub(r"\1pass", line) for line in text.split("\n"))
            tree = _tree(kept, filename, first_line, plain=False) if shell or cell.number is None else None
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            tree = None
        if tree is None or shell:
            self.errors.append(_syntax_error(first, cell))
        return tree

    def _run_statement(self, statement: ast.stmt, filename: str) -> bool:
        flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                code = compile(ast.Module([statement], []), filename, "exec", flags=flags, dont_inherit=True)
                with time_limit(self._limit):
                    result = eval(code, self.namespace)  # noqa: S307 - running student code is this module's purpose
                    if inspect.iscoroutine(result):
                        self._loop().run_until_complete(result)
        except _Stop:
            return False
        except StatementTimeout:
            self._note("timeout", "StatementTimeout", f"ran longer than {self._limit:.0f} s and was stopped")
        except SystemExit as error:
            self._note("exit", "SystemExit", f"the code ended the run here (exit({_code(error)}))")
            return False
        except BaseException as error:
            self._note("error", type(error).__name__, message_of(error), error)
        return True

    def _note(self, kind: Any, type_name: str, message: str, error: BaseException | None = None) -> None:
        where = self.place_of(error) or self._current or Where(file="")
        cell = self._cells.get(_filename(where.file, where.cell))
        lines = cell.text.splitlines() if cell else []
        line = lines[where.line - 1].strip() if where.line and where.line <= len(lines) else ""
        if len(self.errors) < 2_000:
            self.errors.append(
                CellError(where=where, type=clean(type_name)[:300], message=message, source=line[:500], kind=kind)
            )

    def place_of(self, error: BaseException | None) -> Where | None:
        """The deepest line of the hand-in in an exception's traceback."""
        place = None
        trace = error.__traceback__ if error else None
        while trace is not None:
            cell = self._cells.get(trace.tb_frame.f_code.co_filename)
            if cell is not None:
                place = Where(file=cell.file, cell=cell.number, line=trace.tb_lineno)
            trace = trace.tb_next
        return place

    def _loop(self) -> asyncio.AbstractEventLoop:
        if self._await_loop is None:
            self._await_loop = asyncio.new_event_loop()
        return self._await_loop


class Shell:
    """What `get_ipython()` answers: magics that run code run it, shell commands do nothing."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    def run_cell_magic(self, name: str, _line: str, body: str) -> None:
        """`%%time`, `%%timeit`, `%%capture` run their body; `%%bash`, `%%html` and others are passed over."""
        if name in ("time", "timeit", "capture", "prun", "py", "python3"):
            self._runner.run_body(body)

    def run_line_magic(self, name: str, line: str, *_: Any, **__: Any) -> Any:
        """`%time statement` runs the statement; `%matplotlib`, `%pip` and others are passed over."""
        if name in ("time", "timeit") and line.strip():
            return self._runner.run_line(_TIME_OPTIONS.sub("", line.strip()))
        return None

    magic = run_line_magic

    def system(self, _command: str) -> None:
        """`!command`: nothing is run."""

    def getoutput(self, _command: str, *_: Any, **__: Any) -> list[str]:
        """`x = !command`: nothing is run, no lines come back."""
        return []

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *_, **__: None


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise StatementTimeout into the body after `seconds`, and again each second to a body that catches it.

    Without alarms only the run's own limit holds.
    """
    if not hasattr(signal, "SIGALRM") or seconds <= 0:
        yield
        return

    def stop(_number: int, _frame: Any) -> None:
        raise StatementTimeout

    before = signal.signal(signal.SIGALRM, stop)
    remaining = signal.setitimer(signal.ITIMER_REAL, seconds, 1.0)[0]
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, remaining, 1.0 if remaining else 0.0)
        signal.signal(signal.SIGALRM, before)


class _Limited(io.TextIOBase):
    """Keeps the first and the last half of what is written, so that endless output costs nothing."""

    encoding = "utf-8"

    def __init__(self, limit: int) -> None:
        self._half = limit // 2
        self._first = ""
        self._last = ""

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        text = str(text)
        room = self._half - len(self._first)
        if room > 0:
            self._first += text[:room]
        if len(text) > room:
            self._last = (self._last + text[max(room, 0) :])[-self._half :]
        return len(text)

    @property
    def text(self) -> str:
        return self._first + self._last


def _filename(file: str, cell: int | None) -> str:
    """The name under which Python knows the code of a cell."""
    return file if cell is None else f"{file}:cell {cell}"


def _tree(text: str, filename: str, first_line: int, plain: bool) -> ast.Module:
    """The statements of `text`, the first line of which has the number `first_line`; magics where not `plain`."""
    from IPython.core.inputtransformer2 import TransformerManager

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if plain:
            return _polite(ast.parse(text, filename))
        source = TransformerManager().transform_cell(text)
        left_out = len(text) - len(text.lstrip())  # IPython drops the empty lines at the top
        empty = "\n" * (first_line - 1 + text[:left_out].count("\n"))
        return _polite(ast.parse(empty + source, filename))


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


def message_of(error: BaseException) -> str:
    """What an exception says; one of the student's may raise instead."""
    try:
        return clean(str(error))[:20_000]
    except BaseException:
        return type(error).__name__


def _code(error: SystemExit) -> str:
    """What exit() was given."""
    return clean(repr(error.code))[:200] if isinstance(error.code, (int, str)) else ""


def _display(*things: Any, **_: Any) -> None:
    """`display(frame)`: what a notebook would show is printed."""
    for thing in things:
        print(repr(thing))  # noqa: T201 - into what the cell printed
