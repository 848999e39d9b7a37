"""Checks of task 4: the autoencoder on images with uniform noise, which it was not trained on.

The assignment does not say where its uniform noise of intensity P begins. A hand-in may draw from -P to P or from 0
to P; the harness's own curve is of -P to P, which asks to remove noise and not to darken the image too.
"""

import ast
from collections import Counter
from typing import NamedTuple

import pytest

from harness import source
from harness.checking import Failed, ForAPerson, NotAttempted, NotMeasured, Partial, lost_in, require_trained
from harness.recording import Where
from harness.results import Cause
from harness.verdicts import Words, hold

EVEN = ("uniform", "rand", "random_sample", "random_uniform")
"""What draws numbers evenly, in numpy and TensorFlow."""
LEVELS = (0.05, 0.1, 0.2, 0.3, 0.4)
ON_ALL = (
    "For each P of 0.05, 0.1, 0.2, 0.3 and 0.4 give the autoencoder the test images with noise drawn evenly from "
    "-P to P or from 0 to P, and compute each image's mean squared error."
)

REMOVED = Words(
    name="error removed",
    reaches="your autoencoder removes this share of the noise's squared error:",
    trained="your autoencoder",
    how="1 − error after / error before, evaluation images, the judged noise levels together",
    hint="Is it trained from noisy to clean images, with clipped noise of factor 0.1, and long enough?",
    shown="{:.1%}".format,
    correct="remove on average",
    figure="of the noise's squared error it removes ",
)


class Tried(NamedTuple):
    """What a hand-in gave its autoencoder: levels of uniform noise on test and on training images, whether all of
    it goes from 0, whether there was other noise, or images that were not recognised, and where it gave clean test
    images once for each level."""

    levels: set[float]
    on_trained: set[float]
    from_zero: bool
    other: bool
    unknown: bool
    clean_again: Where | None


def _tried(evidence):
    """What the hand-in gave networks that are trained on images."""
    models = {
        fit.model for fit in evidence.recording.fits if fit.data.y is not None and fit.data.y.encoding == "pixels"
    }
    uses = [use for use in evidence.recording.uses if use.model in models]
    uniform = [use.x for use in uses if use.x.noise is not None and use.x.noise.kind == "uniform"]
    levels, on_trained = (
        {round(x.noise.level, 2) for x in uniform if (x.source == "x_train") is trained}
        for trained in (False, True)
    )
    other = any(use.x.noise is not None and use.x.noise.kind != "uniform" for use in uses)
    unknown = any(use.x.source is None and use.x.noise is None and use.x.derived is None for use in uses)
    clean: Counter[Where] = Counter()
    for use in uses:
        if use.where is not None and use.x.source == "x_test" and use.x.noise is None and use.x.derived is None:
            clean[use.where] += use.times
    place, times = clean.most_common(1)[0] if clean else (None, 0)
    from_zero = bool(uniform) and all(x.noise.from_zero for x in uniform)
    return Tried(levels, on_trained, from_zero, other, unknown, place if times >= len(LEVELS) else None)


