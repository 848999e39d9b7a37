"""As many processes as it can have, none of which ever ends."""
import ctypes
import select

libc = ctypes.CDLL(None, use_errno=True)
libc.pthread_sigmask(2, (ctypes.c_ulong * 16)(*[2**64 - 1] * 16), None)
while True:
    if libc.fork() == -1:
        select.select([], [], [], 0.5)
