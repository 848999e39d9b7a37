"""Assignments: the one that is installed, one of a teacher's own, and what is said about broken ones."""

import json

import pytest
import tiny

from harness import assignment as module
from harness.assignment import AssignmentError, available, load
from harness.stats import bonferroni, prediction_bound

A7 = load("dat405_a7")


def test_it_is_installed():
    assert "dat405_a7" in available()
    assert A7.folder.name == "dat405_a7"
    assert load(str(A7.folder)).version == A7.version


def test_the_points_are_the_assignments():
    points = {name: task.machine + task.person for name, task in A7.tasks.items()}
    assert sum(points.values()) == pytest.approx(10)
    assert {
        name: round(value, 6) for name, value in points.items() if name != "4C" and name != "4D"
    } == dict.fromkeys(["1", "2A", "2B", "2C", "2D", "3A", "3B", "4A", "4B"], 1)
    assert points["4C"] + points["4D"] == pytest.approx(1)


def test_what_a_person_gives_is_said():
    assert [name for name, task in A7.tasks.items() if task.person and not task.asks] == []


def test_each_part_that_a_person_gives_has_a_rubric_that_comes_to_it():
    for name, task in A7.tasks.items():
        assert sum(item.points for item in task.rubric) == pytest.approx(task.person), name


RUBRIC = 'rubric = [{ id = "a", text = "One", points = 0.25 }, { id = "%s", text = "Two", points = %s }]'


def with_rubric(folder, other="b", points="0.25", more=""):
    toml = tiny.TOML.replace('asks = "the reasons"', f'asks = "the reasons"\n{RUBRIC % (other, points)}\n{more}')
    return load(str(tiny.write(folder, toml=toml)))


def test_a_rubric_is_read(tmp_path):
    task = with_rubric(tmp_path).tasks["A"]
    assert [(item.id, item.text, item.points) for item in task.rubric] == [("a", "One", 0.25), ("b", "Two", 0.25)]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"other": "a"}, "two items of the rubric are called 'a'"),
        ({"points": "0.3"}, "come to 0.55 points, and a person gives 0.5"),
        ({"points": "-0.1"}, "greater than or equal to 0"),
        ({"other": "Two words"}, "pattern"),
    ],
)
def test_a_rubric_that_does_not_fit_is_refused(tmp_path, given, words):
    with pytest.raises(AssignmentError, match=words):
        with_rubric(tmp_path, **given)


def test_a_rubric_may_come_to_more_where_that_is_said(tmp_path):
    assert len(with_rubric(tmp_path, points="0.5", more="rubric_may_exceed = true").tasks["A"].rubric) == 2


def test_every_rule_and_contract_build_belongs_to_a_task():
    assert {rule.task for rule in A7.rules()} <= set(A7.tasks)
    assert {build.task for build in A7.contract.builds} <= set(A7.tasks)
    assert all(rule.wanted for rule in A7.rules())


# --- profiles and bounds


def test_seeds(tmp_path):
    small = tiny.assignment(tmp_path)
    assert [small.seeds("quick", convolutional) for convolutional in (False, True)] == [1, 1]
    assert [small.seeds("full", convolutional) for convolutional in (False, True)] == [3, 2]


def test_scales_by_data_set_and_profile():
    sweep = A7.tasks["2D"]
    assert sweep.scale("mnist", "full") is None
    assert sweep.scale("mnist", "quick").epochs == 2
    assert sweep.scale("digits", "quick").epochs < sweep.scale("digits", "full").epochs
    network = A7.tasks["2C"]  # by data set alone
    assert network.scale("digits", "quick") == network.scale("digits", "full")


