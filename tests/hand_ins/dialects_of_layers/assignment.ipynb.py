# %%
import keras
from keras.datasets import mnist
from keras.models import Sequential
from keras.layers import Dense, Flatten, Conv2D, AveragePooling2D, LeakyReLU, BatchNormalization, Activation
from keras.layers.convolutional import MaxPooling2D
from keras.preprocessing.image import ImageDataGenerator
from keras.callbacks import TensorBoard, EarlyStopping, ModelCheckpoint
from keras.utils.vis_utils import plot_model
import numpy as np
(x_train, lbl_train), (x_test, lbl_test) = mnist.load_data()
x_train = x_train.reshape(-1, 28, 28, 1).astype('float32') / 255
x_test = x_test.reshape(-1, 28, 28, 1).astype('float32') / 255
y_train = keras.utils.to_categorical(lbl_train)
y_test = keras.utils.to_categorical(lbl_test)
# %%
lenet = Sequential()
lenet.add(Conv2D(6, (5, 5), padding='same', input_shape=(28, 28, 1)))
lenet.add(LeakyReLU(alpha=0.1))
lenet.add(AveragePooling2D())
lenet.add(Conv2D(16, (5, 5), activation='relu'))
lenet.add(AveragePooling2D())
lenet.add(Flatten())
lenet.add(Dense(84, activation='relu'))
lenet.add(Dense(10, activation='softmax'))
lenet.compile(loss='categorical_crossentropy', optimizer='adam', metrics=['accuracy'])
plot_model(lenet, to_file='lenet.png', show_shapes=True)
# %%
callbacks = [TensorBoard(log_dir='./logs'), EarlyStopping(monitor='val_loss', patience=3),
             ModelCheckpoint('best.h5', save_best_only=True)]
lenet.fit(x_train, y_train, batch_size=128, epochs=10, validation_split=0.1, callbacks=callbacks)
# %%
datagen = ImageDataGenerator(rotation_range=10, zoom_range=0.1, width_shift_range=0.1)
augmented = Sequential([Conv2D(32, 3, input_shape=(28, 28, 1)), BatchNormalization(), Activation('relu'), MaxPooling2D(),
                        Flatten(), Dense(10, activation='softmax')])
augmented.compile(loss='categorical_crossentropy', optimizer='adam', metrics=['accuracy'])
augmented.fit_generator(datagen.flow(x_train, y_train, batch_size=64), steps_per_epoch=len(x_train) // 64, epochs=5,
                        validation_data=(x_test, y_test))
# %%
%load_ext tensorboard
%tensorboard --logdir logs
# %% [markdown]
# LeNet with average pooling comes to 98.9 %. With the augmented images we get 99.1 %.
