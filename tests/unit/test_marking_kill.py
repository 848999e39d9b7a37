"""The marking page as a program: started on the command line, killed in the middle, and ended by Ctrl-C."""

import contextlib
import http.client
import os
import re
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from unit.marking_sample import Served, asked, small_class

from harness.marking.guard import Keys
from harness.marking.store import MarkStore
from harness.results import load

ENOUGH = 24  # decisions that were acknowledged before the kill
FULL = {"kind": "mark", "key": "group-01", "target": "2B", "rubric": []}


@contextlib.contextmanager
def started(out):
    """The program on this folder, and a person's way to its page."""
    command = [sys.executable, "-m", "harness", "marking", str(out), "--by", "Ask", "--no-cache"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, encoding="utf-8")
    try:
        line = next(line for line in process.stdout if "http" in line)
        port, token = re.search(r"http://127\.0\.0\.1:(\d+)/\?token=(\S+)", line).groups()
        yield process, entered(int(port), token)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def entered(port: int, token: str) -> Keys:
    """What a browser has after it opened the address: the cookie, and the token of the page."""
    keys = Keys(port, token)
    cookie = asked(keys, f"/?token={token}", Cookie=None).headers["set-cookie"]
    keys = Keys(port, token, session=re.search(rf"{keys.cookie}=([^;]+)", cookie)[1])
    page = asked(keys, "/question/2B").body.decode()
    return Keys(port, token, keys.session, csrf=re.search(r'"csrf": ?"([^"]+)"', page)[1])


def test_a_kill_loses_nothing_that_was_acknowledged_to_two_who_mark_the_same(tmp_path):
    acknowledged: list[tuple[int, str]] = []
    enough = threading.Event()

    def client(number: int, keys: Keys) -> None:
        after, count = None, 0
        with contextlib.suppress(OSError, http.client.HTTPException):  # the end of the server
            while True:
                text = f"{number}.{count}"
                answer = asked(keys, "/api/decide", "POST", FULL | {"points": 0.3, "text": text, "after": after})
                after = answer.standing["after"]
                if answer.status == 200:
                    acknowledged.append((after, text))
                    count += 1
                if len(acknowledged) >= ENOUGH:
                    enough.set()

    out = small_class(tmp_path, 1)
    with started(out) as (process, keys), ThreadPoolExecutor(2) as pool:
        clients = [pool.submit(client, number, keys) for number in range(2)]
        assert enough.wait(120)
        process.kill()  # SIGKILL, while both go on
        for one in clients:
            one.result()
    log = {entry.id: entry.text for entry in MarkStore.of(out).since()}
    assert len(acknowledged) >= ENOUGH
    assert [one for one in acknowledged if log.get(one[0]) != one[1]] == []
    assert len(log) <= len(acknowledged) + 2  # at most what each of them was just saving
    last = max(log)
    with started(out) as (_, keys):  # and whoever goes on finds the last of it
        standing = asked(keys, "/api/question/2B/group-01").standing
    assert (standing["after"], standing["text"]) == (last, log[last])


@pytest.mark.skipif(os.name != "posix", reason="ends by a signal")
def test_ctrl_c_ends_it_in_words_and_writes_marks_into_the_results(tmp_path):
    out = small_class(tmp_path, 1)
    with started(out) as (process, keys):
        page = Served(out, keys)
        assert page.decide(points=0.5, text="Good.").status == 200
        process.send_signal(signal.SIGINT)
        told = process.stdout.read()
        assert process.wait(60) == 0
    assert "Traceback" not in told
    assert "marks.sqlite" in told
    part = next(task.manual for task in load(out / "group-01" / "result.json").tasks if task.id == "2B")
    assert (part.points, part.mark.comment) == (0.5, "Good.")
    assert "Good." in (out / "group-01" / "scorecard.html").read_text(encoding="utf-8")
    assert (out / "index.html").is_file()
