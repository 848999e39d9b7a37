"""Figures: functions from data to an SVG string that is part of the page it stands in.

Matplotlib draws in sentinel colours; afterwards they become the page's CSS variables, so that a figure follows
the light or dark theme. Text stays text in the page's own face. The same data give the same bytes.

Matplotlib is imported where it is used: importing this module costs nothing.
"""

from __future__ import annotations

import re
import threading
import warnings
from collections.abc import Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET  # parses only what matplotlib just wrote

from harness.results import Curve, Threshold
from harness.text import clean, for_xml, number, quantity

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 420  # CSS pixels; the page scales a figure to its column, and 12 px text stays readable on a phone
TEXT = 12
SVG = "http://www.w3.org/2000/svg"

INK, MUTED, LINE, ACCENT, ASKED = "#010101", "#010102", "#010103", "#010104", "#010105"
COLOURS = {
    INK: "var(--ink, currentColor)",
    MUTED: "var(--muted, currentColor)",
    LINE: "var(--line-strong, currentColor)",
    ACCENT: "var(--accent, currentColor)",
    ASKED: "var(--ink, currentColor)",
}
_LOCK = threading.Lock()  # matplotlib's settings belong to the process
_SIZE = re.compile(r"([\d.]+)px")
_REFERENCE = re.compile(r"#([\w-]+)")


def accuracy_figure(
    curves: Sequence[Curve], thresholds: Sequence[Threshold] = (), *, name: str, title: str = "Accuracy per epoch"
) -> str:
    """Training and validation accuracy after each epoch: a line a seed, and their mean where there are several.

    `curves` hold accuracies in [0, 1], one value an epoch. `thresholds` become level lines with their names.
    `name` makes the ids of this figure unique on its page. "" where no curve has a validation or training accuracy.
    """
    training = [curve.accuracy for curve in curves if curve.accuracy]
    validation = [curve.val_accuracy for curve in curves if curve.val_accuracy]
    if not training and not validation:
        return ""
    figure, axes = _canvas(height=240, left=44, right=122, top=10, bottom=40)
    labels: list[tuple[float, str, str]] = []
    for runs, word, colour, dashes in (
        (training, "training", MUTED, (0, (4, 2.5))),
        (validation, "validation", ACCENT, "solid"),
    ):
        if not runs:
            continue
        mean = _mean(runs)
        for run in runs if len(runs) > 1 else ():
            axes.plot(range(1, len(run) + 1), run, color=colour, linewidth=0.9, alpha=0.45, linestyle=dashes)
        marker = "o" if len(mean) <= 3 else ""
        axes.plot(range(1, len(mean) + 1), mean, color=colour, linewidth=2, linestyle=dashes, marker=marker, ms=4)
        labels.append((mean[-1], f"{word} {number(mean[-1])}", colour))
    for threshold in thresholds:
        axes.axhline(threshold.value, color=ASKED, linewidth=1, linestyle=_dashes(threshold))
        labels.append((threshold.value, _named(threshold), ASKED))
    values = [value for run in (*training, *validation) for value in run] + [t.value for t in thresholds]
    low, high = _limits(values)
    epochs = max(len(run) for run in (*training, *validation))
    axes.set_xlim(0.5 if epochs == 1 else 1, 1.5 if epochs == 1 else epochs)
    axes.set_ylim(low, high)
    axes.set_xlabel("epoch", color=MUTED, fontsize=TEXT)
    axes.grid(axis="y", color=LINE, linewidth=0.6, alpha=0.5)
    _whole_numbers(axes)
    _end_labels(axes, labels, low, high)
    told = f"{quantity(max(len(training), len(validation)), 'seed')}, {quantity(epochs, 'epoch')}. After the last: "
    told += ", ".join(text for _, text, _ in labels) + "."
    return _svg(figure, name, title, told)


