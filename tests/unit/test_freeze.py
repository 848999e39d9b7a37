"""A frozen bundle: whole, the same each time, nobody else's, and of use to whoever opens it."""

import hashlib
import io
import json
import shutil
import tempfile
import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner
from unit.complaint_sample import graded, of_a7

from harness.assignment import AssignmentError, load
from harness.cli import app
from harness.complaints.asking import explanations
from harness.complaints.bundle import BundleError, is_bundle, opened, unpack
from harness.complaints.cases import files_in
from harness.complaints.freeze import freeze
from harness.intake import receive
from harness.journal import journal
from harness.marking.entries import Draft, Kind
from harness.marking.store import MarkStore
from harness.progress import Silent
from harness.regrade import RegradeError
from harness.results import SubmissionFacts
from harness.results import load as load_result

A7 = load("dat405_a7")
CODE = "print('handed in by group-7')\n"
OTHER = "somebody-else"


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A class of two, with marks of both, and the hand-in of one."""
    home = tmp_path_factory.mktemp("class")
    (home / "group-7.py").write_text(CODE, encoding="utf-8")
    got = receive(home / "group-7.py", home / "received")
    mine = SubmissionFacts(name="group-7", sha256=got.sha256, files=got.files)
    graded(home / "out", A7, of_a7(A7, "group-7", 0.951, 0.952, 0.95, submission=mine), of_a7(A7, OTHER))
    with journal(home / "out") as log:
        for name in ("group-7", OTHER):
            log.add("finished", name, f"key of {name}")
    store = MarkStore.of(home / "out")
    for name in ("group-7", OTHER):
        about = {"author": "Ada", "kind": Kind.OVERRIDE, "submission": name, "target": "2C.accuracy"}
        first = store.add(Draft(points=0.3, text=f"of {name}", **about), after=None)
        if name == "group-7":
            undone = store.undo(first.key, "Grace", after=first.id)
            store.add(Draft(points=0.5, text="after all", **about), after=undone.id)
    return home


@pytest.fixture
def bundle(home, tmp_path):
    return made(home, tmp_path / "group-7.zip", home / "group-7.py").path


def made(home, to, source=None, **more):
    with tempfile.TemporaryDirectory() as scratch:
        return freeze(home / "out", "group-7", to, Path(scratch), Silent(), source, **more)


def names(path):
    with zipfile.ZipFile(path) as archive:
        return {info.filename: archive.read(info) for info in archive.infolist()}


def changed(path, to, **files):
    """The bundle with other contents of some files, or without them (None); its manifest is as it was."""
    with zipfile.ZipFile(to, "w") as archive:
        for name, data in {**names(path), **files}.items():
            if data is not None:
                archive.writestr(name, data)
    return to


def run(*arguments):
    return CliRunner().invoke(app, [str(one) for one in arguments])


# --- what is in it


def test_all_that_the_verdicts_rest_on_is_in_it(home, bundle):
    found = names(bundle)
    for name in ("result.json", "evidence.json", "recording.json", "scorecard.html", "junit.xml"):
        assert found[f"out/group-7/{name}"] == (home / "out" / "group-7" / name).read_bytes()
    of_assignment = {name: data for name, data in found.items() if name.startswith("assignment/")}
    assert of_assignment == {f"assignment/{name}": data for name, data in files_in(A7.folder).items()}
    assert "assignment/calibration/mnist-full.json" in of_assignment
    assert found["submission/group-7.py"] == CODE.encode()
    assert found["out/matches.csv"].startswith(b"submission,task,fits")
    assert [json.loads(line)["key"] for line in found["out/journal.jsonl"].splitlines()] == ["key of group-7"]
    assert [(one["author"], one["points"]) for one in json.loads(found["marks.json"])] == [
        ("Ada", 0.3), ("Grace", None), ("Ada", 0.5),
    ]  # fmt: skip
    assert "- Nothing." in found["README.md"].decode()


def test_the_manifest_has_the_sum_of_each_file(bundle):
    found = names(bundle)
    manifest = json.loads(found.pop("MANIFEST.json"))
    assert {name: one["sha256"] for name, one in manifest["files"].items()} == {
        name: hashlib.sha256(data).hexdigest() for name, data in found.items()
    }
    assert manifest["assignment"]["version"] == A7.version


def test_nothing_of_anybody_else_is_in_it(bundle):
    assert [name for name, data in names(bundle).items() if OTHER in name or OTHER.encode() in data] == []


def test_the_same_input_gives_the_same_bytes(home, bundle, tmp_path):
    other_place = tmp_path / "elsewhere"
    shutil.copytree(home, other_place)
    again = made(other_place, tmp_path / "again.zip", other_place / "group-7.py")
    assert again.path.read_bytes() == bundle.read_bytes()
    assert again.sha256 == hashlib.sha256(bundle.read_bytes()).hexdigest()


def test_former_results_are_in_it(home, tmp_path):
    shutil.copytree(home / "out", tmp_path / "out")
    kept = tmp_path / "out" / "group-7" / "history" / "001"
    kept.mkdir(parents=True)
    shutil.copy(tmp_path / "out" / "group-7" / "result.json", kept)
    found = freeze(tmp_path / "out", "group-7", tmp_path / "b.zip", tmp_path / "s", Silent())
    assert "out/group-7/history/001/result.json" in names(found.path)


def test_what_it_lacks_is_said(home, tmp_path):
    found = made(home, tmp_path / "b.zip")
    assert [line[:22] for line in found.lacks] == ["The hand-in's own file"]
    assert found.lacks[0] in names(found.path)["README.md"].decode()
    assert not any(name.startswith("submission/") for name in names(found.path))


def test_what_a_later_run_was_to_grade_and_did_not_counts_in_the_bundle(home, tmp_path):
    shutil.copytree(home / "out", tmp_path / "out")
    for _ in range(2):  # cut off, begun anew, and cut off again
        with journal(tmp_path / "out") as log:
            log.asked([("group-7", "a new key")])
            log.add("looked", "group-7", "a new key")
    found = freeze(tmp_path / "out", "group-7", tmp_path / "b.zip", tmp_path / "s", Silent())
    assert "What a later grading gives: it was cut off" in found.lacks[0]
    events = [json.loads(line)["event"] for line in names(found.path)["out/journal.jsonl"].splitlines()]
    assert events == ["finished"]
    assert "No points changed." in run("regrade", found.path, "--no-cache").stdout


def test_another_version_of_the_assignment_is_not_taken_for_the_one_that_judged(home, tmp_path):
    shutil.copytree(home / "out", tmp_path / "out")
    path = tmp_path / "out" / "group-7" / "result.json"
    path.write_text(path.read_text(encoding="utf-8").replace(A7.version, "0123456789ab"), encoding="utf-8")
    found = freeze(tmp_path / "out", "group-7", tmp_path / "b.zip", tmp_path / "s", Silent())
    assert "version 0123456789ab judged" in found.lacks[0]
    assert not any(name.startswith("assignment/") for name in names(found.path))
    with pytest.raises(AssignmentError, match="version 0123456789ab judged"):
        freeze(tmp_path / "out", "group-7", tmp_path / "c.zip", tmp_path / "s", Silent(), None, "dat405_a7")


def test_another_hand_in_is_refused(home, tmp_path):
    other = tmp_path / "group-7.py"
    other.write_text(CODE + "# mended\n", encoding="utf-8")
    with pytest.raises(
        RegradeError, match=r"is not the hand-in that was graded as group-7: not the same: group-7\.py"
    ):
        made(home, tmp_path / "b.zip", other)
    assert not (tmp_path / "b.zip").exists()


def test_the_hand_in_is_found_in_its_folder_and_in_the_download_of_its_class(home, bundle, tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    shutil.copy(home / "group-7.py", folder)
    assert made(home, tmp_path / "1.zip", folder).path.read_bytes() == bundle.read_bytes()
    assert made(home, tmp_path / "2.zip", bundle).path.read_bytes() == bundle.read_bytes()


def test_a_file_that_is_there_is_not_overwritten(home, bundle, tmp_path):
    made(home, bundle, home / "group-7.py")  # the same again
    (tmp_path / "notes.zip").write_bytes(b"mine")
    with pytest.raises(BundleError, match="is there already"):
        made(home, tmp_path / "notes.zip")
    assert (tmp_path / "notes.zip").read_bytes() == b"mine"


# --- what can be done with it


def test_it_is_explained_without_the_folder_it_came_from(home, bundle, tmp_path):
    moved = tmp_path / "moved.zip"
    bundle.rename(moved)
    (of_folder,) = explanations(home / "out", ["group-7", "2C.accuracy"])
    (of_bundle,) = explanations(moved, ["2C.accuracy"])
    numbered = {entry.id: number for number, entry in enumerate(of_folder.decisions, 1)}
    assert len(numbered) == 3
    decisions = tuple(
        one.model_copy(update={"id": numbered[one.id], "undoes": numbered.get(one.undoes)})
        for one in of_folder.decisions
    )
    assert of_bundle == of_folder.model_copy(update={"decisions": decisions})
    assert explanations(moved, [of_bundle.code]) == [of_bundle]
    assert explanations(moved, ["group-7", "2C"])[0].check.task == "2C"
    assert run("explain", moved, "2D.epocks").exit_code == 2


def test_it_is_judged_again_and_stays_as_it_is(bundle):
    before = bundle.read_bytes()
    answer = run("regrade", bundle, "--no-cache")
    assert (answer.exit_code, "No points changed." in answer.stdout) == (1, True)  # 2C falls short, as it did
    assert "The bundle itself stays as it is." in answer.stdout
    assert bundle.read_bytes() == before


def test_unpacked_it_has_its_marks(bundle):
    with opened(bundle) as found:
        log = MarkStore.of(found.out).since()
    assert [(entry.author, entry.points) for entry in log] == [("Ada", 0.3), ("Grace", None), ("Ada", 0.5)]
    assert log[1].undoes == log[0].id


def test_its_assignment_is_read_and_not_run(bundle, tmp_path):
    """Whoever makes a bundle can put any code into it, with a manifest that fits."""
    ran = tmp_path / "ran"
    evil = f"open({str(ran)!r}, 'w')\n".encode()
    found = names(bundle)
    name = "assignment/check_mlp.py"
    manifest = json.loads(found["MANIFEST.json"])
    data = evil + found[name]
    manifest["files"][name] = {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    bad = changed(bundle, tmp_path / "bad.zip", **{name: data, "MANIFEST.json": json.dumps(manifest).encode()})
    line = explanations(bundle, ["2C.accuracy"])[0].source.line
    assert explanations(bad, ["2C.accuracy"])[0].source.line == line + 1
    assert run("regrade", bad, "--no-cache").exit_code == 1
    assert not ran.exists()


# --- what is no bundle


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"out/group-7/result.json": b"{}"}, "result.json is not as its MANIFEST.json has it; it was changed"),
        ({"README.md": None}, "README.md is missing"),
        ({"more.txt": b""}, "more.txt is not in its MANIFEST.json"),
        ({"MANIFEST.json": b"{}"}, "is no bundle"),
        ({"MANIFEST.json": None}, "is no bundle"),
        ({"marks.json": b"?"}, "marks.json is not as"),
    ],
)
def test_what_is_damaged_is_refused(bundle, tmp_path, files, said):
    bad = changed(bundle, tmp_path / "bad.zip", **files)
    with pytest.raises(BundleError, match=said):
        unpack(bad, tmp_path / "into")
    answer = run("explain", bad, "2C")
    assert (answer.exit_code, "bad.zip" in answer.stderr.replace("\n", "")) == (2, True)


@pytest.mark.parametrize("name", ["../../out.txt", "/etc/out.txt", "out\\..\\x", "C:/x"])
def test_a_file_that_would_leave_the_folder_is_refused(tmp_path, bundle, name):
    manifest = json.loads(names(bundle)["MANIFEST.json"])
    manifest["files"] = {name: {"sha256": hashlib.sha256(b"x").hexdigest(), "bytes": 1}}
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("MANIFEST.json", json.dumps(manifest))
        archive.writestr(name, b"x")
    (tmp_path / "bad.zip").write_bytes(data.getvalue())
    (tmp_path / "a" / "b").mkdir(parents=True)
    with pytest.raises(BundleError):
        unpack(tmp_path / "bad.zip", tmp_path / "a" / "b")
    assert not list(tmp_path.rglob("*out.txt"))


def test_hand_ins_are_no_bundles(home, tmp_path):
    with zipfile.ZipFile(tmp_path / "hand_in.zip", "w") as archive:
        archive.write(home / "group-7.py", "group-7.py")
    (tmp_path / "no.zip").write_bytes(b"not a zip")
    assert [is_bundle(tmp_path / name) for name in ("hand_in.zip", "no.zip", "nowhere.zip")] == [False] * 3


# --- on the command line


def test_the_command_says_what_it_wrote_and_what_is_not_in_it(home, tmp_path):
    answer = run("freeze", "group-7", "--to", tmp_path / "b.zip", "--out", home / "out")
    assert answer.exit_code == 0
    assert "Not in it. The hand-in's own files" in answer.stdout
    assert hashlib.sha256((tmp_path / "b.zip").read_bytes()).hexdigest() in answer.stdout.replace("\n", "")
    answer = run("freeze", "group7", "--to", tmp_path / "c.zip", "--out", home / "out")
    assert (answer.exit_code, "did you mean group-7?" in answer.stderr) == (2, True)


def test_the_folder_and_the_file_need_no_names(home, tmp_path, monkeypatch):
    shutil.copytree(home / "out", tmp_path / "graded")
    monkeypatch.chdir(tmp_path)
    assert run("freeze", "group-7").exit_code == 0
    assert is_bundle(tmp_path / "group-7-frozen.zip")
    answer = run("explain", "group-7-frozen.zip", "2C.accuracy")
    assert answer.stdout.startswith("2C.accuracy of group-7:")
    assert run("explain", "2C.accuracy", "--out", "group-7-frozen.zip").stdout == answer.stdout
    answer = run("explain", "group-7-frozen.zip")
    assert (answer.exit_code, "say which check or task of it" in answer.stderr) == (2, True)


def test_a_bundle_that_is_called_as_a_hand_in_is_asked_about(home, bundle, tmp_path, monkeypatch):
    shutil.copytree(home / "out" / "group-7", tmp_path / "graded" / "moved.zip")
    bundle.rename(tmp_path / "moved.zip")
    monkeypatch.chdir(tmp_path)
    answer = run("explain", "moved.zip", "2C.accuracy")
    assert answer.exit_code == 2
    said = " ".join(answer.stderr.split())
    assert "say --out moved.zip for the one, --out graded for the other" in said
    assert run("explain", "2C.accuracy", "--out", "moved.zip").exit_code == 0
    assert run("explain", "moved.zip", "2C.accuracy", "--out", "graded").exit_code == 0


def test_its_result_is_read_by_every_command(bundle, tmp_path):
    unpack(bundle, tmp_path / "unpacked")
    answer = run("export", "csv", tmp_path / "unpacked" / "out")
    assert answer.exit_code == 0
    result = load_result(tmp_path / "unpacked" / "out" / "group-7" / "result.json")
    assert f"group-7,{result.points:g}," in answer.stdout
