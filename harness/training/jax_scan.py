"""The compiled trainer: Keras on JAX, an epoch of steps in one program over data that stay on the device.

Runs of one kind share a program. On a processor they are trained one after another; on a GPU in groups of a fixed
width, padded with copies of the first, so that a run's numbers never depend on what else is graded.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from harness.allowlist import Refused
from harness.training.choose import same_program
from harness.training.recipe import Pair, Recipe
from harness.training.steps import Axes, Examples, Program, State, class_weights, initial, make_program, settle
from harness.training.trainer import Run, Trained

NAME = "jax_scan"
KEPT_PROGRAMS = 8


class JaxScan:
    """The trainer, with the programs that it has compiled in this process."""

    def __init__(self) -> None:
        self._programs: OrderedDict[str, Program] = OrderedDict()

    def train(
        self,
        recipe: Recipe,
        data: Pair,
        evaluation: Pair,
        on_epoch: Callable[[int], None],
        start: Mapping[int, Sequence[NDArray[Any]]] | None = None,
    ) -> Trained:
        """A `Trainer`."""
        return self.train_group([Run(recipe, data, evaluation, start)], on_epoch, width=1)[0]

    def train_group(self, runs: Sequence[Run], on_epoch: Callable[[int], None], width: int) -> list[Trained]:
        """Train up to `width` runs of one kind (`choose.groups`) at once; as many results, in their order.

        Raises what a `Trainer` raises, for the group.
        """
        first = runs[0].recipe
        kinds = {(same_program(run.recipe), run.recipe.epochs) for run in runs}
        if len(kinds) != 1 or len(runs) > width:
            raise AssertionError("a group is of one kind and no larger than its width")
        states: list[State] = []
        for run in runs:
            model, state = initial(run.recipe, run.start)
            states.append(state)
        settle(model, runs[0].data, first)
        padded = [*runs, *[runs[0]] * (width - len(runs))]
        shuffles = [np.random.default_rng([run.recipe.seed, 5]) for run in padded]
        examples, own = _resident([_weighted(run, model) for run in padded])
        evaluation, evaluation_own = _resident([Examples(*run.evaluation) for run in padded])
        program = self._program(first, model, None if width == 1 else Axes(own, evaluation_own))
        state = states[0] if width == 1 else _stacked(states, width)
        history: list[dict[str, NDArray[Any]]] = []
        count = len(runs[0].data[1])
        for epoch in range(first.epochs):
            orders = np.stack([_order(first, rng, count) for rng in shuffles])
            state, logs = program.epoch(state, examples, evaluation, orders[0] if width == 1 else orders)
            history.append({name: np.atleast_1d(np.asarray(value)) for name, value in logs.items()})
            on_epoch(epoch + 1)
        predictions = np.asarray(program.predict(state, evaluation), dtype=np.float32)
        weights = [np.asarray(weight) for weight in program.weights(state)]
        return [
            Trained(
                {name: [float(logs[name][number]) for logs in history] for name in history[0]},
                predictions if width == 1 else predictions[number],
                weights if width == 1 else [weight[number] for weight in weights],
            )
            for number in range(len(runs))
        ]

    def _program(self, recipe: Recipe, model: Any, axes: Axes | None) -> Program:
        """The program of this kind: compiled at its first call, and again where arrays of other shapes come."""
        key = json.dumps([same_program(recipe), axes and [axes.examples, axes.evaluation]])
        if key not in self._programs:
            self._programs[key] = make_program(recipe, model, axes)
        self._programs.move_to_end(key)
        while len(self._programs) > KEPT_PROGRAMS:
            self._programs.popitem(last=False)
        return self._programs[key]


def _weighted(run: Run, model: Any) -> Examples:
    """The run's training data. Raises Refused where a label has no output, which JAX would not say."""
    x, y = run.data
    outputs = int(model.output_shape[-1])
    if run.recipe.loss[0].startswith("Sparse") and y.size and int(y.max()) >= outputs:
        raise Refused(f"there are labels up to {int(y.max())}, and the network has {outputs} outputs, from 0")
    weights = run.recipe.class_weight
    return Examples(x, y, class_weights(y, weights) if weights else None)


def _resident(each: Sequence[Examples]) -> tuple[Examples, Examples]:
    """Arrays on the device, and for each its axis (`Axes`)."""
    arrays, axes = [], []
    for same in zip(*each, strict=True):
        own = any(one is not same[0] and not np.array_equal(one, same[0]) for one in same)
        axes.append(0 if own else None)
        arrays.append(jax.device_put(np.stack(same) if own else same[0]))
    return Examples(*arrays), Examples(*axes)


def _stacked(states: Sequence[State], width: int) -> State:
    """States of as many runs as the width: the first stands in for those that are missing."""
    padded = [*states, *[states[0]] * (width - len(states))]
    stacked: State = jax.tree.map(lambda *one: jnp.stack(one), *padded)
    return stacked


def _order(recipe: Recipe, rng: np.random.Generator, count: int) -> NDArray[np.int32]:
    """The rows of an epoch in the order in which they are trained on."""
    return (rng.permutation(count) if recipe.shuffle else np.arange(count)).astype(np.int32)
