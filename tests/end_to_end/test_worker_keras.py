"""The worker with Keras: one notebook of many cells, each a test; run twice, it gives the same recording.

A cell of `CELLS` has a name and its source. Tests look at the errors, findings, fits and output of that cell.
What a cell asserts itself is held to by the absence of errors.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import numpy as np
import pytest
from notebooks import notebook, write

from harness.parsing import parse_recording
from harness.recording import Recording
from harness.sandbox.base import Ended, Limits
from harness.sandbox.plain import PlainSandbox

pytestmark = pytest.mark.end_to_end

CELLS: dict[str, str] = {
    "imports": """
import numpy as np, tensorflow as tf, keras
from keras import layers, models
from keras.datasets import mnist
(x_train, y_train), (x_test, y_test) = mnist.load_data()
X = x_train.reshape(-1, 784).astype("float32") / 255
X_test = x_test.reshape(-1, 784).astype("float32") / 255
Y, Y_test = keras.utils.to_categorical(y_train, 10), keras.utils.to_categorical(y_test, 10)
def mlp(*first):
    return keras.Sequential([*first, layers.Dense(8, activation="relu"), layers.Dense(10, activation="softmax")])
def compiled(model, **more):
    model.compile(**({"optimizer": "sgd", "loss": "categorical_crossentropy", "metrics": ["accuracy"]} | more))
    return model
""",
    # --- graphs
    "sequential": "seq = compiled(mlp(keras.Input((784,))))\nseq.fit(X, Y)",
    "functional": """
i = keras.Input((784,))
h = layers.Dense(8, activation="relu")(i)
fun = compiled(keras.Model(i, layers.Dense(10, activation="softmax")(h)))
fun.fit(X, Y)""",
    "wrapped": "assert keras.wrappers.SKLearnClassifier(seq).get_params()['model'] is seq",
    "input shape": """
m = compiled(models.Sequential([layers.Dense(8, activation="relu", input_shape=(784,)),
                                layers.Dense(10, activation="softmax")]))
m.fit(X, Y)""",
    "input dim": """
m = models.Sequential()
m.add(layers.Dense(8, activation=tf.nn.relu, input_dim=784))
m.add(layers.Dense(10, activation=tf.nn.softmax))
compiled(m).fit(X, Y)""",
    "unbuilt": "m = compiled(mlp())\nassert not m.built\nm.fit(X, Y)\nassert m.built",
    "flattened": "m = compiled(mlp(layers.Flatten()))\nm.fit(x_train / 255, Y)",
    "nested": """
inner = keras.Sequential([keras.Input((784,)), layers.Dense(8, activation="relu")])
outer = compiled(keras.Sequential([keras.Input((784,)), inner, layers.Dense(10, activation="softmax")]))
outer.fit(X, Y)""",
    "halves": """
i = keras.Input((784,)); z = keras.Input((4,))
code = layers.Dense(4, name="code")(i)
last = layers.Dense(784, activation="sigmoid", name="last")
autoencoder = keras.Model(i, last(code)); encoder = keras.Model(i, code); decoder = keras.Model(z, last(z))
compiled(autoencoder, loss="binary_crossentropy", metrics=None).fit(X, X, epochs=2)
codes = encoder.predict(X)
assert codes.shape == (len(X), 4)
assert decoder.predict(np.random.rand(3, 4)).shape == (3, 784)
compiled(keras.Sequential([keras.Input((4,)), layers.Dense(10, activation="softmax")])).fit(codes, Y)""",
    "two models": """
shared = layers.Dense(8, activation="relu", name="shared")
one = compiled(keras.Sequential([keras.Input((784,)), shared, layers.Dense(10)]))
two = compiled(keras.Sequential([keras.Input((784,)), shared, layers.Dense(10)]))
one.fit(X, Y); two.fit(X, Y); one.fit(X, Y)""",
    "rescaled inside": """
