"""What a result comes to with the decisions of persons, and which decisions are refused."""

import csv
import datetime
import io

import pytest
import tiny
from evidence import evidence
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.exports.anonymous import Pseudonyms, anonymous
from harness.exports.canvas import unfinished
from harness.exports.github import classroom, summary
from harness.exports.gradescope import results_json
from harness.exports.junit import junit
from harness.exports.table import grades_csv
from harness.marking import deciding
from harness.marking.applied import basis, to_confirm, with_marks
from harness.marking.entries import Entry, Kind
from harness.marking.store import MarksError
from harness.outputs import judge
from harness.results import Cause, Measurement, Outcome, RubricItem, SubmissionFacts, as_json, load

NOON = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC)
RUBRIC = (
    RubricItem(id="sizes", text="Why these sizes", points=0.25),
    RubricItem(id="relu", text="Why relu", points=0.2),
    RubricItem(id="more", text="More than was asked", points=0.2),
)


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    """Of the tiny assignment, called "somebody": A.name failed, A.number not attempted, B.data passed; A leaves 0.5
    points to a person, C one."""
    small = tiny.assignment(tmp_path_factory.mktemp("tiny"))
    made = evidence(small)
    made = made.model_copy(update={"submission": SubmissionFacts(name="somebody", sha256="0" * 64)})
    judged = judge(small, made)
    first = judged.tasks[0]
    manual = first.manual.model_copy(update={"rubric": RUBRIC})
    return judged.model_copy(update={"tasks": (first.model_copy(update={"manual": manual}), *judged.tasks[1:])})


def kept(*drafts):
    """Drafts as the store has them."""
    said = [{**draft.model_dump(exclude={"id", "time"}), "time": NOON} for draft in drafts]
    return [Entry(id=number, **each) for number, each in enumerate(said, 1)]


def decided(result, *drafts):
    return with_marks(result, kept(*drafts))


def outcomes(result):
    return [(task.id, task.outcome.value, task.points) for task in result.tasks]


def all_marked(result):
    return (
        deciding.mark(result, "A", 0.25, "Good.", "Ada", ("sizes",)),
        deciding.mark(result, "C", 1.0, "", "Ada"),
        deciding.override(result, "A.name", 0.75, "It is called so on page 1.", "Grace"),
        deciding.override(result, "A.number", 0.25, "And it has a number.", "Grace"),
    )


# --- what counts


def test_without_decisions_a_result_is_as_it_was(result):
    assert with_marks(result, []) is not None
    assert with_marks(result, []) == result


def test_marks_and_overrides_count_and_what_was_measured_stays(result):
    found = decided(result, *all_marked(result))
    assert outcomes(result) == [("A", "failed", None), ("B", "passed", 2.0), ("C", "manual", None)]
    assert outcomes(found) == [("A", "passed", 1.25), ("B", "passed", 2.0), ("C", "manual", 1.0)]
    assert (result.points, result.complete, result.exit_code) == (2.0, False, 1)
    assert (found.points, found.machine_points, found.complete, found.exit_code) == (4.25, 3.0, True, 0)
    for before, after in zip(result.checks, found.checks, strict=True):
        assert after.model_copy(update={"override": None}) == before
    mark = found.tasks[0].manual.mark
    assert (mark.by, mark.at, mark.comment, mark.chosen, mark.holds) == ("Ada", NOON, "Good.", ("sizes",), True)


def test_a_total_is_complete_when_the_last_part_has_a_value(result):
    drafts = all_marked(result)
    assert not decided(result, drafts[0]).complete
    assert not decided(result, drafts[1]).complete
    assert decided(result, drafts[0], drafts[1]).complete


def test_applied_again_it_is_the_same_and_what_is_withdrawn_goes(result):
    found = decided(result, *all_marked(result))
    assert with_marks(found, kept(*all_marked(result))) == found
    assert with_marks(found, []) == result


