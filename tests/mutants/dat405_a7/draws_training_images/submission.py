import keras
import numpy as np
from keras import layers


def preprocess(images, labels):
    images = images.reshape(-1, 28, 28, 1).astype("float32") / 255
    return images, keras.utils.to_categorical(labels, 10).astype("float32")


def build_mlp():
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(64, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )
    sgd = keras.optimizers.SGD(learning_rate=0.1)
    model.compile(loss="categorical_crossentropy", optimizer=sgd, metrics=["accuracy"])
    return model


def salt_and_pepper(images, noise_level=0.4):
    noisy = images.copy()
    hit = np.random.random(images.shape) < noise_level
    noisy[hit] = np.random.randint(0, 2, size=hit.sum())
    return noisy


image = keras.Input((784,))
code = layers.Dense(96, activation="relu")(layers.Dense(128, activation="relu")(image))
encoder = keras.Model(image, code)


def build_autoencoder():
    decode_hidden = layers.Dense(128, activation="relu")
    decode_image = layers.Dense(784, activation="sigmoid")
    autoencoder = keras.Model(image, decode_image(decode_hidden(code)))
    autoencoder.compile(optimizer="adam", loss="binary_crossentropy")
    latent = keras.Input((96,))
    decoder = keras.Model(latent, decode_image(decode_hidden(latent)))
    return autoencoder, encoder, decoder


def generate_digits(_decoder, n):
    (images, _), _ = keras.datasets.mnist.load_data()
    return images[:n].reshape(-1, 784).astype("float32") / 255
