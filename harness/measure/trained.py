"""What only trained networks show, as the assignment's measurements have it. Adds to the evidence."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from harness.allowlist import Refused
from harness.decoders import decoder_of
from harness.dryrun import GENERATED_FRAME, DryRun, Trained
from harness.evidence import Evidence, Match, Network, Unmeasured
from harness.matching import place_of
from harness.measure.autoencoders import Chosen, Drawing, denoising_of, generation_of
from harness.measure.own import replayed
from harness.measure.reconstruction import reconstruction_of
from harness.measure.specs import DenoisingSpec, GenerationSpec, ReconstructionSpec
from harness.measured import CodesAgainstPixels, Denoising, Generation, Reconstruction
from harness.results import Cause, Curve, Value
from harness.training.channel import cause_of
from harness.training.process import TrainerFailed, TrainingStopped

if TYPE_CHECKING:
    from harness.grading import Grader

V = TypeVar("V", bound=Value)

Replayer = Callable[[dict[str, Trained]], DryRun]
"""replayer(what training gave, by fit): the submission's run with trained weights."""


def measure_trained(
    grader: Grader, evidence: Evidence, replayer: Replayer | None,
    compared: CodesAgainstPixels | Unmeasured | None = None,
) -> Evidence:  # fmt: skip
    """The evidence with the replay and what the assignment's measurements give, or with the reason why they could
    not be made. `compared`: the one that needs trainings of its own.

    `replayer` runs the submission again with trained weights, once; it is not called where nothing was trained.
    """
    own: NDArray[Any] | None = None
    answers = _answers(grader, evidence) if replayer else {}
    if replayer and answers:
        run = replayer(answers)
        headings = {name: spec.headings for name, spec in grader.assignment.tasks.items()}
        evidence = evidence.model_copy(update={"replay": replayed(evidence, run, tuple(answers), headings)})
        own = _drawn(run)
    specs, matches = grader.assignment.measurements, evidence.matches
    made: dict[str, Value] = {}
    if specs.denoising is not None:
        made["denoising"] = _denoised(grader, evidence, specs.denoising)
    if specs.reconstruction is not None:
        made["reconstruction"] = _reconstructed(grader, evidence, specs.reconstruction)
    if specs.codes is not None:
        made["codes"] = compared if compared is not None else Unmeasured(reason="it was not trained")
    if specs.generation is not None:
        drawings = _drawings(grader, evidence, specs.generation, own)
        if isinstance(drawings, Unmeasured):
            made["generation"] = drawings
        else:
            drawn = [
                (drawing, _told(partial(generation_of, grader, specs.generation, drawing))) for drawing in drawings
            ]
            drawn.sort(key=lambda one: _worth(one[1]), reverse=True)
            made["generation"] = drawn[0][1]
            matches = _best_decoder_first(matches, drawn, _decoding(grader, specs.generation))
    unmeasured = {name: value for name, value in made.items() if isinstance(value, Unmeasured)}
    measured = {name: value for name, value in made.items() if name not in unmeasured}
    return evidence.model_copy(
        update={**measured, "matches": matches, "unmeasured": {**evidence.unmeasured, **unmeasured}}
    )


def _denoised(grader: Grader, evidence: Evidence, spec: DenoisingSpec) -> Denoising | Unmeasured:
    denoiser, classifier = _trained(grader, evidence, (spec.denoiser,)), _classifier(grader, evidence, spec)
    if denoiser is None:
        return _untrained(evidence, "autoencoder", (spec.denoiser,))
    if isinstance(classifier, Unmeasured):
        return classifier
    return _told(partial(denoising_of, grader, spec, denoiser, classifier))


def _reconstructed(grader: Grader, evidence: Evidence, spec: ReconstructionSpec) -> Reconstruction | Unmeasured:
    autoencoder = _trained(grader, evidence, (spec.autoencoder,))
    if autoencoder is None:
        return _untrained(evidence, "autoencoder", (spec.autoencoder,))
    return _told(partial(reconstruction_of, grader, spec, autoencoder))


def _classifier(grader: Grader, evidence: Evidence, spec: DenoisingSpec | GenerationSpec) -> Chosen | Unmeasured:
    found = _trained(grader, evidence, spec.classifiers)
    return found if found is not None else _untrained(evidence, "classifier", spec.classifiers)


def _told(measure: Callable[[], V]) -> V | Unmeasured:
    """A measurement, or why it could not be made."""
    try:
        return measure()
    except (Refused, TrainerFailed, TrainingStopped) as error:
        return Unmeasured(reason=str(error)[:500], cause=cause_of(error))


def _drawn(run: DryRun) -> NDArray[Any] | None:
    """The images (n, d) that the submission's own decoder drew, or None."""
    images = run.frames.get(GENERATED_FRAME)
    return images if images is not None and images.ndim == 2 and np.isfinite(images).all() else None


def _answers(grader: Grader, evidence: Evidence) -> dict[str, Trained]:
    """What training gave, by recorded fit, for a replay. Equal networks of which one was trained share its run, and
    so do the calls of `fit` that were one training, each with its part of the history."""
    answers: dict[str, Trained] = {}
    for task in evidence.matches:
        networks = evidence.networks(task)
        runs = {run.recipe: run for network in networks for run in network.evidence.runs}
        for network in networks:
            weighted = grader.weighted(network)
            run = runs.get(weighted.recipe.sha256) if weighted else None
            if weighted is not None and run is not None:
                for fit in dict(network.evidence.merged) or (network.record.id,):
                    answers[fit] = Trained(list(weighted.weights), history_of(network, run.curve, fit))
    return answers


