"""How reliable the quick profile's forecasts are: the same hand-ins graded in quick and in full, side by side."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from pathlib import Path
from typing import TypeGuard

from harness import provenance
from harness.assignment import Assignment, AssignmentError
from harness.calibrated import Forecasts
from harness.files import write_atomically
from harness.gates import Forecast, Record
from harness.outputs import RESULT
from harness.results import CheckResult, Outcome, Result, load


class ForecastsError(AssignmentError):
    """Graded folders that cannot be compared: the fault of whoever named them."""


def compare(quick: Sequence[Result], full: Sequence[Result]) -> dict[Forecast, Record]:
    """Of each forecast in quick, how often the same check of the same hand-in passed in full.

    Checks that in full are left to a person, or were not measured, are left out.
    """
    ends = {(result.submission.sha256, check.id): check for result in full for check in result.checks}
    told: dict[Forecast, list[bool]] = {}
    for result in quick:
        for check in result.checks:
            end = ends.get((result.submission.sha256, check.id))
            if check.judged is not None and check.judged.forecast is not None and _decided(end):
                told.setdefault(check.judged.forecast, []).append(end.outcome is Outcome.PASSED)
    return {forecast: Record(told=len(ends), passed=sum(ends)) for forecast, ends in told.items()}


def _decided(check: CheckResult | None) -> TypeGuard[CheckResult]:
    return check is not None and check.outcome in (Outcome.PASSED, Outcome.PARTIAL, Outcome.FAILED)


def measure(assignment: Assignment, quick: Path, full: Path) -> Forecasts:
    """What two folders of graded hand-ins say, the same ones in both profiles. Raises ForecastsError where they are
    not of this assignment, or not of one data set, or have nothing in common."""
    results = {name: _graded(folder, assignment, name) for name, folder in (("quick", quick), ("full", full))}
    datasets = {result.dataset.name for found in results.values() for result in found}
    if len(datasets) != 1:
        raise ForecastsError(f"{quick} and {full} are of several data sets: {', '.join(sorted(datasets))}")
    records = compare(results["quick"], results["full"])
    if not records:
        raise ForecastsError(f"{quick} and {full} have no forecast of the same check of one hand-in")
    return Forecasts(
        assignment=assignment.id,
        dataset=datasets.pop(),
        records={forecast: records[forecast] for forecast in Forecast if forecast in records},
        provenance={
            "command": f"harness forecasts {assignment.id} QUICK FULL",
            "hand_ins": sorted({result.submission.name for result in results["quick"]}),
            "time": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            "assignment_version": assignment.version,
            "commit": provenance.commit(),
        },
    )


def write(assignment: Assignment, forecasts: Forecasts) -> Path:
    """Write `calibration/forecasts-<dataset>.json`, by which the scorecard says how reliable a forecast is; gives
    its path."""
    path = assignment.folder / "calibration" / f"forecasts-{forecasts.dataset}.json"
    path.parent.mkdir(exist_ok=True)
    write_atomically(path, forecasts.model_dump_json(indent=1).encode() + b"\n")
    return path


def _graded(folder: Path, assignment: Assignment, profile: str) -> list[Result]:
    found = []
    for path in sorted(folder.glob(f"*/{RESULT}")):
        try:
            result = load(path)
        except ValueError as error:
            first = str(error).splitlines()[0]
            raise ForecastsError(f"{path}: is no result of this version of the harness ({first})") from None
        if (result.assignment.id, result.profile) != (assignment.id, profile):
            raise ForecastsError(
                f"{path}: is of {result.assignment.id} in {result.profile}, not {assignment.id} in {profile}"
            )
        found.append(result)
    if not found:
        raise ForecastsError(f"{folder}: there is no graded hand-in; grade them with --profile {profile}")
    return found
