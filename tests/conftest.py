"""What every tier is held to: unit tests import no TensorFlow, and what HARNESS_REQUIRE names is never skipped.

HARNESS_REQUIRE lists what must be there, such as "bubblewrap mnist browser"; elsewhere their tests are skipped.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from hypothesis import settings

TIERS = ("end_to_end", "mnist", "browser", "nightly")  # what bears none of these markers is a unit test
FRAMEWORKS = ("tensorflow", "keras", "jax")
# On a busy machine an example takes any time: no test is about that.
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")
# What these assert is told as what a test asserts is: with all that differs.
pytest.register_assert_rewrite(
    "attacks.invariants",
    "examples",
    "unit.cli_sample",
    "unit.handed_in",
    "unit.page_reader",
    "unit.saved_models_sample",
)


def missing(what: str, reason: str) -> None:
    """Skip the running test, which needs `what`; where HARNESS_REQUIRE names it, fail."""
    if what in os.environ.get("HARNESS_REQUIRE", "").split():
        pytest.fail(f"HARNESS_REQUIRE names {what}: {reason}", pytrace=False)
    pytest.skip(reason)


def frameworks() -> list[str]:
    """The frameworks that this process has imported."""
    return [name for name in FRAMEWORKS if name in sys.modules]


def is_unit(item: pytest.Item) -> bool:
    """Whether this test is of the fast tier."""
    return not any(item.get_closest_marker(tier) for tier in TIERS)


def pytest_configure() -> None:
    """What the tests start is no worker of pytest-xdist's: pytest-benchmark measures nothing in one."""
    os.environ.pop("PYTEST_XDIST_WORKER", None)


def pytest_collection_finish(session: pytest.Session) -> None:
    if frameworks() and session.items and all(is_unit(item) for item in session.items):
        # Not a UsageError: of that, a process that pytest-xdist started tells nothing.
        session.shouldfail = f"a unit test's module imports {frameworks()}: unit tests do without"


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("mnist"):
        folder = os.environ.get("HARNESS_DATA")
        if not folder:
            missing("mnist", "HARNESS_DATA is not set to a folder with mnist.npz")
        elif not (Path(folder) / "mnist.npz").is_file():
            missing("mnist", f"HARNESS_DATA has no file {Path(folder) / 'mnist.npz'}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item):
    before = frameworks()
    result = yield
    if is_unit(item) and frameworks() != before:
        pytest.fail(f"this unit test imports {frameworks()}: unit tests do without", pytrace=False)
    return result
