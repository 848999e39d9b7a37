"""What the checks of autoencoders have in common, whatever the assignment."""

from __future__ import annotations

from harness.checking import Failed, NotMeasured, Partial, Verdict
from harness.evidence import Network
from harness.noise_layers import masking
from harness.recording import ArrayRecord, Noise
from harness.results import Cause


def require_bottleneck(autoencoder: Network, verdict: Verdict, asked: int, copies: str, hint: str) -> None:
    """Note how many values the narrowest layer hands on. Raises Failed, with `copies` and `hint`, where none
    narrows, and Partial where they are not as many as `asked`."""
    verdict.where = autoencoder.where
    found = autoencoder.bottleneck
    verdict.measured("bottleneck", found, how="fewest values that an inner layer hands on")
    verdict.threshold("asked", asked, "assignment")
    if found is None:
        raise Failed(copies, hint, where=autoencoder.where)
    if found != asked:
        raise Partial(
            f"The bottleneck has {found} values; the assignment's has {asked}.",
            "Another size is a choice worth explaining in the text.",
            share=0.5,
            where=autoencoder.where,
        )
    verdict.says(f"A bottleneck of {asked}.")


def noise_of_inputs(autoencoder: Network, hint: str, masked: float) -> Noise:
    """The noise that it is trained to remove, be it in its inputs or added by its first layers. Raises NotMeasured
    where its images were not recognised, Failed where its targets are noisy or other images, or its inputs clean,
    and Partial, of the share `masked`, where all that its first layers do is to leave out pixels; `hint` is the
    call of fit that is right."""
    x, y = autoencoder.record.data.x, autoencoder.record.data.y
    if x is None or y is None or (x.source is None and x.noise is None):
        raise NotMeasured(
            "The images that it is trained from could not be recognised.",
            hint,
            cause=Cause.ERROR_IN_SUBMISSION,
            where=autoencoder.where,
        )
    if y.noise is not None:
        raise Failed(
            "The targets are noisy; they should be the clean images.",
            "fit(noisy, clean): the second argument is the clean images.",
            where=autoencoder.where,
        )
    if _others(x, y):
        raise Failed(
            "The targets are other images than the inputs, or the same in another order: what it learns to draw "
            "has nothing to do with what it is shown.",
            hint,
            where=autoencoder.where,
        )
    noise, mask = autoencoder.noise, masking(autoencoder.record)
    if noise is None and mask is not None:
        raise Partial(
            f"The inputs are clean images of which a `{mask}` layer leaves out some values or weakens them: it "
            "learns to fill in pixels, and other noise is asked.",
            hint,
            share=masked,
            where=autoencoder.where,
        )
    if noise is None:
        raise Failed("The inputs are clean: it learns to copy, not to remove noise.", hint, where=autoencoder.where)
    return noise


def noise_found(autoencoder: Network, noise: Noise) -> str:
    """Where the noise was found that `noise_of_inputs` tells."""
    x = autoencoder.record.data.x
    by_layer = x is None or x.noise is None
    kind = noise.kind.replace("_", " ")
    return f"{kind} noise that its first layers add" if by_layer else f"{kind} noise found on the inputs"


def _others(x: ArrayRecord, y: ArrayRecord) -> bool:
    """Whether two arrays are known to show different images, or in a different order. Only whole sets of images are
    compared: the rows of a part of one are not certain where a data set has an image twice."""
    if {x.source, y.source} == {"x_train", "x_test"}:
        return True
    if x.source is None or x.source != y.source or x.rows is None or y.rows is None:
        return False
    return {"all"} < {x.rows.kind, y.rows.kind}
