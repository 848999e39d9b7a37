"""Running a hand-in's code statement by statement: one bad statement costs that statement."""

from __future__ import annotations

import ast
import asyncio
import builtins
import contextlib
import inspect
import linecache
import math
import re
import sys
import time
import types
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from harness.recording import CellError, Passage, Where
from harness.worker.cells import Cell, clean
from harness.worker.names import bound_by
from harness.worker.own_time import StatementTimeout, countdown, limited
from harness.worker.printed import Limited
from harness.worker.shadowed import Shadows
from harness.worker.syntax import parse

PRINTED_LIMIT = 20_000  # characters kept of what one cell prints
MAX_ERRORS = 2_000
_WORD = re.compile(r"[^\W\d]\w*")
_COROUTINE = inspect.CO_COROUTINE


class _Stop(BaseException):
    """Code that a statement made run (a magic's body, a file that it imports) asked to end; it has been noted."""


class Everyday(dict[str, Any]):
    """The builtins, and behind them the names that everyone imports: looked up only where nothing else has them."""

    def __init__(self, supply: Callable[[str], Any], import_: Callable[..., Any]) -> None:
        super().__init__(vars(builtins))
        self._supply = supply
        self["display"] = _display  # IPython's own builtin
        self["__import__"] = import_

    def __missing__(self, name: str) -> Any:
        return self._supply(name)  # raises KeyError, which Python turns into NameError


@dataclass(frozen=True)
class Hooks:
    """What a run is given by whoever starts it.

    `left` tells the seconds that the whole run still has, and `clock` counts those of a limit. `failed` is told of
    each error, `note` of each finding (code, sentence, place). `ipython` makes what `get_ipython()` answers, and
    `import_` answers import statements.
    """

    end_of_cell: Callable[[Cell], None] = lambda _cell: None
    left: Callable[[], float] = lambda: math.inf
    clock: Callable[[], float] = time.monotonic
    failed: Callable[[BaseException], None] = lambda _error: None
    note: Callable[[str, str, Where | None], None] = lambda _code, _message, _where: None
    ipython: Callable[[Runner], Any] = lambda _runner: None
    import_: Callable[..., Any] = builtins.__import__


@dataclass
class Space:
    """A `__main__` in which cells run: its module, and what is known of the names in it."""

    module: types.ModuleType
    shadows: Shadows
    outputs: list[Any] = field(default_factory=list)

    @property
    def names(self) -> dict[str, Any]:
        return vars(self.module)


@dataclass(frozen=True)
class Undefined:
    """A name that nothing had defined where it was used."""

    name: str
    where: Where


