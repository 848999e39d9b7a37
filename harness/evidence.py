"""What checks are given: the recording, what trusted code found, and what training measured. Plain data.

Evidence is saved beside a result, so that regrading imports no framework and trains nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from harness import noise_layers
from harness.gates import Gate
from harness.measured import CodesAgainstPixels, Denoising, Generation, NoiseFacts, Reconstruction
from harness.models import ModelFacts
from harness.recording import ArrayRecord, FitRecord, Noise, Passage, Recording, Where
from harness.results import Cause, Curve, DatasetFacts, LayerFacts, OwnFigure, Speed, SubmissionFacts, Value
from harness.training.recipe import Recipe, Scale

CONVOLUTIONS = ("Conv1D", "Conv2D", "SeparableConv2D", "DepthwiseConv2D", "Conv2DTranspose")
"""The classes of the allow-list's convolutional layers."""

LABELS = ("labels", "one_hot", "one_hot_twice")
"""How targets are encoded that are labels."""


class RunSummary(Value):
    """One training run of a recipe with one seed."""

    recipe: str
    seed: int
    accuracy: float | None = None
    """Share of the evaluation images told right by the last epoch's weights."""
    images: int = 0
    curve: Curve
    seconds: float = 0.0
    trainer: str = ""
    why: str = ""
    """Why this trainer, as a sentence."""
    cached: bool = False


class Stacked(Value):
    """The first layers of a network that is trained on labels are trained ones of a network that gives back what it
    is given, such as the encoder of an autoencoder: its other layers take codes."""

    fits: tuple[str, ...]
    """What trained them, fits or loops of the hand-in's own, by id."""
    of: tuple[int, ...]
    """The layers there, by uid."""
    layers: int
    """How many of the network's own they are, without inputs."""
    values: int
    """How many they hand on."""
    known: bool = True
    """Whether the weights that the network starts from are known."""
    changed: bool = False
    """Labels train them too, in this fit or in one before it."""
    at_random: bool = False
    """Some of them act at random in training, such as dropout, frozen or not."""


class FitEvidence(Value):
    """A recorded fit, as trusted code sees it. `problem` and `cause`: why it could not be trained."""

    fit: str
    facts: ModelFacts = ModelFacts()
    loss: tuple[str, dict[str, object]] | None = None
    optimizer: tuple[str, dict[str, object]] | None = None
    epochs: int | None = None
    """Epochs in all, where several calls of `fit` are one training; None: those of the fit."""
    fresh: bool | None = None
    """Whether the network starts from fresh weights, as far as its recipe is known."""
    stacked: Stacked | None = None
    merged: tuple[tuple[str, int], ...] = ()
    """The fits that are one training with this one, in order, and the epochs of each: slices of its history."""
    notes: tuple[str, ...] = ()
    """Sentences on what is trained otherwise than handed in."""
    identical: bool = False
    """The assignment gives network and training, and the recipe is its own in every setting."""
    recipe: Recipe | None = None
    """What was trained, with seed 0."""
    scaled: Scale | None = None
    """Epochs and batch size that were trained in place of the ones handed in (on digits)."""
    runs: tuple[RunSummary, ...] = ()
    speed: tuple[Speed, ...] = ()
    problem: str | None = None
    cause: Cause | None = None

    @property
    def accuracies(self) -> tuple[float, ...]:
        """The measured accuracy of each seed, in [0, 1]."""
        return tuple(run.accuracy for run in self.runs if run.accuracy is not None)


class SelfTrained(Value):
    """A network that the hand-in trained with a loop of its own: a fact for the person who marks, without points.

    `accuracy` is that of the weights that the loop left, on the evaluation images. `problem`: why there is none.
    """

    id: str
    how: str
    """ "gradient_tape" or "train_step"."""
    where: Where | None = None
    facts: ModelFacts = ModelFacts()
    accuracy: float | None = None
    images: int = 0
    stopped: bool = False
    problem: str | None = None


