"""What a hand-in's noise function does, measured on the arrays that crossed from the sandbox."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.measured import NoiseFacts
from harness.recording import NoiseProbe

PIXELS = 28 * 28


def noise_facts(probes: tuple[NoiseProbe, ...], frames: dict[str, NDArray[Any]]) -> NoiseFacts | None:
    """Shares of changed, extreme and white pixels a level, and how many masks; None where no function was found.

    A probe's answer whose array did not cross, or has another shape than was probed, is a problem.
    """
    if not probes:
        return None
    first = probes[0]
    problem = next((probe.problem for probe in probes if probe.problem), None)
    measured: dict[str, list[float]] = {"levels": [], "changed": [], "extreme": [], "white": []}
    masks: list[int] = []
    kept, pixels, images = True, 0, 0
    for probe in probes:
        answer = frames.get(probe.answer or "")
        after = frames.get(probe.input_after or "")
        if answer is None or after is None or answer.shape != tuple(probe.shape) or answer.size == 0:
            problem = problem or "its answer did not cross"
            break
        if answer.dtype.kind not in "biuf":
            problem = problem or f"its answer holds {answer.dtype.name} and not numbers"
            break
        pixels = answer.size
        images = len(answer) if math.prod(answer.shape[1:]) == PIXELS else 1
        hit = ~np.isclose(answer, 0.5, atol=1e-6)
        measured["levels"].append(probe.level)
        measured["changed"].append(float(hit.mean()))
        measured["extreme"].append(float(np.isin(answer[hit], (0.0, 1.0)).mean()) if hit.any() else 1.0)
        measured["white"].append(float((answer[hit] == 1.0).mean()) if hit.any() else 0.5)
        masks.append(len(np.unique(hit.reshape(images, -1), axis=0)))
        kept = kept and after.shape == answer.shape and bool((after == 0.5).all())
    return NoiseFacts(
        function=first.function,
        where=first.where,
        masks=tuple(masks),
        images=images,
        pixels=pixels,
        input_kept=kept,
        problem=problem,
        **{name: tuple(round(value, 6) for value in values) for name, values in measured.items()},
    )
