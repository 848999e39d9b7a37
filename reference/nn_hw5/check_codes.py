"""Checks of tasks 5 and 6: a classifier on the autoencoder's codes, and the same one on the pixels."""

import math

import pytest

from harness.checking import Failed, ForAPerson, NotMeasured, Partial, network_of, require_trained
from harness.encoders import is_decoded
from harness.results import Cause
from harness.text import quantity, signed
from harness.verdicts import Words, hold, judge_accuracy

CODE = 196
PARAMETERS = 15_146
HIDDEN = (64, 32)
DROPOUTS = ("rate 0.4", "rate 0.4")
EPOCHS = 100
BATCH_SIZE = 128
HELD_OUT = (0.19, 0.26)
"""Two ninths, or what is near: a fifth, a quarter."""
ACTIVATIONS = {"ReLU": "relu", "LeakyReLU": "leaky_relu", "ELU": "elu", "PReLU": "prelu", "Softmax": "softmax"}
LOSSES = ("CategoricalCrossentropy", "SparseCategoricalCrossentropy")

DIFFERENCE = Words(
    name="codes less pixels",
    reaches="the difference is",
    trained="your classifier, on codes and on pixels,",
    how="accuracy on codes minus accuracy on pixels, the same classifier and seeds, mean over seeds",
    hint="Are the codes what the trained encoder makes of clean images?",
    shown=lambda value: signed(f"{100 * value:+.1f} percentage points"),
    correct="come to",
    figure="the difference is ",
)

AT_RANDOM = "The encoder's dropout acts here while the classifier above it is trained, as it does not in predict."


def _encodes(x, autoencoder):
    """Whether an array is what the trained layers of the autoencoder, and no others, make of images."""
    derived = x.derived
    layers = {layer.uid for layer in autoencoder.record.layers}
    return bool(derived.states) and all(
        state.fit == autoencoder.record.id or state.of in layers for state in derived.states
    )


def _codes(on_codes, autoencoder, evidence):
    """How many values are in what it takes; whether the autoencoder's trained layers made them, and its last one;
    and the images that they were made of. Raises ForAPerson where that is not known."""
    x, under = on_codes.record.data.x, on_codes.evidence.stacked
    if under is not None:
        begins = "It begins with the autoencoder's own layers, in one model,"
        if not under.known:
            raise ForAPerson(
                f"{begins} and their weights are not known here. A person marks it.", where=on_codes.where
            )
        if under.changed:
            raise ForAPerson(
                f"{begins} and labels train these layers too, so that its codes are no longer the autoencoder's. A "
                "person marks it.",
                "encoder.trainable = False before compile keeps the encoder as the autoencoder left it.",
                where=on_codes.where,
            )
        layers = {layer.uid for layer in autoencoder.record.layers}
        trained = set(under.fits) == {autoencoder.record.id} or layers.issuperset(under.of)
        return under.values, trained, autoencoder.record.layers[-1].uid in under.of, x
    if x is None or not (x.derived or x.of_answers):  # a match that the course has set
        raise Failed(
            "Its inputs are not what an encoder makes of the images.",
            "Train it on encoder.predict(x_train), with the encoder that ends at the bottleneck.",
            where=on_codes.where,
        )
    values = math.prod(n or 1 for n in x.shape[1:])
    if x.derived is None:
        raise ForAPerson(
            f"Its inputs, of {values} values, were computed from what a network of yours predicts, as by a scaler, "
            "which is not repeated here. A person decides whether they are the codes of the trained encoder.",
            where=on_codes.where,
        )
    if x.derived.unknown:
        raise ForAPerson(
            f"Its inputs are what another network computes, and {x.derived.unknown}. A person decides whether it "
            "is the trained encoder.",
            where=on_codes.where,
        )
    return values, _encodes(x, autoencoder), is_decoded(evidence.recording, x.derived, autoencoder), x.derived.given


