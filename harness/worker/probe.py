"""Trying the hand-in's own noise function: what it does to an array of 0.5, where every change can be seen.

On real images most pixels are 0 already, so a fifth of the changes would be missed. The answers cross as arrays;
trusted code measures them.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

import numpy as np

from harness.recording import NoiseProbe
from harness.worker.execute import Runner
from harness.worker.frames import FrameWriter
from harness.worker.own_time import StatementTimeout

LEVELS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
SHAPES = ((64, 784), (64, 28, 28), (64, 28, 28, 1), (28, 28), (784,))
SECONDS = 10.0
_WORDS = ("salt", "pepper", "season", "noise", "noisy")


def probe_noise(runner: Runner, frames: FrameWriter, name: str, seconds: float = SECONDS) -> list[NoiseProbe]:
    """Probe the function `name`, or the first whose name speaks of noise and that takes images and a level.

    Takes `seconds` in all at most.
    """
    function = find(runner, name)
    if function is None:
        return []
    where = runner.where_of(function.__code__)
    left = runner.countdown(seconds)
    for shape in SHAPES:
        probes = [_probe(runner, function, level, shape, frames, left()) for level in LEVELS]
        if all(probe.problem is None for probe in probes) or shape == SHAPES[-1]:
            break
    return [probe.model_copy(update={"where": where}) for probe in probes]


def find(runner: Runner, name: str) -> Any:
    """The function of this name, or the first one named after noise with at least two parameters; else None."""
    functions = {key: value for key, value in runner.namespace.items() if type(value) is types.FunctionType}
    own = {key: value for key, value in functions.items() if runner.where_of(value.__code__) is not None}
    if name in own:
        return own[name]
    for key, value in own.items():
        if any(word in key.lower() for word in _WORDS) and value.__code__.co_argcount >= 2:
            return value
    return None


def _probe(
    runner: Runner,
    function: Callable[..., Any],
    level: float,
    shape: tuple[int, ...],
    frames: FrameWriter,
    left: float,
) -> NoiseProbe:
    facts: dict[str, Any] = {
        "function": str(getattr(function, "__name__", ""))[:300],
        "level": level,
        "shape": shape,
    }
    given = np.full(shape, 0.5, dtype=np.float32)
    seconds = min(SECONDS, left)
    if seconds <= 0:
        return NoiseProbe(**facts, problem="there was no time left to try it")
    try:
        with runner.limited(seconds):
            answer = np.asarray(function(given, level))
    except StatementTimeout:
        return NoiseProbe(**facts, problem=f"it ran longer than {seconds:.0f} s")
    except BaseException as error:
        return NoiseProbe(**facts, problem=f"{type(error).__name__}: {error}"[:2000])
    if answer.dtype.kind not in "iufb" or answer.shape != shape:
        return NoiseProbe(**facts, problem=f"it returned {answer.dtype} of shape {answer.shape} for {shape}")
    label = f"{level:g}-{'x'.join(map(str, shape))}"
    frames.array(f"noise-answer-{label}", answer.astype(np.float32))
    frames.array(f"noise-input-{label}", given)
    return NoiseProbe(**facts, answer=f"noise-answer-{label}", input_after=f"noise-input-{label}")
