"""What a trained autoencoder does: how much it gains a classifier on noisy images, and what its decoder draws."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from harness.decoders import values_after
from harness.evidence import Network
from harness.identity import of_array
from harness.measure.denoising import gains, mean_gain
from harness.measure.generation import nearest, recognised
from harness.measure.kept import identity_of
from harness.measure.specs import DenoisingSpec, GenerationSpec
from harness.measured import Denoising, Generation
from harness.recording import ModelRecord
from harness.training.sent import Weighted

if TYPE_CHECKING:
    from harness.grading import Grader

SHOWN = 10  # images of a strip
STRIP_LEVELS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
FEWEST = 5  # images from which a submission's own drawing is measured
COMPARED = 200  # images whose nearest image of the data set is looked for


@dataclass(frozen=True)
class Chosen:
    """A trained network of a task that is measured, and its weights."""

    task: str
    network: Network
    weighted: Weighted


@dataclass(frozen=True)
class Drawing:
    """What draws images, and what tells them. The decoder is the autoencoder's part after node `cut`; `own` are
    the images (n, d) that the submission's own code drew with it, where it did."""

    autoencoder: Chosen
    classifier: Chosen
    decoder: ModelRecord
    cut: int
    own: NDArray[Any] | None

    @property
    def latent(self) -> int:
        """Values that the decoder takes."""
        return values_after(self.autoencoder.network, self.cut)


def denoising_of(grader: Grader, spec: DenoisingSpec, denoiser: Chosen, classifier: Chosen) -> Denoising:
    """What a denoiser gains a classifier on the evaluation images, kept from before where it was measured.

    Raises Refused where their images are no images of the data set, TrainerFailed and TrainingStopped.
    """
    decided_by = [
        *([one.task, one.network.record.id, *identity_of(one.weighted)] for one in (denoiser, classifier)),
        spec.model_dump(mode="json"), images_of(grader),
    ]  # fmt: skip
    make = partial(_denoising, grader, spec, denoiser, classifier)
    return grader.measured.of("denoising", decided_by, Denoising, make)[0]


def images_of(grader: Grader) -> int:
    """On how many evaluation images noise, and what removes it, is tried."""
    return min(len(grader.dataset.y_test), grader.assignment.profile(grader.profile).evaluated_images)


def _denoising(grader: Grader, spec: DenoisingSpec, denoiser: Chosen, classifier: Chosen) -> Denoising:
    labels, images = grader.dataset.y_test, images_of(grader)
    made = grader.trainer.denoise(classifier.weighted, denoiser.weighted, spec.noise, spec.levels, images, SHOWN)
    shown = [
        number for number, level in enumerate(spec.levels) if any(abs(level - one) < 1e-9 for one in STRIP_LEVELS)
    ]
    levels = np.array(spec.levels)
    judged = (levels > spec.judged[0] - 1e-9) & (levels < spec.judged[1] + 1e-9)
    return Denoising(
        autoencoder=denoiser.network.record.id,
        classifier=classifier.network.record.id,
        classifier_task=classifier.task,
        levels=spec.levels,
        images=images,
        judged=spec.judged,
        mean_gain=mean_gain(made["seasoned"], made["denoised"], labels[made["rows"]], judged),
        error_noisy=tuple(float(value) for value in made["error_noisy"]),
        error_denoised=tuple(float(value) for value in made["error_denoised"]),
        strips={
            "original": (strip(made["shown_clean"]),) * len(shown),
            "seasoned": tuple(strip(made["shown_seasoned"][number]) for number in shown),
            "denoised": tuple(strip(made["shown_denoised"][number]) for number in shown),
        },
        strip_levels=tuple(spec.levels[number] for number in shown),
        strip_images=min(SHOWN, images),
        **gains(made["seasoned"], made["denoised"], labels[made["rows"]]),
    )


def generation_of(grader: Grader, spec: GenerationSpec, drawing: Drawing) -> Generation:
    """What a decoder draws, and what a classifier makes of it, kept from before where it was measured. Raises as
    `denoising_of` does."""
    decided_by = [
        identity_of(drawing.autoencoder.weighted), identity_of(drawing.classifier.weighted),
        drawing.classifier.task, drawing.decoder.name,
        drawing.cut, drawing.latent, None if drawing.own is None else of_array(drawing.own),
        spec.images,
    ]  # fmt: skip
    make = partial(_generation, grader, spec, drawing)
    return grader.measured.of("generation", decided_by, Generation, make)[0]


def _generation(grader: Grader, spec: GenerationSpec, drawing: Drawing) -> Generation:
    autoencoder, classifier, own = drawing.autoencoder.weighted, drawing.classifier.weighted, drawing.own
    count = spec.images
    pixels = grader.dataset.x_train[0].size
    if own is not None and own.shape[1] == pixels and len(own) >= FEWEST:
        count, raw, images = len(own), own, np.clip(own, 0, 1)
        probabilities = grader.trainer.classify(classifier, images)
    else:
        own = None
        made = grader.trainer.generate(autoencoder, drawing.cut, classifier, count)
        raw, images, probabilities = made["raw"], made["images"], made["probabilities"]
    share, entropy = recognised(probabilities)
    training, evaluation = (
        part.reshape(len(part), -1).astype(np.float32) / 255
        for part in (grader.dataset.x_train, grader.dataset.x_test)
    )
    return Generation(
        decoder=drawing.decoder.name,
        classifier_task=drawing.classifier.task,
        own=own is not None,
        latent=drawing.latent,
        images=count,
        in_range=bool(np.isfinite(raw).all() and raw.min() >= -1e-6 and raw.max() <= 1 + 1e-6),
        recognised=round(share, 6),
        class_entropy=round(entropy, 6),
        nearest=tuple(round(value, 6) for value in nearest(images[:COMPARED], training, evaluation)),
        nearest_held_out=tuple(round(value, 6) for value in nearest(evaluation[:COMPARED], training)),
        strip=strip(images[: 2 * SHOWN]),
        strip_images=min(2 * SHOWN, count),
    )


def strip(images: NDArray[Any]) -> str:
    """Images (n, 784) in [0, 1] side by side as a grey PNG, base64. Dark ink on a light ground, as on paper."""
    from PIL import Image

    side = round(images.shape[1] ** 0.5)
    grey = np.rint(255 * (1 - images.reshape(len(images), side, side))).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(np.concatenate(list(grey), axis=1)).save(buffer, "PNG", optimize=True)
    return base64.b64encode(buffer.getvalue()).decode()
