import numpy as np


def salt_and_pepper(images, noise_level):
    keep = np.random.binomial(1, 1 - noise_level, images.shape)
    return images * keep + (1 - keep) * np.random.binomial(1, 0.5, images.shape)
