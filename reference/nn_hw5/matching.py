"""Which recorded fits answer which task of this assignment."""

import math

from harness.evidence import Network
from harness.matching import Rule, Sign

FACTOR = 0.1  # of the normal noise that the autoencoder is trained on


def _gaussian(network: Network) -> bool:
    return network.noise is not None and network.noise.kind == "gaussian"


def _at_the_factor(network: Network) -> bool:
    return _gaussian(network) and network.noise is not None and abs(network.noise.level - FACTOR) < 0.02


def _classes(network: Network) -> bool:
    own = network.head
    return own.classifier and not own.convolutional and bool(own.of_class("Dense"))


CLASSIFIER = (
    Sign(2, "has hidden layers of 64 and 32", lambda network: network.head.hidden_units == (64, 32)),
    Sign(1, "trains for 100 epochs", lambda network: network.epochs == 100),
    Sign(1, "uses batches of 128", lambda network: network.record.batch_size == 128),
    Sign(1, "trains a fresh network", lambda network: network.fresh),
)

AUTOENCODER = Rule(
    task="3",
    wanted="autoencoder trained from images to images",
    words=("autoencoder", "784", "encoder"),
    own_loop=lambda network: math.prod(network.facts.output_shape) == 784,
    needs=(Sign(0, "is trained to give images back", lambda network: network.reconstructs),),
    signs=(
        Sign(3, "has 1,438,676 parameters", lambda network: network.params == 1_438_676),
        Sign(2, "is trained from noisy images", lambda network: network.noise is not None),
        Sign(1, "is trained on normal noise", _gaussian),
        Sign(1, "is trained on noise of factor 0.1", _at_the_factor),
        Sign(2, "has a bottleneck of 196", lambda network: network.bottleneck == 196),
        Sign(1, "trains a fresh network", lambda network: network.fresh),
    ),
)

ON_CODES = Rule(
    task="5",
    wanted="classifier trained on what the encoder makes of the images",
    words=("encoder", "predict"),
    needs=(
        Sign(0, "trains on the labels", _classes),
        Sign(0, "takes what another network computes", lambda network: network.on_codes),
    ),
    signs=CLASSIFIER,
)

ON_PIXELS = Rule(
    task="6",
    wanted="classifier trained on the images themselves",
    words=("Dense", "raw"),
    needs=(
        Sign(0, "trains on the labels", _classes),
        Sign(0, "takes the images themselves", lambda network: not network.on_codes),
    ),
    signs=(*CLASSIFIER, Sign(1, "trains on clean images", lambda network: network.on_clean_images)),
)

RULES = (AUTOENCODER, ON_CODES, ON_PIXELS)
