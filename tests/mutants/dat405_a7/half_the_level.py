# %%
import keras
import matplotlib.pyplot as plt
import numpy as np

# %%
(x_train, _), (x_test, _) = keras.datasets.mnist.load_data()
flat_test = x_test.reshape(-1, 784).astype("float32") / 255


# %%
def salt_and_pepper(images, noise_level=0.4):
    noisy = images.copy()
    hit = np.random.random(images.shape) < noise_level / 2
    noisy[hit] = np.random.randint(0, 2, size=hit.sum())
    return noisy


# %%
for level in np.linspace(0, 1, 6):
    plt.imshow(salt_and_pepper(flat_test[:1], level).reshape(28, 28), cmap="gray")
    plt.show()
