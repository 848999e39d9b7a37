"""Assignment 7, Group 7: neural networks with Keras on MNIST.

Our written answers are in answers.md, one heading for each question.
"""

import keras
import numpy as np
from keras import layers, regularizers
from keras.datasets import mnist

NUM_CLASSES = 10
IMAGE_SHAPE = (28, 28, 1)
PIXELS = 28 * 28
BOTTLENECK = 96

# How each model is trained. Five weight decay factors, spread evenly from 1e-6 to 1e-3.
RECIPES = {
    "2C": {"epochs": 10, "batch_size": 128},
    "2D": {
        "epochs": 40,
        "batch_size": 128,
        "factors": np.linspace(1e-6, 1e-3, 5).tolist(),
        "replicates": 3,
    },
    "3A": {"epochs": 8, "batch_size": 128},
    "4A": {"epochs": 32, "batch_size": 64, "noise_level": 0.4},
}


# ---------------------------------------------------------------- question 1


def preprocess(images, labels):
    """Images to float32 in [0, 1] with a channel axis, labels to one-hot rows."""
    images = images.astype("float32") / 255
    images = images.reshape(len(images), *IMAGE_SHAPE)
    labels = keras.utils.to_categorical(labels, NUM_CLASSES).astype("float32")
    return images, labels


# ---------------------------------------------------------------- question 2


def build_mlp():
    """The network of question 2A to 2C: 784-64-64-10."""
    model = keras.Sequential(
        [
            keras.Input(shape=IMAGE_SHAPE),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(64, activation="relu"),
            layers.Dense(NUM_CLASSES, activation="softmax"),
        ]
    )
    model.compile(
        loss="categorical_crossentropy",
        optimizer=keras.optimizers.SGD(learning_rate=0.1),
        metrics=["accuracy"],
    )
    return model


def build_weight_decay_mlp(l2):
    """The network of question 2D: 784-500-300-10 with weight decay `l2`."""
    model = keras.Sequential(
        [
            keras.Input(shape=IMAGE_SHAPE),
            layers.Flatten(),
            layers.Dense(
                500, activation="relu", kernel_regularizer=regularizers.L2(l2)
            ),
            layers.Dense(
                300, activation="relu", kernel_regularizer=regularizers.L2(l2)
            ),
            layers.Dense(NUM_CLASSES, activation="softmax"),
        ]
    )
    model.compile(
        loss="categorical_crossentropy",
        optimizer=keras.optimizers.SGD(learning_rate=0.1),
        metrics=["accuracy"],
    )
    return model


# ---------------------------------------------------------------- question 3


def build_cnn():
    """Our best convolutional network of question 3A."""
    model = keras.Sequential(
        [
            keras.Input(shape=IMAGE_SHAPE),
            layers.Conv2D(16, kernel_size=5, activation="relu"),
            layers.MaxPooling2D(pool_size=2),
            layers.Conv2D(32, kernel_size=5, activation="relu"),
            layers.MaxPooling2D(pool_size=2),
            layers.Flatten(),
            layers.Dropout(0.4),
            layers.Dense(128, activation="relu"),
            layers.Dropout(0.3),
            layers.Dense(NUM_CLASSES, activation="softmax"),
        ]
    )
    model.compile(
        loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"]
    )
    return model


# ---------------------------------------------------------------- question 4


def salt_and_pepper(images, noise_level=0.4):
    """A copy of `images` in which a share `noise_level` of the pixels is 0 or 1."""
    noisy = np.array(images, dtype="float32")  # a copy, the input stays clean
    hit = np.random.random(noisy.shape) < noise_level
    noisy[hit] = np.random.randint(0, 2, size=hit.sum())
    return noisy


def build_autoencoder():
    """784-128-96-128-784; the encoder and the decoder share its layers."""
    to_hidden = layers.Dense(128, activation="relu")
    to_code = layers.Dense(BOTTLENECK, activation="relu", name="bottleneck")
    from_code = layers.Dense(128, activation="relu")
    to_image = layers.Dense(PIXELS, activation="sigmoid")

    image = keras.Input(shape=(PIXELS,))
    code = to_code(to_hidden(image))
    autoencoder = keras.Model(image, to_image(from_code(code)))
    autoencoder.compile(optimizer="adam", loss="binary_crossentropy")

    encoder = keras.Model(image, code)

    code_in = keras.Input(shape=(BOTTLENECK,))
    decoder = keras.Model(code_in, to_image(from_code(code_in)))
    return autoencoder, encoder, decoder


def codes_for(images, decoder, steps=200, rate=0.03):
    """Latent codes (n, 96) that the decoder turns into about these images (n, 784).

    Gradient descent on the codes by hand, with the chain rule through the two
    layers. The codes come from a ReLU, so they stay at 0 or above.
    """
    first_kernel, first_bias, last_kernel, last_bias = decoder.get_weights()
    codes = np.ones((len(images), len(first_kernel)), dtype="float32")
    for _ in range(steps):
        hidden = np.maximum(codes @ first_kernel + first_bias, 0)
        output = 1 / (1 + np.exp(-(hidden @ last_kernel + last_bias)))
        # gradient of the binary cross-entropy, back through both layers
        hidden_gradient = ((output - images) @ last_kernel.T) * (hidden > 0)
        codes = np.maximum(codes - rate * hidden_gradient @ first_kernel.T, 0)
    return codes


def generate_digits(decoder, n):
    """`n` new digits (n, 784): mix the codes of two images of one class, decode."""
    (train_images, train_labels), _ = mnist.load_data()
    pairs = []
    for i in range(n):
        same_digit = np.flatnonzero(train_labels == i % NUM_CLASSES)
        pairs.append(np.random.choice(same_digit, size=2, replace=False))
    first, second = np.transpose(pairs)

    flat = train_images.reshape(-1, PIXELS)
    share = np.random.uniform(0.3, 0.7, size=(n, 1)).astype("float32")
    codes = share * codes_for(flat[first].astype("float32") / 255, decoder)
    codes += (1 - share) * codes_for(flat[second].astype("float32") / 255, decoder)
    return decoder.predict(codes, verbose=0)
