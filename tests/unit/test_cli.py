"""The command line: exit codes, faults in words with a remedy, and what it imports before it answers."""

import json
import subprocess
import sys

import pytest
import tiny
from unit.cli_sample import program
from unit.sample_results import broken, complete, typical

import harness
from harness import bench, classroom
from harness.assignment import available
from harness.dryrun import DryRun
from harness.recording import Recording
from harness.results import json_schema


@pytest.fixture
def run(monkeypatch, tmp_path):
    return program(monkeypatch, tmp_path)


def graded(monkeypatch, *results):
    seen = {}

    def grade(paths, options, progress):
        seen.update(paths=paths, options=options, progress=progress)
        return list(results)

    monkeypatch.setattr(classroom, "grade", grade)
    return seen


# --- help


COMMANDS = (
    "grade", "plan", "check", "record", "regrade", "cache", "calibrate", "power", "fairness", "forecasts", "doctor",
    "schema", "export", "feedback", "purge", "explain", "freeze", "diff", "confirm", "marking",
)  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(run, command):
    assert command in run("--help").output
    answer = run(command, "--help")
    assert answer.exit_code == 0
    assert "Usage" in answer.output


def test_exit_codes_are_documented(run):
    assert "0 no check failed, 1 some did, 2 usage, 3 harness fault" in " ".join(run("--help").output.split())


def test_version(run):
    assert run("--version").output == f"harness {harness.__version__}\n"


def test_help_imports_neither_tensorflow_nor_pydantic():
    code = (
        "import sys\n"
        "sys.argv = ['harness', '--help']\n"
        "from harness.cli import main\n"
        "try:\n    main()\n"
        "except SystemExit:\n    pass\n"
        "heavy = {'tensorflow', 'keras', 'pydantic', 'numpy', 'matplotlib', 'scipy', 'pytest', 'jinja2'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)\n"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, encoding="utf-8")
    assert answer.stderr.strip() == "[]"
    assert "grade" in answer.stdout


def test_schema_prints_json(run):
    answer = run("schema")
    assert answer.exit_code == 0
    assert json.loads(answer.stdout) == json_schema()


# --- exit codes of grading


@pytest.mark.parametrize(("made", "code"), [(complete, 0), (typical, 1), (broken, 3)])
def test_the_worst_result_decides(run, monkeypatch, tmp_path, made, code):
    graded(monkeypatch, complete(), made())
    assert run("grade", tmp_path, "--out", tmp_path / "out").exit_code == max(made().exit_code, 0) == code


def test_what_is_asked_reaches_the_classroom(run, monkeypatch, tmp_path):
    seen = graded(monkeypatch, complete())
    run("grade", "a", "b", "--out", "out", "--data", "digits", "--profile", "quick", "--jobs", 3, "--no-cache")
    options = seen["options"]
    assert [str(path) for path in seen["paths"]] == ["a", "b"]
    assert (options.assignment.id, options.data, options.profile, options.jobs) == (
        "dat405_a7",
        "digits",
        "quick",
        3,
    )
    assert (options.cache, options.isolation) == (None, "required")


def test_a_students_check_needs_no_isolation_and_shows_structure_first(run, monkeypatch, tmp_path):
    seen = graded(monkeypatch, complete())
    assert run("check").exit_code == 0
    assert (seen["options"].isolation, seen["options"].structure_first) == ("preferred", True)
    assert str(seen["options"].out) == "graded"


def test_a_student_need_not_wait_for_training(run, monkeypatch):
    seen = graded(monkeypatch, complete())
    run("check")
    assert seen["options"].train
    run("check", "--no-train")
    assert (seen["options"].train, seen["options"].structure_first) == (False, False)


def test_marks_need_isolation(run, monkeypatch, tmp_path):
    seen = graded(monkeypatch, complete())
    run("grade", "a", "--out", "out", "--allow-unisolated")
    assert seen["options"].isolation == "preferred"


# --- usage


@pytest.mark.parametrize(
    "arguments",
    [
        ["nothing"], ["grade"], ["grade", "a"], ["grade", "a", "--out", "o", "--data", "cifar"],
        ["grade", "a", "--out", "o", "--jobs", "0"], ["check", "--profile", "slow"], ["record"], ["calibrate"],
        ["calibrate", "dat405_a7", "--seeds", "1"], ["schema", "more"],
    ],
)  # fmt: skip
def test_wrong_arguments(run, arguments):
    answer = run(*arguments)
    assert answer.exit_code == 2
    assert "Usage" in answer.output


