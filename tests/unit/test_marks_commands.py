"""The commands of a person's half, on a class as grading leaves it: what they keep, print, write and refuse."""

import csv
import getpass
import io
import re
import shutil
from pathlib import Path
from xml.etree import ElementTree

import pytest
import tiny
from evidence import evidence
from filelock import FileLock
from typer.testing import CliRunner

from harness import cli, outputs
from harness.downloads import Download, HandIn, save
from harness.journal import LOCK
from harness.marking import author as authors
from harness.marking import deciding, writing
from harness.marking.entries import Key, Kind
from harness.marking.store import MARKS, MarkStore
from harness.outputs import CLASS, evidence_files, judge, write_class, write_files, write_result
from harness.regrade import regrade
from harness.results import SubmissionFacts
from harness.results import load as load_result

NAMES = ("group7", "somebody")


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """The tiny class, graded once: group7 passes all checks, somebody fails A.name."""
    home = tmp_path_factory.mktemp("kept")
    small = tiny.assignment(home)
    results = []
    for name in NAMES:
        made = evidence(small).model_copy(update={"submission": SubmissionFacts(name=name, sha256="0" * 64)})
        write_files(evidence_files(made), home / "out" / name)
        results.append(write_result(judge(small, made), home / "out" / name))
    write_class(results, [], home / "out")
    return home / "out", small


@pytest.fixture
def out(kept, tmp_path, monkeypatch):
    """A copy of the class; Ada is at the keyboard, in a folder that holds it as `graded`."""
    shutil.copytree(kept[0], tmp_path / "graded")
    monkeypatch.setenv("HARNESS_AUTHOR", "Ada")
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "graded"


def run(*arguments, code=0):
    answer = CliRunner().invoke(cli.app, [str(argument) for argument in arguments])
    assert answer.exit_code == code, answer.output
    assert "Traceback" not in answer.output
    return " ".join(answer.output.split())


def of(out, name):
    return load_result(out / name / "result.json")


def refused(out, *arguments):
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file() and path.name != LOCK}
    said = run(*arguments, code=2)
    after = {path: path.read_bytes() for path in out.rglob("*") if path.is_file() and path.name != LOCK}
    assert before == after, "something was written"
    return said


# --- deciding


def test_a_mark_is_kept_and_in_every_file(out):
    said = run("mark", "group7", "A", "--points", "0.25", "--comment", "Good reasons.")
    assert "group7, task A: 0.25 points, by Ada." in said
    assert "group7: 3.25 of 4.5 points so far." in said
    assert "0 totals of 2 are complete." in said
    manual = of(out, "group7").tasks[0].manual
    assert (manual.points, manual.mark.comment, manual.mark.by) == (0.25, "Good reasons.", "Ada")
    assert "Good reasons." in (out / "group7" / "scorecard.html").read_text(encoding="utf-8")
    properties = ElementTree.parse(out / "group7" / "junit.xml").iter("property")
    assert "Good reasons." in next(each.get("value") for each in properties if each.get("name") == "mark A")
    with (out / "grades.csv").open(encoding="utf-8", newline="") as file:
        assert [row["points"] for row in csv.DictReader(file)] == ["3.25", "2"]
    assert '<span class="of"> / 4.5</span>' in (out / "index.html").read_text(encoding="utf-8")
    assert "3.25" in (out / "index.html").read_text(encoding="utf-8")


def test_an_override_is_shown_beside_what_was_measured(out):
    said = run("override", "somebody", "A.name", "--points", 0.75, "--reason", "So it is called on page 1.")
    assert "somebody, check A.name: 0.75 points, by Ada." in said
    check = of(out, "somebody").tasks[0].checks[0]
    assert (check.points, check.counted_points) == (0.0, 0.75)
    page = (out / "somebody" / "scorecard.html").read_text(encoding="utf-8")
    assert "So it is called on page 1." in page
    assert "Measured:" in page


def test_the_last_part_makes_a_total_complete(out):
    run("mark", "group7", "A", "--points", 0.5)
    said = run("mark", "group7", "C", "--points", 1)
    assert "group7: 4.5 of 4.5 points. 1 total of 2 is complete." in said


def test_what_was_decided_is_taken_back_step_by_step(out):
    run("mark", "group7", "A", "--points", 0.25, "--by", "Grace")
    run("mark", "group7", "A", "--points", 0.5)
    assert "group7, task A: back to 0.25 points, by Ada." in run("mark", "group7", "A", "--undo")
    assert of(out, "group7").tasks[0].manual.points == 0.25
    assert "what was decided is taken back" in run("mark", "group7", "A", "--undo")
    assert of(out, "group7").tasks[0].manual.mark is None
    assert "there is nothing to undo" in refused(out, "mark", "group7", "A", "--undo")
    assert len(MarkStore.of(out).since()) == 4


