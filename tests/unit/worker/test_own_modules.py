"""Files of a hand-in are found behind the name of a folder that was not handed in, and nothing else is."""

import importlib
import sys

import pytest

from harness.worker.own_modules import install, missing_folders


@pytest.fixture
def hand_in(tmp_path, monkeypatch):
    (tmp_path / "lab_q4.py").write_text("LEVEL = 0.4\n", encoding="utf-8")
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    for name in [name for name in sys.modules if name.startswith("lab6_nowhere")]:
        monkeypatch.delitem(sys.modules, name)
    return tmp_path


@pytest.mark.parametrize(
    "statement",
    [
        "from lab6_nowhere.lab_q4 import LEVEL",
        "import lab6_nowhere.lab_q4",
        "from lab6_nowhere import lab_q4",
    ],
)
def test_a_folder_that_was_not_handed_in(hand_in, statement):
    folders = missing_folders([statement], [hand_in / "lab_q4.py"])
    assert folders == {"lab6_nowhere": hand_in}
    install(folders)
    assert importlib.import_module("lab6_nowhere.lab_q4").LEVEL == 0.4


def test_deeper_folders(hand_in):
    folders = missing_folders(["from course.lab6.lab_q4 import LEVEL"], [hand_in / "lab_q4.py"])
    assert folders == {"course": hand_in, "course.lab6": hand_in}


@pytest.mark.parametrize(
    "text", ["import numpy.linalg", "from . import lab_q4", "import lab_q4", "not python (", ""]
)
def test_other_imports_are_left_alone(hand_in, text):
    assert missing_folders([text], [hand_in / "lab_q4.py"]) == {}


def test_what_exists_is_not_replaced(hand_in):
    (hand_in / "json.py").write_text("", encoding="utf-8")
    install(missing_folders(["from json import decoder"], [hand_in / "decoder.py"]))
    assert importlib.import_module("json").loads("1") == 1
