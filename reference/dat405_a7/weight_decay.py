"""Task 2D: weight decay against overfitting, 784-500-300-10.

Weight decay adds l2·Σw² of the kernels of both hidden layers to the loss, so that weights stay small unless the
data insist. Five factors from 1e-6 to 1e-3, three fresh networks for each, forty epochs: the mean over replicates
tells the factors apart from luck, as far as three can. Hinton's entry in the MNIST table, the same network with
weight decay, reached 0.9847 (1.53 % errors). 545,810 parameters. Five factors from 1e-6 to 1e-3, linearly spaced,
gave a best mean of 0.9822 ± 0.0003 (standard deviation over 3 seeds, factor 1e-6) and 0.9804 ± 0.0027 at 1e-3
(docs/reproduction.md, with the command).

Run this file to train one network of each factor: python weight_decay.py (about 10 minutes on two cores)
"""

import keras
from keras import layers, regularizers

EPOCHS = 40
BATCH_SIZE = 128
REPLICATES = 3
FACTORS = [1e-6, 2.5e-4, 5e-4, 7.5e-4, 1e-3]


def build_weight_decay_mlp(l2):
    """784-500-300-10 with L2 on the kernels of both hidden layers and nowhere else, compiled."""
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Flatten(),
            layers.Dense(500, activation="relu", kernel_regularizer=regularizers.L2(l2)),
            layers.Dense(300, activation="relu", kernel_regularizer=regularizers.L2(l2)),
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
    for factor in FACTORS:
        history = build_weight_decay_mlp(factor).fit(
            *preprocess(x_train, y_train),
            epochs=EPOCHS,
            batch_size=BATCH_SIZE,
            validation_data=preprocess(x_test, y_test),
            verbose=0,
        )
        print(f"{factor:.2e}  {history.history['val_accuracy'][-1]:.4f}")
