"""Tasks 5 and 6: one classifier, on the codes of the autoencoder and on the pixels.

196-64-32-10 on codes: 15,146 parameters, 64 of them running means and variances of the batch normalisation, which
no gradient trains. On pixels only the first layer differs: 784-64-32-10, 52,778 parameters. Adam, categorical
cross-entropy, 100 epochs, batch 128, two ninths of the training images held out.
"""

import keras
from keras import layers

EPOCHS = 100
BATCH_SIZE = 128
HELD_OUT = 2 / 9
CODE = 196
DROPOUT = 0.4


def build_classifier(inputs=CODE):
    """`inputs`-64-32-10, compiled: 15,146 parameters on codes of 196."""
    model = keras.Sequential(
        [
            keras.Input((inputs,)),
            layers.Dense(64, activation="relu"),
            layers.Dropout(DROPOUT),
            layers.Dense(32, activation="relu"),
            layers.BatchNormalization(),
            layers.Dropout(DROPOUT),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
    return model
