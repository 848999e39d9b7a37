"""Classifiers on what an encoder makes of images, in the forms in which hand-ins write them: one notebook, each
cell a test."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from notebooks import notebook, write
from recorded import NETWORK, by_cell, run, save_images

from harness.stacked import stacked

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
    "stacked": """
entry = keras.Input((784,))
code = layers.Dense(6, name="code")(layers.Dropout(0.2)(layers.Dense(20, "relu")(entry)))
autoencoder = keras.Model(entry, layers.Dense(784, "sigmoid")(code))
autoencoder.compile("adam", "mse"); autoencoder.fit(X, X)
encoder = keras.Model(entry, code)
encoder.trainable = False
def on_top(*below):
    made = keras.Sequential([*below, layers.Dense(8, "relu"), layers.Dense(10, "softmax")])
    made.compile("adam", "categorical_crossentropy")
    return made
on_top(keras.Input((784,)), encoder).fit(X, Y)
again = keras.Model(entry, layers.Dense(10, "softmax")(encoder(entry, training=False)))
again.compile("adam", "categorical_crossentropy"); again.fit(X, Y); again.fit(X, Y)
encoder.trainable = True
on_top(encoder).fit(X, Y)""",
    "scaled": """
codes = encoder.predict(X)
standardised = (codes - codes.mean(axis=0)) / codes.std(axis=0)
head().fit(standardised, Y)
many = encoder.predict(np.concatenate([X] * 4))
order = np.random.permutation(len(many))
head().fit(((many - many.mean(axis=0)) / many.std(axis=0))[order], np.concatenate([Y] * 4)[order])
head().fit(codes, Y)""",
}


@pytest.fixture(scope="module")
def cell(tmp_path_factory):
    """What was seen of the cell of a name."""
    folder = write(tmp_path_factory.mktemp("one"), {"a.ipynb": notebook(*CELLS.values())})
    recording, _ = run(folder, save_images(tmp_path_factory.mktemp("data") / "data.npz"))
    assert recording.complete
    assert [error.message for error in recording.errors] == []
    seen = by_cell(recording, "a.ipynb", list(CELLS))
    return lambda name: SimpleNamespace(fits=seen[name].fits, stacked=stacked(recording))


def test_fresh_weights_are_told_from_unknown_ones(cell):
    fresh, unknown = (fit.data.x.derived for fit in cell("weights of no fit").fits)
    assert (fresh.states, fresh.unknown) == ((), None)
    assert unknown.states == ()
    assert unknown.unknown.startswith("its layer `code` starts from weights that no fit of this work left")


def test_an_encoder_under_a_classifier_is_known(cell):
    autoencoder, *fits = cell("stacked").fits
    found = [cell("stacked").stacked[fit.id] for fit in fits]
    assert [(one.fits, one.layers, one.values, one.known, one.at_random) for one in found] == [
        ((autoencoder.id,), 3, 6, True, True)
    ] * 4
    assert [one.changed for one in found] == [False, False, False, True]
    assert autoencoder.id not in cell("stacked").stacked


def test_scaled_codes_are_told_from_codes(cell):
    *scaled, codes = (fit.data.x for fit in cell("scaled").fits)
    assert [(one.of_answers, one.derived) for one in scaled] == [(True, None)] * 2
    assert (codes.of_answers, codes.derived.given.source) == (False, "x_train")
