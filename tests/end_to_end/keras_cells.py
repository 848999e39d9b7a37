"""What students write with Keras, a cell each: the notebook that test_worker_keras.py has recorded.

What a cell asserts itself is held to by the absence of errors.
"""

from __future__ import annotations

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
"""A cell by its name. The first imports what the others use, and names of one may be used by those after it."""

WITHOUT_IMPORTS = [
    "(a, b), (c, d) = mnist.load_data()",
    "m = Sequential([Input((784,)), Dense(10)])\nm.compile(SGD(0.1), 'categorical_crossentropy')",
    "m.fit(a.reshape(-1, 784) / 255, np_utils.to_categorical(b, 10)); plt.plot(np.arange(3)); nothing_of_that_name",
]
