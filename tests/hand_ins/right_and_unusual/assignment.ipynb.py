# %% [markdown]
# Everything here is right, and a little unusual.
# %%
import keras
import matplotlib.pyplot as plt
import numpy as np
from keras import layers, regularizers
from keras.datasets import mnist

(x_train, lbl_train), (x_test, lbl_test) = mnist.load_data()
x_train = x_train.reshape(-1, 28, 28, 1).astype("float32") / 255
x_test = x_test.reshape(-1, 28, 28, 1).astype("float32") / 255
y_train, y_test = (keras.utils.to_categorical(labels, 10) for labels in (lbl_train, lbl_test))
# %%
def train(network, epochs, **more):
    """Ten epochs or more, one at a time."""
    network.compile(loss="categorical_crossentropy", optimizer=keras.optimizers.SGD(0.1), metrics=["accuracy"])
    curve = []
    for epoch in range(epochs):
        curve += network.fit(x_train, y_train, batch_size=128, epochs=1, verbose=0, validation_data=(x_test, y_test)).history["val_accuracy"]
    return curve

curve = train(keras.Sequential([layers.Flatten(), layers.Dense(64, activation="relu"), layers.Dense(64, activation="relu"), layers.Dense(10, activation="softmax")]), 10)
smooth = [np.mean(curve[i:i+3]) for i in range(len(curve) - 2)]
plt.plot(smooth)
# %%
# first tries:
# network.fit(x_train, y_train, epochs=20)
# network = smaller()
# %%
factors = np.geomspace(1e-6, 1e-3, 5)
runs = {}
for factor in [0, *factors, 0.01]:
    for replicate in range(3 if factor in factors else 1):
        decay = {"kernel_regularizer": regularizers.L2(factor)} if factor else {}
        network = keras.Sequential([layers.Flatten(), layers.Dense(500, activation="relu", **decay), layers.Dense(300, activation="relu", **decay), layers.Dense(10, activation="softmax")])
        network.compile(loss="categorical_crossentropy", optimizer=keras.optimizers.SGD(0.1), metrics=["accuracy"])
        history = network.fit(x_train, y_train, batch_size=128, epochs=40, verbose=0, validation_data=(x_test, y_test)).history
        runs.setdefault(factor, []).append(history["val_accuracy"])
# %%
last = np.array([[run[-1] for run in runs[factor]] for factor in factors])
plt.errorbar(factors, last.mean(axis=1), last.std(axis=1, ddof=1))
plt.xscale("log")
plt.xlabel("weight decay factor")
plt.xticks([1e-6, 1e-5, 1e-4, 1e-3])
plt.plot(np.mean([runs[factor] for factor in factors], axis=1).T)
# %%
rates = [1e-4, 1e-3, 1e-2]
best = []
for rate in rates:
    cnn = keras.Sequential([layers.Conv2D(16, 5, activation="relu"), layers.MaxPooling2D(), layers.Flatten(), layers.Dense(10, activation="softmax")])
    cnn.compile(loss="categorical_crossentropy", optimizer=keras.optimizers.Adam(rate), metrics=["accuracy"])
    best.append(max(cnn.fit(x_train, y_train, batch_size=128, epochs=8, validation_data=(x_test, y_test), verbose=0).history["val_accuracy"]))
plt.figure()
plt.semilogx(rates, best)
plt.xlabel("learning rate")
# %%
def salt_and_pepper(images, noise_level=0.4):
    """Noise of a level, on a copy."""
    random = np.random.random(images.shape)
    return np.where(random < noise_level / 2, 0, np.where(random < noise_level, 1, images)).astype("float32")

flat_train, flat_test = x_train.reshape(-1, 784), x_test.reshape(-1, 784)
image = keras.Input((784,))
code = layers.Dense(96, activation="relu")(layers.Dense(128, activation="relu")(image))
autoencoder = keras.Model(image, layers.Dense(784, activation="sigmoid")(layers.Dense(128, activation="relu")(code)))
autoencoder.compile(optimizer="adam", loss="binary_crossentropy")
autoencoder.fit(salt_and_pepper(flat_train), flat_train, epochs=32, batch_size=64, verbose=0)
# %%
for number, level in enumerate(np.linspace(0, 1, 5)):
    share = level
    noisy = salt_and_pepper(flat_test, share)
    shown = salt_and_pepper(flat_test[:1], 0.4)  # the level of the training, beside it
    print(level, cnn.evaluate(noisy.reshape(-1, 28, 28, 1), y_test, verbose=0), autoencoder.evaluate(noisy, flat_test, verbose=0))
