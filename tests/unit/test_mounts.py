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


VERSION = f"python{sys.version_info.major}.{sys.version_info.minor}"


@pytest.fixture
def python(tmp_path, monkeypatch):
    """A Python installed below `base`, perhaps with a virtual environment `prefix` and links to its program; the
    harness is a checkout elsewhere."""

    def install(base, prefix=None, links=()):
        home = tmp_path / "home/me"
        site = tmp_path / (prefix or base) / "lib" / VERSION / "site-packages"
        for folder in (
            home,
            tmp_path / base / "bin",
            tmp_path / base / "lib" / VERSION,
            site,
            tmp_path / "repo/harness",
        ):
            folder.mkdir(parents=True, exist_ok=True)
        program = tmp_path / base / "bin" / VERSION
        program.touch()
        if prefix:
            (tmp_path / prefix / "bin").mkdir()
            (tmp_path / prefix / "pyvenv.cfg").touch()
        for link, target in links:
            (tmp_path / link).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / link).symlink_to(target)
        executable = links[-1][0] if links else f"{base}/bin/{VERSION}"
        monkeypatch.setattr(sys, "executable", str(tmp_path / executable))
        for name in ("prefix", "exec_prefix"):
            monkeypatch.setattr(sys, name, str(tmp_path / (prefix or base)))
        for name in ("base_prefix", "base_exec_prefix"):
            monkeypatch.setattr(sys, name, str(tmp_path / base))
        monkeypatch.setattr(sys, "path", [str(site)])
        monkeypatch.setattr("sysconfig.get_path", lambda name: str(site))
        monkeypatch.setattr(mounts, "PACKAGE", tmp_path / "repo/harness")
        monkeypatch.setattr(Path, "home", lambda: home)
        return site

    return install


LAYOUTS = {
    "venv of a Python in /opt": (
        "opt/python", "work/venv", [("work/venv/bin/python", f"../../../opt/python/bin/{VERSION}")],
        ["opt/python", "work/venv"],
    ),
    "pyenv, below the home folder": (
        "home/me/.pyenv/versions/3.11.7", "home/me/work/venv",
        [("home/me/work/venv/bin/python", f"../../../.pyenv/versions/3.11.7/bin/{VERSION}")],
        ["home/me/work/venv", "home/me/.pyenv/versions/3.11.7"],
    ),
    "conda": ("home/me/conda/envs/course", None, [("home/me/conda/envs/course/bin/python", VERSION)],
              ["home/me/conda/envs/course"]),
    "uv, whose folder has a shorter name too": (
        "home/me/.local/share/uv/python/cpython-3.11.7", "home/me/work/.venv",
        [
            ("home/me/.local/share/uv/python/cpython-3.11", "cpython-3.11.7"),
            ("home/me/work/.venv/bin/python", f"../../../.local/share/uv/python/cpython-3.11/bin/{VERSION}"),
        ],
        ["home/me/work/.venv", "home/me/.local/share/uv/python/cpython-3.11",
         "home/me/.local/share/uv/python/cpython-3.11.7"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("base", "prefix", "links", "shown"), LAYOUTS.values(), ids=LAYOUTS)
def test_layouts_of_python(tmp_path, python, base, prefix, links, shown):
    python(base, prefix, links)
    options = mounts.interpreter()
    bound = [options[at + 1] for at, word in enumerate(options) if word == "--ro-bind"]
    assert sorted(bound) == sorted(str(tmp_path / name) for name in shown)
    assert "--tmpfs" not in options
    parts, listed = mounts.readable()
    assert {tmp_path / name for name in shown} <= set(parts)
    assert not [part for part in parts if (tmp_path / "home/me").is_relative_to(part)]
    assert listed == [tmp_path / "repo"]  # names only: there Python finds the worker


def test_a_system_python_needs_nothing_more(monkeypatch):
    for name in ("prefix", "exec_prefix", "base_prefix", "base_exec_prefix"):
        monkeypatch.setattr(sys, name, "/usr")
    monkeypatch.setattr(sys, "executable", "/usr/bin/env")  # any program there is
    monkeypatch.setattr(mounts, "_is_prefix", lambda path: path == Path("/usr"))
    monkeypatch.setattr(mounts, "_import_folders", set)
    monkeypatch.setattr(mounts, "PACKAGE", Path("/nowhere/harness"))
    assert mounts.interpreter() == []
    assert "/usr" in mounts.system()


def test_an_installed_harness_is_left_out_where_nothing_can_be_hidden(tmp_path, python):
    site = python("opt/python", "work/venv", [("work/venv/bin/python", f"../../../opt/python/bin/{VERSION}")])
    for name in ("harness/sandbox", "numpy"):
        (site / name).mkdir(parents=True)
    (site / "six.py").touch()
    (tmp_path / "work/venv/lib64").symlink_to("lib")
    parts, listed = mounts.readable()
    assert {site / "numpy", site / "six.py", tmp_path / "work/venv/bin", tmp_path / "opt/python"} <= set(parts)
    assert not [part for part in parts if (site / "harness").is_relative_to(part.resolve())]
    assert listed == [tmp_path / "repo", site]