def test_points_of_a_partial_override_make_a_partial_outcome(result):
    drafts = [deciding.override(result, "B.data", points, "Because.", "Ada") for points in (0.0, 1.5)]
    assert [decided(result, draft).tasks[1].outcome for draft in drafts] == [Outcome.FAILED, Outcome.PARTIAL]
    assert [decided(result, draft).tasks[1].points for draft in drafts] == [0.0, 1.5]


def test_a_check_without_a_value_by_our_fault_gets_one(result):
    first = result.tasks[1].checks[0]
    lost = first.model_copy(update={"points": None, "outcome": Outcome.NOT_MEASURED, "cause": Cause.HARNESS_FAULT})
    task = result.tasks[1].model_copy(update={"checks": (lost,), "points": None, "machine_points": None})
    broken = result.model_copy(update={"tasks": (result.tasks[0], task, result.tasks[2])})
    found = decided(broken, deciding.override(broken, "B.data", 2.0, "It is there, see cell 3.", "Ada"))
    assert (found.machine_points, found.tasks[1].outcome, found.tasks[1].cause) == (2.0, Outcome.PASSED, None)
    assert (broken.exit_code, found.exit_code) == (3, 1)


def test_decisions_about_other_hand_ins_and_notes_change_nothing(result):
    other = deciding.mark(result, "A", 0.25, "Good.", "Ada").model_copy(update={"submission": "group7"})
    note = other.model_copy(update={"submission": "somebody", "kind": Kind.NOTE})
    assert decided(result, other, note) == result


def test_it_survives_a_file(result, tmp_path):
    found = decided(result, *all_marked(result))
    path = tmp_path / "result.json"
    path.write_bytes(as_json(found))
    assert load(path) == found
    again = with_marks(load(path), kept(*all_marked(load(path))))
    assert again == found, "an override of what a file holds rests on the same"


# --- what counts no more


def changed(result, **update):
    check = result.tasks[0].checks[0].model_copy(update=update)
    task = result.tasks[0].model_copy(update={"checks": (check, *result.tasks[0].checks[1:])})
    return result.model_copy(update={"tasks": (task, *result.tasks[1:])})


@pytest.mark.parametrize(
    "update",
    [
        {"outcome": Outcome.PARTIAL},
        {"points": 0.5},
        {"version": "another"},
        {"max_points": 0.8},
        {"measurements": (Measurement(name="letters", value=9.0),)},
    ],
)
def test_an_override_of_something_that_changed_waits_to_be_confirmed(result, update):
    drafts = kept(deciding.override(result, "A.name", 0.75, "It is called so.", "Grace"))
    new = changed(result, **update)
    found = with_marks(new, drafts)
    check = found.tasks[0].checks[0]
    assert (check.override.holds, check.overruled, check.counted_points) == (False, False, check.points)
    assert "measured" in check.override.doubt
    assert [(one.kind, one.target) for one in to_confirm(found)] == [(Kind.OVERRIDE, "A.name")]
    assert not found.complete
    confirmed = decided(new, deciding.confirmed(new, drafts[0], "Ada"))
    assert confirmed.tasks[0].checks[0].counted_points == 0.75
    assert confirmed.tasks[0].checks[0].override.by == "Ada"
    assert to_confirm(confirmed) == []


@pytest.mark.parametrize("update", [{"message": "In other words."}, {"hint": "Other."}, {"title": "Another."}])
def test_an_override_stands_where_only_words_changed(result, update):
    drafts = kept(deciding.override(result, "A.name", 0.75, "It is called so.", "Grace"))
    assert with_marks(changed(result, **update), drafts).tasks[0].checks[0].counted_points == 0.75


def test_a_mark_of_another_version_of_the_work_waits_to_be_confirmed(result):
    (entry,) = kept(deciding.mark(result, "A", 0.25, "Good.", "Ada", ("sizes",)))
    facts = result.submission.model_copy(update={"sha256": "1" * 64})
    new = result.model_copy(update={"submission": facts})
    found = with_marks(new, [entry])
    manual = found.tasks[0].manual
    assert (manual.points, manual.mark.points, manual.mark.holds, found.tasks[0].points) == (
        None,
        0.25,
        False,
        None,
    )
    assert "hand-in" in manual.mark.doubt
    confirmed = decided(new, deciding.confirmed(new, entry, "Grace"))
    assert confirmed.tasks[0].manual.points == 0.25
    assert confirmed.tasks[0].manual.mark.chosen == ("sizes",)


