"""Which recorded fits answer which task of this assignment."""

from harness.evidence import Network
from harness.matching import Rule, Sign


def _plain_network(network: Network) -> bool:
    return network.classifier and not network.convolutional and bool(network.of_class("Dense"))


def _optimizer(network: Network) -> str:
    return network.record.optimizer.class_name if network.record.optimizer else ""


def _wide(network: Network) -> bool:
    return max((0, *network.hidden_units)) >= 200


def _grows(network: Network) -> bool:
    """Trained before under the same name with fewer layers: a Sequential that a loop adds to."""
    return bool(network.record.previous) and len(network.of_class("Dense")) > 3


def _from_noisy(network: Network) -> bool:
    return network.record.data.x is not None and network.record.data.x.noise is not None


MLP = Rule(
    task="2C",
    wanted="network of fully connected layers trained on the labels",
    words=("Dense",),
    needs=(Sign(0, "trains a network without convolution on the labels", _plain_network),),
    signs=(
        Sign(4, "has two hidden layers of 64", lambda network: network.hidden_units == (64, 64)),
        Sign(2, "has 55,050 parameters", lambda network: network.params == 55_050),
        Sign(1, "trains for 10 epochs", lambda network: network.record.epochs == 10),
        Sign(1, "uses batches of 128", lambda network: network.record.batch_size == 128),
        Sign(1, "uses SGD", lambda network: _optimizer(network) == "SGD"),
        Sign(1, "trains on clean images", lambda network: network.on_clean_images),
        Sign(-4, "has weight decay, which is task 2D's", lambda network: network.regularized),
        Sign(-3, "has hidden layers of 200 or more, as task 2D's", _wide),
        Sign(-2, "trains a network that was trained before", lambda network: bool(network.record.previous)),
    ),
)

SWEEP = Rule(
    task="2D",
    wanted="sweep of networks with weight decay",
    words=("regularizer", "500", "300"),
    group=True,
    at_most=60,
    needs=(
        Sign(0, "trains a network without convolution on the labels", _plain_network),
        Sign(
            0,
            "has weight decay, hidden layers of 200 or more, or layers added in a loop",
            lambda network: network.regularized or _wide(network) or _grows(network),
        ),
    ),
)

CNN = Rule(
    task="3A",
    wanted="network with a convolutional layer trained on the labels",
    words=("Conv2D",),
    needs=(
        Sign(0, "trains on the labels", lambda network: network.classifier),
        Sign(0, "has a convolutional layer", lambda network: network.convolutional),
    ),
    signs=(
        Sign(2, "trains on clean images", lambda network: network.on_clean_images),
        Sign(1, "trains a fresh network", lambda network: not network.record.previous),
        Sign(1, "trains for more than one epoch", lambda network: network.record.epochs > 1),
    ),
)

AUTOENCODER = Rule(
    task="4A",
    wanted="autoencoder trained from images to images",
    words=("autoencoder", "784"),
    needs=(Sign(0, "is trained to give images back", lambda network: network.reconstructs),),
    signs=(
        Sign(3, "has 226,416 parameters", lambda network: network.params == 226_416),
        Sign(2, "is trained from noisy images", _from_noisy),
        Sign(1, "narrows in the middle", lambda network: network.bottleneck is not None),
        Sign(1, "trains a fresh network", lambda network: not network.record.previous),
    ),
)

RULES = (MLP, SWEEP, CNN, AUTOENCODER)
