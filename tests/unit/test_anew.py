"""One hand-in of a class graded anew from its files: the right one, as it was graded, and nothing lost by it."""

import zipfile

import pytest
import tiny
from evidence import evidence
from typer.testing import CliRunner
from unit.complaint_sample import facts, graded

from harness import history, mapping
from harness.cli import app
from harness.complaints import anew, asking
from harness.complaints.asking import Wanted
from harness.intake import receive
from harness.outputs import FAULT, evidence_files, judge, result_files
from harness.progress import Silent
from harness.regrade import RegradeError
from harness.results import Cause, SubmissionFacts
from harness.results import load as load_result
from harness.stages import Finished
from harness.traces import handed_out, trace

CODE = "print('handed in')\n"


@pytest.fixture
def small(tmp_path):
    return tiny.assignment(tmp_path)


@pytest.fixture
def hand_in(tmp_path):
    path = tmp_path / "group7.py"
    path.write_text(CODE, encoding="utf-8")
    return path


@pytest.fixture
def out(small, hand_in, tmp_path):
    """A class of two, of which one was matched by a person; on digits, with the quick profile."""
    got = receive(hand_in, tmp_path / "received")
    mine = SubmissionFacts(name="group7", sha256=got.sha256, files=got.files)
    made = evidence(small)
    digits = made.dataset.model_copy(update={"name": "digits", "official": False})
    several = [made.model_copy(update={"submission": one, "dataset": digits}) for one in (mine, facts("other"))]
    given = {"A": "fit-2, fit-3", "B": "none"}
    graded(tmp_path / "out", small, *several, matches_given=given)
    return tmp_path / "out"


@pytest.fixture
def grading(small, monkeypatch):
    """What is graded anew, and how; it then has other data, and where `fault` is given a fault of ours."""
    seen = {}

    def grade_one(one, options, _progress):
        seen.update(hand_in=one, options=options, code=[path.read_text() for path in one.folder.path.iterdir()])
        made = evidence(small).model_copy(update={"submission": one.facts, "profile": options.profile})
        result, files = result_files(judge(small, made))
        if "fault" in seen:
            task = result.tasks[0]
            lost = task.checks[0].model_copy(update={"cause": Cause.HARNESS_FAULT, "message": seen["fault"]})
            lost_task = task.model_copy(update={"checks": (lost, *task.checks[1:])})
            result = result.model_copy(update={"tasks": (lost_task, *result.tasks[1:])})
            files = {**files, FAULT: b"Traceback"}
        whole = {**evidence_files(made), **files}
        return Finished(result, whole, mapping.rows(made, []), trace(made, handed_out(small)))

    monkeypatch.setattr(anew, "grade_one", grade_one)
    return seen


def again(out, small, source, **more):
    whole = {"only": ("group7",), "source": source, "assignment": str(small.folder), **more}
    return asking.regraded(Wanted(out, **whole), Silent())


def files(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_it_is_graded_as_it_was_with_what_a_person_said(out, small, hand_in, grading):
    again(out, small, hand_in)
    options = grading["options"]
    assert (options.data, options.profile, options.isolation) == ("digits", "quick", "required")
    assert grading["hand_in"].given == {"A": ("fit-2", "fit-3"), "B": ()}
    assert grading["hand_in"].facts == load_result(out / "group7" / "result.json").submission
    assert grading["code"] == [CODE]


def test_other_data_and_another_profile_are_followed(out, small, hand_in, grading):
    again(out, small, hand_in, data="mnist", profile="full")
    assert (grading["options"].data, grading["options"].profile) == ("mnist", "full")


def test_the_new_result_takes_the_place_of_the_former_which_is_kept(out, small, hand_in, grading):
    before, others = files(out / "group7"), files(out / "other")
    found = again(out, small, hand_in, profile="full")
    assert [result.profile for result in found.results] == ["full"]
    assert load_result(out / "group7" / "result.json").profile == "full"
    (kept,) = history.kept(out / "group7")
    for name in ("result.json", "evidence.json"):
        assert (kept / name).read_bytes() == before[out / "group7" / name]
    assert (out / "group7" / "evidence.json").read_bytes() != before[out / "group7" / "evidence.json"]
    assert files(out / "other") == others
    assert "full" in (out / "group7" / "scorecard.html").read_text(encoding="utf-8")


def test_a_fault_of_ours_changes_nothing(out, small, hand_in, grading):
    grading["fault"] = "The trainer ended."
    before = files(out)
    with pytest.raises(anew.GradingFailed, match=r"its result stays as it was: The trainer ended\.\nTraceback"):
        again(out, small, hand_in)
    assert files(out) == before
    arguments = ["regrade", out, "--only", "group7", "--from", hand_in, "--assignment", small.folder]
    answer = CliRunner().invoke(app, [str(one) for one in arguments])
    assert (answer.exit_code, "our fault" in answer.stderr) == (3, True)


def test_another_hand_in_is_refused(out, small, hand_in, grading):
    hand_in.write_text(CODE + "# better\n", encoding="utf-8")
    before = files(out)
    with pytest.raises(
        RegradeError, match=r"is not the hand-in that was graded as group7: not the same: group7\.py"
    ):
        again(out, small, hand_in)
    assert (files(out), grading) == (before, {})


def test_it_is_found_in_the_download_of_its_class(out, small, hand_in, tmp_path, grading):
    canvas = tmp_path / "submissions.zip"
    with zipfile.ZipFile(canvas, "w") as archive:
        archive.writestr("group7_4101_88001_group7.py", CODE)
        archive.writestr("other_4102_88002_lab.py", "print('another')\n")
    (out / "group7").rename(out / "group7_4101")
    for name in ("result.json", "evidence.json"):
        path = out / "group7_4101" / name
        path.write_text(path.read_text(encoding="utf-8").replace('"group7"', '"group7_4101"'), encoding="utf-8")
    again(out, small, canvas, only=("group7_4101",))
    assert grading["code"] == [CODE]
    with pytest.raises(RegradeError, match="holds no hand-in 'other'"):
        again(out, small, canvas, only=("other",))


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"source": None, "profile": "full"}, "--data, --profile and --map need the hand-in itself"),
        ({"source": None, "data": "mnist"}, "--data, --profile and --map need the hand-in itself"),
        ({"only": ()}, "say which by --only NAME"),
        ({"only": ("group7", "other")}, "say which by --only NAME"),
        ({"assignment": "dat405_a7"}, "was graded by tiny, not dat405_a7"),
    ],
)
def test_what_does_not_go_together_is_said(out, small, hand_in, grading, more, said):
    with pytest.raises(RegradeError, match=said):
        again(out, small, **{"source": hand_in, **more})
    assert grading == {}


def test_a_hand_in_that_was_refused_has_nothing_to_compare_with(out, small, hand_in, grading):
    path = out / "group7" / "result.json"
    sha256 = load_result(path).submission.sha256
    path.write_text(path.read_text(encoding="utf-8").replace(f'"{sha256}"', '""', 1), encoding="utf-8")
    with pytest.raises(RegradeError, match="was refused when it was handed in"):
        again(out, small, hand_in)
    assert grading == {}
