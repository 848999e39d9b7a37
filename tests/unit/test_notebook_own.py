"""Which notebook a kernel belongs to: Visual Studio Code, Colab, Jupyter's servers, its session's name."""

import http.client
import json
import os
import time
from pathlib import Path

import pytest
from jupyter_server_fake import TOKEN, serving, session
from notebooks import notebook

from harness.notebook import own
from harness.notebook.own import Kernel, NotFound, Own, find, given

ID = "1b0f7a6e-0000-4000-8000-000000000001"


@pytest.fixture
def home(tmp_path):
    (tmp_path / "course").mkdir()
    (tmp_path / "runtime").mkdir()
    return tmp_path


@pytest.fixture
def mine(home) -> Path:
    path = home / "course" / "my work.ipynb"
    path.write_text(notebook("x = 1"), encoding="utf-8")
    return path


def kernel(home, **more) -> Kernel:
    connection = home / "runtime" / f"kernel-{ID}.json"
    return Kernel(**{"connection": connection, "folder": home / "course", **more})


def words(home, **more) -> str:
    with pytest.raises(NotFound) as caught:
        find(kernel(home, **more), home)
    return str(caught.value)


# --- Visual Studio Code


def test_visual_studio_code_leaves_the_path_in_the_names(home, mine):
    assert find(Kernel(names={"__vsc_ipynb_file__": str(mine)}), home) == Own(mine, mine.parent)


def test_a_notebook_that_was_never_saved_is_to_be_saved(home):
    assert "Save this notebook" in words(home, names={"__vsc_ipynb_file__": str(home / "Untitled-1.ipynb")})


# --- Colab


def test_colab_hands_the_notebook_over_as_it_is_on_the_screen(home):
    told = json.loads(notebook("x = 1", metadata={"colab": {"name": "Copy of A7.ipynb"}}))
    found = find(kernel(home, colab=lambda: {"ipynb": told}), home)
    assert (found.path.name, found.beside, found.live) == ("Copy of A7.ipynb", home / "course", True)
    assert json.loads(found.path.read_text(encoding="utf-8")) == told
    assert "on the screen" in found.seen("x = 2")


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "..", "/tmp/x", "a\0b\nc", "x" * 5_000, "", None, 7, "CON:.ipynb"]
)
def test_whatever_colab_calls_it_it_stays_where_it_belongs(home, name):
    told = json.loads(notebook("x = 1", metadata={"colab": {"name": name}}))
    path = find(kernel(home, colab=lambda: {"ipynb": told}), home).path
    assert path.resolve().parent == home.resolve()
    assert path.suffix == ".ipynb"


@pytest.mark.parametrize("answer", [None, {}, {"ipynb": None}, {"ipynb": []}, TimeoutError("no page")])
def test_where_colab_hands_nothing_over_there_is_another_way(home, answer):
    def ask():
        if isinstance(answer, Exception):
            raise answer
        return answer

    said = words(home, colab=ask)
    assert "Download" in said
    assert "path=" in said


# --- Jupyter's servers


def test_the_server_that_runs_the_kernel_names_its_notebook(home, mine):
    told = [session("another", "course/other.ipynb"), session(ID, "course/my work.ipynb")]
    with serving(home / "runtime", home, told) as server:
        assert find(kernel(home), home) == Own(mine, mine.parent)
        assert server.asked == [("/user/ada/api/sessions", f"token {TOKEN}")]


def test_a_server_of_the_classic_notebook_is_asked_too(home, mine):
    old = [{"kernel": {"id": ID}, "notebook": {"path": "course/my work.ipynb", "name": ""}}]
    more = {"root_dir": None, "notebook_dir": str(home)}
    with serving(home / "runtime", home, old, "nbserver-3.json", **more):
        assert find(kernel(home), home).path == mine


def test_a_notebook_that_is_edited_together_has_a_drive_before_its_path(home, mine):
    with serving(home / "runtime", home, [session(ID, "RTC:course/my work.ipynb")]):
        assert find(kernel(home), home).path == mine


def test_a_renamed_notebook_is_found_by_its_new_name(home, mine):
    """The name that the kernel was started with may be that of another notebook by now."""
    (home / "course" / "old.ipynb").write_text(notebook(), encoding="utf-8")
    with serving(home / "runtime", home, [session(ID, "course/my work.ipynb")]):
        assert find(kernel(home, session="old.ipynb"), home).path == mine


