"""Forecasts of the quick profile beside what became of the same hand-ins in full."""

import pytest
import tiny
from unit.sample_parts import check, task
from unit.sample_results import complete

from harness.assignment import load
from harness.forecasts import ForecastsError, compare, measure, write
from harness.gates import Forecast, Gate
from harness.results import Judged, Outcome, save

GATE = Gate(task="A", nominal=0.97)
TRACK, RISK, SHORT = Forecast


def judged(forecast):
    return Judged(name="validation accuracy", values=(0.97,), gate=GATE, forecast=forecast)


def graded(sha, outcome, forecast=None, profile="full", **changes):
    """A result with one check of a random outcome."""
    one = check("A", outcome, None, 1.0, judged=judged(forecast))
    made = complete()
    about = {
        "profile": profile,
        "tasks": (task("A", outcome, None, 1.0, one),),
        "submission": made.submission.model_copy(update={"sha256": sha, "name": f"group-{sha}"}),
        "assignment": made.assignment.model_copy(update={"id": "tiny"}),
    }
    return made.model_copy(update=about | changes)


def test_forecasts_are_counted_by_what_became_of_them():
    quick = [graded(str(n), Outcome.PASSED, told, "quick") for n, told in enumerate((TRACK, TRACK, RISK, SHORT))]
    full = [
        graded(str(n), end)
        for n, end in enumerate((Outcome.PASSED, Outcome.FAILED, Outcome.PARTIAL, Outcome.FAILED))
    ]
    found = compare(quick, full)
    assert {forecast: (one.passed, one.told) for forecast, one in found.items()} == {
        TRACK: (1, 2), RISK: (0, 1), SHORT: (0, 1),
    }  # fmt: skip


@pytest.mark.parametrize("end", [Outcome.MANUAL, Outcome.NOT_MEASURED, Outcome.NOT_ATTEMPTED])
def test_what_was_not_decided_in_full_is_left_out(end):
    assert compare([graded("1", Outcome.PASSED, TRACK, "quick")], [graded("1", end)]) == {}


def test_another_hand_in_says_nothing():
    assert compare([graded("1", Outcome.PASSED, TRACK, "quick")], [graded("2", Outcome.PASSED)]) == {}


def folders(tmp_path, quick, full):
    for name, results in (("quick", quick), ("full", full)):
        (tmp_path / name).mkdir()
        for one in results:
            (tmp_path / name / one.submission.name).mkdir()
            save(one, tmp_path / name / one.submission.name / "result.json")
    return tmp_path / "quick", tmp_path / "full"


def test_what_is_written_is_what_gates_tell(tmp_path):
    assignment = tiny.assignment(tmp_path)
    given = folders(tmp_path, [graded("1", Outcome.PASSED, TRACK, "quick")], [graded("1", Outcome.PASSED)])
    write(assignment, measure(assignment, *given))
    again = load(str(assignment.folder))
    assert again.gates("mnist", "quick")["A.accuracy"].forecasts[TRACK].told == 1
    assert again.gates("mnist", "full")["A.accuracy"].forecasts == {}
    assert again.gates("digits", "quick")["A.accuracy"].forecasts == {}


@pytest.mark.parametrize(
    ("quick", "full", "said"),
    [
        ([], [graded("1", Outcome.PASSED)], "no graded hand-in"),
        ([graded("1", Outcome.PASSED, TRACK, "full")], [graded("1", Outcome.PASSED)], "not tiny in quick"),
        ([graded("1", Outcome.PASSED, TRACK, "quick")], [graded("2", Outcome.PASSED)], "no forecast of the same"),
    ],
)
def test_folders_that_do_not_fit(tmp_path, quick, full, said):
    with pytest.raises(ForecastsError, match=said):
        measure(tiny.assignment(tmp_path), *folders(tmp_path, quick, full))
