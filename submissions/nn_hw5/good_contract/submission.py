"""Homework 5, Group 4: a denoising autoencoder and its codes.

Our written answers are in answers.md, one heading for each question.
"""

import keras
import numpy as np
from keras import layers

PIXELS = 784
BOTTLENECK = 196

# How each network is trained.
RECIPES = {
    "3": {"epochs": 100, "batch_size": 256, "noise_level": 0.1},
    "5": {"epochs": 100, "batch_size": 128, "validation_split": 2 / 9},
    "6": {"epochs": 100, "batch_size": 128, "validation_split": 2 / 9},
}


def preprocess(images, labels):
    """Rows of 784 values in [0, 1], one-hot labels."""
    rows = images.reshape(len(images), PIXELS).astype("float32") / 255
    return rows, keras.utils.to_categorical(labels, 10)


# ------------------------------------------------------------ questions 2 and 3


def gaussian_noise(images, factor):
    """Normal noise, clipped; the images that it is given stay as they are."""
    noise = factor * np.random.normal(size=images.shape)
    return np.clip(images + noise, 0, 1).astype("float32")


def build_autoencoder():
    """784-512-512-256-196-256-512-784, as encoder and decoder in a row."""
    encoder = keras.Sequential([keras.Input((PIXELS,))], name="encoder")
    for units, dropout in ((512, 0.2), (512, 0.2), (256, 0)):
        encoder.add(layers.Dense(units))
        encoder.add(layers.BatchNormalization())
        if dropout:
            encoder.add(layers.Dropout(dropout))
        encoder.add(layers.LeakyReLU())
    encoder.add(layers.Dense(BOTTLENECK))

    decoder = keras.Sequential([keras.Input((BOTTLENECK,))], name="decoder")
    for units in (256, 512):
        decoder.add(layers.Dense(units))
        decoder.add(layers.BatchNormalization())
        decoder.add(layers.LeakyReLU())
    decoder.add(layers.Dense(PIXELS, activation="sigmoid"))

    autoencoder = keras.Sequential([encoder, decoder])
    autoencoder.compile(optimizer="adam", loss="mean_squared_error")
    return autoencoder, encoder, decoder


# ------------------------------------------------------------ questions 5 and 6


def build_classifier(inputs):
    """The same layers for codes and for pixels."""
    model = keras.Sequential(
        [
            keras.Input((inputs,)),
            layers.Dense(64, activation="relu"),
            layers.Dropout(0.4),
            layers.Dense(32, activation="relu"),
            layers.BatchNormalization(),
            layers.Dropout(0.4),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(
        optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"]
    )
    return model
