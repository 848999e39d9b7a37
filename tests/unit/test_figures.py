"""Figures: what is drawn, how it follows the theme, and that the same data give the same bytes."""

import re
import subprocess
import sys
from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest
from unit.sample_hostile import HOSTILE
from unit.sample_parts import accepted, asked, curve, denoising, sweep

from harness.figures import accuracy_figure, plot_figure, points_of, spread
from harness.results import Curve, Series, Threshold
from harness.svg import TEXT

NS = "{http://www.w3.org/2000/svg}"
THREE = tuple(curve(seed, 10, 0.86, 0.9712) for seed in range(3))


def drawn(name: str = "a", **more) -> str:
    return accuracy_figure(THREE, (asked(0.97), accepted(0.9661)), name=name, **more)


def texts(svg: str) -> list[str]:
    return ["".join(element.itertext()) for element in ET.fromstring(svg).iter(f"{NS}text")]


def test_text_stays_text_and_names_each_line() -> None:
    shown = texts(drawn())
    for word in ("training", "validation", "asked 0.97", "accepted 0.9661", "epoch"):
        assert any(text.startswith(word) for text in shown), word


def test_the_mean_of_the_seeds_is_told() -> None:
    mean = sum(run.val_accuracy[-1] for run in THREE) / 3
    assert f"validation {mean:.4f}".rstrip("0") in texts(drawn())


def test_it_can_be_read_aloud() -> None:
    root = ET.fromstring(drawn(title="Network of 2C"))
    assert root.get("role") == "img"
    names = root.get("aria-labelledby", "").split()
    by_id = {element.get("id"): element for element in root.iter()}
    assert by_id[names[0]].tag == f"{NS}title"
    assert by_id[names[0]].text == "Network of 2C"
    assert "3 seeds, 10 epochs" in (by_id[names[1]].text or "")


@pytest.mark.parametrize(
    "svg",
    [
        drawn(),
        plot_figure(sweep(), name="c"),
        plot_figure(denoising(40), name="d"),
    ],
)
def test_colours_are_the_pages_own_and_nothing_reaches_out_of_the_figure(svg: str) -> None:
    assert not re.search(r"#[0-9a-fA-F]{6}\b", svg)
    assert "var(--accent" in svg
    assert "style=" not in svg
    assert "<style" not in svg
    assert not svg.startswith("<?xml")
    assert "DOCTYPE" not in svg
    assert "metadata" not in svg
    root = ET.fromstring(svg)
    assert root.get("width") is None
    assert root.get("viewBox", "").startswith("0 0 420 ")


def test_same_data_same_bytes_and_ids_of_two_figures_differ() -> None:
    assert drawn() == drawn()
    ids = [set(re.findall(r' id="([^"]+)"', drawn(name))) for name in ("one", "two")]
    assert ids[0]
    assert not ids[0] & ids[1]
    for name, found in zip(("one", "two"), ids, strict=True):
        assert set(re.findall(r"#([\w-]+)", drawn(name))) <= found


def test_a_plot_names_its_axes_its_series_and_its_lines() -> None:
    shown = texts(plot_figure(sweep(), name="p"))
    for text in ("accuracy, mean ± sd", "weight decay factor", "Hinton 0.9847", "1e−6", "1e−3"):
        assert text in shown, text
    shown = texts(plot_figure(denoising(), name="p"))
    assert {"accuracy", "noise level", "■ seasoned", "● denoised", "0.2"} <= {*shown}


def test_a_plot_can_be_read_aloud() -> None:
    root = ET.fromstring(plot_figure(sweep(), name="p"))
    described = next(element.text or "" for element in root.iter(f"{NS}desc"))
    assert "mean ± sd: 1e-6 0.9801 (0.9791 to 0.9811)," in described
    assert "Line: Hinton 0.9847, 0.9847." in described


def test_few_points_get_bars_and_many_a_band() -> None:
    def level(points: int) -> Series:
        x = tuple(float(number) for number in range(points))
        return Series(label="a", x=x, y=x, low=tuple(v - 1 for v in x), high=tuple(v + 1 for v in x))

    few, many = (plot_figure(sweep(series=(level(n),), log_x=False), name="p") for n in (5, 50))
    assert "<use" in few
    assert "fill-opacity" not in few
    assert 'fill-opacity="0.18"' in many


def test_points_stand_by_their_x_and_logarithms_need_positive_ones() -> None:
    mixed = Series(label="a", x=(1.0, 0.0, 0.5), y=(0.3, 0.1, 0.2))
    assert plot_figure(sweep(series=(mixed,)), name="p") == plot_figure(
        sweep(series=(mixed,), log_x=False), name="p"
    )
    assert points_of(mixed) == [(0.0, 0.1, 0.1, 0.1), (0.5, 0.2, 0.2, 0.2), (1.0, 0.3, 0.3, 0.3)]


@pytest.mark.parametrize("x", [(), (1e-6,), (0.0,), (2e-4, 3e-4), (1e-9, 1.0), (1e5, 1e6), (0.5, 0.5)])
@pytest.mark.parametrize("y", [1.0, -5e4])
def test_short_empty_and_odd_series(x: tuple[float, ...], y: float) -> None:
    series = (Series(label="a", x=x, y=(y,) * len(x)), Series(label="", x=(), y=()))
    svg = plot_figure(sweep(series=series), name="p")
    assert bool(svg) is bool(x)
    assert "nan" not in svg.lower()


def test_intervals_of_the_wrong_length_are_left_out() -> None:
    series = Series(label="a", x=(0.0, 1.0), y=(0.5, 0.6), low=(0.4,), high=(0.6, 0.7))
    assert points_of(series) == [(0.0, 0.5, 0.5, 0.6), (1.0, 0.6, 0.6, 0.7)]


def test_nothing_measured_nothing_drawn() -> None:
    assert accuracy_figure((), name="a") == ""
    assert accuracy_figure((Curve(seed=0, loss=(1.0, 0.5)),), name="a") == ""


@pytest.mark.parametrize("values", [(0.1,), (0.0,), (1.0, 1.0), (0.1, 0.99)])
def test_short_and_flat_runs(values: tuple[float, ...]) -> None:
    assert "<svg" in accuracy_figure((Curve(seed=0, val_accuracy=values),), name="a")


@pytest.mark.parametrize("text", [*HOSTILE, "$\\frac{1}{0}$", "王小明"])
def test_hostile_names(text: str) -> None:
    threshold = Threshold(value=0.97, source="course", name=text)
    accuracy = accuracy_figure(THREE, (threshold,), name="a", title=text)
    named = Series(label=text, x=(0.0, 1.0), y=(0.1, 0.2))
    plot = sweep(title=text, x_label=text, y_label=text, series=(named, named), lines=((text, 0.1),), log_x=False)
    for svg in (accuracy, plot_figure(plot, name="c")):
        tags = {element.tag.removeprefix(NS) for element in ET.fromstring(svg).iter()}
        assert tags <= {"svg", "title", "desc", "defs", "g", "path", "use", "text", "tspan", "clipPath", "rect"}


def test_labels_stand_apart() -> None:
    placed = spread([10.0, 11.0, 12.0, 50.0], TEXT, 0, 60)
    assert all(b - a >= TEXT for a, b in pairwise(placed))
    assert max(placed) <= 60
    assert spread([5.0, 40.0], TEXT, 0, 60) == [5.0, 40.0]


def test_importing_the_module_is_cheap() -> None:
    code = "import sys, harness.report; sys.exit(len({'matplotlib', 'tensorflow'} & {*sys.modules}))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
