"""Judging again: what may change does, what was measured stays, and nothing is trained or imported for it."""

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from xml.etree import ElementTree

import pytest
import tiny
from evidence import complete, denoising, evidence, mlp

from harness.assignment import AssignmentError, load
from harness.complaints.asking import Wanted, regraded
from harness.downloads import Download, HandIn, save
from harness.evidence import Match
from harness.journal import JOURNAL, Line
from harness.marking import deciding
from harness.marking.store import MarkStore
from harness.outputs import evidence_files, judge, write_class, write_files, write_result
from harness.plugin import ChecksFailed
from harness.progress import Silent
from harness.recording import Finding
from harness.regrade import Change, RegradeError, regrade
from harness.results import SubmissionFacts
from harness.results import load as load_result
from harness.store import Store

FIGURE = re.compile(r'<svg [^>]*class="figure".*?</svg>', re.DOTALL)
A7 = load("dat405_a7")


def graded(out, assignment, *found):
    """Write what grading these leaves in a folder."""
    results = []
    for one in found:
        folder = out / one.submission.name
        write_files(evidence_files(one), folder)
        result = judge(assignment, one)
        about = {"provenance": {"harness": "0.0", "time": "then"}, "timing": {"train": 12.5, "check": 0.1}}
        results.append(write_result(result.model_copy(update=about), folder))
    write_class(results, [], out)
    return results


def named(name, made):
    return made.model_copy(update={"submission": SubmissionFacts(name=name, sha256="0")})


def a_class(tmp_path, assignment):
    made = evidence(assignment)
    return graded(tmp_path / "out", assignment, named("group7", made), named("somebody", made))


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A class that is graded once, and the assignment it was graded by."""
    home = tmp_path_factory.mktemp("kept")
    small = tiny.assignment(home)
    a_class(home, small)
    return home / "out", small


@pytest.fixture
def out(kept, tmp_path):
    """A copy of the class, to be damaged."""
    shutil.copytree(kept[0], tmp_path / "out")
    return tmp_path / "out"


def changed(assignment, old, new):
    """Change the assignment's TOML; each change gives it another version."""
    path = assignment.folder / "assignment.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def of(out, name):
    return load_result(out / name / "result.json")


def thresholds(result):
    return {one.value for check in result.checks for one in check.thresholds}


def refused(out, assignment=None):
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    with pytest.raises(RegradeError) as error:
        regrade(out, assignment)
    assert before == {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}, "something was written"
    return str(error.value)


# --- what changes


def test_nothing_changes_where_nothing_was_changed(kept, out):
    before = [of(out, name) for name in ("group7", "somebody")]
    found = regrade(out, str(kept[1].folder))
    assert found.changes == ()
    assert [result.tasks for result in found.results] == [result.tasks for result in before]


def test_points_that_are_given_anew_are_listed(tmp_path):
    small = tiny.assignment(tmp_path)
    a_class(tmp_path, small)
    changed(small, "machine = 1.0\nperson = 0.5", "machine = 2.0\nperson = 0.5")
    found = regrade(tmp_path / "out", str(small.folder))
    assert found.changes == (
        Change("group7", "A", 1.0, 2.0, 1.5, 2.5),
        Change("somebody", "A", 0.0, 0.0, 1.5, 2.5),
    )
    assert of(tmp_path / "out", "group7").points == 4.0
    with (tmp_path / "out" / "grades.csv").open(encoding="utf-8", newline="") as file:
        assert [row["points"] for row in csv.DictReader(file)] == ["4", "2"]
    for name in ("group7", "somebody"):
        assert "2.5" in (tmp_path / "out" / name / "scorecard.html").read_text(encoding="utf-8")
        junit = ElementTree.parse(tmp_path / "out" / name / "junit.xml")
        assert junit.find(".//property[@name='max_points']").get("value") == "5.5"
    page = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert page.count(" / 5.5</span>") == 2


