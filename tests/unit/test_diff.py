"""What differs between two results: every mark that does, each with its reason, and nothing that does not."""

import datetime
import json
import shutil

import pytest
import tiny
from evidence import evidence
from typer.testing import CliRunner
from unit.complaint_sample import AT, facts, graded, of_a7
from unit.sample_parts import check, task
from unit.sample_random import MLP_GATE, held
from unit.sample_results import typical

from harness.assignment import load
from harness.cli import app
from harness.complaints.comparing import compare
from harness.complaints.diff import Read, differences
from harness.complaints.difference import Diff
from harness.graded import GradedError
from harness.journal import journal
from harness.regrade import regrade
from harness.results import Cause, Mark, Measurement, Outcome, Override, SubmissionFacts, Threshold

A7 = load("dat405_a7")
PASSES, FAILS = (0.9716, 0.972, 0.971), (0.951, 0.952, 0.95)


def with_check(one, **about):
    """A result with this one check; `about`: other fields of the result."""
    origin = {"harness": "1.0", "commit": "abc", **about.pop("provenance", {})}
    tasks = (task(one.task, one.outcome, one.points, one.max_points, one),)
    return typical("group-7", tasks=tasks, provenance=origin, **about)


def told(old, new, everything=False, **about):
    """Of one check that was and is: the kinds of the reasons, with their sentences."""
    found = differences(Read(with_check(old)), Read(with_check(new, **about)), everything)
    assert len(found) <= 1
    return {why.kind: why.text for one in found for why in one.why}


def changed(one, **changes):
    return one.model_copy(update=changes)


def passed(**more):
    return changed(check("2C", Outcome.PASSED, 1, 1, id="epochs"), **more)


def failed(**more):
    return changed(check("2C", Outcome.FAILED, 0, 1, id="epochs"), **more)


# --- why


def test_the_check_itself():
    assert told(passed(), failed(version="0" * 12)) == {
        "check": f"the check itself changed: {passed().version} → 000000000000"
    }


def test_what_was_measured():
    before = passed(measurements=(Measurement(name="epochs", value=10),))
    after = failed(measurements=(Measurement(name="epochs", value=3), Measurement(name="runs", value=1)))
    assert told(before, after) == {"measurement": "runs: – → 1"}
    found = differences(Read(with_check(before)), Read(with_check(after)))
    assert [why.text for why in found[0].why] == ["epochs: 10 → 3", "runs: – → 1"]


def test_the_runs_of_a_random_outcome():
    reasons = told(held(PASSES, MLP_GATE, 1), held(FAILS, MLP_GATE, 1))
    assert reasons == {
        "measurement": "validation accuracy, a run a seed: 97.16%, 97.20%, 97.10% → 95.10%, 95.20%, 95.00%"
    }


def test_the_threshold():
    stricter = MLP_GATE.model_copy(update={"reference": (0.98, *(0.9801,) * 199), "nominal": 0.98})
    reasons = told(held(PASSES, MLP_GATE, 1), held(PASSES, stricter, 1))
    assert set(reasons) == {"threshold"}
    before = passed(thresholds=(Threshold(value=10, source="assignment", name="asked"),))
    after = failed(thresholds=(Threshold(value=12, source="assignment", name="asked"),))
    assert told(before, after) == {"threshold": "asked: 10 → 12"}


def test_identity():
    reasons = told(held(FAILS, MLP_GATE, 1), held(FAILS, MLP_GATE, 1, own=True))
    assert reasons == {"match": "network and training are taken for the assignment's own now"}


def test_points():
    assert told(passed(), passed(points=2.0, max_points=2.0)) == {"points": "worth 2 in place of 1"}


def test_another_version_of_the_harness_where_it_can_be_that():
    about = {"provenance": {"harness": "1.1"}}
    assert told(passed(), failed(), **about) == {"harness": "another harness: 1.0 (abc) → 1.1 (abc)"}
    assert told(passed(), passed(), **about) == {}
    assert "harness" not in told(passed(), passed(points=2.0, max_points=2.0), **about)


def test_the_harness_that_judged_again_counts():
    about = {"provenance": {"regraded": {"harness": "2.0", "commit": None}}}
    assert told(passed(), failed(), **about) == {"harness": "another harness: 1.0 (abc) → 2.0"}


def test_the_rest_of_the_assignment_where_nothing_else_explains():
    assignment = typical().assignment.model_copy(update={"version": "newer"})
    assert set(told(passed(), failed(), assignment=assignment)) == {"assignment"}
    assert set(told(passed(), failed(version="0" * 12), assignment=assignment)) == {"check"}


def test_nothing_tells_why():
    assert told(passed(), failed()) == {"unknown": "nothing that the results hold tells why"}


def test_data_profile_and_hand_in():
    digits = typical().dataset.model_copy(update={"name": "digits"})
    mine = SubmissionFacts(name="group-7", sha256="other")
    reasons = told(passed(), failed(), dataset=digits, profile="quick", submission=mine)
    assert set(reasons) == {"data", "profile", "hand_in"}
    assert reasons["data"] == "measured on other data: mnist → digits"