class Runner:
    """Executes cells in one namespace and remembers errors, output and where each piece of code came from."""

    def __init__(self, supply: Callable[[str], Any], statement_seconds: float, hooks: Hooks | None = None) -> None:
        self.errors: list[CellError] = []
        self.printed: list[Passage] = []
        self.undefined: list[Undefined] = []
        self.out_of_time = False
        self._hooks = hooks or Hooks()
        self._cells: dict[str, Cell] = {}
        self._limit = statement_seconds
        self._supply = supply
        self._current: Where | None = None
        self._lost: set[str] = set()
        self._await_loop: asyncio.AbstractEventLoop | None = None
        self.fresh_namespace()

    def fresh_namespace(self) -> None:
        """Start a new `__main__`, for the next file."""
        self.enter(self.prepared(types.ModuleType("__main__")))

    def prepared(self, module: types.ModuleType) -> Space:
        """A module as a place in which cells can run."""
        space = Space(module, Shadows(self._hooks.note))
        space.names["__builtins__"] = Everyday(self._supply, self._hooks.import_)
        space.names["get_ipython"] = lambda: self._hooks.ipython(self)
        return space

    def enter(self, space: Space) -> None:
        """Run what follows in `space`, as `__main__`."""
        self.space = space
        sys.modules["__main__"] = space.module

    @property
    def namespace(self) -> dict[str, Any]:
        """The names of the running `__main__`."""
        return self.space.names

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

    # --- running

    def run_cell(self, cell: Cell) -> bool:
        """Run a cell's statements. False where the hand-in asked to stop: a script by `exit()`, which in a notebook
        ends its cell; or where the run's time is over."""
        if cell.number is None:
            self.namespace["__file__"] = cell.file.rpartition("/")[2]  # it runs where it lies
            sys.argv = [cell.file]
        return self._run_printing(cell, lambda _statement: True)

    def run_rest(self, cells: Iterable[Cell], only: Callable[[ast.stmt], bool]) -> None:
        """Run those statements of cells that `only` picks."""
        for cell in cells:
            self._run_printing(cell, only)

    def _run_printing(self, cell: Cell, only: Callable[[ast.stmt], bool]) -> bool:
        printed = Limited(PRINTED_LIMIT)
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(Limited(PRINTED_LIMIT)):
            going = self._run_text(cell.text, cell, self._remember(cell), only=only)
        self._hooks.end_of_cell(cell)
        if printed.text.strip():
            self.printed.append(Passage(where=cell.where, text=clean(printed.text)))
        return (going or cell.number is not None) and not self.out_of_time

    def run_within(self, cells: Iterable[Cell], space: Space) -> None:
        """Run other cells in `space` while a statement is running: an import of the hand-in's own file, `%run`."""
        outer, current = self.space, self._current
        self.space = space
        try:
            for cell in cells:
                going = self._run_text(cell.text, cell, self._remember(cell))
                if not going and (self.out_of_time or cell.number is None):
                    raise _Stop
        finally:
            self.space, self._current = outer, current

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

    def _remember(self, cell: Cell) -> str:
        """The name under which Python knows the code of a cell; `inspect.getsource` finds its lines by it."""
        filename = _filename(cell.file, cell.number)
        self._cells[filename] = cell
        linecache.cache[filename] = (len(cell.text), None, cell.text.splitlines(keepends=True), filename)
        return filename

    def _run_text(
        self,
        text: str,
        cell: Cell,
        filename: str,
        first_line: int = 1,
        only: Callable[[ast.stmt], bool] = lambda _statement: True,
    ) -> bool:
        tree, error = parse(text, cell, filename, first_line)
        if error is not None:
            self._keep(error)
        if tree is None:
            self._lost |= set(_WORD.findall(text[:100_000]))
        statements = [statement for statement in tree.body if only(statement)] if tree else []
        for statement in statements:
            if isinstance(statement, ast.ImportFrom) and statement.module == "__future__":
                continue  # IPython takes it anywhere; everything it asks for is Python 3 already
            self._current = Where(file=cell.file, cell=cell.number, line=statement.lineno)
            last = cell.number is not None and statement is statements[-1]
            if not self._run_statement(statement, filename, last):
                return False
        return True

    def countdown(self, seconds: float) -> Callable[[], float]:
        """What is left of `seconds` from now on, by the clock that limits go by."""
        return countdown(seconds, self._hooks.clock)

    def limited(self, seconds: float) -> contextlib.AbstractContextManager[None]:
        """Raises StatementTimeout into a body that runs longer than that, or than the whole run may."""
        mine = self.countdown(seconds)
        return limited(lambda: min(mine(), self._hooks.left()))

    def _run_statement(self, statement: ast.stmt, filename: str, last: bool) -> bool:
        """Run one statement; False where it asked to end. The value of a cell's `last` one is `_` in the next."""
        if self._hooks.left() <= 0:
            return self._end_of_time()
        value = isinstance(statement, ast.Expr) and last
        flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        space = self.space
        try:
            with warnings.catch_warnings(), self.limited(self._limit):
                warnings.simplefilter("ignore")
                tree = ast.Expression(statement.value) if value else ast.Module([statement], [])  # type: ignore[attr-defined]
                code = compile(tree, filename, "eval" if value else "exec", flags=flags, dont_inherit=True)
                space.shadows.before(statement, space.names)
                result = eval(code, space.names)  # noqa: S307 - running student code is this module's purpose
                if code.co_flags & _COROUTINE:
                    result = self._loop().run_until_complete(result)
                space.shadows.after(statement, space.names, self._current)
            if value and result is not None:
                _give_outputs(space, result, self._current)
        except _Stop:
            return False
        except StatementTimeout:
            self._lost |= bound_by(statement)
            if self._hooks.left() <= 0:
                return self._end_of_time()
            self._note("timeout", "StatementTimeout", f"ran longer than {self._limit:.0f} s and was stopped")
        except SystemExit as error:
            self._note("exit", "SystemExit", f"the code ended the run here (exit({_code(error)}))")
            return False
        except BaseException as error:
            self._failed(error)
            self._lost |= bound_by(statement)
        return True

    # --- what goes wrong

    def _failed(self, error: BaseException) -> None:
        self._note("error", type(error).__name__, message_of(error), error)
        where = self.place_of(error) or self._current
        with contextlib.suppress(Exception):  # an exception class of the student's may be anything
            if type(error) is NameError and isinstance(error.name, str) and error.name not in self._lost and where:
                self.undefined.append(Undefined(error.name, where))
            self.space.shadows.failed(error, self.space.names)
            self._hooks.failed(error)

    def _end_of_time(self) -> bool:
        """The whole run has no time left. Always False."""
        if not self.out_of_time:
            self.out_of_time = True
            self._note(
                "timeout", "RunTimeout", "the time for the whole run was over here; what follows did not run"
            )
        return False

    def _note(self, kind: Any, type_name: str, message: str, error: BaseException | None = None) -> None:
        where = self.place_of(error) or self._current or Where(file="")
        cell = self._cells.get(_filename(where.file, where.cell))
        lines = cell.text.splitlines() if cell else []
        line = lines[where.line - 1].strip() if where.line and where.line <= len(lines) else ""
        self._keep(
            CellError(where=where, type=clean(type_name)[:300], message=message, source=line[:500], kind=kind)
        )

    def _keep(self, error: CellError) -> None:
        if len(self.errors) < MAX_ERRORS:
            self.errors.append(error)

    def _loop(self) -> asyncio.AbstractEventLoop:
        if self._await_loop is None:
            self._await_loop = asyncio.new_event_loop()
        return self._await_loop


def _filename(file: str, cell: int | None) -> str:
    """The name under which Python knows the code of a cell."""
    return file if cell is None else f"{file}:cell {cell}"


def _give_outputs(space: Space, value: Any, where: Where | None) -> None:
    """`_`, `__`, `___` and `Out[n]`, as IPython sets them; not `_` where the hand-in has one of its own."""
    names = space.names
    names.setdefault("Out", {})
    if type(names["Out"]) is dict and where is not None:
        names["Out"][where.cell] = value
    if "_" not in names or (space.outputs and names["_"] is space.outputs[0]):
        space.outputs = [value, *space.outputs[:2]]
        names |= dict(zip(("_", "__", "___"), space.outputs, strict=False))


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
