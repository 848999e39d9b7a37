"""A hand-in is graded, frozen, and graded anew from the bundle: in the real sandbox, by the commands."""

import pytest
from conftest import missing
from typer.testing import CliRunner

from harness import history
from harness.cli import app
from harness.results import load as load_result
from harness.sandbox import probe

pytestmark = pytest.mark.end_to_end


def run(*arguments):
    return CliRunner().invoke(app, [str(one) for one in arguments])


def test_from_grading_to_a_bundle_and_back(tmp_path):
    problem = probe()
    if problem:
        missing("bubblewrap", problem)
    work, out, bundle = tmp_path / "group7.py", tmp_path / "out", tmp_path / "group7.zip"
    work.write_text('print("handed in")\n', encoding="utf-8")
    answer = run("grade", work, "--out", out, "--data", "digits", "--profile", "quick", "--no-cache")
    assert answer.exit_code == 1, answer.output
    before = (out / "group7" / "evidence.json").read_bytes()
    assert run("freeze", "group7", "--out", out, "--to", bundle, "--from", work).exit_code == 0
    work.unlink()

    arguments = ("--only", "group7", "--from", bundle, "--profile", "full", "--no-cache")
    answer = run("regrade", out, *arguments)
    assert answer.exit_code == 1, answer.output
    result = load_result(out / "group7" / "result.json")
    assert (result.profile, result.dataset.name, result.isolated) == ("full", "digits", True)
    (former,) = history.kept(out / "group7")
    assert load_result(former / "result.json").profile == "quick"
    assert (former / "evidence.json").read_bytes() == before
    assert run("explain", bundle, "2A.layers").stdout.startswith("2A.layers of group7: not attempted, 0 of 0.3")
    assert run("diff", out).exit_code == 0
