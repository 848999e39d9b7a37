"""The pytest plugin: checks of an assignment run as tests and end as points.

    pytest reference/ASSIGNMENT --submission PATH

records, trains and measures the submission, then hands each check the evidence. `harness grade` runs the same
checks on evidence that it has already (`run_checks`).
"""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from harness import assets
from harness.assignment import Assignment, load
from harness.checking import CheckSpec, Ending, Verdict
from harness.evidence import Evidence
from harness.results import CheckResult, Outcome

_SPEC = pytest.StashKey[CheckSpec]()
_VERDICT = pytest.StashKey[Verdict]()
NOT_LOOKED_AT = "Not looked at, because an earlier check did not pass"
"""How the message of a check begins whose prerequisite did not pass."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of a checking run."""
    group = parser.getgroup("harness")
    group.addoption("--submission", metavar="PATH", help="the hand-in that the checks are about")
    group.addoption("--grading-data", default="auto", help="auto, mnist, fashion_mnist or digits")
    group.addoption("--profile", default="quick", choices=("quick", "full"), help="how much work to spend")
    group.addoption("--device", default="auto", choices=("auto", "cpu", "gpu"), help="where to train")
    group.addoption("--allow-unisolated", action="store_true", help="run student code without a sandbox")


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, and the grading itself where a submission is named."""
    config.addinivalue_line("markers", "check(task, points, after=()): a check and what it is worth")
    path = config.getoption("--submission")
    if path:
        # As reference/pytest.ini has them, which pytest passes over where the submission lies in the same checkout.
        config.addinivalue_line("python_files", "check_*.py")
        config.addinivalue_line("python_functions", "check_*")
        config.addinivalue_line("filterwarnings", "default")
        from harness.classroom import evidence_for_pytest

        folder = Path(config.args[0].split("::")[0])
        options = config.option
        try:
            assignment = load(str(folder if folder.is_dir() else folder.parent))
            evidence = evidence_for_pytest(
                assignment, Path(path), options.grading_data, options.profile, options.device,
                options.allow_unisolated,
            )  # fmt: skip
        except Exception as error:
            raise pytest.UsageError(f"{path} cannot be graded: {type(error).__name__}: {error}") from error
        config.pluginmanager.register(Checks(assignment, evidence), "harness-checks")


class Checks:
    """Runs one submission's checks and keeps their results, in the order of the tasks.

    `whole`: all of the assignment's checks are there, so that one which others wait for must be too.
    """

    def __init__(self, assignment: Assignment, evidence: Evidence, whole: bool = False) -> None:
        self._assignment = assignment
        self._evidence = evidence
        self._whole = whole
        self.results: dict[str, CheckResult] = {}
        self.problems: list[str] = []

    @pytest.fixture
    def evidence(self) -> Evidence:
        """All that is known about the submission."""
        return self._evidence

    @pytest.fixture
    def assignment(self) -> Assignment:
        """The assignment: its tasks, thresholds and figures."""
        return self._assignment

    @pytest.fixture
    def verdict(self, request: pytest.FixtureRequest) -> Verdict:
        """Where a check notes measurements, thresholds and what was seen."""
        verdict: Verdict = request.node.stash.setdefault(_VERDICT, Verdict())
        return verdict

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Read the markers and put checks in the order of the tasks, each after those it depends on."""
        for item in items:
            marker = item.get_closest_marker("check")
            function = getattr(item, "function", None)
            if marker is None or function is None or len(marker.args) != 2:
                raise self._wrong(f"{item.nodeid} is not marked @pytest.mark.check(task, points)")
            task, points = marker.args
            if task not in self._assignment.tasks:
                raise self._wrong(f"{item.nodeid}: the assignment has no task {task!r}")
            item.stash[_SPEC] = CheckSpec.of(function, task, points, tuple(marker.kwargs.get("after", ())))
        scale = self._scales(items)
        for item in items:
            spec = item.stash[_SPEC]
            item.stash[_SPEC] = CheckSpec(
                spec.id, spec.task, spec.points * scale[spec.task], spec.title, spec.version, spec.after
            )
        order = list(self._assignment.tasks)
        items.sort(key=lambda item: order.index(item.stash[_SPEC].task))
        items[:] = self._each_after_its_own(items)

    def _each_after_its_own(self, items: list[pytest.Item]) -> list[pytest.Item]:
        """The items in their order, but each after those whose ids its `after` lists."""
        by_id: dict[str, pytest.Item] = {}
        for item in items:
            name = item.stash[_SPEC].id
            if name in by_id:
                raise self._wrong(f"{item.nodeid}: two checks have the id {name!r}")
            by_id[name] = item
        placed: dict[str, pytest.Item] = {}
        waiting: list[str] = []

        def place(name: str) -> None:
            if name in placed:
                return
            if name in waiting:
                raise self._wrong(f"the checks wait for each other: {', '.join(waiting[waiting.index(name) :])}")
            waiting.append(name)
            for other in by_id[name].stash[_SPEC].after:
                if other in by_id:
                    place(other)
                elif self._whole:
                    raise self._wrong(f"{name}: it comes after {other!r}, and there is no such check")
            waiting.pop()
            placed[name] = by_id[name]

        for name in by_id:
            place(name)
        return list(placed.values())

    def _wrong(self, problem: str) -> pytest.UsageError:
        """The assignment's author has made a mistake; kept for `run_checks`, where pytest prints nothing."""
        self.problems.append(problem)
        return pytest.UsageError(problem)

    def _scales(self, items: list[pytest.Item]) -> dict[str, float]:
        """How a task's checks share what `assignment.toml` gives the machine, whatever that was changed to."""
        sums: dict[str, float] = {}
        for item in items:
            spec = item.stash[_SPEC]
            sums[spec.task] = sums.get(spec.task, 0.0) + spec.points
        return {
            task: self._assignment.tasks[task].machine / total if total else 0.0 for task, total in sums.items()
        }

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Skip a check whose prerequisite did not pass; its result says which."""
        spec = item.stash[_SPEC]
        for other in spec.after:
            before = self.results.get(other)
            if before is None or before.outcome in (Outcome.PASSED, Outcome.PARTIAL):
                continue
            same = before.outcome in (Outcome.NOT_ATTEMPTED, Outcome.MANUAL)
            outcome = before.outcome if same else Outcome.NOT_MEASURED
            message = f"{NOT_LOOKED_AT}: {before.title}"
            self._keep(
                spec.result(Verdict(), None).model_copy(
                    update={
                        "outcome": outcome,
                        "cause": before.cause,
                        "points": before.points if before.points is None else 0.0,
                        "message": before.message if outcome is Outcome.MANUAL else message,
                        "where": before.where,
                    }
                )
            )
            pytest.skip(f"{other} did not pass")

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Turn how a check ended into its result, and its report into the sentence of the result."""
        report = yield
        spec = item.stash[_SPEC]
        error = call.excinfo.value if call.excinfo else None
        skipped_by_us = isinstance(error, pytest.skip.Exception) and spec.id in self.results
        if skipped_by_us or call.when == "teardown":
            return report
        if error is None and call.when == "setup":
            return report
        result = spec.result(item.stash.get(_VERDICT, Verdict()), error)
        self._keep(result)
        if isinstance(error, Ending):
            sentence = f"{result.outcome}: {result.message}\n{result.hint}".rstrip()
            if result.outcome is Outcome.MANUAL:
                report.outcome, report.longrepr = "skipped", (str(item.path), 0, sentence)
            else:
                report.longrepr = sentence
        return report

    def _keep(self, result: CheckResult) -> None:
        self.results[result.id] = result

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Remember a check file that could not be imported."""
        if report.failed:
            self.problems.append(f"{report.nodeid}: {report.longreprtext}")

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """A line a check, with its points."""
        terminalreporter.section("checks")
        for result in self.results.values():
            points = "–" if result.points is None else f"{result.points:g}"
            terminalreporter.line(f"{result.outcome:<14} {points:>5} / {result.max_points:g}  {result.id}")


class ChecksFailed(RuntimeError):
    """The checks themselves could not be run: the fault of the assignment or the harness."""


def run_checks(assignment: Assignment, evidence: Evidence) -> tuple[CheckResult, ...]:
    """Run an assignment's checks on evidence, quietly. Raises ChecksFailed where pytest itself could not."""
    checks = Checks(assignment, evidence, whole=True)
    before = os.environ.get("PYTEST_DISABLE_PLUGIN_AUTOLOAD")
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # what else is installed must not change a verdict
    try:
        code = pytest.main(
            [
                str(assignment.folder), "-c", str(assets.folder("reference") / "pytest.ini"),
                f"--rootdir={assignment.folder.parent}", "-p", "no:terminal", "-p", "no:faulthandler",
                "-p", "no:unraisableexception",  # it collects garbage for longer than the checks take
            ],
            plugins=[checks],
        )  # fmt: skip
    finally:
        if before is None:
            del os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"]
        else:
            os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = before
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED) or checks.problems:
        raise ChecksFailed(f"pytest ended with {code!s}: " + "; ".join(checks.problems)[:2000])
    return tuple(checks.results.values())