def test_what_kept_it_from_being_measured():
    lost = failed(outcome=Outcome.NOT_MEASURED, cause=Cause.TIMEOUT)
    assert told(lost, passed()) == {"cause": "what kept it from being measured: timeout → none"}


def test_an_earlier_check():
    waits = failed(outcome=Outcome.NOT_MEASURED, message="Not looked at, because an earlier check did not pass: X.")
    assert told(passed(), waits)["earlier"].startswith("not looked at, because an earlier check did not pass: X")
    assert told(waits, passed()) == {"earlier": "the check that it comes after passes now"}


def test_checks_that_are_new_or_gone():
    new = failed(id="2C-other")
    found = differences(Read(with_check(passed())), Read(with_check(new)))
    assert [(one.check, one.before is None, one.after is None, one.why[0].text) for one in found] == [
        ("2C-other", True, False, "the check is new"),
        ("2C-epochs", False, True, "the check is no longer there"),
    ]


def test_numbers_beside_the_same_verdict_are_told_only_when_asked():
    old, new = held(PASSES, MLP_GATE, 1), held((0.9717, 0.972, 0.971), MLP_GATE, 1)
    assert told(old, new) == {}
    assert set(told(old, new, everything=True)) == {"measurement"}
    assert told(old, old, everything=True) == {}


def test_other_networks_that_answer():
    one, other = (
        of_a7(A7, "group-7").model_copy(update={"matches": of_a7(A7, "group-7").matches}) for _ in range(2)
    )
    match = other.matches["2C"].model_copy(update={"fits": ("fit-cnn",)})
    other = other.model_copy(update={"matches": {**other.matches, "2C": match}})
    old = Read(with_check(passed()), lambda: one)
    new = Read(with_check(failed()), lambda: other)
    (found,) = differences(old, new)
    assert [(why.kind, why.text) for why in found.why] == [
        ("match", f"other networks answer 2C: fit-1 ({AT}) → fit-cnn (assignment.ipynb, cell 4, line 3)")
    ]


def test_another_place_where_there_is_no_evidence():
    reasons = told(passed(where=AT), failed(where=AT.model_copy(update={"cell": 9})))
    assert reasons == {
        "match": "it is about another place: assignment.ipynb, cell 2, line 3 → assignment.ipynb, cell 9, line 3"
    }


def test_the_part_of_a_person():
    def marked(points, most):
        one = task("3B", Outcome.MANUAL, None, 0)
        manual = one.manual.model_copy(update={"points": points, "max_points": most})
        return typical("group-7", tasks=(one.model_copy(update={"manual": manual}),))

    (found,) = differences(Read(marked(None, 1)), Read(marked(None, 2)))
    assert (found.check, found.before.max_points, found.after.max_points) == ("", 1, 2)
    assert found.why[0].text == "worth 2 in place of 1"
    assert differences(Read(marked(0.5, 1)), Read(marked(0.5, 1)), everything=True) == []


THEN = datetime.datetime(2026, 1, 2, 3, 4, tzinfo=datetime.UTC)


def overruled(points, reason="Look at cell 4.", **more):
    return Override(points=points, by="Ada", at=THEN, reason=reason, **more)


def test_an_override_and_what_becomes_of_it():
    before, after = failed(), failed(override=overruled(0.5))
    (found,) = differences(Read(with_check(before)), Read(with_check(after)))
    assert (found.before.points, found.before.outcome) == (0, "failed")
    assert (found.after.points, found.after.outcome) == (0.5, "partial")
    assert told(before, after) == {"person": "override by Ada, 2026-01-02 03:04 UTC: Look at cell 4."}
    assert told(after, before) == {"person": "the override by Ada was taken back"}
    doubted = failed(override=overruled(0.5, holds=False, doubt="What was measured has changed since."))
    assert told(after, doubted) == {
        "person": "the override by Ada has to be confirmed: What was measured has changed since."
    }
    assert told(doubted, after) == {"person": "the override by Ada counts again"}
    assert told(after, after, everything=True) == {}


def test_a_mark():
    def marked(points, mark):
        one = task("3B", Outcome.MANUAL, None, 0)
        manual = one.manual.model_copy(update={"points": points, "mark": mark})
        return typical("group-7", tasks=(one.model_copy(update={"manual": manual}),))

    mark = Mark(points=0.5, by="Grace", at=THEN, comment="Says why.")
    (found,) = differences(Read(marked(None, None)), Read(marked(0.5, mark)))
    assert (found.before.points, found.after.points) == (None, 0.5)
    assert [(one.kind, one.text) for one in found.why] == [
        ("person", "mark by Grace, 2026-01-02 03:04 UTC: Says why.")
    ]
    assert differences(Read(marked(0.5, mark)), Read(marked(0.5, mark)), everything=True) == []


# --- folders


@pytest.fixture
def small(tmp_path):
    return tiny.assignment(tmp_path)


