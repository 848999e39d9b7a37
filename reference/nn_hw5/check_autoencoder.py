"""Checks of task 2: the autoencoder's layers, its bottleneck, its parameters."""

import pytest

from harness.autoencoders import require_bottleneck
from harness.checking import Failed, Partial

PARAMETERS = 1_438_676
TRAINABLE = 1_434_580
UNITS = (512, 512, 256, 196, 256, 512, 784)
BOTTLENECK = 196
NORM, DROP, LEAKY = "BatchNormalization", "Dropout", "LeakyReLU"
FOLLOWED_BY = ((NORM, DROP, LEAKY), (NORM, DROP, LEAKY), (NORM, LEAKY), (), (NORM, LEAKY), (NORM, LEAKY), ())
"""What comes after each dense layer, in any order."""
SHOWN = 2
LEAKY_RELU = "leaky_relu"
RESHAPING = ("Flatten", "Reshape")


def _following(autoencoder):
    """For each dense layer the kinds of what it hands its values on to, up to the next one. Its own activation, if
    it has one, is among them, but for the last one's. LeakyReLU may be an activation."""
    blocks = []
    for layer in autoencoder.layers:
        if layer.class_name == "Dense":
            blocks.append([layer.activation] if layer.activation != "linear" else [])
        elif blocks and layer.class_name not in RESHAPING:
            blocks[-1].append(layer.activation if layer.class_name == "Activation" else layer.class_name)
    blocks[-1] = []
    return [[LEAKY if kind == LEAKY_RELU else kind for kind in block] for block in blocks]


def _listed(kinds):
    return ", ".join(kinds) or "nothing"


@pytest.mark.check("2", 0.5)
def check_layers(autoencoder, verdict):
    """Dense layers 512-512-256-196-256-512-784, with batch normalisation, LeakyReLU and dropout between them."""
    verdict.where = autoencoder.where
    units = tuple(layer.units for layer in autoencoder.of_class("Dense"))
    shown = "-".join(map(str, units)) or "none"
    if units != UNITS:
        raise Failed(
            f"The dense layers are {shown}; asked are {'-'.join(map(str, UNITS))}.",
            "Compare autoencoder.summary() with the assignment's table, layer by layer.",
            where=autoencoder.where,
        )
    blocks = zip(units, _following(autoencoder), FOLLOWED_BY, strict=True)
    other = [
        f"after layer {number} of them ({size} units) comes {_listed(found)} (asked: {_listed(asked)})"
        for number, (size, found, asked) in enumerate(blocks, 1)
        if sorted(found) != sorted(asked)
    ]
    if len(other) > SHOWN:
        other[SHOWN:] = [f"{len(other) - SHOWN} more differ"]
    output = [layer for layer in autoencoder.layers if layer.class_name not in RESHAPING][-1]
    last = output.activation or output.class_name
    if last != "sigmoid":
        other.append(f"at the end {last} (asked: sigmoid)")
    if other:
        raise Partial(
            f"The dense layers have the right units, but {'; '.join(other)}.",
            "Hidden layers are Dense, BatchNormalization, LeakyReLU; the first two have Dropout as well. The code "
            "is the bare Dense(196).",
            share=0.5,
            where=autoencoder.where,
        )
    verdict.says(
        f"{shown}, batch normalisation five times, dropout twice, LeakyReLU five times, sigmoid at the end."
    )


@pytest.mark.check("2", 0.5)
def check_bottleneck(autoencoder, verdict):
    """Its narrowest layer, the bottleneck, hands on 196 values."""
    require_bottleneck(
        autoencoder,
        verdict,
        BOTTLENECK,
        "No layer is narrower than the image: it can copy, and there are no codes.",
        "Let a Dense(196) stand between encoder and decoder.",
    )


@pytest.mark.check("2", 0.5)
def check_parameters(autoencoder, verdict):
    """It has 1,438,676 parameters, 1,434,580 of them trainable."""
    verdict.where = autoencoder.where
    trainable = autoencoder.facts.trainable_params
    verdict.measured("parameters", autoencoder.params, how="counted on the rebuilt network")
    verdict.measured("trainable", trainable, how="counted on the rebuilt network")
    verdict.threshold("asked", PARAMETERS, "assignment")
    if autoencoder.params != PARAMETERS:
        raise Failed(
            f"It has {autoencoder.params:,} parameters; the one that is asked for has {PARAMETERS:,}.",
            "A dense layer has inputs · units + units, batch normalisation four for each unit.",
            where=autoencoder.where,
        )
    if trainable != TRAINABLE:
        raise Partial(
            f"It has {PARAMETERS:,} parameters, but {trainable:,} of them are trainable; asked are {TRAINABLE:,}.",
            "Only the running means and variances of batch normalisation are not trained: is a layer frozen?",
            share=0.5,
            where=autoencoder.where,
        )
    verdict.says(f"{PARAMETERS:,} parameters, {TRAINABLE:,} trainable, {PARAMETERS - TRAINABLE:,} not.")