def test_more_points_than_there_are_now_do_not_count_and_cannot_be_confirmed(result):
    (entry,) = kept(deciding.mark(result, "A", 0.5, "All of it.", "Ada"))
    manual = result.tasks[0].manual.model_copy(update={"max_points": 0.25})
    new = result.model_copy(
        update={"tasks": (result.tasks[0].model_copy(update={"manual": manual}), *result.tasks[1:])}
    )
    mark = with_marks(new, [entry]).tasks[0].manual.mark
    assert (mark.holds, mark.doubt) == (False, "There are only 0.25 points to give now.")
    with pytest.raises(MarksError, match=r"give 0 to 0\.25"):
        deciding.confirmed(new, entry, "Ada")


def test_decisions_about_what_is_gone_are_listed(result):
    drafts = kept(*all_marked(result))
    new = result.model_copy(update={"tasks": result.tasks[1:]})
    found = with_marks(new, drafts)
    assert [(one.kind, one.target, one.by) for one in found.unplaced] == [
        ("mark", "A", "Ada"), ("override", "A.name", "Grace"), ("override", "A.number", "Grace")
    ]  # fmt: skip
    assert found.points == 3.0


@settings(max_examples=60)
@given(
    points=st.lists(st.one_of(st.none(), st.integers(0, 8)), min_size=5, max_size=5),
    doubtful=st.lists(st.booleans(), min_size=5, max_size=5),
)
def test_the_total_is_the_sum_of_what_counts(result, points, doubtful):
    """Whatever was decided: each part counts as decided where that holds, else as measured."""
    places = [("A", None), ("C", None), (None, "A.name"), (None, "A.number"), (None, "B.data")]
    most = {"A": 0.5, "C": 1.0, "A.name": 0.75, "A.number": 0.25, "B.data": 2.0}
    measured = {"A": None, "C": None, "A.name": 0.0, "A.number": 0.0, "B.data": 2.0}
    drafts, expected = [], dict(measured)
    for (task, check), eighths, doubt in zip(places, points, doubtful, strict=True):
        if eighths is None:
            continue
        target = task or check
        value = most[target] * eighths / 8
        draft = (
            deciding.mark(result, task, value, "", "Ada")
            if task
            else deciding.override(result, check, value, "Because.", "Ada")
        )
        drafts.append(draft.model_copy(update={"sha256": "f" * 64, "basis": "m-other"}) if doubt else draft)
        expected[target] = measured[target] if doubt else value
    found = decided(result, *drafts)
    known = [value for value in expected.values() if value is not None]
    assert found.points == pytest.approx(sum(known))
    waiting = any(doubt and eighths is not None for eighths, doubt in zip(points, doubtful, strict=True))
    assert found.complete == (None not in expected.values() and not waiting)


# --- what is refused


def test_names_that_are_not_there_are_refused_with_those_that_are_near(result):
    with pytest.raises(MarksError, match=r"no check 'A\.nam'; did you mean A\.name"):
        deciding.override(result, "A.nam", 1, "Because.", "Ada")
    with pytest.raises(MarksError, match="no task 'Z'; there are A, B, C"):
        deciding.mark(result, "Z", 1, "", "Ada")
    with pytest.raises(MarksError, match=r"B leaves nothing to a person.*B\.data.*override"):
        deciding.mark(result, "B", 1, "", "Ada")
    with pytest.raises(MarksError, match="no item 'size'; did you mean sizes"):
        deciding.mark(result, "A", None, "", "Ada", ("size",))


@pytest.mark.parametrize("points", [-0.1, 0.51, float("nan"), float("inf")])
def test_points_outside_are_refused(result, points):
    with pytest.raises(MarksError, match=r"give 0 to 0\.5"):
        deciding.mark(result, "A", points, "", "Ada")
    with pytest.raises(MarksError, match=r"give 0 to 0\.25"):
        deciding.override(result, "A.number", points, "Because.", "Ada")