@pytest.fixture
def out(small, tmp_path):
    made = evidence(small)
    several = (made.model_copy(update={"submission": facts(name)}) for name in ("group7", "one"))
    graded(tmp_path / "out", small, *several)
    return tmp_path / "out"


def worth_more(assignment):
    path = assignment.folder / "assignment.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("machine = 1.0\nperson = 0.5", "machine = 2.0\nperson = 0.5"), encoding="utf-8")


def run(*arguments):
    return CliRunner(env={"COLUMNS": "200"}).invoke(app, ["diff", *map(str, arguments)])


def test_two_equal_folders(out, tmp_path):
    shutil.copytree(out, tmp_path / "copy")
    found = compare(out, tmp_path / "copy", everything=True)
    assert (found.same, found.compared, found.differences, found.totals) == (True, 2, (), ())
    answer = run(out, tmp_path / "copy")
    assert (answer.exit_code, "No mark differs." in answer.stdout) == (0, True)


def test_points_that_an_assignment_changed(out, small, tmp_path):
    shutil.copytree(out, tmp_path / "before")
    worth_more(small)
    regrade(out, str(small.folder))
    found = compare(tmp_path / "before", out)
    assert [(one.submission, one.check, one.why[0].kind) for one in found.differences] == [
        ("group7", "A.name", "points"), ("group7", "A.number", "points"),
        ("one", "A.name", "points"), ("one", "A.number", "points"),
    ]  # fmt: skip
    assert [(one.submission, one.before, one.after) for one in found.totals] == [
        ("group7", 3.0, 4.0), ("one", 2.0, 2.0),
    ]  # fmt: skip
    assert [what for what, _, _ in found.versions] == ["harness", "assignment tiny"]
    answer = run(tmp_path / "before", out)
    assert answer.exit_code == 1
    assert "worth 1.5 in place of 0.75" in answer.stdout
    plain = json.loads(run(tmp_path / "before", out, "--json").stdout)
    assert plain.pop("same") is False
    for one in plain["differences"]:
        one.pop("counts")
    assert Diff.model_validate(plain) == found


def test_hand_ins_that_are_only_on_one_side(out, tmp_path):
    shutil.copytree(out, tmp_path / "fewer")
    shutil.rmtree(tmp_path / "fewer" / "one")
    found = compare(out, tmp_path / "fewer")
    assert (found.only_old, found.only_new, found.same, found.compared) == (("one",), (), False, 1)
    answer = run(tmp_path / "fewer", out)
    assert (answer.exit_code, f"Only in {out}: one" in answer.stdout.replace("\n", "")) == (1, True)


def test_a_class_and_its_own_history(out, small, monkeypatch):
    nothing = run(out)
    assert (nothing.exit_code, "has a former result" in " ".join(nothing.stdout.split())) == (0, True)
    worth_more(small)
    regrade(out, str(small.folder), only=["group7"])
    found = compare(out, None)
    assert (found.compared, [one.submission for one in found.totals]) == (1, ["group7"])
    assert compare(out / "group7", None).differences == found.differences
    former = out / "group7" / "history" / "001"
    assert compare(former, out / "group7").differences == found.differences
    assert compare(former / "result.json", out).differences == found.differences
    assert compare(former, out).only_new == ()
    assert run(out).exit_code == 1
    monkeypatch.chdir(out)
    assert run().stdout == run(".").stdout


def test_the_history_of_a_hand_in_that_does_not_count_is_left_out(out, small):
    """A later run that was to grade it was cut off: what was before it is not what changed last."""
    worth_more(small)
    regrade(out, str(small.folder))
    with journal(out) as log:
        log.asked([("one", "a new key")])
    assert compare(out, None).compared == 1
    assert compare(out / "one", None).compared == 1  # by itself it can be looked at
    with journal(out) as log:
        log.asked([("group7", "a new key")])
    assert compare(out, None).compared == 0


def test_what_cannot_be_compared_is_said(out, tmp_path):
    assert (run(out, tmp_path / "nowhere").exit_code, run(tmp_path / "nowhere").exit_code) == (2, 2)
    with pytest.raises(GradedError, match="no hand-in in common: group7, and one"):
        compare(out / "group7", out / "one")
    (out / "one" / "result.json").write_text("{}", encoding="utf-8")
    assert "is damaged" in run(out / "one", out / "group7").stderr


def test_names_of_a_hand_in_are_shown_cleanly(out):
    mine = SubmissionFacts(name="a\x1b[31mb\u202ec", sha256="1")
    for folder, change in ((out / "group7", 1.0), (out / "one", 2.0)):
        path = folder / "result.json"
        plain = json.loads(path.read_text(encoding="utf-8"))
        plain["submission"] = mine.model_dump(mode="json")
        plain["tasks"][0]["checks"][0]["max_points"] = change
        path.write_text(json.dumps(plain), encoding="utf-8")
    answer = run(out / "group7", out / "one")
    assert answer.exit_code == 1
    assert "\x1b[31m" not in answer.stdout
    assert "\u202e" not in answer.stdout
