"""Where control groups can be made, by the texts that Linux gives, and what is written into them, in folders that
stand in for the kernel's. test_wall.py makes real ones."""

import dataclasses
import os
import subprocess
import sys

import pytest

from harness.sandbox import Limits

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="control groups are Linux's")
if sys.platform == "linux":
    from harness.sandbox import cgroup
    from harness.sandbox.cgroup import Group, NoGroup, Parents, around, find

LIMITS = dataclasses.replace(Limits(), total_memory_bytes=2**30, processes=50)
V2_FILES = ("memory.max", "memory.swap.max", "memory.oom.group", "pids.max", "cgroup.procs")
V1_FILES = ("memory.limit_in_bytes", "memory.memsw.limit_in_bytes", "cgroup.procs")


def mounted(point, root="/", kind="cgroup2", options="rw"):
    return f"30 20 0:26 {root} {point} rw,nosuid shared:4 - {kind} {kind} {options}\n"


@pytest.fixture
def v2(tmp_path):
    """A delegated group of v2, with the group of this process in it, and its text in /proc/self/cgroup."""
    own = tmp_path / "user.slice/app.slice/run-7.scope"
    own.mkdir(parents=True)
    (own.parent / "cgroup.subtree_control").write_text("cpu memory pids\n")
    (own.parent / "cgroup.procs").touch()
    return "0::/user.slice/app.slice/run-7.scope\n", own.parent


@pytest.fixture
def kernel(monkeypatch):
    """New folders get the files that the kernel would put there."""
    real, real_rmdir = cgroup.Path.mkdir, cgroup.Path.rmdir

    def mkdir(folder, *given, **named):
        real(folder, *given, **named)
        if folder.name.startswith("harness-"):
            for name in {*V1_FILES, *V2_FILES}:
                (folder / name).touch()

    def rmdir(folder):
        for file in folder.iterdir():
            file.unlink()
        real_rmdir(folder)

    monkeypatch.setattr(cgroup.Path, "mkdir", mkdir)
    monkeypatch.setattr(cgroup.Path, "rmdir", rmdir)


def test_v2_groups_are_made_beside_the_own_one(tmp_path, v2):
    own, parent = v2
    assert find(own, mounted(tmp_path)) == Parents(2, (parent,))
    assert find(own, mounted("/elsewhere", kind="tmpfs") + mounted(tmp_path)) == Parents(2, (parent,))


def test_a_part_of_the_tree_can_be_mounted(tmp_path, v2):
    """As in a container without a namespace for groups."""
    own, parent = v2
    assert find("0::/docker/1234/" + own[4:].strip("/\n"), mounted(tmp_path, "/docker/1234")) == Parents(
        2, (parent,)
    )


@pytest.mark.parametrize("counted", ["", "cpu memory", "cpu pids"])
def test_v2_without_what_is_counted(tmp_path, v2, counted):
    own, parent = v2
    (parent / "cgroup.subtree_control").write_text(counted)
    with pytest.raises(NoGroup, match="systemd-run --user --scope"):
        find(own, mounted(tmp_path))


def test_v2_that_is_not_delegated(tmp_path, v2, monkeypatch):
    own, parent = v2
    monkeypatch.setattr(os, "access", lambda path, mode: path != parent)
    with pytest.raises(NoGroup, match="not delegated"):
        find(own, mounted(tmp_path))


def test_v1_groups_are_made_in_each_hierarchy(tmp_path, monkeypatch):
    for folder in ("memory/a", "pids"):
        (tmp_path / folder).mkdir(parents=True)
    own = "4:memory:/a\n8:cpu,pids:/\n1:name=systemd:/x\n0::/\n"
    memory = mounted(tmp_path / "memory", kind="cgroup", options="rw,memory")
    pids = mounted(tmp_path / "pids", kind="cgroup", options="rw,cpu,pids")
    empty = mounted(tmp_path, kind="cgroup2")
    assert find(own, empty + memory + pids) == Parents(1, (tmp_path / "memory/a", tmp_path / "pids"))
    assert find(own, memory) == Parents(1, (tmp_path / "memory/a",))
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(NoGroup, match="run as root"):
        find(own, memory + pids)


@pytest.mark.parametrize("own", ["", "0::/\n"])
def test_a_system_without(own):
    with pytest.raises(NoGroup, match="no control groups"):
        find(own, "")


def test_what_v2_is_told(tmp_path, kernel):
    with around(LIMITS, Parents(2, (tmp_path,))) as group:
        folder = group.folders[0]
        group.hold([41, 42])
        written = {name: (folder / name).read_text() for name in V2_FILES}
        expected = {"memory.max": str(2**30), "memory.swap.max": "0", "memory.oom.group": "1", "pids.max": "58"}
        assert written == {**expected, "cgroup.procs": "42"}  # the kernel takes one at a time
        (folder / "cgroup.procs").write_text("")
    assert not list(tmp_path.iterdir())


def test_what_v1_is_told(tmp_path, kernel):
    parents = (tmp_path / "memory", tmp_path / "pids")
    for parent in parents:
        parent.mkdir()
    with around(LIMITS, Parents(1, parents)) as group:
        memory, pids = group.folders
        assert (memory / "memory.limit_in_bytes").read_text() == str(2**30)
        assert (memory / "memory.memsw.limit_in_bytes").read_text() == str(2**30)
        assert (pids / "pids.max").read_text() == "58"
    assert not memory.exists()
    assert not pids.exists()


@pytest.mark.parametrize(
    ("version", "files", "ran_out"),
    [
        (2, {"memory.events": "low 0\nmax 9\noom 1\noom_kill 2\n"}, True),
        (2, {"memory.events": "low 0\nmax 9\noom 0\noom_kill 1\n"}, False),  # the machine's memory, not the run's
        (2, {"memory.events": "low 0\nmax 9\noom 1\noom_kill 0\n"}, False),
        (2, {}, False),
        (1, {"memory.oom_control": "under_oom 0\noom_kill 1\n", "memory.max_usage_in_bytes": f"{2**30}"}, True),
        (1, {"memory.oom_control": "under_oom 0\noom_kill 1\n", "memory.max_usage_in_bytes": f"{2**29}"}, False),
        (1, {"memory.oom_control": "under_oom 0\noom_kill 0\n", "memory.max_usage_in_bytes": f"{2**30}"}, False),
    ],
)
def test_whose_memory_ran_out(tmp_path, version, files, ran_out):
    for name, text in {"memory.limit_in_bytes": f"{2**30}", **files}.items():
        (tmp_path / name).write_text(text)
    assert Group(version, (tmp_path,)).ran_out() is ran_out


def test_groups_of_harnesses_that_are_gone_are_removed(tmp_path, kernel):
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    space, own = cgroup._namespace(), os.getpid()
    gone = [f"harness-{space}-{process.pid}-123-ab", f"harness-{space}-{own}-1-cd"]  # and its number given again
    kept = [f"harness-{space}-{own}-{cgroup._start(own)}-ef", f"harness-{space + 1}-{process.pid}-123-ab", "other"]
    for name in (*gone, *kept):
        (tmp_path / name).mkdir()
    with around(LIMITS, Parents(2, (tmp_path,))) as group:
        assert {one.name for one in tmp_path.iterdir()} == {*kept, group.folders[0].name}


def test_a_group_that_cannot_be_made(tmp_path):
    with pytest.raises(NoGroup, match="could be made"), around(LIMITS, Parents(2, (tmp_path,))):
        pytest.fail("there is no kernel behind these folders")
    assert not list(tmp_path.iterdir())
