"""What is measured beyond accuracy, on trained networks and on a hand-in's noise: plain data, part of the evidence.

`harness.measure` makes it.
"""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from harness.recording import Where
from harness.results import Value


class NoiseFacts(Value):
    """What the hand-in's noise function did to an array of 0.5, level by level. `problem`: why not all is known."""

    function: str = ""
    where: Where | None = None
    levels: tuple[float, ...] = ()
    changed: tuple[float, ...] = ()
    """Share of pixels that are not 0.5 any more."""
    extreme: tuple[float, ...] = ()
    """Share of the changed pixels that are 0 or 1."""
    white: tuple[float, ...] = ()
    """Share of the changed pixels that are 1."""
    masks: tuple[int, ...] = ()
    """How many different masks the images of a level have: 1 where the same pixels change in all."""
    images: int = 0
    """Images a level; 1 where the function takes one at a time."""
    pixels: int = 0
    """Pixels a level."""
    input_kept: bool = True
    problem: str | None = None


class Denoising(Value):
    """A denoiser and a classifier on the same images with the same noise, a level at a time."""

    autoencoder: str
    classifier: str
    classifier_task: str
    """The task whose network the classifier is."""
    levels: tuple[float, ...]
    images: int
    seasoned: tuple[float, ...]
    """Accuracy on noisy images."""
    denoised: tuple[float, ...]
    """Accuracy on the same images after the denoiser."""
    gain: tuple[float, ...]
    gain_low: tuple[float, ...]
    gain_high: tuple[float, ...]
    judged: tuple[float, float]
    """The lowest and the highest level over which the gain is averaged."""
    mean_gain: tuple[float, float, float]
    """The gain averaged over those levels, and its 95 % interval over images."""
    p_values: tuple[float, ...]
    """McNemar's test, mid-p, two-sided, of seasoned against denoised."""
    error_noisy: tuple[float, ...]
    """Mean squared error of the noisy images against the clean ones."""
    error_denoised: tuple[float, ...]
    strips: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """PNG strips, base64, a level at a time: "original", "seasoned", "denoised"."""
    strip_levels: tuple[float, ...] = ()
    strip_images: int = 0

    def over_judged(self, values: Sequence[float]) -> float:
        """The mean of a curve, a value a level, over the judged levels."""
        low, high = self.judged
        judged = [
            value for level, value in zip(self.levels, values, strict=True) if low - 1e-9 < level < high + 1e-9
        ]
        return sum(judged) / len(judged)


class Reconstruction(Value):
    """An autoencoder on noisy evaluation images, a level at a time. Errors are mean squared errors a pixel, of
    images in [0, 1], against the clean images."""

    autoencoder: str
    noise: str
    levels: tuple[float, ...]
    images: int
    judged: tuple[float, float]
    """The lowest and the highest level over which the error that is removed is taken together."""
    clean: float
    """Of what it makes of the clean images themselves."""
    noisy: tuple[float, ...]
    """Of the noisy images."""
    denoised: tuple[float, ...]
    """Of what it makes of them."""
    gain: tuple[float, ...]
    """Noisy less denoised, mean over images, and its 95 % interval."""
    gain_low: tuple[float, ...]
    gain_high: tuple[float, ...]
    removed: float
    """Share of the error that is gone over the judged levels; below 0 where it makes more than there was."""
    shown: int
    shown_denoised: tuple[tuple[float, ...], ...]
    """Of the images that are shown, a level at a time."""
    strips: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """PNG strips, base64, a level at a time: "raw", "noisy", "denoised"."""


class CodesAgainstPixels(Value):
    """One classifier trained on the codes of an autoencoder and on the images, with the same seeds."""

    autoencoder: str
    classifier: str
    """The fit whose network and training it is."""
    values: int
    """In a code."""
    seeds: tuple[int, ...]
    codes: tuple[float, ...]
    """Accuracy on the evaluation images, a value a seed."""
    pixels: tuple[float, ...]
    low: float | None = None
    """Student's 95 % interval of the differences; None for fewer than three seeds."""
    high: float | None = None
    notes: tuple[str, ...] = ()
    """Sentences on what was trained otherwise than handed in."""

    @property
    def differences(self) -> tuple[float, ...]:
        """Codes less pixels, a value a seed."""
        return tuple(one - other for one, other in zip(self.codes, self.pixels, strict=True))

    @property
    def difference(self) -> float:
        """Their mean over seeds."""
        return sum(self.differences) / len(self.differences)


class Generation(Value):
    """Images from a decoder alone, and what a classifier makes of them."""

    decoder: str
    classifier_task: str
    """The task whose network the classifier is."""
    own: bool
    """The submission's own code drew the images, with the trained weights; otherwise codes were made for it."""
    latent: int
    images: int
    in_range: bool
    recognised: float
    """Share that the classifier tells with a probability of 0.9 or more."""
    class_entropy: float
    """Of the told classes, as a share of the entropy of ten equally frequent ones."""
    nearest: tuple[float, ...]
    """5th, 50th and 95th percentile of the root mean squared distance to the data set's nearest image."""
    nearest_held_out: tuple[float, ...]
    """Those of real evaluation images to the nearest training image, for comparison."""
    strip: str
    strip_images: int
