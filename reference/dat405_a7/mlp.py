"""Tasks 2A to 2C: the network 784-64-64-10.

Parameters: 784·64 + 64 weights and biases into the first hidden layer, 64·64 + 64 into the second, 64·10 + 10 into
the output: 55,050. Trained as asked (10 epochs, batch 128, SGD 0.1) it ends on MNIST's test images at
0.9707 ± 0.0022 (mean and standard deviation over 200 seeds, calibration/mnist-full.json, made by
`harness calibrate dat405_a7 --data mnist --profile full`): near enough to the 0.97 asked that luck decides, which
is why the harness has an acceptance bound.

Run this file to train it once: python mlp.py
"""

import keras
from keras import layers

EPOCHS = 10
BATCH_SIZE = 128


def build_mlp():
    """784-64-64-10, compiled: 55,050 parameters."""
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(64, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(
        optimizer=keras.optimizers.SGD(learning_rate=0.1), loss="categorical_crossentropy", metrics=["accuracy"]
    )
    return model


if __name__ == "__main__":
    from preprocessing import preprocess

    (x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
    model = build_mlp()
    model.summary()
    model.fit(
        *preprocess(x_train, y_train),
        epochs=EPOCHS,
        batch_size=BATCH_SIZE,
        validation_data=preprocess(x_test, y_test),
    )
