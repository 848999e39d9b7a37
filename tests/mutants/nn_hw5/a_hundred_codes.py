# %%
import keras
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
hidden = block(image, 512, dropout=0.2)
hidden = block(hidden, 512, dropout=0.2)
hidden = block(hidden, 256)
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
autoencoder.fit(
    noisy_train,
    x_train,
    epochs=100,
    batch_size=256,
    validation_data=(noisy_test, x_test),
)

# %%
y_train = keras.utils.to_categorical(lbl_train, 10)
y_test = keras.utils.to_categorical(lbl_test, 10)
encoder = keras.Model(image, code)
codes_train = encoder.predict(x_train)
codes_test = encoder.predict(x_test)


# %%
def classifier(inputs, first=64, second=32):
    model = keras.Sequential(
        [
            keras.Input((inputs,)),
            layers.Dense(first, activation="relu"),
            layers.Dropout(0.4),
            layers.Dense(second, activation="relu"),
            layers.BatchNormalization(),
            layers.Dropout(0.4),
            layers.Dense(10, activation="softmax"),
        ]
    )
    adam = keras.optimizers.Adam(learning_rate=0.001)
    model.compile(optimizer=adam, loss="categorical_crossentropy", metrics=["accuracy"])
    return model


# %%
on_codes = classifier(196)
on_codes.fit(codes_train[:100], y_train[:100], epochs=100, batch_size=128, validation_split=2 / 9)
print(on_codes.evaluate(codes_test, y_test))

# %%
on_pixels = classifier(784)
on_pixels.fit(x_train, y_train, epochs=100, batch_size=128, validation_split=2 / 9)
print(on_pixels.evaluate(x_test, y_test))
