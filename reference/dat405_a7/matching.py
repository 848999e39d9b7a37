"""Which recorded fits answer which task of this assignment."""

import math
from collections import Counter, defaultdict
from collections.abc import Sequence

from harness.evidence import CONVOLUTIONS, Network, SelfTrained
from harness.matching import Group, Rule, Sign

LEVEL = 0.4  # the noise that the autoencoder of 4A is trained on


def _plain_network(network: Network) -> bool:
    return network.classifier and not network.convolutional and bool(network.of_class("Dense"))


def _wide(network: Network) -> bool:
    return max((0, *network.hidden_units)) >= 200


def _grows(network: Network) -> bool:
    """Trained before under the same name with fewer layers: a Sequential that a loop adds to."""
    return not network.fresh and len(network.of_class("Dense")) > 3


def _at_the_level_asked(network: Network) -> bool:
    return _nearness(network) > -0.03


def _nearness(network: Network) -> float:
    """How near its noise is to the level asked, at most 0. Levels are estimated: rounded, so that chance decides
    no tie."""
    noise = network.noise
    level = noise.level if noise is not None and noise.kind == "salt_and_pepper" else 0.0
    return -abs(round(level, 2) - LEVEL)


def _factor(network: Network) -> str | None:
    """The regulariser's factor as text, wherever it sits; None where there is none."""
    texts = [text for layer in network.layers for text in layer.regularizers]
    return next((text.split()[2] for text in texts), None)


def _place(network: Network) -> tuple[object, ...]:
    where = network.where
    return (where.file, where.cell, where.line) if where else ()


def _structure(network: Network) -> tuple[object, ...]:
    return (network.hidden_units, network.epochs)


def _sweeps(candidates: Sequence[Network]) -> list[Group]:
    """The sweeps that the candidates may be: all together, those of one loop, those of one structure wherever they
    stand (a cell a factor), and those of one loop and structure; of equally complete ones the narrowest."""
    keys = (lambda _: (), _structure, _place, lambda network: (*_place(network), *_structure(network)))
    groups: dict[tuple[str, ...], Group] = {}
    for key in keys:
        sets: dict[tuple[object, ...], list[Network]] = defaultdict(list)
        for network in candidates:
            sets[key(network)].append(network)
        for networks in sets.values():
            made = _sweep(tuple(networks))
            names = tuple(network.record.id for network in made.networks)
            groups.pop(names, None)  # a narrower key puts it further back, where it wins a tie
            groups[names] = made
    return list(groups.values())


def _sweep(networks: tuple[Network, ...]) -> Group:
    """Complete by what is asked: a point for each network of up to five factors and three replicates, then the
    layer sizes and epochs."""
    counts = Counter(factor for network in networks if (factor := _factor(network)) is not None)
    asked = sum(sorted((min(count, 3) for count in counts.values()), reverse=True)[:5])
    sizes = sum(1 for network in networks if network.hidden_units == (500, 300)) / len(networks)
    epochs = sum(1 for network in networks if network.epochs >= 40) / len(networks)
    most = max(counts.values(), default=0)
    factors = f"{len(counts)} factor{'s' if len(counts) != 1 else ''}"
    text = f"{factors}, up to {most} network{'s' if most != 1 else ''} each"
    return Group(networks, asked + 0.5 * sizes + 0.25 * epochs, text)


def _has(network: SelfTrained, *classes: str) -> bool:
    return any(layer.class_name in classes for layer in network.facts.layers)


def _convolutional(network: SelfTrained) -> bool:
    return _has(network, *CONVOLUTIONS)


def _classes(network: SelfTrained) -> bool:
    return network.facts.output_shape == (10,)


def _plain(network: SelfTrained) -> bool:
    return _classes(network) and _has(network, "Dense") and not _convolutional(network)


MLP = Rule(
    task="2C",
    wanted="network of fully connected layers trained on the labels",
    own_loop=_plain,
    words=("Dense",),
    needs=(Sign(0, "trains a network without convolution on the labels", _plain_network),),
    signs=(
        Sign(4, "has two hidden layers of 64", lambda network: network.hidden_units == (64, 64)),
        Sign(2, "has 55,050 parameters", lambda network: network.params == 55_050),
        Sign(1, "trains for 10 epochs", lambda network: network.epochs == 10),
        Sign(1, "uses batches of 128", lambda network: network.record.batch_size == 128),
        Sign(1, "uses SGD", lambda network: network.optimizer == "SGD"),
        Sign(1, "trains on clean images", lambda network: network.on_clean_images),
        Sign(-4, "has weight decay, which is task 2D's", lambda network: network.regularized),
        Sign(-3, "has hidden layers of 200 or more, as task 2D's", _wide),
        Sign(-2, "trains a network that was trained before", lambda network: not network.fresh),
    ),
)

SWEEP = Rule(
    task="2D",
    wanted="sweep of networks with weight decay",
    words=("regularizer", "500", "300"),
    groups=_sweeps,
    at_most=60,
    own_loop=lambda network: _plain(network) and any((layer.units or 0) >= 200 for layer in network.facts.layers),
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
    best=True,
    prefer=lambda network: network.epochs,  # of equal ones those that were trained longest are tried
    own_loop=lambda network: _classes(network) and _convolutional(network),
    needs=(
        Sign(0, "trains on the labels", lambda network: network.classifier),
        Sign(0, "has a convolutional layer", lambda network: network.convolutional),
    ),
    signs=(
        Sign(2, "trains on clean images", lambda network: network.on_clean_images),
        Sign(1, "trains a fresh network", lambda network: network.fresh),
        Sign(1, "trains for more than one epoch", lambda network: network.epochs > 1),
    ),
)

AUTOENCODER = Rule(
    task="4A",
    wanted="autoencoder trained from images to images",
    words=("autoencoder", "784"),
    own_loop=lambda network: math.prod(network.facts.output_shape) == 784,
    prefer=_nearness,
    needs=(Sign(0, "is trained to give images back", lambda network: network.reconstructs),),
    signs=(
        Sign(3, "has 226,416 parameters", lambda network: network.params == 226_416),
        Sign(2, "is trained from noisy images", lambda network: network.noise is not None),
        Sign(3, "is trained at noise level 0.4", _at_the_level_asked),
        Sign(1, "narrows in the middle", lambda network: network.bottleneck is not None),
        Sign(1, "trains a fresh network", lambda network: network.fresh),
    ),
)

DECODER = Rule(
    task="4D",
    wanted="decoder that shares a trained autoencoder's layers",
    words=("decoder",),
    decodes="4A",
    best=True,
    prefer=_nearness,
    needs=(
        Sign(0, "is trained to give images back", lambda network: network.reconstructs),
        Sign(0, "shares its last layers with a decoder", lambda _network: True),
    ),
)

RULES = (MLP, SWEEP, CNN, AUTOENCODER, DECODER)
