"""Hand-ins that cannot lie in a repository: pipes and the like."""

from __future__ import annotations

import os
from pathlib import Path

from attacks.listed import Builder


def fifo(folder: Path) -> Path:
    """A folder with code and a named pipe."""
    (folder / "work.py").write_text("print('ran')\n", encoding="utf-8")
    os.mkfifo(folder / "predictions.npy")
    return folder


BUILDERS: dict[str, Builder] = {"D20_fifo_handed_in": fifo}
