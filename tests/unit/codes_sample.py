"""An autoencoder with a narrow middle, and a classifier, as they are recorded."""

from evidence import data, dense, fit, image_input, images, layer

from harness.datasets import load
from harness.recording import Component, FitData, Noise

DIGITS = load("digits")
ADAM = Component(class_name="Adam", config={"learning_rate": 0.001})
FLAT = images(shape=(60_000, 784))


def shaped(record, *shape):
    params = 10 if record.class_name in ("Dense", "BatchNormalization") else 0
    return record.model_copy(update={"output_shape": (None, *shape), "params": params})


LAYERS = (
    shaped(image_input(784), 784),
    shaped(dense(64, "relu", "a"), 64),
    shaped(dense(12, "linear", "code"), 12),
    shaped(layer("LeakyReLU", {"negative_slope": 0.3}), 12),
    shaped(dense(64, "relu", "b"), 64),
    shaped(dense(784, "sigmoid", "c"), 784),
)


def autoencoder(*layers, **changes):
    noisy = images(shape=(60_000, 784), noise=Noise(kind="gaussian", level=0.1, clipped=True))
    own = {"data": FitData(x=noisy, y=FLAT), "loss": Component(class_name="mse"), "optimizer": ADAM, "model": 7}
    return fit(*(layers or LAYERS), **{**own, **changes})


def classifier(x, width, **changes):
    layers = (shaped(image_input(width), width), shaped(dense(8, "relu"), 8), shaped(dense(10, "softmax"), 10))
    own = {
        "id": "fit-2",
        "model": 8,
        "data": data(x=x, validation_split=0.25, validation_x=None),
        "optimizer": ADAM,
    }
    return fit(*layers, **{**own, **changes})