@pytest.mark.check("5", 0.5)
def check_inputs(on_codes, autoencoder, evidence, verdict):
    """It takes the codes of 196 values that the trained encoder makes of clean images."""
    verdict.where = on_codes.where
    values, encoded, decoded, given = _codes(on_codes, autoencoder, evidence)
    stacked = on_codes.evidence.stacked is not None
    how = "as the encoder under it hands them on" if stacked else "as given to fit"
    verdict.measured("values of an input", values, how=how)
    verdict.threshold("asked", CODE, "assignment")
    if not encoded:
        raise Failed(
            "Its inputs come from a network whose layers are not those of the trained autoencoder.",
            "Build the encoder from the trained layers: Model(autoencoder.input, bottleneck.output).",
            where=on_codes.where,
        )
    if decoded:
        raise Failed(
            "Its inputs are images that the decoder drew, and not codes.",
            "encoder.predict(x_train) gives the codes; autoencoder.predict and decoder.predict give images.",
            where=on_codes.where,
        )
    if autoencoder.bottleneck is None:
        raise Failed(
            "The autoencoder has no bottleneck: what its middle gives is as large as the image, and no code.",
            "Let a Dense(196) stand between encoder and decoder.",
            where=autoencoder.where,
        )
    if values != autoencoder.bottleneck:
        raise Failed(
            f"Its inputs have {values} values, and the bottleneck of the autoencoder has {autoencoder.bottleneck}: "
            "they are taken at another layer.",
            "Take the output of the bottleneck: Model(autoencoder.input, bottleneck.output).",
            where=on_codes.where,
        )
    if given.noise is not None:
        raise Partial(
            "The codes are those of noisy images.", "encoder.predict(x_train), of the clean images.", share=0.7,
            where=on_codes.where,
        )  # fmt: skip
    if values != CODE:
        raise Partial(
            f"The codes have {values} values; the assignment's have 196.",
            "Another size is a choice worth explaining in the text.",
            share=0.7,
            where=on_codes.where,
        )
    frozen = " It stands under the classifier in one model, frozen." if stacked else ""
    verdict.says(f"Codes of 196 values, from the trained encoder.{frozen}")


@pytest.mark.check("5", 0.4)
def check_layers(on_codes, verdict):
    """The classifier is 64-32-10 on the codes: 15,146 parameters where they have 196 values."""
    verdict.where = on_codes.where
    verdict.measured("parameters", on_codes.params, how="counted on the rebuilt network")
    verdict.threshold("asked", PARAMETERS, "assignment")
    shown = "-".join(map(str, (*on_codes.hidden_units, on_codes.facts.output_shape[-1])))
    if on_codes.hidden_units != HIDDEN:
        raise Failed(
            f"Its dense layers are {shown}; 64-32-10 is asked.", "Compare model.summary() with the assignment.",
            where=on_codes.where,
        )  # fmt: skip
    wrong = _besides(on_codes)
    if wrong:
        raise Partial(
            f"Its dense layers are 64-32-10, but {', '.join(wrong)}.",
            "Dense(64, 'relu'), Dropout(0.4), Dense(32, 'relu'), BatchNormalization, Dropout(0.4), "
            "Dense(10, 'softmax').",
            share=0.5,
            where=on_codes.where,
        )
    verdict.says(f"64-32-10 with two dropouts of 0.4, {on_codes.params:,} parameters.")


def _besides(classifier):
    """What is wrong with the classifier but for the units of its dense layers: they and the number of its inputs,
    which another check judges, tell the parameters."""
    wrong = []
    dropouts = tuple(layer.name for layer in classifier.of_class("Dropout"))
    if len(dropouts) != len(DROPOUTS):
        wrong.append(f"it has {quantity(len(dropouts), 'dropout')} (asked: two, of 0.4)")
    elif dropouts != DROPOUTS:
        wrong.append(f"its dropouts are of {' and '.join(dropouts)} (asked: rate 0.4)".replace("of rate", "of"))
    normalised = len(classifier.of_class("BatchNormalization"))
    if normalised != 1:
        wrong.append(f"it has {quantity(normalised, 'batch normalisation')} (asked: one)")
    *hidden, last = _activations(classifier)
    if "linear" in hidden:
        wrong.append("a hidden layer has no activation")
    _, loss = classifier.evidence.loss or ("", {})
    if last != "softmax" and not loss.get("from_logits"):
        wrong.append(f"its outputs have {last} (asked: softmax)")
    return wrong


def _activations(classifier):
    """Of each dense layer, its own or that of a layer after it."""
    found = []
    for layer in classifier.layers:
        if layer.class_name == "Dense":
            found.append(layer.activation)
        elif found and found[-1] == "linear" and (layer.activation or layer.class_name in ACTIVATIONS):
            found[-1] = layer.activation or ACTIVATIONS[layer.class_name]
    return found


