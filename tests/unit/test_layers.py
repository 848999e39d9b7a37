"""What `harness doctor` says of each layer of the wall, by what a program inside saw."""

import json
import sys

import pytest

from harness.sandbox import Ended, Frames, SandboxError, SandboxRun

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the layers are Linux's")
if sys.platform == "linux":
    from harness.sandbox import cgroup, layers
    from harness.worker import landlock, look

NAMES = ["namespaces", "network", "rights", "files", "Landlock", "seccomp", "limits", "memory of a run"]
HELD = {
    "namespaces": {"cgroup": 1, "ipc": 2, "mnt": 3, "net": 4, "pid": 5, "user": 6, "uts": 7},
    "uid": 4321, "capabilities": 0, "no_new_privileges": True, "filtered": True, "odd_socket": "EAFNOSUPPORT",
    "any_socket": "done", "own_program": "EACCES", "interfaces": ["lo"], "written": [],
    "memory": 8 * 2**30, "processes": 128,
}  # fmt: skip


@pytest.fixture
def told(monkeypatch):
    """The layers as told, of a wall that holds but for what is given."""
    monkeypatch.setattr(landlock, "abi", lambda: 7)

    def tell(ended=Ended.OUT_OF_MEMORY, **otherwise):
        recording = json.dumps(HELD | otherwise).encode()
        looked = SandboxRun(Frames(recording), Ended.FINISHED, 0)

        class Stand:
            def __init__(self, program):
                self.run = lambda *given: SandboxRun(Frames(), ended) if program == layers.FILL else looked

        return {layer.name: layer for layer in layers.look_at(Stand)}

    return tell


def test_a_wall_that_holds(told):
    found = told()
    assert list(found) == NAMES
    assert all(layer.holds for layer in found.values()), found
    assert found["namespaces"].seen == "own cgroup, ipc, mnt, net, pid, user, uts"


@pytest.mark.parametrize(
    ("otherwise", "name", "said"),
    [
        ({"interfaces": ["lo", "eth0"]}, "network", "reaches eth0"),
        ({"uid": 0}, "rights", "user 0"),
        ({"capabilities": 1}, "rights", "some capabilities"),
        ({"no_new_privileges": False}, "rights", "may gain more"),
        ({"written": ["/usr"]}, "files", "may write /usr"),
        ({"own_program": "done"}, "Landlock", "a file of its own is executed"),
        ({"filtered": False}, "seccomp", "not filtered"),
        ({"odd_socket": "done"}, "seccomp", "not filtered"),
        ({"memory": -1}, "limits", "no limit of addresses"),
        ({"processes": 96_365}, "limits", "96,365 processes"),
        ({"ended": Ended.FINISHED}, "memory of a run", "not limited"),
    ],
)
def test_a_layer_that_does_not(told, otherwise, name, said):
    found = told(**otherwise)
    assert [layer.name for layer in found.values() if not layer.holds] == [name]
    assert said in found[name].seen
    assert found[name].remedy


def test_namespaces_that_are_shared(told):
    outside = {name: layers.Path(f"/proc/self/ns/{name}").stat().st_ino for name in look.NAMESPACES}
    found = told(namespaces=HELD["namespaces"] | {"net": outside["net"], "user": outside["user"]})["namespaces"]
    assert (found.seen, found.holds) == (
        "own cgroup, ipc, mnt, pid, uts; shared net",
        False,
    )  # root needs no user's


def test_no_sockets_are_no_network(told):
    assert told(any_socket="EAFNOSUPPORT", interfaces=["lo", "eth0"])["network"].holds


def test_a_kernel_without_landlock_and_a_system_without_groups(told, monkeypatch):
    monkeypatch.setattr(landlock, "abi", lambda: 0)

    def none():
        raise cgroup.NoGroup("this control group is not delegated: do something")

    monkeypatch.setattr(cgroup, "find", none)
    found = told(ended=Ended.FINISHED, own_program="done")
    assert not found["Landlock"].holds
    assert found["memory of a run"].remedy == "This control group is not delegated: do something."


def test_a_program_that_cannot_look():
    class Stand:
        def __init__(self, program):
            self.run = lambda *given: SandboxRun(Frames(), Ended.CRASHED, 1, log="no", detail="left")

    with pytest.raises(SandboxError, match="left no"):
        layers.look_at(Stand)
