"""The commands that hand results out, by the real program on a folder of results."""

import base64
import csv
import io
import json
import os
import zipfile
from pathlib import Path

import pytest
from unit.cli_sample import program
from unit.sample_hostile import hostile
from unit.sample_results import broken, complete, typical

from harness.downloads import Download, HandIn, Upload, save
from harness.exports import anonymous
from harness.exports.feedback import sheets
from harness.journal import journal
from harness.results import ReportFacts, Result
from harness.results import save as save_result
from harness.roster import Assigned, Person

FIXTURES = Path(__file__).parent.parent / "fixtures"
BOOK = FIXTURES / "canvas_gradebook.csv"
ROSTER = FIXTURES / "canvas_group_roster.csv"


@pytest.fixture
def run(monkeypatch, tmp_path):
    """Runs the program, outside a step of GitHub, and holds it to an exit code."""
    called = program(monkeypatch, tmp_path)
    for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT"):
        monkeypatch.delenv(name, raising=False)

    def invoke(*arguments, code=0):
        answer = called(*arguments)
        assert answer.exit_code == code, answer.output
        return answer

    return invoke


def graded(out: Path, *results: Result) -> Path:
    for result in results:
        folder = out / result.submission.name
        folder.mkdir(parents=True)
        save_result(result, folder / "result.json")
        (folder / "scorecard.html").write_text(f"<p>{result.submission.name}</p>", encoding="utf-8")
    return out


def canvas_hand_in(name: str, user: str, *files: tuple[str, str], **more) -> HandIn:
    late = "LATE_" if more.get("late") else ""
    uploads = tuple(
        Upload(name=file, entry=f"{name}_{late}{user}_{attachment}_{file}", attachment=attachment)
        for attachment, file in files
    )
    return HandIn(**({"name": f"{name}_{user}", "title": name, "user": user, "uploads": uploads} | more))


@pytest.fixture
def canvas_class(tmp_path) -> Path:
    """Two students of the gradebook, one of them late, and one who handed in a link."""
    out = graded(
        tmp_path / "out", *(complete(name) for name in ("andersonmaya_4101", "bergnils_4102", "hansenliv_4107"))
    )
    hand_ins = (
        canvas_hand_in("andersonmaya", "4101", ("88002", "report.pdf"), ("88001", "lab.ipynb")),
        canvas_hand_in("bergnils", "4102", ("88010", "my_net_2.py"), late=True),
        canvas_hand_in("hansenliv", "4107"),
    )
    save(Download(kind="canvas", hand_ins=hand_ins), out)
    return out


# --- every command


@pytest.mark.parametrize(
    "command", ["export canvas", "export gradescope", "export autograder", "export github", "export junit",
                "export csv", "export json", "feedback"],
)  # fmt: skip
def test_every_command_explains_itself(run, command):
    assert "Usage" in run(*command.split(), "--help").output


@pytest.mark.parametrize(
    "arguments",
    [
        ("csv",),
        ("json",),
        ("github",),
        ("junit", "--to", "x"),
        ("gradescope", "--to", "x"),
        ("canvas", "--gradebook", BOOK),
    ],
)
def test_a_folder_without_results_is_said(run, tmp_path, arguments):
    (tmp_path / "empty").mkdir()
    assert "holds no graded hand-in" in run("export", arguments[0], "empty", *arguments[1:], code=2).output
    assert "no such folder" in run("export", arguments[0], "none", *arguments[1:], code=2).output


def test_a_damaged_result_is_named(run, tmp_path):
    out = graded(tmp_path / "out", complete("a"))
    (out / "a" / "result.json").write_text("{")
    assert "result.json is damaged" in run("export", "csv", out, code=2).output.replace("\n", "")


def test_a_name_that_is_not_there_is_said(run, tmp_path):
    out = graded(tmp_path / "out", complete("a"))
    assert "holds no hand-in 'b'; there are a" in run("export", "json", out, "--only", "b", code=2).output


# --- Canvas


