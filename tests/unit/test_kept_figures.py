"""Figures are drawn once: a kept one is the one that was drawn, and other data or source draw anew."""

import ast
import importlib.metadata

import pytest
from unit.sample_parts import asked, curve, denoising, sweep
from unit.sample_results import busy

from harness import assets, identity, kept_figures
from harness.figures import accuracy_figure, plot_figure
from harness.kept_figures import KeptFigures
from harness.report import render_scorecard
from harness.store import Store

CURVES = (curve(0, 4, 0.86, 0.9712),)
DRAWN = [
    (accuracy_figure, (CURVES, (asked(0.97),)), {"name": "a", "title": "2C"}),
    (plot_figure, (sweep(),), {"name": "c"}),
    (accuracy_figure, ((),), {"name": "empty"}),
]


@pytest.fixture
def place(tmp_path):
    return Store(tmp_path / "store")


def draws(place, values=(1.0,), name="a", kept=None):
    """How often a figure is drawn for a page, of which something else changed."""
    drawn = []

    def figure(values, *, name):
        drawn.append(values)
        return f'<svg id="{name}"/>'

    assert (kept or KeptFigures(place)).of(figure, values, name=name) == f'<svg id="{name}"/>'
    return len(drawn)


@pytest.mark.parametrize(("draw", "data", "named"), DRAWN)
def test_a_kept_figure_is_the_one_that_was_drawn(place, draw, data, named):
    def never(*_data, **_named):
        raise AssertionError("it was drawn again")

    never.__name__ = draw.__name__
    drawn = KeptFigures(place).of(draw, *data, **named)
    assert drawn == draw(*data, **named)
    assert KeptFigures(place).of(never, *data, **named) == drawn


def test_a_page_of_kept_figures_is_the_page_that_was_drawn(place):
    pages = [render_scorecard(busy(), KeptFigures(place)) for _ in range(2)]
    assert pages == [render_scorecard(busy())] * 2
    facts = place.facts()
    assert facts.hits == facts.misses == facts.kept["figure"] > 3


def test_without_a_store_each_is_drawn(place):
    assert [draws(place, kept=KeptFigures()) for _ in range(2)] == [1, 1]
    assert place.facts().kept["figure"] == 0


def test_the_same_is_not_drawn_again(place):
    assert [draws(place), draws(place)] == [1, 0]


def test_other_data_are_drawn(place):
    draws(place)
    assert draws(place, values=(1.5,)) == 1
    assert draws(place, name="b") == 1
    assert draws(place, values=CURVES) == 1
    assert draws(place, values=(CURVES[0].model_copy(update={"seed": 7}),)) == 1
    assert draws(place, values=denoising(3)) == 1
    assert draws(place, values=denoising(4)) == 1


def test_two_figures_of_the_same_data_are_two(place):
    def other(values, *, name):
        return f'<svg class="{name}{values}"/>'

    draws(place)
    assert KeptFigures(place).of(other, (1.0,), name="a") == '<svg class="a(1.0,)"/>'


@pytest.mark.parametrize("name", kept_figures.CODE)
def test_changed_source_draws_anew(place, tmp_path, monkeypatch, name):
    copy = tmp_path / "harness"
    copy.mkdir()
    for module in kept_figures.CODE:
        (copy / f"{module}.py").write_bytes((assets.PACKAGE / f"{module}.py").read_bytes())
    of_source = identity.of_source
    monkeypatch.setattr(identity, "of_source", lambda names: of_source(names, copy))
    assert [draws(place), draws(place)] == [1, 0]
    with (copy / f"{name}.py").open("ab") as file:
        file.write(b"#")
    assert draws(place) == 1


def test_another_matplotlib_draws_anew(place, monkeypatch):
    draws(place)
    monkeypatch.setattr(importlib.metadata, "version", lambda name: f"{name} 99")
    assert draws(place) == 1


def test_the_hash_covers_all_that_draws():
    """But for the types of what is drawn, whose values are hashed."""
    found = set()
    for name in kept_figures.CODE:
        for node in ast.walk(ast.parse((assets.PACKAGE / f"{name}.py").read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module == "harness":
                found |= {f"harness.{each.name}" for each in node.names}
            elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("harness."):
                found.add(node.module)
    assert found - {f"harness.{name}" for name in kept_figures.CODE} == {"harness.results"}


@pytest.mark.parametrize("damage", [b"", b"<svg/>"])
def test_a_damaged_one_is_drawn_anew(place, damage):
    draws(place)
    (file,) = place.folder.rglob("*.figure")
    file.write_bytes(damage)
    assert [draws(place), draws(place)] == [1, 0]


def test_what_is_no_figure_is_drawn_anew(place):
    class Page(kept_figures.KeptFigure):
        svg: str

    draws(place)
    (file,) = place.folder.rglob("*.figure")
    file.unlink()
    place.put("figure", file.stem, Page(svg="<script>"))
    assert draws(place) == 1
