"""What comes before every task: images as rows of 784 values in [0, 1], labels as one-hot rows."""

import keras
import numpy as np

CLASSES = 10


def preprocess(images, labels):
    """float32 (n, 784) in [0, 1] from uint8 (n, 28, 28), and float32 one-hot (n, 10) from integers (n,)."""
    rows = images.reshape(len(images), -1).astype("float32") / 255
    return rows, keras.utils.to_categorical(labels, CLASSES).astype(np.float32)
