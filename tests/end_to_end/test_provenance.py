"""What a fit was given, all the way through the wall: recognised, computed by a model, or the values themselves."""

from __future__ import annotations

import numpy as np
import pytest
from notebooks import notebook, write

from harness.parsing import parse_recording
from harness.sandbox.base import Ended, Limits
from harness.sandbox.plain import PlainSandbox

pytestmark = pytest.mark.end_to_end

CELLS = {
    "first": """
import numpy as np, keras
from keras import layers
(x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
X, X_test = x_train.reshape(-1, 784) / 255, x_test.reshape(-1, 784) / 255
def network(shape, units=10, loss="sparse_categorical_crossentropy", last="softmax"):
    made = keras.Sequential([keras.Input(shape), layers.Flatten(), layers.Dense(units, activation=last)])
    made.compile("sgd", loss)
    return made
def salt_and_pepper(x, level):
    x = x.copy()
    draw = np.random.rand(*x.shape)
    x[draw < level / 2] = 0
    x[draw > 1 - level / 2] = 1
    return x""",
    "padded": "network((32, 32)).fit(np.pad(x_train, ((0, 0), (2, 2), (2, 2))) / 255, y_train)",
    "channels": """
import tensorflow as tf
network((28, 28, 3)).fit(tf.image.grayscale_to_rgb(tf.constant(x_train[..., None])), y_train)""",
    "thresholded": "network((784,)).fit(np.where(X > 0.5, 1.0, 0.0), y_train)",
    "everything": """
x, y = np.concatenate([X, X_test]), np.concatenate([y_train, y_test])
network((784,)).fit(x, y)""",
    "codes": """
autoencoder = network((784,), 784, "mse", "sigmoid")
autoencoder.fit(salt_and_pepper(X, 0.4), X)
classifier = network((784,))
classifier.fit(autoencoder.predict(salt_and_pepper(X, 0.4))[10:250], y_train[10:250])""",
    "computed from codes": """
network((784,)).fit(autoencoder.predict(X) * 2 - 1, y_train)""",
    "normalised": """
normal = keras.utils.normalize(x_train, axis=1)
network((28, 28)).fit(normal, y_train)
network((28, 28)).fit(normal.copy(), y_train)""",
    "large": """
large = np.random.default_rng(0).random((60_000, 784), dtype=np.float32)
network((784,)).fit(large, np.zeros(60_000))""",
    "too large": """
network((784,)).fit(np.concatenate([large, large[:10_000]]), np.zeros(70_000))
network((784,)).fit(large[::-1], np.zeros(60_000))""",
}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    rng = np.random.default_rng(0)
    npz = tmp_path_factory.mktemp("data") / "data.npz"
    images, labels = rng.integers(0, 256, (400, 28, 28), dtype=np.uint8), rng.integers(0, 10, 400, dtype=np.uint8)
    images[rng.random(images.shape) < 0.7] = 0
    np.savez(npz, x_train=images[:300], y_train=labels[:300], x_test=images[300:], y_test=labels[300:])
    folder = write(tmp_path_factory.mktemp("one"), {"a.ipynb": notebook(*CELLS.values())})
    job = {"datasets": ["mnist"], "statement_seconds": 60.0, "run_seconds": 250.0}
    ended = PlainSandbox().run(job, folder, npz, Limits(seconds=300))
    assert ended.ended is Ended.FINISHED, ended.log[-3000:] + ended.detail
    return ended


@pytest.fixture(scope="module")
def data(run):
    """The data of the fits in the cell of a name."""
    numbers = {name: number for number, name in enumerate(CELLS, 1)}
    recording = parse_recording(run.frames.recording)
    assert [(error.where.cell, error.message) for error in recording.errors] == []
    return lambda name: [fit.data for fit in recording.fits if fit.where.cell == numbers[name]]


def test_forms_of_images_are_told(data):
    (padded,), (channels,), (thresholded,), (everything,) = map(
        data, ("padded", "channels", "thresholded", "everything")
    )
    assert (padded.x.source, padded.x.pad, padded.y.labels_match) == ("x_train", (2, 2, 2, 2), 1)
    assert (channels.x.source, channels.x.channels, channels.x.scale) == ("x_train", 3, 1)
    assert (thresholded.x.source, thresholded.x.threshold) == ("x_train", 0.5)
    assert (everything.x.source, everything.y.source, everything.y.labels_match) == ("x_all", "y_all", 1)


def test_what_a_model_computed_is_told_with_what_it_was_given(data):
    noisy, codes = data("codes")
    assert noisy.x.noise.level == pytest.approx(0.4, abs=0.01)
    given = codes.x.derived.given
    assert (given.source, given.noise.kind, codes.x.derived.rows.start) == ("x_train", "salt_and_pepper", 10)
    assert (codes.x.content, codes.y.labels_match) == (None, 1)
    (other,) = data("computed from codes")
    assert (other.x.derived, other.x.content) == (None, None)
    assert "answers of a network" in other.x.not_kept


def test_what_nobody_knows_crosses_once(run, data):
    one, same = data("normalised")
    assert one.x.content == same.x.content
    crossed = run.frames.arrays[one.x.content]
    assert (crossed.shape, crossed.dtype) == ((300, 28, 28), np.float32)
    assert np.linalg.norm(crossed, axis=1).max() == pytest.approx(1, abs=1e-5)


def test_an_array_as_large_as_the_training_images_crosses(run, data):
    (fit,) = data("large")
    crossed = run.frames.arrays[fit.x.content]
    assert np.array_equal(crossed, np.random.default_rng(0).random((60_000, 784), dtype=np.float32))


def test_past_the_limit_it_is_said(data):
    larger, another = data("too large")
    assert larger.x.not_kept == "the array of 209 MiB was not kept: at most 192 MiB are"
    assert "the 256 MiB that one run may keep" in another.x.not_kept
