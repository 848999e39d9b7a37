"""Classes that are graded in tests, and what of their results must be equal however they were graded."""

from __future__ import annotations

from typing import Any

from harness.results import Result

_OF_THE_RUN = ("provenance", "timing")
_OF_A_TRAINING = ("seconds", "cached", "kept")


def normal(result: Result) -> Any:
    """A result as plain data without what may differ between two gradings of the same work: when, where and how
    long it was graded, and which runs were kept from before. Everything else is equal, to the last digit."""
    plain = result.model_dump(mode="json", exclude=set(_OF_THE_RUN))
    return _without(plain)


def _without(plain: Any) -> Any:
    if isinstance(plain, dict):
        return {name: _without(value) for name, value in plain.items() if name not in _OF_A_TRAINING}
    return [_without(one) for one in plain] if isinstance(plain, list) else plain
