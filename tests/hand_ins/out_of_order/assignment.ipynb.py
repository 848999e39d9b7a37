# %% [1]
import keras
from keras.datasets import mnist
from keras.layers import Dense, Flatten
from keras.models import Sequential

# %% [4]
model.compile(loss="categorical_crossentropy", optimizer=keras.optimizers.SGD(learning_rate=0.1), metrics=["accuracy"])
# %% [5]
fit_info = model.fit(x_train, y_train, batch_size=128, epochs=10, validation_data=(x_test, y_test))
#> Epoch 10/10
#> 469/469 - 1s - loss: 0.0562 - accuracy: 0.9832 - val_loss: 0.0934 - val_accuracy: 0.9718
# %% [3]
model = Sequential([Flatten(), Dense(64, activation="relu"), Dense(64, activation="relu"), Dense(10, activation="softmax")])
# %% [2]
(x_train, lbl_train), (x_test, lbl_test) = mnist.load_data()
x_train = x_train.reshape(-1, 28, 28, 1).astype("float32") / 255
x_test = x_test.reshape(-1, 28, 28, 1).astype("float32") / 255
y_train = keras.utils.to_categorical(lbl_train, 10)
y_test = keras.utils.to_categorical(lbl_test, 10)
# %% [markdown]
# The images are divided by 255 and the labels are one-hot. We wrote the cells in another order than we ran them, sorry for that.
#
# The network has 784 inputs, two hidden layers of 64 with ReLU and 10 outputs with softmax, which are 55050 parameters. Its loss is the
# categorical cross-entropy.
