"""The class page's figures: how points are spread, and where each hand-in's accuracy lies beside the reference's.

Functions from plain values to SVG, so that `harness.kept_figures` can keep what they draw.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as ET  # parses only what harness.svg just wrote

from harness.dots import GAP, LABEL, LETTER, around, bare, held_against, pile, put_dots, share_axis, upright
from harness.figures import limits
from harness.gates import Gate
from harness.svg import ACCENT, ASKED, INK, MUTED, TEXT, WIDTH, canvas, to_svg
from harness.text import clean, points, quantity, share

STEPS = (0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 50)
MOST_BARS = 18
PILE = 84  # pixels that dots may be piled up to
SIZES = (6.0, 5.0, 4.2, 3.6, 3.0)  # of dots, in pixels


@dataclass(frozen=True)
class Bar:
    """Hand-ins with points from `low` up to but not including `high`; of the last bar, including it."""

    low: float
    high: float
    count: int


def bars(values: Sequence[float], most: float) -> tuple[Bar, ...]:
    """Counts of points in [0, most], in steps that people count in, MOST_BARS of them at most."""
    top = max([most, *values, STEPS[0]])
    step = next((step for step in STEPS if top / step <= MOST_BARS), top / MOST_BARS)
    count = max(1, math.ceil(top / step - 1e-9))
    counts = [0] * count
    for value in values:
        counts[min(count - 1, max(0, math.floor(value / step + 1e-9)))] += 1
    return tuple(
        Bar(round(number * step, 6), round(min((number + 1) * step, top), 6), each)
        for number, each in enumerate(counts)
    )


def points_figure(values: Sequence[float], most: float, median: float, *, name: str) -> str:
    """A histogram of points, with the median. "" without values."""
    if not values:
        return ""
    shown = bars(values, most)
    highest = max(bar.count for bar in shown)
    figure, axes = canvas(height=210, left=14, right=14, top=30, bottom=40)
    places = [(bar.low + bar.high) / 2 for bar in shown]
    widths = [(bar.high - bar.low) * 0.9 for bar in shown]
    axes.bar(places, [bar.count for bar in shown], widths, color=ACCENT, alpha=0.8, linewidth=0)
    low, high = shown[0].low, shown[-1].high
    scale = (WIDTH - 28) / (high - low)
    for bar, place in zip(shown, places, strict=True):
        beside = abs(place - median) * scale < LETTER  # of the median's line
        if bar.count:
            axes.annotate(
                str(bar.count), (median if beside else place, bar.count), xytext=(3 if beside else 0, 3),
                textcoords="offset points", ha="left" if beside else "center", va="bottom", color=MUTED,
                fontsize=TEXT - 1,
            )  # fmt: skip
    axes.set_xlim(low, high)
    axes.set_ylim(0, 1.18 * highest)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    left_of = median > (low + high) / 2
    axes.plot([median, median], [0, 1.18 * highest], color=INK, linewidth=1, clip_on=False)
    axes.annotate(
        f"median {points(median)}", (median, 1.18 * highest), xytext=(-GAP if left_of else GAP, 2),
        textcoords="offset points", color=INK, fontsize=TEXT, va="bottom", ha="right" if left_of else "left",
        annotation_clip=False,
    )  # fmt: skip
    axes.xaxis.set_major_formatter(lambda tick, _: points(tick))
    axes.set_xlabel(f"points by machine, of {points(most)}", color=MUTED, fontsize=TEXT)
    told = "; ".join(
        f"{points(bar.low)} to {points(bar.high)} points: {quantity(bar.count, 'hand-in')}"
        for bar in shown
        if bar.count
    )
    return to_svg(figure, name, "How points are spread", f"{told}. The median is {points(median)}.")


def strip_figure(
    measured: str, gate: Gate, names: Sequence[str], values: Sequence[float], *, name: str, title: str
) -> str:
    """A dot for each hand-in, in columns as wide as a dot; the band is where the reference's runs ended.

    `names` and `values` have one entry a hand-in, the lowest value first. Thresholds are upright lines. A dot says
    whose it is where a pointer rests on it.
    """
    lines = [(value, f"{word} {bare(value, gate)}", ASKED, dashes) for value, word, _, dashes in held_against(gate)]
    left = right = 14
    low, high = limits([*values, *gate.reference, *(line[0] for line in lines)], share=0.05, least=0.001)
    scale = (WIDTH - left - right) / (high - low)
    size, columns, piled = _piled([(value - low) * scale for value in values])
    height = max(26, math.ceil(max(piled) + size / 2 + 8))
    top = 8 + LABEL * len(lines)
    figure, axes = canvas(height=top + height + 42, left=left, right=right, top=top, bottom=42)
    axes.set_xlim(low, high)
    axes.set_ylim(0, height)  # so that heights are pixels
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    if gate.reference:
        least, most = min(gate.reference), max(gate.reference)
        room = max(0.0, 3 / scale - (most - least)) / 2  # that it can be seen
        axes.axvspan(least - room, most + room, color=MUTED, alpha=0.2, linewidth=0)
    words = [((line[0] - low) * scale, GAP + LETTER * len(line[1])) for line in lines]
    for (value, text, colour, dashes), (row, left_of) in zip(
        lines, around(words, -left, WIDTH - left), strict=True
    ):
        upright(axes, value, height + 8 + LABEL * row, text, colour, dashes, left_of=left_of)
    put_dots(axes, [low + column / scale for column in columns], [2 + up for up in piled], ACCENT, size - 0.6)
    share_axis(axes, measured, gate)
    svg = to_svg(figure, name, title, told_of(gate, values))
    shown = zip(names, values, strict=True)
    return _named(svg, [f"{clean(name, 300)}: {share(value, gate.difference)}" for name, value in shown])


def _piled(places: Sequence[float]) -> tuple[float, list[float], list[float]]:
    """Dots as large as the highest pile allows: their size, the middles of their columns, and their heights."""
    for size in SIZES:
        columns = [round(place / size) * size for place in places]
        if max(Counter(columns).values()) * size <= PILE:
            break
    return size, columns, pile(columns, size, PILE)


def told_of(gate: Gate, values: Sequence[float]) -> str:
    """All that a strip shows of these values, the lowest first, in sentences."""

    def shown(value: float) -> str:
        return share(value, gate.difference)

    middle = values[len(values) // 2]
    told = f"{quantity(len(values), 'hand-in')}, from {shown(values[0])} to {shown(values[-1])}, half of them from "
    told += f"{shown(middle)} upwards."
    if gate.reference:
        runs = quantity(len(gate.reference), "run")
        told += (
            f" {runs} of correct solutions ended from {shown(min(gate.reference))} to {shown(max(gate.reference))}."
        )
    for value, word, source, _ in held_against(gate):
        told += f" {word.capitalize()}: {shown(value)}, {source}."
    return told


def _named(svg: str, names: Sequence[str]) -> str:
    """The figure with a name on each dot, in the order in which they were drawn; without names where these do not
    come out even."""
    root = ET.fromstring(svg)  # noqa: S314  # harness.svg's own output of a moment ago
    space = root.tag.rpartition("}")[0] + "}" if root.tag.startswith("{") else ""
    dots = [use for use in root.iter(f"{space}use") if use.get("fill-opacity") and "accent" in use.get("fill", "")]
    if len(dots) != len(names):
        return svg
    for dot, name in zip(dots, names, strict=True):
        ET.SubElement(dot, f"{space}title").text = name
    ET.register_namespace("", space.strip("{}"))
    return ET.tostring(root, encoding="unicode", short_empty_elements=True)
