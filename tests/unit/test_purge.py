"""Removing all of one hand-in: nothing of it is left, and nothing of anybody else is touched."""

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import tiny
from evidence import evidence, mlp, run
from filelock import FileLock
from typer.testing import CliRunner
from unit.sample_parts import sweep
from unit.sample_results import typical

from harness import cli, purge
from harness.downloads import Download, HandIn, save, saved
from harness.graded import GradedError
from harness.journal import LOCK, Line, read
from harness.kept_figures import KeptFigure, KeptFigures
from harness.mapping import rows
from harness.marking import deciding, writing
from harness.marking.store import MarkStore
from harness.outputs import evidence_files, write_class, write_files, write_result
from harness.recording import SourceRecord, Where
from harness.results import SubmissionFacts
from harness.results import load as load_result
from harness.sandbox.kept import KeptRun
from harness.store import Store
from harness.training.cache import StoredRun

NAMES = ("group_1", "group_2", "group_3")
RECIPES = {"group_1": "own", "group_2": "common", "group_3": "common"}


def handed_in(assignment, name: str):
    """Evidence of a hand-in with code of its own, and runs of a recipe."""
    one = mlp(0.97)
    fits = {
        "fit-1": one.evidence.model_copy(update={"runs": (run(0.97).model_copy(update={"recipe": RECIPES[name]}),)})
    }
    made = evidence(assignment, one)
    code = SourceRecord(where=Where(file="lab.ipynb", cell=1), text=f"# by {name}")
    recording = made.recording.model_copy(update={"sources": (code,)})
    about = {"submission": SubmissionFacts(name=name, sha256="0"), "recording": recording}
    return made.model_copy(update={**about, "fits": {**made.fits, **fits}})


def keep(store: Store, found) -> None:
    name = found.submission.name
    data = np.frombuffer(found.recording.model_dump_json().encode(), np.uint8)
    for what in ("dry run", "replay"):
        store.put(
            "recording",
            f"{what} {name}".replace(" ", "-"),
            KeptRun(arrays=(), log="", seconds=1),
            {"recording": data},
        )
    about = StoredRun(recipe=RECIPES[name], seed=0, history={}, seconds=1, trainer="x", device={})
    store.put("run", f"{RECIPES[name]}-run", about, {"predictions": np.zeros(3)})
    store.put("figure", f"strip-{name}", KeptFigure(svg=f"<svg ><title>{name}</title></svg>"))


@pytest.fixture(scope="module")
def graded(tmp_path_factory) -> Path:
    """A class of three as grading leaves it, with its cache; the last two have equal recipes, all equal figures."""
    home = tmp_path_factory.mktemp("graded")
    assignment = tiny.assignment(home)
    store = Store(home / "cache")
    folder = home / "out"
    results, matches = [], []
    for name in NAMES:
        found = handed_in(assignment, name)
        keep(store, found)
        write_files(evidence_files(found), folder / name)
        more = {"plots": (sweep(title="of its own"),)} if name == "group_1" else {}
        results.append(write_result(typical(name, **more), folder / name, KeptFigures(store)))
        matches += rows(found, list(found.matches) or ["2C"])
    write_class(results, matches, folder)
    save(Download(kind="folder", hand_ins=tuple(HandIn(name=name, title=name) for name in NAMES)), folder)
    lines = [Line(event="began"), *(Line(event="finished", name=name, key="k") for name in NAMES)]
    text = "".join(line.model_dump_json() + "\n" for line in lines)
    (folder / "journal.jsonl").write_text(text + '{"event":"looked","name":"group_1', encoding="utf-8")
    return home


@pytest.fixture
def out(graded, tmp_path) -> Path:
    shutil.copytree(graded, tmp_path, dirs_exist_ok=True)
    return tmp_path / "out"


@pytest.fixture
def store(out) -> Store:
    return Store(out.parent / "cache")


def kept(store: Store) -> set[str]:
    return {path.stem for path in store.folder.glob("??/*.*")}


def test_nothing_of_it_is_left(out, store):
    made = purge.purge("group_1", out, store)
    assert not (out / "group_1").exists()
    for path in [*out.rglob("*"), *store.folder.rglob("*")]:
        if path.is_file():
            assert b"group_1" not in path.read_bytes(), path
    assert made.files == 5
    assert made.journal_lines == 2
    assert made.cache["recording"] == 2
    assert made.cache["run"] == 1
    assert made.cache["figure"] == 2  # its own plot, and one that shows its name
    assert made.notes == ()


def test_what_persons_decided_about_it_goes_from_every_file(out, store):
    marks = MarkStore.of(out)
    for name in NAMES:
        comment = f"Words about {name}."
        marks.add(deciding.mark(load_result(out / name / "result.json"), "1", 0.25, comment, "Ada"), after=None)
    writing.write_all(out)
    purged = purge.purge("group_1", out, store)
    assert purged.marks == 1
    assert [path for path in out.rglob("*") if path.is_file() and b"Words about group_1" in path.read_bytes()] == []
    assert {entry.submission for entry in marks.since()} == {"group_2", "group_3"}
    assert "Words about group_2." in (out / "group_2" / "scorecard.html").read_text(encoding="utf-8")
    assert b"group_1" not in (out / "class.json").read_bytes()


def test_what_is_known_of_it_by_marks_alone_can_be_removed(out, store):
    gone = deciding.mark(load_result(out / "group_1" / "result.json"), "1", 0.25, "Words.", "Ada")
    MarkStore.of(out).add(gone.model_copy(update={"submission": "moved-away"}), after=None)
    assert purge.purge("moved-away", out, store).marks == 1


