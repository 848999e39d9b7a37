"""What a scorecard draws: networks as diagrams, figures with their numbers, strips, the hand-in's own figures."""

from __future__ import annotations

import re

import pytest
from unit.page_reader import card, full
from unit.sample_parts import autoencoder, curve, deep, mlp, sweep
from unit.sample_results import busy, typical

from harness.assets import folder
from harness.recording import REPLAYED_IN_FULL, REPLAYED_SAMPLE
from harness.report import render_class
from harness.results import OwnWork
from harness.views import bottleneck


def test_the_diagram_shows_every_layer() -> None:
    model = deep()
    assert len(model.layers) >= 20
    page = card(typical(models=(model,)))
    boxes = [text for text in page.texts["li"] if "output" in text]
    assert len(boxes) == len(model.layers)
    assert " ".join(boxes[1].split()) == "Conv2D 32 output 28 × 28 × 32 320 parameters"
    assert "parameters in all 289,514" in page.text()


def test_an_autoencoders_boxes_are_as_wide_as_its_layers() -> None:
    page = card(typical(models=(autoencoder(),)))
    boxes = [(a.get("class") or "").split() for a in page.of("li") if re.match(r"w\d", a.get("class") or "")]
    steps = [int(each[0][1:]) for each in boxes]
    assert steps[0] == steps[-1] == 10  # the input, found from the first layer's parameters, and the output
    assert steps[1] == steps[3] > steps[2] == 0
    assert [len(each) for each in boxes] == [1, 1, 2, 1, 1]
    shown = [" ".join(text.split()) for text in page.texts["li"] if "output" in text]
    assert shown[0] == "Input output 784"
    assert shown[2].startswith("Dense 96, relu bottleneck output 96")
    styles = (folder("templates") / "style.css").read_text(encoding="utf-8")
    assert all(f".w{step} {{" in styles for step in range(10))


@pytest.mark.parametrize(
    ("widths", "place"),
    [
        ((784, 128, 96, 128, 784), 2),
        ((784, 32, 784), 1),
        ((784, 64, 64, 10), None),  # a classifier
        ((784, 500, 300, 10, 10, 500, 300, 10), None),  # stacked ones
        ((784, 8, 10), None),
        ((32, 128, 784), None),  # a decoder
        ((784, 32, 0), None),  # an open shape
        ((), None),
        ((0, 0), None),
    ],
)
def test_what_is_a_bottleneck(widths: tuple[int, ...], place: int | None) -> None:
    assert bottleneck(widths) == place


def test_a_figure_says_its_numbers_twice() -> None:
    page = card(full())
    assert "Accuracy against weight decay" in page.text("h4")
    assert "too few to tell neighbouring factors apart" in page.text("figcaption")
    table = page.text("table")
    assert "weight decay factor mean ± sd 1e-6 0.9801 0.9791 to 0.9811" in table
    assert "line “Hinton 0.9847” 0.9847" in table
    assert "noise level seasoned denoised 0 0.98 0.98 0.1 0.9713 0.972" in table


def test_a_plot_without_points_leaves_nothing() -> None:
    empty = sweep(series=(sweep().series[0].model_copy(update={"x": (), "y": ()}),))
    page = card(typical(models=(), plots=(empty, sweep(series=()))))
    assert page.with_class("plot") == page.of("figure") == []


def test_strips_wrap_and_say_what_they_are() -> None:
    page = card(full())
    assert [image["alt"] for image in page.of("img")] == [
        "original: images 1 to 10 of 10",
        "denoised, level 0.4: images 1 to 10 of 20",
        "denoised, level 0.4: images 11 to 20 of 20",
    ]
    assert {(image["width"], image["height"]) for image in page.of("img")} == {("560", "56")}
    assert "img-src" not in render_class([])


def test_the_hand_ins_own_figures_stand_with_their_task() -> None:
    page = card(busy())
    text = page.text()
    asked, figures = text.index("Trained for 10 epochs, batch"), text.index("own figures, run again with trained")
    assert asked < figures < text.index("Hidden layers of 500 and 300")
    assert f"more than {REPLAYED_IN_FULL:,} images was evaluated on {REPLAYED_SAMPLE:,} of them" in text
    assert "rests on a network that was not trained here" in page.text("figcaption")
    assert [(image["width"], image["height"]) for image in page.of("img")] == [
        ("180", "60"),
        ("60", "60"),
        ("180", "60"),
    ]
    assert page.of("img")[0]["alt"] == "A figure of the hand-in, assignment7.ipynb, cell 8, line 4"
    assert page.with_class("wide").count("figure") == 2
    assert "The hand-in ran once more with the weights trained here" in text
    assert text.count("answered with placeholders; figures that use them say so") == 1
    assert text.index("Other work") < text.rindex("own figures, run again")  # what stands above every task


def test_a_hand_in_that_did_not_run_again_says_nothing_of_it() -> None:
    for result in (typical(), typical(own=OwnWork())):
        assert "ran once more" not in card(result).text()
        assert "own figures" not in card(result).text()


def test_figures_stand_where_there_is_something_to_draw() -> None:
    assert len(card(typical(models=(mlp(),))).of("figure")) == 1
    assert len(card(typical(models=(mlp(curves=(curve(0, 5, 0.8, 0.9),)),))).of("figure")) == 1
    assert len(card(typical(models=(mlp(curves=()),))).of("figure")) == 0


def _themes() -> list[dict[str, str]]:
    source = (folder("templates") / "style.css").read_text(encoding="utf-8")
    blocks = re.findall(r":root \{(.*?)\}", source, re.DOTALL)[:2]
    return [dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block)) for block in blocks]


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", _themes(), ids=("light", "dark"))
@pytest.mark.parametrize("ink", ["ink", "muted", "accent", "bad", "warn"])
@pytest.mark.parametrize("ground", ["paper", "wash"])
def test_contrast_is_aa(theme: dict[str, str], ink: str, ground: str) -> None:
    high, low = sorted((_luminance(theme[ink]), _luminance(theme[ground])), reverse=True)
    assert (high + 0.05) / (low + 0.05) >= 4.5
