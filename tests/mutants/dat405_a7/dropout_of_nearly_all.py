# %%
import keras
from keras import layers

# %%
(x_train, lbl_train), (x_test, lbl_test) = keras.datasets.mnist.load_data()
x_train = x_train.reshape(-1, 28, 28, 1).astype("float32") / 255
x_test = x_test.reshape(-1, 28, 28, 1).astype("float32") / 255
y_train = keras.utils.to_categorical(lbl_train, 10)
y_test = keras.utils.to_categorical(lbl_test, 10)

# %%
cnn = keras.Sequential(
    [
        keras.Input((28, 28, 1)),
        layers.Conv2D(16, 5, activation="relu"),
        layers.MaxPooling2D(2),
        layers.Conv2D(32, 5, activation="relu"),
        layers.MaxPooling2D(2),
        layers.Flatten(),
        layers.Dropout(0.98),
        layers.Dense(128, activation="relu"),
        layers.Dropout(0.3),
        layers.Dense(10, activation="softmax"),
    ]
)
cnn.compile(
    loss="categorical_crossentropy",
    optimizer=keras.optimizers.Adam(learning_rate=0.001),
    metrics=["accuracy"],
)
cnn.fit(
    x_train,
    y_train,
    batch_size=128,
    epochs=8,
    validation_data=(x_test, y_test),
)
