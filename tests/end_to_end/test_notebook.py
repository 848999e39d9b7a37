"""`harness.check()` in a real Jupyter kernel: the notebook is found and told of, and nothing is touched or left."""

import json
import os
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from uuid import uuid4

import psutil
import pytest
from jupyter_server_fake import serving, session
from notebooks import md, notebook

from harness.results import load

pytestmark = pytest.mark.end_to_end
SECONDS = 900  # for one cell, however busy the machine is
WATCH = """
import os, sys

def watch(event, arguments):
    if event in ("socket.connect", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname"):
        address = arguments[1] if event in ("socket.connect", "socket.sendto") else arguments[0]
        host = address[0] if isinstance(address, tuple) else address
        unix = event == "socket.connect" and isinstance(address, (str, bytes))
        if not unix and host not in (None, "localhost", "127.0.0.1", "::1"):
            say(f"{event} {address}")
            raise OSError(f"no network in this test: {address}")

def say(line):
    with open(os.environ["WATCHED"], "a", encoding="utf-8") as file:
        file.write(line + "\\n")

say(f"watched {os.getpid()}")
sys.addaudithook(watch)
"""
STACKED = """\
model = Sequential()
for factor in (1e-6, 1e-3):
    model.add(Flatten())
    model.add(Dense(500, activation="relu", kernel_regularizer=l2(factor)))
    model.add(Dense(300, activation="relu", kernel_regularizer=l2(factor)))
    model.add(Dense(10, activation="softmax"))
    model.compile(loss="categorical_crossentropy", optimizer=SGD(learning_rate=0.1), metrics=["accuracy"])
    model.fit(x_train, y_train, batch_size=128, epochs=40, validation_data=(x_test, y_test))
"""
CELLS = (
    "import keras\nfrom keras.layers import Dense, Flatten\nfrom keras.models import Sequential\n"
    "from keras.optimizers import SGD\nfrom keras.regularizers import l2",
    "(x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()\n"
    'x_train = x_train.reshape(-1, 28, 28, 1).astype("float32") / 255\n'
    'x_test = x_test.reshape(-1, 28, 28, 1).astype("float32") / 255\n'
    "y_train, y_test = keras.utils.to_categorical(y_train, 10), keras.utils.to_categorical(y_test, 10)",
    md("## 2D"),
    STACKED,
    'import harness\nassert not harness.check("2D").findings',  # nothing, while it is checked itself
    "%load_ext harness\n%harness check 2D",
)
SENTENCE = "2D stacks layers in my work.ipynb, cell 3, line 8: make the model inside the loop."


class Lab:
    """A kernel that a Jupyter server knows, as whoever runs its cells sees it."""

    def __init__(self, manager, folder: Path, watched: Path) -> None:
        self.manager, self.folder, self.watched = manager, folder, watched
        self.client = manager.blocking_client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=SECONDS)

    def run(self, cell: str, seen=lambda _text: None) -> SimpleNamespace:
        """Run a cell; `seen` is told each text that its outputs show. Gives value, print and error."""
        told = SimpleNamespace(value={}, printed="", error="")

        def output(message):
            content = message["content"]
            if message["msg_type"] == "execute_result":
                told.value = content["data"]
            elif message["msg_type"] == "stream":
                told.printed += content["text"]
            elif message["msg_type"] == "error":
                told.error = content["ename"]
            elif message["msg_type"] in ("display_data", "update_display_data"):
                seen(content["data"]["text/plain"])

        self.client.execute_interactive(cell, timeout=SECONDS, output_hook=output)
        return told

    def started(self) -> list[psutil.Process]:
        """All that the kernel has started and that still runs."""
        return psutil.Process(self.manager.provisioner.pid).children(recursive=True)


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    from jupyter_client import KernelManager

    home = tmp_path_factory.mktemp("home")
    for name in ("course", "runtime", "watch"):
        (home / name).mkdir()
    (home / "course" / "my work.ipynb").write_text(notebook(*CELLS), encoding="utf-8")
    (home / "watch" / "sitecustomize.py").write_text(WATCH, encoding="utf-8")
    name = str(uuid4())
    search = [str(home / "watch"), *filter(None, [os.environ.get("PYTHONPATH")])]
    variables = {name: value for name, value in os.environ.items() if name != "JPY_SESSION_NAME"} | {
        "PYTHONPATH": os.pathsep.join(search), "WATCHED": str(home / "watched.txt"),
        "HARNESS_CACHE": str(home / "cache"),
    }  # fmt: skip
    with ExitStack() as stack:
        stack.enter_context(serving(home / "runtime", home, [session(name, "course/my work.ipynb")]))
        manager = KernelManager(connection_file=str(home / "runtime" / f"kernel-{name}.json"), transport="ipc")
        manager.start_kernel(env=variables, cwd=str(home / "course"))
        stack.callback(manager.shutdown_kernel, now=True)
        made = Lab(manager, home / "course", home / "watched.txt")
        stack.callback(made.client.stop_channels)
        yield made


