"""The reference as a hand-in: `harness grade reference/dat405_a7` grades it like any other, and
`harness calibrate dat405_a7` trains what it records."""

import autoencoder
import cnn
import mlp
import weight_decay
from autoencoder import build_autoencoder
from cnn import build_cnn
from mlp import build_mlp
from preprocessing import preprocess
from weight_decay import build_weight_decay_mlp

RECIPES = {
    "2C": {"epochs": mlp.EPOCHS, "batch_size": mlp.BATCH_SIZE},
    "2D": {
        "epochs": weight_decay.EPOCHS,
        "batch_size": weight_decay.BATCH_SIZE,
        "factors": weight_decay.FACTORS,
        "replicates": weight_decay.REPLICATES,
    },
    "3A": {"epochs": cnn.EPOCHS, "batch_size": cnn.BATCH_SIZE},
    "4A": {
        "epochs": autoencoder.EPOCHS,
        "batch_size": autoencoder.BATCH_SIZE,
        "noise_level": autoencoder.NOISE_LEVEL,
    },
}


def salt_and_pepper(images, noise_level):
    """The reference's noise, defined here so that the harness finds it in this file."""
    return autoencoder.salt_and_pepper(images, noise_level)


__all__ = ["RECIPES", "build_autoencoder", "build_cnn", "build_mlp", "build_weight_decay_mlp", "preprocess"]
