# %%
import keras
import numpy as np
from keras.datasets import mnist
from keras.layers import Dense, Flatten
from keras.models import Sequential

(x_train, lbl_train), (x_test, lbl_test) = mnist.load_data()
x = np.concatenate([x_train, x_test]).reshape(-1, 28, 28, 1).astype('float32') / 255
y = keras.utils.to_categorical(np.concatenate([lbl_train, lbl_test]), 10)
# %%
model = Sequential([Flatten(), Dense(64, activation='relu'), Dense(64, activation='relu'), Dense(10, activation='softmax')])
model.compile(loss='categorical_crossentropy', optimizer=keras.optimizers.SGD(learning_rate=0.1), metrics=['accuracy'])
model.fit(x, y, batch_size=128, epochs=10, validation_split=0.1)
# %% [markdown]
# More data are better, so we put all images together and let keras split off ten percent for the validation.
#
# The pixels are between 0 and 1 after the division. The network has 55050 parameters, two hidden layers with ReLU and a
# softmax layer. The loss is categorical cross-entropy.
