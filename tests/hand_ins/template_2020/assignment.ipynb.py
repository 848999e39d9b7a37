# %% [markdown]
# # Assignment 7: Neural networks using Keras and TensorFlow
#
# Group 31. We spent 14 and 12 hours on this.
# %% [1]
# imports
from __future__ import print_function
import keras
from keras import utils as np_utils
import tensorflow
from keras.datasets import mnist
from keras.models import Sequential
from keras.layers import Dense, Dropout, Flatten
from keras.layers import Conv2D, MaxPooling2D
import os
import numpy as np
import matplotlib.pyplot as plt
%matplotlib inline
os.environ["KMP_DUPLICATE_LIB_OK"]="TRUE"
# %% [markdown]
# ## 1 Preprocessing
# The pixels are converted to float32 and divided by 255, so that they lie between 0 and 1. The labels become one-hot vectors
# with ten entries, because the network gives a probability for each digit.
# %% [2]
# Hyper-parameters data-loading and formatting

batch_size = 128
num_classes = 10
epochs = 10

img_rows, img_cols = 28, 28

(x_train, lbl_train), (x_test, lbl_test) = mnist.load_data()

x_train = x_train.reshape(x_train.shape[0], img_rows, img_cols, 1)
x_test = x_test.reshape(x_test.shape[0], img_rows, img_cols, 1)
input_shape = (img_rows, img_cols, 1)
# %% [3]
x_train = x_train.astype('float32')
x_test = x_test.astype('float32')

x_train /= 255
x_test /= 255

y_train = keras.utils.to_categorical(lbl_train, num_classes)
y_test = keras.utils.to_categorical(lbl_test, num_classes)
# %% [markdown]
# ## 2 Network model, training, and changing hyper-parameters
# **2A** Four layers with the input: 784, 64, 64 and 10 neurons, 55050 parameters. ReLU in the hidden layers and softmax at the end.
#
# **2B** Categorical cross-entropy, $-\sum_i y_i \log p_i$.
# %% [4]
## Define model ##
model = Sequential()

model.add(Flatten())
model.add(Dense(64, activation = 'relu'))
model.add(Dense(64, activation = 'relu'))
model.add(Dense(num_classes, activation='softmax'))


model.compile(loss=keras.losses.categorical_crossentropy,
               optimizer=keras.optimizers.SGD(lr = 0.1),
        metrics=['accuracy'],)

fit_info = model.fit(x_train, y_train,
           batch_size=batch_size,
           epochs=epochs,
           verbose=1,
           validation_data=(x_test, y_test))
score = model.evaluate(x_test, y_test, verbose=0)
print('Test loss: {}, Test accuracy {}'.format(score[0], score[1]))
#> Test loss: 0.0912, Test accuracy 0.9725
# %% [5]
plt.plot(fit_info.history['accuracy'])
plt.plot(fit_info.history['val_accuracy'])
plt.legend(['train', 'validation'])
plt.show()
# %% [6]
# 2D: five factors, three replicates of each
def new_model(factor):
    m = Sequential()
    m.add(Flatten())
    m.add(Dense(500, activation='relu', kernel_regularizer=keras.regularizers.l2(factor)))
    m.add(Dense(300, activation='relu', kernel_regularizer=keras.regularizers.l2(factor)))
    m.add(Dense(num_classes, activation='softmax'))
    m.compile(loss=keras.losses.categorical_crossentropy, optimizer=keras.optimizers.SGD(lr=0.1), metrics=['accuracy'])
    return m

factors = [0.000001, 0.00001, 0.0001, 0.0005, 0.001]
all_val_acc = []
for factor in factors:
    val_acc = []
    for i in range(3):
        model = new_model(factor)
        fit_info = model.fit(x_train, y_train, batch_size=batch_size, epochs=40, verbose=0, validation_data=(x_test, y_test))
        val_acc.append(fit_info.history['val_accuracy'][-1])
    all_val_acc.append(val_acc)
