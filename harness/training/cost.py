"""What training a network takes, told before it is trained: operations, steps and bytes; and who may take how much.

Computed from the canonical model and what rebuilding it showed; no framework is imported. Operations are those on
floating-point numbers, a multiplication with its addition counting as two. Whether a run comes from the cache makes
no difference here: what is trained for one hand-in must not depend on others.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import psutil

from harness.allowlist import Refused
from harness.models import LayerSpec, ModelFacts, ModelSpec
from harness.recording import Strict
from harness.text import size
from harness.training.recipe import Recipe

BACKWARD = 2
"""Times the forward pass's operations: a product for the gradient by the inputs and one for that by the weights,
each as large as the forward one (Kaplan et al. 2020, "Scaling laws for neural language models", section 2.1)."""
NUMBER_BYTES = 4  # float32

_SLOTS = {"SGD": 0, "RMSprop": 1, "Adagrad": 1}  # the other optimizers keep two numbers a weight
_GATES = {"LSTM": 4, "GRU": 3, "SimpleRNN": 1}

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Work:
    """Operations, and steps: a step takes time of its own however little it computes."""

    operations: float = 0.0
    steps: float = 0.0

    def times(self, factor: float) -> Work:
        """So many times as much."""
        return Work(self.operations * factor, self.steps * factor)

    def plus(self, other: Work) -> Work:
        """Both together."""
        return Work(self.operations + other.operations, self.steps + other.steps)

    def within(self, other: Work) -> bool:
        """Neither more operations nor more steps."""
        return self.operations <= other.operations and self.steps <= other.steps


class Cost(Strict):
    """What one run of a recipe takes."""

    params: int
    forward: float
    """Operations of the forward pass for one example."""
    examples: int
    epochs: int
    batch_size: int
    weight_bytes: int
    """Weights and their gradients."""
    optimizer_bytes: int
    activation_bytes: int
    """What every layer hands on for one batch, and its gradient."""
    data_bytes: int
    """The training inputs."""

    @property
    def training(self) -> float:
        """Operations of a training step for one example: forward and backward."""
        return (1 + BACKWARD) * self.forward

    @property
    def work(self) -> Work:
        """The whole run; evaluation after each epoch is not counted, here or in the reference's."""
        return _run(self.forward, self.examples, self.epochs, self.batch_size)

    @property
    def memory(self) -> int:
        """Bytes."""
        return self.weight_bytes + self.optimizer_bytes + self.activation_bytes + self.data_bytes


class ReferenceCost(Strict):
    """What the reference of a task takes, as the assignment trains it. `fits`: how many different recipes it has
    (the factors of a sweep)."""

    params: int
    forward: float
    epochs: int
    batch_size: int
    fits: int = 1

    def work(self, examples: int, epochs: int | None = None, batch_size: int | None = None) -> Work:
        """One run on so many examples, with epochs and batch size of its own or of a scaled recipe."""
        return _run(self.forward, examples, epochs or self.epochs, batch_size or self.batch_size)


def estimate(
    model: ModelSpec,
    facts: ModelFacts,
    *,
    examples: int,
    epochs: int,
    batch_size: int,
    optimizer: tuple[str, dict[str, object]],
) -> Cost:
    """What training takes. `facts` are those of this model; `optimizer` is a class and its arguments."""
    shapes = _shapes(model, facts)
    forward = 0.0
    for node, made in zip(model.nodes, shapes, strict=True):
        given = [shapes[ref.node] for ref in node.inputs]
        if made is not None and given and None not in given:
            forward += operations(model.layers[node.layer], [shape or () for shape in given], made)
    values = sum(math.prod(shape) for shape in shapes if shape is not None)
    inputs = sum(
        math.prod(shape or ())
        for node, shape in zip(model.nodes, shapes, strict=True)
        if model.layers[node.layer].class_name == "InputLayer"
    )
    weights = facts.params * NUMBER_BYTES
    return Cost(
        params=facts.params,
        forward=forward,
        examples=examples,
        epochs=epochs,
        batch_size=batch_size,
        weight_bytes=2 * weights,
        optimizer_bytes=slots(optimizer) * weights,
        activation_bytes=2 * NUMBER_BYTES * min(batch_size, examples) * values,
        data_bytes=NUMBER_BYTES * examples * inputs,
    )


