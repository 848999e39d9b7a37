# runs after task4a.py, with its autoencoder
import matplotlib.pyplot as plt

for level in np.arange(0, 1.01, 0.2):
    noisy = salt_and_pepper(x_test.reshape(-1, 784)[:10], level)
    restored = autoencoder.predict(noisy)
    plt.imshow(restored[0].reshape(28, 28))
    plt.show()
