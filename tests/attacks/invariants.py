"""What must be true after every case, whatever it did: I1 to I8 of the list, each a function.

I8 (the same verdict three times over and in parallel) is `test_again.py`'s.
"""

from __future__ import annotations

import csv
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path

from attacks.pages import problems
from attacks.suite import THROUGH, Graded, Observed

from harness.results import Cause, Outcome, Result
from harness.worker.run_delay import PATIENCE

SLACK_SECONDS = 2.0  # of the list; the run's own clock is held to it
START_AND_END_SECONDS = 20.0  # what starting and killing may cost on a busy machine
MEMORY_BYTES = 200 * 2**20


def i1_a_whole_result(observed: Observed) -> None:
    """The grader wrote a valid scorecard, and nothing of it is our fault."""
    result = observed.result
    assert (observed.folder / "scorecard.html").stat().st_size > 10_000
    assert not (observed.folder / "fault.txt").exists(), (observed.folder / "fault.txt").read_text(encoding="utf-8")
    assert result.exit_code in (0, 1), [check.message for check in result.checks]
    assert observed.evidence.cause is not Cause.HARNESS_FAULT, observed.evidence.problem
    left = any(
        check.outcome is Outcome.MANUAL for check in result.checks
    )  # to a person, as a whole other framework
    assert result.machine_points is not None or left


def i2_nothing_said_earns(observed: Observed) -> None:
    """Points are those of what may be earned, and accuracy comes from our own runs alone."""
    allowed = observed.case.expected.earns
    too_much = {task: value for task, value in observed.earned.items() if value > allowed.get(task, 0.0) + 1e-9}
    assert not too_much, f"earned {too_much}, allowed {allowed}"
    for card in observed.result.models:
        runs = observed.evidence.fits[card.fit].runs
        assert card.accuracy is None or (runs and all(run.trainer for run in runs))


def i3_no_process_left(observed: Observed) -> None:
    """When the run had returned, no process of it was alive."""
    for run in observed.runs:
        assert run.left == ()


def i5_no_secret(observed: Observed, canary: str) -> None:
    """What lies beside the labels and in the harness's environment is in nothing that came out."""
    assert canary not in observed.printed
    assert canary not in observed.evidence.model_dump_json()
    for path in observed.folder.rglob("*"):
        assert not path.is_file() or canary.encode() not in path.read_bytes(), path
    assert THROUGH not in observed.printed, observed.printed[-3000:]


def i6_bounded(observed: Observed) -> None:
    """Runs end at their limit, and what they send does not fill our memory. What a run waited for a processor, on a
    machine that is busy with other tests, is not counted, and is no more than PATIENCE allows."""
    for run in observed.runs:
        assert run.run is not None
        limit = run.limits.seconds + run.run.waited
        assert limit <= PATIENCE * run.limits.seconds + 0.01  # as floating point has it
        assert run.run.seconds <= limit + SLACK_SECONDS
        assert run.seconds <= limit + START_AND_END_SECONDS
        assert run.growth < MEMORY_BYTES


def i7_clean_views(observed: Observed) -> None:
    """The page carries no script but its own and loads nothing; XML and JSON can be read."""
    assert problems((observed.folder / "scorecard.html").read_text(encoding="utf-8")) == []
    ElementTree.fromstring((observed.folder / "junit.xml").read_bytes())


OF_A_CASE: tuple[Callable[[Observed], None], ...] = (
    i1_a_whole_result,
    i2_nothing_said_earns,
    i3_no_process_left,
    i6_bounded,
    i7_clean_views,
)


def after_a_case(observed: Observed, canary: str) -> None:
    """All of them for one case."""
    for invariant in OF_A_CASE:
        invariant(observed)
    i5_no_secret(observed, canary)


# --- of the whole class


def i1_honest_as_before(graded: Graded, before: Result) -> None:
    """The honest hand-in, graded after all of them by the same process, gets what it got before them."""
    assert before.machine_points, before.problem
    now, then = verdicts(graded.honest), verdicts(before)
    different = {check: (then.get(check), value) for check, value in now.items() if then.get(check) != value}
    assert now == then, different or now.keys() ^ then.keys()


def i4_nothing_changed(graded: Graded) -> None:
    """Harness, packages, data and other hand-ins are as they were, nothing lies where it may not, and no
    socket of the machine was called."""
    assert graded.changed == ()
    assert graded.called == ()


def i7_clean_class_views(graded: Graded) -> None:
    """The class page, the table of marks and the terminal."""
    assert problems((graded.out / "index.html").read_text(encoding="utf-8")) == []
    assert "\x1b" not in graded.terminal
    assert not any(character in graded.terminal for character in "\x00\x07\x08\x9b\u202e\u2066")
    for name in ("grades.csv", "matches.csv"):
        _no_formulas(graded.out / name)


def _no_formulas(path: Path) -> None:
    with path.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.reader(file):
            for cell in row:
                number = cell.lstrip("+-").replace(".", "").isdigit()
                assert number or not cell.startswith(("=", "+", "-", "@", "\t", "\r")), cell


def verdicts(result: Result) -> dict[str, tuple[object, ...]]:
    """All that a result decides and measures, by check, without its times."""
    return {
        check.id: (check.outcome, check.cause, check.points, check.measurements, check.judged)
        for check in result.checks
    }
