# %%
import tensorflow as tf
from tensorflow.keras import layers

(x_train, y_train), (x_test, y_test) = tf.keras.datasets.mnist.load_data()
x_train = (x_train / 255).reshape(-1, 784).astype('float32')
# %%
net = tf.keras.Sequential([tf.keras.Input((784,)), layers.Dense(64, activation='relu'), layers.Dense(64, activation='relu'), layers.Dense(10)])
loss_function = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
optimizer = tf.keras.optimizers.SGD(0.1)
batches = tf.data.Dataset.from_tensor_slices((x_train[:2000], y_train[:2000])).batch(128)

@tf.function
def step(images, labels):
    with tf.GradientTape() as tape:
        loss = loss_function(labels, net(images, training=True))
    gradients = tape.gradient(loss, net.trainable_variables)
    optimizer.apply_gradients(zip(gradients, net.trainable_variables))
    return loss

for epoch in range(2):
    for images, labels in batches:
        loss = step(images, labels)
    print(epoch, float(loss))
# %%
batched = tf.keras.Sequential([tf.keras.Input((784,)), layers.Dense(64, activation='relu'), layers.Dense(10, activation='softmax')])
batched.compile(optimizer='sgd', loss='sparse_categorical_crossentropy', metrics=['accuracy'])
for epoch in range(3):
    for start in range(0, len(x_train), 128):
        batched.train_on_batch(x_train[start:start + 128], y_train[start:start + 128])
# %% [markdown]
# We wrote the training ourselves to understand how the gradients are used in each step of the optimizer.
