"""The dot plot of a random outcome: a hand-in's runs below the reference's, and what they are held against."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from harness.figures import limits
from harness.gates import Gate
from harness.results import Judged
from harness.svg import ACCENT, ASKED, MUTED, TEXT, WIDTH, canvas, to_svg
from harness.text import clean, for_xml, number, quantity, share, signed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

OWN, PILE, DOT, LABEL = 40, 46, 4.6, 18  # pixels: the row of a hand-in's runs, the reference's, its dots, a label
LETTER, GAP = 7.2, 5  # pixels: a letter of a wide face, on average; between a line and its words


def runs_figure(judged: Judged, *, name: str, title: str) -> str:
    """A hand-in's runs as dots below those of the reference, all on one scale, with their thresholds and averages.

    The band is where the reference's runs ended, from the lowest to the highest; their dots are piled up where they
    are alike. Each threshold names its source. `name` makes the ids unique on the page. "" where there are no runs.
    """
    gate, values = judged.gate, judged.values
    if not values:
        return ""
    lines = [
        (value, f"{word} {bare(value, gate)}, {source}", ASKED, dashes)
        for value, word, source, dashes in held_against(gate)
    ]
    mean = gate.reference_mean
    if mean is not None:
        lines.append((mean, f"average {bare(mean, gate)}", MUTED, "solid"))
    lane = PILE + 14 if gate.reference else 0
    top, left, right = 12 + LABEL * len(lines), 72, 30
    height = OWN + lane
    figure, axes = canvas(height=top + height + 42, left=left, right=right, top=top, bottom=42)
    low, high = limits([*values, *gate.reference, *(line[0] for line in lines)], share=0.06, least=0.001)
    axes.set_xlim(low, high)
    axes.set_ylim(0, height)  # so that heights are pixels
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    scale = (WIDTH - left - right) / (high - low)
    if gate.reference:
        least, most = min(gate.reference), max(gate.reference)
        room = max(0.0, 3 / scale - (most - least)) / 2  # that it can be seen
        axes.axvspan(least - room, most + room, color=MUTED, alpha=0.13, linewidth=0)
        piled = pile([(value - low) * scale for value in gate.reference], DOT, PILE)
        heights = [OWN + 6 + up for up in piled]
        put_dots(axes, gate.reference, heights, MUTED, DOT - 0.6)
        _lane(axes, OWN + lane / 2, "correct", "solutions,", quantity(len(gate.reference), "run"))
    places = around([((line[0] - low) * scale, GAP + LETTER * len(line[1])) for line in lines], -left, WIDTH - left)
    for (value, text, colour, dashes), (row, left_of) in zip(lines, places, strict=True):
        upright(axes, value, height + 8 + LABEL * row, text, colour, dashes, left_of=left_of)
    middle = OWN / 2
    if len(values) > 1 and gate.rule == "mean":
        own = sum(values) / len(values)
        axes.plot([own, own], [middle - 13, middle + 13], color=ACCENT, linewidth=2)
    put_dots(axes, values, [middle] * len(values), ACCENT, 9)
    _lane(axes, middle, "your", "run" if len(values) == 1 else "runs")
    share_axis(axes, judged.name, gate)
    return to_svg(figure, name, title, told_of(judged))


def told_of(judged: Judged) -> str:
    """All that the figure of these runs shows, in sentences."""
    gate, values = judged.gate, judged.values
    runs = ", ".join(share(value, gate.difference) for value in values)
    told = f"Your run: {runs}." if len(values) == 1 else f"Your {len(values)} runs: {runs}"
    if len(values) > 1:
        told += f"; their average is {share(sum(values) / len(values), gate.difference)}."
    if gate.reference_mean is not None:
        least, most = (share(end(gate.reference), gate.difference) for end in (min, max))
        told += f" {quantity(len(gate.reference), 'run')} of correct solutions ended from {least} to {most}"
        told += f", on average at {share(gate.reference_mean, gate.difference)}."
    for value, word, source, _ in held_against(gate):
        told += f" {word.capitalize()}: {share(value, gate.difference)}, {source}."
    return told


def held_against(gate: Gate) -> list[tuple[float, str, str, Any]]:
    """The thresholds of a gate, each with its name, source and dashes: the nominal is a full line, the calibrated
    dotted."""
    accepted, nominal = gate.accepted, gate.nominal
    lines: list[tuple[float, str, str, Any]] = []
    if nominal is not None:
        both = accepted == nominal
        lines.append((nominal, "asked and accepted" if both else "asked", gate.source, "solid"))
    if accepted is not None and accepted != nominal:
        lines.append((accepted, "accepted", "calibration", (0, (1, 2))))
    return lines


def bare(value: float, gate: Gate) -> str:
    """A value as short as it can stand beside an axis that names its unit."""
    return share(value, gate.difference).removesuffix(" percentage points")


def around(lines: Sequence[tuple[float, float]], low: float, high: float) -> tuple[tuple[int, bool], ...]:
    """For upright lines at a place each, with words of a width at their tops: the row of each, from below, and
    whether its words stand left of it. Words leave [low, high] and cross other lines as little as may be."""

    def bad(chosen: Sequence[tuple[int, bool]]) -> float:
        bad = 0.0
        for (place, width), (row, left_of) in zip(lines, chosen, strict=True):
            start, end = (place - width, place) if left_of else (place, place + width)
            bad += max(0.0, low - start) + max(0.0, end - high)
            bad += sum(
                width / 4
                for (other, _), (other_row, _) in zip(lines, chosen, strict=True)
                if other_row > row and start < other < end
            )
        return bad

    sides = itertools.product((True, False), repeat=len(lines))
    rows = itertools.permutations(range(len(lines)))
    every = (tuple(zip(row, side, strict=True)) for side, row in itertools.product(sides, rows))
    return min(every, key=bad)


def share_axis(axes: Axes, measured: str, gate: Gate) -> None:
    """Let the axis below count in hundredths, and name what was measured and its unit."""
    axes.locator_params(axis="x", nbins=6)
    ticks = [number(round(100 * tick, 8)) for tick in axes.get_xticks()]
    digits = max(len(tick.partition(".")[2]) for tick in ticks)
    axes.xaxis.set_major_formatter(lambda tick, _: signed(f"{100 * tick:.{digits}f}"))
    unit = "percentage points" if gate.difference else f"percent of {for_xml(clean(gate.of, 40))}"
    axes.set_xlabel(f"{for_xml(clean(measured, 40))}, {unit}", color=MUTED, fontsize=TEXT, parse_math=False)


def pile(places: Sequence[float], size: float, height: float) -> list[float]:
    """How high each dot lies, its middle above the ground, so that dots nearer than their `size` stand on each
    other; closer where the highest pile would pass `height`. In the order given."""
    counts: dict[int, int] = {}
    levels: list[int] = []
    for place in places:
        column = round(place / size)
        levels.append(counts.get(column, 0))
        counts[column] = levels[-1] + 1
    step = min(size, (height - size) / max(1, max(levels, default=0)))
    return [size / 2 + step * level for level in levels]


def _lane(axes: Axes, height: float, *words: str) -> None:
    """What a row of dots is, in words left of it, one above the other."""
    for row, word in enumerate(words):
        down = (row - (len(words) - 1) / 2) * (TEXT + 2)
        axes.annotate(
            word, (0, height), xycoords=("axes fraction", "data"), xytext=(-10, -down), textcoords="offset points",
            va="center", ha="right", color=MUTED, fontsize=TEXT, annotation_clip=False,
        )  # fmt: skip


def put_dots(axes: Axes, places: Sequence[float], heights: Sequence[float], colour: str, size: float) -> None:
    """A dot at each place and height, with `size` in pixels."""
    marks: dict[str, Any] = {"linestyle": "", "marker": "o", "ms": size, "mew": 0}
    axes.plot(places, heights, color=colour, alpha=0.65, clip_on=False, **marks)


def upright(axes: Axes, value: float, top: float, text: str, colour: str, dashes: Any, *, left_of: bool) -> None:
    """An upright line with its words at the top."""
    axes.plot([value, value], [0, top], color=colour, linewidth=1, linestyle=dashes, clip_on=False)
    axes.annotate(
        text, (value, top), xytext=(-GAP if left_of else GAP, 0), textcoords="offset points",
        color=colour, fontsize=TEXT, va="center", ha="right" if left_of else "left",
        annotation_clip=False, parse_math=False,
    )  # fmt: skip
