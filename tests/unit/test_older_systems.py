"""What the sandbox does where bubblewrap, or this Python, has less than it would use."""

import os
import shutil
import signal
import sys

import pytest

from harness.sandbox import Limits, SandboxError, probe

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="bubblewrap needs Linux")
if sys.platform == "linux":
    from harness.sandbox import bubblewrap


@pytest.fixture
def bwrap(tmp_path, monkeypatch):
    """Put a program before all others that says that it is this bubblewrap, and nothing else."""

    def fake(said):
        program = tmp_path / "bwrap"
        program.write_text(f"#!/bin/sh\necho '{said}'\n", encoding="utf-8")
        program.chmod(0o755)
        monkeypatch.setattr(shutil, "which", lambda name: str(program))

    return fake


@pytest.mark.parametrize(
    ("said", "sealed"),
    [
        ("bubblewrap 0.7.0", False),
        ("bubblewrap 0.8.0", True),
        ("bubblewrap 0.10.0", True),
        ("bubblewrap 1.0", True),
        ("no number", True),
    ],
)
def test_user_namespaces_are_sealed_where_bubblewrap_can(bwrap, monkeypatch, said, sealed):
    monkeypatch.setattr(bubblewrap, "is_root", lambda: False)
    bwrap(said)
    assert ("--disable-userns" in bubblewrap.arguments({}, Limits())) is sealed


def test_a_bubblewrap_without_bounds_is_told_apart(bwrap):
    bwrap("bubblewrap 0.6.1")
    assert probe() == "bubblewrap is 0.6; 0.7 or later is needed"


@pytest.mark.parametrize(("module", "name"), [(os, "pidfd_open"), (signal, "pidfd_send_signal")])
def test_a_python_that_can_end_no_sandbox_is_told_apart(bwrap, monkeypatch, module, name):
    bwrap("bubblewrap 0.8.0")
    monkeypatch.delattr(module, name)
    assert "built without os.pidfd_open" in probe()


def test_a_bubblewrap_that_cannot_be_started(monkeypatch, tmp_path):
    with pytest.raises(SandboxError, match="could not be started"):
        bubblewrap.version(str(tmp_path / "none"))


@pytest.mark.parametrize("in_memory", [True, False])
def test_options_in_a_file_without_a_name(monkeypatch, in_memory):
    if not in_memory:
        monkeypatch.delattr(os, "memfd_create", raising=False)
    descriptor = bubblewrap._nameless(b"--ro-bind\0/usr\0/usr\0")
    try:
        assert os.fstat(descriptor).st_nlink == 0
        assert os.read(descriptor, 100) == b"--ro-bind\0/usr\0/usr\0"
        assert not os.get_inheritable(descriptor)
    finally:
        os.close(descriptor)
