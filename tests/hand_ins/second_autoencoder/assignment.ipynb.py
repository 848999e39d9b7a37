# %% [markdown]
# Autoencoders for two noise levels, as the assignment has them, and one with a smaller bottleneck to generate digits.
# %%
import keras
import matplotlib.pyplot as plt
import numpy as np
from keras import layers
from keras.datasets import mnist

(x_train, lbl_train), (x_test, lbl_test) = mnist.load_data()
x_train = x_train.reshape(-1, 784).astype("float32") / 255
x_test = x_test.reshape(-1, 784).astype("float32") / 255
y_train, y_test = (keras.utils.to_categorical(labels, 10) for labels in (lbl_train, lbl_test))
# %%
model = keras.Sequential([keras.Input((784,)), layers.Dense(64, activation="relu"), layers.Dense(64, activation="relu"), layers.Dense(10, activation="softmax")])
model.compile(loss="categorical_crossentropy", optimizer=keras.optimizers.SGD(0.1), metrics=["accuracy"])
model.fit(x_train, y_train, batch_size=128, epochs=10, verbose=0, validation_data=(x_test, y_test))
# %%
def salt_and_pepper(images, noise_level=0.5):
    keep = np.random.binomial(size=images.shape, n=1, p=1 - noise_level)
    white = np.random.binomial(size=images.shape, n=1, p=0.5)
    return images * keep + white * (keep == 0)
# %%
for level in (0.2, 0.4, 0.6):
    image = keras.Input((784,))
    code = layers.Dense(96, activation="relu")(layers.Dense(128, activation="relu")(image))
    autoencoder = keras.Model(image, layers.Dense(784, activation="sigmoid")(layers.Dense(128, activation="relu")(code)))
    autoencoder.compile(optimizer="adam", loss="binary_crossentropy")
    autoencoder.fit(salt_and_pepper(x_train, level), x_train, epochs=32, batch_size=64, verbose=0)
    denoised = autoencoder.predict(salt_and_pepper(x_test, level))
    plt.imshow(denoised[0].reshape(28, 28))
    plt.show()
# %% [markdown]
# ## 4D Generating digits
# %%
image = keras.Input((784,))
encoder = keras.Model(image, layers.Dense(64, activation="relu")(layers.Dense(128, activation="relu")(image)))
decoder = keras.Sequential([keras.Input((64,)), layers.Dense(128, activation="relu"), layers.Dense(784, activation="sigmoid")])
small = keras.Model(image, decoder(encoder(image)))
small.compile(optimizer="adam", loss="binary_crossentropy")
small.fit(salt_and_pepper(x_train, 0.3), x_train, epochs=32, batch_size=64, verbose=0)
# %%
codes = encoder.predict(x_test[:20])
digits = decoder.predict((codes[:10] + codes[10:]) / 2)
plt.imshow(digits[0].reshape(28, 28), cmap="gray")
plt.show()
