"""The types that cross the sandbox wall: what a dry run observed, as plain data.

Both sides import this module and it imports nothing of the harness. The worker builds these values inside the
sandbox; trusted code parses them again from bytes (`parse_recording`), strictly, and believes none of them: a
recording is a claim of what was asked. Every string and list has a limit, so that a hostile recording costs
bounded memory.
"""

from __future__ import annotations

import json
import math
import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

SCHEMA_VERSION = 1
MAX_RECORDING_BYTES = 16 * 2**20
_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*+"?', re.DOTALL)  # possessive: a string without end costs one pass
_BRACKETS = re.compile(rb"[\[\]{}]")
MAX_DEPTH = 40  # nested containers in the JSON text; a model inside a model needs about 12

Name = Annotated[str, StringConstraints(max_length=300)]
Text = Annotated[str, StringConstraints(max_length=20_000)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0, le=2**53)]
Shape = Annotated[tuple[Annotated[int, Field(ge=-1, le=2**40)] | None, ...], Field(max_length=12)]


class RecordingError(ValueError):
    """A recording that does not obey its own types; the message says where."""


class Strict(BaseModel):
    """A frozen value without coercion: an int is not a str, an unknown field is an error, NaN is refused."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)


class Where(Strict):
    """A place in the hand-in. `cell`, `line` and `page` count from 1; a script is one cell."""

    file: Name
    cell: Count | None = None
    line: Count | None = None
    page: Count | None = None

    def __str__(self) -> str:
        parts = [self.file] if self.file else []
        if self.cell is not None:
            parts.append(f"cell {self.cell}")
        if self.line is not None:
            parts.append(f"line {self.line}")
        if self.page is not None:
            parts.append(f"page {self.page}")
        return ", ".join(parts)


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


# --- models -----------------------------------------------------------------------------------------------


class LayerRecord(Strict):
    """One layer as Keras describes it.

    `uid` is the identity of the layer object within one recording: two models that share a layer (an
    autoencoder and its decoder) show the same uid. `config` is Keras's own configuration without name and
    dtype policy; trusted code checks it against an allow-list before anything is built from it.
    """

    uid: Count
    class_name: Name
    name: Name
    config: dict[Name, Any] = Field(max_length=64)
    trainable: bool = True
    params: Count = 0
    output_shape: Shape | None = None


class TensorRef(Strict):
    """The `output`-th tensor made by node `node` of the same graph."""

    node: Count
    output: Count = 0


class NodeRecord(Strict):
    """One call of a layer. `layer` indexes the graph's `layers`; an InputLayer's node has no inputs.

    `arguments` holds what else the call was given (`axis=-1`, the constant of `x / 255.`).
    """

    layer: Count
    inputs: tuple[TensorRef, ...] = Field(default=(), max_length=64)
    arguments: dict[Name, Any] = Field(default_factory=dict, max_length=16)


class Graph(Strict):
    """A model as a graph of layer calls; a Sequential is a chain, a nested model is inlined.

    Nodes stand in an order in which each comes after its inputs. `params` counts weights, trainable or not.
    """

    layers: tuple[LayerRecord, ...] = Field(default=(), max_length=512)
    nodes: tuple[NodeRecord, ...] = Field(default=(), max_length=1024)
    outputs: tuple[TensorRef, ...] = Field(default=(), max_length=64)
    params: Count = 0


class ModelRecord(Graph):
    """A model as it stood at the end of the run. `problem` says why there is no graph, where there is none."""

    uid: Count
    name: Name
    kind: Literal["sequential", "functional", "subclassed"]
    where: Where | None = None
    problem: Text | None = None


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
    (salt and pepper), the standard deviation (gaussian) or the half width (uniform), in units of [0, 1]."""

    kind: Literal["salt_and_pepper", "gaussian", "uniform"]
    level: Finite
    clipped: bool = True


class ArrayRecord(Strict):
    """An array handed to `fit`, recognised as far as possible as a known array and what was done to it.

    Pixels: `value = pixel * scale + offset`, pixel in 0 … 255, so `/255` is `scale=1/255`. Labels: `encoding`.
    `source` None means not recognised. A listing of labels that do not belong to their images crosses as the
    uint8 frame `frame`.
    """

    shape: Shape
    dtype: Name
    low: Finite | None = None
    high: Finite | None = None
    mean: Finite | None = None
    source: Literal["x_train", "y_train", "x_test", "y_test"] | None = None
    rows: Rows | None = None
    encoding: Literal["pixels", "labels", "one_hot", "one_hot_twice"] | None = None
    scale: Finite = 1.0
    offset: Finite = 0.0
    noise: Noise | None = None
    derived_from: Count | None = None  # uid of the model whose output this is
    frame: Name | None = None
    labels_match: Annotated[float, Field(ge=0, le=1)] | None = None  # share of labels that belong to their image


class FitData(Strict):
    """The data of one `fit`. `kind` says how it came; only `arrays` has `x` and `y`."""

    kind: Literal["arrays", "generator", "dataset", "unknown"] = "arrays"
    x: ArrayRecord | None = None
    y: ArrayRecord | None = None
    validation_x: ArrayRecord | None = None
    validation_y: ArrayRecord | None = None
    validation_split: Annotated[float, Field(ge=0, lt=1)] = 0.0