def test_a_gradebook_is_filled(run, canvas_class):
    said = run("export", "canvas", canvas_class, "--gradebook", BOOK, "--column", "5007").output
    assert "Berg, Nils: 5.00 becomes 10" in said
    assert "3 marks in 'Assignment 7 (5007)'" in said
    assert b"4101,S-1001,mayaa" in (canvas_class / "gradebook.csv").read_bytes()


def test_incomplete_totals_leave_no_file(run, tmp_path):
    out = graded(tmp_path / "out", typical("livh"))
    arguments = ("export", "canvas", out, "--gradebook", BOOK, "--column", "5007")
    assert "not complete: livh" in run(*arguments, code=2).output
    assert not (out / "gradebook.csv").exists()
    run(*arguments, "--incomplete")
    assert (out / "gradebook.csv").exists()


def test_a_mark_that_stands_nowhere_costs_an_exit_code(run, tmp_path):
    out = graded(tmp_path / "out", complete("group_12"), complete("group_1"))
    said = run("export", "canvas", out, "--gradebook", BOOK, "--column", "5007", "--roster", ROSTER, code=1).output
    assert "Ek, Frida of group_12 is not in the gradebook" in said
    assert "2 handed in nothing: Group 2; Group 4" in said


# --- feedback


def test_feedback_has_the_names_by_which_canvas_takes_it_back(run, canvas_class, tmp_path):
    said = run("feedback", canvas_class, "--to", tmp_path / "pages").output
    written = sorted(path.name for path in (tmp_path / "pages").iterdir())
    assert written == [
        "andersonmaya_4101_88001_lab.html",
        "bergnils_LATE_4102_88010_my_net_2.html",
        "hansenliv_4107.html",
        "upload_to_canvas.zip",
    ]
    with zipfile.ZipFile(tmp_path / "pages" / "upload_to_canvas.zip") as archive:
        assert archive.namelist() == written[:2]
        assert archive.read(written[0]) == b"<p>andersonmaya_4101</p>"
    assert "hansenliv_4107 holds no file that Canvas could answer" in said


def read_by_canvas(name: str) -> tuple[str, str]:
    """Ids of user and file as Canvas reads them (infer_comment_context_from_filename, read on 2026-11-21)."""
    parts = [part for part in name.split("_") if part != "LATE"]
    if parts[0] == "anon":
        return parts[1], parts[2]
    digits = [part for part in parts if part.isdigit()]
    return digits[0], digits[1]


@pytest.mark.parametrize(
    ("entry", "ids"),
    [
        ("doe_1_2_lab.ipynb", ("1", "2")),
        ("doe_LATE_1_2_3_4.tar.gz", ("1", "2")),
        ("LATE_anon_Ab3xY_2_lab.ipynb", ("Ab3xY", "2")),
        ("doe_1_2_lab.final_version", ("1", "2")),
        ("d" * 300 + "_1_2_lab.ipynb", ("1", "2")),
        ("doe_1_2_" + "ö:\x1b" * 90 + ".ipynb", ("1", "2")),
    ],
)
def test_ids_survive_in_every_name(entry, ids):
    hand_in = HandIn(name="x", title="x", uploads=(Upload(name="lab.ipynb", entry=entry, attachment="2"),))
    (sheet,) = sheets(["x"], {"x": hand_in}, Assigned({}))
    assert read_by_canvas(sheet.file) == ids
    assert sheet.file.endswith(".html")
    assert len(sheet.file.encode()) <= 200


def test_a_group_s_page_goes_to_each_member():
    people = (Person("Roe, Jo", line=2, login="jo"), Person("Doe/../x", line=3))
    made = sheets(["group_1", "group_2"], {}, Assigned({"group_1": people}))
    assert [sheet.file for sheet in made] == ["Roe_Jo_jo.html", "Doe_x.html", "group_2.html"]


def test_pages_of_an_earlier_run_are_not_mixed_in(run, canvas_class, tmp_path):
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "old.html").touch()
    assert "not an empty folder" in run("feedback", canvas_class, "--to", tmp_path / "pages", code=2).output
    (canvas_class / "bergnils_4102" / "scorecard.html").unlink()
    assert "no scorecard.html of bergnils_4102" in run("feedback", canvas_class, "--to", "new", code=2).output


