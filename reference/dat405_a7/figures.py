"""Figures that are this assignment's own, as data: the weight decay sweep, denoising curves, galleries."""

from collections import defaultdict
from collections.abc import Iterator
from statistics import mean, stdev

from harness.evidence import Evidence
from harness.results import Gallery, GalleryRow, Plot, Series

HINTON = 0.9847


def plots(evidence: Evidence) -> Iterator[Plot]:
    """Curves over weight decay factors and over noise levels, where they were measured."""
    yield from _sweep(evidence)
    yield from _denoising(evidence)


def galleries(evidence: Evidence) -> Iterator[Gallery]:
    """Original, seasoned and denoised images; what the decoder draws."""
    curves = evidence.denoising
    if curves is not None:
        rows = [GalleryRow(label="original", png=curves.strips["original"][0], images=curves.strip_images)]
        for number, level in enumerate(curves.strip_levels):
            for kind in ("seasoned", "denoised"):
                png = curves.strips[kind][number]
                rows.append(GalleryRow(label=f"{kind}, level {level:g}", png=png, images=curves.strip_images))
        yield Gallery(
            task="4B", title="Original, seasoned, denoised", rows=tuple(rows),
            note="Noise of the harness's own, and the submitted autoencoder as trained here.",
        )  # fmt: skip
    made = evidence.generation
    if made is not None:
        yield Gallery(
            task="4D", title="What the decoder draws",
            rows=(GalleryRow(label="generated", png=made.strip, images=made.strip_images),),
            note="Drawn by the hand-in's own code, run again with the trained weights."
            if made.own
            else "From codes between those of two training images of a class, slightly perturbed.",
        )  # fmt: skip


def _sweep(evidence: Evidence) -> Iterator[Plot]:
    by_factor = defaultdict(list)
    for network in evidence.networks("2D"):
        factor = _factor(network)
        if factor:
            by_factor[factor].extend(network.accuracies)
    factors = tuple(factor for factor in sorted(by_factor) if by_factor[factor])
    if not factors:
        return
    means = tuple(mean(by_factor[factor]) for factor in factors)
    spread = [stdev(by_factor[factor]) if len(by_factor[factor]) > 1 else 0.0 for factor in factors]
    fewest, most = min(map(len, by_factor.values())), max(map(len, by_factor.values()))
    yield Plot(
        task="2D",
        title="Accuracy against weight decay",
        x_label="weight decay factor",
        y_label="accuracy",
        log_x=True,
        series=(
            Series(
                label="mean ± sd" if most > 1 else "one network each",
                x=factors,
                y=means,
                low=tuple(value - sd for value, sd in zip(means, spread, strict=True)) if most > 1 else (),
                high=tuple(value + sd for value, sd in zip(means, spread, strict=True)) if most > 1 else (),
            ),
        ),
        lines=(("Hinton 0.9847", HINTON),) if evidence.dataset.official else (),
        note=f"{fewest} network{'s' if fewest > 1 else ''} a factor: too few to tell neighbouring factors apart.",
    )


def _factor(network):
    for layer in network.of_class("Dense"):
        for text in layer.regularizers:
            if text.startswith("kernel L2 "):
                return float(text.split()[2])
    return None


def _denoising(evidence: Evidence) -> Iterator[Plot]:
    curves = evidence.denoising
    if curves is None:
        return
    yield Plot(
        task="4C",
        title="Accuracy against noise level",
        x_label="noise level",
        y_label="accuracy",
        series=(
            Series(label="seasoned", x=curves.levels, y=curves.seasoned),
            Series(label="denoised", x=curves.levels, y=curves.denoised),
        ),
        note=f"{curves.images:,} evaluation images a level; both curves on the same images with the same noise."
        f"{own_levels(evidence)}",
    )
    yield Plot(
        task="4C",
        title="Gain from denoising",
        x_label="noise level",
        y_label="accuracy gained",
        series=(
            Series(
                label="denoised − seasoned",
                x=curves.levels,
                y=curves.gain,
                low=curves.gain_low,
                high=curves.gain_high,
            ),
        ),
        lines=(("no gain", 0.0),),
        note="Bars are 95 % intervals of paired proportions.",
    )


def own_levels(evidence: Evidence) -> str:
    """The noise that the hand-in itself evaluated or denoised with, as a sentence; empty where none was seen."""
    given = [use.x.derived.given if use.x.derived else use.x for use in evidence.recording.uses]
    levels = {round(array.noise.level, 2) for array in given if array.noise is not None}
    if not levels:
        return ""
    shown = ", ".join(f"{level:g}" for level in sorted(levels)[:20])
    return f" The hand-in’s own code puts noise of {shown} on images."
