"""The stage by itself, without bubblewrap: what it gives up, in which order, and that it waits to be let go."""

import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from harness.sandbox import seccomp

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Landlock and seccomp are Linux's")
if sys.platform == "linux":
    from harness.worker import landlock, stage

STAGE = Path(__file__).resolve().parents[2] / "harness/worker/stage.py"
TRY = """
import json, os, socket
def attempt(action, *given):
    try:
        return action(*given) and None
    except OSError as error:
        return type(error).__name__
def tcp():
    socket.create_server(("127.0.0.1", 0)).close()
"""
has_landlock = pytest.mark.skipif(
    sys.platform != "linux" or landlock.abi() < 4, reason="this kernel has no Landlock, or an old one"
)


def start(*settings, program, go=b"\n"):
    """The stage's end, with what the program wrote (standard output) and complained of."""
    command = [sys.executable, "-I", "-S", str(STAGE), *settings, "--", sys.executable, "-I", "-S", "-c", program]
    return subprocess.run(command, input=go, capture_output=True, timeout=60)


def told(*settings, program):
    ended = start(*settings, program=TRY + program)
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


def test_it_waits_to_be_let_go():
    let_go = start("handshake=1", program="print('ran')")
    assert let_go.stdout == stage.READY + b"ran\n"
    died = start("handshake=1", program="print('ran')", go=b"")
    assert (died.returncode, died.stdout) == (stage.FAILED, stage.READY)
    assert start(program="print('ran')", go=b"").stdout == b"ran\n"  # without, nothing would wait


def test_what_fails_is_said_before_it_is_ready():
    for setting in ("open_files=-5", "seccomp=00", "landlock=1000", "uid=-7", "memory=much"):
        ended = start(setting, "handshake=1", program="print('ran')")
        assert (ended.returncode, ended.stdout) == (stage.FAILED, b""), setting
        assert ended.stderr.startswith(b"stage: "), setting


@has_landlock
def test_landlock_leaves_what_is_named(tmp_path):
    shown, scratch, other = (tmp_path / name for name in ("shown", "scratch", "other"))
    for folder in (shown, scratch, other):
        folder.mkdir()
        (folder / "note").write_text("x")
    program = f"""
places = {[str(one) for one in (shown, scratch, other)]!r}
tried = {{place.rsplit("/")[-1]: [attempt(os.listdir, place), attempt(open, place + "/note"),
          attempt(open, place + "/note", "w"), attempt(os.rename, place + "/note", place + "/moved"),
          attempt(os.truncate, place + "/moved", 0)] for place in places}}
print(json.dumps(tried | {{"tcp": attempt(tcp), "null": attempt(open, "/dev/null", "w"),
      "kill": attempt(os.kill, os.getppid(), 0)}}))
"""
    python = [f"read={one}" for one in (sys.prefix, sys.base_prefix, "/usr", "/lib", "/lib64", "/etc/ld.so.cache")]
    settings = [f"read={shown}", f"write={scratch}", "device=/dev", "read=/nowhere", *python]
    walled = told("landlock=1", *settings, program=program)
    denied = "PermissionError"
    assert walled["shown"][:4] == [None, None, denied, denied]
    assert walled["scratch"] == [None] * 5
    assert walled["other"][:4] == [denied] * 4
    assert (walled["tcp"], walled["null"]) == (denied, None)
    if landlock.abi() >= 6:
        assert walled["kill"] == denied
    (scratch / "moved").rename(scratch / "note")
    free = told(*settings, program=program)  # named, but not confined to
    assert {outcome for name in ("shown", "scratch", "other") for outcome in free[name]} == {None}
    assert (free["tcp"], free["kill"]) == (None, None)


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        (1, (0x1FFF, 0, 0)),
        (2, (0x3FFF, 0, 0)),
        (3, (0x7FFF, 0, 0)),
        (4, (0x7FFF, 3, 0)),
        (5, (0xFFFF, 3, 0)),
        (6, (0xFFFF, 3, 3)),
        (7, (0xFFFF, 3, 3)),
    ],
)
def test_each_abi_is_asked_for_what_it_knows(version, expected):
    assert landlock.rights(version) == expected


def test_a_kernel_without_landlock(monkeypatch):
    monkeypatch.setattr(landlock, "abi", lambda: 0)
    assert landlock.confine([("/", landlock.READ)]) == 0
    with pytest.raises(OSError, match="ABI 4 or later"):
        stage.confine([], 4)
    stage.confine([], 0)


def test_seccomp_is_loaded_and_holds_for_children():
    program = f"""
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
def keys():
    return [libc.syscall({250 if platform.machine() == "x86_64" else 219}, 0, -3, 0) > 0, ctypes.get_errno()]
def status(name):
    return next(line.split()[1] for line in open("/proc/self/status") if line.startswith(name + ":"))
reading, writing = os.pipe()
if os.fork() == 0:
    os.write(writing, json.dumps(keys()).encode())
    os._exit(0)
os.wait()
print(json.dumps([status("Seccomp"), status("NoNewPrivs"), keys(), json.loads(os.read(reading, 100))]))
"""
    filtered = seccomp.program(platform.machine()).hex()
    assert told(f"seccomp={filtered}", program=program) == ["2", "1", [False, 1], [False, 1]]
    assert told(program=program)[0] == "0"


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="only root can become another user")
def test_it_becomes_another_user_for_good():
    command = [sys.executable, "-I", "-S", str(STAGE), "uid=54321", "--", shutil.which("cat"), "/proc/self/status"]
    said = subprocess.run(command, capture_output=True, timeout=60, text=True, check=True).stdout
    status = dict(line.split(":\t", 1) for line in said.splitlines() if ":\t" in line)
    assert status["Uid"].split() == status["Gid"].split() == ["54321"] * 4
    assert status["Groups"].strip() == ""
    assert {status[name] for name in ("CapEff", "CapPrm", "CapInh", "CapAmb")} == {"0" * 16}
