"""Which folders of a machine the sandbox shows, by layouts of Python made in a folder."""

import itertools
import sys
from pathlib import Path

import pytest

from harness.sandbox import SandboxError, mounts

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="folders as Linux has them")


@pytest.mark.parametrize(
    ("prefix", "package", "shown", "masked"),
    [
        ("home/me/repo/.venv", "home/me/repo/harness", ["home/me/repo/.venv"], []),
        ("opt/v", "opt/v/lib/site-packages/harness", ["opt/v"], ["opt/v/lib/site-packages/harness"]),
        ("opt/v", "opt/v/src/repo/harness", ["opt/v"], ["opt/v/src/repo"]),
    ],
)
def test_the_environment_is_shown_and_the_harness_is_not(tmp_path, monkeypatch, prefix, package, shown, masked):
    (tmp_path / package).mkdir(parents=True)
    (tmp_path / prefix / "bin").mkdir(parents=True, exist_ok=True)
    (tmp_path / prefix / "bin/python").touch()
    (tmp_path / prefix / "pyvenv.cfg").touch()
    for name in ("prefix", "exec_prefix", "base_prefix", "base_exec_prefix"):
        monkeypatch.setattr(sys, name, str(tmp_path / prefix))
    monkeypatch.setattr(sys, "executable", str(tmp_path / prefix / "bin/python"))
    monkeypatch.setattr(sys, "path", [str((tmp_path / package).parent)])
    monkeypatch.setattr(mounts, "PACKAGE", tmp_path / package)
    monkeypatch.setattr("sysconfig.get_path", lambda name: str((tmp_path / package).parent))
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "home/me")
    options = mounts.interpreter()
    after = dict(itertools.pairwise(options))
    bound = [options[at + 1] for at, word in enumerate(options) if word == "--ro-bind"]
    hidden = [options[at + 1] for at, word in enumerate(options) if word == "--tmpfs"]
    assert bound == [str(tmp_path / name) for name in shown]
    assert hidden == [str(tmp_path / name) for name in masked]
    assert after.get("--remount-ro") == (hidden[-1] if hidden else None)


@pytest.mark.parametrize("prefix", ["home/me", "home", "repo"])
def test_a_folder_with_more_than_python_is_never_shown(tmp_path, monkeypatch, prefix):
    for folder in ("home/me", "repo/harness", f"{prefix}/bin"):
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
    (tmp_path / prefix / "pyvenv.cfg").touch()
    (tmp_path / prefix / "bin/python").touch()
    monkeypatch.setattr(sys, "prefix", str(tmp_path / prefix))
    monkeypatch.setattr(mounts, "PACKAGE", tmp_path / "repo/harness")
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "home/me")
    with pytest.raises(SandboxError, match="holds more than Python"):
        mounts.interpreter()
