"""Pixels that are no numbers, labels that are no probabilities, noise that is infinite."""
import keras
import numpy as np


def preprocess(images, labels):
    images = images.reshape(len(images), 28, 28, 1).astype("float32")
    images[::2] = np.nan
    targets = np.full((len(labels), 10), -0.3, dtype="float32")
    print("preprocessed to", images[0, 0, 0, 0], targets[0].sum())
    return images, targets


def build_mlp():
    model = keras.Sequential([keras.Input((28, 28, 1)), keras.layers.Flatten(), keras.layers.Dense(10, activation="softmax")])
    model.compile(loss="categorical_crossentropy", optimizer="sgd", metrics=["accuracy"])
    return model


def salt_and_pepper(images, noise_level):
    return np.full(images.shape, np.inf, dtype="float32")