def stopped(lab: Lab, cell: str, at: str, least: int) -> None:
    """Run a cell and press the stop button once its output shows `at` and it has started so many processes; assert
    that none of them is left."""
    begun = []

    def seen(text):
        if at in text and not begun:
            end = time.monotonic() + SECONDS
            while len(lab.started()) < least and time.monotonic() < end:
                threading.Event().wait(0.05)
            begun.extend(lab.started())
            lab.manager.interrupt_kernel()

    told = lab.run(cell, seen)
    assert told.error == "KeyboardInterrupt"
    assert len(begun) >= least
    gone, alive = psutil.wait_procs(begun, timeout=SECONDS)
    assert (len(gone), alive) == (len(begun), [])
    assert lab.started() == []


def test_the_stop_button_leaves_nothing_running(lab):
    """While the hand-in runs in the sandbox: our process, the wall's, and the hand-in's."""
    lab.run("import harness")
    stopped(lab, 'harness.check(data="digits")', "Running it", least=2)


def test_the_notebook_is_found_and_told_of_without_training(lab):
    texts = []
    lab.run("import sys; kept = 7; before = set(sys.modules)")
    told = lab.run('found = harness.check("2D", data="digits"); found', texts.append)
    assert (told.error, told.printed) == ("", "")
    assert f"→ {SENTENCE}" in told.value["text/plain"]
    assert "make the model inside the loop" in told.value["text/html"]
    assert "my work.ipynb as it was saved" in told.value["text/plain"]
    assert "The cell that asks for this check is not saved yet" in told.value["text/plain"]
    assert "2C" not in told.value["text/plain"]
    assert any("Running it" in text for text in texts)
    assert not any("Training" in text for text in texts)
    assert texts[-1] == "", "the progress is gone"
    result = load(lab.folder / "graded" / "my_work" / "result.json")
    assert result.errors == (), "and what is left of the harness in the notebook did nothing"
    assert (lab.folder / "graded" / "my_work" / "scorecard.html").is_file()
    assert result.dataset.name == "digits"
    assert "train" not in result.timing
    asked = "(kept, found.passed, [one.code for one in found.findings].count('stacked-layers'), found.problem)"
    assert lab.run(asked).value["text/plain"] == "(7, False, 1, '')"
    packages = lab.run("sorted({name.partition('.')[0] for name in set(sys.modules) - before})").value["text/plain"]
    assert set(json.loads(packages.replace("'", '"'))) <= {
        "harness",
        "shlex",
        "html",
        "http",
        "ssl",
        "_ssl",
        "email",
    }


def test_a_restarted_kernel_and_a_cell_with_the_magic(lab):
    lab.manager.restart_kernel(now=True)
    lab.client.wait_for_ready(timeout=SECONDS)
    told = lab.run("%load_ext harness\n%harness check 2D --data digits")
    assert SENTENCE in told.value["text/plain"]
    assert lab.started() == []


def test_nothing_is_sent_anywhere(lab):
    """Over all that ran before in this file: only this machine was spoken to."""
    lines = lab.watched.read_text(encoding="utf-8").splitlines()
    assert len({line for line in lines if line.startswith("watched")}) >= 4, "kernels and checking processes"
    assert [line for line in lines if not line.startswith("watched")] == []
    probe = lab.run("import socket\nsocket.create_connection(('192.0.2.1', 80), timeout=1)")
    assert probe.error == "OSError", "and it would have been seen"
    assert "192.0.2.1" in lab.watched.read_text(encoding="utf-8")


@pytest.mark.nightly
def test_training_shows_its_progress_and_stops_at_the_stop_button(lab):
    lab.run("import harness")
    stopped(lab, 'harness.check("2D", train=True, data="digits")', ": epoch ", least=2)
