"""Folders of saved models, inspected as a grading run does it without a framework: for tests."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from evidence import digits, layer_facts

from harness import findings
from harness.allowlist import Refused
from harness.assignment import load
from harness.dryrun import DryRun
from harness.evidence import Evidence
from harness.grading import Grader
from harness.models import ModelFacts, ModelSpec
from harness.recording import FitRecord, Recording
from harness.results import SubmissionFacts, SubmittedFile
from harness.sandbox.base import Limits
from harness.sandbox.frames import read_frames
from harness.training.arrays_spec import ArraySpec
from harness.training.cache import RunCache
from harness.worker.frames import FrameWriter
from harness.worker.saved_models import read_all

A7 = load("dat405_a7")
DIGITS = digits()


class Trainer:
    """Knows the shapes of chains, and computes dense ones without activations."""

    def describe(self, _recipe: Any = None) -> dict[str, str]:
        return {"device": "cpu"}

    def inspect(self, spec: ModelSpec, _loss: Any) -> ModelFacts:
        shape, layers, params = (), [], 0
        for one in spec.layers:
            last, units = (shape or (0,))[-1], one.arguments.get("units")
            if one.class_name == "InputLayer":
                entering = shape = tuple(one.arguments["batch_shape"])
                continue
            if one.class_name == "Flatten":
                shape = (math.prod(shape),)
            if one.class_name == "Conv2D":
                units, shape = (
                    one.arguments["filters"],
                    (*(side - 2 for side in shape[:2]), one.arguments["filters"]),
                )
            elif units:
                shape = (*shape[:-1], units)
            own = last * units + units if units else 0
            params += own
            made = layer_facts(one.class_name, units, one.arguments.get("activation", "linear"), params=own)
            decay = one.arguments.get("kernel_regularizer")
            texts = (f"kernel L2 {decay[1]['l2']:g}",) if decay else ()
            layers.append(made.model_copy(update={"output_shape": (None, *shape), "regularizers": texts}))
        return ModelFacts(params=params, layers=tuple(layers), input_shape=entering, output_shape=shape)

    def evaluate(self, spec: ModelSpec, weights: Sequence[np.ndarray], x: ArraySpec, dataset: str) -> np.ndarray:
        assert dataset == DIGITS.name
        values = DIGITS.x_test.reshape(len(DIGITS.x_test), -1) * x.scale + x.offset
        for place in range(0, len(weights), 2):
            if values.shape[1] != len(weights[place]):
                raise Refused("its weights or the images do not fit it")
            values = values @ weights[place] + weights[place + 1]
        return values


def graded(
    folder: Path,
    given: Mapping[str, Sequence[str]] | None = None,
    fits: Sequence[FitRecord] = (),
    kind: str = "nothing",
    files: Sequence[str] | None = None,
    **claims: Any,
) -> Evidence:
    """The evidence on a hand-in of these files, and of these recorded fits; `claims` are what a worker that lies
    has in its records of the saved models."""
    channel = io.BytesIO()
    writer = FrameWriter(channel)
    records = tuple(one.model_copy(update=claims) for one in read_all(folder, writer))
    frames = read_frames(channel.getvalue(), Limits()).arrays
    names = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
    listed = tuple(SubmittedFile(name=name, bytes=1, sha256="0") for name in (names if files is None else files))
    recording = Recording(kind=kind, complete=True, fits=tuple(fits), saved_models=records)
    grader = Grader(A7, DIGITS, "quick", Trainer(), RunCache(None))
    submission = SubmissionFacts(name="x", sha256="0", files=listed)
    return grader.inspect(submission, DryRun(recording, dict(frames)), given)


def found(evidence: Evidence) -> list[str]:
    """The codes of the findings."""
    return [finding.code for finding in findings.find(A7, evidence)]


def answered(evidence: Evidence) -> dict[str, tuple[str, ...]]:
    """Task → the fits that answer it."""
    return {task: match.fits for task, match in evidence.matches.items()}
