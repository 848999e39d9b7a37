"""The wall of the bubblewrap sandbox, tried from inside, and once more without the argument that makes it hold: a
probe that could not fail would show nothing.

Skipped where bubblewrap does not work, unless HARNESS_REQUIRE names it.
"""

import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import psutil
import pytest

from harness.sandbox import Ended, Limits, Sandbox, SandboxError, choose, probe

pytestmark = [pytest.mark.end_to_end, pytest.mark.skipif(sys.platform != "linux", reason="bubblewrap needs Linux")]
if sys.platform == "linux":
    from harness.sandbox import bubblewrap, mounts
    from harness.sandbox.bubblewrap import BubblewrapSandbox

REPOSITORY = Path(__file__).resolve().parents[2]
LIMITS = Limits(seconds=60)
TELL = """
import errno, json, os, sys, time
def tell(value):
    payload = json.dumps(value).encode()
    os.write(1, b"HRN1J" + bytes(2) + len(payload).to_bytes(8, "big") + payload)
def attempt(action):
    try:
        return ["done", repr(action())[:200]]
    except OSError as error:
        return [errno.errorcode.get(error.errno, "?"), str(error)]
    except Exception as error:
        return [type(error).__name__, str(error)]
"""


@pytest.fixture(scope="session", autouse=True)
def works():
    problem = probe()
    if problem and "bubblewrap" in os.environ.get("HARNESS_REQUIRE", ""):
        pytest.fail(f"bubblewrap is required here: {problem}")
    if problem:
        pytest.skip(problem)


@pytest.fixture
def run(tmp_path):
    """Run Python source in place of the worker; it lies in the submission."""

    def start(source, limits=LIMITS, data=None):
        submission = tmp_path / "submission"
        submission.mkdir(exist_ok=True)
        (submission / "program.py").write_text(TELL + textwrap.dedent(source), encoding="utf-8")
        return BubblewrapSandbox(["-s", "-P", "/work/in/program.py"]).run({}, submission, data, limits)

    return start


@pytest.fixture
def told(run):
    """What the program told; the run must have ended well."""

    def start(source, limits=LIMITS, data=None):
        result = run(source, limits, data)
        assert result.ended is Ended.FINISHED, (result.detail, result.log)
        return json.loads(result.frames.recording)

    return start


# --- each wall: the probe, and what it must say -----------------------------------------------------------

NETWORK = """
import socket
def connect():
    with socket.create_connection(("127.0.0.1", {port}), timeout=5):
        return "reached"
tell([attempt(connect)[0], sorted(name for _, name in socket.if_nameindex())])
"""
# The folders that lead to the interpreter are there, empty but for it: it may lie in /home, or in the checkout.
HIDDEN = """
paths = ["/etc/shadow", "/etc/passwd", "/etc/hostname", "/home", "/var", "/sys", "/boot"]
paths = [path for path in paths if not (sys.prefix + sys.base_prefix).count(path + "/")]
paths += [{repository!r} + name for name in ("/harness/classroom.py", "/pyproject.toml", "/reference", "/.git")]
tell([path for path in paths if os.path.exists(path)])
"""
READ_ONLY = """
import sysconfig
places = ["/work/in/x", "/work/x", "/x", "/usr/x", "/dev/x", "/proc/x", sys.prefix + "/x", sys.base_prefix + "/x",
          sysconfig.get_path("purelib") + "/x", "/work/worker/x", "/work/worker/harness/worker/x", "/etc/x"]
tell([place for place in places if attempt(lambda: open(place, "w"))[0] == "done"])
"""
KERNEL = """
tell([path for path in ("/proc/sys/kernel/core_pattern", "/proc/sys/kernel/hostname", "/proc/sysrq-trigger",
                        "/proc/sys/vm/drop_caches", "/proc/self/oom_score_adj")
      if attempt(lambda: os.close(os.open(path, os.O_WRONLY)))[0] == "done"])
"""
WHO = """
def status(name):
    return next(line.split()[1:] for line in open("/proc/self/status") if line.startswith(name))
tell({"ids": [*os.getresuid(), *os.getresgid()], "groups": os.getgroups(),
      "caps": sorted({*status("CapEff"), *status("CapPrm"), *status("CapInh"), *status("CapAmb")}),
      "no_new_privs": status("NoNewPrivs"), "setuid": attempt(lambda: os.setuid(0))[0],
      "mount": __import__("ctypes").CDLL(None, use_errno=True).mount(b"none", b"/scratch", b"tmpfs", 0, None)})
"""
PROCESSES = "tell(sorted(int(name) for name in os.listdir('/proc') if name.isdigit()))"


def test_no_network(told):
    with socket.create_server(("127.0.0.1", 0)) as server:
        reached, interfaces = told(NETWORK.format(port=server.getsockname()[1]))
    assert reached in ("ECONNREFUSED", "ENETUNREACH")
    assert interfaces == ["lo"]


