"""The reference as a hand-in: `harness grade reference/nn_hw5 --assignment nn_hw5` grades it like any other, and
`harness calibrate nn_hw5` trains what it records."""

import autoencoder
import classifier
from autoencoder import build_autoencoder
from classifier import build_classifier
from preprocessing import preprocess

_CLASSIFIER = {
    "epochs": classifier.EPOCHS,
    "batch_size": classifier.BATCH_SIZE,
    "validation_split": classifier.HELD_OUT,
}
RECIPES = {
    "3": {
        "epochs": autoencoder.EPOCHS,
        "batch_size": autoencoder.BATCH_SIZE,
        "noise_level": autoencoder.NOISE_FACTOR,
    },
    "5": _CLASSIFIER,
    "6": _CLASSIFIER,
}


def gaussian_noise(images, factor):
    """The reference's noise, defined here so that the harness finds it in this file."""
    return autoencoder.gaussian_noise(images, factor)


__all__ = ["RECIPES", "build_autoencoder", "build_classifier", "preprocess"]
