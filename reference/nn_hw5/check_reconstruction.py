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
from harness.encoders import uses_of
from harness.recording import FEW_IMAGES, FEW_NOTED, Where
from harness.results import Cause
from harness.verdicts import Words, hold

EVEN = ("uniform", "rand", "random", "random_sample", "ranf", "random_uniform")
"""What draws numbers evenly, in numpy, TensorFlow and Keras."""
ON_ALL = (
    "For each P of {} give the autoencoder the test images with noise drawn evenly from -P to P or from 0 to P, "
    "and compute each image's mean squared error."
)

REMOVED = Words(
    name="error removed",
    reaches="your autoencoder removes this share of the noise's squared error:",
    trained="your autoencoder",
    how="1 − error after / error before, evaluation images, the judged noise levels together",
    hint="Is it trained from noisy to clean images, with clipped normal noise of factor 0.1, and long enough?",
    shown="{:.1%}".format,
    correct="remove on average",
    figure="of the noise's squared error it removes ",
)


class Tried(NamedTuple):
    """What a hand-in gave its autoencoder, or the encoder before its decoder: levels of uniform noise on test and
    on training images, whether all of it goes from 0, and whether images were not recognised. Of the autoencoder
    alone: whether there was other noise, whether many images were not recognised, and where it gave clean test
    images once for each level. `crowded`: so often at one place a few images, that not all were looked at."""

    levels: set[float]
    on_trained: set[float]
    from_zero: bool
    unknown: bool
    other: bool
    many_unknown: bool
    clean_again: Where | None
    crowded: bool


def _tried(evidence, intensities):
    """What the hand-in gave networks that are trained on images, or their first parts; so many are asked for."""
    recording = evidence.recording
    fits = [fit for fit in recording.fits if fit.data.y is not None and fit.data.y.encoding == "pixels"]
    trained = {fit.model for fit in fits}
    uses = uses_of(recording, fits)
    whole = [use for use in uses if use.model in trained]
    uniform = [use.x for use in uses if use.x.noise is not None and use.x.noise.kind == "uniform"]
    levels, on_trained = (
        {round(x.noise.level, 2) for x in uniform if (x.source == "x_train") is known} for known in (False, True)
    )
    few = Counter(use.where for use in uses if _is_few(use))
    clean: Counter[Where] = Counter()
    for use in whole:
        if use.where is not None and use.x.source == "x_test" and use.x.noise is None and use.x.derived is None:
            clean[use.where] += use.times
    place, times = clean.most_common(1)[0] if clean else (None, 0)
    return Tried(
        levels=levels,
        on_trained=on_trained,
        from_zero=bool(uniform) and all(x.noise.from_zero for x in uniform),
        unknown=any(_is_unknown(use) for use in uses),
        other=any(use.x.noise is not None and use.x.noise.kind != "uniform" and not _is_few(use) for use in whole),
        many_unknown=any(_is_unknown(use) and not _is_few(use) for use in whole),
        clean_again=place if times >= intensities else None,
        crowded=max(few.values(), default=0) >= FEW_NOTED,
    )


def _is_few(use):
    return (use.x.shape[0] or 0) < FEW_IMAGES


def _is_unknown(use):
    """Whether it was given images of which nothing is known."""
    return use.x.source is None and use.x.noise is None and use.x.derived is None


def _listed(levels):
    return ", ".join(f"{level:g}" for level in levels)


@pytest.mark.check("4", 0.5)
def check_levels(autoencoder, evidence, assignment, verdict):
    """It is tried on test images with uniform noise of each intensity from 0.05 to 0.4."""
    verdict.where = autoencoder.where
    if evidence.recording.kind == "contract":
        verdict.says("By contract the harness tries it at each intensity.")
        return
    asked = assignment.measurements.reconstruction.levels
    on_all = ON_ALL.format(_listed(asked))
    tried = _tried(evidence, len(asked))
    seen = [level for level in asked if any(abs(level - one) < 0.2 * level for one in tried.levels)]
    shown = _listed(seen)
    verdict.measured("intensities tried", len(seen), how="uniform noise found on images given to the autoencoder")
    verdict.threshold("asked", len(asked), "assignment")
    if len(seen) == len(asked) or (len(seen) == len(asked) - 1 and tried.unknown):  # now and then one goes untold
        drawn = " from 0 to P; the harness's own curve is of -P to P" if tried.from_zero else ""
        verdict.says(f"Tried at {shown}{drawn}.")
        return
    if seen and (tried.unknown or tried.crowded):
        others = (
            "images that were not recognised" if tried.unknown else "a few others again and again, not all seen"
        )
        raise ForAPerson(
            f"It is tried with uniform noise of {shown}, and on {others}: a person looks at the other intensities.",
            where=autoencoder.where,
        )
    if seen:
        raise Partial(
            f"It is tried with uniform noise of {shown} only.", on_all,
            share=len(seen) / len(asked), where=autoencoder.where,
        )  # fmt: skip
    if tried.on_trained:
        raise Partial(
            "It is tried on training images, which it knows without the noise.", on_all, share=0.5,
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
    if tried.other:
        raise Failed("It is tried with other noise than uniform noise.", on_all, where=autoencoder.where)
    evenly = _draws_uniform(evidence)
    if tried.unknown and evenly:
        raise ForAPerson(
            "Noise is drawn evenly, but the images that it is tried on were not recognised as ones to which numbers"
            " from -P to P, or from 0 to P, are added: a person looks at what was meant.",
            where=autoencoder.where,
        )
    if tried.many_unknown:
        raise Partial(
            "It is tried on images whose noise was not recognised as uniform.", on_all, share=0.5,
            where=autoencoder.where,
        )  # fmt: skip
    if tried.clean_again is not None:
        raise Failed(
            f"It is given the clean test images again and again at {tried.clean_again}, and never images with "
            "uniform noise.", "denoised = autoencoder.predict(noisy), with the noisy images of this intensity",
            where=tried.clean_again,
        )  # fmt: skip
    if evenly:
        raise ForAPerson(
            "Numbers are drawn evenly, but images with such noise were not seen to be given to the autoencoder, "
            "where fewer than ten at a time are not looked at: a person looks at the intensities. What it makes of "
            "such noise is measured below.",
            where=autoencoder.where,
        )
    raise NotAttempted("It was not seen to be tried on images with uniform noise.", on_all)


def _draws_uniform(evidence):
    """Whether the code calls what draws an array of even numbers, and not only to compare them with something, as
    salt and pepper does."""
    return any(
        source.called(call) in EVEN and (call.args or call.keywords) and id(call) not in compared
        for code in source.read(evidence.recording.sources)
        for compared in [_compared(code.tree)]
        for call in source.in_order(code.tree, ast.Call)
    )


def _compared(tree):
    """The calls (ids) that stand in a comparison."""
    inside = (node for compare in source.in_order(tree, ast.Compare) for node in ast.walk(compare))
    return {id(node) for node in inside if isinstance(node, ast.Call)}


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
