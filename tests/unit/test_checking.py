"""How a check ends becomes its result; the fault decides who loses points."""

import pytest
from evidence import conv2d, evidence, fit, image_input, mlp, model_facts, network

from harness.assignment import load
from harness.checking import (
    CheckSpec,
    Failed,
    ForAPerson,
    NotAttempted,
    NotMeasured,
    Partial,
    Verdict,
    require_network,
)  # fmt: skip
from harness.recording import CellError, Recording, SourceRecord, Where
from harness.results import Cause, Outcome

ASSIGNMENT = load("dat405_a7")
PLACE = Where(file="a.ipynb", cell=2)


def check_the_thing(thing):
    """The thing is
    there.

    More that no student reads.
    """


def check_nameless(thing):
    pass


SPEC = CheckSpec.of(check_the_thing, "2C", 0.6, ("2A.layers",))


def test_a_spec_is_what_marker_and_source_say():
    assert (SPEC.id, SPEC.task, SPEC.points, SPEC.after) == ("2C.the-thing", "2C", 0.6, ("2A.layers",))
    assert SPEC.title == "The thing is there."
    assert len(SPEC.version) == 12
    assert CheckSpec.of(check_nameless, "1", 1, ()).title == "nameless"


def test_the_version_is_of_the_source():
    other = CheckSpec.of(check_nameless, "2C", 0.6, ())
    assert other.version != SPEC.version
    assert CheckSpec.of(check_the_thing, "9", 0.1, ()).version == SPEC.version


def test_returning_is_passing():
    verdict = Verdict()
    verdict.measured("epochs", 10, low=9, high=11, n=3, unit="epochs", how="as given")
    verdict.threshold("asked", 10, "assignment")
    verdict.says("10 epochs.")
    verdict.where = PLACE
    result = SPEC.result(verdict, None)
    assert (result.outcome, result.cause, result.points, result.max_points) == (Outcome.PASSED, None, 0.6, 0.6)
    assert (result.message, result.hint, result.where) == ("10 epochs.", "", PLACE)
    assert result.measurements[0].model_dump() == {
        "name": "epochs", "value": 10, "low": 9, "high": 11, "n": 3, "unit": "epochs", "how": "as given",
    }  # fmt: skip
    assert (result.thresholds[0].value, result.thresholds[0].source) == (10, "assignment")


@pytest.mark.parametrize(
    ("ending", "outcome", "cause", "points"),
    [
        (Failed("no", "do"), Outcome.FAILED, None, 0),
        (Partial("some", "do", share=0.5), Outcome.PARTIAL, None, 0.3),
        (Partial("a third", "do", share=1 / 3), Outcome.PARTIAL, None, 0.2),
        (NotAttempted("nothing", "do"), Outcome.NOT_ATTEMPTED, None, 0),
        (ForAPerson("who knows", "do"), Outcome.MANUAL, None, None),
        *[(NotMeasured("not told", "do", cause=cause), Outcome.NOT_MEASURED, cause, 0)
          for cause in Cause if cause not in (Cause.NOT_TRAINED, Cause.HARNESS_FAULT)],
        (NotMeasured("not told", "do", cause=Cause.NOT_TRAINED), Outcome.NOT_MEASURED, Cause.NOT_TRAINED, None),
        (NotMeasured("ours", "do", cause=Cause.HARNESS_FAULT), Outcome.NOT_MEASURED, Cause.HARNESS_FAULT, None),
    ],
)  # fmt: skip
def test_endings(ending, outcome, cause, points):
    verdict = Verdict(message="something before", where=PLACE)
    result = SPEC.result(verdict, ending)
    assert (result.outcome, result.cause, result.points) == (outcome, cause, points)
    assert (result.message, result.hint, result.where) == (ending.message, "do", PLACE)


def test_an_endings_place_goes_before_the_verdicts():
    assert SPEC.result(Verdict(where=PLACE), Failed("no", where=Where(file="b.py"))).where == Where(file="b.py")


