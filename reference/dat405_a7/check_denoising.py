"""Checks of tasks 4C and 4D: what denoising gains the best classifier, and what the decoder draws by itself."""

import math

import pytest

from harness.checking import Failed, NotAttempted, NotMeasured, Partial, lost_in, require_any_made, require_trained
from harness.gates import Decision, decide
from harness.measure.denoising import helps_until
from harness.recording import FEW_IMAGES
from harness.results import Cause
from harness.verdicts import Words, hold

PIXELS = 28 * 28
EXACT = 0.005  # root mean square, in [0, 1]: copies but for rounding
OWN_WORK = 0.75  # of the distance at which the autoencoder draws clean images again
MOST_USES = 1000  # more are not recorded
ON_BOTH = (
    "For each noise level evaluate your best classifier on the noisy test images, and on what "
    "autoencoder.predict makes of them."
)
TRAINED_OTHERWISE = "Is the autoencoder trained from noisy to clean images, on the scale that the classifier takes?"


def _unmeasured(evidence, name, network):
    require_trained(network, "The autoencoder")
    require_any_made((*evidence.networks("3A"), *evidence.networks("2C")), "The classifier")
    why = evidence.why_unmeasured(name)
    raise NotMeasured(
        f"It could not be measured: {why.reason}.",
        cause=why.cause or Cause.ERROR_IN_SUBMISSION,
        where=network.where,
    )


def _drawing(evidence, autoencoder):
    """The autoencoder whose decoder draws: task 4A's, unless only another one has a decoder."""
    return next(iter(evidence.networks("4D")), autoencoder)


def _require_tried(evidence):
    """Whether a classifier was tried on noisy or on denoised images only, in a sentence; "" where on both. Ends the
    check where on neither."""
    noisy, denoised = _tried(evidence)
    if noisy and denoised:
        return ""
    if noisy:
        return "Your classifier was tried on noisy images only, not on what your autoencoder makes of them."
    if denoised:
        return "Your classifier was tried on denoised images only: there is nothing to compare them with."
    error = lost_in(evidence, ("denois", "noise", "season"))
    if error is not None:
        raise NotMeasured(
            f"No classifier was seen to be tried on noisy images, and {error.where} could not run: {error.type}: "
            f"{error.message}",
            "Mend that cell, then run the notebook from top to bottom in a fresh kernel.",
            cause=Cause.ERROR_IN_SUBMISSION,
            where=error.where,
        )
    raise NotAttempted(
        "No classifier was seen to be tried on noisy images, or on images that the autoencoder cleaned.",
        ON_BOTH,
    )


def _tried(evidence):
    """Whether a classifier was given noisy images, and whether denoised ones, to evaluate or to train. By contract
    there is nothing to see: the harness does it. Where only one of them was seen, images that were not recognised
    may be the other, and so may what a run that was cut short, or that noted no more uses, did not show."""
    recording = evidence.recording
    if recording.kind == "contract":
        return True, True
    labelled = ("labels", "one_hot", "one_hot_twice")
    fits = [fit for fit in recording.fits if fit.data.y is not None and fit.data.y.encoding in labelled]
    classifiers = {fit.model for fit in fits} | {model.uid for model in recording.models if _classes(model)}
    cleaning = _cleaning(evidence)
    uses = [use for use in recording.uses if use.model in classifiers and (use.x.shape[0] or 0) >= FEW_IMAGES]
    given = [(fit.model, x) for fit in fits for x in (fit.data.x, fit.data.validation_x) if x is not None]
    given += [(use.model, use.x) for use in uses]
    noisy = any(x.noise is not None and model not in cleaning for model, x in given)
    denoised = any(x.derived is not None or (x.noise is not None and model in cleaning) for model, x in given)
    if noisy or denoised:
        hidden = evidence.interrupted is not None or len(recording.uses) >= MOST_USES
        other = hidden or any(_unknown(x) for _, x in given)
        return noisy or other, denoised or other
    # Noise that was not recognised: other images each time at one place, which is a loop over levels.
    levels = {}
    for use in uses:
        if _unknown(use.x):
            levels.setdefault(str(use.where), set()).add((use.x.mean, use.x.content))
    loop = any(len(different) > 1 for different in levels.values())
    return loop, loop


def _unknown(x):
    """Whether these are images that were not recognised."""
    return (
        x.source is None
        and x.noise is None
        and x.derived is None
        and math.prod(n or 1 for n in x.shape[1:]) == PIXELS
    )


