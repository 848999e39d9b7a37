"""Final marks carry a name, and only as long as they are what that person saw."""

import csv
import shutil

import pytest
import tiny
from evidence import evidence
from typer.testing import CliRunner
from unit.complaint_sample import facts, graded

from harness.cli import app
from harness.complaints.confirm import confirm, take_back
from harness.exports.anonymous import anonymous, pseudonyms
from harness.exports.canvas import unfinished
from harness.exports.gradescope import results_json
from harness.exports.junit import junit
from harness.exports.table import grades_csv
from harness.graded import results
from harness.marking.entries import Draft, Kind
from harness.marking.store import MarksError, MarkStore
from harness.marking.writing import write_all
from harness.near import UnknownName
from harness.regrade import regrade

NAMES = ("group7", "one")


@pytest.fixture
def small(tmp_path):
    return tiny.assignment(tmp_path)


@pytest.fixture
def out(small, tmp_path):
    """Two hand-ins, all of whose parts that a person gives are marked, with 0.5 and 1."""
    made = evidence(small).model_copy(update={"profile": "full"})
    graded(tmp_path / "out", small, *(made.model_copy(update={"submission": facts(name)}) for name in NAMES))
    for name in NAMES:
        for task, points in (("A", 0.5), ("C", 1.0)):
            mark(tmp_path / "out", name, task, points)
    write_all(tmp_path / "out")
    return tmp_path / "out"


def mark(out, name, task, points):
    store = MarkStore.of(out)
    draft = Draft(
        author="Ada", kind=Kind.MARK, submission=name, sha256=facts(name).sha256, target=task, points=points
    )
    last = store.last(draft.key)
    store.add(draft, after=last.id if last else None)


def of(out, name):
    write_all(out)
    return results(out, [name])[0]


def test_a_total_carries_the_name_of_who_confirmed_it(out):
    made = confirm(out, ["group7"], "Grace")
    assert [(entry.submission, entry.points, entry.author) for entry in made.entries] == [("group7", 4.5, "Grace")]
    one, other = of(out, "group7"), of(out, "one")
    assert (one.confirmed.by, one.confirmed.points, one.confirmed.holds, one.points) == ("Grace", 4.5, True, 4.5)
    assert other.confirmed is None


def test_it_stands_in_every_view(out):
    confirm(out, ["group7"], "Grace <b>")
    one, other = of(out, "group7"), of(out, "one")
    day = f"{one.confirmed.at:%Y-%m-%d}"
    page = (out / "group7" / "scorecard.html").read_text(encoding="utf-8")
    assert f"Confirmed by Grace &lt;b&gt; on {day}: 4.5 of 4.5 points." in page
    rows = list(csv.DictReader(grades_csv([one, other]).splitlines()))
    assert [row["confirmed_by"] for row in rows] == ["Grace <b>", ""]
    assert b'name="confirmed" value="Confirmed by Grace &lt;b&gt; on' in junit(one)
    assert "Confirmed by Grace <b> on" in results_json(one)["output"]
    hidden = anonymous(one, pseudonyms(out))
    assert (hidden.confirmed.by, hidden.confirmed.points) == ("", 4.5)


def test_a_later_change_of_the_total_makes_it_stale_until_it_is_confirmed_again(out):
    confirm(out, [], "Grace")
    mark(out, "group7", "C", 0.5)
    one = of(out, "group7")
    assert (one.confirmed.holds, one.confirmed.doubt) == (False, "The total was 4.5, and is 4 now.")
    assert "This does not hold until it is confirmed again." in (out / "group7" / "scorecard.html").read_text(
        "utf-8"
    )
    assert "Confirmed by Grace on" in (out / "index.html").read_text(encoding="utf-8")
    assert unfinished([one]) == {"group7": "Grace confirmed another total"}
    assert of(out, "one").confirmed.holds
    again = confirm(out, [], "Ada")
    assert ([entry.submission for entry in again.entries], again.already) == (["group7"], ("one",))
    assert (of(out, "group7").confirmed.by, unfinished(results(out))) == ("Ada", {})


def test_the_same_total_of_other_parts_is_another_one(out):
    mark(out, "group7", "A", 0.0)
    confirm(out, ["group7"], "Grace")
    mark(out, "group7", "A", 0.5)
    mark(out, "group7", "C", 0.5)
    one = of(out, "group7")
    assert (one.points, one.confirmed.points, one.confirmed.holds) == (4.0, 4.0, False)
    assert one.confirmed.doubt == "What the total is made of has changed since."


