"""What is told of a verdict: all that decided it, nothing that did not, and nothing of the hand-in unclean."""

import datetime
import io
import json
import shutil

import pytest
from rich.console import Console
from typer.testing import CliRunner
from unit.complaint_sample import AT, graded, of_a7
from unit.sample_random import CNN_GATE, MLP_GATE, held

from harness import explained
from harness.assignment import load
from harness.checking import CheckSpec
from harness.cli import app
from harness.complaints.asking import explanations
from harness.complaints.cases import case, files_in
from harness.complaints.check_source import check_source
from harness.complaints.explain import chosen, decided, explain
from harness.complaints.explanation import Explanation
from harness.complaints.telling import tell
from harness.gates import Gate
from harness.marking.applied import basis, with_marks
from harness.marking.entries import Draft, Entry, Kind
from harness.marking.store import MarkStore
from harness.near import UnknownName
from harness.results import Judged
from harness.results import load as load_result

A7 = load("dat405_a7")
FAILS = (0.951, 0.952, 0.95)


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    """Two hand-ins: the network of 2C of one falls short."""
    folder = tmp_path_factory.mktemp("class")
    graded(folder, A7, of_a7(A7, "group-7", *FAILS), of_a7(A7, "good"))
    return folder


def told(out, *names):
    (found,) = explanations(out, names)
    return found


def run(*arguments):
    return CliRunner(env={"COLUMNS": "200"}).invoke(app, ["explain", *map(str, arguments)])


# --- what is behind a verdict


def test_runs_bound_and_the_rule_that_decided(out):
    one = told(out, "group-7", "2C.accuracy")
    gate = A7.gates("mnist", "full")["2C.accuracy"]
    assert [(run.seed, run.value) for run in one.networks[0].runs] == list(enumerate(FAILS))
    assert (one.rule.nominal, one.rule.accepted, one.rule.values) == (0.97, gate.accepted, FAILS)
    assert one.rule.decided == f"Failed: the best run, 95.20%, is below {gate.accepted:.2%}."
    assert any("200 times" in line for line in one.rule.computed)
    assert (one.cost, one.check.points) == ("Costs 0.6 of the assignment's 10 points.", 0.0)


def test_network_compile_fit_and_data(out):
    network = told(out, "group-7", "2C.accuracy").networks[0]
    assert [layer.units for layer in network.layers if layer.units] == [64, 64, 10]
    assert (network.optimizer, network.loss) == ("SGD(learning_rate=0.1)", "CategoricalCrossentropy()")
    assert (network.epochs, network.batch_size, network.tasks) == (10, 128, ("2C",))
    assert network.inputs == "60,000 × 28 × 28 × 1 of x_train, values 0 to 1, float32"


@pytest.mark.parametrize(
    ("gate", "values", "more", "outcome", "rule"),
    [
        (
            MLP_GATE,
            (0.96, 0.971),
            {},
            "passed",
            "Passed by what is asked: the best run, 97.10%, reaches 97.00%",
        ),
        (MLP_GATE, (0.969,) * 3, {}, "passed", "Passed by the acceptance bound: the best run, 96.90%, reaches"),
        (MLP_GATE, FAILS, {"own": True}, "passed", "Passed by identity: network and training are the assignment's"),
        (MLP_GATE, (0.95,), {}, "manual", "Not decided: the one run, 95.00%, is below"),
        (MLP_GATE, FAILS, {"unsure": True}, "manual", "Left to a person: the best run, 95.20%, is below"),
        (CNN_GATE, (0.982,) * 3, {}, "partial", "Passed in part: the mean of the runs, 98.20%, is below"),
        (MLP_GATE, FAILS, {}, "failed", "Failed: the best run, 95.20%, is below"),
        (Gate(task="2C"), FAILS, {}, "manual", "No threshold is known"),
    ],
)
def test_each_rule_is_told_as_what_it_is(gate, values, more, outcome, rule):
    check = held(values, gate, 1, **more)
    assert check.outcome == outcome
    judged = check.judged or Judged(name="validation accuracy", values=values, gate=gate)
    assert decided(check, judged).startswith(rule)


def test_a_check_of_another_tasks_network_is_explained_with_that_network(out):
    assert [one.fit for one in told(out, "good", "2A.layers").networks] == ["fit-1"]


def test_denoising_rests_on_the_autoencoder_and_the_classifier(out):
    assert [one.fit for one in told(out, "good", "4C.gain").networks] == ["fit-ae", "fit-cnn"]


