"""Where reference/ and templates/ lie: beside the package in a checkout, inside it (`_assets`) in a wheel."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


def folder(name: str) -> Path:
    """The folder `reference` or `templates`. Raises FileNotFoundError where the installation lacks it."""
    for base in (PACKAGE / "_assets", PACKAGE.parent):
        if (base / name).is_dir():
            return base / name
    raise FileNotFoundError(f"the installation lacks its folder {name!r}: install the package again")