def test_what_others_are_and_use_stays(out, store):
    files = ("result.json", "evidence.json", "recording.json", "scorecard.html", "junit.xml")
    before = {name: [(out / name / file).read_bytes() for file in files] for name in NAMES[1:]}
    made = purge.purge("group_1", out, store)
    assert {name: [(out / name / file).read_bytes() for file in files] for name in NAMES[1:]} == before
    left = kept(store)
    assert {"dry-run-group_2", "replay-group_2", "common-run", "strip-group_2", "strip-group_3"} <= left
    assert not {"dry-run-group_1", "replay-group_1", "own-run", "strip-group_1"} & left
    assert made.shared > 0  # figures that equal results share
    with (out / "grades.csv").open(encoding="utf-8", newline="") as file:
        assert [row["name"] for row in csv.DictReader(file)] == ["group_2", "group_3"]
    with (out / "matches.csv").open(encoding="utf-8", newline="") as file:
        assert {row["submission"] for row in csv.DictReader(file)} == {"group_2", "group_3"}
    assert [one.name for one in saved(out).hand_ins] == ["group_2", "group_3"]
    assert [line.name for line in read(out / "journal.jsonl")] == ["", "group_2", "group_3"]


def test_what_a_former_result_was_measured_on_goes_too(out, store):
    evidence = out / "group_1" / "evidence.json"
    former = out / "group_1" / "history" / "001"
    former.mkdir(parents=True)
    shutil.copy(out / "group_1" / "result.json", former)
    shutil.copy(evidence, former)
    evidence.write_text(evidence.read_text().replace('"recipe":"own"', '"recipe":"newer"'))
    assert purge.purge("group_1", out, store).cache["run"] == 1
    assert "own-run" not in kept(store)


def test_a_recipe_of_two_stays_until_the_last(out, store):
    assert purge.purge("group_2", out, store).cache["run"] == 0
    assert "common-run" in kept(store)
    assert purge.purge("group_3", out, store).cache["run"] == 1
    assert "common-run" not in kept(store)


def test_equal_code_stays_with_whom_it_is_left(out, store):
    found = json.loads((out / "group_2" / "evidence.json").read_text())
    found["recording"]["sources"][0]["text"] = "# by group_1"
    (out / "group_2" / "evidence.json").write_text(json.dumps(found))
    assert purge.purge("group_1", out, store).cache["recording"] == 0
    assert "replay-group_1" in kept(store)


def test_the_class_page_shows_no_hand_in_of_an_earlier_download(out, store):
    """It lies there still, so what it uses stays in the cache."""
    listed = Download(kind="folder", hand_ins=tuple(HandIn(name=name, title=name) for name in NAMES[:2]))
    save(listed.over(out), out)
    purge.purge("group_1", out, store)
    for name in ("index.html", "grades.csv", "matches.csv", "class.json"):
        text = (out / name).read_text(encoding="utf-8")
        assert "group_2" in text and "group_3" not in text, name
    assert purge.purge("group_2", out, store).cache["run"] == 0
    assert "common-run" in kept(store)
    assert not (out / "index.html").exists()


def test_the_last_one_leaves_no_class_behind(out, store):
    for name in NAMES:
        purge.purge(name, out, store)
    assert sorted(path.name for path in out.iterdir() if path.name != ".lock") == ["hand_ins.json", "journal.jsonl"]
    assert not list(store.folder.glob("??/*.recording"))


def test_without_a_cache_only_the_folder_changes(out, store):
    before = kept(store)
    assert purge.purge("group_1", out, None).cache == {}
    assert kept(store) == before


def test_evidence_that_cannot_be_read_is_said(out, store):
    (out / "group_1" / "evidence.json").write_text("{")
    made = purge.purge("group_1", out, store)
    assert "cannot be read" in made.notes[0]
    assert not (out / "group_1").exists()


def test_one_that_never_finished_leaves_the_journal(out, store):
    with (out / "journal.jsonl").open("a") as file:
        file.write('\n{"event": "looked", "name": "group_9", "key": ""}\n')
    assert purge.purge("group_9", out, store).journal_lines == 1


@pytest.mark.parametrize("name", ["group_4", "", ".", "..", "../out", "group_1/", "/"])
def test_other_names_remove_nothing(out, store, name):
    before = sorted(out.rglob("*"))
    with pytest.raises(GradedError, match="holds nothing of"):
        purge.purge(name, out, store)
    assert sorted(out.rglob("*")) == before


def test_a_run_that_is_going_on_is_not_disturbed(out, store):
    with FileLock(out / LOCK), pytest.raises(GradedError, match="a run of the harness writes"):
        purge.purge("group_1", out, store)
    assert load_result(out / "group_1" / "result.json")


def test_the_command_asks_first(out, store, monkeypatch):
    monkeypatch.setattr(Store, "default_folder", lambda: store.folder)
    answer = CliRunner().invoke(cli.app, ["purge", "group_1", "--out", str(out)], input="n\n")
    assert answer.exit_code == 1
    assert f"Remove all of group_1 from {out}?" in answer.output
    assert (out / "group_1").exists()
    monkeypatch.chdir(out)  # found as every command finds it
    answer = CliRunner().invoke(cli.app, ["purge", "group_1", "--yes"])
    assert answer.exit_code == 0, answer.output
    assert "2 recordings, 1 runs" in answer.output
    assert not (out / "group_1").exists()