@pytest.mark.parametrize("command", [["grade", "--out", "out"], ["check"], ["record"]])
def test_a_hand_in_that_is_not_there_is_named(run, command):
    answer = run(
        *command,
        "nowhere/hand-in.ipynb",
        "--data",
        "digits",
        *(["--allow-unisolated"] if command != ["check"] else []),
    )
    assert answer.exit_code == 2
    assert "nowhere/hand-in.ipynb" in answer.stderr
    assert "no such file" in answer.stderr or "does not exist" in answer.stderr


@pytest.mark.parametrize("command", [["grade", ".", "--out", "out"], ["check", "."], ["record", "."]])
def test_an_unknown_assignment_lists_those_that_are_there(run, command):
    answer = run(*command, "--assignment", "dat405_a8")
    assert answer.exit_code == 2
    assert "there is no assignment 'dat405_a8'" in answer.stderr
    assert available()[0] in answer.stderr


def test_a_broken_assignment_names_its_file(run, tmp_path):
    folder = tiny.write(tmp_path, toml="id = 3")
    answer = run("check", ".", "--assignment", folder)
    assert answer.exit_code == 2
    assert str(folder / "assignment.toml") in answer.stderr


def test_damaged_data_name_file_and_remedy(run, monkeypatch, tmp_path):
    (tmp_path / "mnist.npz").write_bytes(b"no data")
    monkeypatch.setenv("HARNESS_DATA", str(tmp_path))
    answer = run("record", ".", "--data", "mnist", "--allow-unisolated")
    assert answer.exit_code == 2
    assert str(tmp_path / "mnist.npz") in answer.stderr


def test_code_of_others_without_a_sandbox(run, monkeypatch):
    def none_here(_isolation):
        raise bench.NotIsolated("bubblewrap is missing. Install it (`apt install bubblewrap`).")

    monkeypatch.setattr(bench, "sandbox_for", none_here)
    answer = run("record", ".", "--data", "digits")
    assert answer.exit_code == 2
    assert "apt install bubblewrap" in answer.stderr


def test_an_output_folder_that_cannot_be_made(run, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    answer = run("grade", tmp_path, "--out", tmp_path / "file" / "out", "--data", "digits", "--allow-unisolated")
    assert answer.exit_code == 2
    assert str(tmp_path / "file" / "out") in answer.stderr


# --- faults of ours


def test_a_fault_of_ours_is_exit_code_3_with_a_file_and_no_traceback(run, monkeypatch, tmp_path):
    monkeypatch.setattr(classroom, "grade", lambda *_arguments: {}["[bold]lost[/]\x1b[31m"])
    answer = run("grade", "a", "--out", "out")
    assert answer.exit_code == 3
    assert "harness fault" in answer.stderr
    assert "[bold]lost[/]" in answer.stderr
    assert "\x1b[31m" not in answer.stderr
    (kept,) = tmp_path.glob("harness-fault-*.txt")
    assert str(kept) in answer.stderr.replace("\n", "")
    assert "Traceback" in kept.read_text(encoding="utf-8")


def test_ctrl_c(run, monkeypatch):
    def stopped(*_arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(classroom, "grade", stopped)
    answer = run("grade", "a", "--out", "out")
    assert answer.exit_code == 130
    assert "Results that were written stay" in answer.stderr


# --- which fits answer which task


def test_matches_are_given_by_word_table_and_settings(run, monkeypatch, tmp_path):
    seen = graded(monkeypatch, complete())
    (tmp_path / "m.csv").write_text("submission,task,fits,sure\ng 7,3A,fit-2,yes\n", encoding="utf-8")
    (tmp_path / "harness.toml").write_text('[map."*"]\n2C = "fit-1"\n', encoding="utf-8")
    answer = run("grade", "a", "--out", "out", "--map", "m.csv", "--map", "g 7:4A=cell 3")
    assert answer.exit_code == 0
    assert "Matches are taken from harness.toml" in answer.stderr
    assert seen["options"].overrides.of("g_7") == {"2C": ("fit-1",), "3A": ("fit-2",), "4A": ("cell 3",)}
    (tmp_path / "other.toml").write_text('[map."*"]\n2C = "fit-9"\n', encoding="utf-8")
    run("grade", "a", "--out", "out", "--config", "other.toml")
    assert seen["options"].overrides.of("g_7") == {"2C": ("fit-9",)}


def test_a_settings_file_in_a_hand_in_is_not_read(run, monkeypatch, tmp_path):
    seen = graded(monkeypatch, complete())
    (tmp_path / "harness.toml").write_text('[map."*"]\n2C = "fit-1"\n', encoding="utf-8")
    answer = run("grade", tmp_path, "--out", "out")
    assert seen["options"].overrides.of("g_7") == {}
    assert "Matches are taken" not in answer.stderr
    answer = run("grade", tmp_path, "--out", "out", "--config", "harness.toml")
    assert answer.exit_code == 2
    assert "lies in a hand-in" in answer.stderr


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--map", "fit-3"], "write TASK=FITS"), (["--map", "9=fit-3"], "is no task that fits answer"),
        (["--map", "nowhere.csv"], "nowhere.csv"), (["--config", "nowhere.toml"], "there is no such file"),
    ],
)  # fmt: skip
def test_matches_that_cannot_be_read_are_said_before_anything_runs(run, monkeypatch, given, said):
    seen = graded(monkeypatch, complete())
    answer = run("grade", "a", "--out", "out", *given)
    assert answer.exit_code == 2
    assert said in answer.stderr
    assert seen == {}