class SavedModel(Value):
    """A model that was handed in as a file: what it is, and what its weights reach as they were submitted.

    A fact for the page, without points. `accuracy` is on the evaluation images; `error` the mean squared error a
    pixel with which a model of images gives them back. `fault` says what kind of `problem`, which completes "it …",
    keeps either from being measured.
    """

    id: str
    file: str
    format: str
    """ "keras", "hdf5", "weights", "saved_model" or "unknown"."""
    version: str = ""
    facts: ModelFacts = ModelFacts()
    accuracy: float | None = None
    error: float | None = None
    images: int = 0
    fit: str | None = None
    """The recorded fit whose network a file of weights alone belongs to."""
    part_of: str | None = None
    """The file of a model whose layers are this one's too: a decoder beside its autoencoder."""
    fault: Literal["refused", "unreadable", "too_large", "legacy", "not_measured"] | None = None
    problem: str | None = None


class Match(Value):
    """The fits that answer a task, the best first, and why. `self_trained`: what may explain that none does."""

    task: str
    fits: tuple[str, ...] = ()
    self_trained: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    sure: bool = True


class Replayed(Value):
    """What the hand-in showed when it ran again with trained weights.

    `fits` are those that were answered with weights; `placeholders` the cells that rest on others. `problem`: why
    the run did not come to its end, in a sentence.
    """

    fits: tuple[str, ...] = ()
    figures: tuple[OwnFigure, ...] = ()
    printed: tuple[Passage, ...] = ()
    placeholders: tuple[Where, ...] = ()
    seconds: float = 0.0
    problem: str | None = None


class Unmeasured(Value):
    """Why a measurement could not be made, and whose fault that is. `cause` None: there was nothing to measure."""

    reason: str
    cause: Cause | None = None


class Evidence(Value):
    """All that a grading run knows about one submission before it is judged."""

    submission: SubmissionFacts
    dataset: DatasetFacts
    profile: Literal["quick", "full"]
    recording: Recording = Recording()
    matches: dict[str, Match] = Field(default_factory=dict)
    fits: dict[str, FitEvidence] = Field(default_factory=dict)
    unused: tuple[str, ...] = ()
    """Fits that no task needs: they are listed and not trained."""
    self_trained: tuple[SelfTrained, ...] = ()
    saved_models: tuple[SavedModel, ...] = ()
    gates: dict[str, Gate] = Field(default_factory=dict)
    """What random outcomes are held against: by "TASK.accuracy", or "TASK.gain.OTHER" with another's classifier."""
    noise: NoiseFacts | None = None
    denoising: Denoising | None = None
    generation: Generation | None = None
    reconstruction: Reconstruction | None = None
    codes: CodesAgainstPixels | None = None
    replay: Replayed | None = None
    unmeasured: dict[str, Unmeasured] = Field(default_factory=dict)
    """Why a measurement of this name could not be made."""
    problem: str | None = None
    """Why there is no recording, in a sentence; `cause` says whose it is."""
    interrupted: str | None = None
    """Why the run ended before the hand-in's last cell, where it did."""
    cause: Cause | None = None
    isolation: str = ""
    isolated: bool = True

    def why_unmeasured(self, name: str) -> Unmeasured:
        """Why there is no measurement of this name: our fault where nothing was noted."""
        return self.unmeasured.get(name, Unmeasured(reason="it was not trained", cause=Cause.HARNESS_FAULT))

    def networks(self, task: str) -> tuple[Network, ...]:
        """The networks that answer a task, the best match first."""
        match = self.matches.get(task)
        if match is None:
            return ()
        records = {record.id: record for record in self.recording.fits}
        return tuple(Network(records[fit], self.fits[fit]) for fit in match.fits if fit in self.fits)


