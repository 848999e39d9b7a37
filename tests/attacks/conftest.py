"""What the attack suite shares: its cases graded once, and the honest hand-in before anyone attacked."""

from __future__ import annotations

import os

import pytest
from attacks.listed import every_case
from attacks.suite import Graded, Observed, grade_cases, grade_honest, that_run_here

from harness.results import Result
from harness.sandbox import probe

collect_ignore = ["cases", "honest"]  # some hand in a conftest.py


@pytest.fixture(scope="session")
def wall() -> None:
    """Skips without a sandbox: the suite is about it."""
    problem = probe()
    if problem and "bubblewrap" in os.environ.get("HARNESS_REQUIRE", ""):
        pytest.fail(f"bubblewrap is required here: {problem}")
    if problem:
        pytest.skip(problem)


@pytest.fixture(scope="session")
def before(wall: None, tmp_path_factory: pytest.TempPathFactory) -> Result:
    """The honest hand-in, graded alone."""
    return grade_honest(tmp_path_factory.mktemp("honest"))


@pytest.fixture(scope="module")
def graded(request: pytest.FixtureRequest, before: Result, tmp_path_factory: pytest.TempPathFactory) -> Graded:
    """The cases that were asked for, as one class. It comes after `before`, so that what the harness itself imports
    is in memory when that is measured."""
    items = [one for one in request.session.items if one.path == request.path and isinstance(one, pytest.Function)]
    asked = {one.callspec.params["name"] for one in items if hasattr(one, "callspec")}
    chosen = [case for name, case in every_case().items() if name in asked]
    return grade_cases(that_run_here(chosen), tmp_path_factory.mktemp("class"))


@pytest.fixture
def observed(name: str, graded: Graded) -> Observed:
    """The case `name`, when it was graded."""
    if name not in graded.cases:
        pytest.skip("no control group can be made here (`harness doctor` says why)")
    return graded.cases[name]
