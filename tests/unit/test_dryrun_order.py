"""The order in which a notebook is recorded, and the time that this may take."""

from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest
from evidence import fit
from hypothesis import given
from hypothesis import strategies as st

from harness import dryrun
from harness.dryrun import DryRun, better, interpret, record, told_another_order
from harness.recording import CellError, Finding, Recording, SourceRecord, Where
from harness.results import Cause
from harness.sandbox import Ended, Frames, SandboxRun
from harness.worker.contract import Contract


def test_a_run_whose_time_was_over_says_so():
    error = CellError(where=Where(file="a.ipynb", cell=3), type="RunTimeout", message="over", kind="timeout")
    cut = Recording(kind="notebook", errors=(error,), seconds=45.2).model_dump_json().encode()
    made = interpret(SandboxRun(Frames(cut, {}), Ended.FINISHED, seconds=50.0))
    assert made.interrupted == "The code ran longer than 45 s although training takes no time here."
    assert made.cause is Cause.TIMEOUT


# --- the order in which cells run


def sources(*counts, file="a.ipynb", text="x"):
    return [
        SourceRecord(where=Where(file=file, cell=cell), count=count, text=text)
        for cell, count in enumerate(counts, 1)
    ]


@pytest.mark.parametrize(
    ("counts", "told"),
    [
        ((), False),
        ((1, 2, 3), False),
        ((4, 9, 11), False),
        ((None, None), False),
        ((1, 2, None), False),
        ((3, 3, 3), False),
        ((2, 1), True),
        ((1, None, 2), True),
        ((None, 1), True),
        ((5, 5, 4), True),
    ],
)
def test_which_counts_tell_another_order(counts, told):
    assert told_another_order(sources(*counts)) is told


def test_empty_cells_and_scripts_tell_no_order():
    assert not told_another_order([*sources(None, text=" \n"), *sources(1)])
    assert not told_another_order([SourceRecord(where=Where(file="a.py"), count=2, text="x"), *sources(1)])
    assert not told_another_order([*sources(5, 6), *sources(1, 2, file="b.ipynb")])


@given(st.lists(st.none() | st.integers(0, 5)))
def test_another_order_is_told_where_sorting_moves_a_cell(counts):
    order = sorted(range(len(counts)), key=lambda cell: (counts[cell] is None, counts[cell] or 0))
    assert told_another_order(sources(*counts)) is (any(counts) and order != list(range(len(counts))))


def seen(*codes, fits=1, complete=True, order="document", seconds=1.5):
    findings = tuple(Finding(code=code, message=f"{code} {number}") for number, code in enumerate(codes))
    return DryRun(
        Recording(
            kind="notebook",
            complete=complete,
            order=order,
            seconds=seconds,
            fits=(fit(),) * fits,
            findings=findings,
            sources=tuple(sources(2, 1)),
        )
    )


EARLY, NOWHERE, OTHER = "run-out-of-order", "undefined-name", "keras2-name"


def test_the_order_that_leaves_fewer_names_counts():
    chosen = better(seen(EARLY, OTHER), seen(OTHER, order="executed"))
    assert chosen.recording.order == "executed"
    assert [finding.code for finding in chosen.recording.findings] == [EARLY, OTHER]


@pytest.mark.parametrize(
    "second",
    [
        seen(NOWHERE, order="executed"),
        seen(EARLY, NOWHERE, order="executed"),
        seen(order="executed", fits=0),
        seen(order="executed", complete=False),
        DryRun(problem="The sandbox ended it."),
    ],
)
def test_from_top_to_bottom_counts_where_nothing_is_gained(second):
    first = seen(EARLY)
    assert better(first, second) is first


@dataclass
class Box:
    """A sandbox that answers each order with a recording, and notes what it was asked."""

    answers: dict
    jobs: list = field(default_factory=list)

    def run(self, job, folder, npz, limits):
        self.jobs.append((job, limits.seconds))
        text = self.answers[job["order"]].recording.model_dump_json().encode()
        return SandboxRun(Frames(text, {}), Ended.FINISHED, seconds=1.0)


ASSIGNMENT = SimpleNamespace(contract=Contract(), dataset="mnist")


def test_a_second_run_only_where_it_can_help(tmp_path):
    for first in (seen(OTHER, fits=0), seen(fits=0)):  # fits would have to stand in the empty folder
        box = Box({"document": first})
        assert record(box, tmp_path, ASSIGNMENT, tmp_path).recording == first.recording
    box = Box({"document": seen(EARLY), "executed": seen(order="executed")})
    assert record(box, tmp_path, ASSIGNMENT, tmp_path).recording.order == "executed"
    (first, _), (second, _) = box.jobs
    assert (first["order"], second["order"]) == ("document", "executed")
    assert second["run_seconds"] == first["run_seconds"] - 1.5
    slow = seen(EARLY, seconds=dryrun.RUN_SECONDS - dryrun.SECOND_RUN_SECONDS + 1)
    box = Box({"document": slow})
    record(box, tmp_path, ASSIGNMENT, tmp_path)
    assert len(box.jobs) == 1  # no time for another


def test_the_limits_fit_into_each_other():
    assert dryrun.STATEMENT_SECONDS < dryrun.RUN_SECONDS < dryrun.LIMIT_SECONDS - dryrun.SENDING_SECONDS
    assert dryrun.STATEMENT_SECONDS + dryrun.SENDING_SECONDS < 60  # one loop without end is recorded in a minute
