"""The types that cross the sandbox wall: what a dry run observed, as plain data.

Both sides import this module, and of the harness it imports only `recorded_models`. The worker builds these values
inside the sandbox; trusted code parses them again from bytes (`harness.parsing`), strictly, and believes none of
them: a recording is a claim of what was asked. Every string and list has a limit, so that a hostile recording costs
bounded memory.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, model_validator

from harness.recorded_models import (
    Component,
    Count,
    Finite,
    Graph,
    Hash,
    LayerRecord,
    Many,
    ModelRecord,
    Name,
    NodeRecord,
    SavedModelRecord,
    Shape,
    Strict,
    TensorRef,
    Text,
    Where,
)

__all__ = [
    "FEW_IMAGES",
    "FEW_NOTED",
    "MAX_RECORDING_BYTES",
    "REPLAYED_IN_FULL",
    "REPLAYED_SAMPLE",
    "SCHEMA_VERSION",
    "ArrayRecord",
    "CellError",
    "Component",
    "Count",
    "Derivation",
    "FigureRecord",
    "Finding",
    "Finite",
    "FitData",
    "FitRecord",
    "FunctionRecord",
    "Graph",
    "Hash",
    "LayerRecord",
    "LayerState",
    "Many",
    "ModelRecord",
    "Name",
    "NodeRecord",
    "Noise",
    "NoiseProbe",
    "Passage",
    "Recording",
    "RegularizerRecord",
    "ReportRecord",
    "Rows",
    "SavedModelRecord",
    "SelfTrainedRecord",
    "Shape",
    "SourceRecord",
    "Strict",
    "TensorRef",
    "Text",
    "UseRecord",
    "Where",
]

SCHEMA_VERSION = 1
MAX_RECORDING_BYTES = 16 * 2**20
REPLAYED_IN_FULL = 30_000
"""Images on which a replay evaluates one network as the hand-in asks; on a sample of them from then on."""
FEW_IMAGES = 100
"""Fewer images than these are a picture's: that a model is given them is noted where they have noise, or were not
recognised."""
FEW_NOTED = 20
"""How often at one place so few images are looked at."""
REPLAYED_SAMPLE = 2_000


class Finding(Strict):
    """Something seen in the work: a stable code, a sentence for the student, and the place."""

    code: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{1,60}$")]
    message: Text
    task: Name | None = None
    where: Where | None = None


class CellError(Strict):
    """A statement that raised. The statement was skipped and the run went on."""

    where: Where
    type: Name
    message: Text
    source: Text = ""
    kind: Literal["error", "timeout", "syntax", "exit"] = "error"


# --- data -------------------------------------------------------------------------------------------------


class Rows(Strict):
    """Which rows of the source array, in which order.

    `all` in order; `slice` from `start` to `stop` by `step`; `listed`: an int32 array of row numbers crosses as
    the frame `frame`. `count` is the number of rows.
    """

    kind: Literal["all", "slice", "listed"]
    count: Count
    start: Count = 0
    stop: Count = 0
    step: Annotated[int, Field(ge=1, le=2**31)] = 1
    frame: Name | None = None


class Noise(Strict):
    """Noise recognised on images whose clean source is known. `level` is the share of pixels changed
    (salt and pepper), the standard deviation (gaussian) or the half width (uniform), in units of [0, 1]. `shared`:
    every image has the same. `from_zero`: uniform noise that makes brighter alone, from 0 to `level`."""

    kind: Literal["salt_and_pepper", "gaussian", "uniform"]
    level: Finite
    clipped: bool = True
    # Left out where they are False, so that trainings and calibrations from before these fields keep their hash.
    shared: bool = Field(default=False, exclude_if=lambda value: not value)
    from_zero: bool = Field(default=False, exclude_if=lambda value: not value)

    @model_validator(mode="after")
    def _is_uniform(self) -> Noise:
        if self.from_zero and self.kind != "uniform":
            raise ValueError("from_zero: only uniform noise goes from 0")
        return self


class LayerState(Strict):
    """Where the weights of a layer come from: the layer `layer` as the fit `fit` left it.

    `layer` and `of` are uids. `of` is the layer that was trained; the two differ where weights were copied
    (`set_weights`, a saved model that was loaded again). A layer without a state has fresh weights.
    """

    layer: Count
    fit: Name
    of: Count


class ArrayRecord(Strict):
    """An array handed to `fit`, recognised as far as possible as a known array and what was done to it.

    Pixels: `value = pixel * scale + offset`, pixel in 0 … 255, so `/255` is `scale=1/255`; `scale` is negative
    where black and white change places. Then `threshold`, `noise`, `pad`, `channels`, in order. Labels: `encoding`.
    `source` None means not recognised as such; `x_all` is the training images with the evaluation images behind
    them. A listing of labels that do not belong to their images crosses as the uint8 frame `frame`.
    """

    shape: Shape
    dtype: Name
    low: Finite | None = None
    high: Finite | None = None
    mean: Finite | None = None
    source: Literal["x_train", "y_train", "x_test", "y_test", "x_all", "y_all"] | None = None
    rows: Rows | None = None
    encoding: Literal["pixels", "labels", "one_hot", "one_hot_twice"] | None = None
    scale: Finite = 1.0
    offset: Finite = 0.0
    threshold: Finite | None = None  # value > threshold became 1, the rest 0
    noise: Noise | None = None
    pad: tuple[Count, Count, Count, Count] = (0, 0, 0, 0)  # lines of what pixel 0 became: above, below, left, right
    channels: Annotated[int, Field(ge=1, le=4)] = 1  # how often the image is repeated along a last axis
    derived: Derivation | None = None
    data_set: Name | None = None  # another data set that it is from, "fashion_mnist"
    content: Name | None = None  # the frame that holds the values of an array that was not recognised
    not_kept: Text | None = None  # why there is no such frame: "the array of 359 MiB was not kept: …"
    of_answers: bool = False  # it comes of a model's answers, in a way that is not repeated
    frame: Name | None = None
    labels_match: Annotated[float, Field(ge=0, le=1)] | None = None  # share of labels that belong to their image


class Derivation(Strict):
    """An array that a model computed: `predict` of the model `model` (a uid) on the array `given`.

    `states` are its trained layers' weights at that time; layers without one had fresh weights. `unknown`: why that
    cannot be told of one of them, "its layer `code` starts from weights that no fit of this work left: …". Rows are
    those of `given`, or of them `rows`.
    """

    model: Count
    given: ArrayRecord
    states: Many[LayerState] = Field(default=(), max_length=256)
    unknown: Text | None = None
    rows: Rows | None = None


class FitData(Strict):
    """The data of one `fit`. `kind` says how they came; those of a generator or a tf.data pipeline are the arrays
    of its first epoch. `augmentation` are the settings of an ImageDataGenerator that differ from its defaults."""

    kind: Literal["arrays", "generator", "dataset", "unknown"] = "arrays"
    x: ArrayRecord | None = None
    y: ArrayRecord | None = None
    validation_x: ArrayRecord | None = None
    validation_y: ArrayRecord | None = None
    validation_split: Annotated[float, Field(ge=0, lt=1)] = 0.0
    augmentation: dict[Name, Any] = Field(default_factory=dict, max_length=64)

    @property
    def evaluation_images(self) -> ArrayRecord | None:
        """The evaluation images as the network is validated on them, which tells how it is given images that it has
        not seen; None where it is validated on others, on noisy ones, or on none."""
        shown = self.validation_x
        if shown is None or self.x is None or shown.shape[1:] != self.x.shape[1:]:
            return None
        plain = shown.source == "x_test" and shown.encoding == "pixels" and shown.noise is None
        return shown if plain else None


# --- fits -------------------------------------------------------------------------------------------------


class RegularizerRecord(Strict):
    """A regulariser and where it sits: `target` is kernel, bias or activity of the layer `layer`."""

    layer: Name
    target: Name
    class_name: Name
    factor: Finite | None = None


class FitRecord(Graph):
    """One call of `fit`: the model as it stood then, its compile settings, the arguments and the data.

    `previous` names the fits that trained the same model object before. `states` says which layers start from the
    weights of an earlier fit. `continues` is the fit that this one goes on from without a new compile in between,
    so that the optimizer's state is kept too. `initial` is a hash of the weights that a model has at its first fit,
    and of no later one. `problem` says why the fit cannot be repeated; `error` is what it raised, where it failed
    as it would have failed in a real run. `method` `train_on_batch`: a loop of steps of the hand-in's own, told as
    the epochs that it comes to. `saved_model`: no call at all, but a model that was handed in as a file, trained as
    the assignment has it.
    """

    id: Name
    model: Count
    epochs: Count
    batch_size: Annotated[int, Field(ge=1, le=2**31)] = 32
    shuffle: bool = True
    loss: Component | None = None
    optimizer: Component | None = None
    metrics: Many[Name] = Field(default=(), max_length=32)
    regularizers: Many[RegularizerRecord] = Field(default=(), max_length=256)
    callbacks: Many[Component] = Field(default=(), max_length=32)
    class_weight: dict[Name, Finite] | None = Field(default=None, max_length=1000)
    data: FitData = FitData()
    previous: Many[Name] = Field(default=(), max_length=512)
    states: Many[LayerState] = Field(default=(), max_length=512)
    continues: Name | None = None
    initial: Hash | None = None
    method: Literal["fit", "train_on_batch", "saved_model"] = "fit"
    contract_task: Name | None = None
    problem: Text | None = None
    error: Text | None = None
    where: Where | None = None


class SelfTrainedRecord(Graph):
    """A network that the hand-in trained with a loop of its own, for real and inside the sandbox.

    `weights` are frames in Keras's order. `inputs` tells the shape and the range of what it was given last.
    `stopped`: the loop was ended by a time limit.
    """

    id: Name
    model: Count
    how: Literal["gradient_tape", "train_step"]
    weights: Many[Name] = Field(default=(), max_length=512)
    inputs: ArrayRecord | None = None
    stopped: bool = False
    problem: Text | None = None
    where: Where | None = None


class UseRecord(Strict):
    """A call of `evaluate` or `predict` (or of a model itself) on many images, or on ten and more with noise: what
    it was given, `times` at this place. Where that has noise, `states` are the model's trained layers' weights."""

    method: Literal["evaluate", "predict", "call"]
    model: Count
    x: ArrayRecord
    where: Where | None = None
    times: Count = 1
    states: Many[LayerState] = Field(default=(), max_length=256)


# --- the rest ---------------------------------------------------------------------------------------------


class FunctionRecord(Strict):
    """A function of the hand-in: its name, parameters and place."""

    name: Name
    parameters: Many[Name] = Field(default=(), max_length=64)
    where: Where | None = None
    docstring: Text = ""


class NoiseProbe(Strict):
    """One call of the hand-in's noise function on an array of 0.5 at one level.

    `answer` and `input_after` name the frames of what came back and of the input after the call; `problem` says why
    there is no answer.
    """

    function: Name
    level: Finite
    shape: Shape
    answer: Name | None = None
    input_after: Name | None = None
    problem: Text | None = None
    where: Where | None = None


class Passage(Strict):
    """Written text of the hand-in (a markdown cell, `answers.md`), or what a cell printed or had saved."""

    where: Where
    text: Text


class ReportRecord(Strict):
    """A report of the hand-in, as far as its text was read: a passage a page that has text.

    `pages` is what the file has; `title` and `author` are its properties, as whoever made it left them. `problem`
    says in a sentence what was not read.
    """

    file: Name
    pages: Count = 0
    passages: Many[Passage] = Field(default=(), max_length=100)
    title: Name = ""
    author: Name = ""
    problem: Text | None = None


class SourceRecord(Strict):
    """One code cell or script, as handed in. `count` is the cell's saved execution count."""

    where: Where
    count: Count | None = None
    text: Annotated[str, StringConstraints(max_length=400_000)]