def test_checks_are_run_anew(tmp_path):
    small = tiny.assignment(tmp_path)
    a_class(tmp_path, small)
    stricter = tiny.CHECKS.replace('startswith("group")', 'startswith("gruppe")')
    (small.folder / "check_all.py").rename(small.folder / "check_all_again.py")  # pytest imports one name once
    (small.folder / "check_all_again.py").write_text(stricter, encoding="utf-8")
    found = regrade(tmp_path / "out", str(small.folder))
    assert [(one.submission, one.before, one.after) for one in found.changes] == [("group7", 1.0, 0.0)]


def test_thresholds_are_the_assignments_of_now(tmp_path):
    made = named("group7", evidence(A7, mlp(0.9716)))
    graded(tmp_path / "out", A7, made)
    before = of(tmp_path / "out", "group7")
    found = regrade(tmp_path / "out")
    now, then = A7.gates("mnist", "quick")["2C.accuracy"].accepted, made.gates["2C.accuracy"].accepted
    assert now != then
    assert [value in thresholds(before) for value in (now, then)] == [False, True]
    assert [value in thresholds(found.results[0]) for value in (now, then)] == [True, False]


def test_findings_and_facts_are_found_anew(tmp_path):
    small = tiny.assignment(tmp_path)
    a_class(tmp_path, small)
    text = (
        "from harness.recording import Finding\ndef find(evidence):\n    yield Finding(code='seen', message='S')\n"
    )
    (small.folder / "findings.py").write_text(text, encoding="utf-8")
    found = regrade(tmp_path / "out", str(small.folder))
    assert found.results[0].findings == (Finding(code="seen", message="S"),)


# --- what stays


def test_the_measurements_provenance_and_time_stay_and_the_regrading_is_noted(tmp_path):
    small = tiny.assignment(tmp_path)
    a_class(tmp_path, small)
    version = load(str(small.folder)).version
    evidence_before = (tmp_path / "out" / "group7" / "evidence.json").read_bytes()
    changed(small, 'title = "The first"', 'title = "First"')
    found = regrade(tmp_path / "out", str(small.folder))
    result = of(tmp_path / "out", "group7")
    assert (result.provenance["harness"], result.provenance["time"]) == ("0.0", "then")
    note = result.provenance["regraded"]
    assert (note["assignment_before"], note["assignment_after"]) == (version, load(str(small.folder)).version)
    assert note["assignment_before"] != note["assignment_after"] == result.assignment.version
    assert note["time"].endswith("+00:00")
    assert result.timing["train"] == 12.5
    assert found.before == (version,)
    assert (tmp_path / "out" / "group7" / "evidence.json").read_bytes() == evidence_before
    regrade(tmp_path / "out", str(small.folder))
    assert of(tmp_path / "out", "group7").provenance["regraded_times"] == 2


