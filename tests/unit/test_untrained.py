"""A check that trains nothing: what structure tells is told as ever, the rest waits and is nobody's fault."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from evidence import complete, evidence, mlp, sweep

from harness import stages
from harness.assignment import load
from harness.bench import Folder
from harness.dryrun import DryRun
from harness.evidence import Evidence
from harness.exports.junit import junit
from harness.findings import find
from harness.outputs import judge
from harness.plugin import run_checks
from harness.report import next_steps, render_scorecard
from harness.results import Cause, Outcome
from harness.stages import HandIn
from harness.untrained import LEFT_OUT, needed_by, untrained

A7 = load("dat405_a7")
NEED_TRAINING = {
    "2C.accuracy", "3A.accuracy", "4A.reconstruction", "4C.gain", "4D.decoder", "4D.digits",
}  # fmt: skip


def before_training(whole: Evidence) -> Evidence:
    """What is known of a hand-in when it was recorded and looked at."""
    fits = {name: fit.model_copy(update={"runs": ()}) for name, fit in whole.fits.items()}
    return untrained(whole.model_copy(update={"fits": fits, "denoising": None, "generation": None}))


def test_only_what_needs_weights_waits():
    trained = complete(A7)
    structure = before_training(trained)
    told = {check.id: check for check in run_checks(A7, trained)}
    before = {check.id: check for check in run_checks(A7, structure)}
    assert {name for name, check in before.items() if check.cause is Cause.NOT_TRAINED} == NEED_TRAINING
    compared = before.pop("2D.comparison")  # it has no points, and figures only after training
    assert (compared.outcome, compared.measurements) == (told["2D.comparison"].outcome, ())
    assert {name: check for name, check in before.items() if name not in NEED_TRAINING} == {
        name: told[name] for name in before if name not in NEED_TRAINING
    }
    assert find(A7, structure) == find(A7, trained)


def test_what_waits_has_no_points_yet_and_has_not_failed():
    result = judge(A7, before_training(complete(A7)))
    waiting = [check for check in result.checks if check.cause is Cause.NOT_TRAINED]
    assert {check.points for check in waiting} == {None}
    assert all(LEFT_OUT in check.message or "earlier check" in check.message for check in waiting)
    assert result.exit_code == 0
    assert next_steps(result) == [], "there is nothing that a student could do about it"
    assert b"<failure" not in junit(result)
    assert b"<error" not in junit(result)


def test_a_task_is_what_is_known_of_it():
    result = judge(A7, before_training(complete(A7)))
    tasks = {task.id: (task.outcome, task.cause) for task in result.tasks}
    assert tasks["2A"] == (Outcome.PASSED, None)
    assert tasks["2C"] == (Outcome.NOT_MEASURED, Cause.NOT_TRAINED)
    short = judge(A7, before_training(complete(A7, mlp=mlp(epochs=2))))
    assert next(task for task in short.tasks if task.id == "2C").outcome is Outcome.PARTIAL
    assert short.exit_code == 1


def test_the_scorecard_says_that_training_was_left_out_and_blames_nobody():
    page = render_scorecard(judge(A7, before_training(complete(A7))))
    assert "(2C, 3A, 4A, 4C, 4D: training was left out of this check)" in page
    assert "fault of the harness" not in page
    assert "ask a person about this" not in page, "nobody has to be asked about it"


def test_a_reason_of_its_own_comes_first():
    """What is wrong with a network, or with us, is told and not that it was not trained."""
    refused = mlp()
    refused.evidence.__dict__.update(problem="it is too large", cause=Cause.REFUSED)
    result = judge(A7, before_training(evidence(A7, refused, *sweep())))
    accuracy = next(check for check in result.checks if check.id == "2C.accuracy")
    assert (accuracy.cause, "too large" in accuracy.message) == (Cause.REFUSED, True)
    broken = mlp()
    broken.evidence.__dict__.update(problem="the trainer ended", cause=Cause.HARNESS_FAULT)
    assert judge(A7, before_training(evidence(A7, broken))).exit_code == 3


@pytest.mark.parametrize(
    ("only", "needed"),
    [
        (["2D"], ["2D"]),
        (["2C", "2D"], ["2C", "2D"]),
        (["4A"], ["2C", "3A", "4A"]),  # what a denoiser gains a classifier needs one
        (["4D"], ["2C", "3A", "4A", "4D"]),  # the decoder of 4A, and who tells its digits
        (["2D", "4C"], ["2C", "2D", "3A", "4A", "4D"]),  # 4C has no network of its own
    ],
    ids=str,
)
def test_what_is_trained_for_some_tasks(only, needed):
    assert sorted(needed_by(A7, only)) == needed


def test_training_is_left_out_of_what_the_tasks_that_are_asked_about_do_not_need(monkeypatch):
    """As a hand-in is looked at: what is trained is planned from this evidence."""
    whole = complete(A7)
    planned = []
    making = SimpleNamespace(inspect=lambda *_: whole)
    monkeypatch.setattr(stages, "grader", lambda _bench: making)
    monkeypatch.setattr(stages, "recorded", lambda *_: DryRun())
    monkeypatch.setattr(stages, "_trainings", lambda _making, evidence, _run: planned.append(evidence) or {})
    for only in ((), ("2D",)):
        bench = SimpleNamespace(assignment=A7, setup=SimpleNamespace(only=only), tell=lambda _event: None)
        seen = stages.look(bench, HandIn(whole.submission, Folder(Path())))
        assert not seen.fault
        assert seen.evidence is planned[-1]
    everything, for_2d = planned
    assert everything == whole
    left = {name for name, one in for_2d.fits.items() if one.cause is Cause.NOT_TRAINED}
    assert left == set(whole.fits) - set(whole.matches["2D"].fits)
    assert {for_2d.fits[name].problem for name in left} == {LEFT_OUT}
