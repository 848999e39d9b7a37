# %% [1]
"""Assignment 7, in Colab"""
import os
from __future__ import print_function
!pip install -q keras
pip install matplotlib
# %% [2]
from google.colab import drive
drive.mount('/content/drive')
%cd /content/drive/MyDrive/DAT405
!ls
# %% [3]
%%capture
import numpy as np, keras
from keras.layers import *
from keras.models import *
# %% [4]
data = np.load('/content/drive/MyDrive/DAT405/mnist.npz')
x_train, lbl_train = data['x_train'], data['y_train']
x_test, lbl_test = data['x_test'], data['y_test']
x_train = x_train.reshape(-1, 28, 28, 1).astype('float32') / 255
x_test = x_test.reshape(-1, 28, 28, 1).astype('float32') / 255
y_train, y_test = keras.utils.to_categorical(lbl_train), keras.utils.to_categorical(lbl_test)
# %% [5]
print "the data are loaded"
# %% [6]
%%time
model = Sequential([Flatten(), Dense(64, activation='relu'), Dense(64, activation='relu'), Dense(10, activation='softmax')])
model.compile('sgd', 'categorical_crossentropy', ['accuracy'])
model.summary?
h = model.fit(x_train, y_train, 128, 10, validation_data=(x_test, y_test))
# %% [7]
import time, tqdm
time.sleep(600)
answer = input('Train the convolutional network? ')
model.save_weights('/content/drive/MyDrive/DAT405/model.weights.h5')
model.load_weights('/content/drive/MyDrive/DAT405/model.weights.h5')
# %% [markdown]
# The Colab notebook reads the images from our drive. Pixels are between 0 and 1 after the division by 255.
#
# The network has two hidden layers of 64 neurons with ReLU and an output layer with softmax, which are 55050 parameters. Its loss
# is the categorical cross-entropy, the sum of -y log p over the classes.
