"""Saved models answer tasks that no call of `fit` answers: their configuration is trained as the assignment has it.

A file does not say how a network was trained, or on what. So what is trained is a claim like that of a
`submission.py` that leaves its recipe out: the data, epochs and batches of the assignment, with loss and optimizer
of the file. The weights in the file earn nothing (`harness.measure.saved_models`).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from numpy.typing import NDArray

from harness import matching
from harness.allowlist import Refused
from harness.datasets import OFFICIAL_ROWS, Dataset
from harness.evidence import Evidence, FitEvidence, Match, Network, SavedModel
from harness.matching import Rule
from harness.measure.saved_models import PIXELS, fields_of, images_as, submitted
from harness.recording import (
    ArrayRecord,
    FitData,
    FitRecord,
    LayerRecord,
    ModelRecord,
    Noise,
    Recording,
    Rows,
    SavedModelRecord,
    Where,
)
from harness.results import SubmittedFile
from harness.training.from_recording import Recipes
from harness.worker.contract import Build

if TYPE_CHECKING:
    from harness.grading import Grader

FIRST_MODEL = 2 * 10**9  # no model of a recording has such a number
MAX_FITS = MAX_MODELS = 2_000  # the types of a recording allow no more


def with_saved_models(
    grader: Grader, evidence: Evidence, frames: dict[str, NDArray[Any]], given: Mapping[str, Sequence[str]]
) -> Evidence:
    """The evidence with what its saved models are, and with those that answer a task among its fits. `given` are
    the tasks whose fits the course has set, which they leave alone."""
    recording = _handed_in(evidence.recording, evidence.submission.files)
    if not recording.saved_models:
        return evidence.model_copy(update={"recording": recording})
    models = submitted(recording, frames, grader.dataset, grader.trainer, grader.measured)
    answered = {task for task, match in evidence.matches.items() if match.fits}
    open_tasks = [
        rule.task for rule in grader.assignment.rules() if rule.task not in answered and rule.task not in given
    ]
    builds = [build for build in grader.assignment.contract.builds if build.task in open_tasks]
    taken = {fit.id for fit in recording.fits}
    made = _fits(recording.saved_models, models, builds, grader.dataset, taken)
    fits = tuple(made)[: MAX_FITS - len(recording.fits)]
    whole = recording.model_copy(update={"fits": (*recording.fits, *fits)})
    recipes = Recipes(whole, frames, grader.dataset)
    networks = [Network(fit, _noted(grader.inspected(fit, recipes), fit)) for fit in fits]
    records = tuple(_model(record, number) for number, record in enumerate(recording.saved_models) if record.nodes)
    found = answers(grader.assignment.rules(), open_tasks, networks, records)
    used = {name for match in found.values() for name in match.fits}
    matches = dict(evidence.matches)
    for task, match in found.items():
        own = matches[task].self_trained if task in matches else ()
        matches[task] = match.model_copy(update={"self_trained": own})
    return evidence.model_copy(
        update={
            "recording": recording.model_copy(
                update={
                    "fits": (*recording.fits, *(fit for fit in fits if fit.id in used)),
                    "models": (*records, *recording.models)[:MAX_MODELS],
                }
            ),
            "matches": matches,
            "fits": evidence.fits | {one.record.id: one.evidence for one in networks if one.record.id in used},
            "saved_models": models,
        }
    )


def answers(
    rules: Sequence[Rule], open_tasks: Sequence[str], networks: Sequence[Network], models: Sequence[ModelRecord]
) -> dict[str, Match]:
    """Which saved networks answer which of the open tasks, each file at most one task of its own.

    A network is one only for the task that it was made for, and where more speaks for it than against it; a decoder
    comes with the autoencoder that it belongs to.
    """
    found: dict[str, Match] = {}
    taken: set[str] = set()
    for rule in rules:
        if rule.task not in open_tasks:
            continue
        made_for = rule.decodes or rule.task
        own = [one for one in networks if one.record.contract_task == made_for and _speaks(rule, one)]
        own = [one for one in own if rule.decodes or _file(one) not in taken]
        match = matching.match([rule], own, models=models).by_task.get(rule.task)
        if match is None or not match.fits:
            continue
        chosen = {one.record.id: one for one in own}
        taken |= {_file(chosen[name]) for name in match.fits}
        lead = "No call of fit answers this task; a saved model does, trained here as the assignment has it."
        found[rule.task] = match.model_copy(update={"reasons": (lead, *match.reasons)})
    return found


def _speaks(rule: Rule, network: Network) -> bool:
    """Whether more speaks for a network than against it, where a rule weighs that."""
    return not rule.signs or sum(sign.weight for sign in rule.signs if sign.holds(network)) > 0


def _file(network: Network) -> str:
    return network.where.file if network.where else network.record.id


def _handed_in(recording: Recording, files: Sequence[SubmittedFile]) -> Recording:
    """The recording without saved models of files that were not handed in."""
    names = {file.name[-300:] for file in files}  # as much of a name as a recording holds
    names |= {name.rpartition("/")[0] for name in names if name.endswith("/saved_model.pb")}
    kept = tuple(record for record in recording.saved_models if record.file in names)
    return recording.model_copy(update={"saved_models": kept})


def _noted(evidence: FitEvidence, fit: FitRecord) -> FitEvidence:
    """The evidence with the one sentence that says what is assumed."""
    batches = f"{fit.epochs} epochs in batches of {fit.batch_size}"
    note = (
        f"{_file_of(fit)} does not say how it was trained: {batches}, on the training images, are the assignment's."
    )
    return evidence.model_copy(update={"notes": (*evidence.notes, note)})


def _file_of(fit: FitRecord) -> str:
    return fit.where.file if fit.where else fit.id


# --- fits


def _fits(
    records: Sequence[SavedModelRecord],
    models: Sequence[SavedModel],
    builds: Sequence[Build],
    dataset: Dataset,
    taken: Collection[str],
) -> Iterator[FitRecord]:
    """A fit for each saved model and each build whose network has such outputs, with an id that is not `taken`."""
    for number, (record, model) in enumerate(zip(records, models, strict=True)):
        if not record.nodes or not model.facts.layers or model.part_of is not None:
            continue
        outputs = model.facts.output_shape
        images = math.prod(outputs) == PIXELS
        for build in builds:
            wanted = build.noise_level is not None
            if images != wanted or (not images and len(outputs) != 1):
                continue
            try:
                data = _data(record, model, build, dataset)
            except Refused:
                continue
            yield FitRecord(
                **fields_of(record) | {"layers": _shaped(record, model)},
                id=_free(f"saved-{number + 1}-{build.task}", taken),
                model=FIRST_MODEL + number,
                epochs=build.epochs,
                batch_size=build.batch_size,
                loss=record.loss,
                optimizer=record.optimizer,
                metrics=record.metrics,
                data=data,
                contract_task=build.task,
                method="saved_model",
                where=Where(file=record.file),
            )


def _free(name: str, taken: Collection[str]) -> str:
    """The name, with a number behind it where a recording has it already."""
    others = (f"{name}-{number}" for number in itertools.count(2))
    return next(one for one in itertools.chain([name], others) if one not in taken)


def _shaped(record: SavedModelRecord, model: SavedModel) -> tuple[LayerRecord, ...]:
    """The layers with the shapes that they were found to have: a file does not tell them."""
    shapes = iter(model.facts.layers)  # in the order of their first calls, without inputs and operations
    layers = list(record.layers)
    for number in dict.fromkeys(node.layer for node in record.nodes):
        name = layers[number].class_name
        if name != "InputLayer" and not name.startswith("ops."):
            found = next(shapes, None)  # none for a layer that leads nowhere
            shape = found.output_shape if found is not None else None
            layers[number] = layers[number].model_copy(update={"output_shape": shape})
    return tuple(layers)


def _model(record: SavedModelRecord, number: int) -> ModelRecord:
    return ModelRecord(
        **fields_of(record),
        uid=FIRST_MODEL + number,
        name=record.file,
        kind="functional",
        where=Where(file=record.file),
    )


def _data(record: SavedModelRecord, model: SavedModel, build: Build, dataset: Dataset) -> FitData:
    """The assignment's data: images in [0, 1] in the shape that the model takes, noisy where it restores them, and
    what belongs to them; validated on the evaluation images. Raises Refused where the model takes no images."""
    x = images_as(model.facts.input_shape)[0]
    noise = None if build.noise_level is None else Noise(kind="salt_and_pepper", level=build.noise_level)
    sparse = record.loss is not None and record.loss.class_name.lower().startswith("sparse")

    def pair(part: Literal["train", "test"], count: int) -> tuple[ArrayRecord, ArrayRecord]:
        rows = Rows(kind="all", count=count)
        known = {"source": f"x_{part}", "rows": rows, "low": 0.0, "high": 1.0}
        given = x.model_copy(update={"shape": (count, *x.shape[1:]), **known})
        if noise is not None:
            flat = {"shape": (count, *model.facts.output_shape), "pad": (0, 0, 0, 0), "channels": 1}
            return given.model_copy(update={"noise": noise}), given.model_copy(update=flat)
        return given, ArrayRecord(
            shape=(count,) if sparse else (count, int(dataset.y_test.max()) + 1),
            dtype="int64" if sparse else "float32",
            source="y_train" if part == "train" else "y_test",
            rows=rows,
            encoding="labels" if sparse else "one_hot",
            labels_match=1.0,
        )

    (given, wanted), (held_out, told) = pair("train", OFFICIAL_ROWS["train"]), pair("test", OFFICIAL_ROWS["test"])
    return FitData(x=given, y=wanted, validation_x=held_out, validation_y=told)