def test_the_lines_of_the_hand_in_around_its_place(out):
    (lines,) = told(out, "group-7", "2C.accuracy").lines
    assert (lines.where.cell, lines.where.line, lines.first) == (AT.cell, 3, 1)
    assert lines.text[2] == "history = model.fit(x, y, epochs=10)"


def test_the_calibration_is_named_and_held_against_what_was_used(out, tmp_path):
    one = told(out, "group-7", "2C.accuracy")
    assert (one.calibration.file, one.calibration.runs, one.calibration.same) == (
        "calibration/mnist-full.json", 200, True,
    )  # fmt: skip
    assert one.calibration.provenance["command"].startswith("harness calibrate dat405_a7")
    found = case(out, "group-7")
    name = "calibration/mnist-full.json"
    files = {**found.files, name: found.files[name].replace(b'"value": 0.9701', b'"value": 0.9601', 1)}
    assert files != found.files
    assert not explain(found.result, one.check, found.evidence, files).calibration.same


def test_a_task_stands_for_all_of_its_checks(out):
    found = explanations(out, ["group-7", "2C"])
    assert [one.check.id for one in found] == [check.id for check in _task(out, "2C").checks]


def _task(out, name):
    return next(task for task in load_result(out / "group-7" / "result.json").tasks if task.id == name)


def test_the_code_that_a_student_quotes_is_enough(out):
    result = load_result(out / "group-7" / "result.json")
    check = next(one for one in result.checks if one.id == "2C.accuracy")
    one = told(out, explained.code(result, check).lower())
    assert (one.submission.name, one.check.id) == ("group-7", "2C.accuracy")


def test_without_evidence_what_is_missing_is_said(out, tmp_path):
    found = case(out, "group-7")
    one = explain(found.result, chosen(found.result, "2C.accuracy")[0], None, {})
    assert (one.networks, one.lines, one.source, len(one.missing)) == ((), (), None, 2)
    assert one.rule.decided.startswith("Failed")


def test_a_code_of_equal_hand_ins_asks_which(out, tmp_path):
    for name in ("group-7", "again"):
        shutil.copytree(out / "group-7", tmp_path / name)
    path = tmp_path / "again" / "result.json"
    path.write_text(path.read_text(encoding="utf-8").replace('"group-7"', '"again"', 1), encoding="utf-8")
    with pytest.raises(UnknownName, match="of equal hand-ins: again, group-7; say which"):
        explanations(tmp_path, [told(out, "group-7", "2C.accuracy").code])


# --- the check itself


def test_the_source_of_each_check_has_the_version_that_decided(out):
    files = files_in(A7.folder)
    checks = load_result(out / "good" / "result.json").checks
    assert len(checks) > 20
    for check in checks:
        found = check_source(files, check.id)
        assert (found.version, found.docstring.split("\n\n")[0].replace("\n", " ")) == (check.version, check.title)


def test_a_check_file_is_read_and_not_run():
    text = b'import nowhere\nraise SystemExit\n@pytest.mark.check("A", 1)\ndef check_it(x):\n    """It is."""\n'
    found = check_source({"check_a.py": text, "check_b.py": b"def (", "other.py": text}, "A.it")
    assert (found.file, found.line, found.docstring) == ("check_a.py", 3, "It is.")
    assert check_source({"check_a.py": text}, "A.other") is None


def test_versions_are_those_of_the_checks_that_run(tmp_path):
    path = tmp_path / "check_more.py"
    text = '@mark.check("A", 1)\ndef check_it(x):\n    """It is."""\n    return 1\n\n\nlast = 1\n'
    path.write_text(text, encoding="utf-8")
    space = {"mark": type("Mark", (), {"check": staticmethod(lambda *_: lambda function: function)})}
    exec(compile(text, str(path), "exec"), space)
    spec = CheckSpec.of(space["check_it"], "A", 1, ())
    assert check_source(files_in(tmp_path), spec.id).version == spec.version


# --- names


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("group7", "2C"), "holds no hand-in 'group7'; did you mean group-7?"),
        (("group-7", "2C.acuracy"), "no check or task '2C.acuracy'; did you mean 2C.accuracy"),
        (("group-7", "3B"), "task 3B has no check: a person gives all of its points"),
        (("0000-0000",), "is the code of no verdict"),
        (("a", "b", "c"), "3 names are neither"),
        (("\x1b[31mred", "2C"), "holds no hand-in 'red'"),
    ],
)
def test_what_is_not_known_is_told_with_what_is_near(out, names, said):
    with pytest.raises(UnknownName) as error:
        explanations(out, names)
    assert said in str(error.value)
    answer = run("--out", out, "--", *names)
    assert (answer.exit_code, answer.stdout) == (2, "")


