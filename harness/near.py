"""Names that are not known, and what somebody may have meant by them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from harness.text import clean

MOST = 8  # names in one message


class UnknownName(ValueError):
    """A hand-in, a task or a check that is not there: the message says which ones are near."""


def near(name: str, known: Iterable[str]) -> str:
    """The end of a message about an unknown name: "did you mean 2C.accuracy?", or what there is."""
    known = list(known)
    folded = {one.casefold(): one for one in reversed(known)}
    close = [folded[one] for one in difflib.get_close_matches(name.casefold(), folded, 3, 0.6)]
    if close:
        return f"did you mean {' or '.join(clean(one, 100) for one in close)}?"
    shown = ", ".join(clean(one, 100) for one in known[:MOST])
    more = f" and {len(known) - MOST} more" if len(known) > MOST else ""
    return f"there are {shown}{more}" if known else "there are none"