i = keras.Input((784,))
compiled(keras.Model(i, layers.Dense(10, activation="softmax")(i / 255.))).fit(x_train.reshape(-1, 784), Y)""",
    "decay": """
from keras import regularizers
m = keras.Sequential([keras.Input((784,)),
    layers.Dense(8, kernel_regularizer=regularizers.l2(1e-4), bias_regularizer="l1"),
    layers.Dense(10, activation="softmax", activity_regularizer=keras.regularizers.L1(0.5))])
compiled(m).fit(X, Y)""",
    "branches": """
i = keras.Input((784,))
a, b = layers.Dense(8)(i), layers.Dense(8)(i)
compiled(keras.Model(i, layers.Dense(10)(layers.Concatenate()([a, b + a])))).fit(X, Y)""",
    "subclassed": """
class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.d = layers.Dense(10, activation="softmax")
    def call(self, x):
        return self.d(x)
compiled(Net()).fit(X, Y)""",
    "custom layer": """
class Mine(layers.Layer):
    def call(self, x):
        return x * 2
class Weighty(layers.Layer):
    def build(self, shape):
        self.w = self.add_weight(shape=(shape[-1],), initializer="ones")
    def call(self, x):
        return x * self.w
for own in (Mine, Weighty):
    compiled(keras.Sequential([keras.Input((784,)), own(), layers.Dense(10)])).fit(X, Y)""",
    # --- fits
    "arguments": """
m = compiled(mlp(keras.Input((784,))), optimizer=keras.optimizers.SGD(0.1, momentum=0.9),
             loss=keras.losses.CategoricalCrossentropy(), metrics=["accuracy", keras.metrics.AUC()])
h = m.fit(X, Y, 16, 3, validation_split=0.25, shuffle=False, class_weight={0: 2.0, 1: 1.0}, verbose=0,
          callbacks=[keras.callbacks.EarlyStopping(patience=2)])
print(sorted(h.history), h.epoch, h.params["epochs"])
assert m.history is h and all(len(values) == 3 for values in h.history.values())
assert h.history["accuracy"][-1] > h.history["accuracy"][0] and h.history["loss"][-1] < h.history["loss"][0]""",
    "validation": """
h = compiled(mlp(keras.Input((784,)))).fit(X[:40], Y[:40], epochs=2, validation_data=(X[40:], Y[40:]))
print(sorted(h.history))""",
    "again": "for _ in range(520):\n    seq.fit(X, Y, verbose=0)",
    "lists": """
m = compiled(mlp(keras.Input((784,))))
m.fit([X], [Y])
m.fit(tf.constant(X), tf.constant(Y))
print(m.predict([X_test]).shape, len(m.evaluate([X_test], [Y_test])))""",
    "two inputs": """
a, b = keras.Input((784,)), keras.Input((784,))
m = compiled(keras.Model([a, b], layers.Dense(10)(layers.Add()([a, b]))))
m.fit([X, X], Y)
print(m.predict([X_test, X_test]).shape)""",
    "generators": """
def batches():
    while True:
        yield X[:8], Y[:8]
m = compiled(mlp(keras.Input((784,))))
m.fit(batches(), steps_per_epoch=3, epochs=2)
m.fit(tf.data.Dataset.from_tensor_slices((X, Y)).batch(8), epochs=2)
print(m.predict(tf.data.Dataset.from_tensor_slices(X_test).batch(8)).shape)""",
    "evaluate": """
