"""Task 1: from bytes to what a network learns from.

Images arrive as uint8, 0 to 255, shape (n, 28, 28). A network learns best from small numbers of one scale, so they
become float32 between 0 and 1; a convolution expects a channel axis, so the shape becomes (n, 28, 28, 1). Labels
arrive as integers; categorical cross-entropy compares two distributions, so each becomes a row of ten numbers, a
single 1 at its digit.
"""

import keras


def preprocess(images, labels):
    """uint8 (n, 28, 28) and integers (n,) → float32 (n, 28, 28, 1) in [0, 1] and float32 one-hot (n, 10)."""
    images = images.reshape(-1, 28, 28, 1).astype("float32") / 255
    labels = keras.utils.to_categorical(labels, 10).astype("float32")
    return images, labels