def test_matches_and_their_table_stay(tmp_path):
    made = named("group7", evidence(A7, mlp(), matches={"2C": Match(task="2C", fits=("fit-1",), sure=False)}))
    graded(tmp_path / "out", A7, made)
    regrade(tmp_path / "out")
    with (tmp_path / "out" / "matches.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["task"]: row for row in csv.DictReader(file)}
    assert (rows["2C"]["fits"], rows["2C"]["sure"]) == ("fit-1", "no")
    assert "1 match is unsure" in (tmp_path / "out" / "index.html").read_text(encoding="utf-8")


def decided(out, *drafts):
    store = MarkStore.of(out)
    for draft in drafts:
        store.add(draft, after=None)


def test_what_persons_decided_stays(tmp_path):
    small = tiny.assignment(tmp_path)
    a_class(tmp_path, small)
    out = tmp_path / "out"
    work = of(out, "somebody")
    decided(
        out,
        deciding.mark(work, "A", 0.25, "Good reasons.", "Ada"),
        deciding.mark(work, "C", 1.0, "", "Ada"),
        deciding.override(work, "A.name", 0.75, "So it is called on page 1.", "Grace"),
    )
    found = regrade(out, str(small.folder)).results[1]
    assert [task.points for task in found.tasks] == [1.0, 2.0, 1.0]
    assert found.complete
    check = found.tasks[0].checks[0]
    assert (check.points, check.outcome, check.override.points, check.override.by) == (0.0, "failed", 0.75, "Grace")
    assert of(out, "somebody") == found
    assert "So it is called on page 1." in (out / "somebody" / "scorecard.html").read_text(encoding="utf-8")
    assert not of(out, "group7").complete


def test_what_was_decided_about_something_that_changed_is_asked_for_again(tmp_path):
    small = tiny.assignment(tmp_path)
    a_class(tmp_path, small)
    out = tmp_path / "out"
    work = of(out, "somebody")
    decided(
        out,
        deciding.mark(work, "A", 0.25, "Good reasons.", "Ada"),
        deciding.override(work, "A.name", 0.75, "It is called so.", "Grace"),
    )
    changed(small, "machine = 1.0\nperson = 0.5", "machine = 2.0\nperson = 0.125")
    task = regrade(out, str(small.folder)).results[1].tasks[0]
    check, manual = task.checks[0], task.manual
    assert (check.override.holds, check.counted_points) == (False, 0.0)
    assert (manual.mark.holds, manual.points) == (False, None)
    page = (out / "index.html").read_text(encoding="utf-8")
    assert "Decisions to confirm" in page
    assert "A.name" in page


# --- what cannot be judged again


def of_an_earlier_download(out):
    """group7 is of the download that was graded last, somebody of the one before."""
    save(Download(kind="folder", hand_ins=(HandIn(name="group7", title="group7"),)).over(out), out)


def of_a_run_that_was_cut_off(out):
    """Both were to be graded again, and somebody is not yet."""
    lines = [Line(event="asked", name=name) for name in ("group7", "somebody")]
    lines.append(Line(event="finished", name="group7", key="k"))
    (out / JOURNAL).write_text("".join(line.model_dump_json() + "\n" for line in lines), encoding="utf-8")


@pytest.mark.parametrize(
    ("stale", "why"),
    [(of_an_earlier_download, "from an earlier download"), (of_a_run_that_was_cut_off, "was cut off")],
)
def test_results_that_do_not_count_are_left_as_they_are_and_are_on_no_page(kept, out, stale, why):
    stale(out)
    before = (out / "somebody" / "result.json").read_bytes()
    made = regrade(out, str(kept[1].folder))
    assert [result.submission.name for result in made.results] == ["group7"]
    (said,) = made.left_out
    assert re.search(f"Left out, because .*({why}).*: somebody", said)
    assert (out / "somebody" / "result.json").read_bytes() == before
    for name in ("index.html", "grades.csv", "matches.csv", "class.json"):
        assert "somebody" not in (out / name).read_text(encoding="utf-8"), name
    with pytest.raises(RegradeError, match=f"somebody: .*({why})"):
        regrade(out, str(kept[1].folder), only=["somebody"])
    anew = Wanted(out, str(kept[1].folder), only=("somebody",), source=out)
    with pytest.raises(RegradeError, match=f"somebody: .*({why}).*lets it count again"):
        regraded(anew, Silent())


def test_a_folder_where_nothing_counts(kept, out):
    save(Download(kind="folder", hand_ins=()).over(out), out)
    with pytest.raises(RegradeError, match="holds no result that counts; group7: graded from an earlier download"):
        regrade(out, str(kept[1].folder))


def test_a_folder_that_is_not_there(tmp_path):
    assert refused(tmp_path / "nowhere") == (
        f"{tmp_path / 'nowhere'}: there is no such folder; give the one that `harness grade` wrote (--out)"
    )


def test_a_folder_without_graded_hand_ins(tmp_path):
    (tmp_path / "group").mkdir()
    assert "holds no graded hand-in" in refused(tmp_path)


@pytest.mark.parametrize("name", ["evidence.json", "result.json"])
def test_what_is_missing_is_named_with_a_remedy(kept, out, name):
    (out / "somebody" / name).unlink()
    said = refused(out, str(kept[1].folder))
    assert said.startswith(f"{out / 'somebody'}: there is no {name}, so nothing was judged again; grade it")


@pytest.mark.parametrize("name", ["evidence.json", "result.json"])
@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"\xff", b'{"fits": 3}'])
def test_what_is_damaged_is_named_with_a_remedy(kept, out, name, data):
    path = out / "somebody" / name
    path.write_bytes(data)
    said = refused(out, str(kept[1].folder))
    assert said.startswith(f"{path} is damaged")
    assert "`harness grade`" in said


