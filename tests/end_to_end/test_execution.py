"""Execution with Keras: old spellings, what asks the machine around, several files, and cells out of order.

`CELLS` is one notebook, a cell each; what a cell asserts itself is held to by the absence of errors.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest
from notebooks import code, notebook, write

from harness import dryrun
from harness.assignment import load
from harness.dryrun import record
from harness.parsing import parse_recording
from harness.sandbox.base import Ended, Limits
from harness.sandbox.plain import PlainSandbox

pytestmark = pytest.mark.end_to_end

HEAD = """
import numpy as np, tensorflow as tf, keras, time
from keras import layers, models
(x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
X = x_train.reshape(-1, 784).astype("float32") / 255
images = x_train.reshape(-1, 28, 28, 1).astype("float32") / 255
Y = keras.utils.to_categorical(y_train, 10)
def net():
    return keras.Sequential([keras.Input((784,)), layers.Dense(10, activation="softmax")])
def compiled(model, optimizer="sgd", loss="categorical_crossentropy"):
    model.compile(optimizer=optimizer, loss=loss, metrics=["acc"])
    return model
"""
OLD: dict[str, str] = {  # spellings that work and are noted
    "inner keras": """
from tensorflow.python.keras.models import Sequential
from tensorflow.python.keras.layers import Dense
compiled(Sequential([Dense(10, input_shape=(784,))])).fit(X, Y)""",
    "inner keras as": """
import tensorflow.python.keras as a, tensorflow.python.keras.layers as b
from tensorflow.python import keras as c
assert a.Sequential is c.Sequential is keras.Sequential and b.Dense is layers.Dense""",
    "normalization": """
from keras.layers.normalization import BatchNormalization as a
from keras.layers.normalization.batch_normalization import BatchNormalization as b
from tensorflow.keras.layers.normalization import BatchNormalization as c
assert a is b is c is layers.BatchNormalization""",
    "engine": """
from keras.engine.topology import Layer
from keras.engine import Layer as a
from keras.engine.training import Model
from keras.callbacks.callbacks import EarlyStopping
assert Layer is a is keras.Layer and Model is keras.Model""",
    "experimental": """
from tensorflow.keras.layers.experimental.preprocessing import Rescaling
tf.keras.layers.experimental.preprocessing.Rescaling(1 / 255)
keras.optimizers.experimental.SGD(0.1)""",
    "optimizers": """
from keras.optimizers.adam_v2 import Adam
from keras.optimizer_v2.gradient_descent import SGD
for o in (Adam(lr=0.5), SGD(lr=0.5), tf.optimizers.SGD(lr=0.5), keras.optimizers.sgd(lr=0.5)):
    assert abs(float(o.learning_rate) - 0.5) < 1e-6""",
    "losses": """
from keras.objectives import mse, categorical_crossentropy
for name in "mse MSE mae kld cosine_proximity logcosh kullback_leibler_divergence".split():
    getattr(keras.losses, name), getattr(tf.keras.losses, name)
compiled(net(), loss=keras.losses.mse).fit(X, Y)""",
    "names": """
keras.metrics.mse; keras.initializers.normal(); keras.constraints.maxnorm(3)
assert keras.regularizers.l1l2(0.1, 0.2).l2 == 0.2 and keras.regularizers.l2(l=0.5).l2 == 0.5""",
    "decay": """
compiled(net(), keras.optimizers.SGD(lr=0.1, decay=0.5, momentum=0.9)).fit(X, Y)
compiled(net(), tf.keras.optimizers.SGD(0.1, decay=0.5)).fit(X, Y)
compiled(net(), keras.optimizers.Adam(decay=0.5, epsilon=None)).fit(X, Y)""",
    "first layers": """
w = [np.ones((784, 10)), np.zeros(10)]
m = models.Sequential([layers.Dense(10, batch_input_shape=(None, 784), weights=w)])
assert m.get_weights()[0].min() == 1 and m.layers[0].output_shape == (None, 10)
compiled(m).fit(X, Y, nb_epoch=3, show_accuracy=True)""",
    "convolution": """
from keras.layers import Convolution2D, AveragePooling2D, LeakyReLU
m = models.Sequential([
    Convolution2D(4, 3, 3, border_mode="same", subsample=(2, 2), init="uniform", dim_ordering="tf",
                  W_regularizer=keras.regularizers.l2(0.1), input_shape=(28, 28, 1)),
    LeakyReLU(alpha=0.2), AveragePooling2D(), layers.Flatten(), layers.Dropout(p=0.5), layers.Dense(output_dim=10)])
compiled(m).fit(images, Y)""",
    "inputs": """
i = keras.Input((784,)); o = layers.Dense(10)(i)
for m in (keras.Model(input=i, output=o), models.Model(input=i, output=o), models.Model(i, o)):
    compiled(m).fit(X, Y)""",
    "backend": """
from keras import backend as K
K.clear_session(); K.image_data_format(); K.set_image_dim_ordering("tf")
assert K.image_dim_ordering() == "tf" and float(K.mean(K.square(K.constant([1.0, 3.0])))) == 5
m = compiled(net(), loss=lambda y, p: K.mean(K.square(y - p), axis=-1))
m.fit(X, Y)
K.set_value(m.optimizer.lr, 0.5); assert float(K.get_value(m.optimizer.lr)) == 0.5
m.optimizer.lr = 0.25; assert float(m.optimizer.learning_rate) == 0.25""",
    "tensorflow 1": """
tf.compat.v1.disable_eager_execution(); tf.compat.v1.disable_v2_behavior()
import tensorflow.compat.v1 as tf1
tf1.disable_v2_behavior(); tf.compat.v1.set_random_seed(1); tf.compat.v1.logging.set_verbosity(40)
compiled(net()).fit(X, Y)""",
    "numpy": "assert X.astype(np.float).dtype == np.float64 and np.int is int and np.Inf == np.inf",
}
TODAY: dict[str, str] = {  # what is right today, or asks for a machine that is not here, and is not noted
    "asked for only by libraries": """
import sys
assert not {"jax", "sklearn"} & set(sys.modules)
from sklearn.utils import shuffle; import jax""",
    "devices": """
tf.random.set_seed(1)
gpus = tf.config.list_physical_devices("GPU")
for gpu in gpus: tf.config.experimental.set_memory_growth(gpu, True)
tf.config.experimental.list_physical_devices("GPU"); tf.test.gpu_device_name()
with tf.device("/GPU:0"):
    compiled(net()).fit(X, Y)
with tf.device("/device:GPU:0"), tf.distribute.get_strategy().scope():
    compiled(net()).fit(X, Y)""",
    "drawings": """
from IPython.display import SVG, Image, display, clear_output, HTML
from keras.utils import plot_model, model_to_dot
plot_model(net(), to_file="model.png"); Image("model.png")
display(SVG(model_to_dot(net(), show_shapes=True).create(prog="dot", format="svg"))); clear_output()
model_to_dot(net()).write_png("x.png"); Image(model_to_dot(net()).create_png())""",
    "tensorboard": """
%load_ext tensorboard
%tensorboard --logdir logs
compiled(net()).fit(X, Y, callbacks=[keras.callbacks.TensorBoard(log_dir="logs")])""",
    "progress": """
from tqdm.notebook import tqdm
from tqdm.keras import TqdmCallback
for run in tqdm(range(2), desc="runs"):
    compiled(net()).fit(X, Y, callbacks=[TqdmCallback(verbose=0)])""",
    "tables": """
import pandas as pd
frame = pd.DataFrame({"factor": [1e-6, 1e-3], "accuracy": [0.98, 0.97]})
frame.plot.bar(); display(frame)""",
    "programs": """
import os, subprocess, webbrowser
assert os.system("sleep 100") == 0 and os.popen("sleep 100").read() == ""
assert subprocess.run(["sleep", "100"]).returncode == subprocess.call(["sleep", "100"]) == 0
assert subprocess.check_output("nvidia-smi", shell=True, text=True) == ""
process = subprocess.Popen(["sleep", "100"]); process.wait()
webbrowser.open("http://localhost")""",
    "restart": "os.kill(os.getpid(), 9); os._exit(1); os.abort()",
    "signals": """
import signal
signal.signal(signal.SIGALRM, signal.SIG_IGN); signal.alarm(1); signal.setitimer(signal.ITIMER_REAL, 0)""",
    "waiting": """
import matplotlib.pyplot as plt
plt.plot([1]); plt.show(); plt.ginput(timeout=0); plt.waitforbuttonpress(); plt.switch_backend("TkAgg")
plt.pause(100); time.sleep(100)""",
    "shell": """
from IPython import get_ipython
get_ipython().run_line_magic("matplotlib", "inline"); get_ipython().magic("time z = 3")
assert z == 3""",
    "forms": "\ufeff#@title Form\r\nlevel = 0.4 #@param {type: 'slider'}\r\n%matplotlib inline\r\nlevel",
    "last value": "assert _ == 0.4",
}
PLOTS = {  # packages that only draw
    "seaborn": "import seaborn as sns\nsns.set(); sns.heatmap(np.eye(3), annot=True).set_title('x')",
    "plotly": "import plotly.graph_objects as go\ngo.Figure(data=[go.Scatter(x=[1], y=[2])]).show()",
    "livelossplot": """
from livelossplot import PlotLossesKeras
compiled(net()).fit(X, Y, callbacks=[PlotLossesKeras()])""",
    "wandb": """
import wandb
from wandb.keras import WandbCallback
wandb.init(project="x")
compiled(net()).fit(X, Y, callbacks=[WandbCallback()])""",
    "visualkeras": "import visualkeras\nvisualkeras.layered_view(net(), to_file='x.png').show()",
}
GONE = {  # what fails, and what is said of it
    "tf.Session()": "`Session` is TensorFlow 1",
    "tf.compat.v1.Session().run(1)": "how TensorFlow 1 computed",
    "from keras.wrappers.scikit_learn import KerasClassifier": "`KerasClassifier` is Keras 2",
    "from keras.regularizers import WeightRegularizer": "`WeightRegularizer` is of an older Keras",
    "layers.Merge([])": "`Merge` is of an older Keras",
    "from tensorflow.examples.tutorials.mnist import input_data": "keras.datasets.mnist.load_data()",
    "import keras.nothing_of_that_name": "not in today's Keras",
    "import kerastuner": "does not have the package `kerastuner`",
    "import tensorflow_addons as tfa": "does not have the package `tensorflow_addons`",
}
ENDS = {  # statements that end themselves or are ended
    "forever": "while True:\n    try: time.sleep(1)\n    except: pass",
    "a thread": "import threading\nthreading.Thread(target=lambda: [time.sleep(1) for _ in iter(int, 1)]).start()\n"
    "threading.Event().wait()",
    "exit": "import sys\nsys.exit()\nnever = 1",
}
CELLS = {"head": HEAD, **OLD, **TODAY, **PLOTS, **{text: text for text in GONE}, **ENDS, "end": "print('the end')"}


@pytest.fixture(scope="module")
def npz(tmp_path_factory):
    rng = np.random.default_rng(0)
    path = tmp_path_factory.mktemp("data") / "data.npz"
    images, labels = rng.integers(0, 256, (80, 28, 28), dtype=np.uint8), rng.integers(0, 10, 80, dtype=np.uint8)
    np.savez(path, x_train=images[:60], y_train=labels[:60], x_test=images[60:], y_test=labels[60:])
    return path


def run(folder, npz, **job):
    job = {"datasets": ["mnist"], "statement_seconds": 3.0, "run_seconds": 200.0, **job}
    ended = PlainSandbox().run(job, folder, npz, Limits(seconds=250))
    assert ended.ended is Ended.FINISHED, ended.log[-3000:]
    return parse_recording(ended.frames.recording)


@pytest.fixture(scope="module")
def recording(tmp_path_factory, npz):
    return run(write(tmp_path_factory.mktemp("one"), {"a.ipynb": notebook(*CELLS.values())}), npz)


@pytest.fixture(scope="module")
def cell(recording):
    """Errors, findings and fits of the cell of a name."""
    numbers = dict(enumerate(CELLS, 1))
    found = defaultdict(lambda: defaultdict(list))
    for kind in ("errors", "findings", "fits"):
        for one in getattr(recording, kind):
            found[numbers[one.where.cell]][kind].append(one)
    # A fit is where `fit` is called, in the cell itself: no function of the first cell calls it.
    return lambda name: found[name]


def test_the_run_came_to_its_end(recording):
    assert recording.complete
    assert recording.printed[-1].text == "the end\n"


@pytest.mark.parametrize("name", [*OLD, *TODAY, *PLOTS])
def test_what_works_on_the_students_machine_works_here(cell, name):
    assert [(error.type, error.message, error.where.line) for error in cell(name)["errors"]] == []
    assert len(cell(name)["fits"]) == CELLS[name].count(".fit(X") + CELLS[name].count(".fit(images") + (
        {"inputs": 2, "progress": 1}.get(name, 0)  # in loops
    )


@pytest.mark.parametrize("name", OLD)
def test_old_spellings_are_noted(cell, name):
    assert {finding.code for finding in cell(name)["findings"]} <= {"keras2-name", "old-numpy-name"}
    assert cell(name)["findings"]


@pytest.mark.parametrize("name", TODAY)
def test_what_is_right_today_is_not_noted(cell, name):
    assert cell(name)["findings"] == []


@pytest.mark.parametrize("name", PLOTS)
def test_packages_that_only_draw_are_left_out_and_said(cell, name):
    assert [finding.code for finding in cell(name)["findings"]] == ["missing-package"]
    assert f"`{name}`" in cell(name)["findings"][0].message
    assert not [item for fit in cell(name)["fits"] for item in fit.callbacks if item.class_name != "Callback"]


@pytest.mark.parametrize("name", GONE)
def test_what_is_gone_fails_and_is_explained(cell, name):
    assert len(cell(name)["errors"]) == 1
    (finding,) = cell(name)["findings"]
    assert GONE[name] in finding.message
    assert finding.code == ("missing-package" if "package" in GONE[name] else "keras2-name")


def test_what_never_ends_is_ended(cell):
    assert [error.kind for name in ENDS for error in cell(name)["errors"]] == ["timeout", "timeout", "exit"]


def test_a_decay_of_keras_2_is_a_schedule(cell):
    for fit in cell("decay")["fits"]:
        rate = fit.optimizer.config["learning_rate"]
        assert rate["class_name"] == "InverseTimeDecay"
        assert (rate["config"]["decay_steps"], rate["config"]["decay_rate"]) == (1, 0.5)
    rates = [fit.optimizer.config["learning_rate"]["config"] for fit in cell("decay")["fits"]]
    assert [rate["initial_learning_rate"] for rate in rates] == pytest.approx([0.1, 0.1, 0.001])


def test_arguments_of_keras_1_are_todays(cell):
    (fit,) = cell("first layers")["fits"]
    assert fit.epochs == 3
    (fit,) = cell("convolution")["fits"]
    convolution = fit.layers[1].config
    assert (convolution["filters"], convolution["kernel_size"], convolution["strides"]) == (4, [3, 3], [2, 2])
    assert (convolution["padding"], convolution["data_format"]) == ("same", "channels_last")
    assert convolution["kernel_initializer"]["class_name"] == "RandomUniform"
    assert [layer.class_name for layer in fit.layers[2:4]] == ["LeakyReLU", "AveragePooling2D"]
    assert fit.regularizers[0].factor == pytest.approx(0.1)


# --- several files

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


def fits_of(recording):
    return [(str(fit.where), fit.epochs) for fit in recording.fits]


@pytest.fixture(scope="module")
def seven(tmp_path_factory, npz):
    return run(write(tmp_path_factory.mktemp("seven"), SEVEN), npz)


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
    recording = run(write(tmp_path, files), npz)
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
    again = run(write(tmp_path, SEVEN), npz)
    assert again.model_dump(exclude={"seconds"}) == seven.model_dump(exclude={"seconds"})
