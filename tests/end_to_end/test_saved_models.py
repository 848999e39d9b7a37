"""What Keras saves is read without Keras, and rebuilt with its weights computes the same."""

import io

import numpy as np
import pytest

from harness.datasets import load
from harness.measure.saved_models import images_as, keras_order
from harness.models import canonical
from harness.sandbox.base import Limits
from harness.sandbox.frames import read_frames
from harness.training.from_recording import evaluation_specs
from harness.training.trained import evaluated
from harness.worker.frames import FrameWriter
from harness.worker.saved_models import read_all

pytestmark = pytest.mark.end_to_end


def branches(keras):
    """Two branches of different depth, a layer that is called twice, an operation, and a frozen one."""
    layers = keras.layers
    x = keras.Input((28, 28, 1))
    scaled = layers.Flatten()(x * 2.0 - 1.0)
    shared = layers.Dense(12, activation="tanh")
    short = layers.Dense(12, use_bias=False)(scaled)
    deep = layers.BatchNormalization()(layers.Dense(12, activation="relu")(scaled))
    deep = layers.Dense(12, activation=layers.LeakyReLU(negative_slope=0.1))(deep)
    both = layers.Concatenate()([shared(deep), shared(short)])
    frozen = layers.Dense(10, trainable=False)
    return keras.Model(x, layers.Softmax()(frozen(both)))


def nested(keras):
    """A model of two models, convolutions with normalisation in one of them."""
    layers = keras.layers
    encoder = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(4, 3, strides=2, padding="same", activation="relu"),
            layers.BatchNormalization(),
            layers.SeparableConv2D(6, 3, padding="same"),
            layers.GlobalAveragePooling2D(),
        ],
        name="encoder",
    )
    code = keras.Input((6,))
    head = keras.Model(code, layers.Dense(10, activation="softmax")(layers.PReLU()(code)), name="head")
    x = keras.Input((28, 28, 1))
    return keras.Model(x, head(encoder(x)))


def recurrent(keras):
    """Rows of the image as a sequence."""
    layers = keras.layers
    return keras.Sequential([keras.Input((28, 28)), layers.LSTM(5), layers.Dense(10, activation="softmax")])


@pytest.mark.parametrize("make", [branches, nested, recurrent])
def test_what_keras_saves_computes_the_same_here(tmp_path, make):
    import keras

    keras.utils.set_random_seed(3)
    model = make(keras)
    rng = np.random.default_rng(5)
    model.set_weights([one + 0.1 * rng.random(one.shape, dtype=np.float32) for one in model.get_weights()])
    model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
    model.save(tmp_path / "model.keras")
    model.save(tmp_path / "model.h5")
    dataset = load("digits")
    images = dataset.x_test.astype(np.float32) / np.float32(255)
    expected = model.predict(images.reshape(-1, *model.input_shape[1:]), verbose=0)
    channel = io.BytesIO()
    records = read_all(tmp_path, FrameWriter(channel))
    frames = read_frames(channel.getvalue(), Limits()).arrays
    assert [record.problem for record in records] == [None, None]
    (x,) = evaluation_specs(images_as(model.input_shape[1:])[0])
    for record in records:
        spec = canonical(record)
        weights = [frames[name] for place in keras_order(spec) for name in record.weights[place]]
        np.testing.assert_allclose(evaluated(spec, weights, x, dataset), expected, atol=1e-5)
        assert record.loss.class_name == "categorical_crossentropy"
        assert record.optimizer.class_name == "Adam"
