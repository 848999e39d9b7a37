"""What a denoiser gains a classifier: accuracy on the same images with the same noise, a level at a time."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from harness.stats import mcnemar, mean_interval, paired_difference_interval


def gains(seasoned: NDArray[Any], denoised: NDArray[Any], labels: NDArray[Any]) -> dict[str, tuple[float, ...]]:
    """Accuracies, gain, its 95 % interval and McNemar's mid-p, one value a level.

    `seasoned` and `denoised`: predicted classes (levels, n); `labels` (n,). Intervals are of paired proportions
    (harness.stats.paired_difference_interval), because both predictions are of the same images.
    """
    right_seasoned, right_denoised = seasoned == labels, denoised == labels
    rows = []
    for before, after in zip(right_seasoned, right_denoised, strict=True):
        won, lost = int((after & ~before).sum()), int((before & ~after).sum())
        interval = paired_difference_interval(won, lost, len(labels))
        rows.append(
            (float(before.mean()), float(after.mean()), (won - lost) / len(labels), interval.low, interval.high,
             mcnemar(won, lost).mid_p)
        )  # fmt: skip
    names = ("seasoned", "denoised", "gain", "gain_low", "gain_high", "p_values")
    return {
        name: tuple(round(float(value), 6) for value in column)
        for name, column in zip(names, zip(*rows, strict=True), strict=True)
    }


def mean_gain(
    seasoned: NDArray[Any], denoised: NDArray[Any], labels: NDArray[Any], judged: NDArray[Any]
) -> tuple[float, float, float]:
    """The gain averaged over the `judged` levels (a mask), with its 95 % interval.

    Each image's differences are averaged over the levels first, so that the interval (Student's, over images) holds
    although one image's levels are not independent.
    """
    right_seasoned, right_denoised = seasoned == labels, denoised == labels
    differences = (right_denoised.astype(float) - right_seasoned)[judged].mean(axis=0)
    interval = mean_interval(differences, 0.95)
    return float(differences.mean()), interval.low, interval.high


def helps_until(levels: tuple[float, ...], gain_low: tuple[float, ...]) -> float | None:
    """The highest level up to which denoising helps without a break once it began to; None where it never does.

    It helps at a level where the interval of the gain lies above 0.
    """
    last = None
    for level, low in zip(levels, gain_low, strict=True):
        if low > 0:
            last = level
        elif last is not None:
            break
    return last
