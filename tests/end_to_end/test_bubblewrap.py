"""Runs in bubblewrap: what is inside, how they end, and whose fault that is. test_wall.py tries the wall itself.

Skipped where bubblewrap does not work, unless HARNESS_REQUIRE names it.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import walled
from walled import LIMITS, needs_bubblewrap

from harness.sandbox import Ended, Limits, Sandbox, SandboxError, choose, probe

pytestmark = [pytest.mark.end_to_end, pytest.mark.skipif(sys.platform != "linux", reason="bubblewrap needs Linux")]
if sys.platform == "linux":
    import resource

    from harness.sandbox import bubblewrap, cgroup
    from harness.sandbox.bubblewrap import BubblewrapSandbox

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module", autouse=True)
def works():
    needs_bubblewrap()
    yield
    with contextlib.suppress(cgroup.NoGroup):  # of harnesses that were killed here, which the next would remove
        cgroup._remove_stale(cgroup.find())


@pytest.fixture
def run(tmp_path):
    """Run Python source in place of the worker; it lies in the submission."""
    return walled.runner(tmp_path)


@pytest.fixture
def told(run):
    """What the program told; the run must have ended well."""
    return lambda *given: walled.told(run(*given))


# --- what is inside ---------------------------------------------------------------------------------------


def test_the_environment_is_fixed(told, monkeypatch):
    monkeypatch.setenv("SECRET", "s3cret")
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    got = told(
        """
        tell({"environment": dict(os.environ), "cwd": os.getcwd(),
              "one": attempt(lambda: open("/proc/1/environ").read()),
              "tty": attempt(lambda: os.open("/dev/tty", os.O_RDWR))[0]})
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
    assert got["tty"] != "done"


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


def test_no_core_files_and_no_crash_handler(told):
    """Of 1 byte the kernel makes neither; where none may be made at all already, that stays."""
    most = 0 if resource.getrlimit(resource.RLIMIT_CORE)[1] == 0 else 1
    assert told("import resource; tell(resource.getrlimit(resource.RLIMIT_CORE))") == [most, most]


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


def test_the_sandbox_outlives_the_harness_without_its_option(tmp_path):
    """What --die-with-parent is for. Where there is a control group, the next harness would end the run."""
    mark = f"m{os.getpid()}x"
    (tmp_path / "program.py").write_text(
        f"import ctypes, time; ctypes.CDLL(None).prctl(15, b'{mark}', 0, 0, 0); time.sleep(600)", encoding="utf-8"
    )
    harness = (
        "import os; from pathlib import Path; from harness.sandbox import Limits, bubblewrap, cgroup\n"
        "cgroup.find = lambda: cgroup.Parents(2, (Path('/nowhere'),))\n"
        "real = bubblewrap.arguments\n"
        "bubblewrap.arguments = lambda *given: [word for word in real(*given) if word != '--die-with-parent']\n"
        "sandbox = bubblewrap.BubblewrapSandbox(['-I', '/work/in/program.py'])\n"
        f"sandbox.run({{}}, Path({str(tmp_path)!r}), None, Limits())\n"
    )
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY)}
    deadline = time.monotonic() + 120
    with subprocess.Popen([sys.executable, "-c", harness], env=environment) as process:
        while not (run := [one for one in psutil.process_iter() if mark == name_of(one)]):
            assert time.monotonic() < deadline
        process.kill()
    try:
        assert psutil.wait_procs(run, timeout=1)[0] == []
    finally:
        for one in run:
            one.kill()


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
    assert not choose("auto").isolated
    with pytest.raises(SandboxError, match="not installed"):
        choose("bubblewrap")


def test_a_stage_that_fails_is_our_fault(tmp_path):
    with pytest.raises(SandboxError, match="stage: ValueError"):
        BubblewrapSandbox().run({}, tmp_path, None, Limits(open_files=-5))


def test_it_is_a_sandbox():
    sandbox = choose("bubblewrap")
    assert isinstance(sandbox, Sandbox)
    assert (sandbox.name, sandbox.isolated, sandbox.warning) == ("bubblewrap", True, "")
