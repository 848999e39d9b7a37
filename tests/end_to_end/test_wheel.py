"""A wheel built from this tree works from another folder, with no checkout to be found.

It is installed beside the dependencies that the tests run with; `sitecustomize` takes the checkout off the path.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.end_to_end

ROOT = Path(__file__).resolve().parents[2]
SUBMISSION = ROOT / "submissions" / "good_contract" / "submission.py"
PATH = f"""
import os, sys
outside = {str(ROOT)!r}
sys.path[:] = [path for path in sys.path if os.path.realpath(path) != outside]
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """The wheel, built without the network by the hatchling that is installed."""
    folder = tmp_path_factory.mktemp("wheel")
    _run("-m", "pip", "wheel", str(ROOT), "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder))
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory) -> Path:
    """A folder with the wheel's packages and its script."""
    folder = tmp_path_factory.mktemp("installed")
    _run("-m", "pip", "install", str(wheel), "--no-deps", "--no-index", "--target", str(folder))
    (folder / "sitecustomize.py").write_text(PATH, encoding="utf-8")
    return folder


@pytest.fixture
def harness(installed, tmp_path):
    """Run the installed program from an empty folder: `harness("--version")`."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return _run("-m", "harness", *arguments, cwd=tmp_path, installed=installed)

    return run


def _run(
    *arguments: str, cwd: Path | None = None, installed: Path | None = None, python: str = sys.executable
) -> subprocess.CompletedProcess[str]:
    """Python with these arguments; it must end well, and without a traceback."""
    environment = dict(os.environ)
    if installed is not None:
        environment |= {"PYTHONPATH": str(installed), "COLUMNS": "200"}
    run = subprocess.run(
        [python, *arguments],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=900,
    )
    assert run.returncode == 0, run.stdout[-2000:] + run.stderr[-3000:]
    assert "Traceback" not in run.stdout + run.stderr
    return run


def test_it_holds_the_package_and_its_assets_and_nothing_else(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0].rpartition(".")[2] for name in names} == {"harness", "dist-info"}
    for expected in (
        "harness/cli.py",
        "harness/worker/main.py",
        "harness/_assets/reference/pytest.ini",
        "harness/_assets/reference/dat405_a7/assignment.toml",
        "harness/_assets/reference/dat405_a7/check_mlp.py",
        "harness/_assets/reference/dat405_a7/calibration/digits-full.json",
        "harness/_assets/templates/scorecard.html.j2",
        "harness/_assets/templates/parts/page.html.j2",
    ):
        assert expected in names
    unwanted = ("__pycache__", ".pyc", ".pytest_cache", ".hypothesis", "/tests/", "submissions", ".ipynb", ".npz")
    assert [name for name in names if any(part in name for part in unwanted)] == []


def test_its_assets_are_its_own(installed, tmp_path):
    code = "import harness, sys; from harness import assets; print(assets.folder('reference')); "
    code += "print(assets.folder('templates')); print(harness.__file__); print(*sys.path, sep='\\n')"
    reference, templates, module, *path = _run("-c", code, cwd=tmp_path, installed=installed).stdout.splitlines()
    package = installed / "harness"
    assert Path(module) == package / "__init__.py"
    assert Path(reference) == package / "_assets" / "reference"
    assert Path(templates) == package / "_assets" / "templates"
    assert str(ROOT) not in path


def test_version(installed, harness):
    assert harness("--version").stdout.startswith("harness ")
    script = installed / "bin" / ("harness.exe" if os.name == "nt" else "harness")
    assert script.is_file()


def test_doctor_lists_the_assignment(harness):
    text = harness("doctor").stdout
    assert "dat405_a7" in text
    assert "digits" in text.split("dat405_a7")[1]  # its calibration came along


def test_it_records_a_submission(harness, tmp_path):
    harness(
        "record",
        str(SUBMISSION),
        "--data",
        "digits",
        "--allow-unisolated",
        "--out",
        str(tmp_path / "recording.json"),
    )
    recording = json.loads((tmp_path / "recording.json").read_text(encoding="utf-8"))
    assert recording["complete"]
    assert recording["errors"] == []
    assert recording["fits"]


@pytest.mark.nightly
def test_it_installs_with_all_its_dependencies(wheel, tmp_path):
    """From the package index, into a virtual environment that holds nothing."""
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    _run("-m", "pip", "install", str(wheel), "-c", str(ROOT / "lock" / "ci.txt"), python=str(python))
    run = _run("-m", "harness", "doctor", cwd=tmp_path, python=str(python))
    assert "dat405_a7" in run.stdout
