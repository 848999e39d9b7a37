"""An honest hand-in: what it gets must be the same whoever was graded before it."""

import keras
import numpy as np
from keras import layers

RECIPES = {"2C": {"epochs": 10, "batch_size": 128}}


def preprocess(images, labels):
    """Images to float32 in [0, 1] with a channel axis, labels to one-hot rows."""
    images = (images.astype("float32") / 255).reshape(len(images), 28, 28, 1)
    return images, keras.utils.to_categorical(labels, 10).astype("float32")


def build_mlp():
    """784-64-64-10."""
    model = keras.Sequential(
        [
            keras.Input(shape=(28, 28, 1)),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(64, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(
        loss="categorical_crossentropy",
        optimizer=keras.optimizers.SGD(learning_rate=0.1),
        metrics=["accuracy"],
    )
    return model


def salt_and_pepper(images, noise_level=0.4):
    """A copy of `images` in which a share `noise_level` of the pixels is 0 or 1."""
    noisy = np.array(images, dtype="float32")
    hit = np.random.random(noisy.shape) < noise_level
    noisy[hit] = np.random.randint(0, 2, size=hit.sum())
    return noisy
