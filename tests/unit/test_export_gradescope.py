"""Gradescope's results.json against its documented form, and the autograder zip."""

import io
import json
import os
import stat
import subprocess
import zipfile
from pathlib import Path

import jsonschema
import pytest
from unit.sample_hostile import HOSTILE, hostile
from unit.sample_parts import check
from unit.sample_random import quick
from unit.sample_results import broken, complete, typical

from harness.exports.gradescope import autograder, results_json
from harness.results import Cause, Outcome

SCHEMA = json.loads((Path(__file__).parent.parent / "fixtures" / "gradescope_results.schema.json").read_text())


@pytest.mark.parametrize("make", [typical, complete, broken, quick])
def test_the_document_has_the_documented_form(make):
    jsonschema.validate(results_json(make()), SCHEMA)


def test_scores_are_the_machine_s_and_their_sum_is_its_points():
    result = typical()
    made = results_json(result)
    assert round(sum(test.get("score", 0) for test in made["tests"]), 6) == result.machine_points
    assert made["output"].splitlines()[0] == "3.82 of 7.5 points by machine."
    assert "score" not in made


def test_each_check_is_a_test_with_a_number_of_its_task():
    made = results_json(typical())["tests"]
    assert [test["number"] for test in made if test["name"].startswith("2C")] == ["2C.1", "2C.2"]
    failed = next(test for test in made if test["name"].startswith("2D") and test.get("status") == "failed")
    assert "Set epochs=40" in failed["output"]


def test_our_fault_never_counts_as_zero():
    lost = check("2C", Outcome.NOT_MEASURED, None, 0.6, cause=Cause.HARNESS_FAULT)
    tasks = typical().tasks[:1]
    result = typical(tasks=(tasks[0].model_copy(update={"checks": (lost,)}),))
    test = results_json(result)["tests"][0]
    assert "score" not in test
    assert "the fault is not yours" in test["output"]


def test_what_could_not_be_recorded_says_why_and_has_a_score():
    made = results_json(broken(tasks=()))
    assert (made["score"], made["tests"][0]["status"]) == (0.0, "failed")
    assert "not a notebook" in made["tests"][0]["output"]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text(text):
    made = results_json(hostile(text))
    jsonschema.validate(made, SCHEMA)
    formats = {made[name] for name in ("output_format", "test_output_format", "test_name_format")}
    assert formats == {"text"}
    written = json.dumps(made, ensure_ascii=False)
    assert not any(sign in written for sign in ("\x1b", "\u202e", "\u200b"))


def unpacked(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        for info in archive.infolist():
            executable = bool(stat.S_IXUSR & info.external_attr >> 16)
            assert executable == (info.filename in ("setup.sh", "run_autograder"))
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.mark.skipif(os.name == "nt", reason="Gradescope's images are Ubuntu")
def test_the_autograder_has_its_two_scripts_in_its_root():
    files = unpacked(autograder("dat405_a7", "quick", "nn-grading-harness==0.1.0"))
    assert set(files) == {"setup.sh", "run_autograder"}
    for text in files.values():
        assert text.startswith(b"#!/bin/sh\n")
        subprocess.run(["sh", "-n"], input=text, check=True)
    assert b"install nn-grading-harness==0.1.0" in files["setup.sh"]
    assert autograder("a", "quick", "x") == autograder("a", "quick", "x")


def test_a_wheel_is_packed_along_and_names_are_quoted():
    files = unpacked(autograder("a b; rm -rf /", "full", "ignored", ("harness.whl", b"wheel")))
    assert files["harness.whl"] == b"wheel"
    assert b"/autograder/source/harness.whl" in files["setup.sh"]
    assert b"--assignment 'a b; rm -rf /' --profile full" in files["run_autograder"]


@pytest.mark.skipif(os.name == "nt", reason="Gradescope's images are Ubuntu")
@pytest.mark.parametrize(("code", "written"), [(0, True), (1, True), (2, False), (3, False)])
def test_no_results_are_written_where_the_harness_failed(tmp_path, code, written):
    """Run as in Gradescope, with a program in place of the harness."""
    binary = tmp_path / "venv" / "bin" / "harness"
    binary.parent.mkdir(parents=True)
    binary.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/said\n[ "$1" = check ] && exit {code}\nexit 0\n')
    binary.chmod(0o755)
    script = unpacked(autograder("dat405_a7", "quick", "x"))["run_autograder"].decode()
    ended = subprocess.run(
        ["sh"], input=script.replace("/autograder", os.fspath(tmp_path)), text=True, check=False
    ).returncode
    said = (tmp_path / "said").read_text().splitlines()
    assert any(line.startswith("export gradescope") for line in said) == written
    assert ended == (0 if written else code)
