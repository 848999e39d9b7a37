"""What recordings are made of: strict values, and models as graphs of layer calls.

Both sides of the sandbox wall import this module, by way of `harness.recording`, and it imports nothing of the
harness.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, FailFast, Field, StringConstraints

Name = Annotated[str, StringConstraints(max_length=300)]
Text = Annotated[str, StringConstraints(max_length=20_000)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0, le=2**53)]
Hash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
Shape = Annotated[tuple[Annotated[int, Field(ge=-1, le=2**40)] | None, ...], Field(max_length=12)]

T = TypeVar("T")
Many = Annotated[tuple[T, ...], FailFast()]
"""Several of one kind. The first wrong one ends the reading: errors for all of them would cost gigabytes."""


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
    inputs: Many[TensorRef] = Field(default=(), max_length=64)
    arguments: dict[Name, Any] = Field(default_factory=dict, max_length=16)


class Graph(Strict):
    """A model as a graph of layer calls; a Sequential is a chain, a nested model is inlined.

    Nodes stand in an order in which each comes after its inputs. `params` counts weights, trainable or not.
    """

    layers: Many[LayerRecord] = Field(default=(), max_length=512)
    nodes: Many[NodeRecord] = Field(default=(), max_length=1024)
    outputs: Many[TensorRef] = Field(default=(), max_length=64)
    params: Count = 0


class ModelRecord(Graph):
    """A model as it stood at the end of the run. `problem` says why there is no graph, where there is none."""

    uid: Count
    name: Name
    kind: Literal["sequential", "functional", "subclassed"]
    where: Where | None = None
    problem: Text | None = None


class Component(Strict):
    """An optimizer, loss, regulariser or callback: its class and Keras's configuration of it."""

    class_name: Name
    config: dict[Name, Any] = Field(default_factory=dict, max_length=64)


class SavedModelRecord(Graph):
    """A model that was handed in as a file, or as a folder of TensorFlow's, read without running what it holds.

    The graph is made of the configuration in the file, in the words of today's Keras, and not yet checked.
    `weights` names frames, those of a layer together in its own order: of each of the graph's `layers`; of a file
    without an architecture, of each of the layers `names`. `loss`, `optimizer` and `metrics` are what it was
    compiled with, where it says so. `fault` tells what kind of `problem` keeps the file from being read.
    """

    id: Name
    file: Name
    format: Literal["keras", "hdf5", "weights", "saved_model", "unknown"]
    version: Name = ""
    weights: Many[Annotated[tuple[Name, ...], Field(max_length=64)]] = Field(default=(), max_length=512)
    names: Many[Name] = Field(default=(), max_length=512)
    loss: Component | None = None
    optimizer: Component | None = None
    metrics: Many[Name] = Field(default=(), max_length=32)
    fault: Literal["refused", "unreadable", "too_large", "legacy"] | None = None
    problem: Text | None = None
