"""How differences read on a terminal: a line each, with why."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness.complaints.difference import Diff, Difference, Side
from harness.complaints.plain import LONGEST, heading, line, rows
from harness.complaints.telling import OUTCOMES
from harness.results import Outcome
from harness.text import for_terminal, points, quantity


def tell_diff(diff: Diff, console: Console) -> None:
    """Print what differs: a line each, with why."""
    if not (diff.compared or diff.only_old or diff.only_new):
        line(console, f"{diff.old} and {diff.new}: no hand-in that counts has a former result.", indent=0)
        line(console, "Nothing has changed since it was graded. To compare folders, give two.", indent=0)
        return
    hand_ins = quantity(diff.compared, "hand-in")
    line(console, f"{diff.old} and {diff.new}: {hand_ins} compared.", indent=0)
    for what, was, now in diff.versions:
        line(console, f"{what}: {was} → {now}", indent=0)
    for names, where in ((diff.only_old, diff.old), (diff.only_new, diff.new)):
        if names:
            line(console, f"Only in {where}: {', '.join(names)}", indent=0)
    counted = [one for one in diff.differences if one.counts]
    for several, title in (
        (counted, "Marks that differ"),
        (_uncounted(diff), "Measured otherwise, the same verdict"),
    ):
        if several:
            heading(console, title)
            console.print(_differences(several))
    if diff.totals:
        heading(console, "Totals, so far")
        rows(
            console,
            [
                (one.submission, f"{_of(one.before, one.max_before)} → {_of(one.after, one.max_after)}", "")
                for one in diff.totals
            ],
        )
    if not counted:
        line(console, "No mark differs.", indent=0)


def _uncounted(diff: Diff) -> list[Difference]:
    return [one for one in diff.differences if not one.counts]


def _differences(several: Iterable[Difference]) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("submission", "what", "before", "after", "why"):
        table.add_column(name, overflow="fold", no_wrap=name in ("before", "after"))
    for one in several:
        what = one.check or f"{one.task}, by a person"
        why = "; ".join(each.text for each in one.why)
        cells = (one.submission, what, _shown(one.before), _shown(one.after), why)
        table.add_row(*(Text(for_terminal(cell, LONGEST)) for cell in cells))
    return table


def _shown(side: Side | None) -> str:
    if side is None:
        return "not there"
    word = OUTCOMES[Outcome(side.outcome)] if side.outcome else ""
    return f"{_of(side.points, side.max_points)} {word}".rstrip()


def _of(value: float | None, most: float) -> str:
    return f"{points(value)} / {points(most)}"
