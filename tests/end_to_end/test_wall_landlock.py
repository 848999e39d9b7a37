"""The sandbox for Linux without bubblewrap: what code meets in it, how it ends, and that it says what it is."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from walled import TELL, told

from harness import sandbox
from harness.sandbox import Ended, Limits, Sandbox, choose

pytestmark = [pytest.mark.end_to_end, pytest.mark.skipif(sys.platform != "linux", reason="Landlock needs Linux")]
if sys.platform == "linux":
    from harness.sandbox import bubblewrap, landlocked
    from harness.sandbox.landlocked import LandlockSandbox
    from harness.worker import landlock

REPOSITORY = Path(__file__).resolve().parents[2]
LIMITS = Limits(seconds=60, memory_bytes=2**30, scratch_bytes=2**20)


@pytest.fixture(scope="module", autouse=True)
def works():
    """Where root's Python lies in a folder of root's own, a user of the run's own cannot start it: without one."""
    with pytest.MonkeyPatch.context() as patch:
        if landlocked.probe() and bubblewrap.is_root():
            patch.setattr(bubblewrap, "is_root", lambda: False)
        if problem := landlocked.probe():
            pytest.skip(problem)
        yield


@pytest.fixture
def run(tmp_path):
    """Run Python source in place of the worker, with arguments; it lies in the submission."""

    def start(source, limits=LIMITS, *arguments):
        folder = tmp_path / "submission"
        folder.mkdir(exist_ok=True)
        (folder / "program.py").write_text(TELL + source, encoding="utf-8")
        starts = "import json, sys; shown = json.loads(sys.stdin.buffer.read()[8:])['paths']['submission']; "
        starts += "exec(open(shown + '/program.py').read())"
        return LandlockSandbox(["-s", "-P", "-c", starts, *arguments]).run({}, folder, None, limits)

    return start


TRIES = """
import ctypes, resource, shutil, signal, socket
about = json.loads(sys.argv[1])
libc = ctypes.CDLL(None, use_errno=True)
def signalled():
    os.kill(about["pid"], 0)
def family(name):
    socket.socket(getattr(socket, name)).close()
def looked_into():
    return open(f"/proc/{about['pid']}/environ", "rb").read()
def ran():
    open("own", "w").write("#!/bin/sh\\n")
    os.chmod("own", 0o755)
    os.execv("own", ["own"])
def read(name):
    return open(name, "rb").read(1)
tried = {
    "private": lambda: read(about["private"]), "sources": lambda: read(about["sources"]),
    "passwd": lambda: read("/etc/passwd"), "home": lambda: os.listdir(about["home"]),
    "written": lambda: open(about["private"], "r+"), "emptied": lambda: os.truncate(about["private"], 0),
    "put there": lambda: open(about["home"] + "/new", "w"), "shared": lambda: open("/dev/shm/x", "w"),
    "terminals": lambda: os.listdir("/dev/pts"), "run": ran, "looked into": looked_into, "signalled": signalled,
    "network": lambda: family("AF_INET"), "local": lambda: family("AF_UNIX"),
    "netlink": lambda: family("AF_NETLINK"),
    "keys": lambda: read("/proc/keys"), "program": lambda: read(shown + "/program.py"),
    "scratch": lambda: shutil.copy(shown + "/program.py", "copy.py"),
    "pair": lambda: socket.socketpair(), "datagrams": lambda: socket.socketpair(type=socket.SOCK_DGRAM),
    "own limits": lambda: resource.prlimit(0, resource.RLIMIT_CORE),
    "reaper's limits": lambda: resource.prlimit(os.getppid(), resource.RLIMIT_NOFILE),
    "maps": lambda: read("/proc/self/maps"),
}
os.chmod(about["private"], 0o777)
os.utime(about["private"], (1, 1))
tell({"tried": {name: attempt(action)[0] for name, action in tried.items()}, "cwd": os.listdir(),
      "limits": [resource.getrlimit(one)[1] for one in (resource.RLIMIT_AS, resource.RLIMIT_FSIZE)],
      "environment": "WALL_SECRET" in os.environ})
"""


def test_what_it_stops_and_what_works(run, tmp_path, monkeypatch):
    monkeypatch.setenv("WALL_SECRET", "1")
    home = tmp_path / "home"
    home.mkdir()
    private = home / "private"
    private.write_text("marks")
    private.chmod(0o640)
    home.chmod(0o755)
    before = private.stat()
    about = {
        "private": str(private), "home": str(home), "pid": os.getpid(),
        "sources": str(REPOSITORY / "harness/identity.py"),
    }  # fmt: skip
    got = told(run(TRIES, LIMITS, json.dumps(about)))
    works = {"program", "scratch", "pair", "maps", "own limits"}
    if landlock.abi() < landlocked.SCOPED_ABI:
        works.add("signalled")
    assert {name for name, outcome in got["tried"].items() if outcome == "done"} == works, got["tried"]
    after = private.stat()
    assert (after.st_mode, after.st_mtime, after.st_size) == (before.st_mode, before.st_mtime, before.st_size)
    assert set(got["cwd"]) == {"own", "copy.py"}
    assert got["limits"] == [2**30, 2**20]
    assert not got["environment"]


