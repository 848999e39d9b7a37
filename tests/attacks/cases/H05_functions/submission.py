"""One function is right; the others are missing, misspelt, in capitals, a class, or take nothing."""
import keras
from keras import layers


def preprocess(images, labels):
    images = images.astype("float32").reshape(len(images), 28, 28, 1) / 255
    return images, keras.utils.to_categorical(labels, 10).astype("float32")


def build_mlp():
    model = keras.Sequential([keras.Input((28, 28, 1)), layers.Flatten(), layers.Dense(64, activation="relu"),
                              layers.Dense(64, activation="relu"), layers.Dense(10, activation="softmax")])
    model.compile(loss="categorical_crossentropy", optimizer=keras.optimizers.SGD(0.1), metrics=["accuracy"])
    return model


def build_weight_decay_mlp():
    return build_mlp()


def Build_CNN():
    return build_mlp()


def salt_and_peper(images, noise_level):
    return images


class build_autoencoder:
    """A class in place of a function."""