# --- the cache


@pytest.fixture
def cached(monkeypatch, tmp_path):
    folder = tmp_path / "cache"
    (folder / "runs" / "ab").mkdir(parents=True)
    (folder / "runs" / "ab" / "abcd.run").write_bytes(b"damaged")
    monkeypatch.setenv("HARNESS_CACHE", str(folder))
    monkeypatch.delenv("HARNESS_CACHE_SIZE", raising=False)
    return folder / "runs"


def test_the_cache_is_shown(run, cached):
    answer = run("cache", "--cache-size", "2GB")
    assert answer.exit_code == 0
    shown = [" ".join(line.split()) for line in answer.stdout.splitlines()]
    assert shown == [
        f"folder {cached}", "runs 1", "measurements 0", "recordings 0", "figures 0",
        "size 7 bytes of at most 2.0 GB", "asked 0 times, 0 hits",
    ]  # fmt: skip


def test_the_cache_is_verified_and_cleared(run, cached):
    assert run("cache", "--verify").stdout.startswith("1 file was damaged and removed.\n")
    assert run("cache", "--verify").stdout.startswith("Every file is whole.\n")
    (cached / "ab" / "abce.run").write_bytes(b"x")
    assert run("cache", "--clear").stdout.startswith("1 file was removed.\n")
    assert list(cached.glob("*/*")) == []


@pytest.mark.parametrize("command", [["cache"], ["grade", "a", "--out", "out"], ["check", "."]])
def test_a_size_that_is_none(run, monkeypatch, command):
    graded(monkeypatch, complete())
    answer = run(*command, "--cache-size", "much")
    assert answer.exit_code == 2
    assert "write 5GiB" in answer.stderr
    monkeypatch.setenv("HARNESS_CACHE_SIZE", "little")
    assert run(*command).exit_code == 2


def test_the_caches_limit_reaches_the_classroom(run, monkeypatch):
    seen = graded(monkeypatch, complete())
    run("grade", "a", "--out", "out", "--cache-size", "500MB")
    assert seen["options"].cache_limit == 500 * 10**6
    monkeypatch.setenv("HARNESS_CACHE_SIZE", "2MB")
    run("check")
    assert seen["options"].cache_limit == 2 * 10**6


# --- record


def test_a_recording_goes_to_standard_output_or_a_file(run, monkeypatch, tmp_path):
    made = DryRun(Recording(kind="notebook", complete=True))
    monkeypatch.setattr(classroom, "record_one", lambda *_arguments: made)
    assert Recording.model_validate_json(run("record", ".").stdout) == made.recording
    assert run("record", ".", "--out", "r.json").stdout == ""
    assert Recording.model_validate_json((tmp_path / "r.json").read_text()) == made.recording


def test_a_recording_that_failed_says_why(run, monkeypatch):
    monkeypatch.setattr(classroom, "record_one", lambda *_arguments: DryRun(problem="The code is missing."))
    answer = run("record", ".")
    assert answer.exit_code == 1
    assert "The code is missing." in answer.stderr


def test_a_recording_that_cannot_be_written(run, monkeypatch):
    monkeypatch.setattr(classroom, "record_one", lambda *_arguments: DryRun())
    answer = run("record", ".", "--out", "nowhere/r.json")
    assert answer.exit_code == 2
    assert "nowhere/r.json" in answer.stderr
