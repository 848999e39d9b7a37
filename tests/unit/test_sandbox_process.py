"""Supervision from outside, shown on the plain runner with stand-ins for the worker."""

import json
import os
import sys
import textwrap
import time
from pathlib import Path

import psutil
import pytest

from harness.sandbox import Ended, Limits, PlainSandbox, Sandbox, SandboxError, choose, process
from harness.sandbox.frames import FrameFloodError
from harness.sandbox.process import TOKEN, Log, clean_log, job_bytes

HELP = """
import json, os, sys, time
out = sys.stdout.buffer
def frame(kind, name, payload):
    out.write(b"HRN1" + kind + len(name).to_bytes(2, "big") + name + len(payload).to_bytes(8, "big") + payload)
    out.flush()
def job():
    return json.loads(sys.stdin.buffer.read(int.from_bytes(sys.stdin.buffer.read(8), "big")))
"""
FOREVER = Limits(seconds=60)
posix = pytest.mark.skipif(os.name != "posix", reason="fork and signals")


@pytest.fixture
def run(tmp_path):
    """Run Python source in place of the worker, on an empty submission."""

    def start(source, limits=FOREVER, job=None, data=None):
        program = tmp_path / "program.py"
        program.write_text(HELP + textwrap.dedent(source), encoding="utf-8")
        submission = tmp_path / "submission"
        submission.mkdir(exist_ok=True)
        return PlainSandbox(["-I", "-S", str(program)]).run(job or {}, submission, data, limits)

    return start


def test_the_job_goes_in_and_frames_come_out(run, tmp_path):
    result = run(
        """
        got = job()
        assert sys.stdin.buffer.read() == b""
        frame(b"J", b"recording", json.dumps(got).encode())
        frame(b"P", b"figure", b"png")
        print("seen", file=sys.stderr)
        """,
        job={"word": "ü"},
        data=tmp_path / "data.npz",
    )
    assert result.ended is Ended.FINISHED
    assert (result.return_code, result.signal, result.detail) == (0, None, "")
    assert result.frames.figures == {"figure": b"png"}
    assert result.log == "seen\n"
    got = json.loads(result.frames.recording)
    assert got["word"] == "ü"
    assert got["paths"]["submission"] == str(tmp_path / "submission")
    assert got["paths"]["data"] == str(tmp_path / "data.npz")
    assert not Path(got["paths"]["scratch"]).exists()


def test_a_job_larger_than_a_pipe_and_a_worker_that_does_not_read_it(run):
    big = {"text": "x" * 2_000_000}
    assert run("assert len(job()['text']) == 2_000_000", job=big).ended is Ended.FINISHED
    assert run("pass", job=big).ended is Ended.FINISHED


def test_the_environment_is_fixed(run, monkeypatch):
    monkeypatch.setenv("SECRET", "s3cret")
    monkeypatch.setenv("PYTHONPATH", "/nowhere")
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    environment = json.loads(run("frame(b'J', b'', json.dumps(dict(os.environ)).encode())").frames.recording)
    assert "s3cret" not in environment.values()
    assert "PYTHONPATH" not in environment
    assert environment["KERAS_BACKEND"] == "tensorflow"
    assert environment["PYTHONHASHSEED"] == "0"
    assert environment["OPENBLAS_CORETYPE"] == "Haswell"
    assert environment["CUDA_VISIBLE_DEVICES"] == ""
    assert environment["HOME"] == environment["TMPDIR"]


def test_a_timeout_keeps_what_came_before(run):
    result = run("frame(b'J', b'', b'1'); out.write(b'HRN1J'); out.flush(); time.sleep(600)", Limits(seconds=2))
    assert result.ended is Ended.TIMEOUT
    assert result.frames.recording == b"1"
    assert "2 seconds" in result.detail


def test_what_it_waited_for_a_processor_is_not_counted(run, monkeypatch):
    monkeypatch.setattr(process, "waited", lambda processes, seconds: 60.0)
    result = run("time.sleep(1); frame(b'J', b'', b'1')", Limits(seconds=0.5))
    assert (result.ended, result.frames.recording) == (Ended.FINISHED, b"1")
    assert result.waited > 0


def test_nobody_waits_for_ever(run, monkeypatch):
    asked = []
    monkeypatch.setattr(process, "waited", lambda processes, seconds: asked.append(list(processes)) or 1e9)
    assert run("time.sleep(600)", Limits(seconds=0.5)).ended is Ended.TIMEOUT
    assert all(asked)