m = compiled(mlp(keras.Input((784,))))
loss, accuracy = m.evaluate(X_test, Y_test, verbose=0)
assert set(m.evaluate(X_test, Y_test, return_dict=True)) == {"loss", "accuracy"}
assert np.isscalar(compiled(mlp(keras.Input((784,))), metrics=None).evaluate(X_test, Y_test))
p = m.predict(X_test, batch_size=4, verbose=0)
assert p.shape == (len(X_test), 10) and p.dtype == np.float32 and np.argmax(p, axis=1).shape == (len(X_test),)
assert m(X_test[:2]).shape == (2, 10)""",
    # --- what fails in a real run fails here
    "uncompiled": "mlp(keras.Input((784,))).fit(X, Y)",
    "uncompiled evaluate": "mlp(keras.Input((784,))).evaluate(X, Y)",
    "input of the wrong shape": "seq.fit(x_train, Y)",
    "target of the wrong shape": "seq.fit(X, y_train)",
    "target twice encoded": "seq.fit(X, keras.utils.to_categorical(Y))",
    "validation of the wrong shape": "seq.fit(X, Y, validation_data=(X_test, y_test))",
    "lengths that differ": "seq.fit(X, Y[:-1])",
    "unknown argument": "seq.fit(X, Y, epoch=3)",
    "evaluate of the wrong shape": "seq.evaluate(x_test, Y_test)",
    "predict of the wrong shape": "seq.predict(x_test)",
    "one image": "seq.predict(X_test[0])",
    "weights that are missing": "seq.load_weights('nowhere.weights.h5')",
    "a model that is missing": "keras.models.load_model('nowhere.keras')",
    "key of no metric": "seq.fit(X, Y).history['nothing']",
    # --- Keras 2
    "k2 np_utils": "y = keras.utils.np_utils.to_categorical(y_train, 10)\nassert y.shape == Y.shape",
    "k2 from np_utils": "from keras.utils import np_utils\nassert np_utils.to_categorical(y_train).ndim == 2",
    "k2 as np_utils": "from keras import utils as np_utils\nassert np_utils.to_categorical(y_train).ndim == 2",
    "k2 import np_utils": """
from keras.utils.np_utils import to_categorical
assert to_categorical(y_train).ndim == 2""",
    "k2 tensorflow np_utils": """
import tensorflow.keras.utils.np_utils as u
assert u.to_categorical(y_train).ndim == 2""",
    "k2 tf np_utils": "assert tf.keras.utils.np_utils.to_categorical(y_train).ndim == 2",
    "k2 lr": "assert abs(float(keras.optimizers.SGD(lr=0.5).learning_rate) - 0.5) < 1e-6",
    "k2 tf lr": "assert abs(float(tf.keras.optimizers.Adam(lr=0.5).learning_rate) - 0.5) < 1e-6",
    "k2 lr decay": "o = keras.optimizers.SGD(lr=0.1, decay=1e-6, momentum=0.9, nesterov=True)",
    "k2 no decay": "o = keras.optimizers.SGD(learning_rate=0.1, decay=0.0)\nassert float(o.learning_rate) > 0.09",
    "k2 legacy": "m = compiled(mlp(keras.Input((784,))), optimizer=keras.optimizers.legacy.SGD(0.1)); m.fit(X, Y)",
    "k2 tf legacy": "o = tf.keras.optimizers.legacy.Adam(lr=0.1)",
    "k2 from legacy": "from tensorflow.keras.optimizers.legacy import SGD\nSGD(0.1)",
    "k2 gradient_descent": "from keras.optimizers import gradient_descent_v2\ngradient_descent_v2.SGD(0.1)",
    "k2 leaky": "assert layers.LeakyReLU(alpha=0.2).negative_slope == 0.2",
    "k2 acc": "h = seq.fit(X, Y, validation_split=0.5)\nh.history['acc'], h.history['val_acc']",
    "k2 predict_classes": "assert seq.predict_classes(X_test).shape == (len(X_test),)",
    "k2 predict_proba": "assert seq.predict_proba(X_test).shape == (len(X_test), 10)",
    "k2 fit_generator": "seq.fit_generator(generator=((X, Y) for _ in range(3)), steps_per_epoch=3, epochs=2)",
    "k2 evaluate_generator": "seq.evaluate_generator(((X, Y) for _ in range(3)), steps=3)",
    "k2 layers.core": "from keras.layers.core import Dense, Dropout, Activation",
    "k2 layers.convolutional": "from keras.layers.convolutional import Conv2D, MaxPooling2D",
    "k2 layers.advanced": "from tensorflow.keras.layers.advanced_activations import LeakyReLU",
    "k2 layers.normalization": "from keras.layers.normalization import BatchNormalization",
    "k2 save folder": """
