"""Takes all the memory that it may have and keeps it."""
import numpy as np

kept = []
size = 2**28
while size > 64:
    try:
        kept.append(np.empty(size, np.uint8))
    except MemoryError:
        size //= 2
print("kept it all")
