"""What a hand-in shows in a replay: pixels checked and encoded by trusted code, each figure with its task."""

import base64
import io

import numpy as np
import pytest
from evidence import cnn, evidence, mlp
from PIL import Image

from harness.assignment import load
from harness.dryrun import DryRun
from harness.measure.own import MAX_FIGURES, encoded, is_picture, replayed, task_at
from harness.recording import FigureRecord, Passage, Recording, Where

ASSIGNMENT = load("dat405_a7")
HEADINGS = {name: spec.headings for name, spec in ASSIGNMENT.tasks.items()}


def pixels(height=30, width=40, **more):
    made = np.random.default_rng(0).integers(0, 255, (height, width, 3), dtype=np.uint8)
    return made.astype(more.get("dtype", np.uint8))


def at(cell, file="assignment.ipynb", line=None):
    return Where(file=file, cell=cell, line=line)


def shown(*cells, frames=None, **more):
    records = tuple(FigureRecord(where=at(cell), frame=f"figure-{number}") for number, cell in enumerate(cells))
    arrays = {record.frame: pixels() for record in records} if frames is None else frames
    run = DryRun(Recording(kind="notebook", complete=True, figures=records, **more), arrays)
    answers = tuple(
        Passage(where=at(cell), text=text)
        for cell, text in (
            (1, "## Question 2C: Training"),
            (5, "Some words."),
            (9, "# Question 4\n## 4C\nDoes it help?"),
        )
    )
    networks = (mlp(where=at(4, line=3)), cnn(where=at(7)))
    recording = Recording(
        kind="notebook", complete=True, answers=answers, fits=tuple(one.record for one in networks)
    )
    return replayed(evidence(ASSIGNMENT, *networks, recording=recording), run, ("fit-1",), HEADINGS)


def test_a_figure_belongs_to_the_heading_or_the_fit_above_it():
    made = shown(1, 2, 4, 6, 7, 8, 10, 30)
    assert [figure.task for figure in made.figures] == ["", "2C", "2C", "2C", "3A", "3A", "4C", "4C"]


def test_places_of_other_files_say_nothing():
    marks = [("a.ipynb", 3.0, "2C"), ("a.ipynb", 5.5, "3A"), ("b.ipynb", 1.0, "4A")]
    assert task_at(at(5, "a.ipynb"), marks) == "2C"
    assert task_at(at(6, "a.ipynb"), marks) == "3A"
    assert task_at(at(2, "a.ipynb"), marks) == ""
    assert task_at(at(9, "b.ipynb"), marks) == "4A"
    assert task_at(Where(file="c.py"), [*marks, ("c.py", 0.0, "2D")]) == "2D"
    assert task_at(at(9, "d.ipynb"), marks) == ""


def test_figures_that_rest_on_placeholders_say_so():
    made = shown(4, 7, placeholders=(at(7),))
    assert [figure.placeholder for figure in made.figures] == [False, True]
    assert made.placeholders == (at(7),)


def test_a_figure_comes_back_as_it_was_drawn():
    flat = np.full((50, 60, 3), 255, dtype=np.uint8)
    flat[10:20, 5:50] = (200, 30, 40)
    again = Image.open(io.BytesIO(base64.b64decode(encoded(flat))))
    assert again.format == "PNG" and again.size == (60, 50)
    assert (np.array(again.convert("RGB")) == flat).all()
    assert encoded(flat) == encoded(flat)


def test_any_colours_become_few():
    data = base64.b64decode(encoded(pixels(400, 400)))
    again = Image.open(io.BytesIO(data))
    assert again.mode == "P" and len(again.getcolors()) <= 256


@pytest.mark.parametrize(
    "bad",
    [
        pixels(1001, 10), pixels(10, 1001), pixels(0, 10), pixels()[..., :1], pixels()[..., 0],
        np.zeros((9, 9, 4), np.uint8), pixels(dtype=np.float32), pixels(dtype=np.int32),
        np.zeros((2, 3, 3, 3), np.uint8), np.zeros(3, np.uint8),
    ],
    ids=range(10),
)  # fmt: skip
def test_what_is_no_picture_is_left_out(bad):
    assert not is_picture(bad)
    assert shown(4, frames={"figure-0": bad}).figures == ()


def test_a_frame_that_did_not_cross_is_left_out():
    assert shown(4, frames={"rows": pixels()}).figures == ()


def test_figures_are_few():
    assert len(shown(*[4] * 40).figures) == MAX_FIGURES
    assert is_picture(pixels(1000, 1000)) and is_picture(pixels(1, 1))


def test_how_the_run_ended_is_kept():
    made = shown(4, printed=(Passage(where=at(4), text="0.97"),), seconds=3.5)
    assert (made.seconds, made.printed[0].text, made.problem, made.fits) == (3.5, "0.97", None, ("fit-1",))
    lost = replayed(evidence(ASSIGNMENT), DryRun(problem="It crashed."), (), HEADINGS)
    assert (lost.problem, lost.figures, lost.printed) == ("It crashed.", (), ())
    cut = replayed(evidence(ASSIGNMENT), DryRun(interrupted="Too slow."), (), HEADINGS)
    assert cut.problem == "Too slow."