def test_an_override_whose_measurement_changed_is_confirmed(kept, out, monkeypatch):
    run("override", "somebody", "A.name", "--points", 0.75, "--reason", "It is called so.", "--by", "Grace")
    folder = out.parent / "tiny_changed"
    shutil.copytree(kept[1].folder, folder)
    stricter = tiny.CHECKS.replace("The hand-in has a name", "The hand-in has got a name")
    (folder / "check_all.py").unlink()
    (folder / "check_all_renamed.py").write_text(stricter, encoding="utf-8")
    said = run("regrade", out, "--assignment", folder, code=1)
    assert "somebody, A.name: 0.75 of 0.75 points by Grace do not count." in said
    assert "harness override somebody A.name --confirm" in said
    assert "--out" not in said, "it is the folder that is taken by default"
    assert "harness override somebody A.name --confirm" in run("marks")
    monkeypatch.chdir(out / "somebody")
    said = run("marks", "--out", "..")
    assert "harness override somebody A.name --confirm --out .." in said
    monkeypatch.chdir(out)
    assert of(out, "somebody").tasks[0].points_so_far == 0.0
    said = run("override", "somebody", "A.name", "--confirm")
    assert "0.75 points, by Ada" in said
    assert "--confirm" not in said
    assert of(out, "somebody").tasks[0].points_so_far == 0.75


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("mark", "group7", "A", "--points", "0.75"), "0.75 points: A, a person's part, has 0.5; give 0 to 0.5"),
        (("mark", "group7", "A"), "say how many points with --points"),
        (("mark", "group8", "A", "--points", "0.5"), "holds no hand-in 'group8'; did you mean group7?"),
        (("mark", "group7", "a", "--points", "0.5"), "has no task 'a'; did you mean A?"),
        (("mark", "group7", "A", "--points", "0.5", "--undo"), "one at a time"),
        (("mark", "group7", "A", "--item", "sizes"), "the rubric has no item 'sizes'"),
        (("mark", "group7", "A", "--confirm"), "there is nothing to confirm"),
        (("override", "group7", "A.name", "--points", "0.5"), "say why with a reason"),
        (("override", "group7", "A.nme", "--points", "0.5", "--reason", "x"), "'A.nme'; did you mean A.name"),
        (("override", "group7", "A.name", "--points", "9", "--reason", "x"), "give 0 to 0.75"),
        (("mark", "group7", "A", "--points", "1", "--out", "nowhere"), "nowhere: there is no such folder"),
    ],
)
def test_what_does_not_fit_is_refused(out, arguments, words):
    said = refused(out, *arguments)
    assert said.startswith("usage:")
    assert words in said


def test_a_file_that_holds_no_marks_is_refused(kept, out):
    (out / MARKS).write_bytes(b"x" * 4_000)
    assert "is no file of marks" in refused(out, "mark", "group7", "A", "--points", 0.5)
    assert "is no file of marks" in refused(out, "regrade", out, "--assignment", kept[1].folder)


# --- where and who


def test_the_folder_is_this_one_or_graded_in_it(out, monkeypatch, tmp_path):
    monkeypatch.chdir(out)
    run("mark", "group7", "A", "--points", 0.5)
    monkeypatch.chdir(out / "group7")
    assert "name the folder with --out" in run("marks", code=2)
    run("mark", "group7", "A", "--points", 0.25, "--out", out)
    assert [entry.points for entry in MarkStore.of(out).since()] == [0.5, 0.25]
    assert "--out goes behind export: harness marks export" in run("marks", "--out", out, "export", code=2)


def test_the_author_is_who_is_named_first(monkeypatch, tmp_path):
    monkeypatch.setenv("HARNESS_AUTHOR", "  Ada\tLovelace ")
    assert authors.author("Grace Hopper") == "Grace Hopper"
    assert authors.author() == "Ada Lovelace"
    monkeypatch.setenv("HARNESS_AUTHOR", " ")
    (tmp_path / "config").write_text("[user]\n\tname = Edsger Dijkstra\n", encoding="utf-8")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    if shutil.which("git"):
        assert authors.author() == "Edsger Dijkstra"
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(getpass, "getuser", lambda: "barbara")
    assert authors.author() == "barbara"


# --- all of a class


def test_all_of_a_class_is_shown(out):
    run("mark", "group7", "A", "--points", 0.25)
    run("override", "somebody", "A.name", "--points", 0.5, "--reason", "Nearly.")
    said = run("marks")
    assert re.search(r"group7 0\.25 – · 3\.25 / 4\.5", said)
    assert re.search(r"somebody ·\* – · 2\.5 / 4\.5", said)
    assert "3 parts are open, 0 of 2 totals complete." in said


def test_the_table_goes_from_one_copy_of_the_folder_to_another(out, tmp_path):
    shutil.copytree(out, tmp_path / "copy")
    run("mark", "group7", "A", "--points", 0.25, "--comment", "=1+1")
    run("override", "somebody", "A.name", "--points", 0.5, "--reason", "Nearly.", "--by", "Grace")
    run("marks", "export", "--to", "marks.csv")
    said = run("marks", "import", "marks.csv", "--out", "copy")
    assert "2 decisions read in, 0 were there already." in said
    run("marks", "export", "--out", "copy", "--to", "again.csv")
    assert Path("again.csv").read_bytes() == Path("marks.csv").read_bytes()
    assert [of(tmp_path / "copy", name).tasks for name in NAMES] == [of(out, name).tasks for name in NAMES]
    assert "0 decisions read in, 2 were there already." in run("marks", "import", "marks.csv", "--out", "copy")