# --- GitHub and Gradescope


def test_a_step_of_github_gets_its_summary_and_output(run, tmp_path, monkeypatch):
    out = graded(tmp_path / "out", typical("work"))
    for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT"):
        monkeypatch.setenv(name, str(tmp_path / name))
    lines = run("export", "github", out, "--folder", "handin").output.splitlines()
    assert all(line.startswith(("::error ", "::warning ")) for line in lines)
    assert (tmp_path / "GITHUB_STEP_SUMMARY").read_text(encoding="utf-8").startswith("## work: 3.82 of 7.5")
    (line,) = (tmp_path / "GITHUB_OUTPUT").read_text().splitlines()
    assert json.loads(base64.b64decode(line.removeprefix("result=")))["version"] == 3


def test_files_for_one_hand_in_and_for_several(run, tmp_path):
    run("export", "gradescope", graded(tmp_path / "one", typical("a")), "--to", "g1")
    out = graded(tmp_path / "two", typical("a"), complete("b"))
    run("export", "gradescope", out, "--to", "g2")
    run("export", "gradescope", out, "--to", "g3", "--only", "b")
    run("export", "github", out, "--to", "h2")
    run("export", "junit", out, "--to", "j2")
    found = sorted(path.relative_to(tmp_path).as_posix() for folder in ("g1", "g2", "g3", "h2", "j2")
                   for path in (tmp_path / folder).rglob("*.*"))  # fmt: skip
    assert found == [
        "g1/results.json", "g2/a/results.json", "g2/b/results.json", "g3/results.json", "h2/a/classroom.json",
        "h2/b/classroom.json", "h2/summary.md", "j2/a.xml", "j2/b.xml",
    ]  # fmt: skip


def test_an_autograder_is_written(run, tmp_path):
    run("export", "autograder", "a.zip", "--assignment", "nn_hw5")
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert b"--assignment nn_hw5" in archive.read("run_autograder")


# --- tables


def test_a_line_a_student_with_those_who_are_missing(run, tmp_path):
    out = graded(tmp_path / "out", complete("group_1"), typical("stranger"))
    rows = list(csv.DictReader(io.StringIO(run("export", "csv", out, "--roster", ROSTER).output)))
    assert [(row["student"], row["name"], row["points"]) for row in rows] == [
        ("Anderson, Maya", "group_1", "10"),
        ("Berg, Nils", "group_1", "10"),
        ("", "stranger", "3.82"),
        ("Cederlund, Åsa", "Group 2", ""),
        ("Dahl, Erik", "Group 12", ""),
        ("Ek, Frida", "Group 12", ""),
        ("Hansen, Liv", "Group 4", ""),
    ]
    assert rows[-1]["problem"] == "nothing was handed in"


def test_names_in_a_roster_are_no_formulas(run, tmp_path):
    (tmp_path / "roster.csv").write_text("group,name,login\n=1+1,=cmd()|x,@y\n", encoding="utf-8")
    out = graded(tmp_path / "out", complete("group_1"))
    (_, last) = csv.DictReader(io.StringIO(run("export", "csv", out, "--roster", "roster.csv").output))
    assert (last["student"], last["login"], last["name"]) == ("'=cmd()|x", "'@y", "'=1+1")


# --- pseudonyms


def test_pseudonyms_stay_and_are_another_class_s_others(tmp_path):
    given = [anonymous.pseudonyms(folder) for folder in (tmp_path, tmp_path)]
    (tmp_path / "other").mkdir()
    other = anonymous.pseudonyms(tmp_path / "other")
    assert given[0] == given[1] != other
    assert given[0].of("Group_1") == given[0].of("group_1") != given[0].of("group_2")
    assert given[0].of("a") != other.of("a")
    if os.name == "posix":
        assert (tmp_path / anonymous.SECRET).stat().st_mode & 0o077 == 0


