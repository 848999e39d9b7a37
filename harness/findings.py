"""Findings of one submission: the recorder's, those that hold for every assignment, and the assignment's own."""

from __future__ import annotations

from collections.abc import Iterator

from harness.addressed import addressed
from harness.assignment import Assignment
from harness.claims import contradictions
from harness.datasets import OFFICIAL_ROWS
from harness.evidence import Evidence
from harness.mapping import SETTINGS
from harness.other_frameworks import frameworks
from harness.recording import ArrayRecord, Finding, Where


def find(assignment: Assignment, evidence: Evidence) -> tuple[Finding, ...]:
    """All findings, in that order. An assignment's own come from `find(evidence)` of its findings*.py files."""
    files = sorted(assignment.folder.glob("findings*.py"))
    own = [finding for file in files for finding in assignment.module(file.stem).find(evidence)]
    return (*evidence.recording.findings, *general(evidence), *own)


def general(evidence: Evidence) -> Iterator[Finding]:
    """What a recording shows whatever was asked, and the recorder did not say itself."""
    yield from _own_settings(evidence)
    yield from _trained_on_evaluation(evidence)
    yield from _self_trained(evidence)
    yield from _saved_models(evidence)
    yield from _unsupported(evidence)
    yield from addressed(evidence.recording)
    yield from contradictions(evidence)


def _own_settings(evidence: Evidence) -> Iterator[Finding]:
    """Settings of the harness that were handed in: they would say which fits answer which task."""
    for file in evidence.submission.files:
        if file.name.rsplit("/", 1)[-1].casefold() == SETTINGS:
            yield Finding(
                code="own-settings",
                message="A harness.toml was handed in; it was not read. Which fits answer which task is for the "
                "course to say.",
                where=Where(file=file.name[:300]),
            )


def _trained_on_evaluation(evidence: Evidence) -> Iterator[Finding]:
    """Fits that were given evaluation images to learn from: their accuracy says nothing of unseen images."""
    for fit in evidence.recording.fits:
        if fit.error is None and _has_evaluation_images(fit.data.x):
            yield Finding(
                code="evaluation-images-in-training",
                message="This fit trains on the test images, on which accuracy is measured; train on x_train.",
                where=fit.where,
            )


def _has_evaluation_images(array: ArrayRecord | None) -> bool:
    """Whether an array, or what a model made it of, holds images of the evaluation set."""
    if array is None:
        return False
    if array.derived is not None:
        return _has_evaluation_images(array.derived.given)
    if array.source == "x_all":
        rows = array.rows
        return rows is None or rows.kind != "slice" or rows.stop > OFFICIAL_ROWS["train"]
    return array.source == "x_test"


def _self_trained(evidence: Evidence) -> Iterator[Finding]:
    for network in evidence.recording.self_trained:
        yield Finding(
            code="self-trained",
            message="A loop of your own trains this network, and not fit: it was trained once, in the sandbox, and "
            "cannot be trained again here. A person decides what it earns.",
            where=network.where,
        )


def _saved_models(evidence: Evidence) -> Iterator[Finding]:
    """What keeps a model that was handed in as a file from being evaluated; its problem completes "it …"."""
    for model in evidence.saved_models:
        said, where = f"{model.file} {model.problem}", Where(file=model.file[:300])
        if model.fault == "refused":
            yield Finding(code="saved-model-refused", message=f"{said}.", where=where)
        elif model.fault == "unreadable":
            yield Finding(code="saved-model-unreadable", message=f"{said}. Save it again.", where=where)
        elif model.fault == "too_large":
            yield Finding(code="saved-model-too-large", message=f"{said}.", where=where)
        elif model.fault == "legacy":
            yield Finding(code="saved-model-legacy", message=f"{said}.", where=where)
        elif model.fault == "not_measured":
            yield Finding(code="saved-model-not-measured", message=f"{said}.", where=where)


def _unsupported(evidence: Evidence) -> Iterator[Finding]:
    for used in frameworks(evidence.recording):
        yield Finding(
            code="unsupported-framework",
            message=f"Networks here are made with {used.name}, which the harness does not train. That is no "
            "mistake: a person marks this hand-in.",
            where=used.where,
        )
