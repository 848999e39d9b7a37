"""What an assignment declares under `[measurements]`: what is measured on trained networks, and on whose.

Each kind of measurement stands there once at most. What it gives is the value of the same name in
`harness.evidence.Evidence`; what it is held against, the assignment's gates say.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from harness.noise import Kind

Levels = tuple[float, ...]


class _Spec(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class DenoisingSpec(_Spec):
    """What a denoiser gains a classifier on noisy images, a level at a time."""

    denoiser: str
    """The task whose network removes noise."""
    classifiers: tuple[str, ...]
    """The tasks that hand over classifiers; the most accurate is taken."""
    noise: Kind
    levels: Levels
    judged: tuple[float, float] = (0.0, 1.0)
    """The gain is judged as a whole, averaged over the levels from the first to the second."""


class GenerationSpec(_Spec):
    """What the decoder of an autoencoder draws by itself, and how much of it a classifier recognises."""

    autoencoder: str
    classifiers: tuple[str, ...]
    images: int = Field(default=200, ge=20)
    """How many are drawn, where the hand-in's own code draws none."""


class ReconstructionSpec(_Spec):
    """How far an autoencoder's images lie from the clean ones, given noisy ones, a level at a time."""

    autoencoder: str
    noise: Kind
    levels: Levels
    judged: tuple[float, float] = (0.0, 1.0)
    """The share of the error that is removed is judged over the levels from the first to the second together."""
    shown: int = Field(default=10, ge=1, le=20)
    """Images of the gallery."""


class CodesSpec(_Spec):
    """The same classifier trained on the codes of an autoencoder and on the images, with the same seeds.

    The encoder is cut out of the autoencoder at its bottleneck by the harness, however it was built.
    """

    autoencoder: str
    classifiers: tuple[str, ...]
    """The tasks whose network is the classifier: the first that has one which can be trained and stands alone."""
    seeds: dict[Literal["quick", "full"], int]


class Measurements(_Spec):
    """All that is measured on the trained networks of a hand-in."""

    denoising: DenoisingSpec | None = None
    generation: GenerationSpec | None = None
    reconstruction: ReconstructionSpec | None = None
    codes: CodesSpec | None = None

    @property
    def on(self) -> tuple[tuple[str, str], ...]:
        """The kinds that are declared, each with every task that it is measured on."""
        made = []
        for kind in type(self).model_fields:
            spec = getattr(self, kind)
            if spec is not None:
                first = spec.denoiser if isinstance(spec, DenoisingSpec) else spec.autoencoder
                made += [(kind, task) for task in (first, *getattr(spec, "classifiers", ()))]
        return tuple(made)

    def runs(self, measure: str, profile: Literal["quick", "full"]) -> int:
        """How many runs a measure is the mean of: a difference is one of a pair for each seed, each with an
        autoencoder of its own; more seeds of a denoiser would share its classifier's luck."""
        return self.codes.seeds[profile] if measure == "difference" and self.codes is not None else 1

    @property
    def classifiers(self) -> tuple[str, ...]:
        """The tasks whose networks measure others: what is measured with each has runs of its own."""
        using = [one for one in (self.denoising, self.generation) if one is not None]
        return tuple(dict.fromkeys(task for one in using for task in one.classifiers))