seq.save('folder')
m = keras.models.load_model('folder')
assert m.count_params() == seq.count_params()""",
    "k2 save name": "seq.save('my_model')\nkeras.saving.save_model(seq, 'other')",
    "k2 save weights": """
seq.save_weights('w.h5')
fun.load_weights('w.h5')
seq.save_weights('ckpt')
seq.load_weights('ckpt')""",
    "k2 checkpoint": """
c = keras.callbacks.ModelCheckpoint('best.hdf5', save_best_only=True, monitor='val_acc', period=1)
seq.fit(X, Y, callbacks=[c])
seq.load_weights('best.hdf5')""",
    "k2 history lr": "assert seq.optimizer.lr is not None",
    "k2 workers": "seq.fit(X, Y, workers=2, use_multiprocessing=True)",
    "k2 wrappers": """
from keras.utils.vis_utils import plot_model
plot_model(seq, to_file='m.png', show_shapes=True)""",
    # --- still right today
    "saves": """
seq.save('m.keras'); seq.save('m.h5'); seq.save_weights('m.weights.h5'); seq.load_weights('m.weights.h5')
assert keras.models.load_model('m.keras').count_params() == seq.count_params()
c = keras.callbacks.ModelCheckpoint('c{epoch:02d}.keras')
seq.fit(X, Y, epochs=2, callbacks=[c])
keras.models.load_model('c02.keras')""",
    "plot": "keras.utils.plot_model(seq, 'm.png'); keras.utils.model_to_dot(seq); tf.keras.utils.plot_model(seq)",
    "pooling": "layers.AveragePooling2D(); tf.keras.layers.AveragePooling2D(); layers.MaxPool2D()",
    "image generator": """
from tensorflow.keras.preprocessing.image import ImageDataGenerator
from keras.preprocessing.image import ImageDataGenerator as Same
g = ImageDataGenerator(rotation_range=10)
m = compiled(mlp(layers.Flatten()))
m.fit(g.flow(x_train.reshape(-1, 28, 28, 1), Y, batch_size=8), epochs=2)""",
    "schedules": "keras.optimizers.SGD(keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9))",
    "summary": "seq.summary(); seq.get_config(); seq.count_params(); keras.models.clone_model(seq)",
    "loaders": """
import tensorflow.keras.datasets.mnist as a
from tensorflow.keras.datasets import mnist as b
from tensorflow.keras.datasets.mnist import load_data as c
from keras.datasets.mnist import load_data as d
for load in (a.load_data, b.load_data, c, d, keras.datasets.mnist.load_data, tf.keras.datasets.mnist.load_data):
    (p, q), (r, s) = load()
    assert (p == x_train).all() and (s == y_test).all() and p.dtype == np.uint8
    p[:] = 0
keras.datasets.mnist.load_data(path="mnist.npz")
keras.datasets.mnist.load_data("/tmp/mnist.npz")
import os
np.load(os.path.expanduser("~/.keras/datasets/mnist.npz"))["x_train"]""",
    # --- the machine around
    "sleep": """
import time
from time import sleep
t = time.monotonic()
time.sleep(50); sleep(50)
assert time.monotonic() - t < 1""",
    "input": "assert input('How many epochs? ') == ''\nimport getpass\ngetpass.getpass()",
    "show": "import matplotlib.pyplot as plt\nplt.plot([1, 2]); plt.show(); plt.show(block=True); plt.pause(30)",
    "backend": "import matplotlib\nmatplotlib.use('TkAgg'); plt.plot([1]); plt.show()",
    "colab": """