class FigureRecord(Strict):
    """A figure that the hand-in drew in a replay: the uint8 frame `frame`, (height, width, 3)."""

    where: Where
    frame: Name


class Recording(Strict):
    """What a dry run observed. `complete` is false where the run was ended from outside. `order`: whether the cells
    ran as they stand, or as their saved execution counts say. Of a replay only: `figures`, and `placeholders`, the
    cells that rest on a fit that was not trained."""

    schema_version: Literal[1] = 1
    kind: Literal["notebook", "contract", "scripts", "nothing"] = "nothing"
    complete: bool = False
    order: Literal["document", "executed"] = "document"
    fits: Many[FitRecord] = Field(default=(), max_length=2_000)
    models: Many[ModelRecord] = Field(default=(), max_length=2_000)
    self_trained: Many[SelfTrainedRecord] = Field(default=(), max_length=32)
    saved_models: Many[SavedModelRecord] = Field(default=(), max_length=64)
    uses: Many[UseRecord] = Field(default=(), max_length=1_000)
    figures: Many[FigureRecord] = Field(default=(), max_length=64)
    placeholders: Many[Where] = Field(default=(), max_length=5_000)
    functions: Many[FunctionRecord] = Field(default=(), max_length=2_000)
    noise_probes: Many[NoiseProbe] = Field(default=(), max_length=32)
    errors: Many[CellError] = Field(default=(), max_length=2_000)
    findings: Many[Finding] = Field(default=(), max_length=2_000)
    sources: Many[SourceRecord] = Field(default=(), max_length=5_000)
    answers: Many[Passage] = Field(default=(), max_length=5_000)
    reports: Many[ReportRecord] = Field(default=(), max_length=32)
    printed: Many[Passage] = Field(default=(), max_length=5_000)
    saved_outputs: Many[Passage] = Field(default=(), max_length=5_000)
    versions: dict[Name, Name] = Field(default_factory=dict, max_length=32)
    seconds: Finite = 0.0