def calibrated(folder, values, dataset="mnist", profiles=("quick", "full"), name="A.accuracy"):
    runs = [{"seed": seed, "value": value} for seed, value in enumerate(values)]
    about = {"task": "A", "trained_for": "A", "measure": "accuracy", "handed_in": "h", "recipe": "r"}
    (folder / "calibration").mkdir()
    for profile in profiles:
        file = {
            "assignment": "tiny", "dataset": dataset, "dataset_sha256": "0", "profile": profile,
            "quantities": {name: {**about, "runs": runs}}, "provenance": {},
        }  # fmt: skip
        (folder / "calibration" / f"{dataset}-{profile}.json").write_text(json.dumps(file))


def gate(folder, dataset="mnist", profile="full", name="A.accuracy"):
    return load(str(folder)).gates(dataset, profile)[name]


def test_gates_hold_the_raw_runs(tmp_path):
    folder = tiny.write(tmp_path)
    values = (0.969, 0.971, 0.972, 0.973)
    calibrated(folder, values)
    full = gate(folder)
    assert (full.reference, full.nominal, full.runs, full.most) == (values, 0.97, 3, 3)
    assert (full.alpha, full.total, full.gates) == (bonferroni(0.001, 1), 0.001, 1)
    assert full.accepted == prediction_bound(values, 3, full.alpha) < 0.97
    assert gate(folder, profile="quick").accepted < full.accepted


def test_each_profile_has_a_calibration_of_its_own(tmp_path):
    folder = tiny.write(tmp_path)
    calibrated(folder, (0.969, 0.971), profiles=("quick",))
    assert gate(folder, profile="quick").reference == (0.969, 0.971)
    assert gate(folder, profile="full").reference == ()


def test_no_calibration_no_bound(tmp_path):
    folder = tiny.write(tmp_path)
    assert (gate(folder).nominal, gate(folder).accepted, gate(folder).reference) == (0.97, None, ())
    assert gate(folder, "digits").nominal is None
    assert not gate(folder, "digits").known


def test_one_run_calibrates_nothing(tmp_path):
    folder = tiny.write(tmp_path)
    calibrated(folder, [0.97])
    assert (gate(folder).accepted, len(gate(folder).reference)) == (None, 1)


GATES = """
[tasks.A.gates.accuracy]
nominal = { mnist = 0.97, any = 0.9 }
partial_from = { any = 0.5 }
source = "course"
rule = "retry"
most = 5
[tasks.B.gates.gain]
by_classifier = true
[measurements.denoising]
denoiser = "B"
noise = "salt_and_pepper"
classifiers = ["A", "C"]
levels = [0.0, 1.0]
"""


def test_what_a_gate_may_say(tmp_path):
    folder = tiny.write(tmp_path)
    text = (folder / "assignment.toml").read_text(encoding="utf-8")
    plain = "[tasks.A.gates.accuracy]\nnominal = { mnist = 0.97 }\n"
    assert plain in text
    (folder / "assignment.toml").write_text(text.replace(plain, "") + GATES, encoding="utf-8")
    calibrated(folder, (0.1, 0.2), name="B.gain.C")
    one = gate(folder)
    assert (one.rule, one.source, one.runs, one.most, one.partial_from) == ("retry", "course", 3, 5, 0.5)
    assert gate(folder, "digits").nominal == 0.9
    assert one.alpha == bonferroni(0.001, 2)  # a gain is one gate, whichever classifier it is measured with
    assert (gate(folder, name="B.gain.C").reference, gate(folder, name="B.gain.A").reference) == ((0.1, 0.2), ())
    assert gate(folder, name="B.gain.C").runs == 1


@pytest.mark.parametrize("name", ["digits", "mnist"])
@pytest.mark.parametrize("profile", ["quick", "full"])
def test_the_calibrations_in_the_tree(name, profile):
    calibration = A7.calibration(name, profile)
    assert (calibration.assignment, calibration.dataset, calibration.profile) == ("dat405_a7", name, profile)
    for named, quantity in calibration.quantities.items():
        assert named.startswith(f"{quantity.task}.{quantity.measure}")
        assert len(quantity.values) >= 8
        assert len({run.seed for run in quantity.runs}) == len(quantity.runs)
    assert {"command", "time", "machine", "trainer", "commit"} <= set(calibration.provenance)
    for gate in A7.gates(name, profile).values():
        assert gate.accepted is not None, f"{gate.task}.{gate.measure} is not calibrated on {name}"


