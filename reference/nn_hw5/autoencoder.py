"""Tasks 2 and 3: the denoising autoencoder 784-512-512-256-196-256-512-784.

The encoder squeezes an image into 196 numbers, its code, and the decoder draws the image again from them. Trained
from noisy images to clean ones it learns what images look like rather than to copy. 1,438,676 parameters: 1,430,484
of the dense layers, 8,192 of five batch normalisations, half of which (4,096) are running means and variances that
no gradient trains. Mean squared error, adam, 100 epochs, batch 256, normal noise of standard deviation 0.1, clipped
to [0, 1]. Dropout acts in training alone, which is why the validation loss ends below the training loss.

Run this file to train it once: python autoencoder.py (about half an hour on two cores)
"""

import keras
import numpy as np
from keras import layers

EPOCHS = 100
BATCH_SIZE = 256
NOISE_FACTOR = 0.1
BOTTLENECK = 196
DROPOUT = 0.2


def gaussian_noise(images, factor=NOISE_FACTOR):
    """A copy with normal noise of standard deviation `factor` on each value, clipped to [0, 1]."""
    noisy = images + factor * np.random.normal(size=images.shape)
    return np.clip(noisy, 0.0, 1.0).astype("float32")


def _block(inputs, units, dropout=0.0):
    hidden = layers.BatchNormalization()(layers.Dense(units)(inputs))
    if dropout:
        hidden = layers.Dropout(dropout)(hidden)
    return layers.LeakyReLU()(hidden)


def build_autoencoder():
    """The autoencoder, compiled, and its two halves, which share its layers."""
    image = keras.Input((784,))
    hidden = _block(image, 512, DROPOUT)
    hidden = _block(hidden, 512, DROPOUT)
    hidden = _block(hidden, 256)
    code = layers.Dense(BOTTLENECK)(hidden)
    encoder = keras.Model(image, code)
    latent = keras.Input((BOTTLENECK,))
    hidden = _block(latent, 256)
    hidden = _block(hidden, 512)
    decoder = keras.Model(latent, layers.Dense(784, activation="sigmoid")(hidden))
    autoencoder = keras.Model(image, decoder(encoder(image)))
    autoencoder.compile(optimizer="adam", loss="mse")
    return autoencoder, encoder, decoder


if __name__ == "__main__":
    from preprocessing import preprocess

    (x_train, y_train), (x_test, y_test) = keras.datasets.fashion_mnist.load_data()
    clean, clean_test = preprocess(x_train, y_train)[0], preprocess(x_test, y_test)[0]
    autoencoder, _, _ = build_autoencoder()
    autoencoder.summary()
    autoencoder.fit(
        gaussian_noise(clean),
        clean,
        epochs=EPOCHS,
        batch_size=BATCH_SIZE,
        validation_data=(gaussian_noise(clean_test), clean_test),
    )
