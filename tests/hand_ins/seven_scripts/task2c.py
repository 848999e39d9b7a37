import matplotlib.pyplot as plt
from keras.layers import Dense, Flatten
from keras.models import Sequential
from task1 import *

model = Sequential()
model.add(Flatten())
model.add(Dense(64, activation='relu'))
model.add(Dense(64, activation='relu'))
model.add(Dense(10, activation='softmax'))
model.compile(loss='categorical_crossentropy', optimizer=keras.optimizers.SGD(0.1), metrics=['accuracy'])
if __name__ == '__main__':
    h = model.fit(x_train, y_train, batch_size=128, epochs=10, validation_data=(x_test, y_test))
    plt.plot(h.history['accuracy'])
    plt.plot(h.history['val_accuracy'])
    plt.savefig('2c.png')