def _cleaning(evidence):
    """The models (uids) of ten values that hold an autoencoder's layers: they clean what they are given."""
    networks = (*evidence.networks("4A"), *evidence.networks("4D"))
    layers = {layer.uid for one in networks for layer in one.record.layers if layer.class_name != "InputLayer"}
    return {
        model.uid
        for model in evidence.recording.models
        if _classes(model) and any(layer.uid in layers for layer in model.layers)
    }


def _classes(model):
    """Whether a recorded model gives ten values for an image."""
    if not model.outputs:
        return False
    return (model.layers[model.nodes[model.outputs[0].node].layer].output_shape or ())[1:] == (10,)


GAIN = Words(
    name="gain",
    reaches="your autoencoder gains your classifier",
    trained="your autoencoder",
    how="accuracy on denoised minus accuracy on noisy images, mean over the judged levels",
    hint=TRAINED_OTHERWISE,
    shown=lambda value: f"{100 * value:.1f} percentage points",
    correct="gain on average",
    figure="it gains ",
)
CLEANED = Words(
    name="accuracy on cleaned images",
    reaches="your classifier recognises of the cleaned images",
    trained="your autoencoder",
    how="mean over the judged noise levels",
    hint=TRAINED_OTHERWISE,
    shown="{:.1%}".format,
    figure="of the images that it cleaned your classifier recognises ",
)
RECOGNISED = Words(
    name="recognised",
    reaches="your autoencoder's decoder draws images that are recognised as digits, this share of them:",
    trained="your autoencoder",
    how="share of the drawn images that the classifier recognises with probability 0.9 or more",
    hint="Codes far from those of real images decode to noise: start from encoded training images.",
    shown="{:.0%}".format,
    correct="draw images of which it recognises",
    figure="of the images that its decoder draws, your classifier recognises as digits ",
)


def _told(curves):
    """What the gain is made of, in a sentence."""
    first, last = curves.judged
    noisy, cleaned = curves.over_judged(curves.seasoned), curves.over_judged(curves.denoised)
    return (
        f"Of test images with noise of level {first:g} to {last:g}, your classifier recognises {noisy:.1%}, and "
        f"{cleaned:.1%} once your autoencoder has cleaned them."
    )


@pytest.mark.check("4C", 0.3)
def check_gain(autoencoder, evidence, verdict):
    """The autoencoder helps the classifier as much as a correct one does, at the noise on which it is trained and
    above."""
    verdict.where = autoencoder.where
    missing = _require_tried(evidence)
    curves = evidence.denoising
    if curves is None:
        _unmeasured(evidence, "denoising", autoencoder)
    try:
        _judge_gain(autoencoder, curves, evidence, verdict)
    except Partial as less:
        if not missing:
            raise
        raise Partial(
            f"{missing} {less.message}", f"{ON_BOTH} {less.hint}", share=less.share / 2, where=autoencoder.where
        ) from None
    if missing:
        raise Partial(f"{missing} {verdict.message}", ON_BOTH, share=0.5, where=autoencoder.where)


def _judge_gain(autoencoder, curves, evidence, verdict):
    """Notes the gain and holds it against its gate. What is reached on cleaned images decides where that is enough,
    and where correct solutions gain so little that no gain would do."""
    gain, low, high = curves.mean_gain
    first, last = curves.judged
    verdict.measured(
        f"gain, levels {first:g} to {last:g}",
        gain,
        low=low,
        high=high,
        n=curves.images,
        unit="share",
        how="accuracy denoised minus seasoned, same images and noise, mean over levels, 95 % interval",
    )
    until = helps_until(curves.levels, curves.gain_low)
    if until is not None:
        verdict.measured("denoising helps up to level", until, how="interval of the gain above 0, without a break")
    gate = evidence.gates.get(f"4C.gain.{curves.classifier_task}")
    cleaned = evidence.gates.get(f"4C.denoised.{curves.classifier_task}")
    own = autoencoder.evidence.identical and _sound(curves, evidence)
    told = (_told(curves),)
    if cleaned is not None and not own and _by_cleaned(gate, cleaned, curves):
        hold(
            (curves.over_judged(curves.denoised),),
            cleaned,
            verdict,
            CLEANED,
            evidence.profile,
            autoencoder.where,
            notes=told,
        )
        return
    if gate is not None and low <= 0:  # no gain can be told, so there is no share of one
        gate = gate.model_copy(update={"partial_from": None})
    hold((gain,), gate, verdict, GAIN, evidence.profile, autoencoder.where, notes=told, own=own)


