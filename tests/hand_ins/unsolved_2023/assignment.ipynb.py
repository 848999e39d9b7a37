# %%
pip install keras tensorflow
# %%
import keras
from keras import utils as np_utils
import tensorflow
from keras.datasets import mnist
from keras.models import Sequential
from keras.layers import Dense, Flatten
(x_train, lbl_train), (x_test, lbl_test) = mnist.load_data()
# %% [markdown]
# **Question 1:** Explain the data preprocessing high-lighted in the notebook.
# %%
x_train = x_train.reshape(-1, 28, 28, 1).astype('float32')
x_test = x_test.reshape(-1, 28, 28, 1).astype('float32')
x_train /= 255
x_test /= 255
y_train = keras.utils.np_utils.to_categorical(lbl_train, 10)
y_test = keras.utils.np_utils.to_categorical(lbl_test, 10)
# %% [markdown]
# **Question 2:** Train the network. How many parameters does it have?
# %%
model = Sequential()
model.add(Flatten())
model.add(Dense(64, activation = 'relu'))
model.add(Dense(64, activation = 'relu'))
model.add(Dense(10, activation='softmax'))
model.compile(loss=keras.losses.categorical_crossentropy,
              optimizer=tensorflow.keras.optimizers.SGD(learning_rate = 0.1), metrics=['accuracy'])
fit_info = model.fit(x_train, y_train, batch_size=128, epochs=10, verbose=1, validation_data=(x_test, y_test))
# %% [markdown]
# **Question 3:** Design a model with at least one convolutional layer.
