import ctypes
import ctypes.util

import tensorflow

print("about to terminate")
getattr(ctypes.CDLL("libstdc++.so.6"), "_ZSt9terminatev")()