def test_a_damaged_secret_is_no_new_one(run, tmp_path):
    out = graded(tmp_path / "out", complete("a"))
    (out / anonymous.SECRET).write_text("short")
    assert "pseudonyms.key is damaged" in run("export", "csv", out, "--anonymous", code=2).output.replace("\n", "")


def test_no_name_is_left(run, tmp_path):
    named = typical("andersonmaya_4101")
    said = named.findings[0].model_copy(update={"message": "In Maya's anderson_lab.ipynb, written by MAYAA (4101)"})
    files = tuple(file.model_copy(update={"name": "anderson_lab.ipynb"}) for file in named.submission.files[:1])
    report = ReportFacts(file="maya.pdf", pages=1, title="By Maya", author="Maya Anderson", front_page="Maya A.")
    named = named.model_copy(
        update={
            "findings": (said,), "reports": (report,),
            "provenance": {"arguments": {"paths": ["maya"]}, "harness": "1"},
            "submission": named.submission.model_copy(update={"files": files}),
        }
    )  # fmt: skip
    out = graded(tmp_path / "out", named)
    save(Download(kind="canvas", hand_ins=(canvas_hand_in("andersonmaya", "4101", ("8", "x.py")),)), out)
    for name in ("json", "csv"):
        text = run("export", name, out, "--anonymous", *(("--roster", ROSTER) if name == "json" else ())).output
        assert "student-" in text
        for part in ("maya", "anderson", "4101"):
            assert part not in text.casefold()
    run("export", "junit", out, "--to", "xml", "--anonymous")
    (path,) = (tmp_path / "xml").iterdir()
    assert path.name == f"{anonymous.pseudonyms(out).of('andersonmaya_4101')}.xml"


@pytest.mark.parametrize("name", ["passed", "2C", "mnist", "full", "a", "student"])
def test_names_that_are_words_of_ours_break_nothing(tmp_path, name):
    made = anonymous.anonymous(typical(name), anonymous.pseudonyms(tmp_path), None, (Person(name, line=2),))
    assert made.points == typical().points
    assert made.submission.name.startswith("student-")


def test_hostile_and_broken_results_can_be_made_anonymous(tmp_path):
    given = anonymous.pseudonyms(tmp_path)
    for result in (hostile("<b>x"), broken()):
        assert anonymous.anonymous(result, given).submission.sha256 == ""


# --- results of earlier runs in the same folder


def test_results_of_an_earlier_download_are_left_out_and_said(tmp_path, run):
    out = graded(tmp_path / "out", complete("a"), complete("b"), complete("late"))
    listed = Download(kind="folder", hand_ins=(HandIn(name="a", title="a"), HandIn(name="c", title="c")))
    save(listed.over(out), out)
    answer = run("export", "csv", out, "--to", "marks.csv")
    assert "earlier download" in answer.output and "b, late" in answer.output
    assert [row["name"] for row in csv.DictReader(io.StringIO((tmp_path / "marks.csv").read_text()))] == ["a"]
    assert "earlier download" in run("export", "junit", out, "--to", "j", "--only", "b", code=2).output
    save(listed.over(out).graded_alone(["late"]), out)
    run("export", "csv", out, "--to", "marks.csv")
    rows = csv.DictReader(io.StringIO((tmp_path / "marks.csv").read_text()))
    assert [row["name"] for row in rows] == ["a", "late"]


def test_a_result_of_before_a_run_that_was_cut_off_is_left_out_and_said(tmp_path, run):
    out = graded(tmp_path / "out", complete("a"), complete("b"))
    with journal(out) as kept:
        for name in ("a", "b"):
            kept.add("finished", name, "1")
        kept.asked([("a", "2"), ("b", "2")])
        kept.add("finished", "a", "2")
    answer = run("export", "json", out)
    assert [one["submission"]["name"] for one in json.loads(answer.stdout)["results"]] == ["a"]
    assert "--resume" in answer.stderr and "b" in answer.stderr
    with journal(out) as kept:
        kept.asked([("a", "3")])
    assert "no result that counts" in run("export", "json", out, code=2).output