def test_the_table_goes_to_standard_output(out):
    run("mark", "group7", "A", "--points", 0.25)
    text = CliRunner().invoke(cli.app, ["marks", "export"]).stdout
    (row,) = csv.DictReader(io.StringIO(text))
    assert (row["hand_in"], row["target"], row["points"], row["author"]) == ("group7", "A", "0.25", "Ada")


def test_a_table_with_a_fault_changes_nothing(out):
    Path("faulty.csv").write_text("hand_in,kind,target,points,text\ngroup7,mark,A,7,\n", encoding="utf-8")
    said = refused(out, "marks", "import", "faulty.csv")
    assert "faulty.csv: nothing was read in. line 2: 7 points: A, a person's part, has 0.5" in said


# --- writing


def test_while_a_run_has_the_folder_a_decision_is_kept_and_its_pages_wait(out, monkeypatch):
    monkeypatch.setattr(writing, "WAIT", 0.01)
    with FileLock(out / LOCK):
        said = run("mark", "group7", "A", "--points", 0.5)
    assert "It is kept. A run of the harness writes to the folder" in said
    assert of(out, "group7").tasks[0].manual.points is None
    assert MarkStore.of(out).last(Key("group7", Kind.MARK, "A")).points == 0.5


def test_what_was_kept_and_not_written_is_written_with_the_next(out):
    """A process that is killed between the two leaves pages that are behind."""
    store = MarkStore.of(out)
    store.add(deciding.mark(of(out, "group7"), "A", 0.5, "Good.", "Ada"), after=None)
    run("mark", "somebody", "A", "--points", 0.25)
    assert of(out, "group7").tasks[0].manual.points == 0.5
    assert "Good." in (out / "group7" / "scorecard.html").read_text(encoding="utf-8")


def test_nothing_is_handed_out_that_lacks_a_decision(out, monkeypatch):
    store = MarkStore.of(out)
    store.add(deciding.mark(of(out, "group7"), "A", 0.5, "Good.", "Ada"), after=None)
    monkeypatch.setattr(writing, "WAIT", 0.01)
    with FileLock(out / LOCK):
        said = run("feedback", out, "--to", "pages", code=2)
    assert "its pages lack what was decided since; wait for it" in said
    assert not Path("pages").exists()
    run("feedback", out, "--to", "pages")
    assert "Good." in Path("pages", "group7.html").read_text(encoding="utf-8")
    assert "group7,3.5,4.5" in CliRunner().invoke(cli.app, ["export", "csv", str(out)]).stdout


def test_only_hand_ins_that_changed_are_written(out):
    before = {path: path.stat().st_mtime_ns for path in (out / "somebody").iterdir()}
    run("mark", "group7", "A", "--points", 0.5)
    assert before == {path: path.stat().st_mtime_ns for path in (out / "somebody").iterdir()}


def test_the_class_page_keeps_what_no_result_holds(out, monkeypatch):
    """Its order, its unsure matches and its likenesses, without comparing anew."""
    monkeypatch.setattr(outputs, "compare", lambda _traces: pytest.fail("compared again"))
    facts = outputs.class_facts(out)
    turned = facts.model_copy(update={"hand_ins": NAMES[::-1], "unsure": {"group7": 2}})
    (out / CLASS).write_text(turned.model_dump_json(), encoding="utf-8")
    run("mark", "group7", "A", "--points", 0.5)
    page = (out / "index.html").read_text(encoding="utf-8")
    assert page.index("somebody/scorecard.html") < page.index("group7/scorecard.html")
    assert "2 matches are unsure" in page


def test_the_class_page_tells_nothing_of_hand_ins_that_count_no_more(out):
    """A second download came, and its grading was cut off before it wrote the page: that of the first is there."""
    assert outputs.class_facts(out).hand_ins == NAMES
    save(Download(kind="folder", hand_ins=(HandIn(name="group7", title="group7"),)).over(out), out)
    run("mark", "group7", "A", "--points", 0.5)
    assert outputs.class_facts(out).hand_ins == ("group7",)
    for name in ("index.html", "grades.csv", "class.json"):
        assert "somebody" not in (out / name).read_text(encoding="utf-8"), name


def test_a_folder_of_an_earlier_version_is_compared_once(out):
    (out / CLASS).unlink()
    run("mark", "group7", "A", "--points", 0.5)
    assert outputs.class_facts(out).hand_ins == NAMES


def test_a_regrade_of_the_same_changes_nothing_that_was_decided(kept, out):
    run("mark", "group7", "A", "--points", 0.5)
    run("override", "somebody", "A.name", "--points", 0.75, "--reason", "So.")
    before = [of(out, name).tasks for name in NAMES]
    assert [result.tasks for result in regrade(out, str(kept[1].folder)).results] == before