def test_the_folder_is_found_as_by_the_other_commands(out, tmp_path, monkeypatch):
    shutil.copytree(out, tmp_path / "graded")
    monkeypatch.chdir(tmp_path)
    answer = run("group-7", "2C.accuracy")
    assert answer.stdout.startswith("2C.accuracy of group-7:")
    assert run(told(out, "group-7", "2C.accuracy").code).stdout == answer.stdout
    assert "harness explain NAME CHECK\n" in run("0000-0000").stderr
    assert f"harness explain NAME CHECK --out {out}" in run("0000-0000", "--out", out).stderr.replace("\n", "")
    said = " ".join(run("graded", "group-7", "2C").stderr.split())
    assert "the folder goes behind --out: harness explain group-7 2C --out graded" in said
    assert "graded is a folder of results: it is named with --out" in " ".join(run("graded", "2C").stderr.split())


def test_a_folder_that_holds_nothing_graded(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "name the folder with --out" in run("a", "b").stderr.replace("\n", " ")
    assert "holds no graded hand-in" in run("a", "b", "--out", tmp_path).stderr
    assert run("a", "b", "--out", tmp_path / "nowhere").exit_code == 2


# --- how it is told


def test_the_terminal_shows_all_of_it_cleanly(out):
    answer = run("group-7", "2C.accuracy", "--out", out)
    assert answer.exit_code == 0
    for words in (
        "2C.accuracy of group-7: failed, 0 of 0.6", "→    3  history = model.fit(x, y, epochs=10)", "seed 2",
        "95.00% of 10,000 images", "Flatten – Dense 64 relu – Dense 64 relu – Dense 10 softmax", "check_mlp.py",
        "the one that decided", "calibration/mnist-full.json", "SGD(learning_rate=0.1)", "batches of 128",
        "Measured by harness 0.9 (commit abcdef)", "To ask about this, quote ",
    ):  # fmt: skip
        assert words in answer.stdout
    assert "\x1b[31m" not in answer.stdout
    assert "\u202e" not in answer.stdout


def test_json_is_the_whole_explanation(out):
    answer = run("group-7", "2C", "--json", "--out", out)
    found = [Explanation.model_validate(one) for one in json.loads(answer.stdout)]
    assert found == explanations(out, ["group-7", "2C"])
    assert answer.stdout.isascii()


def test_what_persons_decided_is_told_with_what_no_longer_stands(out, tmp_path):
    shutil.copytree(out, tmp_path / "out")
    store = MarkStore.of(tmp_path / "out")
    about = {"author": "Ada", "kind": Kind.OVERRIDE, "submission": "group-7", "target": "2C.accuracy"}
    first = store.add(Draft(points=0.25, text="half \x1b[31mof it", **about), after=None)
    store.add(Draft(points=0.5, text="more of it", **about), after=first.id)
    store.add(Draft(points=0.5, text="another's", **{**about, "submission": "good"}), after=None)
    store.add(Draft(points=0.1, text="another check", **{**about, "target": "2C.epochs"}), after=None)
    said = run("group-7", "2C.accuracy", "--out", tmp_path / "out").stdout
    lines = [" ".join(line.split()).partition(" UTC ")[2] for line in said.splitlines() if " UTC " in line]
    assert lines == [
        "override 2C.accuracy 0.25 Ada: half [31mof it (not the last word)",
        "override 2C.accuracy 0.5 Ada: more of it",
    ]


def test_a_verdict_that_a_person_overruled_is_told_with_what_counts(out):
    result = load_result(out / "group-7" / "result.json")
    check = chosen(result, "2C.accuracy")[0]
    entry = Entry(
        id=1, author="Ada", kind=Kind.OVERRIDE, submission="group-7", sha256=result.submission.sha256,
        target=check.id, points=0.25, text="Half.", basis=basis(check),
        time=datetime.datetime(2026, 1, 2, 3, 4, tzinfo=datetime.UTC),
    )  # fmt: skip
    total = entry.model_copy(update={"kind": Kind.CONFIRMED, "target": "", "points": 1.0, "text": ""})
    marked = with_marks(result, [entry, total])
    one = explain(marked, chosen(marked, check.id)[0], None, {}, (entry,))
    assert one.check.outcome == "failed"
    assert one.overruled == "Given by Ada on 2026-01-02, 0.25 of 0.6 points in place of what was measured: Half."
    console = Console(file=io.StringIO(), width=200)
    tell(one, console)
    said = console.file.getvalue()
    assert one.overruled in said
    assert "Confirmed by Ada on 2026-01-02: 1 of 10 points. This does not hold until it is confirmed again." in said