@pytest.mark.parametrize("error", [KeyError("x"), AssertionError(), RecursionError(), SystemExit(1)])
def test_anything_else_is_our_fault_and_has_no_value(error):
    result = SPEC.result(Verdict(), error)
    assert (result.outcome, result.cause, result.points) == (Outcome.NOT_MEASURED, Cause.HARNESS_FAULT, None)
    assert type(error).__name__ in result.message
    assert "not your fault" in result.message


# --- require_network


def found(**changes):
    return require_network(
        evidence(ASSIGNMENT, *changes.pop("networks", ()), **changes), "2C", "network", ("Dense",)
    )


def ends(kind, **changes):
    with pytest.raises(kind) as ended:
        found(**changes)
    return ended.value


def test_a_network_that_is_there():
    assert found(networks=[mlp()]).record.id == "fit-1"


def test_a_hand_in_without_code():
    ended = ends(NotAttempted, problem="The code is missing.")
    assert ended.message == "The code is missing."
    assert ended.hint


@pytest.mark.parametrize("cause", list(Cause))
def test_a_hand_in_without_recording(cause):
    ended = ends(NotMeasured, problem="The code ran longer.", cause=cause, networks=[mlp()])
    assert (ended.message, ended.cause) == ("The code ran longer.", cause)


def test_a_network_that_cannot_be_rebuilt():
    refused = mlp(facts=model_facts(()).model_copy(update={"refused": "`Capsule` is a layer of its own"}))
    with pytest.raises(NotMeasured) as ended:
        one = evidence(ASSIGNMENT, mlp())
        fits = {"fit-1": refused.evidence}
        require_network(one.model_copy(update={"fits": fits}), "2C", "network")
    assert ended.value.cause is Cause.REFUSED
    assert "`Capsule` is a layer of its own" in ended.value.message
    assert ended.value.where == refused.where


UNSEEN = model_facts(()).model_copy(update={"refused": "`Capsule` is a layer of its own"})


def test_a_network_that_cannot_be_rebuilt_matches_nothing_and_is_not_missing():
    unseen = network(fit(), UNSEEN, (), problem="`Capsule` is a layer of its own", cause=Cause.REFUSED)
    ended = ends(NotMeasured, networks=[unseen])
    assert (
        ended.message == "No network was found, but one network cannot be rebuilt: `Capsule` is a layer of its own."
    )
    assert (ended.cause, ended.where) == (Cause.REFUSED, unseen.where)
    other = network(fit(image_input(), conv2d(4)), UNSEEN, (), problem="`Capsule` …", cause=Cause.REFUSED)
    assert ends(NotAttempted, networks=[other]).message == "No network was found."


def test_a_network_that_we_failed_to_look_at_costs_nobody_points():
    unseen = network(fit(), model_facts(()), (), problem="the trainer's process ended", cause=Cause.HARNESS_FAULT)
    ended = ends(NotMeasured, networks=[unseen])
    assert ended.cause is Cause.HARNESS_FAULT
    assert "the trainer's process ended" in ended.message


ERROR = CellError(where=Where(file="a.ipynb", cell=3, line=2), type="NameError", message="name 'x' is not defined")


def broken(source):
    text = SourceRecord(where=Where(file="a.ipynb", cell=3), text=source)
    return Recording(kind="notebook", complete=True, errors=(ERROR,), sources=(text,))


def test_a_network_lost_in_a_cell_that_could_not_run():
    ended = ends(NotMeasured, recording=broken("x\nlayers.Dense(64)"))
    assert ended.cause is Cause.ERROR_IN_SUBMISSION
    assert ended.message == (
        "No network was found, and a.ipynb, cell 3, line 2 could not run: NameError: name 'x' is not defined"
    )
    assert ended.where == ERROR.where


def test_an_error_elsewhere_loses_nothing():
    assert ends(NotAttempted, recording=broken("plt.show()")).message == "No network was found."


def test_a_run_that_was_interrupted():
    ended = ends(NotMeasured, interrupted="The code ran longer than 300 s.", cause=Cause.TIMEOUT)
    assert ended.message == "No network was found before the run ended. The code ran longer than 300 s."
    assert ended.cause is Cause.TIMEOUT


def test_nothing_found():
    assert ends(NotAttempted).message == "No network was found."
