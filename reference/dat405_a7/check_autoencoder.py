"""Checks of task 4A: the denoising autoencoder 784-128-96-128-784."""

from itertools import pairwise

import pytest

from harness.autoencoders import noise_found, noise_of_inputs, require_bottleneck
from harness.checking import Failed, NotMeasured, Partial, require_any_made, require_trained
from harness.results import Cause

PARAMETERS = 784 * 128 + 128 + 128 * 96 + 96 + 96 * 128 + 128 + 128 * 784 + 784
BOTTLENECK = 96
NOISE_LEVEL = 0.4
OTHER_NOISE = 0.7  # share of the points for noise of another kind or level
ACTIVATIONS = ("ReLU", "LeakyReLU", "PReLU", "ELU", "Softmax")  # layers that are nothing else
EPOCHS = 32
BATCH_SIZE = 64
REMOVED = 0.5  # share of the squared error; the reference removes nine tenths


@pytest.mark.check("4A", 0.08)
def check_parameters(autoencoder, verdict):
    """The autoencoder 784-128-96-128-784 has 226,416 parameters, and its inner layers an activation."""
    verdict.where = autoencoder.where
    verdict.measured("parameters", autoencoder.params, how="counted on the rebuilt network")
    verdict.threshold("asked", PARAMETERS, "assignment")
    if autoencoder.params != PARAMETERS:
        raise Failed(
            f"It has {autoencoder.params:,} parameters; 784-128-96-128-784 has {PARAMETERS:,}.",
            "Compare autoencoder.summary() with the assignment's drawing.",
            where=autoencoder.where,
        )
    linear = _linear(autoencoder.layers)
    if linear:
        raise Partial(
            f"The number of parameters is right, but inner layers have no activation: {', '.join(linear)}.",
            "Without an activation a layer is only a linear map, and several in a row are no more than one: "
            "Dense(128, activation='relu').",
            share=0.5,
            where=autoencoder.where,
        )
    verdict.says("784-128-96-128-784, 226,416 parameters.")


def _linear(layers):
    """What the hidden layers are called that have neither an activation of their own nor a layer for it before the
    next one. The code may be linear, between layers that are not; the output is no hidden layer."""
    places = [number for number, layer in enumerate(layers) if layer.units is not None]
    bare = []
    for place, after in pairwise(places):
        own = layers[place].activation not in (None, "linear")
        if not own and not any(_activates(layer) for layer in layers[place + 1 : after]):
            bare.append(layers[place])
    narrowest = min((layer.units for layer in layers if layer.units is not None), default=0)
    if len(bare) == 1 and bare[0].units == narrowest:
        return []
    return [f"{layer.class_name}({layer.units})" for layer in bare]


def _activates(layer):
    return layer.class_name in ACTIVATIONS or (layer.class_name == "Activation" and layer.activation != "linear")


@pytest.mark.check("4A", 0.08)
def check_bottleneck(autoencoder, verdict):
    """Its narrowest layer, the bottleneck, hands on 96 values."""
    require_bottleneck(
        autoencoder,
        verdict,
        BOTTLENECK,
        "No layer is narrower than the image.",
        "Let a Dense(96) follow Dense(128).",
    )


@pytest.mark.check("4A", 0.13)
def check_noisy_to_clean(autoencoder, verdict):
    """It is trained from noisy images to the same images, clean."""
    verdict.where = autoencoder.where
    noise = noise_of_inputs(autoencoder, "fit(salt_and_pepper(x_train, 0.4), x_train)", OTHER_NOISE)
    kind = noise.kind.replace("_", " ")
    verdict.measured("noise level", noise.level, how=noise_found(autoencoder, noise))
    verdict.threshold("asked", NOISE_LEVEL, "assignment")
    if noise.kind != "salt_and_pepper" or abs(noise.level - NOISE_LEVEL) > 0.02:
        raise Partial(
            f"The inputs have {kind} noise of level {noise.level:.2f}; 0.4 is asked.",
            "salt_and_pepper(x_train, 0.4)",
            share=OTHER_NOISE,
            where=autoencoder.where,
        )
    if noise.shared:
        raise Partial(
            "The same pixels are changed in every image: it learns where they are, not to tell noise from a digit.",
            "salt_and_pepper(x_train, 0.4), which draws for each image anew: np.random.random(x_train.shape) < 0.4",
            share=0.7,
            where=autoencoder.where,
        )
    verdict.says("Inputs with salt and pepper noise of level 0.4, clean targets.")


