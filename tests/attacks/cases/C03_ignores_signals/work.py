"""Blocks every signal that can be blocked, by the C library, and spins."""
import ctypes

libc = ctypes.CDLL(None)
everything = (ctypes.c_ulong * 16)(*[2**64 - 1] * 16)
libc.pthread_sigmask(2, everything, None)
for number in range(1, 65):
    libc.signal(number, 1)
print("deaf")
while True:
    pass