def test_another_assignments_results_are_not_judged_by_this_one(out):
    assert "graded by the assignment tiny, not dat405_a7; say --assignment tiny" in refused(out, "dat405_a7")


def test_an_assignment_that_is_not_installed_is_asked_for(out):
    with pytest.raises(AssignmentError, match="there is no assignment 'tiny'"):
        regrade(out)


def test_checks_that_cannot_be_run_change_nothing(tmp_path):
    small = tiny.assignment(tmp_path)
    a_class(tmp_path, small)
    (small.folder / "check_more.py").write_text("def check(:\n", encoding="utf-8")
    before = {path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()}
    with pytest.raises(ChecksFailed, match=r"check_more\.py"):
        regrade(tmp_path / "out", str(small.folder))
    assert before == {path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()}


def test_two_classes_in_one_folder(kept, out):
    path = out / "somebody" / "result.json"
    plain = json.loads(path.read_bytes())
    plain["assignment"]["id"] = "dat405_a7"
    path.write_text(json.dumps(plain), encoding="utf-8")
    assert "graded by the assignment dat405_a7, not tiny" in refused(out, str(kept[1].folder))


# --- what it takes


def by_command(out, cache):
    """Judge again by the command line; the names of heavy packages that it imported, and what else it started."""
    code = (
        "import sys\n"
        "import subprocess\n"
        "from harness.cli import main\n"
        "started = []\n"
        "popen = subprocess.Popen.__init__\n"
        "def noted(self, arguments, *more, **named):\n"
        "    started.append(str(arguments))\n"
        "    popen(self, arguments, *more, **named)\n"
        "subprocess.Popen.__init__ = noted\n"
        f"sys.argv = ['harness', 'regrade', {str(out)!r}]\n"
        "try:\n    main()\n"
        "except SystemExit as left:\n    print('exit', left.code, file=sys.stderr)\n"
        "heavy = {'tensorflow', 'keras', 'jax', 'matplotlib'}\n"
        "print(sorted(heavy & set(sys.modules)), [one for one in started if 'git' not in one], file=sys.stderr)\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, "HARNESS_CACHE": str(cache)},
    )
    assert "exit 0" in answer.stderr
    return answer.stderr.strip().splitlines()[-1]


def test_it_imports_no_framework_and_starts_no_trainer_and_draws_no_figure_twice(tmp_path):
    strips = dict.fromkeys(("original", "seasoned", "denoised"), ("",))
    curves = denoising(strips=strips, strip_levels=(0.4,), strip_images=1)
    graded(tmp_path / "out", A7, named("group7", complete(A7, denoising=curves)))
    assert by_command(tmp_path / "out", tmp_path / "cache") == "['matplotlib'] []"
    page = tmp_path / "out" / "group7" / "scorecard.html"
    drawn = FIGURE.findall(page.read_text(encoding="utf-8"))
    assert len(drawn) > 3
    assert json.loads((tmp_path / "out" / "group7" / "result.json").read_text(encoding="utf-8"))["points"]
    assert by_command(tmp_path / "out", tmp_path / "cache") == "[] []"
    assert FIGURE.findall(page.read_text(encoding="utf-8")) == drawn


def test_a_figure_of_other_data_is_drawn(tmp_path):
    graded(tmp_path / "out", A7, named("group7", evidence(A7, mlp(0.9716))))
    store = Store(tmp_path / "cache")
    counts = []
    for accuracy in (0.9716, 0.9716, 0.9532):
        write_files(evidence_files(named("group7", evidence(A7, mlp(accuracy)))), tmp_path / "out" / "group7")
        regrade(tmp_path / "out", store=store)
        counts.append(store.facts().kept["figure"])
    assert 0 < counts[0] == counts[1] < counts[2]