# --- fits -------------------------------------------------------------------------------------------------


class Component(Strict):
    """An optimizer, loss, regulariser or callback: its class and Keras's configuration of it."""

    class_name: Name
    config: dict[Name, Any] = Field(default_factory=dict, max_length=64)


class RegularizerRecord(Strict):
    """A regulariser and where it sits: `target` is kernel, bias or activity of the layer `layer`."""

    layer: Name
    target: Name
    class_name: Name
    factor: Finite | None = None


class FitRecord(Graph):
    """One call of `fit`: the model as it stood then, its compile settings, the arguments and the data.

    `previous` names the fits that trained the same model object before; `weights_from` the uid of a model whose
    weights were set into this one.
    """

    id: Name
    model: Count
    epochs: Count
    batch_size: Annotated[int, Field(ge=1, le=2**31)] = 32
    shuffle: bool = True
    loss: Component | None = None
    optimizer: Component | None = None
    metrics: tuple[Name, ...] = Field(default=(), max_length=32)
    regularizers: tuple[RegularizerRecord, ...] = Field(default=(), max_length=256)
    callbacks: tuple[Component, ...] = Field(default=(), max_length=32)
    class_weight: dict[Name, Finite] | None = Field(default=None, max_length=1000)
    data: FitData = FitData()
    previous: tuple[Name, ...] = Field(default=(), max_length=512)
    contract_task: Name | None = None
    problem: Text | None = None
    where: Where | None = None


# --- the rest ---------------------------------------------------------------------------------------------


class FunctionRecord(Strict):
    """A function of the hand-in: its name, parameters and place."""

    name: Name
    parameters: tuple[Name, ...] = Field(default=(), max_length=64)
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
    passages: tuple[Passage, ...] = Field(default=(), max_length=100)
    title: Name = ""
    author: Name = ""
    problem: Text | None = None


class SourceRecord(Strict):
    """One code cell or script, as handed in."""

    where: Where
    text: Annotated[str, StringConstraints(max_length=400_000)]


class Recording(Strict):
    """What a dry run observed. `complete` is false where the run was ended from outside."""

    schema_version: Literal[1] = 1
    kind: Literal["notebook", "contract", "scripts", "nothing"] = "nothing"
    complete: bool = False
    fits: tuple[FitRecord, ...] = Field(default=(), max_length=2_000)
    models: tuple[ModelRecord, ...] = Field(default=(), max_length=2_000)
    functions: tuple[FunctionRecord, ...] = Field(default=(), max_length=2_000)
    noise_probes: tuple[NoiseProbe, ...] = Field(default=(), max_length=32)
    errors: tuple[CellError, ...] = Field(default=(), max_length=2_000)
    findings: tuple[Finding, ...] = Field(default=(), max_length=2_000)
    sources: tuple[SourceRecord, ...] = Field(default=(), max_length=5_000)
    answers: tuple[Passage, ...] = Field(default=(), max_length=5_000)
    reports: tuple[ReportRecord, ...] = Field(default=(), max_length=32)
    printed: tuple[Passage, ...] = Field(default=(), max_length=5_000)
    saved_outputs: tuple[Passage, ...] = Field(default=(), max_length=5_000)
    versions: dict[Name, Name] = Field(default_factory=dict, max_length=32)
    seconds: Finite = 0.0


def parse_recording(data: bytes) -> Recording:
    """The recording in these UTF-8 JSON bytes.

    Raises RecordingError for anything else: too long, too deep, duplicate keys, NaN or infinity, numbers of
    absurd length, or a value that breaks a type. Never another exception.
    """
    if len(data) > MAX_RECORDING_BYTES:
        raise RecordingError(f"recording of {len(data):,} bytes; at most {MAX_RECORDING_BYTES:,} are read")
    if _depth(data) > MAX_DEPTH:
        raise RecordingError(f"recording nested deeper than {MAX_DEPTH} levels")
    try:
        plain = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_no_duplicates,
            parse_constant=_no_constant,
            parse_int=_short_int,
            parse_float=_finite_float,
        )
        # Through JSON once more: strict mode reads tuples from JSON arrays, but not from Python lists.
        return Recording.model_validate_json(json.dumps(plain))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise RecordingError(f"{place}: {first['msg']}") from None
    except RecordingError:
        raise
    except (ValueError, RecursionError) as error:
        raise RecordingError(f"not a recording: {type(error).__name__}") from None


def _depth(data: bytes) -> int:
    """How deeply brackets nest in the text, not counting those inside strings."""
    depth = deepest = 0
    for bracket in _BRACKETS.findall(_STRINGS.sub(b"", data)):
        depth += 1 if bracket in b"[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    plain = dict(pairs)
    if len(plain) != len(pairs):
        raise RecordingError("the same key twice in one object")
    return plain


def _no_constant(text: str) -> float:
    raise RecordingError(f"{text} is not a number that a recording may hold")


def _finite_float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):  # 1e999 is JSON, and infinite
        raise RecordingError(f"{text[:40]} is too large a number")
    return number


def _short_int(text: str) -> int:
    if len(text) > 20:
        raise RecordingError("a whole number of more than 20 digits")
    return int(text)