def seeds_figure(
    values: Sequence[float], thresholds: Sequence[Threshold] = (), *, name: str, title: str = "The last epoch"
) -> str:
    """The accuracy that each seed ended with, as dots on a scale, their mean, and the thresholds as upright lines.

    `values` are accuracies in [0, 1]. "" where there are none.
    """
    if not values:
        return ""
    rows = len(thresholds)
    figure, axes = _canvas(height=88 + 18 * rows, left=28, right=28, top=8 + 18 * rows, bottom=42)
    low, high = _limits([*values, *(t.value for t in thresholds)], share=0.12, least=0.002)
    axes.set_xlim(low, high)
    axes.set_ylim(-1, 1)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    mean = sum(values) / len(values)
    axes.plot([mean, mean], [-0.55, 0.55], color=ACCENT, linewidth=2)
    axes.plot(values, [0.0] * len(values), color=ACCENT, linestyle="", marker="o", markersize=8, alpha=0.6)
    for row, threshold in enumerate(sorted(thresholds, key=lambda each: each.value)):
        top = 1 + (row + 0.35) * 18 / 19  # in the axes' units: 38 px stand for -1 … 1
        axes.plot(
            [threshold.value] * 2, [-1, top], color=ASKED, linewidth=1, linestyle=_dashes(threshold), clip_on=False
        )
        right = threshold.value > (low + high) / 2
        axes.annotate(
            _named(threshold),
            (threshold.value, top),
            color=ASKED,
            fontsize=TEXT,
            xytext=(-5 if right else 5, 1),
            textcoords="offset points",
            va="center",
            ha="right" if right else "left",
            annotation_clip=False,
            parse_math=False,
        )
    axes.set_xlabel(
        f"validation accuracy, mean {number(mean)} of {quantity(len(values), 'seed')}", color=MUTED, fontsize=TEXT
    )
    axes.locator_params(axis="x", nbins=5)
    told = f"Mean {number(mean)}; each seed: {', '.join(number(value) for value in values)}."
    told += "".join(f" {_named(threshold)}." for threshold in thresholds)
    return _svg(figure, name, title, told)


def _canvas(*, height: int, left: int, right: int, top: int, bottom: int) -> tuple[Figure, Axes]:
    """A figure of `WIDTH` by `height` pixels with one pair of axes inside these margins."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH / 72, height / 72), dpi=72)
    figure.patch.set_visible(False)
    box = (left / WIDTH, bottom / height, 1 - (left + right) / WIDTH, 1 - (top + bottom) / height)
    axes = figure.add_axes(box)
    axes.patch.set_visible(False)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set(color=LINE, linewidth=1)
    axes.tick_params(color=LINE, labelcolor=MUTED, labelsize=TEXT, length=3)
    axes.set_axisbelow(True)
    return figure, axes


def _mean(runs: Sequence[Sequence[float]]) -> list[float]:
    """The mean of the runs, epoch by epoch, as far as all of them go."""
    return [sum(values) / len(values) for values in zip(*runs, strict=False)]


def _limits(values: Sequence[float], share: float = 0.06, least: float = 0.01) -> tuple[float, float]:
    """A range a little wider than the values, within [0, 1] where they are."""
    low, high = min(values), max(values)
    room = max((high - low) * share, least)
    return (max(low - room, 0.0) if low >= 0 else low - room, min(high + room, 1.0) if high <= 1 else high + room)


def _dashes(threshold: Threshold) -> Any:
    """The assignment's own figure is a full line, an acceptance bound a dotted one."""
    return "solid" if threshold.source == "assignment" else (0, (1, 2))


def _named(threshold: Threshold) -> str:
    """The threshold's name and value, as short as the margin is narrow."""
    return f"{for_xml(clean(threshold.name, 12))} {number(threshold.value)}"


def _whole_numbers(axes: Axes) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True, min_n_ticks=1))


