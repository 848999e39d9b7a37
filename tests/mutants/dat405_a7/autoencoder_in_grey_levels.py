# %%
import keras
import matplotlib.pyplot as plt
import numpy as np
from keras import layers

# %%
(x_train, lbl_train), (x_test, lbl_test) = keras.datasets.mnist.load_data()
flat_train = x_train.reshape(-1, 784).astype("float32") / 255
flat_test = x_test.reshape(-1, 784).astype("float32") / 255
y_train = keras.utils.to_categorical(lbl_train, 10)
y_test = keras.utils.to_categorical(lbl_test, 10)

# %%
classifier = keras.Sequential(
    [
        keras.Input((784,)),
        layers.Dense(64, activation="relu"),
        layers.Dense(64, activation="relu"),
        layers.Dense(10, activation="softmax"),
    ]
)
sgd = keras.optimizers.SGD(learning_rate=0.1)
classifier.compile(loss="categorical_crossentropy", optimizer=sgd, metrics=["accuracy"])
classifier.fit(flat_train, y_train, batch_size=128, epochs=10, validation_data=(flat_test, y_test))


# %%
def salt_and_pepper(images, noise_level=0.4):
    noisy = images.copy()
    hit = np.random.random(images.shape) < noise_level
    noisy[hit] = np.random.randint(0, 2, size=hit.sum())
    return noisy


# %%
image = keras.Input((784,))
hidden = layers.Dense(128, activation="relu")(image)
code = layers.Dense(96, activation="relu")(hidden)
hidden = layers.Dense(128, activation="relu")(code)
restored = layers.Dense(784, activation="sigmoid")(hidden)
autoencoder = keras.Model(image, restored)
adam = keras.optimizers.Adam(learning_rate=0.001)
autoencoder.compile(optimizer=adam, loss="binary_crossentropy")
autoencoder.fit(
    salt_and_pepper(255 * flat_train, 0.4),
    255 * flat_train,
    epochs=32,
    batch_size=64,
    validation_data=(salt_and_pepper(flat_test, 0.4), flat_test),
)

# %%
levels = [0.0, 0.4, 0.8]
seasoned_accuracy, denoised_accuracy = [], []
for level in levels:
    seasoned = salt_and_pepper(flat_test, level)
    denoised = autoencoder.predict(seasoned)
    seasoned_accuracy.append(classifier.evaluate(seasoned, y_test)[1])
    denoised_accuracy.append(classifier.evaluate(denoised, y_test)[1])

# %%
plt.plot(levels, seasoned_accuracy, label="seasoned")
plt.plot(levels, denoised_accuracy, label="denoised")
plt.legend()
plt.show()
