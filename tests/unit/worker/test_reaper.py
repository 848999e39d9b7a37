"""The process that outlives a run and ends what is left of it."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="orphans are taken in on Linux alone")

HOSTILE = """
import os, resource, signal
from harness.worker import reaper

reading, writing = os.pipe()
reaper.stand_by(reading)
resource.prlimit(os.getppid(), resource.RLIMIT_NOFILE, (0, 0))
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        signal.pause()
    os._exit(0)
os.wait()
os._exit(7)
"""


def test_a_run_that_takes_its_files_from_it_leaves_nobody():
    """Its output ends once the last process that holds it is dead."""
    done = subprocess.run([sys.executable, "-c", HOSTILE], capture_output=True, timeout=60, check=False)
    assert done.returncode == 7, done.stderr
