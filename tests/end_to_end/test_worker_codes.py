"""Classifiers on what an encoder makes of images, in the forms in which hand-ins write them: one notebook, each
cell a test."""

from __future__ import annotations

import pytest
from notebooks import notebook, write
from recorded import NETWORK, by_cell, run, save_images

pytestmark = pytest.mark.end_to_end

CELLS: dict[str, str] = {
    "imports": NETWORK
    + """
def head(inputs=6):
    made = keras.Sequential([keras.Input((inputs,)), layers.Dense(8, "relu"), layers.Dense(10, "softmax")])
    made.compile("adam", "categorical_crossentropy")
    return made""",
    "weights of no fit": """
other = keras.Sequential([keras.Input((784,)), layers.Dense(6, name="code")])
head().fit(other.predict(X), Y)
other.set_weights([w / 2 for w in other.get_weights()])
head().fit(other.predict(X), Y)""",
}


@pytest.fixture(scope="module")
def cell(tmp_path_factory):
    """What was seen of the cell of a name."""
    folder = write(tmp_path_factory.mktemp("one"), {"a.ipynb": notebook(*CELLS.values())})
    recording, _ = run(folder, save_images(tmp_path_factory.mktemp("data") / "data.npz"))
    assert recording.complete
    assert [error.message for error in recording.errors] == []
    return by_cell(recording, "a.ipynb", list(CELLS)).__getitem__


def test_fresh_weights_are_told_from_unknown_ones(cell):
    fresh, unknown = (fit.data.x.derived for fit in cell("weights of no fit").fits)
    assert (fresh.states, fresh.unknown) == ((), None)
    assert unknown.states == ()
    assert unknown.unknown.startswith("its layer `code` starts from weights that no fit of this work left")
