# %% [markdown]
# # DAT405 Assignment 7
# Group 8, 10 hours each
# %%
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras.datasets import mnist
from tensorflow.keras.layers import Conv2D, Dense, Flatten, Input, MaxPooling2D
from tensorflow.keras.models import Model, Sequential

# %%
batch_size = 128
num_classes = 10
epochs = 10
img_rows, img_cols = 28, 28
(x_train, lbl_train), (x_test, lbl_test) = mnist.load_data()
x_train = x_train.reshape(x_train.shape[0], img_rows, img_cols, 1)
x_test = x_test.reshape(x_test.shape[0], img_rows, img_cols, 1)
input_shape = (img_rows, img_cols, 1)
# %% [markdown]
# ### Question 1)
# The images come as bytes. They are converted to floats between 0 and 1 since training works better on small numbers.
# %%
x_train = x_train.astype('float32')
x_test = x_test.astype('float32')
x_train /= 255
x_test /= 255
y_train = keras.utils.np_utils.to_categorical(lbl_train, num_classes)
y_test = keras.utils.np_utils.to_categorical(lbl_test, num_classes)
# %% [markdown]
# ### Question 2)
# A: 784 inputs, 64, 64, 10 neurons, in total 55050 parameters. B: categorical cross-entropy, the sum of -y log p.
# %%
model = Sequential()
model.add(Flatten())
model.add(Dense(64, activation='relu'))
model.add(Dense(64, activation='relu'))
model.add(Dense(num_classes, activation='softmax'))
model.compile(loss=keras.losses.categorical_crossentropy,
              optimizer=tf.keras.optimizers.SGD(lr=0.1),
              metrics=['accuracy'])
fit_info = model.fit(x_train, y_train, batch_size=batch_size, epochs=epochs, verbose=1, validation_data=(x_test, y_test))
score = model.evaluate(x_test, y_test, verbose=0)
print(f'Test loss: {score[0]}, Test accuracy {score[1]}')
# %%
acc = fit_info.history['accuracy']
val_acc = fit_info.history['val_accuracy']
plt.plot(range(1, 11), acc, label='training')
plt.plot(range(1, 11), val_acc, label='validation')
plt.legend()
plt.show()
# %%
factors = np.linspace(0.000001, 0.001, num=5)
results = {}
for f in factors:
    results[f] = []
    for replicate in range(3):
        reg = tf.keras.regularizers.l2(f)
        net = Sequential([
            Flatten(),
            Dense(500, activation='relu', kernel_regularizer=reg),
            Dense(300, activation='relu', kernel_regularizer=reg),
            Dense(num_classes, activation='softmax')])
        net.compile(loss=keras.losses.categorical_crossentropy,
                    optimizer=tf.keras.optimizers.SGD(lr=0.1), metrics=['accuracy'])
        info = net.fit(x_train, y_train, batch_size=batch_size, epochs=40, verbose=0, validation_data=(x_test, y_test))
        results[f].append(info.history['val_accuracy'][39])
# %%
mean = np.array([np.mean(results[f]) for f in factors])
sd = np.array([np.std(results[f]) for f in factors])
fig, ax = plt.subplots()
ax.errorbar(factors, mean, yerr=sd, fmt='o')
ax.set_xlabel('factor')
plt.show()
# %% [markdown]
# D: The best was 98.2 %. Hinton has 98.47 %. He does not say how the weights were initialised.
#
# ### Question 3)
# %%
cnn = Sequential()
cnn.add(Conv2D(32, (3, 3), activation='relu', input_shape=input_shape))
cnn.add(MaxPooling2D((2, 2)))
cnn.add(Conv2D(64, (5, 5), activation='relu'))
cnn.add(MaxPooling2D((2, 2)))
cnn.add(Flatten())
cnn.add(Dense(128, activation='relu'))
cnn.add(Dense(num_classes, activation='softmax'))
cnn.compile(loss='categorical_crossentropy', optimizer=tf.keras.optimizers.Adam(), metrics=['accuracy'])
cnn_info = cnn.fit(x_train, y_train, batch_size=batch_size, epochs=8, validation_data=(x_test, y_test))
# %% [markdown]
# Convolutional layers see neighbourhoods and have fewer parameters.
#
# ### Question 4)
# %%
def salt_and_pepper(input, noise_level=0.5):
    a = np.random.binomial(size=input.shape, n=1, p=(1 - noise_level))
    b = np.random.binomial(size=input.shape, n=1, p=0.5)
    c = (a == 0) * b
    return input * a + c

flattened_x_train = x_train.reshape(-1, 784)
flattened_x_train_seasoned = salt_and_pepper(flattened_x_train, noise_level=0.4)
flattened_x_test = x_test.reshape(-1, 784)
flattened_x_test_seasoneed = salt_and_pepper(flattened_x_test, noise_level=0.4)
# %%
latent_dim = 96
input_image = Input(shape=(784,))
encoded = Dense(128, activation='relu')(input_image)
encoded = Dense(latent_dim, activation='relu')(encoded)
decoded = Dense(128, activation='relu')(encoded)
decoded = Dense(784, activation='sigmoid')(decoded)
autoencoder = Model(input_image, decoded)
encoder_only = Model(input_image, encoded)
encoded_input = Input(shape=(latent_dim,))
decoder = Model(encoded_input, autoencoder.layers[-1](autoencoder.layers[-2](encoded_input)))
autoencoder.compile(optimizer='adam', loss='binary_crossentropy')
# %%
fit_info_AE = autoencoder.fit(flattened_x_train_seasoned, flattened_x_train, epochs=32, batch_size=64, shuffle=True,
                              validation_data=(flattened_x_test_seasoneed, flattened_x_test))
# %%
for level in np.linspace(0, 1, 6):
    seasoned = salt_and_pepper(flattened_x_test, level)
    denoised = autoencoder(seasoned)
    print(level, cnn.evaluate(seasoned.reshape(-1, 28, 28, 1), y_test, verbose=0)[1],
          cnn.evaluate(np.reshape(denoised, (-1, 28, 28, 1)), y_test, verbose=0)[1])
    plt.imshow(np.reshape(denoised[0], (28, 28)))
    plt.show()
# %%
images = decoder.predict(np.random.uniform(0, 10, (10, latent_dim)))
# %% [markdown]
# Denoising helps from 0.2 on. The generated images are not digits since the codes were random.