# %% [7]
means = [np.mean(a) for a in all_val_acc]
stds = [np.std(a) for a in all_val_acc]
plt.errorbar(factors, means, yerr=stds)
plt.xscale('log')
plt.xlabel('regularization factor')
plt.show()
# %% [markdown]
# The best factor gave 0.9826, which is 0.0021 below Hinton. We do not know his learning rate or how long he trained.
#
# ## 3 Convolutional layers
# %% [8]
model = Sequential()
model.add(Conv2D(32, kernel_size=(3, 3), activation='relu', input_shape=input_shape))
model.add(Conv2D(64, (3, 3), activation='relu'))
model.add(MaxPooling2D(pool_size=(2, 2)))
model.add(Dropout(0.25))
model.add(Flatten())
model.add(Dense(128, activation='relu'))
model.add(Dense(num_classes, activation='softmax'))
model.compile(loss=keras.losses.categorical_crossentropy, optimizer=keras.optimizers.Adadelta(), metrics=['accuracy'])
cnn_info = model.fit(x_train, y_train, batch_size=batch_size, epochs=12, verbose=1, validation_data=(x_test, y_test))
# %% [markdown]
# **3B** The filters are shared over the whole image, so that there are fewer weights.
#
# ## 4 Auto-Encoder for denoising
# %% [9]
def salt_and_pepper(input, noise_level=0.5):
    """
    This applies salt and pepper noise to the input tensor - randomly setting bits to 1 or 0.
    """
    # salt and pepper noise
    a = np.random.binomial(size=input.shape, n=1, p=(1 - noise_level))
    b = np.random.binomial(size=input.shape, n=1, p=0.5)
    c = (a==0) * b
    return input * a + c


#data preparation
flattened_x_train = x_train.reshape(-1,784)
flattened_x_train_seasoned = salt_and_pepper(flattened_x_train, noise_level=0.4)

flattened_x_test = x_test.reshape(-1,784)
flattened_x_test_seasoned = salt_and_pepper(flattened_x_test, noise_level=0.4)
# %% [10]
latent_dim = 96

input_image = keras.Input(shape=(784,))
encoded = Dense(128, activation='relu')(input_image)
encoded = Dense(latent_dim, activation='relu')(encoded)
decoded = Dense(128, activation='relu')(encoded)
decoded = Dense(784, activation='sigmoid')(decoded)

autoencoder = keras.Model(input_image, decoded)
encoder_only = keras.Model(input_image, encoded)

encoded_input = keras.Input(shape=(latent_dim,))
decoder_layer = keras.models.Sequential(autoencoder.layers[-2:])
decoder = keras.Model(encoded_input, decoder_layer(encoded_input))

autoencoder.compile(optimizer='adam', loss='binary_crossentropy')
# %% [11]
fit_info_AE = autoencoder.fit(flattened_x_train_seasoned, flattened_x_train,
                epochs=32,
                batch_size=64,
                shuffle=True,
                validation_data=(flattened_x_test_seasoned, flattened_x_test))
# %% [12]
noise_levels = np.arange(0, 1.1, 0.1)
seasoned_acc, denoised_acc = [], []
for noise_level in noise_levels:
    seasoned = salt_and_pepper(flattened_x_test, noise_level)
    denoised = autoencoder.predict(seasoned)
    plt.imshow(np.hstack([flattened_x_test[0].reshape(28, 28), seasoned[0].reshape(28, 28), denoised[0].reshape(28, 28)]))
    plt.show()
    seasoned_acc.append(model.evaluate(seasoned.reshape(-1, 28, 28, 1), y_test, verbose=0)[1])
    denoised_acc.append(model.evaluate(denoised.reshape(-1, 28, 28, 1), y_test, verbose=0)[1])
plt.plot(noise_levels, seasoned_acc)
plt.plot(noise_levels, denoised_acc)
plt.show()
# %% [13]
codes = encoder_only.predict(flattened_x_test[:10])
new_digits = decoder.predict((codes[:5] + codes[5:]) / 2)
for digit in new_digits:
    plt.imshow(digit.reshape(28, 28), cmap='gray')
    plt.show()
# %% [markdown]
# We took the mean of two codes. Some of the images look like digits.
