import ctypes

print("about to abort")
ctypes.CDLL(None).abort()
