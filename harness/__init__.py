"""Grades hand-ins on neural networks: record in a sandbox, train in trusted code, measure, check, explain.

In a notebook, `harness.check()` checks that very notebook, and `%load_ext harness` gives `%harness check`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.notebook import check as check

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """`harness.check`, imported when it is asked for: `import harness` itself imports nothing."""
    if name == "check":
        from harness.notebook import check

        return check
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def load_ipython_extension(shell: Any) -> None:
    """What `%load_ext harness` calls."""
    from harness.notebook.magic import register

    register(shell)
