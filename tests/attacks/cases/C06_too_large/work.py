"""Asks for more memory than there is."""
import numpy as np

for name, make in (("bytearray", lambda: bytearray(100 << 30)), ("zeros", lambda: np.zeros((10**6, 10**6)))):
    try:
        make()
        print("GOT THROUGH:", name)
    except MemoryError:
        print(name, "-> MemoryError")
huge = np.ones((10**5, 10**6))
