# %% [markdown]
# # Assignment 7: Neural networks using Keras and TensorFlow
# Please see the associated document for the questions. If you have problems with Keras on your machine, use Colab.
# %%
# imports
import keras
from keras.datasets import mnist
from keras.layers import Dense, Flatten
from keras.models import Sequential

# %% [markdown]
# ## 1 Preprocessing
# Explain the data pre-processing.
# %%
batch_size = 128
num_classes = 10
epochs = 10
(x_train, lbl_train), (x_test, lbl_test) = mnist.load_data()
x_train = x_train.reshape(-1, 28, 28, 1).astype('float32')
x_test = x_test.reshape(-1, 28, 28, 1).astype('float32')
x_train /= 255
x_test /= 255
y_train = keras.utils.to_categorical(lbl_train, num_classes)
y_test = keras.utils.to_categorical(lbl_test, num_classes)
# %% [markdown]
# ## 2 Network model
# How many layers does the network have? Train it for 10 epochs.
# %%
model = Sequential()
model.add(Flatten())
model.add(Dense(64, activation = 'relu'))
model.add(Dense(64, activation = 'relu'))
model.add(Dense(num_classes, activation='softmax'))
model.compile(loss=keras.losses.categorical_crossentropy, optimizer=keras.optimizers.SGD(lr = 0.1), metrics=['accuracy'],)
fit_info = model.fit(x_train, y_train, batch_size=batch_size, epochs=epochs, verbose=1, validation_data=(x_test, y_test))
# %% [markdown]
# ## 3 Convolutional layers
# Design a model that makes use of at least one convolutional layer. How performant a model can you get?
