"""How far an autoencoder's images lie from the clean ones, given noisy ones: the loss an image, by level."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from harness.measure.autoencoders import Chosen, images_of, strip
from harness.measure.kept import identity_of
from harness.measure.specs import ReconstructionSpec
from harness.measured import Reconstruction
from harness.stats import mean_interval

if TYPE_CHECKING:
    from harness.grading import Grader


def reconstruction_of(grader: Grader, spec: ReconstructionSpec, autoencoder: Chosen) -> Reconstruction:
    """What an autoencoder makes of noisy evaluation images, kept from before where it was measured.

    Raises Refused where it takes or gives no images of the data set, TrainerFailed and TrainingStopped.
    """
    decided_by = [
        autoencoder.network.record.id, identity_of(autoencoder.weighted), spec.model_dump(mode="json"),
        images_of(grader),
    ]  # fmt: skip
    make = partial(_reconstruction, grader, spec, autoencoder)
    return grader.measured.of("reconstruction", decided_by, Reconstruction, make)[0]


def _reconstruction(grader: Grader, spec: ReconstructionSpec, autoencoder: Chosen) -> Reconstruction:
    images = images_of(grader)
    made = grader.trainer.reconstruct(autoencoder.weighted, spec.noise, spec.levels, images, spec.shown)
    noisy, denoised = (made[name].astype(float) for name in ("error_noisy", "error_denoised"))
    gains = [mean_interval(one - other, 0.95) for one, other in zip(noisy, denoised, strict=True)]
    levels = np.array(spec.levels)
    judged = (levels > spec.judged[0] - 1e-9) & (levels < spec.judged[1] + 1e-9)
    shown = range(len(made["shown_clean"]))
    return Reconstruction(
        autoencoder=autoencoder.network.record.id,
        noise=spec.noise,
        levels=spec.levels,
        images=images,
        judged=spec.judged,
        clean=_rounded(made["error_clean"].astype(float).mean()),
        noisy=tuple(_rounded(one.mean()) for one in noisy),
        denoised=tuple(_rounded(one.mean()) for one in denoised),
        gain=tuple(_rounded((one - other).mean()) for one, other in zip(noisy, denoised, strict=True)),
        gain_low=tuple(_rounded(one.low) for one in gains),
        gain_high=tuple(_rounded(one.high) for one in gains),
        removed=_rounded(1 - denoised[judged].mean() / noisy[judged].mean()),
        shown=len(shown),
        shown_denoised=tuple(tuple(_rounded(value) for value in one[: len(shown)]) for one in denoised),
        strips={
            "raw": (strip(made["shown_clean"]),) * len(levels),
            "noisy": tuple(strip(one) for one in made["shown_noisy"]),
            "denoised": tuple(strip(one) for one in made["shown_denoised"]),
        },
    )


def _rounded(value: float) -> float:
    return round(float(value), 7)