# --- broken ones


def refused(place) -> str:
    with pytest.raises(AssignmentError) as error:
        load(str(place))
    return str(error.value)


def test_an_unknown_one_lists_those_that_are_there():
    assert refused("dat405_a8") == f"there is no assignment 'dat405_a8'; there are: {', '.join(available())}"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("machine = 2.0", "machine = -2.0", "tasks.B.machine"),
        ("machine = 2.0", "machin = 2.0", "tasks.B.machin"),
        ("wrong_fail_rate = 0.001", "wrong_fail_rate = 1.5", "wrong_fail_rate"),
        ("seeds = 3", "seeds = 0", "profiles.full.seeds"),
        ("[contract]", "", "contract"),
        ('title = "A tiny assignment"', 'title = "open', "at line 3"),
    ],
)
def test_errors_name_the_file_and_the_place(tmp_path, old, new, said):
    place = tiny.write(tmp_path, toml=tiny.TOML.replace(old, new, 1))
    message = refused(place)
    assert message.startswith(f"{place / 'assignment.toml'}: ")
    assert said in message


def test_a_file_that_is_not_text(tmp_path):
    place = tiny.write(tmp_path)
    (place / "assignment.toml").write_bytes(b"\xff\xfe")
    assert refused(place).startswith(f"{place / 'assignment.toml'}: ")


@pytest.mark.parametrize("text", ["{", "{}", '{"assignment": 3}', "\x00"])
def test_a_damaged_calibration_names_its_file(tmp_path, text):
    place = tiny.write(tmp_path)
    (place / "calibration").mkdir()
    path = place / "calibration" / "mnist-quick.json"
    path.write_text(text)
    with pytest.raises(AssignmentError) as error:
        load(str(place)).gates("mnist", "quick")
    assert str(error.value).startswith(f"{path.resolve()}: ")


# --- its own modules


def test_a_missing_module(tmp_path):
    small = tiny.assignment(tmp_path)
    with pytest.raises(AssignmentError, match=r"tiny lacks nowhere\.py"):
        small.module("nowhere")


def test_a_module_that_cannot_be_imported_names_its_file_every_time(tmp_path):
    small = tiny.assignment(tmp_path, matching="RULES = nowhere\n")
    for _ in range(2):
        with pytest.raises(AssignmentError, match=r"matching\.py: NameError: name 'nowhere' is not defined"):
            small.rules()


def test_two_assignments_of_one_id_keep_their_modules_apart(tmp_path):
    first = tiny.assignment(tmp_path, matching="RULES = (1,)\n")
    second = tiny.assignment(tmp_path, matching="RULES = (2,)\n")
    assert (first.rules(), second.rules(), first.rules()) == ((1,), (2,), (1,))


# --- versions


def test_the_version_is_of_the_files(tmp_path):
    one, same = tiny.assignment(tmp_path), tiny.assignment(tmp_path)
    assert one.version == same.version
    assert len(one.version) == 12
    assert tiny.assignment(tmp_path, checks=tiny.CHECKS + "# more\n").version != one.version
    (same.folder / "notes.txt").write_text("no part of it")
    (same.folder / "matching.py").write_bytes(b"RULES = ()\r\n")
    assert load(str(same.folder)).version == one.version
    (same.folder / "extra.py").write_text("")
    assert load(str(same.folder)).version != one.version


def test_assets_that_are_missing(monkeypatch, tmp_path):
    monkeypatch.setattr(module.assets, "PACKAGE", tmp_path / "harness")
    with pytest.raises(FileNotFoundError, match="install the package again"):
        load("dat405_a7")
