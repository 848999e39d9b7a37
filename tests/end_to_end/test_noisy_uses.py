"""What networks are given with noise on it, as a dry run notes it: in parts, in copies, ten images at a time."""

from __future__ import annotations

import numpy as np
import pytest
from known_images import a_data_set
from notebooks import notebook, write

from harness.encoders import uses_of
from harness.noise_layers import added_by
from harness.parsing import parse_recording
from harness.recording import FEW_NOTED
from harness.sandbox.base import Ended, Limits
from harness.sandbox.plain import PlainSandbox

pytestmark = pytest.mark.end_to_end

CELLS = {
    "first": """
import numpy as np, keras
from keras import layers
(x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
X, X_test = x_train.reshape(-1, 784) / 255, x_test.reshape(-1, 784) / 255
noisy = lambda x, p: x + np.random.uniform(-p, p, x.shape)
image, z = keras.Input((784,)), keras.Input((16,))
encoder = keras.Model(image, layers.Dense(16, activation="relu")(layers.Dense(32, activation="relu")(image)))
decoder = keras.Model(z, layers.Dense(784, activation="sigmoid")(z))
autoencoder = keras.Model(image, decoder(encoder(image)))
autoencoder.compile("adam", "mse")
autoencoder.fit(X, X, epochs=2)""",
    "halves": "decoder.predict(encoder.predict(noisy(X_test, 0.1)))",
    "a copy": """
autoencoder.save("own.keras")
keras.models.load_model("own.keras").predict(noisy(X_test, 0.2))
clone = keras.models.clone_model(autoencoder)
clone.set_weights(autoencoder.get_weights())
clone.predict(noisy(X_test, 0.3))""",
    "other networks": """
keras.models.clone_model(autoencoder).predict(noisy(X_test, 0.1))
classes = keras.Model(image, layers.Dense(10, activation="softmax")(encoder(image)))
classes.predict(noisy(X_test, 0.1))
decoder.predict(np.random.uniform(0, 1, (100, 16)))""",
    "a class": """
class Own(keras.Model):
    def __init__(self):
        super().__init__()
        self.encoder = keras.Sequential([layers.Dense(32, activation="relu"), layers.Dense(16)])
        self.decoder = keras.Sequential([layers.Dense(784, activation="sigmoid")])
    def call(self, x):
        return self.decoder(self.encoder(x))
own = Own()
own.compile("adam", "mse")
own.fit(X, X)
codes = own.encoder(noisy(X_test, 0.05))
own.decoder(codes).numpy()
own.encoder(noisy(X_test[:10], 0.4)).numpy()""",
    "ten": """
def show(model, x, p):
    return model.predict(x + p * np.random.random(x.shape))
for p in (0.1, 0.2):
    show(autoencoder, X_test[20:30], p)
show(autoencoder, X_test[np.random.default_rng(3).choice(100, 10, replace=False)], 0.3)
autoencoder.predict(X_test[:10]); autoencoder.predict(X_test[:9] + 0.1 * np.random.random((9, 784)))
autoencoder.predict(np.random.normal(size=(10, 784)))""",
    "batches": """
for start in range(0, 300, 10):
    autoencoder.predict(noisy(X[start:start + 10], 0.3))""",
    "noise layer": """
last = keras.Sequential([keras.Input((784,)), layers.GaussianNoise(0.1), layers.Dense(16), layers.Dense(784)])
last.compile("adam", "mse")
last.fit(X, X)""",
}


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    npz = tmp_path_factory.mktemp("data") / "data.npz"
    known = a_data_set(100)
    np.savez(npz, **known)
    folder = write(tmp_path_factory.mktemp("one"), {"a.ipynb": notebook(*CELLS.values())})
    job = {"datasets": ["mnist"], "statement_seconds": 60.0, "run_seconds": 250.0}
    ended = PlainSandbox().run(job, folder, npz, Limits(seconds=300))
    assert ended.ended is Ended.FINISHED, ended.log[-3000:] + ended.detail
    recording = parse_recording(ended.frames.recording)
    assert [(error.where.cell, error.message) for error in recording.errors] == []
    return recording


@pytest.fixture
def told(recording):
    """What is told of the noise in the cell of a name; all of it, or what the autoencoders there were given."""
    numbers = {name: number for number, name in enumerate(CELLS, 1)}

    def of(name, fits=None):
        uses = recording.uses if fits is None else uses_of(recording, fits)
        noises = [use.x.noise for use in uses if use.where.cell == numbers[name]]
        return [noise and (noise.kind, round(noise.level, 1 if noise.level > 0.07 else 2)) for noise in noises]

    return of


def test_halves_and_copies_of_an_autoencoder_are_its_own(recording, told):
    first, own, _ = recording.fits
    assert told("halves", [first]) == [("uniform", 0.1)]
    assert told("a copy", [first]) == [("uniform", 0.2), ("uniform", 0.3)]
    assert told("a class", [own]) == [("uniform", 0.05), ("uniform", 0.4)]
    assert told("a class", [first]) == []


def test_other_networks_are_not(recording, told):
    assert told("other networks") == [("uniform", 0.1), ("uniform", 0.1), None]
    assert told("other networks", recording.fits) == []


def test_ten_images_are_noted_where_they_are_noisy_or_unknown(recording, told):
    assert told("ten") == [("uniform", 0.1), ("uniform", 0.2), ("uniform", 0.3), None]
    assert [use.x.noise.from_zero for use in recording.uses if use.x.noise and use.where.cell == 6] == [True] * 3


def test_small_batches_are_looked_at_for_a_while(told):
    assert told("batches") == [("uniform", 0.3)] * FEW_NOTED


def test_a_layer_of_noise_is_seen_before_the_first_weights(recording):
    assert [added_by(one) and added_by(one).level for one in recording.fits] == [None, None, pytest.approx(0.1)]
