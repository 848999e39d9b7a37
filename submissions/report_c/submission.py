"""Assignment 7, Group 21. Answers are in answers.md."""

import keras
import numpy as np
from keras import layers

RECIPES = {
    "2C": {"epochs": 10, "batch_size": 128},
    "2D": {"epochs": 40, "batch_size": 128, "factors": [float(f) for f in np.linspace(1e-6, 1e-3, 5)], "replicates": 3},
    "3A": {"epochs": 5, "batch_size": 128},
    "4A": {"epochs": 32, "batch_size": 64, "noise_level": 0.4},
}


def preprocess(images, labels):
    x = np.expand_dims(images, -1).astype("float32") / 255.0
    y = keras.utils.to_categorical(labels, num_classes=10).astype("float32")
    return x, y


def classifier(hidden, l2=None):
    model = keras.Sequential([keras.Input(shape=(28, 28, 1)), layers.Flatten()])
    for units in hidden:
        regularizer = keras.regularizers.L2(l2) if l2 is not None else None
        model.add(layers.Dense(units, activation="relu", kernel_regularizer=regularizer))
    model.add(layers.Dense(10, activation="softmax"))
    model.compile(loss="categorical_crossentropy", optimizer=keras.optimizers.SGD(learning_rate=0.1), metrics=["accuracy"])
    return model


def build_mlp():
    return classifier([64, 64])


def build_weight_decay_mlp(l2):
    return classifier([500, 300], l2)


def build_cnn():
    model = keras.Sequential(
        [
            keras.Input(shape=(28, 28, 1)),
            layers.Conv2D(32, (3, 3), activation="relu"),
            layers.MaxPooling2D((2, 2)),
            layers.Conv2D(64, (5, 5), activation="relu"),
            layers.MaxPooling2D((2, 2)),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    return model


def salt_and_pepper(images, noise_level):
    seasoned = np.copy(images)
    mask = np.random.rand(*images.shape)
    seasoned[mask < noise_level / 2] = 0
    seasoned[mask > 1 - noise_level / 2] = 1
    return seasoned


def build_autoencoder():
    encoder = keras.Sequential(
        [keras.Input(shape=(784,)), layers.Dense(128, activation="relu"), layers.Dense(96, activation="relu")]
    )
    decoder = keras.Sequential(
        [keras.Input(shape=(96,)), layers.Dense(128, activation="relu"), layers.Dense(784, activation="sigmoid")]
    )
    autoencoder = keras.Sequential([keras.Input(shape=(784,)), encoder, decoder])
    autoencoder.compile(optimizer="adam", loss="binary_crossentropy")
    return autoencoder, encoder, decoder
