"""Which figures this assignment shows, and its own as data: the weight decay sweep."""

from collections import defaultdict
from collections.abc import Iterator
from statistics import mean, stdev

from harness import shown
from harness.evidence import Evidence
from harness.results import Gallery, Plot, Series

HINTON = 0.9847


def plots(evidence: Evidence) -> Iterator[Plot]:
    """Curves over weight decay factors and over noise levels, where they were measured."""
    yield from _sweep(evidence)
    if evidence.denoising is not None:
        yield from shown.denoising_plots(evidence.denoising, "4C", shown.own_levels(evidence))


def galleries(evidence: Evidence) -> Iterator[Gallery]:
    """Original, seasoned and denoised images; what the decoder draws."""
    if evidence.denoising is not None:
        yield shown.denoising_gallery(evidence.denoising, "4B")
    if evidence.generation is not None:
        yield shown.generation_gallery(evidence.generation, "4D")


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