def test_an_override_without_a_reason_is_refused(result):
    with pytest.raises(MarksError, match="the student reads it"):
        deciding.override(result, "A.name", 0.5, " \n", "Ada")


def test_a_comment_that_is_too_long_is_refused_in_words(result):
    with pytest.raises(MarksError, match=r"text: .*4000 characters"):
        deciding.mark(result, "A", 0.5, "x" * 4_001, "Ada")


def test_items_of_the_rubric_add_up_to_at_most_what_there_is(result):
    assert deciding.mark(result, "A", None, "", "Ada", ("relu", "sizes")).points == 0.45
    assert deciding.mark(result, "A", None, "", "Ada", ("relu", "sizes")).rubric == ("sizes", "relu")
    assert deciding.mark(result, "A", None, "", "Ada", ("relu", "sizes", "more")).points == 0.5
    assert deciding.mark(result, "A", 0.1, "", "Ada", ("relu",)).points == 0.1
    assert deciding.mark(result, "A", None, "Only words.", "Ada").points is None


def test_the_basis_is_one_of_what_was_measured(result):
    check = result.tasks[0].checks[0]
    assert basis(check).startswith("m-")
    assert basis(check) == basis(check.model_copy(update={"points": 0}))  # whole or not, 0 is 0
    assert basis(check) != basis(result.tasks[0].checks[1])


# --- every view shows them


def test_exports_show_what_was_decided(result):
    found = decided(result, *all_marked(result))
    xml = junit(found).decode()
    assert 'name="mark A" value="Given by Ada on 2026-11-21, 0.25 of 0.5 points: Good."' in xml
    assert "Given by Grace on 2026-11-21, 0.75 of 0.75 points in place of what was measured: It is called so" in xml
    assert xml.count("<failure") == 0
    assert junit(result).decode().count("<failure") == 1
    line = grades_csv([found]).splitlines()[1].split(",")
    assert line[:5] == ["somebody", "4.25", "4.5", "3", "3"]
    assert line[line.index("mnist") - 1] == "yes"
    tests = {test["name"]: test for test in results_json(found)["tests"]}
    assert tests["A: The hand-in has a name."]["score"] == 0.75
    assert tests["A: The hand-in has a name."]["status"] == "passed"
    assert tests["A: the reasons"]["score"] == 0.25
    assert tests["A: the reasons"]["output"].endswith("Good.")
    assert sum(test["score"] for test in tests.values()) == found.points
    document = classroom(found)
    assert sum(test["score"] for test in document["tests"]) == found.points
    assert (document["max_score"], document["status"]) == (4.5, "fail")  # the reasons earned half
    assert "It is called so on page 1" in summary([found])


def test_exports_of_a_decision_that_waits_say_so(result):
    drafts = kept(deciding.override(result, "A.name", 0.75, "It is called so.", "Grace"))
    found = with_marks(changed(result, version="another"), drafts)
    assert "does not count until it is confirmed" in junit(found).decode()
    assert next(csv.DictReader(io.StringIO(grades_csv([found]))))["to_confirm"] == "A.name"
    assert "decision about A.name is not confirmed" in unfinished([found])["somebody"]
    tests = {test["name"]: test for test in results_json(found)["tests"]}
    assert tests["A: The hand-in has a name."]["score"] == 0.0


def test_anonymous_exports_do_not_name_who_marked(result):
    drafts = (*all_marked(result), deciding.mark(result, "C", 0.5, "See somebody.", "Ada"))
    with_gone = decided(result, *drafts).model_copy(update={"tasks": result.tasks[1:]})
    for found in (decided(result, *drafts), with_marks(with_gone, kept(*drafts))):
        plain = anonymous(found, Pseudonyms(b"x" * 32)).model_dump_json()
        assert "Ada" not in plain
        assert "Grace" not in plain
        assert "somebody" not in plain
        assert "It is called so on page 1." in plain
