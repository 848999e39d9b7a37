"""GitHub's workflows: what their schema asks for, pinned, safe with what callers give, and as docs/ci.md says."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import typer
import yaml

from harness import cli

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
CHECK = ROOT / ".github" / "workflows" / "check.yml"
ON = True  # what YAML 1.1 makes of the word `on`


def load(text):
    return yaml.safe_load(text)


def steps(path=CHECK):
    return [step for job in load(path.read_text(encoding="utf-8"))["jobs"].values() for step in job["steps"]]


def inputs():
    return load(CHECK.read_text(encoding="utf-8"))[ON]["workflow_call"]["inputs"]


def script(name):
    (found,) = [step["run"] for step in steps() if step.get("name") == name]
    return found


def test_they_are_what_github_s_schema_asks_for(tmp_path):
    pytest.importorskip("check_jsonschema", reason="tox installs it")
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows"]
    good = subprocess.run([*command, *WORKFLOWS], capture_output=True, text=True, encoding="utf-8", check=False)
    assert good.returncode == 0, good.stdout
    wrong = tmp_path / "wrong.yml"
    wrong.write_text(CHECK.read_text(encoding="utf-8").replace("workflow_call:", "workflow_cal:"), encoding="utf-8")
    assert subprocess.run([*command, wrong], capture_output=True, check=False).returncode == 1


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_each_action_is_pinned_to_a_commit_whose_version_is_said(path):
    used = re.findall(r"uses: (.*)", path.read_text(encoding="utf-8"))
    assert len(used) > 2
    assert [one for one in used if not re.fullmatch(r"actions/[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", one)] == []


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_nothing_that_a_caller_gives_becomes_text_of_a_command(path):
    assert [step["run"] for step in steps(path) if "${{" in step.get("run", "")] == []
    assert load(path.read_text(encoding="utf-8"))["permissions"] == {"contents": "read"}


def test_every_input_is_used_and_every_used_one_is_declared():
    text = CHECK.read_text(encoding="utf-8")
    assert set(re.findall(r"\binputs\.(\w+)", text)) == set(inputs())


def test_the_page_s_example_and_table_fit_the_workflow():
    page = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
    (example,) = [load(block) for block in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)]
    (job,) = example["jobs"].values()
    assert job["uses"].rpartition("@")[0].endswith("/" + CHECK.relative_to(ROOT).as_posix())
    needed = {name for name, one in inputs().items() if one.get("required")}
    assert needed <= set(job["with"]) <= set(inputs())
    rows = dict(re.findall(r"^\| `(\w+)` \|.*\| (.*) \|$", page, re.MULTILINE))
    defaults = {name: one.get("default") for name, one in inputs().items()}
    shown = {name: "(needed)" if value is None else f"`{str(value).lower()}`" for name, value in defaults.items()}
    assert rows == shown


def test_the_options_are_those_of_the_program():
    commands = typer.main.get_command(cli.app).commands
    known = {opt for param in commands["check"].params for opt in param.opts}
    assert set(re.findall(r" (--[\w-]+) ", script("Check"))) == {
        "--assignment", "--profile", "--data", "--out"
    } <= known  # fmt: skip
    exported = {opt for param in commands["export"].commands["github"].params for opt in param.opts}
    assert set(re.findall(r" (--[\w-]+) ", script("Report"))) == {"--folder"} <= exported


# --- the commands themselves, with a stand-in for the program


@pytest.fixture
def place(tmp_path):
    if shutil.which("bash") is None or sys.platform == "win32":
        pytest.skip("the workflow runs on Linux, with its bash")
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / "hand_in" / "work").mkdir(parents=True)
    (tmp_path / "hand_in" / "work" / "assignment.ipynb").write_text("{}", encoding="utf-8")
    return tmp_path


def ran(place, name, code=0, **variables):
    """Run a step as GitHub does, `bash -e`; its end, and what the stand-in was given."""
    program = place / ".venv" / "bin" / "harness"
    program.write_text(f'#!/bin/sh\necho "::error::from the hand-in"\necho "[$*]"\nexit {code}\n', encoding="utf-8")
    program.chmod(0o755)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {"PATH": path, "GITHUB_OUTPUT": str(place / "output"), **variables}
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script(name)],
        cwd=place, env=environment, capture_output=True, text=True, encoding="utf-8", check=False,
    )  # fmt: skip


ASKED = {"SUBMISSION": "work; touch broken", "ASSIGNMENT": "a", "PROFILE": "quick", "DATA": "digits"}


@pytest.mark.parametrize(("code", "ends"), [(0, 0), (1, 0), (2, 2), (3, 3)])
def test_a_failed_check_goes_on_to_the_report_and_a_fault_ends_the_job(place, code, ends):
    answer = ran(place, "Check", code, **ASKED)
    assert answer.returncode == ends, answer.stderr
    assert (place / "output").read_text(encoding="utf-8") == f"code={code}\n"
    assert (
        "[check hand_in/work; touch broken --assignment a --profile quick --data digits --out graded]"
        in answer.stdout
    )
    assert not (place / "broken").exists()


def test_while_the_hand_in_can_print_the_runner_obeys_nothing(place):
    lines = ran(place, "Check", **ASKED).stdout.splitlines()
    (stop,) = [line for line in lines if line.startswith("::stop-commands::")]
    token = stop.removeprefix("::stop-commands::")
    assert len(token) == 32
    assert lines.index(stop) < lines.index("::error::from the hand-in") < lines.index(f"::{token}::")


@pytest.mark.parametrize(("submission", "folder"), [("work", "work"), ("work/assignment.ipynb", "work"), (".", "")])
def test_annotations_are_put_where_the_hand_in_lies_in_its_repository(place, submission, folder):
    answer = ran(place, "Report", SUBMISSION=submission)
    assert f"[export github graded --folder {folder}]" in answer.stdout


@pytest.mark.parametrize("code", [0, 1])
def test_the_job_fails_where_a_check_failed(place, code):
    assert ran(place, "Fail where a check failed", CODE=str(code)).returncode == code