def test_what_is_not_its_business_is_not_there(told):
    assert told(HIDDEN.format(repository=str(REPOSITORY))) == []


def test_everything_but_scratch_is_read_only(told):
    assert told(READ_ONLY) == []


def test_no_setting_of_the_kernel_can_be_written(told):
    assert told(KERNEL) == []


def test_it_is_a_user_without_rights(told):
    who = told(WHO)
    assert 0 not in who["ids"]
    assert len(set(who["ids"])) == 1
    assert who["caps"] == ["0000000000000000"]
    assert who["no_new_privs"] == ["1"]
    assert who["setuid"] in ("EPERM", "EINVAL")  # root is not this user, or does not even exist here
    assert who["mount"] == -1
    if os.geteuid() == 0:
        assert who["groups"] == []
        assert who["ids"][0] != told(WHO)["ids"][0]  # each run is a user of its own


def test_it_sees_no_processes_but_its_own(told):
    assert len(told(PROCESSES)) == 2  # bubblewrap's init, and itself


# --- and without it: the probes can fail ------------------------------------------------------------------


@pytest.fixture
def without(monkeypatch):
    """Take options of bubblewrap away, and append others."""
    real = bubblewrap.arguments

    def change(*removed, extra=()):
        def arguments(shown, limits):
            options = real(shown, limits)
            for words in removed:
                at = next(at for at in range(len(options)) if options[at : at + len(words)] == list(words))
                del options[at : at + len(words)]
            return [*options, *extra]

        monkeypatch.setattr(bubblewrap, "arguments", arguments)

    return change


as_root = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="a user reaches none of this, or cannot take it away"
)


def test_network_without_its_wall(told, without):
    without(["--unshare-net"])
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert told(NETWORK.format(port=server.getsockname()[1]))[0] == "done"


def test_the_repository_where_it_is_mounted(told, without):
    above = [*reversed(REPOSITORY.parents), REPOSITORY][1:]
    perms = [word for folder in above for word in ("--perms", "0755", "--dir", str(folder))]
    source = str(REPOSITORY / "harness")
    without(["--remount-ro", "/"], extra=(*perms, "--ro-bind", source, source))
    assert str(REPOSITORY / "harness/classroom.py") in told(HIDDEN.format(repository=str(REPOSITORY)))


def test_hidden_files_where_etc_is_mounted(told, without):
    without(["--remount-ro", "/"], extra=("--ro-bind", "/etc", "/etc"))
    assert "/etc/shadow" in told(HIDDEN.format(repository=str(REPOSITORY)))


@as_root
def test_processes_without_their_wall(told, without):
    without(["--unshare-pid"])
    assert len(told(PROCESSES)) > 2


@as_root
def test_a_user_of_its_own_without_it(told, without, monkeypatch):
    real = BubblewrapSandbox._command
    monkeypatch.setattr(
        BubblewrapSandbox, "_command", lambda *given: [word for word in real(*given) if not word.startswith("uid=")]
    )
    assert told(WHO)["ids"] == [0] * 6
    without(["--cap-drop", "ALL"])
    who = told(WHO)
    assert who["setuid"] == "done"
    assert who["caps"] != ["0000000000000000"]
    assert who["mount"] == 0


@as_root
def test_kernel_settings_without_their_walls(told, without, monkeypatch):
    monkeypatch.setattr(bubblewrap, "own_uid", lambda: 0)
    without(["--cap-drop", "ALL"], ["--remount-ro", "/proc"])
    assert told(KERNEL) != []


@as_root
def test_read_only_folders_without_their_walls(told, without, monkeypatch):
    monkeypatch.setattr(bubblewrap, "own_uid", lambda: 0)
    without(["--remount-ro", "/"], ["--remount-ro", "/dev"])
    assert {"/x", "/work/x", "/dev/x"} <= set(told(READ_ONLY))


def test_the_submission_without_its_wall(told, monkeypatch):
    real = bubblewrap.arguments

    def arguments(shown, limits):
        options = real(shown, limits)
        options[options.index("/work/in") - 2] = "--bind"
        shown["/work/in"].chmod(0o777)
        return options

    monkeypatch.setattr(bubblewrap, "arguments", arguments)
    assert told(READ_ONLY) == ["/work/in/x"]


# --- what is inside ---------------------------------------------------------------------------------------


