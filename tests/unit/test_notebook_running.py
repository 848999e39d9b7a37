"""The checking process from the kernel's side: what it says is told, and whatever happens it is gone at the end."""

import subprocess
import sys

import psutil
import pytest

from harness.notebook import running
from harness.notebook.running import Job, run

SAY = """
import json, sys
def say(event, **about):
    print(json.dumps({"event": event, **about}), flush=True)
def answer(**about):
    whole = {"passed": True, "findings": [], "problem": "", "scorecard": "", "text": "t", "html": "<p>t</p>"}
    say("checked", **{**whole, **about})
job = json.loads(sys.stdin.readline())
"""


@pytest.fixture
def child(monkeypatch, tmp_path):
    """Put a program in the place of the checking process."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def put(code: str) -> None:
        monkeypatch.setattr(running, "PROGRAM", ("-c", SAY + code))

    return put


def asked(tmp_path, **more) -> Job:
    return Job(path=tmp_path / "a.ipynb", beside=tmp_path, **more)


def ours() -> set[psutil.Process]:
    return {one for one in psutil.Process().children(recursive=True) if one.status() != psutil.STATUS_ZOMBIE}


def test_what_is_said_is_told_and_the_last_word_is_the_answer(child, tmp_path):
    child(
        "say('stage', text='one'); say('note', text=job['tasks'][0])\n"
        "seen = {'code': 'stacked-layers', 'message': 'm', 'task': '2D', 'where': 'cell 14'}\n"
        "answer(findings=[seen], scorecard='/s.html', passed=False); say('stage', text='late')"
    )
    events = []
    answer = run(asked(tmp_path, tasks=("2D",)), events.append)
    assert [event["text"] for event in events] == ["one", "2D"]
    assert (answer.passed, answer.findings[0].code, str(answer.scorecard.name)) == (
        False,
        "stacked-layers",
        "s.html",
    )
    assert (repr(answer), answer._repr_html_()) == ("t", "<p>t</p>")


def test_it_is_started_apart_from_the_notebooks_own_settings(child, tmp_path, monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    monkeypatch.setenv("HARNESS_CACHE", "kept")
    child(
        "import os\n"
        "names = ('MPLBACKEND', 'KERAS_BACKEND', 'PYTHONSAFEPATH', 'HARNESS_CACHE')\n"
        "answer(text=repr((list(map(os.environ.get, names)), os.listdir('.'))))"
    )
    assert run(asked(tmp_path), print).text == "([None, None, '1', 'kept'], ['log.txt'])"


def test_the_folder_that_the_kernel_is_in_is_not_imported_from(tmp_path, monkeypatch):
    """A hand-in beside the notebook may be called as a package of ours is."""
    for name in ("json", "psutil", "harness"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('a file of the hand-in')\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    answer = run(asked(tmp_path, assignment="none-such"), print)
    assert "there is no assignment 'none-such'" in answer.problem


@pytest.mark.parametrize("code", ["print('no json')", "sys.exit(3)", "raise RuntimeError('lost')"])
def test_an_end_without_an_answer_is_our_fault_and_its_details_stay(child, tmp_path, code):
    child(code)
    answer = run(asked(tmp_path), print)
    assert "our fault" in answer.problem
    assert not answer.passed
    kept = answer.problem.rpartition(" ")[2]
    if "lost" in code:
        with open(kept, encoding="utf-8") as file:  # noqa: PTH123  # a name from a sentence
            assert "RuntimeError: lost" in file.read()


def test_a_python_without_the_harness_is_named(child, tmp_path, monkeypatch):
    child("import no_such_package")
    assert "HARNESS_PYTHON" in run(asked(tmp_path), print).problem
    monkeypatch.setenv("HARNESS_PYTHON", str(tmp_path / "no" / "python"))
    problem = run(asked(tmp_path), print).problem
    assert "could not be started" in problem
    assert str(tmp_path / "no" / "python") in problem


def stop(event):
    raise KeyboardInterrupt


def test_the_stop_button_ends_it_before_the_cell_ends(child, tmp_path):
    child("say('stage', text='begun'); sys.stdin.read()")
    before = ours()
    with pytest.raises(KeyboardInterrupt):
        run(asked(tmp_path), stop)
    assert ours() == before
    assert list(tmp_path.iterdir()) == [], "its folder is gone too"


def test_one_that_does_not_end_is_killed(child, tmp_path, monkeypatch):
    monkeypatch.setattr(running, "GRACE_SECONDS", 0.1)
    child("say('stage', text='begun')\nimport time\nwhile True: time.sleep(60)")
    before = ours()
    with pytest.raises(KeyboardInterrupt):
        run(asked(tmp_path), stop)
    assert ours() == before


# --- its other end


WATCHED = """
import os, subprocess, sys, time
from harness.notebook import watching
watching.GRACE_SECONDS = {grace}
started = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
try:
    watching.watch(os.dup(0))
    print(started.pid, flush=True)
    time.sleep(600)
except KeyboardInterrupt:
    {then}
"""


@pytest.mark.parametrize(
    ("then", "grace", "code"), [("started.kill(); sys.exit(7)", 60, 7), ("time.sleep(600)", 0.2, 130)]
)
def test_where_nobody_waits_any_more_it_ends_with_all_that_it_started(then, grace, code):
    """By itself, or where that takes too long, at once."""
    command = [sys.executable, "-c", WATCHED.format(then=then, grace=grace)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        started = psutil.Process(int(process.stdout.readline()))
        process.stdin.close()  # as the end of the kernel does, however it ends
        assert process.wait(60) == code
        psutil.wait_procs([started], timeout=60)
        assert not started.is_running() or started.status() == psutil.STATUS_ZOMBIE
