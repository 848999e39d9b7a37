"""One hand-in judged again by itself, and what it was before: nobody else's result moves, and nothing is lost."""

import csv

import pytest
import tiny
from evidence import evidence
from unit.complaint_sample import facts, graded, of_a7

from harness import history
from harness.assignment import load
from harness.journal import OutputInUse, read
from harness.journal import journal as open_journal
from harness.regrade import Again, RegradeError, put, regrade
from harness.results import load as load_result
from harness.traces import handed_out, trace


@pytest.fixture
def small(tmp_path):
    return tiny.assignment(tmp_path)


@pytest.fixture
def out(small, tmp_path):
    made = evidence(small)
    graded(
        tmp_path / "out",
        small,
        *(made.model_copy(update={"submission": facts(name)}) for name in ("group7", "one")),
    )
    return tmp_path / "out"


def changed(assignment, old, new):
    path = assignment.folder / "assignment.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def worth_more(assignment):
    changed(assignment, "machine = 1.0\nperson = 0.5", "machine = 2.0\nperson = 0.5")


def files(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_only_the_hand_in_that_is_named_is_judged_again(out, small):
    before = files(out / "one")
    worth_more(small)
    found = regrade(out, str(small.folder), only=["group7"])
    assert [(one.submission, one.before, one.after) for one in found.changes] == [("group7", 1.0, 2.0)]
    assert [result.submission.name for result in found.results] == ["group7"]
    assert files(out / "one") == before
    with (out / "grades.csv").open(encoding="utf-8", newline="") as file:
        assert {row["name"]: row["points"] for row in csv.DictReader(file)} == {"group7": "4", "one": "2"}
    page = (out / "index.html").read_text(encoding="utf-8")
    assert "group7" in page
    assert "one/scorecard.html" in page


def test_a_name_that_is_not_there_changes_nothing(out, small):
    before = files(out)
    with pytest.raises(RegradeError, match=r"no hand-in 'group-7'; did you mean group7\?"):
        regrade(out, str(small.folder), only=["group-7"])
    assert files(out) == before


def test_the_former_result_is_kept_as_it_was_and_numbered(out, small):
    first = (out / "group7" / "result.json").read_bytes()
    worth_more(small)
    found = regrade(out, str(small.folder), only=["group7"])
    second = (out / "group7" / "result.json").read_bytes()
    assert found.kept == (out / "group7" / "history" / "001",)
    changed(small, "machine = 2.0\nperson = 0.5", "machine = 3.0\nperson = 0.5")
    regrade(out, str(small.folder))
    kept = history.kept(out / "group7")
    assert [path.name for path in kept] == ["001", "002"]
    assert [(path / "result.json").read_bytes() for path in kept] == [first, second]
    assert [history.evidence_of(path) for path in kept] == [out / "group7" / "evidence.json"] * 2


def test_a_result_that_says_the_same_is_not_kept(out, small):
    found = regrade(out, str(small.folder))
    assert (found.kept, history.kept(out / "group7")) == ((), [])


def test_evidence_that_is_replaced_is_kept_with_the_result_that_was_judged_from_it(out, small):
    evidence_before = (out / "group7" / "evidence.json").read_bytes()
    old = load_result(out / "group7" / "result.json")
    worth_more(small)
    regrade(out, str(small.folder), only=["group7"])
    judged = load_result(out / "group7" / "result.json")
    new = judged.model_copy(update={"tasks": old.tasks})
    again = Again(
        new, [], trace(evidence(small), handed_out(small)), {"evidence.json": b"{}", "recording.json": b"1"}
    )
    put(out, small, {"group7": again})
    first, second = history.kept(out / "group7")
    assert (history.evidence_of(first), history.evidence_of(second)) == (second / "evidence.json",) * 2
    assert (second / "evidence.json").read_bytes() == evidence_before
    assert ((out / "group7" / "evidence.json").read_bytes(), (out / "group7" / "recording.json").read_bytes()) == (
        b"{}",
        b"1",
    )


def test_the_journal_says_that_it_was_judged_again(out, small):
    regrade(out, str(small.folder), only=["group7"])
    assert [(line.event, line.name) for line in read(out / "journal.jsonl")] == [("regraded", "group7")]


def test_while_a_run_writes_to_the_folder_nothing_is_written(out, small):
    worth_more(small)
    with open_journal(out):
        before = files(out)
        with pytest.raises(OutputInUse):
            regrade(out, str(small.folder), only=["group7"])
        assert files(out) == before


def test_the_thresholds_of_now_come_with_their_calibration(tmp_path):

    a7 = load("dat405_a7")
    graded(tmp_path, a7, of_a7(a7, "one"), calibration={"command": "an older one"})
    (result,) = regrade(tmp_path).results
    assert result.provenance["calibration"] == a7.calibration("mnist", "full").provenance