def history_of(network: Network, curve: Curve, fit: str = "") -> dict[str, tuple[float, ...]]:
    """A training curve by Keras's names; of a network that several calls of `fit` trained, the part of `fit`.

    Where other epochs were trained than the fits asked for, its values are held or left out evenly, so that the
    hand-in's code finds as many as it asked for; the last stays the last.
    """
    merged = network.evidence.merged
    names = ("accuracy", "val_accuracy", "loss", "val_loss")
    history = {name: values for name in names if (values := getattr(curve, name))}
    if network.evidence.scaled is None and len(merged) < 2:
        return history
    before, asked = 0, network.record.epochs
    for name, epochs in merged:
        if name == (fit or network.record.id):
            asked = epochs
            break
        before += epochs
    total = sum(epochs for _, epochs in merged) or asked
    return {
        name: tuple(values[-(-(before + number + 1) * len(values) // total) - 1] for number in range(asked))
        for name, values in history.items()
    }


def _drawings(
    grader: Grader, evidence: Evidence, spec: GenerationSpec, own: NDArray[Any] | None
) -> list[Drawing] | Unmeasured:
    """The decoders of trained autoencoders, at least one, the declared task's own first; or why nothing draws."""
    tasks = (spec.autoencoder, *_decoding(grader, spec))
    classifier = _classifier(grader, evidence, spec)
    networks = {network.record.id: network for task in tasks for network in evidence.networks(task)}
    chosen = (_chosen(grader, spec.autoencoder, network) for network in networks.values())
    trained = [one for one in chosen if one is not None]
    if not trained:
        return _untrained(evidence, "autoencoder", tasks)
    if isinstance(classifier, Unmeasured):
        return classifier
    models = evidence.recording.models
    found = [
        Drawing(one, classifier, *decoder, own)
        for one in trained
        if (decoder := decoder_of(models, one.network)) is not None
    ]
    if found:
        return found if own is None else found[:1]  # which of them drew `own` is not known
    for network in networks.values():
        if decoder_of(models, network) is not None:
            why = network.evidence.problem or "it was not trained"
            reason = f"the autoencoder{place_of(network)}, whose decoder draws, could not be trained: {why}"
            return Unmeasured(reason=reason[:500], cause=network.evidence.cause)
    return Unmeasured(reason="no decoder that shares the trained autoencoder's layers was found")


def _decoding(grader: Grader, spec: GenerationSpec) -> list[str]:
    """The tasks that are answered by the decoder of the autoencoder's task."""
    return [rule.task for rule in grader.assignment.rules() if rule.decodes == spec.autoencoder]


def _worth(made: Generation | Unmeasured) -> tuple[bool, bool, float]:
    """By which of several decoders the best counts: digits that are told, of many classes."""
    if isinstance(made, Unmeasured):
        return (False, False, 0.0)
    return (True, made.in_range, made.recognised * made.class_entropy)


def _best_decoder_first(
    matches: Mapping[str, Match], drawn: Sequence[tuple[Drawing, Generation | Unmeasured]], tasks: Sequence[str]
) -> dict[str, Match]:
    """The matches with the autoencoder whose decoder counts as the first of these tasks, and why it is. `drawn` is
    in the order of what each is worth."""
    made = dict(matches)
    if len(drawn) < 2:
        return made
    shares = ["none" if isinstance(value, Unmeasured) else f"{value.recognised:.0%}" for _, value in drawn]
    places = [place_of(drawing.autoencoder.network) for drawing, _ in drawn]
    said = "; ".join(f"{share} from the one{place}" for share, place in zip(shares, places, strict=True))
    reason = f"Of several decoders the best counts. Images that are told as digits, as trained here: {said}."
    ids = [drawing.autoencoder.network.record.id for drawing, _ in drawn]
    for task in tasks:
        if task in made:
            fits = [fit for fit in ids if fit in made[task].fits]
            fits += [fit for fit in made[task].fits if fit not in fits]
            about = {"fits": tuple(fits), "reasons": (*made[task].reasons, reason)}
            made[task] = made[task].model_copy(update=about)
    return made


def _trained(grader: Grader, evidence: Evidence, tasks: Sequence[str]) -> Chosen | None:
    """The best trained network of these tasks, by its mean accuracy.

    Of networks without an accuracy, and of equal ones, the first.
    """
    networks = [(task, network) for task in tasks for network in evidence.networks(task)]
    best_first = sorted(networks, key=lambda one: -_mean_accuracy(one[1]))
    chosen = (_chosen(grader, task, network) for task, network in best_first)
    return next((one for one in chosen if one is not None), None)


def _chosen(grader: Grader, task: str, network: Network) -> Chosen | None:
    """A task's network with its weights; None where it was not trained."""
    weighted = grader.weighted(network) if network.evidence.runs else None
    return None if weighted is None else Chosen(task, network, weighted)


def _untrained(evidence: Evidence, what: str, tasks: Sequence[str]) -> Unmeasured:
    """Why there is no trained network of these tasks: our fault where it is that of one of them; without a cause
    where there is no network."""
    causes = [network.evidence.cause for task in tasks for network in evidence.networks(task)]
    cause = next((cause for cause in causes if cause is not None), None)
    if Cause.HARNESS_FAULT in causes:
        cause = Cause.HARNESS_FAULT
    return Unmeasured(reason=f"there is no trained {what}", cause=cause)


def _mean_accuracy(network: Network) -> float:
    values = network.accuracies
    return sum(values) / len(values) if values else 0.0
