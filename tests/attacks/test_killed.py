"""D10: a harness that is killed takes with it all that it started."""

import os
import secrets
import signal
import subprocess
import sys
import time

import psutil
import pytest
from attacks.suite import HONEST, processes_with_mount

from harness.sandbox.process import GRACE_SECONDS

pytestmark = pytest.mark.end_to_end


@pytest.mark.parametrize("program", ["bwrap", "python"])
def test_d10_a_harness_that_is_killed_leaves_nothing(program, wall, tmp_path):
    """Killed when its sandbox has just begun, and when student code runs in it, with its trainers beside it."""
    token = secrets.token_hex(8)
    hand_in, temporary = tmp_path / "hand_in", tmp_path / f"d10{token}"
    hand_in.mkdir()
    temporary.mkdir()
    (hand_in / "work.py").write_text("import select\nselect.select([], [], [], 10**9)\n", encoding="utf-8")
    command = [sys.executable, "-m", "harness", "grade", str(HONEST), str(hand_in), "--out", str(tmp_path / "out")]
    command += ["--data", "digits", "--profile", "quick", "--device", "cpu", "--no-cache"]
    environment = os.environ | {"TMPDIR": str(temporary), "HARNESS_ATTACK_D10": token}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as harness:
        _wait_for(lambda: any(program in one for one in processes_with_mount(temporary.name)), 300)
        harness.send_signal(signal.SIGKILL)
    _wait_for(lambda: not processes_with_mount(temporary.name) and not _with_environment(token), 6 * GRACE_SECONDS)


def _with_environment(token: str) -> list[psutil.Process]:
    """The processes that were started by that harness, and kept its environment."""
    found = []
    for one in psutil.process_iter():
        try:
            if one.environ().get("HARNESS_ATTACK_D10") == token:
                found.append(one)
        except (psutil.Error, OSError):
            continue
    return found


def _wait_for(reached, seconds):
    deadline = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.02)