def test_the_environment_is_fixed_and_nothing_is_inherited(told, monkeypatch):
    monkeypatch.setenv("SECRET", "s3cret")
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    got = told(
        """
        everything = open("/proc/1/environ").read() if os.access("/proc/1/environ", os.R_OK) else ""
        tell({"environment": dict(os.environ), "one": everything, "fds": sorted(os.listdir("/proc/self/fd")),
              "cwd": os.getcwd(), "tty": attempt(lambda: os.open("/dev/tty", os.O_RDWR))[0],
              "host": os.uname().nodename, "line": open("/proc/1/cmdline").read()})
        """
    )
    environment = got["environment"]
    assert "s3cret" not in json.dumps(got)
    assert environment["HOME"] == environment["TMPDIR"] == got["cwd"] == "/scratch"
    assert environment["KERAS_HOME"] == "/scratch/.keras"
    assert environment["PYTHONHASHSEED"] == "0"
    assert environment["OPENBLAS_CORETYPE"] == "Haswell"
    assert set(environment) - {"PWD", "LC_CTYPE"} - {name for name in environment if "OPENBLAS" in name} == {
        *("HOME", "TMPDIR", "PATH", "LANG", "TZ", "USER", "LOGNAME", "CUDA_VISIBLE_DEVICES", "KERAS_BACKEND"),
        *("MALLOC_MMAP_MAX_", "MALLOC_TRIM_THRESHOLD_"),
        *("TF_CPP_MIN_LOG_LEVEL", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "KERAS_HOME", "PYTHONUTF8"),
        *("MKL_NUM_THREADS", "OMP_NUM_THREADS", "MPLBACKEND", "MPLCONFIGDIR", "PYTHONHASHSEED"),
        "PYTHONDONTWRITEBYTECODE",
    }
    assert got["fds"] == ["0", "1", "2", "3"]  # 3 is the listing itself
    assert got["tty"] != "done"
    assert got["host"] == "sandbox"
    assert str(REPOSITORY / "harness") not in got["line"]


def test_only_the_worker_and_the_recording_can_be_imported(told):
    names = "harness.recording harness.worker.stage harness.results harness.sandbox harness.stats harness.intake"
    got = told(
        f"""
        import importlib
        sys.path.insert(0, {bubblewrap.ROOT!r})
        tell({{name: attempt(lambda: importlib.import_module(name))[0] for name in {names.split()!r}}})
        """
    )
    assert got.pop("harness.recording") == got.pop("harness.worker.stage") == "done"
    assert set(got.values()) == {"ModuleNotFoundError"}


def test_tensorflow_runs_inside(told):
    got = told(
        """
        import numpy as np, tensorflow as tf, keras
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
        tell(list(model.predict(np.ones((3, 4)), verbose=0).shape))
        """,
        Limits(seconds=300),
    )
    assert got == [3, 2]


def test_scratch_is_writable_and_has_an_end(told):
    got = told(
        """
        def fill(folder):
            for number in range(100):
                with open(f"{folder}/{number}", "wb") as file:
                    file.write(bytes(2**20))
        def one_large():
            with open("large", "wb") as file:
                file.truncate(20 * 2**20)
        open("/tmp/note", "w").write("x")
        tell([os.path.exists("/scratch/note"), attempt(one_large)[0], attempt(lambda: fill("/scratch"))[0],
              attempt(lambda: fill("/dev/shm"))[0]])
        """,
        Limits(seconds=60, scratch_bytes=8 * 2**20),
    )
    assert got == [True, "EFBIG", "ENOSPC", "ENOSPC"]


def test_the_data_are_there_and_private_files_can_be_read(run, tmp_path):
    data = tmp_path / "data.npz"
    data.write_bytes(b"arrays")
    data.chmod(0o600)
    (tmp_path / "submission").mkdir(mode=0o700)
    result = run("import sys; tell(open('/work/data.npz').read())", data=data)
    assert result.frames.recording == b'"arrays"', result.log
    assert data.stat().st_mode & 0o777 == 0o600


def test_memory_and_processes_are_limited(run):
    assert run("bytearray(1 << 32)", Limits(seconds=60, memory_bytes=2**30)).ended is Ended.OUT_OF_MEMORY
    if os.geteuid() == 0:
        forks = """
        count = 0
        while count < 60:
            try:
                if os.fork() == 0:
                    time.sleep(600)
            except BlockingIOError:
                break
            count += 1
        tell(count)
        """
        assert int(run(forks, Limits(seconds=60, processes=20)).frames.recording) == 19


def test_no_core_files(told):
    assert told("import resource; tell(resource.getrlimit(resource.RLIMIT_CORE))") == [0, 0]


# --- the end of a run -------------------------------------------------------------------------------------

DAEMONS = """
name = b"sandbox-daemon-{}"
import ctypes
for number in range(5):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.environ.clear()
            ctypes.CDLL(None).prctl(15, name, 0, 0, 0)
            os.closerange(0, 100)
            while True:
                time.sleep(0.01)
                if os.fork() != 0:  # a new process every moment
                    os._exit(0)
        os._exit(0)
"""


def left(name: str) -> list[int]:
    return [one.pid for one in psutil.process_iter(["name"]) if one.info["name"] == name[:15]]


