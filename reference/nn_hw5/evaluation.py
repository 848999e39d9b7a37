"""Task 4: images with uniform noise of intensity P, and what the autoencoder makes of them.

Uniform noise is not what it was trained on: how well it does on it says whether it learnt images or one kind of
noise. Each pixel gets a number drawn evenly from -P to P, and is cut to [0, 1].

The intensities stand in assignment.toml, under [measurements.reconstruction]: there the harness measures what
`losses` gives here. Nothing is built in this task, so that it has no builder, beside which speed would be measured.
"""

import numpy as np


def uniform_noise(images, level):
    """A copy with noise drawn evenly from -level to level on each value, clipped to [0, 1]."""
    noisy = images + np.random.uniform(-level, level, size=images.shape)
    return np.clip(noisy, 0.0, 1.0).astype("float32")


def losses(autoencoder, images, level):
    """The mean squared error of each image after noise and autoencoder: (n,), from images (n, 784) in [0, 1]."""
    denoised = autoencoder.predict(uniform_noise(images, level), verbose=0)
    return ((denoised - images) ** 2).mean(axis=1)