@pytest.mark.check("4", 0.5)
def check_levels(autoencoder, evidence, verdict):
    """It is tried on test images with uniform noise of each intensity from 0.05 to 0.4."""
    verdict.where = autoencoder.where
    if evidence.recording.kind == "contract":
        verdict.says("By contract the harness tries it at each intensity.")
        return
    levels, on_trained, from_zero, other, unknown, clean_again = _tried(evidence)
    seen = [level for level in LEVELS if any(abs(level - one) < 0.2 * level for one in levels)]
    verdict.measured("intensities tried", len(seen), how="uniform noise found on images given to the autoencoder")
    verdict.threshold("asked", len(LEVELS), "assignment")
    if len(seen) == len(LEVELS) or (seen and unknown):
        drawn = " from 0 to P; the harness's own curve is of -P to P" if from_zero else ""
        verdict.says(f"Tried at {', '.join(f'{level:g}' for level in seen)}{drawn}.")
        return
    if seen:
        raise Partial(
            f"It is tried with uniform noise of {', '.join(f'{level:g}' for level in seen)} only.", ON_ALL,
            share=len(seen) / len(LEVELS), where=autoencoder.where,
        )  # fmt: skip
    if on_trained:
        raise Partial(
            "It is tried on training images, which it knows without the noise.", ON_ALL, share=0.5,
            where=autoencoder.where,
        )  # fmt: skip
    error = lost_in(evidence, ("uniform", "noise"))
    if error is not None:
        raise NotMeasured(
            f"It was not seen to be tried on uniform noise, and {error.where} could not run: {error.type}: "
            f"{error.message}",
            "Mend that cell, then run the notebook from top to bottom in a fresh kernel.",
            cause=Cause.ERROR_IN_SUBMISSION,
            where=error.where,
        )
    if other:
        raise Failed("It is tried with other noise than uniform noise.", ON_ALL, where=autoencoder.where)
    evenly = _draws_uniform(evidence)
    if unknown and evenly:
        raise ForAPerson(
            "Noise is drawn evenly, but the images that it is tried on were not recognised as ones to which numbers"
            " from -P to P, or from 0 to P, are added: a person looks at what was meant.",
            where=autoencoder.where,
        )
    if unknown:
        raise Partial(
            "It is tried on images whose noise was not recognised as uniform.", ON_ALL, share=0.5,
            where=autoencoder.where,
        )  # fmt: skip
    if clean_again is not None:
        raise Failed(
            f"It is given the clean test images again and again at {clean_again}, and never images with uniform "
            "noise.", "denoised = autoencoder.predict(noisy), with the noisy images of this intensity",
            where=clean_again,
        )  # fmt: skip
    if evenly:
        raise ForAPerson(
            "Noise is drawn evenly, but given to the autoencoder on fewer than 100 images, which is not noted: "
            "a person looks at the intensities. What it makes of such noise is measured below.",
            where=autoencoder.where,
        )
    raise NotAttempted("It was not seen to be tried on images with uniform noise.", ON_ALL)


def _draws_uniform(evidence):
    """Whether the code calls what draws evenly."""
    codes = source.read(evidence.recording.sources)
    return any(source.called(call) in EVEN for code in codes for call in source.in_order(code.tree, ast.Call))


@pytest.mark.check("4", 1.0)
def check_removed(autoencoder, evidence, verdict):
    """It removes as much of uniform noise's error as a correct one does, over the intensities that are judged."""
    verdict.where = autoencoder.where
    require_trained(autoencoder, "It")
    made = evidence.reconstruction
    if made is None:
        why = evidence.why_unmeasured("reconstruction")
        raise NotMeasured(
            f"It could not be measured: {why.reason}.",
            cause=why.cause or Cause.ERROR_IN_SUBMISSION,
            where=autoencoder.where,
        )
    for level, noisy, denoised, low, high, gain in zip(
        made.levels, made.noisy, made.denoised, made.gain_low, made.gain_high, made.gain, strict=True
    ):
        verdict.measured(
            f"gain at P {level:g}", gain, low=low, high=high, n=made.images,
            how=f"squared error a pixel: {noisy:.4f} noisy less {denoised:.4f} denoised, 95 % interval over images",
        )  # fmt: skip
    first, last = made.judged
    told = (
        f"At P {made.levels[-1]:g} the squared error a pixel is {made.noisy[-1]:.4f} before and "
        f"{made.denoised[-1]:.4f} after; clean images come back with {made.clean:.4f}. Judged is P {first:g} to "
        f"{last:g}."
    )
    gate = evidence.gates.get("4.removed")
    hold(
        (made.removed,), gate, verdict, REMOVED, evidence.profile, autoencoder.where, notes=(told,),
        own=autoencoder.evidence.identical,
    )  # fmt: skip
