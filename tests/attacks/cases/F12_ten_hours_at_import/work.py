"""Trains for ten hours when it is run: by itself, and then by calls of fit that ask for a million epochs."""
import time

import keras
import numpy as np

end = time.time() + 36_000
weights = np.zeros((784, 10))
while time.time() < end:
    weights += 1e-9

model = keras.Sequential([keras.Input((784,)), keras.layers.Dense(10, activation="softmax")])
model.compile(loss="sparse_categorical_crossentropy", optimizer="sgd")
(x_train, y_train), _ = keras.datasets.mnist.load_data()
model.fit(x_train.reshape(-1, 784) / 255.0, y_train, epochs=1_000_000, verbose=1)
print("a million epochs in no time")