@pytest.mark.check("5", 0.2)
def check_settings(on_codes, verdict):
    """It is trained by adam for 100 epochs in batches of 128, on cross-entropy, with images held out."""
    verdict.where = on_codes.where
    evidence, record = on_codes.evidence, on_codes.record
    optimizer, loss = (pair[0] if pair else "none" for pair in (evidence.optimizer, evidence.loss))
    verdict.measured("epochs", on_codes.epochs, how="as given to fit, calls that only go on added up")
    verdict.threshold("asked", EPOCHS, "assignment")
    wrong = []
    if on_codes.epochs != EPOCHS:
        wrong.append(f"for {on_codes.epochs} epochs (asked: {EPOCHS})")
    if record.batch_size != BATCH_SIZE:
        wrong.append(f"in batches of {record.batch_size} (asked: {BATCH_SIZE})")
    if optimizer != "Adam":
        wrong.append(f"by {optimizer} (asked: Adam)")
    if loss not in LOSSES:
        wrong.append(f"with the loss {loss} (asked: {LOSSES[0]})")
    split = record.data.validation_split or 0.0
    if record.data.validation_x is None and not HELD_OUT[0] <= split <= HELD_OUT[1]:
        held_out = f"{100 * split:.3g} % of the images" if split else "no images"
        wrong.append(f"with {held_out} held out (asked: two ninths)")
    if wrong:
        message = f"It is trained {' and '.join(wrong)}."
        hint = "compile(optimizer='adam', loss='categorical_crossentropy'), fit(…, epochs=100, batch_size=128, "
        hint += "validation_split=2/9)"
        if len(wrong) > 1:
            raise Failed(message, hint, where=on_codes.where)
        raise Partial(message, hint, share=0.5, where=on_codes.where)
    verdict.says("Adam, cross-entropy, 100 epochs in batches of 128, images held out.")


@pytest.mark.check("5", 0.4, after=["5.inputs"])
def check_accuracy(on_codes, evidence, verdict):
    """On codes it recognises as many test images as a correct one does."""
    under = on_codes.evidence.stacked
    unlike = AT_RANDOM if under is not None and under.at_random else ""
    judge_accuracy(on_codes, evidence.gates.get("5.accuracy"), verdict, evidence.profile, unlike)


def _layers(network):
    """What tells a network's layers but for their inputs; a dropout's name is its rate."""
    own = (layer for layer in network.layers if layer.class_name != "Flatten")
    return [(layer.class_name, layer.units, layer.activation, layer.name, layer.regularizers) for layer in own]


@pytest.mark.check("6", 0.2)
def check_same(on_pixels, on_codes, verdict):
    """The classifier on pixels is the one on codes but for its inputs, the clean images, and is trained alike."""
    verdict.where = on_pixels.where
    wrong = []
    if _layers(on_pixels) != _layers(on_codes):
        wrong.append("its layers are others")
    if on_pixels.epochs != on_codes.epochs:
        wrong.append(f"it is trained for {on_pixels.epochs} epochs and not {on_codes.epochs}")
    if on_pixels.record.batch_size != on_codes.record.batch_size:
        wrong.append(f"its batches are {on_pixels.record.batch_size} and not {on_codes.record.batch_size}")
    if on_pixels.evidence.optimizer != on_codes.evidence.optimizer:
        wrong.append("its optimizer is another")
    if on_pixels.noise is not None:
        wrong.append("its images are noisy")
    if wrong:
        raise Failed(
            f"Against the classifier on codes {', '.join(wrong)}: the comparison is of two classifiers.",
            "Build both by one function that takes the number of inputs.",
            where=on_pixels.where,
        )
    verdict.says("The same layers and training on both.")


@pytest.mark.check("6", 0.3)
def check_difference(on_pixels, evidence, assignment, verdict):
    """The same classifier is about as good on the codes as on the pixels, or better."""
    verdict.where = on_pixels.where
    made = evidence.codes
    if made is None:
        require_trained(network_of(evidence, assignment, "3"), "The autoencoder")
        require_trained(on_pixels, "The network")
        why = evidence.why_unmeasured("codes")
        raise NotMeasured(
            f"Codes and pixels could not be compared: {why.reason}.",
            cause=why.cause or Cause.ERROR_IN_SUBMISSION,
            where=on_pixels.where,
        )
    for name, values in (("accuracy on codes", made.codes), ("accuracy on pixels", made.pixels)):
        verdict.measured(name, sum(values) / len(values), n=len(values), unit="share", how="mean over seeds")
    told = (
        f"Your classifier was trained here on pixels, and on the codes of your autoencoder, which was cut at its "
        f"bottleneck of {made.values}."
    )
    gate = evidence.gates.get("6.difference")
    hold(
        made.differences, gate, verdict, DIFFERENCE, evidence.profile, on_pixels.where, notes=(told, *made.notes),
        unsure=bool(made.notes),
    )  # fmt: skip
