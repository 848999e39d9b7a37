from keras.layers import Dense, Input
from keras.models import Model
from noise import salt_and_pepper
import numpy as np
from task1 import x_train, x_test

x = x_train.reshape(-1, 784)
x_noisy = salt_and_pepper(x, 0.4)
inputs = Input(shape=(784,))
h = Dense(128, activation='relu')(inputs)
code = Dense(96, activation='relu')(h)
h = Dense(128, activation='relu')(code)
outputs = Dense(784, activation='sigmoid')(h)
autoencoder = Model(inputs, outputs)
autoencoder.compile(loss='binary_crossentropy', optimizer='adam')
autoencoder.fit(x_noisy, x, epochs=32, batch_size=64)
