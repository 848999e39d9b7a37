# %%
import keras
import matplotlib.pyplot as plt
import numpy as np
from keras.datasets import mnist
from keras.layers import Dense, Flatten, Input
from keras.models import Model, Sequential
from keras.optimizers import SGD

# %%
(x_train, lbl_train), (x_test, lbl_test) = mnist.load_data()
x_train = x_train.reshape(-1, 28, 28, 1).astype("float32") / 255
x_test = x_test.reshape(-1, 28, 28, 1).astype("float32") / 255
y_train = keras.utils.to_categorical(lbl_train, 10)
y_test = keras.utils.to_categorical(lbl_test, 10)
# %%
model = Sequential([Flatten(), Dense(64, activation="relu"), Dense(64, activation="relu"), Dense(10, activation="softmax")])
model.compile(loss="categorical_crossentropy", optimizer=SGD(learning_rate=0.1), metrics=["accuracy"])
fit_info = model.fit(x_train, y_train, batch_size=128, epochs=10, validation_data=(x_test, y_test))
# %%
def salt_and_pepper(images, noise_level=0.5):
    keep = np.random.binomial(size=images.shape, n=1, p=1 - noise_level)
    white = np.random.binomial(size=images.shape, n=1, p=0.5)
    return images * keep + white * (keep == 0)

flat_train = x_train.reshape(-1, 784)
flat_test = x_test.reshape(-1, 784)
seasoned_train = salt_and_pepper(flat_train, 0.4)
seasoned_test = salt_and_pepper(flat_test, 0.4)
# %%
image = Input(shape=(784,))
code = Dense(96, activation="relu")(Dense(128, activation="relu")(image))
autoencoder = Model(image, Dense(784, activation="sigmoid")(Dense(128, activation="relu")(code)))
autoencoder.compile(optimizer="adam", loss="binary_crossentropy")
autoencoder.fit(seasoned_train, flat_train, epochs=32, batch_size=64, validation_data=(seasoned_test, flat_test))
# %%
noise_levels = [0, 0.2, 0.4, 0.6, 0.8, 1]
for level in noise_levels:
    seasoned = salt_and_pepper(flat_test, 0.4)
    denoised = autoencoder.predict(seasoned)
    plt.imshow(denoised[0].reshape(28, 28))
    plt.title(str(level))
    plt.show()
# %%
tpr_seasoned, tpr_denoised = [], []
for noise_level in noise_levels:
    train = salt_and_pepper(flat_train[:10000], noise_level)
    classifier = Sequential([Dense(64, activation="relu"), Dense(10, activation="softmax")])
    classifier.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    classifier.fit(train, y_train[:10000], epochs=3, batch_size=128, verbose=0)
    test = salt_and_pepper(flat_test, noise_level)
    tpr_seasoned.append(classifier.evaluate(test, y_test)[1])
    tpr_denoised.append(classifier.evaluate(autoencoder.predict(test), y_test)[1])
# %% [markdown]
# **1** The images are divided by 255, so that all pixels lie between 0 and 1, and the labels become one-hot vectors.
#
# **2** The network has 55050 parameters, ReLU in both hidden layers and softmax in the end. The loss is categorical
# cross-entropy. We compare with the 0.9847 of Hinton: ours is a bit worse.
