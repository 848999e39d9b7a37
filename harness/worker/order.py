"""The order in which cells run, which file goes on in another's namespace, and names used before they are there."""

from __future__ import annotations

import builtins
import difflib
from collections.abc import Iterable, Mapping, Sequence

from harness.recording import Finding, Where
from harness.worker.cells import Cell
from harness.worker.everyday import EVERYDAY
from harness.worker.execute import Space, Undefined
from harness.worker.names import Names, names_of

MAX_FINDINGS = 50
_GIVEN = {
    *vars(builtins),
    *EVERYDAY,
    "get_ipython",
    "display",
    "In",
    "Out",
    "_",
    "__",
    "___",
    "__file__",
    "exit",
    "quit",
}


def executed(cells: Sequence[Cell]) -> tuple[Cell, ...]:
    """Cells by their saved execution counts; those without one last; equal ones as they stand."""
    return tuple(sorted(cells, key=lambda cell: (cell.count is None, cell.count or 0)))


def names_in(cells: Iterable[Cell]) -> dict[Cell, Names]:
    """The names of each cell."""
    return {cell: names_of(cell.text, plain=cell.number is None) for cell in cells}


def needed(names: Iterable[Names]) -> set[str]:
    """What a file of these cells reads and neither sets itself nor finds everywhere."""
    every = list(names)
    free = set().union(*(cell.free for cell in every))
    return free - set().union(*(cell.set for cell in every)) - _GIVEN


def space_to_go_on_in(needs: set[str], earlier: Sequence[Space]) -> Space | None:
    """Of the namespaces that earlier files left, the last that has most of what is needed; None where none does."""
    found = [(len(needs & set(space.names)), number) for number, space in enumerate(earlier)]
    most, number = max(found, default=(0, 0))
    return earlier[number] if most else None


def explain_undefined(undefined: Sequence[Undefined], names: Mapping[Cell, Names]) -> list[Finding]:
    """A finding for each name of a file that nothing had defined: some later cell does, or none."""
    findings: dict[tuple[str, str], Finding] = {}
    for one in undefined:
        key = (one.where.file, one.name)
        if key in findings or len(findings) >= MAX_FINDINGS:
            continue
        own = {cell: found for cell, found in names.items() if cell.file == one.where.file}
        later = next(
            (cell for cell, found in own.items() if one.name in found.set and _after(cell, one.where)), None
        )
        if later is not None:
            findings[key] = _out_of_order(one, later)
        else:
            findings[key] = _undefined(one, set().union(*(found.set for found in own.values())))
    return list(findings.values())


def _after(cell: Cell, where: Where) -> bool:
    return cell.number is not None and where.cell is not None and cell.number > where.cell


def _out_of_order(one: Undefined, later: Cell) -> Finding:
    return Finding(
        code="run-out-of-order",
        message=f"Cell {one.where.cell} uses `{one.name}` before cell {later.number} defines it. Change the order "
        "of the cells, and try “Restart and Run All” before you hand in.",
        where=one.where,
    )


_PYTHON_2 = {
    "xrange": "range", "raw_input": "input", "unicode": "str", "basestring": "str", "unichr": "chr", "long": "int",
    "reduce": "functools.reduce", "reload": "importlib.reload", "execfile": "%run",
}  # fmt: skip


def _undefined(one: Undefined, known: set[str]) -> Finding:
    if one.name in _PYTHON_2:
        message = f"`{one.name}` is Python 2 and is gone; write `{_PYTHON_2[one.name]}`."
        return Finding(code="undefined-name", message=message, where=one.where)
    near = difflib.get_close_matches(one.name, sorted(known - {one.name}), 1, 0.8)
    advice = f"Did you mean `{near[0]}`?" if near else "Define it above, or correct its spelling."
    return Finding(
        code="undefined-name",
        message=f"`{one.name}` is used here and defined nowhere before. {advice} "
        "“Restart and Run All” shows such names.",
        where=one.where,
    )
