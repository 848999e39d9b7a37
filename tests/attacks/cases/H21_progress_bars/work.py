"""A hundred epochs when it is run, and a progress bar of 100,000 lines."""
import sys

import keras

(x_train, y_train), _ = keras.datasets.mnist.load_data()
model = keras.Sequential([keras.Input((28, 28)), keras.layers.Flatten(), keras.layers.Dense(10, activation="softmax")])
model.compile(loss="sparse_categorical_crossentropy", optimizer="sgd")
model.fit(x_train / 255.0, y_train, epochs=100, verbose=1)
for step in range(100_000):
    sys.stdout.write("\r%d/100000 [=====>......] - loss: 0.1" % step)
print()
print("a hundred thousand lines")