@pytest.mark.parametrize(
    ("source", "ended", "number", "code"),
    [
        ("tell(1)", Ended.FINISHED, None, 0),
        ("sys.exit(7)", Ended.CRASHED, None, 7),
        ("os.abort()", Ended.CRASHED, 6, None),
        ("os.kill(os.getpid(), 9)", Ended.KILLED, 9, None),
        ("bytearray(1 << 31)", Ended.OUT_OF_MEMORY, None, 1),
        ("time.sleep(600)", Ended.TIMEOUT, None, None),
    ],
)
def test_how_it_ended(run, source, ended, number, code):
    result = run(source, Limits(seconds=2 if "sleep" in source else 60, memory_bytes=2**30))
    assert (result.ended, result.signal, result.return_code) == (ended, number, code), result.log


RESPAWN = """
for number in range(5):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.environ.clear()
            os.closerange(0, 100)
            while True:
                time.sleep({})
                if os.fork() != 0:  # a new process every moment
                    os._exit(0)
        os._exit(0)
"""


def alive(mark):
    return [one for one in psutil.process_iter() if mark in _line(one)]


def _line(process):
    try:
        return "" if process.status() == psutil.STATUS_ZOMBIE else " ".join(process.cmdline())
    except (psutil.Error, OSError):
        return ""


@pytest.mark.parametrize("end", ["time.sleep(0.3)", "time.sleep(600)"])
@pytest.mark.parametrize("every", [0, 0.01])
def test_no_process_is_left(run, end, every):
    mark = f"mark{os.getpid()}{time.monotonic_ns()}"
    result = run(RESPAWN.format(every) + end, Limits(seconds=2), mark)
    assert not any(alive(mark) for _ in range(20))  # each lives for a moment, and one look could miss it
    assert result.ended is (Ended.TIMEOUT if "600" in end else Ended.FINISHED)


def test_it_ends_with_the_harness(tmp_path):
    """The lifeline is all that is left of a harness that was killed."""
    scratch, hand_in = tmp_path / "scratch", tmp_path / "hand_in"
    scratch.mkdir()
    hand_in.mkdir()
    for folder in [scratch, *list(scratch.parents)[:3]]:  # of pytest: a user of the run's own has to pass
        folder.chmod(0o711)
    mark = f"mark{os.getpid()}{time.monotonic_ns()}"
    harness = f"""
import sys
from pathlib import Path
from harness.sandbox import Limits, bubblewrap
from harness.sandbox.landlocked import LandlockSandbox
bubblewrap.is_root = lambda: {bubblewrap.is_root()}
run = ["-c", "import sys, time; sys.stderr.write('x'); time.sleep(600)", {mark!r}]
LandlockSandbox(run).run({{}}, Path({str(hand_in)!r}), None, Limits())
"""
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY), "TMPDIR": str(scratch)}
    with subprocess.Popen([sys.executable, "-c", harness], env=environment) as process:
        deadline = time.monotonic() + 120
        while not [one for one in alive(mark) if "stage.py" not in _line(one) and one.pid != process.pid]:
            assert time.monotonic() < deadline
        process.kill()
    while alive(mark):
        assert time.monotonic() < deadline, alive(mark)


def test_it_says_what_it_is(monkeypatch):
    monkeypatch.setattr(bubblewrap, "probe", lambda: "not installed")
    chosen = choose()
    assert isinstance(chosen, Sandbox)
    assert (chosen.name, chosen.isolated) == ("landlock", False)
    assert chosen.warning.startswith("not isolated, only confined")
    monkeypatch.setattr(landlock, "abi", lambda: 4)
    assert "end your other programs" in chosen.warning
    monkeypatch.setattr(landlock, "abi", lambda: 2)
    assert choose().name == "plain"


def test_grading_others_work_is_refused(monkeypatch):
    from harness.bench import NotIsolated, sandbox_for

    monkeypatch.setattr(sandbox.bubblewrap, "probe", lambda: "not installed")
    with pytest.raises(NotIsolated, match="--allow-unisolated"):
        sandbox_for("required")
    assert sandbox_for("preferred").name == "landlock"


def test_without_landlock_or_the_filter_the_same_probes_get_through(run, tmp_path, monkeypatch):
    real = LandlockSandbox._settings
    for setting, source in (
        ("landlock=", "os.listdir('/')"),
        ("seccomp=", "__import__('socket').socket().close()"),
    ):
        probe = f"tell(attempt(lambda: {source})[0])"
        assert told(run(probe)) != "done", setting
        with monkeypatch.context() as patch:
            patch.setattr(
                LandlockSandbox,
                "_settings",
                lambda *given, gone=setting: [word for word in real(*given) if not word.startswith(gone)],
            )
            assert told(run(probe)) == "done", setting


def test_the_worker_records_in_it(tmp_path):
    from harness.assignment import available, load
    from harness.datasets import load as load_data
    from harness.dryrun import record
    from harness.recorded_rows import write_recording_npz

    npz = tmp_path / "data.npz"
    write_recording_npz(load_data("digits"), npz)
    submission = tmp_path / "hand_in"
    submission.mkdir()
    (submission / "work.py").write_text(
        "import keras, matplotlib.pyplot as plt\n"
        "model = keras.Sequential([keras.Input((784,)), keras.layers.Dense(10)])\n"
        "plt.plot([1, 2])\nplt.show()\n"
    )
    found = record(LandlockSandbox(), submission, load(available()[0]), npz)
    assert not found.problem, found.problem
    assert not found.recording.errors
    assert len(found.recording.models) == 1