def _end_labels(axes: Axes, labels: Sequence[tuple[float, str, str]], low: float, high: float) -> None:
    """Labels right of the axes at their values' heights, moved apart where they would touch, with a leader each."""
    pixels = axes.bbox.height
    ordered = sorted(labels)
    heights = [(value - low) / (high - low) * pixels for value, _, _ in ordered]
    places = spread(heights, TEXT + 3, 0, pixels)
    for (_, text, colour), height, placed in zip(ordered, heights, places, strict=True):
        axes.annotate(
            text,
            (1, height / pixels),
            xycoords="axes fraction",
            xytext=(14, placed - height),
            textcoords="offset points",
            va="center",
            ha="left",
            color=colour,
            fontsize=TEXT,
            annotation_clip=False,
            parse_math=False,
            arrowprops={"arrowstyle": "-", "color": LINE, "linewidth": 0.8, "shrinkA": 1, "shrinkB": 1},
        )


def spread(places: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Rising `places` moved as little as a sweep up and one down need to stand `gap` apart within [low, high].

    Where there is no room for all of them, the lower ones leave the range.
    """
    moved: list[float] = []
    for place in places:
        moved.append(max(place, moved[-1] + gap if moved else low))
    ceiling = high
    for index in range(len(moved) - 1, -1, -1):
        moved[index] = min(moved[index], ceiling)
        ceiling = moved[index] - gap
    return moved


def _svg(figure: Figure, name: str, title: str, told: str) -> str:
    """The figure as an `<svg>` element for a page: themed, labelled, without a prolog or fixed size."""
    import matplotlib as mpl

    drawn = BytesIO()
    settings: Any = {"svg.fonttype": "none", "svg.hashsalt": name, "font.size": TEXT}
    with _LOCK, warnings.catch_warnings(), mpl.rc_context(settings):
        # The browser draws the text: that matplotlib's own face lacks a glyph is of no account.
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        figure.savefig(drawn, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    root = ET.fromstring(drawn.getvalue())  # noqa: S314  # matplotlib's own output of a moment ago
    for element in list(root):
        if element.tag.endswith("}metadata"):
            root.remove(element)
    for parent in root.iter():
        for child in list(parent):
            if child.tag.endswith("}style"):  # a rule for `*` would restyle the page around the figure
                parent.remove(child)
    used = {
        match for element in root.iter() for value in element.attrib.values() for match in _REFERENCE.findall(value)
    }
    for element in root.iter():
        _plain(element, used, name)
    view = root.get("viewBox", f"0 0 {WIDTH} 200")
    root.attrib.clear()
    root.attrib.update(
        {
            "xmlns": SVG,
            "viewBox": view,
            "class": "figure",
            "role": "img",
            "stroke-linejoin": "round",
            "aria-labelledby": f"{name}-title {name}-desc",
        }
    )
    for position, (tag, text) in enumerate((("title", title), ("desc", told))):
        label = ET.Element(tag, id=f"{name}-{tag}")
        label.text = for_xml(text, 600)
        root.insert(position, label)
    return ET.tostring(root, encoding="unicode", short_empty_elements=True)


def _plain(element: ET.Element, used: set[str], name: str) -> None:
    """Style declarations become attributes and sentinel colours variables; ids that nothing refers to go."""
    element.tag = element.tag.rpartition("}")[2]
    element.tail = None if element.tag != "tspan" else element.tail
    for declaration in element.attrib.pop("style", "").split(";"):
        key, _, value = (part.strip() for part in declaration.partition(":"))
        if key == "font":  # the shorthand is no attribute; the face is the page's
            found = _SIZE.search(value)
            element.set("font-size", found[1] if found else str(TEXT))
        elif key and key != "font-family":
            element.set(key, value)
    for key, value in list(element.attrib.items()):
        bare = key.rpartition("}")[2]
        if key == "id":
            del element.attrib[key]
            if value in used:
                element.set("id", f"{name}-{value}")
        elif bare == "href":
            del element.attrib[key]
            element.set("href", value.replace("#", f"#{name}-", 1))
        elif bare == "transform" and value.startswith("rotate(-0 "):
            del element.attrib[key]
        elif value.startswith("url(#"):
            element.set(key, value.replace("url(#", f"url(#{name}-"))
        else:
            element.set(key, COLOURS.get(value, value))
