"""<script>alert(1)</script> in every name, message and docstring."""
import keras
import numpy as np

BAD = "<img src=x onerror=alert(2)>"
print("<script>alert(3)</script> printed")


def salt_and_pepper(images, noise_level=0.4):
    """</script><svg onload=alert(4)>"""
    raise ValueError("\"><svg onload=alert(5)> " + BAD)


class Evil(Exception):
    pass


Evil.__name__ = Evil.__qualname__ = "<script>alert(6)<script>"
(x_train, y_train), _ = keras.datasets.mnist.load_data()
model = keras.Sequential(name="<b onmouseover=alert(7)>")
model.add(keras.Input((784,)))
model.add(keras.layers.Dense(7, activation="relu", name="<script>alert(8)<script>"))
model.add(keras.layers.Dense(10, activation="softmax", name=BAD))
model.compile(loss="sparse_categorical_crossentropy", optimizer="sgd")
model.fit(x_train.reshape(-1, 784) / 255.0, y_train, epochs=1)
salt_and_pepper(np.zeros((2, 28, 28)), 0.4)
raise Evil("<iframe src=https://evil.example></iframe>")