@dataclass(frozen=True)
class Network:
    """A recorded fit and what is known about it: what rules and checks look at."""

    record: FitRecord
    evidence: FitEvidence

    @property
    def where(self) -> Where | None:
        """Where `fit` was called."""
        return self.record.where

    @property
    def epochs(self) -> int:
        """Epochs that the network was trained for, calls of `fit` that only went on added up."""
        return self.evidence.epochs or self.record.epochs

    @property
    def fresh(self) -> bool:
        """Whether it starts from fresh weights, and goes on from no other training."""
        if self.evidence.fresh is not None:
            return self.evidence.fresh
        return not self.record.previous and not self.record.states

    @property
    def facts(self) -> ModelFacts:
        """What the rebuilt model is; its `refused` is set where it could not be rebuilt."""
        return self.evidence.facts

    @property
    def layers(self) -> tuple[LayerFacts, ...]:
        """The rebuilt model's layers in call order, without its input."""
        return self.facts.layers

    @property
    def params(self) -> int:
        """Weights of the rebuilt model, trainable or not."""
        return self.facts.params

    def of_class(self, *names: str) -> tuple[LayerFacts, ...]:
        """The layers of some classes."""
        return tuple(layer for layer in self.layers if layer.class_name in names)

    @property
    def hidden_units(self) -> tuple[int, ...]:
        """Units of the Dense layers before the last one."""
        return tuple(layer.units or 0 for layer in self.of_class("Dense"))[:-1]

    @property
    def convolutional(self) -> bool:
        """True where the model has a convolution of any kind."""
        return bool(self.of_class(*CONVOLUTIONS))

    @property
    def regularized(self) -> bool:
        """True where any layer has a regulariser."""
        return any(layer.regularizers for layer in self.layers)

    @property
    def targets(self) -> ArrayRecord | None:
        """The targets that `fit` was given."""
        return self.record.data.y

    @property
    def reconstructs(self) -> bool:
        """True where the targets are images."""
        y = self.record.data.y
        return y is not None and y.encoding == "pixels"

    @property
    def bottleneck(self) -> int | None:
        """The fewest values that any layer hands on, outputs apart; None where no layer narrows."""
        sizes = [math.prod(n or 1 for n in layer.output_shape[1:]) for layer in self.layers]
        inner = sizes[:-1]
        return min(inner) if inner and min(inner) < sizes[-1] else None

    @property
    def classifier(self) -> bool:
        """True where the targets are labels."""
        y = self.record.data.y
        return y is not None and y.encoding in LABELS

    @property
    def noise(self) -> Noise | None:
        """The noise on its inputs, or that its first layers add to them; None where there is none, or none that was
        told."""
        x = self.record.data.x
        return x.noise if x is not None and x.noise is not None else noise_layers.added_by(self.record)

    @property
    def optimizer(self) -> str:
        """The class of its optimizer as it was recorded; "" where it has none."""
        return self.record.optimizer.class_name if self.record.optimizer else ""

    @property
    def on_codes(self) -> bool:
        """True where it takes what another network computes, as it is or changed, or where its own layers do."""
        x = self.record.data.x
        return self.evidence.stacked is not None or (x is not None and (x.derived is not None or x.of_answers))

    @property
    def head(self) -> Network:
        """The network without the encoder that stands under it in the same model; itself where there is none."""
        under, layers = self.evidence.stacked, self.layers
        if under is None or not 0 < under.layers < len(layers):
            return self
        own = layers[under.layers :]
        update = {"layers": own, "params": sum(layer.params for layer in own), "input_shape": (under.values,)}
        facts = self.facts.model_copy(update=update)
        return Network(self.record, self.evidence.model_copy(update={"facts": facts}))

    @property
    def on_clean_images(self) -> bool:
        """True where the inputs are images of the data set without noise."""
        x = self.record.data.x
        return x is not None and x.source is not None and x.noise is None

    @property
    def accuracies(self) -> tuple[float, ...]:
        """The measured accuracy of each seed, in [0, 1]."""
        return self.evidence.accuracies
