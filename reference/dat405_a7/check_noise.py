"""Checks of task 4B: what salt_and_pepper does, probed on an array of 0.5, where every change can be seen."""

import pytest

from harness.checking import Failed, NotAttempted, NotMeasured, Partial, require_measurable
from harness.results import Cause

TOLERANCE = 0.03  # of the share of changed pixels; 50,176 pixels a level leave a standard error of 0.002


@pytest.fixture
def noise(evidence):
    """What the noise function does. Ends the check where there is none, or it cannot be run."""
    if evidence.problem and evidence.cause is None:
        raise NotAttempted(evidence.problem)
    if evidence.problem:
        raise NotMeasured(evidence.problem, cause=evidence.cause)
    facts = evidence.noise
    if facts is None or facts.problem:
        require_measurable(evidence)
    if facts is None:
        raise NotAttempted("No noise function was found.", "Define salt_and_pepper(images, noise_level).")
    if facts.problem:
        raise NotMeasured(
            f"`{facts.function}` could not be tried: {facts.problem}.",
            "It should take an array of images and a level, and return an array of the same shape.",
            cause=Cause.ERROR_IN_SUBMISSION,
            where=facts.where,
        )
    return facts


@pytest.mark.check("4B", 0.1)
def check_identity(noise, verdict):
    """At noise level 0 the images come back unchanged."""
    verdict.where = noise.where
    verdict.measured("changed at level 0", noise.changed[0], unit="share", n=noise.pixels)
    if noise.changed[0] > 0:
        raise Failed(
            f"At level 0, {noise.changed[0]:.1%} of the pixels change.",
            "Nothing should change at level 0.",
            where=noise.where,
        )
    verdict.says("At level 0 nothing changes.")


@pytest.mark.check("4B", 0.2)
def check_share(noise, verdict):
    """The share of changed pixels is the noise level, drawn for each image anew."""
    verdict.where = noise.where
    pairs = list(zip(noise.levels, noise.changed, strict=True))
    worst_level, worst = max(pairs, key=lambda pair: abs(pair[0] - pair[1]))
    verdict.measured(
        f"changed at level {worst_level:g}", worst, unit="share", n=noise.pixels, how="the level furthest off"
    )
    some = [masks for masks, changed in zip(noise.masks, noise.changed, strict=False) if 0.01 < changed < 0.99]
    if noise.images > 1 and 1 in some:
        raise Failed(
            f"The same pixels change in all of {noise.images} images.",
            "Draw the mask for the whole array: np.random.random(images.shape), not for the shape of one image.",
            where=noise.where,
        )
    if abs(worst_level - worst) <= TOLERANCE:
        verdict.says("The share of changed pixels follows the level from 0 to 1.")
        return
    message = f"At level {worst_level:g}, {worst:.1%} of the pixels change."
    hint = (
        "Each pixel should be replaced with the probability of the level: np.random.random(images.shape) < level."
    )
    if all(later > earlier for earlier, later in zip(noise.changed, noise.changed[1:], strict=False)):
        raise Partial(
            f"More noise changes more pixels, but not in proportion. {message}", hint, share=0.5, where=noise.where
        )
    raise Failed(message, hint, where=noise.where)


@pytest.mark.check("4B", 0.15)
def check_values(noise, verdict):
    """Changed pixels become 0 or 1, about half each."""
    verdict.where = noise.where
    seen = [number for number, changed in enumerate(noise.changed) if changed > 0.01]
    if not seen:
        raise Failed("No pixel changes at any level.", "Is the noise level used?", where=noise.where)
    extreme = min(noise.extreme[number] for number in seen)
    white = noise.white[seen[-1]]
    verdict.measured("changed pixels that are 0 or 1", extreme, unit="share", n=noise.pixels)
    verdict.measured("changed pixels that are 1", white, unit="share", n=noise.pixels)
    if extreme < 0.999:
        raise Failed(
            f"{1 - extreme:.1%} of the changed pixels are neither 0 nor 1.",
            "Salt is 1, pepper is 0.",
            where=noise.where,
        )
    if not 0.45 <= white <= 0.55:
        raise Partial(
            f"{white:.0%} of the changed pixels become 1; salt and pepper should be equally frequent.",
            "Draw 0 or 1 with equal probability for each changed pixel.",
            share=0.5,
            where=noise.where,
        )
    verdict.says(f"Changed pixels are 0 or 1, {white:.0%} of them 1.")


@pytest.mark.check("4B", 0.15)
def check_input_kept(noise, verdict):
    """The images that it is given stay as they are."""
    verdict.where = noise.where
    if not noise.input_kept:
        raise Failed(
            "It changes the array that it is given, so the clean images are lost.",
            "Work on a copy: noisy = images.copy().",
            where=noise.where,
        )
    verdict.says("Its input is not altered.")