def test_another_version_of_the_hand_in_is_not_what_was_confirmed(out):
    confirm(out, ["group7"], "Grace")
    path = out / "group7" / "result.json"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(facts("group7").sha256, "0" * 64), encoding="utf-8")
    assert of(out, "group7").confirmed.doubt == "The hand-in has changed since."


def test_a_regrade_that_changes_nothing_leaves_it_and_one_that_does_makes_it_stale(out, small):
    confirm(out, [], "Grace")
    regrade(out, str(small.folder), only=["group7"])
    assert results(out, ["group7"])[0].confirmed.holds
    path = small.folder / "assignment.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("machine = 2.0", "machine = 3.0"), encoding="utf-8")
    regrade(out, str(small.folder), only=["group7"])
    assert not results(out, ["group7"])[0].confirmed.holds


def test_incomplete_totals_are_refused_and_none_is_kept(out):
    mark(out, "one", "C", None)
    with pytest.raises(
        MarksError, match=r"1 total is no mark yet: one \(no value yet for C\)\. Nothing was confirmed"
    ):
        confirm(out, [], "Grace")
    assert of(out, "group7").confirmed is None
    assert len(confirm(out, ["group7"], "Grace").entries) == 1
    made = confirm(out, [], "Grace", incomplete=True)
    assert [(entry.submission, entry.points) for entry in made.entries] == [("one", 2.5)]


def test_it_is_taken_back(out):
    confirm(out, [], "Grace")
    take_back(out, ["group7"], "Ada")
    assert (of(out, "group7").confirmed, of(out, "one").confirmed.by) == (None, "Grace")
    with pytest.raises(MarksError, match="nothing to take back"):
        take_back(out, ["group7"], "Ada")


def test_unknown_names_confirm_nothing(out):
    with pytest.raises(UnknownName, match=r"no hand-in 'group-7'; did you mean group7\?"):
        confirm(out, ["one", "group-7"], "Grace")
    assert [entry for entry in MarkStore.of(out).since() if entry.kind is Kind.CONFIRMED] == []


def test_on_the_command_line(out):
    answer = CliRunner().invoke(app, ["confirm", "group7", "--by", "Grace \x1b[31mH", "--out", str(out)])
    assert answer.exit_code == 0
    assert "group7: 4.5 points" in answer.stdout
    assert "\x1b[31m" not in answer.stdout
    assert "1 total confirmed by Grace" in answer.stdout
    assert results(out, ["group7"])[0].confirmed.holds
    answer = CliRunner().invoke(app, ["confirm", "group7", "--by", "Ada", "--out", str(out)])
    assert "0 totals confirmed by Ada. 1 was confirmed already." in answer.stdout.replace("\n", " ")
    answer = CliRunner().invoke(app, ["confirm", "--by", "Ada", "--undo", "--out", str(out)])
    assert (answer.exit_code, results(out, ["group7"])[0].confirmed) == (0, None)
    mark(out, "one", "C", None)
    assert CliRunner().invoke(app, ["confirm", "--by", "Ada", "--out", str(out)]).exit_code == 2


def test_the_folder_is_found_and_hints_name_it_where_it_is_not(out, monkeypatch, tmp_path):
    def said(*arguments):
        return " ".join(CliRunner().invoke(app, arguments).stdout.split())

    monkeypatch.chdir(out)
    assert "1 total confirmed by Ada" in said("confirm", "group7", "--by", "Ada")
    mark(out, "group7", "A", 0.25)
    hint = "To do it anew: harness confirm group7"
    answer = said("confirm", "one", "--by", "Ada")
    assert hint in answer
    assert "--out" not in answer
    monkeypatch.chdir(tmp_path)
    assert f"{hint} --out out" in said("marks", "--out", "out")


def test_a_folder_in_the_place_of_a_name_is_told_apart(out, monkeypatch, tmp_path):
    shutil.copytree(out, tmp_path / "graded")
    monkeypatch.chdir(tmp_path)
    answer = CliRunner().invoke(app, ["confirm", "out", "--by", "Ada"])
    assert answer.exit_code == 2
    assert "out is a folder of results: it is named with --out" in " ".join(answer.stderr.split())
