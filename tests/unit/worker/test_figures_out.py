"""Figures of a replay: drawn where they were shown, as pixels of a fair size, blank ones left out."""

import numpy as np
import pytest

from harness.recording import Where
from harness.worker import figures
from harness.worker.figures import MAX_FIGURES, MAX_SIDE, Figures, close_figures, draw, is_blank

pyplot = pytest.importorskip("matplotlib.pyplot")
END = Where(file="a.ipynb", cell=3)
SHOWN = Where(file="a.ipynb", cell=3, line=2)


class Sent:
    """Stands in for the channel."""

    def __init__(self):
        self.arrays = {}

    def array(self, name, array):
        self.arrays[name] = array


@pytest.fixture
def made(monkeypatch):
    monkeypatch.setattr(pyplot, "show", pyplot.show)
    pyplot.close("all")
    taken = Figures(Sent(), lambda: SHOWN)
    taken.install()
    yield taken
    pyplot.close("all")


def line(**more):
    figure, axes = pyplot.subplots(**more)
    axes.plot([1, 3, 2])
    return figure


def sizes(taken):
    return [taken._frames.arrays[record.frame].shape for record in taken.records]


def test_a_figure_shown_stands_where_it_was_shown_and_one_left_open_at_the_end(made):
    line()
    pyplot.show()
    line()
    made.take(END)
    made.take(END)
    assert [(record.frame, record.where) for record in made.records] == [("figure-01", SHOWN), ("figure-02", END)]
    assert pyplot.get_fignums() == []
    (pixels, _) = made._frames.arrays.values()
    assert pixels.dtype == np.uint8 and pixels.ndim == 3 and pixels.shape[2] == 3
    assert pixels.min() < 100 and pixels.max() == 255  # ink on white


def test_show_takes_what_hand_ins_give_it(made):
    line()
    pyplot.show(block=True)
    pyplot.show(False)
    assert len(made.records) == 1


def test_every_open_figure_counts_in_its_order(made):
    line(figsize=(2, 1))
    line(figsize=(1, 2))
    made.take(END)
    (wide, high) = sizes(made)
    assert wide[1] > wide[0] and high[0] > high[1]


@pytest.mark.parametrize("size", [(60, 40), (3, 200), (200, 0.5)])
def test_a_large_figure_is_drawn_small(made, size):
    line(figsize=size)
    made.take(END)
    (shape,) = sizes(made)
    assert max(shape) <= MAX_SIDE
    assert max(shape) > MAX_SIDE / 2


def test_a_fair_figure_is_cut_to_what_is_drawn():
    figure = line(figsize=(6, 4))
    figure.axes[0].set_title("a title")
    height, width, _ = draw(figure).shape
    assert 350 < height < 420 and 500 < width < 620


def test_blank_figures_are_left_out(made):
    pyplot.figure()
    pyplot.subplots(2, 2)
    pyplot.figure().add_subplot().imshow(np.ones((2, 2)), cmap="gray", vmin=0, vmax=1)
    pyplot.gca().axis("off")
    made.take(END)
    assert made.records == []
    assert pyplot.get_fignums() == []


@pytest.mark.parametrize(
    "put",
    [
        lambda axes: axes.bar([1], [2]),
        lambda axes: axes.imshow(np.eye(3)),
        lambda axes: axes.text(0.5, 0.5, "784-128-96-128-784"),
        lambda axes: axes.figure.suptitle("words"),
        lambda axes: axes.scatter([1], [2]),
        lambda axes: axes.table([["a"]]),
    ],
)
def test_what_holds_anything_is_not_blank(put):
    figure, axes = pyplot.subplots()
    assert is_blank(figure)
    put(axes)
    assert not is_blank(figure)


def test_figures_are_few(made):
    for _ in range(MAX_FIGURES + 3):
        line(figsize=(1, 1))
        made.take(END)
    assert len(made.records) == MAX_FIGURES
    assert pyplot.get_fignums() == []


def test_all_together_have_a_size(made, monkeypatch):
    monkeypatch.setattr(figures, "MAX_BYTES", 300_000)
    for _ in range(5):
        line(figsize=(2, 2))
    made.take(END)
    assert 0 < len(made.records) < 5
    assert sum(array.nbytes for array in made._frames.arrays.values()) <= 300_000


def test_a_figure_that_cannot_be_drawn_costs_itself_alone(made):
    broken = line()
    broken.axes[0].set_title("$\\frac{1}$")  # not mathematics
    line()
    made.take(END)
    assert len(made.records) == 1


def test_a_figure_that_takes_too_long_costs_itself_alone(made, monkeypatch):
    monkeypatch.setattr(figures, "SECONDS", 0.2)
    slow = line()

    def forever(*_, **__):
        while True:
            pass

    slow.axes[0].draw = forever
    slow.get_tightbbox = forever
    made.take(END)
    assert made.records == []


def test_shadowed_names_of_pyplot_do_not_matter(made):
    line()
    pyplot.gcf().savefig = None
    line()
    made.take(END)
    assert len(made.records) == 1


def test_nothing_to_close_is_no_error():
    close_figures()
    close_figures()
