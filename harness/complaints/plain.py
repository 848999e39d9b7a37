"""Printing that can be pasted into an answer: headings, paragraphs, columns. Every text is cleaned on the way."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness.text import for_terminal

LONGEST = 2_000


def section(console: Console, title: str, lines: Iterable[str]) -> None:
    """A heading and its lines; nothing where there are none."""
    told = [one for one in lines if one]
    if told:
        heading(console, title)
    for one in told:
        line(console, one)


def heading(console: Console, title: str) -> None:
    """A heading with an empty line before it."""
    console.print()
    line(console, title, "bold", indent=0)


def line(console: Console, text: str, style: str = "", indent: int = 2) -> None:
    """One paragraph, without blanks behind it: it is pasted elsewhere."""
    shown = for_terminal(text, LONGEST)
    margin = " " * indent
    for part in textwrap.wrap(shown, max(console.width, 40), initial_indent=margin, subsequent_indent=margin):
        console.print(Text(part, style=style), soft_wrap=True)


def rows(console: Console, several: Iterable[tuple[str, str, str]]) -> None:
    """Three columns, without lines between them."""
    table = Table(box=None, show_header=False, padding=(0, 0, 0, 2), pad_edge=True)
    for row in several:
        table.add_row(*(Text(for_terminal(cell, LONGEST)) for cell in row))
    if table.rows:
        console.print(table)
