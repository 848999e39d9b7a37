# %% [markdown]
# # Assignment 7
# ### Question 1)
# Explain what the following code does.
# %%
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras.layers import Dense, Flatten
from tensorflow.keras.models import Sequential

(x_train, lbl_train), (x_test, lbl_test) = keras.datasets.mnist.load_data()
x_train = x_train.reshape(-1, 28, 28, 1).astype('float32') / 255
x_test = x_test.reshape(-1, 28, 28, 1).astype('float32') / 255
y_train = keras.utils.np_utils.to_categorical(lbl_train, 10)
y_test = keras.utils.np_utils.to_categorical(lbl_test, 10)
# %% [markdown]
# ### Question 2)
# Plot the training and validation accuracy.
# %%
model = Sequential([Flatten(), Dense(64, activation='relu'), Dense(64, activation='relu'), Dense(10, activation='softmax')])
model.compile(loss='categorical_crossentropy', optimizer=tf.keras.optimizers.SGD(lr=0.1), metrics=['accuracy'])
fit_info = model.fit(x_train, y_train, batch_size=128, epochs=10, validation_data=(x_test, y_test))
# %% [markdown]
# ### Question 4)
# The notebook has an autoencoder. What does it do?
# %%
import numpy as np


def salt_and_pepper(input, noise_level=0.5):
    a = np.random.binomial(size=input.shape, n=1, p=(1 - noise_level))
    b = np.random.binomial(size=input.shape, n=1, p=0.5)
    c = (a == 0) * b
    return input * a + c
flattened_x_train = x_train.reshape(-1, 784)
flattened_x_train_seasoned = salt_and_pepper(flattened_x_train, noise_level=0.4)
# %%
from tensorflow.keras.layers import Input

input_image = Input(shape=(784,))
encoded = Dense(96, activation='relu')(Dense(128, activation='relu')(input_image))
decoded = Dense(784, activation='sigmoid')(Dense(128, activation='relu')(encoded))
autoencoder = keras.Model(input_image, decoded)
autoencoder.compile(optimizer='adam', loss='binary_crossentropy')
