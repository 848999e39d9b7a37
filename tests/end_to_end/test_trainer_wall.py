"""The trainer's wall, tried from inside, and what is seen without it."""

import json
import os
import py_compile
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest
from conftest import missing

from harness import assets, sandbox
from harness.training import wall
from harness.training.answers import Nothing
from harness.training.channel import Channel, TrainerFailed
from harness.training.wall import Launcher, Wall

pytestmark = [
    pytest.mark.end_to_end,
    pytest.mark.skipif(sys.platform != "linux", reason="the wall needs Linux"),
]

PROBES = r"""
import json, os, socket, sys
told = json.loads(sys.stdin.readline())
def tried(what, *arguments):
    try:
        return what(*arguments) or True
    except (OSError, ImportError):
        return False
def connected(family, address):
    with socket.socket(family) as one:
        one.settimeout(5)
        one.connect(address)
def written(path):
    with open(path, "ab"):
        pass
def appended(folder):
    path = os.path.join(folder, "probe")
    written(path)
    os.remove(path)
def read(path):
    with open(path, "rb") as file:
        return bool(file.read(1))
status = dict(line.split(":", 1) for line in open("/proc/self/status").read().splitlines())
print(json.dumps({
    "path": sys.path, "environment": sorted(os.environ), "uid": os.getuid(),
    "capabilities": int(status["CapEff"], 16), "seccomp": int(status["Seccomp"]),
    "processes": sum(name.isdigit() for name in os.listdir("/proc")),
    "read": {path: tried(read, path) for path in told["files"] + told["ours"]},
    "seen": {path: tried(os.listdir, path) for path in told["folders"]},
    "written": {path: tried(written, path) for path in told["files"]},
    "made": {path: tried(appended, path) for path in told["folders"]},
    "own": {path: tried(appended, path) for path in ("/scratch", "/dev/shm", "/work/cache/compiled")},
    "data": tried(read, "/work/data/mnist.npz"),
    "connected": tried(connected, socket.AF_INET, ("127.0.0.1", told["port"])),
    "abstract": tried(connected, socket.AF_UNIX, told["abstract"]),
    "package": tried(os.listdir, "/work/trainer/harness"),
    "assets": tried(os.listdir, "/work/trainer/harness/_assets"),
}))
"""


