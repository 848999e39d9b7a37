"""Checks of task 2: the autoencoder's layers, its bottleneck, its parameters."""

import pytest

from harness.autoencoders import require_bottleneck
from harness.checking import Failed, Partial

PARAMETERS = 1_438_676
TRAINABLE = 1_434_580
UNITS = (512, 512, 256, 196, 256, 512, 784)
BOTTLENECK = 196
KINDS = {"BatchNormalization": 5, "Dropout": 2, "LeakyReLU": 5}


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
    counts = {kind: len(autoencoder.of_class(kind)) for kind in KINDS}
    other = [f"{counts[kind]} of {kind} (asked: {KINDS[kind]})" for kind in KINDS if counts[kind] != KINDS[kind]]
    last = autoencoder.layers[-1].activation
    inside = {layer.activation for layer in autoencoder.of_class("Dense")[:-1]}
    busy = sorted(name for name in inside if name and name != "linear")
    if busy:
        other.append(f"dense layers inside with {' and '.join(busy)} (asked: none, LeakyReLU comes after them)")
    if last != "sigmoid":
        other.append(f"an output with {last} (asked: sigmoid)")
    if other:
        raise Partial(
            f"The dense layers are right, but there are {', '.join(other)}.",
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