@pytest.mark.parametrize("end", ["time.sleep(0.3)", "time.sleep(600)", "time.sleep(0.3); os.abort()"])
def test_no_process_is_left(run, end):
    name = f"d{os.getpid()}"
    result = run(DAEMONS.replace("sandbox-daemon-{}", name) + end, Limits(seconds=2))
    assert left(name) == []
    expected = {"time.sleep(600)": Ended.TIMEOUT, "time.sleep(0.3)": Ended.FINISHED}
    assert result.ended is expected.get(end, Ended.CRASHED)


@pytest.mark.parametrize(
    ("source", "ended", "number", "code"),
    [
        ("os.kill(os.getpid(), 9)", Ended.KILLED, 9, None),
        ("os.kill(-1, 9)", Ended.CRASHED, None, 1),  # ESRCH: there is nobody that it may kill
        ("os.abort()", Ended.CRASHED, 6, None),
        ("import ctypes; ctypes.string_at(0)", Ended.CRASHED, 11, None),
        ("sys.exit(7)", Ended.CRASHED, None, 7),
        ("print('score: 100')", Ended.BAD_FRAMES, None, None),
        ("os.kill(1, 9); tell('alive')", Ended.FINISHED, None, 0),
    ],
)
def test_how_it_ended(run, source, ended, number, code):
    result = run(source)
    if source.startswith("os.kill(1,"):  # refused to another user, without effect from its own
        assert result.ended in (Ended.FINISHED, Ended.CRASHED)
    else:
        assert (result.ended, result.signal, result.return_code) == (ended, number, code)


@pytest.mark.parametrize("delay", [0, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5])
def test_the_sandbox_dies_with_the_harness(tmp_path, delay):
    """The harness is killed at moments around the start of the sandbox, when it could be missed.

    Killed within some 20 ms, bubblewrap can be left asleep before it has started anything (its issue 633): that is
    a process of bubblewrap's own, which never runs student code, and is ended here.
    """
    mark = f"m{os.getpid()}x{int(delay * 1000)}"
    (tmp_path / "program.py").write_text(
        f"import ctypes, time; ctypes.CDLL(None).prctl(15, b'{mark}', 0, 0, 0); time.sleep(600)", encoding="utf-8"
    )
    harness = (
        "import sys; from pathlib import Path; from harness.sandbox import Limits\n"
        "from harness.sandbox.bubblewrap import BubblewrapSandbox\n"
        "print('go', flush=True)\n"
        f"sandbox = BubblewrapSandbox(['-I', '/work/in/program.py', '{mark}'])\n"
        f"sandbox.run({{}}, Path({str(tmp_path)!r}), None, Limits())\n"
    )
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY)}
    with subprocess.Popen([sys.executable, "-c", harness], stdout=subprocess.PIPE, env=environment) as process:
        process.stdout.readline()
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 120  # long enough for a machine that is busy with everything else
    while alive := [one for one in psutil.process_iter() if mark in command_line(one) or mark == name_of(one)]:
        asleep = [one for one in alive if name_of(one) == "bwrap" and not children(one)]
        if alive == asleep and time.monotonic() > deadline - 110:
            for one in asleep:
                one.kill()
            break
        assert time.monotonic() < deadline, alive
        time.sleep(0.05)


def command_line(process) -> str:
    try:
        return " ".join(process.cmdline())
    except (psutil.Error, OSError):
        return ""


def children(process) -> list[psutil.Process]:
    try:
        return process.children()
    except (psutil.Error, OSError):
        return []


def name_of(process) -> str:
    try:
        return "" if process.status() == psutil.STATUS_ZOMBIE else process.name()
    except (psutil.Error, OSError):
        return ""


# --- our own faults ---------------------------------------------------------------------------------------


def test_bubblewrap_that_is_missing_or_refuses_is_our_fault(tmp_path, monkeypatch):
    monkeypatch.setattr(bubblewrap, "arguments", lambda shown, limits: ["--no-such-option"])
    with pytest.raises(SandboxError, match="no-such-option"):
        BubblewrapSandbox().run({}, tmp_path, None, LIMITS)
    monkeypatch.setattr("shutil.which", lambda name: None)
    assert "not installed" in probe()
    assert choose("auto").name == "plain"
    with pytest.raises(SandboxError, match="not installed"):
        choose("bubblewrap")


def test_a_stage_that_fails_is_our_fault(tmp_path):
    with pytest.raises(SandboxError, match="stage: ValueError"):
        BubblewrapSandbox().run({}, tmp_path, None, Limits(open_files=-5))


def test_it_is_a_sandbox():
    sandbox = choose("bubblewrap")
    assert isinstance(sandbox, Sandbox)
    assert (sandbox.name, sandbox.isolated, sandbox.warning) == ("bubblewrap", True, "")


# --- which folders are shown ------------------------------------------------------------------------------


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
