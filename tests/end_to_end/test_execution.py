"""Execution with Keras: old spellings, what asks the machine around, and what never ends.

`CELLS` is one notebook, a cell each; what a cell asserts itself is held to by the absence of errors.
"""

from __future__ import annotations

from collections import defaultdict

import pytest
from notebooks import notebook, write
from recorded import run, save_images

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
    return save_images(tmp_path_factory.mktemp("data") / "data.npz")


@pytest.fixture(scope="module")
def recording(tmp_path_factory, npz):
    folder = write(tmp_path_factory.mktemp("one"), {"a.ipynb": notebook(*CELLS.values())})
    return run(folder, npz, statement_seconds=6.0)[0]  # enough to import a package, little to wait for


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
