import ctypes
import os

print("about to die")
ctypes.CDLL(None).kill(os.getpid(), 9)
