"""Packages that are not installed: those that only draw take every call, and what they hand on goes on."""

import importlib
import sys

import pytest

from harness.worker import packages
from harness.worker.nothing import Nothing


@pytest.fixture
def notes(monkeypatch):
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    names = ("tqdm", "seaborn", "plotly", "google.colab", "wandb", "ipywidgets")
    before = {name: module for name, module in sys.modules.items() if name.startswith(names)}
    for name in before:
        monkeypatch.delitem(sys.modules, name)
    found = []
    packages.install(lambda code, message: found.append((code, message)))
    yield found
    for name in [name for name in sys.modules if name.startswith(names)]:
        del sys.modules[name]


def test_plots_are_left_out_and_said(notes):
    import plotly.express as px
    import seaborn as sns

    sns.set(style="dark")
    axes = sns.heatmap([[1]], annot=True)
    axes.set_title("x")
    axes.figure.axes[0].lines[0] = 3
    px.line([1]).show()
    assert [code for code, _ in notes] == ["missing-package"] * 2
    assert {"`plotly`", "`seaborn`"} == {message.split()[2] for _, message in notes}


def test_progress_bars_hand_on_what_they_are_given(notes):
    from tqdm import tqdm, trange
    from tqdm.auto import tqdm as auto
    from tqdm.notebook import tqdm as of_notebooks

    assert list(tqdm([1, 2], desc="x", leave=False)) == list(auto([1, 2])) == [1, 2]
    assert list(trange(1, 4)) == [1, 2, 3]
    assert len(of_notebooks(range(3))) == 3
    with tqdm(total=3) as bar:
        bar.update(1)
        bar.set_postfix(loss=1)
    assert notes == []


def test_decorated_functions_stay(notes):
    from ipywidgets import IntSlider, interact

    @interact(level=(0, 1))
    def f(level):
        return level

    assert f(3) == 3
    interact(f, level=IntSlider(min=0))


def test_colab(notes):
    from google.colab import drive, files

    drive.mount("/content/drive", force_remount=True)
    assert files.upload() == {}
    assert notes[0][0] == "asks-for-input"


@pytest.mark.parametrize("name", ["cv2_of_no_name", "google.other", "seabornx"])
def test_other_packages_are_missing_as_before(notes, name):
    with pytest.raises(ImportError):
        importlib.import_module(name)


def test_what_is_installed_is_not_replaced(notes):
    (finder,) = [finder for finder in sys.meta_path if type(finder) is packages._Packages]
    assert sys.meta_path[-1] is finder  # asked last


def test_nothing_takes_everything():
    nothing = Nothing()
    assert nothing(1, x=2) is nothing.anything is nothing[3] is nothing
    assert (list(nothing), len(nothing), bool(nothing), repr(nothing)) == ([], 0, False, "nothing")
    with nothing as entered:
        assert entered is nothing
    with pytest.raises(AttributeError):
        nothing.__array__  # noqa: B018