from google.colab import drive, files
import google.colab
drive.mount('/content/drive', force_remount=True)
files.download('x'); google.colab.output.clear()
from google.colab.patches import cv2_imshow
cv2_imshow(x_train[0])""",
    "upload": "uploaded = files.upload()\nassert list(uploaded) == []",
    "half characters": """
print('\\ud800')
m = compiled(mlp(keras.Input((784,))))
m.half = '\\udfff'
raise ValueError('\\ud800')""",
    "odd objects": """
class Odd:
    @property
    def __class__(self): raise RuntimeError
    def __eq__(self, other): raise RuntimeError
odd = Odd()""",
    "many models": "many = [keras.Sequential() for _ in range(30)]",
    "end": "finished = True\nprint('the end')",
}
WITHOUT_IMPORTS = [
    "(a, b), (c, d) = mnist.load_data()",
    "m = Sequential([Input((784,)), Dense(10)])\nm.compile(SGD(0.1), 'categorical_crossentropy')",
    "m.fit(a.reshape(-1, 784) / 255, np_utils.to_categorical(b, 10)); plt.plot(np.arange(3)); nothing_of_that_name",
]


@dataclass
class Seen:
    """What was seen of one cell."""

    errors: list = field(default_factory=list)
    codes: list = field(default_factory=list)
    messages: str = ""
    fits: list = field(default_factory=list)
    printed: str = ""


def run(folder, npz) -> Recording:
    job = {"datasets": ["mnist"], "statement_seconds": 30.0, "run_seconds": 200.0}
    ended = PlainSandbox().run(job, folder, npz, Limits(seconds=250))
    assert ended.ended is Ended.FINISHED, ended.log[-3000:]
    return parse_recording(ended.frames.recording)


@pytest.fixture(scope="module")
def npz(tmp_path_factory):
    rng = np.random.default_rng(0)
    path = tmp_path_factory.mktemp("data") / "data.npz"
    images, labels = rng.integers(0, 256, (80, 28, 28), dtype=np.uint8), rng.integers(0, 10, 80, dtype=np.uint8)
    np.savez(path, x_train=images[:60], y_train=labels[:60], x_test=images[60:], y_test=labels[60:])
    return path


FILES = {
    "g/1/a.ipynb": notebook(*CELLS.values()),
    "g/2/lazy.ipynb": notebook(*WITHOUT_IMPORTS),
    "g/3/b.ipynb": notebook("import helper\nprint(helper.here, open('notes.csv').read(), __name__)"),
    "g/3/helper.py": "import time\ntime.sleep(60)\nhere = 'beside'",
    "g/3/notes.csv": "1,2",
    "g/answers.md": "# 2A\nBecause.",
}


@pytest.fixture(scope="module")
def recording(tmp_path_factory, npz):
    return run(write(tmp_path_factory.mktemp("one"), FILES), npz)


@pytest.fixture(scope="module")
def cell(recording):
    """What was seen of the cell of a name."""
    numbers = dict(enumerate(CELLS, 1))
    found = {name: Seen() for name in CELLS}

    def own(things):
        return [thing for thing in things if thing.where is not None and thing.where.file == "g/1/a.ipynb"]

    for error in own(recording.errors):
        found[numbers[error.where.cell]].errors.append(error)
    for finding in own(recording.findings):
        found[numbers[finding.where.cell]].codes.append(finding.code)
        found[numbers[finding.where.cell]].messages += finding.message
    for fit in own(recording.fits):
        found[numbers[fit.where.cell]].fits.append(fit)
    for passage in own(recording.printed):
        found[numbers[passage.where.cell]].printed += passage.text
    return found.__getitem__


# --- graphs


def outline(fit):
    """A graph without names and identities."""
    layers = [layer.model_dump(exclude={"uid", "name"}) for layer in fit.layers]
    return json.dumps([layers, [node.model_dump() for node in fit.nodes], fit.params])


def named(graph):
    return {layer.name: layer for layer in graph.layers}


def classes(graph):
    return [layer.class_name for layer in graph.layers]


def test_the_run_came_to_its_end(recording, cell):
    assert (recording.kind, recording.complete) == ("notebook", True)
    assert cell("end").printed == "the end\n"
    assert len(recording.sources) == len(CELLS) + len(WITHOUT_IMPORTS) + 2


@pytest.mark.parametrize("way", ["functional", "input shape", "input dim", "unbuilt", "nested"])
def test_every_way_to_write_a_network_is_one_graph(cell, way):
    (fit,), (other,) = cell(way).fits[-1:], cell("sequential").fits
    assert classes(fit) == ["InputLayer", "Dense", "Dense"]
    assert outline(fit) == outline(other)
    assert fit.params == 784 * 8 + 8 + 8 * 10 + 10


def test_what_a_graph_says_of_its_layers(cell):
    (fit,) = cell("sequential").fits
    image, hidden, last = fit.layers
    assert [layer.params for layer in fit.layers] == [0, 6280, 90]
    assert image.config["batch_shape"] == [None, 784]
    assert (hidden.config["units"], hidden.config["activation"], last.config["activation"]) == (
        8,
        "relu",
        "softmax",
    )
    assert (hidden.output_shape, last.output_shape) == ((None, 8), (None, 10))
    assert [node.layer for node in fit.nodes] == [0, 1, 2]
    assert [ref.node for node in fit.nodes for ref in node.inputs] == [0, 1]
    assert [ref.node for ref in fit.outputs] == [2]


def test_fit_builds_what_was_not_built(cell):
    (fit,) = cell("flattened").fits
    assert classes(fit) == ["InputLayer", "Flatten", "Dense", "Dense"]
    assert fit.layers[0].config["batch_shape"] == [None, 28, 28]
    assert (fit.data.x.shape, fit.data.x.source, fit.data.y.encoding) == ((60, 28, 28), "x_train", "one_hot")


def test_halves_of_an_autoencoder_share_their_layers(recording, cell):
    autoencoder, on_codes = cell("halves").fits
    parts = {model.uid: model for model in recording.models if {"code", "last"} & set(named(model))}
    last = named(parts[autoencoder.model])["last"].uid
    decoder = next(model for model in parts.values() if "code" not in named(model))
    assert named(decoder)["last"].uid == last
    assert named(autoencoder)["last"].uid == last
    encoder = next(model for model in parts.values() if "last" not in named(model))
    assert on_codes.data.x.derived.model == encoder.uid
    assert on_codes.data.x.derived.given.source == "x_train"
    assert [state.fit for state in on_codes.data.x.derived.states] == [autoencoder.id]
    assert (on_codes.data.x.source, on_codes.data.y.source) == (None, "y_train")


def test_two_models_that_share_a_layer_and_a_model_fitted_twice(cell):
    one, two, again = cell("two models").fits
    assert named(one)["shared"].uid == named(two)["shared"].uid
    assert one.layers[-1].uid != two.layers[-1].uid
    assert one.model == again.model != two.model
    assert (one.previous, two.previous, again.previous) == ((), (), (one.id,))


def test_operations_are_part_of_the_graph(cell):
    (fit,) = cell("rescaled inside").fits
    (operation,) = [node for node in fit.nodes if fit.layers[node.layer].class_name.startswith("ops.")]
    assert 255.0 in operation.arguments["args"]
    assert fit.data.x.scale == 1


def test_regularisers_are_listed(cell):
    (fit,) = cell("decay").fits
    assert [(item.target, item.class_name) for item in fit.regularizers] == [
        ("kernel", "L2"), ("bias", "L1"), ("activity", "L1"),
    ]  # fmt: skip
    assert [item.factor for item in fit.regularizers] == pytest.approx([1e-4, 0.01, 0.5], rel=1e-5)
    assert fit.regularizers[0].layer == fit.layers[1].name


def test_branches_keep_which_goes_where(cell):
    (fit,) = cell("branches").fits
    concatenate = next(node for node in fit.nodes if fit.layers[node.layer].class_name == "Concatenate")
    assert len(concatenate.inputs) == 2
    assert all(ref.node < number for number, node in enumerate(fit.nodes) for ref in node.inputs)


def test_classes_of_their_own_are_graphs_where_they_only_put_layers_together(cell):
    (fit,) = cell("subclassed").fits
    assert (classes(fit), fit.problem) == (["InputLayer", "Dense"], None)
    composed, weighty = cell("custom layer").fits
    assert classes(composed) == ["InputLayer", "ops.Multiply", "Dense"]
    assert "custom:Weighty" in classes(weighty)


# --- fits


def test_what_fit_was_asked(cell):
    (fit,) = cell("arguments").fits
    assert (fit.epochs, fit.batch_size, fit.shuffle, fit.data.validation_split) == (3, 16, False, 0.25)
    assert (fit.optimizer.class_name, fit.loss.class_name) == ("SGD", "CategoricalCrossentropy")
    assert fit.optimizer.config["learning_rate"] == pytest.approx(0.1)
    assert fit.optimizer.config["momentum"] == 0.9
    assert fit.metrics == ("accuracy", "auc")
    assert fit.class_weight == {"0": 2.0, "1": 1.0}
    assert [(item.class_name, item.config["patience"]) for item in fit.callbacks] == [("EarlyStopping", 2)]
    assert cell("arguments").printed.startswith(
        "['accuracy', 'auc', 'loss', 'val_accuracy', 'val_auc', 'val_loss'] [0, 1, 2] 3"
    )


def test_the_data_of_a_fit(cell):
    (fit,) = cell("validation").fits
    assert (fit.data.x.rows.stop, fit.data.validation_x.rows.start, fit.data.validation_x.rows.stop) == (40, 40, 60)
    assert fit.data.validation_y.labels_match == 1
    assert cell("validation").printed == "['accuracy', 'loss', 'val_accuracy', 'val_loss']\n"


def test_a_model_fitted_more_often_than_a_recording_may_say(cell):
    fits = cell("again").fits
    assert len(fits) == 520
    assert len(fits[-1].previous) == 512
    assert fits[-1].previous[-1] == fits[-2].id


def test_lists_and_tensors_are_arrays(cell):
    assert [fit.data.x.source for fit in cell("lists").fits] == ["x_train", "x_train"]
    assert cell("lists").printed == "(20, 10) 2\n"


def test_what_are_no_arrays_is_said(cell):
    (fit,) = cell("two inputs").fits
    assert fit.data.kind == "unknown"
    assert "several inputs" in fit.problem
    assert cell("two inputs").printed == "(20, 10)\n"
    generator, dataset = cell("generators").fits
    assert (generator.data.kind, dataset.data.kind) == ("generator", "dataset")
    assert cell("generators").printed == "(20, 10)\n"
    assert [fit.data.kind for fit in cell("image generator").fits] == ["generator"]


WRONG = {
    "uncompiled": "ValueError",
    "uncompiled evaluate": "ValueError",
    "input of the wrong shape": "ValueError",
    "target of the wrong shape": "ValueError",
    "target twice encoded": "ValueError",
    "validation of the wrong shape": "ValueError",
    "lengths that differ": "ValueError",
    "unknown argument": "TypeError",
    "evaluate of the wrong shape": "ValueError",
    "predict of the wrong shape": "ValueError",
    "one image": "ValueError",
    "weights that are missing": "FileNotFoundError",
    "a model that is missing": "ValueError",
    "key of no metric": "KeyError",
    "half characters": "ValueError",
}


@pytest.mark.parametrize("name", WRONG)
def test_what_fails_in_a_real_run_fails_here(cell, name):
    (error,) = cell(name).errors
    assert error.type == WRONG[name]
    assert "\x1b" not in error.message
    for fit in cell(name).fits:
        expected = None if name == "key of no metric" else error.message.strip().split("\n")[0]
        assert fit.error == expected or fit.error.startswith(f"{error.type}: {expected}")


@pytest.mark.parametrize("name", [name for name in CELLS if name not in WRONG])
def test_what_works_in_a_real_run_works_here(cell, name):
    assert [(error.type, error.message, error.where.line) for error in cell(name).errors] == []


# --- Keras 2 and the machine around


KERAS_2 = {
    "k2 np_utils": "keras.utils.np_utils",
    "k2 lr": "SGD(lr=…)",
    "k2 tf lr": "Adam(lr=…)",
    "k2 lr decay": "SGD(decay=…)",
    "k2 legacy": "keras.optimizers.legacy",
    "k2 from legacy": "tensorflow.keras.optimizers.legacy",
    "k2 gradient_descent": "gradient_descent_v2",
    "k2 leaky": "negative_slope",
    "k2 acc": "history['val_acc']",
    "k2 predict_classes": "predict_classes",
    "k2 predict_proba": "predict_proba",
    "k2 fit_generator": "fit_generator",
    "k2 evaluate_generator": "evaluate_generator",
    "k2 layers.core": "keras.layers.core",
    "k2 layers.convolutional": "keras.layers.convolutional",
    "k2 layers.advanced": "tensorflow.keras.layers.advanced_activations",
    "k2 layers.normalization": "keras.layers.normalization",
    "k2 save folder": "model.save",
    "k2 save weights": ".weights.h5",
    "k2 checkpoint": "ModelCheckpoint",
    "k2 workers": "workers",
    "k2 wrappers": "keras.utils.vis_utils",
    "pooling": "pool_size=2",
}


@pytest.mark.parametrize("name", KERAS_2)
def test_names_of_keras_2_are_noted(cell, name):
    """Each once, where it is first used; that they work is tested above."""
    assert set(cell(name).codes) == {"keras2-name"}
    assert KERAS_2[name] in cell(name).messages


def test_names_of_today_are_not_noted(cell):
    noted = {name for name in CELLS if "keras2-name" in cell(name).codes}
    assert noted - set(KERAS_2) == {"image generator"}


def test_what_asks_a_person_is_noted(cell):
    assert set(cell("input").codes) == set(cell("upload").codes) == {"asks-for-input"}
    assert "How many epochs?" in cell("input").messages


def test_an_optimizer_of_keras_2_is_recorded_as_todays(cell):
    (fit,) = cell("k2 legacy").fits
    assert (fit.optimizer.class_name, fit.optimizer.config["learning_rate"]) == ("SGD", pytest.approx(0.1))


# --- more hand-ins


def test_the_same_hand_in_gives_the_same_recording(recording, tmp_path, npz):
    again = run(write(tmp_path, FILES), npz)
    assert again.model_dump(exclude={"seconds"}) == recording.model_dump(exclude={"seconds"})


def test_imports_that_are_missing_are_supplied_and_noted(recording):
    seen = (*recording.errors, *recording.findings, *recording.fits)
    here = [item for item in seen if item.where.file == "g/2/lazy.ipynb"]
    codes = [item.message.split("`")[1] for item in here if getattr(item, "code", "") == "missing-import"]
    assert codes == ["mnist", "Sequential", "Input", "Dense", "SGD", "np_utils", "plt", "np"]
    assert [item.type for item in here if hasattr(item, "type")] == ["NameError"]
    assert len([item for item in here if hasattr(item, "epochs")]) == 1


def test_a_notebook_runs_beside_its_files(recording):
    (printed,) = [part.text for part in recording.printed if part.where.file == "g/3/b.ipynb"]
    assert printed == "beside 1,2 __main__\n"
    assert [answer.text for answer in recording.answers] == ["# 2A\nBecause."]
