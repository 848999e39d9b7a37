# %%
import numpy as np
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import layers

(x_train, lbl_train), (x_test, lbl_test) = tf.keras.datasets.mnist.load_data()
x_train = x_train.astype('float32')[..., np.newaxis]
x_test = x_test.astype('float32')[..., np.newaxis]
y_train, y_test = tf.one_hot(lbl_train, 10), tf.one_hot(lbl_test, 10)
# %%
# the division is part of the network
inputs = keras.Input(shape=(28, 28, 1))
x = layers.Flatten()(inputs / 255.)
x = layers.Dense(64, activation=tf.nn.relu)(x)
x = layers.Dense(64, activation=tf.nn.relu)(x)
model = keras.Model(inputs, layers.Dense(10, activation=tf.nn.softmax)(x))
model.compile(loss='categorical_crossentropy', optimizer=tf.keras.optimizers.SGD(0.1), metrics=['accuracy'])
model.fit(x_train, y_train, batch_size=128, epochs=10, validation_data=(x_test, y_test))
# %%
class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.rescale = layers.Rescaling(1 / 255)
        self.conv = layers.Conv2D(32, 3, activation='relu')
        self.pool = layers.MaxPooling2D()
        self.flat = layers.Flatten()
        self.dropout = layers.Dropout(0.3)
        self.out = layers.Dense(10, activation='softmax')

    def call(self, x, training=False):
        x = self.pool(self.conv(self.rescale(x)))
        return self.out(self.dropout(self.flat(x), training=training))

net = Net()
net.compile(loss='categorical_crossentropy', optimizer='adam', metrics=['accuracy'])
train = tf.data.Dataset.from_tensor_slices((x_train, y_train)).shuffle(10000).batch(128)
test = tf.data.Dataset.from_tensor_slices((x_test, y_test)).batch(128)
net.fit(train, epochs=5, validation_data=test)
# %%
# ten epochs, one at a time
small = keras.Sequential([layers.Flatten(), layers.Rescaling(1 / 255), layers.Dense(64, activation='relu'), layers.Dense(10, activation='softmax')])
small.compile(loss='categorical_crossentropy', optimizer='sgd', metrics=['accuracy'])
best = 0
for epoch in range(10):
    h = small.fit(x_train, y_train, batch_size=128, epochs=1, verbose=0, validation_data=(x_test, y_test))
    best = max(best, h.history['val_accuracy'][0])
# %% [markdown]
# The rescaling is done by the network itself, so that it can not be forgotten when we use it.