@pytest.fixture
def bubblewrap():
    problem = sandbox.probe()
    if problem:
        missing("bubblewrap", problem)


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """What a trainer has no business with."""
    for name in ("hand-in", "home", "cache/runs", "data"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("hand-in/submission.py", "home/secret", "cache/runs/run.npz", "data/other", "data/mnist.npz"):
        (tmp_path / name).write_bytes(b"1")
    (tmp_path / "data/mnist.npz").chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HARNESS_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("A_SECRET", "1")
    monkeypatch.chdir(tmp_path / "hand-in")
    return tmp_path


def runs(monkeypatch, code):
    """Let trainers run this code instead."""
    monkeypatch.setattr(wall, "CODE", code.replace("{", "{{").replace("}", "}}"))


def probed(launcher, machine, monkeypatch):
    """What the probes say, each folder and file by its own name."""
    runs(monkeypatch, PROBES)
    files = [*machine.glob("*/*"), *machine.glob("*/*/*")]
    files = [path for path in files if path.is_file() and path.name != "mnist.npz"]
    folders = [machine, *{path.parent for path in files}]
    ours = [assets.PACKAGE / "grading.py", assets.folder("reference") / "pytest.ini"]
    name = f"\0harness-{os.getpid()}"
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket(socket.AF_UNIX) as abstract:
        abstract.bind(name)
        abstract.listen()
        told = {"files": files, "folders": folders, "ours": ours, "abstract": name}
        told["port"] = server.getsockname()[1]
        with launcher.started("jax", "cpu", {}) as (process, kill):
            process.stdin.write(json.dumps(told, default=str).encode() + b"\n")
            said = process.stdout.read()
            complaint = process.stderr.read().decode()
            kill()
            for pipe in (process.stdin, process.stdout, process.stderr):
                pipe.close()
    assert complaint == ""
    return json.loads(said)


def test_what_a_trainer_reaches_behind_its_wall(bubblewrap, machine, monkeypatch):
    launcher = Launcher()
    found = probed(launcher, machine, monkeypatch)
    assert launcher.without == ""
    for what in ("read", "seen", "written", "made"):
        assert not any(found[what].values()), (what, found[what])
    assert not found["connected"] and not found["abstract"]
    assert found["processes"] <= 3  # bubblewrap's, the probe's
    assert "A_SECRET" not in found["environment"]
    assert found["capabilities"] == 0 and found["seccomp"] == 2
    assert found["uid"] != 0
    assert all(found["own"].values()) and found["data"] and "cli.py" in found["package"]
    assert found["assets"] in (False, True)  # nothing in it
    assert "" not in found["path"] and str(machine / "hand-in") not in found["path"]


def test_what_it_reaches_without_one(machine, monkeypatch):
    """So that the probes above are worth something."""
    launcher = Launcher()
    launcher.without = "for comparison"
    found = probed(launcher, machine, monkeypatch)
    assert launcher.without == "for comparison"
    for what in ("read", "seen", "written", "made"):
        assert all(found[what].values()), (what, found[what])
    assert found["connected"] and found["abstract"] and found["processes"] > 3
    assert "A_SECRET" in found["environment"]
    # nothing is imported from the folder that the harness was called in, which may be a hand-in
    assert "" not in found["path"] and str(machine / "hand-in") not in found["path"]


ENDLESS = "import time; print('begun', flush=True); time.sleep(3600)"
COORDINATOR = f"""
import sys
from harness.training import wall
wall.CODE = {ENDLESS!r}
with wall.Launcher().started("jax", "cpu", {{}}) as (process, kill):
    process.stdout.readline()
    print("begun", flush=True)
    sys.stdin.read()
"""


def test_a_trainer_does_not_outlive_whoever_started_it(bubblewrap, machine):
    with subprocess.Popen(
        [sys.executable, "-c", COORDINATOR], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as coordinator:
        assert coordinator.stdout.readline() == b"begun\n"
        left = psutil.Process(coordinator.pid).children(recursive=True)
        assert len(left) >= 2
        coordinator.terminate()
        coordinator.wait()
        assert psutil.wait_procs(left, timeout=60)[1] == []


def test_a_trainer_outlives_the_thread_that_asked_for_it(bubblewrap, machine, monkeypatch):
    runs(monkeypatch, """import sys; sys.stdin.readline(); print('{"kind": "done", "told": {}}', flush=True)""")
    channel = Channel("jax", "cpu", Launcher())
    with ThreadPoolExecutor(max_workers=1) as pool:
        pool.submit(channel.start).result()
    assert channel.ask({}, Nothing) == (Nothing(), {})
    channel.close()


def test_a_killed_trainer_is_dead_when_that_returns(bubblewrap, machine, monkeypatch):
    runs(monkeypatch, ENDLESS)
    with Launcher().started("jax", "cpu", {}) as (process, kill):
        process.stdout.readline()
        inside = psutil.Process(process.pid).children(recursive=True)
        kill()
        assert inside and not any(one.is_running() for one in inside)
        for pipe in (process.stdin, process.stdout, process.stderr):
            pipe.close()


def test_a_trainer_that_floods_its_log_is_cut(machine, monkeypatch):
    runs(monkeypatch, "import sys; sys.stderr.write('x' * 10**7 + '\\x1b[31mthe end'); sys.exit(3)")
    launcher = Launcher()
    launcher.without = "for speed"
    channel = Channel("jax", "cpu", launcher)
    with pytest.raises(TrainerFailed, match=r"ended with code 3; the end of its log:\nx+the end$") as error:
        channel.ask({}, Nothing)
    assert len(str(error.value)) < 20_000


def test_without_bubblewrap_trainers_are_plain_processes(machine, monkeypatch):
    runs(monkeypatch, "print('here', flush=True)")
    monkeypatch.setenv("PATH", str(machine))
    launcher = Launcher()
    with launcher.started("jax", "cpu", {}) as (process, kill):
        assert process.stdout.readline() == b"here\n"
        kill()
        for pipe in (process.stdin, process.stdout, process.stderr):
            pipe.close()
    assert "bubblewrap (bwrap) is not installed" in launcher.without


def test_a_wall_that_cannot_be_made_where_bubblewrap_works_is_our_fault(bubblewrap, machine, monkeypatch):
    """No trainer runs without it then."""
    monkeypatch.setattr(Wall, "options", lambda *_: ["--no-such-option"])
    launcher = Launcher()
    with pytest.raises(TrainerFailed, match=r"could not be started: .*no-such-option"):
        Channel("jax", "cpu", launcher).ask({}, Nothing)
    assert launcher.without == ""


# --- the folder of compiled programs, as root

root = pytest.mark.skipif(sys.platform == "linux" and os.geteuid() != 0, reason="only root has users to give")


@root
def test_compiled_programs_belong_to_a_user_that_trainers_share(machine):
    folder = machine / "cache" / "compiled" / "processor"
    folder.mkdir(parents=True)
    (folder / "program").write_bytes(b"1")
    (folder / "link").symlink_to(machine / "home" / "secret")
    first, second = Wall.made(), Wall.made()
    assert first == second and first.uid not in (None, 0)
    owners = {path.lstat().st_uid for path in (first.compiled, folder, *folder.iterdir())}
    assert owners == {first.uid}
    assert (machine / "home" / "secret").stat().st_uid == 0


@root
def test_a_persons_folder_stays_theirs(machine):
    folder = machine / "cache" / "compiled"
    folder.mkdir()
    os.chown(folder, 1, 1)
    made = Wall.made()
    assert made.compiled is None and made.uid not in (None, 0, 1)
    assert folder.stat().st_uid == 1


def test_only_the_data_sets_own_files_are_shown(machine, monkeypatch):
    kept = machine / "keras" / "datasets"
    (kept / "fashion-mnist").mkdir(parents=True)
    for name in ("mnist.npz", "fashion-mnist/train-images-idx3-ubyte.gz", "imdb.npz"):
        (kept / name).write_bytes(b"1")
    monkeypatch.setenv("KERAS_HOME", str(machine / "keras"))
    assert {inside: outside.name for inside, outside in wall.data_files().items()} == {
        "/work/data/mnist.npz": "mnist.npz",
        "/work/keras/datasets/mnist.npz": "mnist.npz",
        "/work/keras/datasets/fashion-mnist/train-images-idx3-ubyte.gz": "train-images-idx3-ubyte.gz",
    }
    monkeypatch.delenv("HARNESS_DATA")
    assert not any(inside.startswith("/work/data") for inside in wall.data_files())


def test_packages_without_bytecode_are_noticed(machine, monkeypatch):
    package = machine / "data" / "newly_installed"
    package.mkdir()
    (package / "__init__.py").write_text("", encoding="utf-8")
    monkeypatch.syspath_prepend(str(package.parent))
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    assert not wall.without_bytecode(("json", "no_such_package"))
    assert wall.without_bytecode(("json", "newly_installed"))
    py_compile.compile(str(package / "__init__.py"))
    assert not wall.without_bytecode(("newly_installed",))
