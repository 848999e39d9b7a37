"""Small notebooks as text, for tests: `notebook("x = 1", md("# Answer"))` is what Jupyter would save."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def code(text: str, *printed: str) -> dict[str, Any]:
    """A code cell, with saved standard output."""
    outputs = [{"output_type": "stream", "name": "stdout", "text": part} for part in printed]
    return {"cell_type": "code", "source": text, "metadata": {}, "execution_count": None, "outputs": outputs}


def md(text: str) -> dict[str, Any]:
    """A markdown cell."""
    return {"cell_type": "markdown", "source": text, "metadata": {}}


def notebook(*cells: str | dict[str, Any], **fields: Any) -> str:
    """A notebook of format 4.4; strings are code cells. `fields` are laid over its top level."""
    made = [code(cell) if isinstance(cell, str) else cell for cell in cells]
    return json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": made} | fields)


def notebook_3(*cells: str) -> str:
    """A notebook of format 3, as IPython 1 and 2 saved them: worksheets, `input` in place of `source`."""
    made = [
        {
            "cell_type": "code",
            "language": "python",
            "input": cell,
            "outputs": [],
            "metadata": {},
            "collapsed": False,
        }
        for cell in cells
    ]
    return json.dumps(
        {"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": ""}, "worksheets": [{"cells": made}]}
    )


def write(folder: Path, files: dict[str, str | bytes]) -> Path:
    """Lay a hand-in into `folder`: paths to texts or bytes."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder
