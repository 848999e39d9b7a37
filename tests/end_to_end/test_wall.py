"""The wall, tried from inside (tests/wall_probes.py), and once more without each layer: a probe that could not fail
would show nothing. Where two layers stop the same thing, the table names both, and each is shown to do it alone.

Skipped where bubblewrap does not work, unless HARNESS_REQUIRE names it.
"""

import ctypes
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from walled import needs_bubblewrap, runner, told

from harness.sandbox import Ended, Limits

pytestmark = [pytest.mark.end_to_end, pytest.mark.skipif(sys.platform != "linux", reason="bubblewrap needs Linux")]
if sys.platform == "linux":
    from harness.sandbox import bubblewrap, cgroup, layers, process
    from harness.sandbox.bubblewrap import BubblewrapSandbox

REPOSITORY = Path(__file__).resolve().parents[2]
PROBES = REPOSITORY / "tests/wall_probes.py"
ROOT = sys.platform == "linux" and os.geteuid() == 0
LIMITS = Limits(seconds=60, scratch_bytes=8 * 2**20)
THROUGH = "through"


@dataclass(frozen=True)
class Layer:
    """One protective thing, and the probe that gets through where it and `beside` are taken away.

    Names: words of bubblewrap's (with their arguments), settings of the stage (`name=`), or of `MORE` below.
    """

    name: str
    probe: str
    beside: tuple[str, ...] = ()
    who: str = "both"
    """As whom the harness must run for the layer to be there: "root", "user" or "both"."""


# What is kept from student code by how bubblewrap is started, and mounts that it does not make.
MORE = ("open descriptors", "inherited environment", "command line", "/etc is shown", "--bind")
FILES = ("landlock=", "uid=")
LAYERS = (
    Layer("--unshare-net", "udp"),
    Layer("--unshare-net", "tcp", ("landlock=",)),
    Layer("--unshare-net", "abstract_socket", ("landlock=",)),
    Layer("--unshare-pid", "processes", who="root"),  # a user's bubblewrap cannot mount /proc without
    Layer("--unshare-ipc", "shared_memory"),
    Layer("--unshare-uts --hostname", "machine_name"),
    Layer("--unshare-cgroup-try", "control_groups"),
    Layer("--new-session", "session"),
    Layer("--clearenv", "environment", ("inherited environment",)),
    Layer("open descriptors", "descriptors"),
    Layer("command line", "command_line"),
    Layer("/etc is shown", "hidden_files"),
    Layer("--bind", "write_submission", ("landlock=",)),
    Layer("--remount-ro /", "write_root", FILES, "root"),
    Layer("--remount-ro /", "write_root", ("landlock=",), "user"),
    Layer("--remount-ro /dev", "write_devices", FILES, "root"),
    Layer("--remount-ro /dev", "write_devices", ("landlock=",), "user"),
    Layer("--remount-ro /proc", "write_kernel", FILES, "root"),
    Layer("--remount-ro /proc", "score_of_oom", ("landlock=",)),
    Layer("--size scratch", "fill_scratch"),
    Layer("--size shared", "fill_shared"),
    Layer("--cap-drop ALL", "mount", ("uid=", "landlock=", "seccomp="), "root"),
    Layer("--disable-userns", "namespaces", ("seccomp=",), "user"),
    Layer("uid=", "become_root", who="root"),
    Layer("uid=", "capabilities", who="root"),
    Layer("memory=", "RLIMIT_AS"),
    Layer("processes=", "RLIMIT_NPROC"),
    Layer("open_files=", "RLIMIT_NOFILE"),
    Layer("file_bytes=", "RLIMIT_FSIZE"),
    Layer("cpu=", "RLIMIT_CPU"),
    Layer("landlock=", "read_hidden", ("/etc is shown",)),
    Layer("landlock=", "own_program"),
    Layer("landlock=", "local_port"),
    Layer("landlock=", "signals", who="user"),  # as root, bubblewrap's init is another user
    Layer("landlock=", "write_submission", ("--bind",)),
    Layer("seccomp=", "mount", ("--cap-drop ALL", "uid=", "landlock="), "root"),
    Layer("seccomp=", "keys"),
    Layer("seccomp=", "rings"),
    Layer("seccomp=", "tracing"),
    Layer("seccomp=", "faults"),
    Layer("seccomp=", "trees"),
    Layer("seccomp=", "handles"),
    Layer("seccomp=", "namespaces", who="root"),
    Layer("seccomp=", "namespaces", ("--disable-userns",), "user"),
    Layer("seccomp=", "cloned_namespaces", who="root"),
    Layer("seccomp=", "personality"),
    Layer("seccomp=", "netlink"),
    Layer("seccomp=", "line_discipline"),
)


@pytest.fixture(scope="module", autouse=True)
def works():
    needs_bubblewrap()


@pytest.fixture(scope="module")
def outside():
    """What the probes look for outside: servers, shared memory, a secret, an open file."""
    key, name = secrets.randbelow(2**30) + 1, f"wall-{secrets.token_hex(8)}"
    libc = ctypes.CDLL(None, use_errno=True)
    segment = libc.shmget(key, 4096, 0o1666)  # IPC_CREAT, for everybody
    with (
        socket.create_server(("127.0.0.1", 0)) as tcp,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
        socket.socket(socket.AF_UNIX) as abstract,
    ):
        udp.bind(("127.0.0.1", 0))
        abstract.bind("\0" + name)
        abstract.listen()
        yield {
            "tcp": tcp.getsockname()[1], "udp": udp.getsockname()[1], "abstract": name, "shared": key,
            "group": own_group(), "repository": str(REPOSITORY), "fill": LIMITS.scratch_bytes // 2,
            "limits": {
                "RLIMIT_AS": LIMITS.memory_bytes, "RLIMIT_NPROC": LIMITS.processes,
                "RLIMIT_NOFILE": LIMITS.open_files, "RLIMIT_FSIZE": LIMITS.scratch_bytes,
                "RLIMIT_CPU": process.cpu_seconds(LIMITS) + 5,
            },
        }  # fmt: skip
    libc.shmctl(segment, 0, None)  # IPC_RMID


def own_group() -> str:
    """The end of a control group's path that this process is in: the longest is the most telling."""
    lines = Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines()
    return max((line.split(":", 2)[2] for line in lines), key=len)


@pytest.fixture
def attempts(tmp_path, outside, monkeypatch):
    """Run probes by name (none: all) without some layers; what each met."""
    (tmp_path / "in").mkdir()
    shutil.copyfile(PROBES, tmp_path / "in/probes.py")
    real, real_command, real_popen = bubblewrap.arguments, BubblewrapSandbox._command, subprocess.Popen

    def run(names=(), without=()):
        options_made = []

        def arguments(shown, limits):
            options_made[:] = changed(real(shown, limits), without, shown)
            return options_made

        def command(*given):
            return [word for word in real_command(*given) if not word.startswith(settings)]

        def popen(command, **how):
            if command[1:] == ["--version"]:
                return real_popen(command, **how)
            if "open descriptors" in without:
                how |= {"close_fds": False, "pass_fds": ()}
                for number in (int(command[2]), int(command[4])):
                    os.set_inheritable(number, True)
                os.set_inheritable(spare, True)
            if "inherited environment" in without:
                how["env"] = os.environ | {"WALL_SECRET": "1"}
            if "command line" in without:
                command = [command[0], *options_made, *command[3:]]
            return real_popen(command, **how)

        settings = tuple(name for name in without if name.endswith("="))
        spare = os.open("/dev/null", os.O_RDONLY)
        with monkeypatch.context() as patch:
            patch.setattr(bubblewrap, "arguments", arguments)
            patch.setattr(BubblewrapSandbox, "_command", command)
            patch.setattr(bubblewrap.subprocess, "Popen", popen)
            about = json.dumps({**outside, "names": list(names)})
            sandbox = BubblewrapSandbox(["-s", "-P", "/work/in/probes.py", about])
            found = sandbox.run({}, tmp_path / "in", None, LIMITS)
        os.close(spare)
        return told(found)

    return run


def changed(options, without, shown):
    """bubblewrap's options without some, and with what `MORE` names."""
    options = list(options)
    for name in without:
        if name == "--bind":
            shown["/work/in"].chmod(0o777)
            options += ["--bind", str(shown["/work/in"]), "/work/in"]
        elif name == "/etc is shown":
            options += ["--ro-bind-try", "/etc", "/etc"]  # not one that it makes itself
            drop(options, "--remount-ro", "/")
        elif name == "--size scratch":
            drop(options, "--size", str(LIMITS.scratch_bytes))
        elif name == "--size shared":
            drop(options, "--size", str(bubblewrap.SHARED_MEMORY_BYTES))
        elif name == "--unshare-uts --hostname":
            drop(options, "--unshare-uts")
            drop(options, "--hostname", "sandbox")
        elif name.startswith("--"):
            drop(options, *name.split())
    return options


def drop(options, *words):
    """Take these words, which stand side by side, out of the options."""
    at = next(at for at in range(len(options)) if options[at : at + len(words)] == list(words))
    del options[at : at + len(words)]


def test_nothing_gets_through(attempts):
    met = attempts()
    assert [name for name, outcome in met.items() if outcome == THROUGH] == []
    answers = {
        "calls_of_32_bits": "SIGSYS", "calls_of_x32": "SIGSYS", "clone3": "ENOSYS", "younger_calls": "ENOSYS",
        "netlink": "EAFNOSUPPORT", "vsock": "EAFNOSUPPORT", "multipath_tcp": "EPROTONOSUPPORT",
        "typed_for_you": "EPERM", "line_discipline": "EPERM", "keys": "EPERM", "rings": "EPERM",
        "fill_scratch": "ENOSPC", "fill_shared": "ENOSPC", "local_port": "EACCES",
    }  # fmt: skip
    assert {name: met[name] for name in answers} == answers


def named(layer):
    return f"{layer.name.strip('-=')}-{layer.probe}"


@pytest.mark.parametrize("layer", LAYERS, ids=named)
def test_each_layer_is_needed(attempts, layer):
    if layer.who != "both" and (layer.who == "root") != ROOT:
        pytest.skip(f"there as {layer.who}")
    if layer.probe == "control_groups" and own_group() == "/":
        pytest.skip("this process is in no control group that could be seen")
    assert attempts([layer.probe], [layer.name, *layer.beside])[layer.probe] == THROUGH
    for other in layer.beside:  # each of them stops it alone
        rest = [name for name in (layer.name, *layer.beside) if name != other]
        assert attempts([layer.probe], rest)[layer.probe] != THROUGH, other
    if layer.beside:
        assert attempts([layer.probe], layer.beside)[layer.probe] != THROUGH


def has_group() -> bool:
    try:
        with cgroup.around(LIMITS, cgroup.find()):
            return True
    except cgroup.NoGroup:
        return False


needs_group = pytest.mark.skipif(
    sys.platform != "linux" or not has_group(), reason="no control group can be made here"
)
TOGETHER = Limits(seconds=60, total_memory_bytes=150 * 2**20)


@needs_group
@pytest.mark.parametrize(
    "source",
    [
        "[os.waitpid(child, 0) for child in [os.fork() or hold(40) for _ in range(8)]]",
        "[os.close(os.open(str(number), os.O_CREAT)) for number in range(400_000)]",
        "hold(300)",
    ],
    ids=["eight children", "empty files", "one process"],
)
def test_memory_of_the_whole_run(tmp_path, source):
    """None of it is more than one process may have, or than scratch may hold."""
    program = f"""
def hold(megabytes):
    kept = bytearray(megabytes * 2**20)
    time.sleep(60)
{source}
"""
    found = runner(tmp_path)(program, TOGETHER)
    assert found.ended is Ended.OUT_OF_MEMORY, found
    assert found.detail == "its processes and files together took more than 0.1 GiB"
    assert [one for folder in cgroup.find().folders for one in folder.glob(f"{cgroup._own_prefix()}-*")] == []


@needs_group
def test_memory_of_the_whole_run_without_its_wall(tmp_path, monkeypatch):
    """Without a group, as where none can be made, the run goes on."""

    def none():
        raise cgroup.NoGroup("for this test")

    monkeypatch.setattr(cgroup, "find", none)
    held = """
children = [os.fork() or (bytearray(40 * 2**20), time.sleep(1), os._exit(0)) for _ in range(8)]
tell([os.waitpid(child, 0)[1] for child in children])
"""
    assert told(runner(tmp_path)(held, TOGETHER)) == [0] * 8


def test_the_layers_hold_as_a_program_inside_sees_them():
    """`harness doctor`'s look, at the real wall."""
    found = {layer.name: layer for layer in layers.look_at(BubblewrapSandbox)}
    assert [name for name, layer in found.items() if not layer.holds] == (
        [] if has_group() else ["memory of a run"]
    )


def test_every_option_and_setting_is_in_the_table():
    """What is not protective is named here; all else needs a row."""
    layers = set(MORE) | {word for layer in LAYERS for word in (layer.name, *layer.beside)}
    words = {word for name in layers for word in name.split()}
    options = [word for word in bubblewrap.arguments({}, LIMITS) if word.startswith("--")]
    furniture = {"--setenv", "--symlink", "--perms", "--proc", "--dev", "--dir", "--chdir", "--tmpfs", "--ro-bind"}
    rights = {"--cap-add", "--uid", "--gid", "--unshare-user"}  # given, or needed for what is given up
    elsewhere = {"--die-with-parent"}  # test_bubblewrap.py: the sandbox dies with the harness
    assert set(options) - words - furniture - rights - elsewhere == set()
    command = BubblewrapSandbox()._command(bubblewrap.arguments({}, LIMITS), LIMITS)
    settings = {word.partition("=")[0] + "=" for word in command[: command.index("--")] if "=" in word}
    assert settings - words == {
        "handshake=",
        "list=",
        "read=",
        "write=",
        "device=",
    }  # test_stage.py; Landlock's own
