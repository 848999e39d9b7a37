# %%
import keras
import matplotlib.pyplot as plt
import numpy as np
from keras import layers

# %%
(x_train, lbl_train), (x_test, lbl_test) = keras.datasets.fashion_mnist.load_data()
x_train = x_train.reshape(-1, 784).astype("float32") / 255
x_test = x_test.reshape(-1, 784).astype("float32") / 255


# %%
def block(x, units, dropout=None):
    x = layers.Dense(units)(x)
    x = layers.BatchNormalization()(x)
    if dropout:
        x = layers.Dropout(dropout)(x)
    return layers.LeakyReLU()(x)


image = keras.Input((784,))
hidden = block(image, 256, dropout=0.2)
hidden = block(hidden, 256, dropout=0.2)
hidden = block(hidden, 128)
code = layers.Dense(196)(hidden)
hidden = block(code, 256)
hidden = block(hidden, 512)
restored = layers.Dense(784, activation="sigmoid")(hidden)
autoencoder = keras.Model(image, restored)
autoencoder.compile(optimizer=keras.optimizers.Adam(learning_rate=0.001), loss="mse")


# %%
def gaussian_noise(images, factor=0.1):
    noisy = images + factor * np.random.normal(size=images.shape)
    return np.clip(noisy, 0, 1).astype("float32")


noisy_train = gaussian_noise(x_train)
noisy_test = gaussian_noise(x_test)

# %%
history = autoencoder.fit(
    noisy_train,
    x_train,
    epochs=100,
    batch_size=256,
    validation_data=(noisy_test, x_test),
)

# %%
plt.plot(history.history["loss"], label="training")
plt.plot(history.history["val_loss"], label="validation")
plt.legend()
plt.show()


# %%
def uniform_noise(images, p):
    noisy = images + np.random.uniform(-p, p, size=images.shape)
    return np.clip(noisy, 0, 1).astype("float32")


for p in [0.05, 0.1, 0.2, 0.3, 0.4]:
    noisy = uniform_noise(x_test, p)
    denoised = autoencoder.predict(noisy)
    print(p, np.mean((denoised - x_test) ** 2, axis=1)[:10])
