"""Execution with Keras: several files as one submission, cells out of order, and the time of a run."""

from __future__ import annotations

import pytest
from notebooks import code, notebook, write
from recorded import run, save_images

from harness import dryrun
from harness.assignment import load
from harness.dryrun import record
from harness.sandbox.base import Limits
from harness.sandbox.plain import PlainSandbox

pytestmark = pytest.mark.end_to_end

LOAD = """
import keras
(x, y), rest = keras.datasets.mnist.load_data()
Y = keras.utils.to_categorical(y, 10)
def net():
    m = keras.Sequential([keras.Input((28, 28)), keras.layers.Flatten(), keras.layers.Dense(10)])
    m.compile("sgd", "mse")
    return m
"""
SEVEN = {
    "part1.py": LOAD + "if __name__ == '__main__':\n    net().fit(x, Y)\n",
    "part2.py": "from part1 import *\nnet().fit(x, Y, epochs=2)\n",
    "part3.py": "import part1 as p, utils\nm = utils.build()\nm.fit(p.x, p.Y, epochs=3)\n",
    "part4.py": "m.fit(p.x, p.Y, epochs=4)\n",  # goes on where part3 ended
    "part5.py": "#%% [markdown]\n# Why\n# %%\n%matplotlib inline\nfrom course.lab.part1 import net, x, Y\n"
    "net().fit(x, Y, epochs=5)\nimport sys\nsys.exit()\nnet().fit(x, Y, epochs=99)\n",
    "part10.py": "import utils\nutils.build().fit(utils.p.x, utils.p.Y, epochs=6)\n",
    "utils.py": "import part1 as p\ndef build():\n    return p.net()\nbuild().fit(p.x, p.Y, epochs=7)\n"
    "if __name__ == '__main__':\n    build().fit(p.x, p.Y, epochs=8)\n",
}


@pytest.fixture(scope="module")
def npz(tmp_path_factory):
    return save_images(tmp_path_factory.mktemp("data") / "data.npz")


def fits_of(recording):
    return [(str(fit.where), fit.epochs) for fit in recording.fits]


@pytest.fixture(scope="module")
def seven(tmp_path_factory, npz):
    return run(write(tmp_path_factory.mktemp("seven"), SEVEN), npz)[0]


def test_seven_scripts_are_one_submission(seven):
    assert fits_of(seven) == [
        ("part1.py, line 10", 1),
        ("part2.py, line 2", 2),
        ("utils.py, line 4", 7),  # where part3 imports it
        ("part3.py, line 3", 3),
        ("part4.py, line 1", 4),
        ("part5.py, line 6", 5),
        ("part10.py, line 2", 6),
        ("utils.py, line 6", 8),
    ]
    assert [error.kind for error in seven.errors] == ["exit"]
    assert [source.where.file for source in seven.sources] == [*SEVEN]


def test_each_of_them_is_trained_on_the_data(seven):
    assert {fit.data.x.source for fit in seven.fits} == {"x_train"}
    assert seven.fits[3].model == seven.fits[4].model != seven.fits[5].model


def test_notebooks_and_scripts_together(tmp_path, npz):
    files = {
        "lab.ipynb": notebook(LOAD, "net().fit(x, Y)", "import helper\nhelper.train(net(), x, Y)\n%run more"),
        "lab.py": LOAD + "net().fit(x, Y)\nimport helper\nhelper.train(net(), x, Y)",  # the same, exported
        "helper.py": "def train(m, x, Y):\n    m.fit(x, Y, epochs=2)\nif __name__ == '__main__':\n    print(1)",
        "more.py": "net().fit(x, Y, epochs=3)",
        "task4.py": "net().fit(x, Y, epochs=4)",
        "lazy.ipynb": notebook(
            "(a, b), c = mnist.load_data()",
            "m = Sequential([Input((28, 28)), Flatten(), BatchNormalization(), Dense(10)])",
            "m.compile(optimizers.SGD(0.1), 'categorical_crossentropy')",
            "m.fit(a, to_categorical(b), epochs=5, callbacks=[EarlyStopping(monitor='loss')])",
            "pd.DataFrame(confusion_matrix([1], [1])); train_test_split([1, 2]); K.image_data_format(); Image.new",
            "metrics.append(1)",
            "metrics = []",
            "import matplotlib.pyplot as plt\nplt.plot([1])\nplt = pd.Series([1]).plot.bar()",
            "plt.figure(); plt.xlabel('x')",
        ),
    }
    recording, _ = run(write(tmp_path, files), npz)
    assert fits_of(recording) == [
        ("lab.ipynb, cell 2, line 1", 1),
        ("helper.py, line 2", 2),
        ("more.py, line 1", 3),
        ("lazy.ipynb, cell 4, line 1", 5),
        ("task4.py, line 1", 4),
    ]
    assert [(error.type, str(error.where)) for error in recording.errors] == [
        ("NameError", "lazy.ipynb, cell 6, line 1")
    ]
    supplied = [finding.message.split("`")[1] for finding in recording.findings if finding.code == "missing-import"]
    layers = ["Input", "Flatten", "BatchNormalization", "Dense"]
    functions = ["pd", "confusion_matrix", "train_test_split", "K", "Image"]
    assert supplied == ["mnist", "Sequential", *layers, "optimizers", "to_categorical", "EarlyStopping", *functions]
    others = [
        (finding.code, str(finding.where)) for finding in recording.findings if finding.code != "missing-import"
    ]
    assert others == [
        ("shadowed-name", "lazy.ipynb, cell 8, line 3"),
        ("run-out-of-order", "lazy.ipynb, cell 6, line 1"),
    ]


# --- the order of cells


def executed(text, count):
    return {**code(text), "execution_count": count}


def test_cells_run_as_their_execution_counts_say_where_that_defines_more_names(tmp_path, npz):
    cells = [(LOAD, 1), ("m.fit(x, Y)", 4), ("m = net()", 2), ("print(late)", None), ("late = 3", 3)]
    folder = write(tmp_path, {"a.ipynb": notebook(*(executed(*cell) for cell in cells))})
    made = record(PlainSandbox(), folder, load("dat405_a7"), npz, Limits(seconds=200))
    assert (made.recording.order, made.recording.errors) == ("executed", ())
    assert fits_of(made.recording) == [("a.ipynb, cell 2, line 1", 1)]
    assert [source.count for source in made.recording.sources] == [1, 4, 2, None, 3]
    assert [(finding.code, str(finding.where)) for finding in made.recording.findings] == [
        ("run-out-of-order", "a.ipynb, cell 2, line 1"),
        ("run-out-of-order", "a.ipynb, cell 4, line 1"),
    ]
    assert "Cell 2 uses `m` before cell 3 defines it." in made.recording.findings[0].message


# --- the time of a run


def test_what_was_recorded_before_the_time_was_over_counts(tmp_path, npz, monkeypatch):
    monkeypatch.setattr(dryrun, "RUN_SECONDS", 3.0)
    cells = [LOAD + "net().fit(x, Y)", "while True: pass", "net().fit(x, Y)"]
    folder = write(tmp_path, {"a.ipynb": notebook(*cells)})
    made = record(PlainSandbox(), folder, load("dat405_a7"), npz, Limits(seconds=200))
    assert len(made.recording.fits) == 1
    assert [error.type for error in made.recording.errors] == ["RunTimeout"]
    assert made.interrupted.endswith("although training takes no time here.")


def test_the_same_files_give_the_same_recording(seven, tmp_path, npz):
    again, _ = run(write(tmp_path, SEVEN), npz)
    assert again.model_dump(exclude={"seconds"}) == seven.model_dump(exclude={"seconds"})