def _by_cleaned(gate, cleaned, curves):
    """Whether the cleaned images decide in place of the gain: enough of them are recognised and it falls short, or
    on this data set no gain would do."""
    if gate is None or gate.threshold is None or cleaned.threshold is None:
        return False
    enough = decide(cleaned, (curves.over_judged(curves.denoised),)) is Decision.PASSED
    return gate.threshold <= 0 or (enough and decide(gate, curves.mean_gain[:1]) is not Decision.PASSED)


def _sound(curves, evidence):
    """Whether the classifier is as good as is asked, or the assignment's own: the autoencoder alone is judged."""
    gate = evidence.gates.get(f"{curves.classifier_task}.accuracy")
    network = next(one for one in evidence.networks(curves.classifier_task) if one.record.id == curves.classifier)
    if network.evidence.identical or gate is None or not gate.known or not network.accuracies:
        return network.evidence.identical
    return decide(gate, network.accuracies) is Decision.PASSED


@pytest.mark.check("4D", 0.2)
def check_decoder(autoencoder, evidence, verdict):
    """A decoder that shares the trained autoencoder's layers turns codes into images of 784 values in [0, 1]."""
    autoencoder = _drawing(evidence, autoencoder)
    verdict.where = autoencoder.where
    made = evidence.generation
    if made is None:
        if "no decoder" in evidence.why_unmeasured("generation").reason:
            raise NotAttempted(
                "No decoder that shares the trained autoencoder's layers was found.",
                "Build it from those layers: Sequential(autoencoder.layers[-2:]), or call the same objects again.",
            )
        _unmeasured(evidence, "generation", autoencoder)
    verdict.measured("latent values", made.latent, how="input of the decoder")
    if not made.in_range:
        raise Failed(
            "The decoder's images hold values outside [0, 1].", "End it with a sigmoid.", where=autoencoder.where
        )
    verdict.says(f"The decoder `{made.decoder}` turns {made.latent} values into an image in [0, 1].")


def _copied_below(made, curves, drawing):
    """The median distance to the data set's images below which drawn ones are copies: half of what it is for new
    real digits, and nearer than the autoencoder draws images that it is given, since its own work is no copy."""
    limit = made.nearest_held_out[1] / 2
    if curves is not None and curves.autoencoder == drawing.record.id and curves.levels[0] == 0:
        limit = min(limit, OWN_WORK * math.sqrt(curves.error_denoised[0]))
    return max(limit, EXACT)


@pytest.mark.check("4D", 0.2, after=["4D.decoder"])
def check_digits(autoencoder, evidence, verdict):
    """What it draws are digits of several classes, neither noise nor copies of the data set's images."""
    drawing = _drawing(evidence, autoencoder)
    verdict.where = drawing.where
    made = evidence.generation
    verdict.measured(
        "recognised", made.recognised, unit="share", n=made.images, how="recognised with probability 0.9 or more"
    )
    verdict.measured(
        "class entropy", made.class_entropy, unit="share", n=made.images, how="of ten equally frequent classes"
    )
    verdict.measured(
        "distance to the nearest image of the data set",
        made.nearest[1],
        low=made.nearest[0],
        high=made.nearest[2],
        n=made.images,
        how="root mean square, median, 5th to 95th percentile; evaluation images to the nearest training image: "
        f"{made.nearest_held_out[1]:.3f}",
    )
    copied = _copied_below(made, evidence.denoising, drawing)
    verdict.threshold("copies are nearer than", copied, "course")
    if made.nearest[1] < copied:
        raise Failed(
            f"Its images are copies of images of the data set, as they are or changed a little: half of them lie "
            f"within {made.nearest[1]:.3f} of one, where new digits lie {made.nearest_held_out[1]:.3f} away.",
            "Draw new codes instead of storing images.",
            where=verdict.where,
        )
    # Of fewer than 20 digits chance alone may leave out most classes, but hardly ever all but one.
    if made.class_entropy < 0.5 and (made.images >= 20 or made.class_entropy == 0):
        raise Failed("It draws few different digits.", "Vary the codes more.", where=verdict.where)
    gate = evidence.gates.get(f"4D.recognised.{made.classifier_task}")
    hold((made.recognised,), gate, verdict, RECOGNISED, evidence.profile, verdict.where)
