"""Figures: functions from data to an SVG string that is part of the page it stands in; `harness.svg` is how."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from harness.results import Curve, Plot, Series, Threshold
from harness.svg import ACCENT, ASKED, INK, LINE, MUTED, TEXT, canvas, to_svg
from harness.text import clean, for_xml, number, quantity

if TYPE_CHECKING:
    from matplotlib.axes import Axes

STYLES: tuple[
    tuple[str, Any, str, str], ...
] = (  # colour, dashes, marker and its sign; the last series has the last
    (INK, (0, (1, 1.5)), "^", "▲"),
    (MUTED, (0, (4, 2.5)), "s", "■"),
    (ACCENT, "solid", "o", "●"),
)
FEW = 12  # points that are drawn one by one


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
    longest = max([len(_named(threshold)) for threshold in thresholds], default=0)
    figure, axes = canvas(height=240, left=44, right=max(122, 36 + 6 * longest), top=10, bottom=40)
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
    low, high = limits(values)
    epochs = max(len(run) for run in (*training, *validation))
    axes.set_xlim(0.5 if epochs == 1 else 1, 1.5 if epochs == 1 else epochs)
    axes.set_ylim(low, high)
    axes.set_xlabel("epoch", color=MUTED, fontsize=TEXT)
    axes.grid(axis="y", color=LINE, linewidth=0.6, alpha=0.5)
    _whole_numbers(axes)
    _end_labels(axes, labels, low, high)
    told = f"{quantity(max(len(training), len(validation)), 'seed')}, {quantity(epochs, 'epoch')}. After the last: "
    told += ", ".join(text for _, text, _ in labels) + "."
    return to_svg(figure, name, title, told)


def plot_figure(plot: Plot, *, name: str) -> str:
    """Any plot of a result: a line a series, their intervals, and level lines with their names.

    Intervals are bars where points are few and a band where they are many. The last series is what the figure is
    about and gets the accent. `name` makes the ids unique on the page. "" where no series has a point.
    """
    drawn = [series for series in plot.series if points_of(series)]
    if not drawn:
        return ""
    names = [_name(series.label, 26) for series in drawn]
    levels = [(_name(label, 26), value) for label, value in plot.lines]
    alone = len(drawn) == 1  # then its name stands with the quantity, and the margin is for the level lines
    longest = max([len(label) for label in (*(() if alone else names), *(label for label, _ in levels))], default=0)
    height = max(250, (TEXT + 3) * (len(names) + len(levels)) + 80)
    figure, axes = canvas(
        height=height, left=48, right=min(52 + 6 * longest, 200) if longest else 12, top=30, bottom=40
    )
    labels: list[tuple[float, str, str]] = []
    values = [value for _, value in levels]
    styles = [STYLES[-1 - i % len(STYLES)] for i in range(len(drawn))][::-1]
    for (colour, dashes, marker, sign), series, label in zip(styles, drawn, names, strict=True):
        points = points_of(series)
        few = len(points) <= FEW
        _draw(axes, points, colour, dashes, marker if few else "")
        if not alone:
            labels.append((points[-1][1], f"{sign} {label}" if few else label, colour))
        values += [value for point in points for value in point[1:]]
    for label, value in levels:
        axes.axhline(value, color=ASKED, linewidth=1)
        labels.append((value, label, ASKED))
    places = [point[0] for series in drawn for point in points_of(series)]
    _level_axis(axes, places, log=plot.log_x and min(places) > 0)
    low, high = limits(values)
    axes.set_ylim(low, high)
    axes.yaxis.set_major_formatter(_written)
    axes.grid(axis="y", color=LINE, linewidth=0.6, alpha=0.5)
    axes.set_xlabel(_name(plot.x_label, 60), color=MUTED, fontsize=TEXT, parse_math=False)
    heading = _name(f"{plot.y_label}, {drawn[0].label}" if alone else plot.y_label, 60)
    axes.set_title(heading, color=MUTED, fontsize=TEXT, loc="left", x=-0.02, pad=10, parse_math=False)
    _end_labels(axes, labels, low, high)
    told = [f"{_name(plot.y_label, 60)} against {_name(plot.x_label, 60)}."]
    told += [
        f"{label}: {', '.join(map(_told, points_of(series)))}." for series, label in zip(drawn, names, strict=True)
    ]
    told += [f"Line: {label}, {number(value)}." for label, value in levels]
    return to_svg(figure, name, plot.title, " ".join(told))


def points_of(series: Series) -> list[tuple[float, float, float, float]]:
    """A series as (x, y, low, high), from left to right; low and high are y where there is no interval."""
    count = min(len(series.x), len(series.y))
    low = series.low if len(series.low) >= count else series.y
    high = series.high if len(series.high) >= count else series.y
    return sorted(zip(series.x[:count], series.y, low, high, strict=False))


def _told(point: tuple[float, float, float, float]) -> str:
    x, y, low, high = point
    return f"{number(x)} {number(y)}" + (f" ({number(low)} to {number(high)})" if low < high else "")


def _draw(
    axes: Axes, points: Sequence[tuple[float, float, float, float]], colour: str, dashes: Any, marker: str
) -> None:
    """One series: its line, a marker a point where there is one, and its intervals."""
    x, y, low, high = zip(*points, strict=True)
    axes.plot(x, y, color=colour, linewidth=1.8, linestyle=dashes, marker=marker, markersize=5, clip_on=False)
    if any(a < b for a, b in zip(low, high, strict=True)):
        if marker:
            axes.vlines(x, low, high, color=colour, linewidth=1.2)
            for ends in (low, high):
                axes.plot(x, ends, color=colour, linestyle="", marker="_", markersize=7)
        else:
            axes.fill_between(x, low, high, color=colour, alpha=0.18, linewidth=0)


def _level_axis(axes: Axes, places: Sequence[float], *, log: bool) -> None:
    """Limits and ticks of the x axis; a logarithmic one is ticked at powers of ten, or at its two ends."""
    import math

    from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator

    low, high = min(places), max(places)
    if log:
        axes.set_xscale("log")
        room = (high / low) ** 0.04 if high > low else 10.0
        axes.set_xlim(low / room, high * room)
        powers = [
            10.0**n for n in range(math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9) + 1)
        ]
        ticks = powers[:: -(-len(powers) // 6)] if len(powers) > 1 else sorted({low, high})
        axes.xaxis.set_major_locator(FixedLocator(ticks))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(_written if low >= 1e-3 and high < 1e4 else _power)
    else:
        room = (high - low) * 0.03 or max(abs(low) * 0.1, 0.5)
        axes.set_xlim(low - room, high + room)
        whole = all(float(place).is_integer() for place in places)  # seeds, epochs
        axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=whole) if high > low else FixedLocator([low]))
        axes.xaxis.set_major_formatter(_written)


def _written(value: float, _place: float) -> str:
    """A tick as the page writes numbers."""
    return number(round(value, 10))


def _power(value: float, _place: float) -> str:
    """A tick of a logarithmic axis: 1e−6, 2.5e−4, 1e−3."""
    mantissa, _, exponent = f"{value:.2e}".partition("e")
    return f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}".replace("e-", "e−")


def _name(text: str, limit: int) -> str:
    return for_xml(clean(text, limit))


def _mean(runs: Sequence[Sequence[float]]) -> list[float]:
    """The mean of the runs, epoch by epoch, as far as all of them go."""
    return [sum(values) / len(values) for values in zip(*runs, strict=False)]


def limits(values: Sequence[float], share: float = 0.06, least: float = 0.01) -> tuple[float, float]:
    """A range a little wider than the values, within [0, 1] where they are."""
    low, high = min(values), max(values)
    room = max((high - low) * share, least)
    return (max(low - room, 0.0) if low >= 0 else low - room, min(high + room, 1.0) if high <= 1 else high + room)


def _dashes(threshold: Threshold) -> Any:
    """The assignment's own figure is a full line, an acceptance bound a dotted one."""
    return "solid" if threshold.source == "assignment" else (0, (1, 2))


def _named(threshold: Threshold) -> str:
    """The threshold's name and value, as short as the margin is narrow."""
    return f"{for_xml(clean(threshold.name, 14))} {number(threshold.value)}"


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
