from keras.layers import Conv2D, Dense, Flatten, MaxPooling2D
from keras.models import Sequential
from task1 import x_test, x_train, y_test, y_train

cnn = Sequential([Conv2D(32, 3, activation='relu', input_shape=(28, 28, 1)), MaxPooling2D(2), Conv2D(64, 3, activation='relu'),
                  MaxPooling2D(2), Flatten(), Dense(64, activation='relu'), Dense(10, activation='softmax')])
cnn.compile(loss='categorical_crossentropy', optimizer='adam', metrics=['accuracy'])
cnn.fit(x_train, y_train, batch_size=128, epochs=6, validation_data=(x_test, y_test))
cnn.save('cnn.h5')