def of_recipe(recipe: Recipe, facts: ModelFacts) -> Cost:
    """What one run of a recipe takes; `facts` are those of its model."""
    return estimate(
        recipe.model,
        facts,
        examples=recipe.x.count,
        epochs=recipe.epochs,
        batch_size=recipe.batch_size,
        optimizer=recipe.optimizer,
    )


def operations(layer: LayerSpec, given: Sequence[Shape], made: Shape) -> float:
    """Operations of one call of a layer for one example, from the shapes of its inputs and its output.

    Dense: 2·in·out at each position. Convolution: 2·k²·c_in·c_out·h·w with the output's height and width;
    transposed: with the input's; depthwise: without c_out. (Counted from their definitions, Goodfellow et al. 2016,
    "Deep learning", sections 6.5 and 9.5.) Recurrent: 2·gates·units·(in + units) at each step. Pooling: one for
    each value of a window. Anything else, biases and activations included: one for each value of the output.
    """
    name, arguments = layer.class_name, layer.arguments
    values = math.prod(made)
    taken = math.prod(given[0])
    first = arguments.get("data_format") == "channels_first"
    channels = (given[0][0] if first else given[0][-1]) if given[0] else 1
    products = 0  # multiplications with their additions
    if name == "Dense":
        products = channels * values
    elif name in ("Conv1D", "Conv2D"):
        products = _window(layer, "kernel_size") * channels * values // int(arguments.get("groups", 1))
    elif name == "Conv2DTranspose":
        products = _window(layer, "kernel_size") * int(arguments["filters"]) * taken
    elif name == "DepthwiseConv2D":
        products = _window(layer, "kernel_size") * values
    elif name == "SeparableConv2D":
        between = channels * int(arguments.get("depth_multiplier", 1))
        positions = values // int(arguments["filters"])
        products = _window(layer, "kernel_size") * between * positions + between * values
    elif name in _GATES:
        units = int(arguments["units"])
        products = _GATES[name] * units * (channels + units) * (taken // channels)
    elif name.startswith("Global"):
        return float(taken)
    elif "Pooling" in name:
        return float(_window(layer, "pool_size") * values)
    return float(2 * products + values)


def slots(optimizer: tuple[str, dict[str, object]]) -> int:
    """How many numbers an optimizer keeps for each weight."""
    name, arguments = optimizer
    kept = _SLOTS.get(name, 2)
    kept += name in ("SGD", "RMSprop") and bool(arguments.get("momentum"))
    kept += bool(arguments.get("amsgrad")) + bool(arguments.get("centered")) + bool(arguments.get("use_ema"))
    return kept + bool(arguments.get("gradient_accumulation_steps"))


HUNG_OPERATIONS = 1e9  # a second; a single core of an old laptop does several times that
HUNG_STEPS = 20.0
STARTING_SECONDS = 600.0  # a framework's import and compilation, on a machine that is busy


def patience(work: Work) -> float:
    """Seconds after which a training of so much work is not slow any more, but hung."""
    return STARTING_SECONDS + work.operations / HUNG_OPERATIONS + work.steps / HUNG_STEPS


# --- who may take how much


@dataclass(frozen=True)
class Allowance:
    """What one submission may train: in one run at most `multiples` times the reference's run of the task, and
    `total` in all. A task without a reference has no limit of its own; without any there is no total (None)."""

    references: dict[str, Work] = field(default_factory=dict)
    multiples: dict[str, float] = field(default_factory=dict)
    total: Work | None = None


class Budget:
    """What one submission has left to train. `memory`: bytes that a run may need, by default the machine's."""

    def __init__(self, allowance: Allowance, memory: int | None = None) -> None:
        self._allowance = allowance
        self._memory = psutil.virtual_memory().total if memory is None else memory
        self._used = Work()
        self._charged: set[str] = set()

    def charge(self, task: str, recipes: Sequence[tuple[Recipe, ModelFacts]], seeds: Sequence[int]) -> Work:
        """Take the runs of recipes that are trained together from the budget, each recipe's with these seeds, each
        run once; gives what one run of all of them takes.

        Raises Refused, and takes nothing, where a run is over the task's limit or the machine's memory, or where
        they are together more than is left.
        """
        work, wanted = Work(), self._used
        charged = set(self._charged)
        for recipe, facts in recipes:
            cost = of_recipe(recipe, facts)
            work = work.plus(cost.work)
            fresh = {recipe.with_seed(seed).sha256 for seed in seeds} - charged
            if fresh:
                self._allow(task, cost)
                wanted = wanted.plus(cost.work.times(len(fresh)))
                charged |= fresh
        total = self._allowance.total
        if total is not None and not wanted.within(total):
            what, taken, most = _worse(wanted, total)
            raise Refused(
                f"with it, this hand-in's training would take {_amount(taken)} {what}; a hand-in has "
                f"{_amount(most)}. Train fewer or smaller networks, or ask the person who marks"
            )
        self._used, self._charged = wanted, charged
        return work

    def _allow(self, task: str, cost: Cost) -> None:
        if cost.memory > self._memory:
            raise Refused(
                f"training it would need {size(cost.memory)} of memory ({cost.params:,} parameters, batches of "
                f"{cost.batch_size:,}); this machine has {size(self._memory)}"
            )
        reference = self._allowance.references.get(task)
        multiple = self._allowance.multiples.get(task)
        if reference is None or multiple is None or cost.work.within(reference.times(multiple)):
            return
        what, taken, most = _worse(cost.work, reference)
        word = "the arithmetic" if what == "operations" else "the steps"
        raise Refused(
            f"training it would take {taken / most:,.0f} times {word} of the reference network "
            f"({_amount(taken)} against {_amount(most)} {what}); at most {multiple:g} times is trained"
        )


def _worse(work: Work, other: Work) -> tuple[str, float, float]:
    """Operations or steps, whichever is more beside the other's: the word and the two figures."""
    if work.operations * other.steps >= work.steps * other.operations:
        return "operations", work.operations, other.operations
    return "steps", work.steps, other.steps


def _amount(value: float) -> str:
    """4,690 · 1.2e14"""
    if value < 1e6:
        return f"{value:,.0f}"
    mantissa, _, exponent = f"{value:.1e}".partition("e")
    return f"{mantissa}e{int(exponent)}"


# --- shapes


def _run(forward: float, examples: int, epochs: int, batch_size: int) -> Work:
    return Work((1 + BACKWARD) * forward * examples * epochs, math.ceil(examples / batch_size) * epochs)


def _shapes(model: ModelSpec, facts: ModelFacts) -> list[Shape | None]:
    """What each node hands on for one example; None where the output does not need the node.

    Facts stand in the order of `harness.models.facts`: each layer at its first call, without inputs and operations.
    """
    used: set[int] = set()
    waiting = [ref.node for ref in model.outputs]
    while waiting:
        reached = waiting.pop()
        if reached not in used:
            used.add(reached)
            waiting += [ref.node for ref in model.nodes[reached].inputs]
    told = iter(facts.layers)
    by_layer: dict[int, Shape] = {}
    shapes: list[Shape | None] = []
    for number, node in enumerate(model.nodes):
        layer = model.layers[node.layer]
        if number not in used:
            shapes.append(None)
        elif layer.class_name == "InputLayer":
            shapes.append(tuple(layer.arguments["batch_shape"]))
        elif layer.class_name.startswith("ops."):
            given = [shapes[ref.node] or () for ref in node.inputs]
            shapes.append(max(given, key=math.prod, default=()))
        else:
            if node.layer not in by_layer:
                fact = next(told, None)
                by_layer[node.layer] = tuple(n or 1 for n in fact.output_shape[1:]) if fact else ()
            shapes.append(by_layer[node.layer])
    return shapes


def _window(layer: LayerSpec, name: str) -> int:
    """Places of a kernel or a pool: 9 for 3×3."""
    sides = layer.arguments.get(name, 2)
    return math.prod(sides) if isinstance(sides, list) else int(sides) ** (1 if "1D" in layer.class_name else 2)
