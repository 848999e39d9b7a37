# %% [markdown]
# # Assignment 6: Neural Networks using Keras and Tensorflow
# Group 55
# %% [1]
pip install tensorflow
# %% [2]
pip install keras
# %% [3]
# imports
from __future__ import print_function
import keras
from keras import utils as np_utils
import tensorflow
from keras.datasets import mnist
from keras.models import Sequential
from keras.layers import Dense, Dropout, Flatten
from keras.layers import Conv2D, MaxPooling2D
import tensorflow as tf
from matplotlib import pyplot as plt
import numpy as np
# %% [4]
batch_size = 128
num_classes = 10
epochs = 10
img_rows, img_cols = 28, 28
(x_train, lbl_train), (x_test, lbl_test) = mnist.load_data()
x_train = x_train.reshape(x_train.shape[0], img_rows, img_cols, 1)
x_test = x_test.reshape(x_test.shape[0], img_rows, img_cols, 1)
input_shape = (img_rows, img_cols, 1)
# %% [5]
x_train = x_train.astype('float32')
x_test = x_test.astype('float32')
x_train /= 255
x_test /= 255
y_train = keras.utils.np_utils.to_categorical(lbl_train, num_classes)
y_test = keras.utils.np_utils.to_categorical(lbl_test, num_classes)
# %% [markdown]
# **Preprocessing:** the data are split in training and test images, cast to float32, and divided by 255 to lie in [0, 1].
# The labels are turned to vectors with a one at the place of the digit.
# %% [6]
model = Sequential()
model.add(Flatten())
model.add(Dense(64, activation = 'relu'))
model.add(Dense(64, activation = 'relu'))
model.add(Dense(num_classes, activation='softmax'))
model.compile(loss=keras.losses.categorical_crossentropy,
               optimizer=tensorflow.keras.optimizers.SGD(learning_rate = 0.1),
        metrics=['accuracy'],)
fit_info = model.fit(x_train, y_train, batch_size=batch_size, epochs=epochs, verbose=1, validation_data=(x_test, y_test))
score = model.evaluate(x_test, y_test, verbose=0)
print('Test loss: {}, Test accuracy {}'.format(score[0], score[1]))
# %% [7]
fig = plt.figure()
plt.plot(fit_info.history['accuracy'], label='train')
plt.plot(fit_info.history['val_accuracy'], label='val')
plt.legend()
# %% [8]
from keras.regularizers import l2
reg_factors = [1e-6, 2.5e-4, 5e-4, 7.5e-4, 1e-3]
mean_accs, std_accs = [], []
for reg in reg_factors:
    accs = []
    for rep in range(3):
        model2 = Sequential()
        model2.add(Flatten())
        model2.add(Dense(500, activation='relu', kernel_regularizer=l2(reg)))
        model2.add(Dense(300, activation='relu', kernel_regularizer=l2(reg)))
        model2.add(Dense(num_classes, activation='softmax'))
        model2.compile(loss=keras.losses.categorical_crossentropy,
                       optimizer=tensorflow.keras.optimizers.SGD(learning_rate=0.1), metrics=['accuracy'])
        history = model2.fit(x_train, y_train, batch_size=batch_size, epochs=40, verbose=0, validation_data=(x_test, y_test))
        accs.append(max(history.history['val_accuracy']))
    mean_accs.append(np.mean(accs))
    std_accs.append(np.std(accs))
plt.errorbar(reg_factors, mean_accs, std_accs)
# %% [markdown]
# With weight decay the network comes to 0.9827, and Hinton has 0.9847. The seed and the learning rate are not given.
# %% [9]
cnn = Sequential()
cnn.add(Conv2D(32, kernel_size=(3, 3), activation='relu', input_shape=input_shape))
cnn.add(MaxPooling2D(pool_size=(2, 2)))
cnn.add(Conv2D(64, kernel_size=(3, 3), activation='relu'))
cnn.add(MaxPooling2D(pool_size=(2, 2)))
cnn.add(Dropout(0.3))
cnn.add(Flatten())
cnn.add(Dense(num_classes, activation='softmax'))
cnn.compile(loss='categorical_crossentropy', optimizer='adam', metrics=['accuracy'])
cnn_info = cnn.fit(x_train, y_train, batch_size=64, epochs=10, validation_data=(x_test, y_test))
# %% [markdown]
# The convolutional network has fewer parameters and finds patterns wherever they are.
