# %%
import keras
import matplotlib.pyplot as plt
import numpy as np
from keras import layers, regularizers

# %%
(x_train, lbl_train), (x_test, lbl_test) = keras.datasets.mnist.load_data()
x_train = x_train.reshape(-1, 28, 28, 1).astype("float32") / 255
x_test = x_test.reshape(-1, 28, 28, 1).astype("float32") / 255
y_train = keras.utils.to_categorical(lbl_train, 10)
y_test = keras.utils.to_categorical(lbl_test, 10)


# %%
def build_model(factor):
    model = keras.Sequential()
    model.add(keras.Input((28, 28, 1)))
    model.add(layers.Flatten())
    model.add(layers.Dense(500, activation="relu", kernel_regularizer=regularizers.L2(factor)))
    model.add(layers.Dense(300, activation="relu", kernel_regularizer=regularizers.L2(factor)))
    model.add(layers.Dense(10, activation="softmax"))
    sgd = keras.optimizers.SGD(learning_rate=0.1)
    model.compile(loss="categorical_crossentropy", optimizer=sgd, metrics=["accuracy"])
    return model


# %%
factors = np.linspace(1e-6, 1e-3, 5)
final = np.zeros((5, 3))
for i, factor in enumerate(factors):
    for replicate in range(3):
        keras.utils.set_random_seed(1)
        model = build_model(factor)
        history = model.fit(
            x_train,
            y_train,
            batch_size=128,
            epochs=40,
            validation_data=(x_test, y_test),
            verbose=0,
        )
        final[i, replicate] = history.history["val_accuracy"][-1]

# %%
plt.errorbar(factors, final.mean(axis=1), yerr=final.std(axis=1, ddof=1))
plt.show()