def test_a_hub_has_its_token_in_the_environment(home, mine, monkeypatch):
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", TOKEN)
    with serving(home / "runtime", home, [session(ID, "course/my work.ipynb")], token=""):
        assert find(kernel(home), home).path == mine


def test_proxies_are_not_asked(home, mine, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with serving(home / "runtime", home, [session(ID, "course/my work.ipynb")]):
        assert find(kernel(home), home).path == mine


@pytest.mark.parametrize(
    "more",
    [
        {"hostname": "jupyter.example.org"}, {"hostname": "10.0.0.7"}, {"secure": True},
        {"sock": "/tmp/jupyter.sock"},
        {"hostname": 7}, {"port": "x"}, {"root_dir": None},
    ],
)  # fmt: skip
def test_only_this_machine_is_asked_and_only_what_can_be_read(home, mine, monkeypatch, more):
    made = []
    original = http.client.HTTPConnection.__init__
    monkeypatch.setattr(
        http.client.HTTPConnection, "__init__", lambda self, *a, **k: made.append(a) or original(self, *a, **k)
    )
    with serving(home / "runtime", home, [session(ID, "course/my work.ipynb")], **more):
        words(home)
    assert made == []


@pytest.mark.parametrize(
    "answer", [b"no json", b"[" * 100_000, {"message": "Forbidden"}, [7, None, {}], [{"kernel": ID}], []]
)
def test_a_server_that_answers_something_else_is_passed_over(home, answer):
    with serving(home / "runtime", home, answer):
        assert "path=" in words(home)


def test_a_wrong_token_and_a_server_that_is_gone_are_passed_over(home, mine):
    with serving(home / "runtime", home, [session(ID, "course/my work.ipynb")], token="wrong"):
        assert "path=" in words(home)
    assert "path=" in words(home), "its file is still there"


def test_a_damaged_file_hides_no_other_server(home, mine):
    (home / "runtime" / "jpserver-1.json").write_bytes(b"\xff\x00{")
    with serving(home / "runtime", home, [session(ID, "course/my work.ipynb")]):
        assert find(kernel(home), home).path == mine


# --- the session's name, and nothing


def test_without_a_server_the_name_that_the_kernel_was_started_with_serves(home, mine):
    assert find(kernel(home, session=str(mine)), home).path == mine
    assert find(kernel(home, session=mine.name), home).path == mine


@pytest.mark.parametrize("name", ["gone.ipynb", "course/console-1", "/"])
def test_a_name_that_is_no_notebook_is_not_taken(home, mine, name):
    assert 'harness.check(path="my work.ipynb")' in words(home, session=name)


def test_in_a_folder_without_notebooks_the_sentence_holds_too(home):
    assert 'harness.check(path="my_notebook.ipynb")' in words(home)


# --- by hand


def test_a_path_by_hand(mine, monkeypatch):
    monkeypatch.chdir(mine.parent)
    assert given(Path("my work.ipynb")) == Own(mine.resolve(), mine.parent.resolve())
    assert given(Path()) == Own(mine.parent.resolve(), mine.parent.resolve()), "a folder, and the scorecard in it"
    with pytest.raises(NotFound, match=r'no other\.ipynb below .* give its path, as .*path="my work\.ipynb"'):
        given(Path("other.ipynb"))


# --- how fresh it is


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "just now"),
        (60, "1 minute ago"),
        (3000, "50 minutes ago"),
        (4 * 3600, "4 hours ago"),
        (9e5, "10 days ago"),
    ],
)
def test_it_says_when_the_file_was_saved(mine, seconds, said):
    then = time.time() - seconds
    os.utime(mine, (then, then))
    assert said in Own(mine, mine.parent).seen()
    assert "What was changed since then is not seen." in Own(mine, mine.parent).seen()


def test_a_cell_that_is_not_in_the_file_shows_that_it_is_old(mine):
    mine.write_text(notebook("x = 1", "import harness\nharness.check()"), encoding="utf-8")
    found = Own(mine, mine.parent)
    assert "not saved" not in found.seen("import harness\nharness.check()\n")
    assert "save the notebook" in found.seen("import harness\nharness.check('2D')")
    mine.write_text("{", encoding="utf-8")
    assert "save the notebook" not in found.seen("x"), "of a file that cannot be read nothing is known"


def test_this_python_is_no_kernel():
    here = Kernel.here()
    assert (here.connection, here.colab, here.running) == (None, None, "")
    assert own.Kernel.here().folder == Path.cwd()