def test_a_run_that_waits_for_nobody_is_told_so(run, monkeypatch):
    monkeypatch.setattr(process, "waited", lambda processes, seconds: 0.0)
    result = run("time.sleep(600)", Limits(seconds=0.5))
    assert (result.ended, result.waited) == (Ended.TIMEOUT, 0.0)


def test_closing_every_descriptor_does_not_look_like_an_end(run):
    assert run("os.closerange(0, 100); time.sleep(600)", Limits(seconds=0.5)).ended is Ended.TIMEOUT


@posix
def test_signals_that_are_ignored_do_not_help(run):
    source = """
    import signal
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGXCPU):
        signal.signal(number, signal.SIG_IGN)
    while True: pass
    """
    assert run(source, Limits(seconds=0.5)).ended is Ended.TIMEOUT


@pytest.mark.parametrize(
    ("source", "ended", "code"),
    [
        ("sys.exit(3)", Ended.CRASHED, 3),
        ("raise RuntimeError('no')", Ended.CRASHED, 1),
        ("os._exit(0)", Ended.FINISHED, 0),
        ("raise MemoryError", Ended.OUT_OF_MEMORY, 1),
        ("print('MemoryError', file=sys.stderr)", Ended.FINISHED, 0),
    ],
)
def test_how_it_left(run, source, ended, code):
    result = run(source)
    assert (result.ended, result.return_code) == (ended, code)
    assert result.frames.recording is None


@posix
@pytest.mark.parametrize(
    ("source", "ended", "number"),
    [
        ("os.abort()", Ended.CRASHED, 6),
        ("import ctypes; ctypes.string_at(0)", Ended.CRASHED, 11),
        ("os.kill(os.getpid(), 9)", Ended.KILLED, 9),
        ("os.kill(os.getpid(), 24)", Ended.TIMEOUT, 24),
    ],
)
def test_ended_by_a_signal(run, source, ended, number):
    result = run(source)
    assert (result.ended, result.signal, result.return_code) == (ended, number, None)


@posix
def test_limits_that_a_plain_process_can_have(run):
    result = run("bytearray(1 << 32)", Limits(memory_bytes=2**30))
    assert result.ended is Ended.OUT_OF_MEMORY
    result = run("open('x', 'wb').write(bytes(2_000_000))", Limits(scratch_bytes=1_000_000))
    assert "File too large" in result.log


def test_floods(run):
    limits = Limits(seconds=60, log_bytes=1_000, log_flood_bytes=1_000_000, frame_bytes_total=100_000)
    result = run("while True: print('x' * 1_000, file=sys.stderr)", limits)
    assert result.ended is Ended.OUTPUT_FLOOD
    assert "bytes left out" in result.log
    assert len(result.log) < 1_100
    result = run("frame(b'J', b'', b'1')\nwhile True: frame(b'P', b'p', bytes(1_000))", limits)
    assert result.ended is Ended.OUTPUT_FLOOD
    assert result.frames.recording == b"1"


@pytest.mark.parametrize("end", ["time.sleep(600)", "pass"])
def test_printing_into_the_frame_channel(run, end):
    result = run(f"frame(b'J', b'', b'1'); print('epoch 1/10: accuracy 1.0'); sys.stdout.flush(); {end}")
    assert result.ended is Ended.BAD_FRAMES
    assert result.frames.recording == b"1"


def test_a_last_frame_that_was_cut_off(run):
    result = run("frame(b'J', b'', b'1'); out.write(b'HRN1J\\0'); out.flush()")
    assert result.ended is Ended.FINISHED
    assert result.frames.recording == b"1"
    assert "cut off" in result.detail


@pytest.mark.parametrize(
    ("source", "answers", "ended"),
    [
        ("time.sleep(600)", [False, False, True], Ended.OUT_OF_MEMORY),  # a child was ended, and it waits
        ("sys.exit(1)", [False, True], Ended.OUT_OF_MEMORY),  # seen only when it has left
        ("frame(b'J', b'', b'1')", [False], Ended.FINISHED),
    ],
)
def test_the_memory_of_the_whole_run(run, monkeypatch, source, answers, ended):
    """What is asked now and then, and once more at the end; here, as if by a control group."""
    real, left = process.supervise, list(answers)

    def out_of_memory():
        return left.pop(0) if len(left) > 1 else left[0]

    monkeypatch.setattr(process, "supervise", lambda *given: real(*given, out_of_memory=out_of_memory))
    result = run(source, Limits(seconds=60, total_memory_bytes=2**30))
    assert result.ended is ended
    if ended is Ended.OUT_OF_MEMORY:
        assert result.detail == "its processes and files together took more than 1.0 GiB"


