"""Figures that were drawn before, in the store: named by what is drawn, and by what draws it.

So a page whose figures are all kept does not import matplotlib.
"""

from __future__ import annotations

import importlib.metadata
import sys
from collections.abc import Callable
from typing import Annotated, Any, ParamSpec

from pydantic import BaseModel, StringConstraints

from harness import identity
from harness.recording import Strict
from harness.store import Store

CODE = ("figures", "class_figures", "dots", "svg", "text", "gates", "stats")
"""Everything that a figure is drawn with; a change in it is a miss."""

P = ParamSpec("P")


class KeptFigure(Strict):
    """A figure as the page takes it; "" where there was nothing to draw."""

    svg: Annotated[str, StringConstraints(pattern=r"^(<svg |$)")]


class KeptFigures:
    """Figures in a store; without a store each is drawn anew."""

    def __init__(self, store: Store | None = None) -> None:
        self._store = store
        self._drawn_by: list[str] = []
        if store is not None:
            self._drawn_by = [identity.of_source(CODE), importlib.metadata.version("matplotlib"), sys.version]

    def of(self, draw: Callable[P, str], *data: P.args, **named: P.kwargs) -> str:
        """What `draw`, of a module of CODE, gives for this data: kept, or drawn now and kept."""
        if self._store is None:
            return draw(*data, **named)
        key = identity.of_values(draw.__name__, [_plain(each) for each in data], _plain(named), self._drawn_by)
        found = self._store.get("figure", key, KeptFigure)
        if found is not None:
            return found[0].svg
        svg = draw(*data, **named)
        self._store.put("figure", key, KeptFigure(svg=svg))
        return svg


def _plain(value: Any) -> Any:
    """Values of a result as JSON can hold them."""
    if isinstance(value, BaseModel):
        return value.model_dump()
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value
