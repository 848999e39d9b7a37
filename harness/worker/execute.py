"""Running a hand-in's code statement by statement: one bad statement costs that statement."""

from __future__ import annotations

import ast
import asyncio
import builtins
import contextlib
import inspect
import io
import linecache
import signal
import sys
import types
import warnings
from collections.abc import Callable, Iterator
from typing import Any

from harness.recording import CellError, Passage, Where
from harness.worker.cells import Cell

PRINTED_LIMIT = 20_000  # characters kept of what one cell prints


class StatementTimeout(BaseException):
    """Raised into a statement that runs too long. Not an Exception: `except Exception` must not catch it."""


class Everyday(dict[str, Any]):
    """The builtins, and behind them the names that everyone imports: looked up only where nothing else has them."""

    def __init__(self, supply: Callable[[str], Any]) -> None:
        super().__init__(vars(builtins))
        self._supply = supply

    def __missing__(self, name: str) -> Any:
        return self._supply(name)  # raises KeyError, which Python turns into NameError


class Runner:
    """Executes cells in one namespace and remembers errors, output and where each piece of code came from."""

    def __init__(self, supply: Callable[[str], Any], statement_seconds: float) -> None:
        self.errors: list[CellError] = []
        self.printed: list[Passage] = []
        self._cells: dict[str, Cell] = {}
        self._limit = statement_seconds
        self._supply = supply
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

    def where_of(self, code: types.CodeType) -> Where | None:
        """Where a function of the hand-in is defined; None for one that is not the hand-in's."""
        cell = self._cells.get(code.co_filename)
        return Where(file=cell.file, cell=cell.number, line=code.co_firstlineno) if cell else None

    # --- running

    def run_cell(self, cell: Cell) -> bool:
        """Run a cell's statements. False where the hand-in asked to stop (`exit()`)."""
        filename = f"{cell.file}" if cell.number is None else f"{cell.file}:cell {cell.number}"
        self._cells[filename] = cell
        printed = _Limited(PRINTED_LIMIT)
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(_Limited(PRINTED_LIMIT)):
            going = self._run_text(cell.text, cell, filename)
        _close_figures()
        if printed.text.strip():
            self.printed.append(Passage(where=cell.where, text=printed.text))
        return going

    def run_body(self, text: str) -> None:
        """Run the body of a `%%time` cell in place of the magic."""
        cell = next(reversed(self._cells.values()))
        self._run_text(text, cell, next(reversed(self._cells)))

    def _run_text(self, text: str, cell: Cell, filename: str) -> bool:
        tree, source = self._parse(text, cell, filename)
        if tree is None:
            return True
        linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
        flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        for statement in tree.body:
            if isinstance(statement, ast.ImportFrom) and statement.module == "__future__":
                continue  # IPython takes it anywhere; everything it asks for is Python 3 already
            self._current = Where(file=cell.file, cell=cell.number, line=statement.lineno)
            if not self._run_statement(statement, filename, flags, source):
                return False
        return True

    def _parse(self, text: str, cell: Cell, filename: str) -> tuple[ast.Module | None, str]:
        from IPython.core.inputtransformer2 import TransformerManager

        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                source = TransformerManager().transform_cell(text) if cell.number is not None else text
                return ast.parse(source, filename, type_comments=False), source
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            self.errors.append(_syntax_error(error, cell, text))
            return None, text

    def _run_statement(self, statement: ast.stmt, filename: str, flags: int, source: str) -> bool:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                code = compile(ast.Module([statement], []), filename, "exec", flags=flags, dont_inherit=True)
                with time_limit(self._limit):
                    result = eval(code, self.namespace)  # noqa: S307 - running student code is this module's purpose
                    if inspect.iscoroutine(result):
                        self._loop().run_until_complete(result)
        except StatementTimeout:
            message = f"ran longer than {self._limit:.0f} s and was stopped"
            self._note("timeout", "StatementTimeout", message, source)
        except SystemExit as error:
            self._note("exit", "SystemExit", f"the code ended the run here (exit({error.code!r}))"[:300], source)
            return False
        except BaseException as error:
            self._note("error", type(error).__name__, _message(error), source, error)
        return True

    def _note(
        self, kind: Any, type_name: str, message: str, source: str, error: BaseException | None = None
    ) -> None:
        where = self.place_of(error) or self._current or Where(file="")
        lines = source.splitlines()
        line = lines[where.line - 1].strip() if where.line and where.line <= len(lines) else ""
        if len(self.errors) < 2_000:
            self.errors.append(
                CellError(where=where, type=type_name[:300], message=message[:20_000], source=line[:500], kind=kind)
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
            self._runner.run_body("\n" + body)  # the magic stood on the first line: keep the numbers right

    def run_line_magic(self, name: str, line: str, *_: Any, **__: Any) -> None:
        """`%time statement` runs the statement; `%matplotlib`, `%pip` and others are passed over."""
        if name in ("time", "timeit") and line.strip():
            self._runner.run_body(line)

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
    """Raise StatementTimeout into the body after `seconds`; without alarms only the run's own limit holds."""
    if not hasattr(signal, "SIGALRM") or seconds <= 0:
        yield
        return

    def stop(_number: int, _frame: Any) -> None:
        raise StatementTimeout

    before = signal.signal(signal.SIGALRM, stop)
    remaining = signal.setitimer(signal.ITIMER_REAL, seconds)[0]
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, remaining)
        signal.signal(signal.SIGALRM, before)


class _Limited(io.TextIOBase):
    """Keeps the first and the last half of what is written, so that endless output costs nothing."""

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


def _syntax_error(error: BaseException, cell: Cell, text: str) -> CellError:
    line = getattr(error, "lineno", None) or None
    lines = text.splitlines()
    source = lines[line - 1].strip() if line and line <= len(lines) else ""
    hint = ""
    if source.startswith("print ") or "xrange(" in source:
        hint = " (this is Python 2; write print(…))"
    return CellError(
        where=Where(file=cell.file, cell=cell.number, line=line),
        type=type(error).__name__,
        message=(str(getattr(error, "msg", None) or error) + hint)[:20_000],
        source=source[:500],
        kind="syntax",
    )


def _message(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # an exception of the student's whose __str__ raises
        return type(error).__name__


def _close_figures() -> None:
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        with contextlib.suppress(Exception):
            pyplot.close("all")