DAEMON = """
ready, say = os.pipe()
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        frame(b"J", b"", str(os.getpid()).encode())
        os.write(say, b"x")
        time.sleep(600)
    os._exit(0)
os.wait()
os.read(ready, 1)
time.sleep({})
"""


def gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@posix
@pytest.mark.parametrize(("wait", "seconds", "ended"), [(0, 60, Ended.FINISHED), (600, 2, Ended.TIMEOUT)])
def test_a_daemon_is_dead_when_the_run_is_over(run, wait, seconds, ended):
    result = run(DAEMON.format(wait), Limits(seconds=seconds))
    assert result.ended is ended
    assert gone(int(result.frames.recording))


def test_an_interrupted_run_leaves_nothing(tmp_path, monkeypatch):
    started = []
    monkeypatch.setattr("secrets.token_hex", lambda size: started.append("t0ken") or "t0ken")
    program = tmp_path / "program.py"
    program.write_text("import time; time.sleep(600)", encoding="utf-8")
    monkeypatch.setattr("harness.sandbox.process.queue.SimpleQueue", InterruptedQueue)
    with pytest.raises(KeyboardInterrupt):
        PlainSandbox(["-I", str(program)]).run({}, tmp_path, None, FOREVER)
    assert started
    assert not [one for one in psutil.process_iter() if carries(one, "t0ken")]


class InterruptedQueue:
    """A person presses Ctrl-C while the run is waited for."""

    def put(self, event):
        pass

    def get(self, timeout):
        raise KeyboardInterrupt


def carries(process, token):
    try:
        return process.environ().get(TOKEN) == token and process.status() != psutil.STATUS_ZOMBIE
    except (psutil.Error, OSError):
        return False


def test_a_job_that_is_not_plain_data():
    for job in ({"x": object()}, {"x": float("nan")}):
        with pytest.raises(SandboxError, match="plain JSON"):
            job_bytes(job, {})


def test_a_program_that_cannot_be_started(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "executable", str(tmp_path / "nothing"))
    with pytest.raises(SandboxError, match="could not be started"):
        PlainSandbox().run({}, tmp_path, None, FOREVER)


def test_plain_says_that_it_is_not_isolated():
    sandbox = choose("plain")
    assert isinstance(sandbox, Sandbox)
    assert not sandbox.isolated
    assert "not isolated" in sandbox.warning


# --- the log ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07x", "x"),
        ("1/3\r2/3\r3/3\ndone\r\n", "3/3\ndone\n"),
        ("a\rb\r\r\nc\r", "b\nc"),
        ("a\x00b\x08c\x9bd", "abcd"),
        ("user\u202etxt.exe\u200b", "usertxt.exe"),
        ("tab\there\n", "tab\there\n"),
        ("\x1b", ""),
        ("Grüße 你好", "Grüße 你好"),
    ],
)
def test_clean_log(text, cleaned):
    assert clean_log(text) == cleaned


def test_a_line_of_any_length_is_looked_at_once():
    """Half an hour, where each of its places is a beginning to look from."""
    line = "x" * 2**20
    assert clean_log(f"{line}\n{line}\r{line}") == f"{line}\n{line}"


def test_the_log_keeps_its_beginning_and_its_end():
    log = Log(Limits(log_bytes=20, log_flood_bytes=1_000_000))
    for number in range(10_000):
        log.feed(f"{number:04}\n".encode())
    text = log.text()
    assert text.startswith("0000\n0001\n")
    assert text.endswith("9998\n9999\n")
    assert "49,980 bytes left out" in text


def test_a_short_log_is_whole():
    log = Log(Limits(log_bytes=20))
    log.feed(b"0123456789abcdefghij")
    assert log.text() == "0123456789abcdefghij"


def test_the_log_has_an_end():
    log = Log(Limits(log_flood_bytes=10))
    log.feed(bytes(10))
    with pytest.raises(FrameFloodError):
        log.feed(b"x")


def test_the_clock_runs(run):
    before = time.monotonic()
    result = run("pass")
    assert 0 < result.seconds <= time.monotonic() - before
