"""A hand-in run again with trained weights: what its own code then computes, prints and draws is real.

The weights are made by hand: a network that says 3 to every image, whose accuracy is the share of threes.
"""

from __future__ import annotations

import re

import numpy as np
import pytest
from notebooks import notebook, write

from harness.assignment import load
from harness.dryrun import DryRun, Trained, record, replay
from harness.measure.own import is_picture
from harness.sandbox.plain import PlainSandbox

pytestmark = pytest.mark.end_to_end

CELLS = {
    "imports": """
import keras, numpy as np, matplotlib.pyplot as plt
from keras import layers
from keras.datasets import mnist
(x_train, y_train), (x_test, y_test) = mnist.load_data()
X, X_test = x_train.reshape(-1, 784).astype("float32") / 255, x_test.reshape(-1, 784).astype("float32") / 255
Y, Y_test = keras.utils.to_categorical(y_train, 10), keras.utils.to_categorical(y_test, 10)
def network():
    m = keras.Sequential([keras.Input((784,)), layers.Dense(10, activation="softmax")])
    m.compile(optimizer="sgd", loss="categorical_crossentropy", metrics=["accuracy"])
    return m""",
    "fit": "m = network()\nh = m.fit(X, Y, epochs=3, validation_data=(X_test, Y_test))",
    "history": "print([round(v, 4) for v in h.history['val_accuracy']], h.epoch, m.history is h)",
    "evaluate": "loss, accuracy = m.evaluate(X_test, Y_test)\nprint(f'{loss:.4f} {accuracy:.6f}')",
    "old names": """
o = keras.Sequential([keras.Input((784,)), layers.Dense(10, activation="softmax")])
o.compile("sgd", "categorical_crossentropy", metrics=["acc"])
ho = o.fit(X, Y, epochs=5, callbacks=[keras.callbacks.ModelCheckpoint("best.keras")])
print(ho.history, ho.epoch)
print(keras.models.load_model("best.keras").predict(X_test[:1]).argmax())""",
    "predict": "print(set(m.predict(X_test).argmax(axis=1).tolist()), float(m(X_test)[0, 3]) > 0.9)",
    "copies": """
keras.Model(m.inputs, m.outputs).predict(X_test)
c = keras.models.clone_model(m)
c.set_weights(m.get_weights())
c.compile(loss="categorical_crossentropy", metrics=["accuracy"])
print(round(c.evaluate(X_test, Y_test, return_dict=True)["accuracy"], 6))""",
    "shown": "plt.plot(h.history['val_accuracy'])\nplt.show()\nplt.figure()",
    "not trained": "other = network()\nh2 = other.fit(X, Y, epochs=2, validation_data=(X_test, Y_test))",
    "rests": "a = other.evaluate(X_test, Y_test)[1]\nprint(a)",
    "rests too": "plt.bar([0, 1], [a, accuracy])",
    "not": "plt.imshow(x_test[0])",
    "error": "m.evaluate(X_test[:, :5], Y_test)",
}
HISTORY = {
    "accuracy": (0.2, 0.3, 0.4), "val_accuracy": (0.25, 0.5, 0.75),
    "loss": (3.0, 2.0, 1.0), "val_loss": (4.0, 3.0, 2.0),
}  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> tuple[DryRun, DryRun, DryRun, float]:
    """The dry run, the replay twice, and the share of threes."""
    folder = tmp_path_factory.mktemp("replay")
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 256, (2700, 28, 28), np.uint8), rng.integers(0, 10, 2700).astype(np.uint8)
    npz = folder / "data.npz"
    np.savez(npz, x_train=images[:600], y_train=labels[:600], x_test=images[600:], y_test=labels[600:])
    hand_in = write(folder / "hand-in", {"a.ipynb": notebook(*CELLS.values())})
    assignment = load("dat405_a7")
    first = record(PlainSandbox(), hand_in, assignment, npz)
    weights = [np.zeros((784, 10), np.float32), np.where(np.arange(10) == 3, 9, 0).astype(np.float32)]
    trained = {f"fit-{number}": Trained(weights, HISTORY) for number in (1, 2)}
    again = [replay(PlainSandbox(), hand_in, assignment, npz, trained, folder) for _ in range(2)]
    return first, again[0], again[1], float((labels[600:] == 3).mean())


def printed(run: DryRun, name: str) -> str:
    cell = list(CELLS).index(name) + 1
    return "".join(passage.text for passage in run.recording.printed if passage.where.cell == cell)


def cells(places) -> list[str]:
    return [list(CELLS)[where.cell - 1] for where in places]


def test_a_dry_run_answers_with_placeholders_and_draws_nothing(made):
    first = made[0]
    assert len(first.recording.fits) == 3
    assert printed(first, "evaluate").endswith("0.995000\n")
    assert first.recording.figures == () and first.recording.placeholders == ()


def test_history_and_evaluation_are_those_of_the_weights(made):
    run, share = made[1], made[3]
    assert run.problem is None and run.recording.complete
    assert printed(run, "history").startswith("[0.25, 0.5, 0.75] [0, 1, 2] True")
    loss, accuracy = map(float, printed(run, "evaluate").split())
    assert accuracy == pytest.approx(share, abs=1e-6)
    right = np.log(np.exp(9) + 9) - 9  # of a three; 9 more of anything else
    assert loss == pytest.approx(right + 9 * (1 - share), abs=1e-3)
    assert printed(run, "predict") == "{3} True\n"
    assert float(printed(run, "copies")) == pytest.approx(share, abs=1e-6)


def test_a_history_has_the_names_that_the_hand_in_gave_and_is_as_long_as_training_was(made):
    told = "{'loss': [3.0, 2.0, 1.0], 'acc': [0.2, 0.3, 0.4]} [0, 1, 2]"
    assert printed(made[1], "old names") == f"{told}\n3\n"


def test_what_rests_on_a_fit_that_was_not_trained_is_told(made):
    run = made[1]
    assert cells(run.recording.placeholders) == ["not trained", "rests", "rests too"]
    assert float(printed(run, "rests")) == 0.995


def test_figures_cross_as_pixels_with_their_places(made):
    run = made[1]
    assert cells(figure.where for figure in run.recording.figures) == ["shown", "rests too", "not"]
    assert [figure.where.line for figure in run.recording.figures] == [2, None, None]
    for figure in run.recording.figures:
        assert is_picture(run.frames[figure.frame])


def test_what_fails_in_a_real_run_fails_here(made):
    assert cells(error.where for error in made[1].recording.errors) == ["error"]
    assert cells(error.where for error in made[0].recording.errors) == ["error"]


def test_a_replay_gives_the_same_twice(made):
    def told(run):
        return re.sub(r'"seconds":[\d.]+', "", run.recording.model_dump_json())

    assert told(made[1]) == told(made[2])
    assert set(made[1].frames) == set(made[2].frames)
    for name, array in made[1].frames.items():
        assert (array == made[2].frames[name]).all()
