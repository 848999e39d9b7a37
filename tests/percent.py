"""Notebooks kept as Python files that a person can read and compare; `notebook_of` makes the `.ipynb` of one.

A line `# %%` starts a code cell, `# %% [3]` one that had run as In [3], `# %% [markdown]` a markdown cell, whose
lines start with `# `. Lines `#> text` in a code cell are what it had printed when it was saved.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

SUFFIX = ".ipynb.py"
_CELL = re.compile(r"# %%(?: \[(markdown|\d+)\])?$")


def notebook_of(text: str) -> str:
    """The notebook, format 4.4, as Jupyter saves it."""
    cells: list[dict[str, Any]] = []
    kind, lines = None, list[str]()
    for line in [*text.splitlines(), "# %%"]:
        start = _CELL.match(line)
        if start is None:
            lines.append(line)
            continue
        if kind is not None:
            cells.append(_cell(kind, lines))
        kind, lines = start[1] or "code", []
    return json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": cells})


def _cell(kind: str, lines: list[str]) -> dict[str, Any]:
    if kind == "markdown":
        text = "\n".join(line.removeprefix("#").removeprefix(" ") for line in lines).strip()
        return {"cell_type": "markdown", "metadata": {}, "source": text}
    printed = "".join(line.removeprefix("#> ") + "\n" for line in lines if line.startswith("#> "))
    return {
        "cell_type": "code",
        "metadata": {},
        "execution_count": int(kind) if kind.isdigit() else None,
        "source": "\n".join(line for line in lines if not line.startswith("#> ")).strip("\n"),
        "outputs": [{"output_type": "stream", "name": "stdout", "text": printed}] if printed else [],
    }


def write_hand_in(source: Path, folder: Path) -> Path:
    """Lay a hand-in into the new folder `folder`: its files, and of `NAME.ipynb.py` the notebook `NAME.ipynb`."""
    for path in sorted(source.rglob("*")):
        if not path.is_file():
            continue
        copy = folder / path.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        if path.name.endswith(SUFFIX):
            text = notebook_of(path.read_text(encoding="utf-8"))
            copy.with_name(path.name.removesuffix(".py")).write_text(text, encoding="utf-8")
        else:
            copy.write_bytes(path.read_bytes())
    return folder