@pytest.mark.check("4A", 0.08)
def check_training(autoencoder, verdict):
    """It is trained for 32 epochs in batches of 64, by adam, with binary cross-entropy."""
    verdict.where = autoencoder.where
    evidence, record = autoencoder.evidence, autoencoder.record
    loss = evidence.loss[0] if evidence.loss else _recorded(record.loss)
    optimizer = evidence.optimizer[0] if evidence.optimizer else _recorded(record.optimizer)
    verdict.measured("epochs", autoencoder.epochs, how="as given to fit, calls that only go on added up")
    verdict.threshold("asked", EPOCHS, "assignment")
    wrong = []
    if autoencoder.epochs != EPOCHS:
        wrong.append(f"for {autoencoder.epochs} epochs (asked: {EPOCHS})")
    if record.batch_size != BATCH_SIZE:
        wrong.append(f"in batches of {record.batch_size} (asked: {BATCH_SIZE})")
    if optimizer != "Adam":
        wrong.append(f"by {optimizer} (asked: Adam)")
    if loss != "BinaryCrossentropy":
        wrong.append(f"with the loss {loss} (asked: BinaryCrossentropy)")
    if wrong:
        message = f"It is trained {' and '.join(wrong)}."
        if len(wrong) > 1:
            raise Failed(
                message,
                "compile(optimizer='adam', loss='binary_crossentropy'), and fit(…, epochs=32, batch_size=64)",
                where=autoencoder.where,
            )
        raise Partial(
            message,
            "Another way of training is a choice worth explaining in the text.",
            share=0.5,
            where=autoencoder.where,
        )
    verdict.says("Adam and binary cross-entropy, 32 epochs in batches of 64.")


def _recorded(component):
    """The name of a loss or an optimizer as the hand-in gave it."""
    return component.class_name if component else "none"


@pytest.mark.check("4A", 0.13)
def check_reconstruction(autoencoder, evidence, verdict):
    """Trained, it removes at least half of the error that the noise makes."""
    verdict.where = autoencoder.where
    require_trained(autoencoder, "It")
    curves = evidence.denoising
    if curves is None:
        require_any_made((*evidence.networks("3A"), *evidence.networks("2C")), "The classifier")
        why = evidence.why_unmeasured("denoising")
        raise NotMeasured(
            f"It could not be tried: {why.reason}.",
            cause=why.cause or Cause.ERROR_IN_SUBMISSION,
            where=autoencoder.where,
        )
    place = min(range(len(curves.levels)), key=lambda number: abs(curves.levels[number] - NOISE_LEVEL))
    noisy, restored = curves.error_noisy[place], curves.error_denoised[place]
    how = f"mean squared error a pixel, {curves.images} evaluation images, noise {curves.levels[place]:g}"
    removed = 1 - restored / noisy if noisy else 0.0
    verdict.measured("error before", noisy, n=curves.images, how=how)
    verdict.measured("error after", restored, n=curves.images, how=how)
    verdict.measured("error removed", removed, unit="share", n=curves.images, how="1 − after / before")
    verdict.threshold("asked", REMOVED, "course")
    if removed < REMOVED:
        told = "it does not help" if removed <= 0 else f"{removed:.0%} of it is gone, and half is asked"
        raise Failed(
            f"The error a pixel is {noisy:.4f} before and {restored:.4f} after the autoencoder: {told}.",
            "Check that inputs, targets and the scale of both are what you think.",
            where=autoencoder.where,
        )
    verdict.says(f"The error a pixel falls from {noisy:.4f} to {restored:.4f}: {removed:.0%} of it is gone.")
