"""Eight children with 300 MB each: no limit of one process sees them."""
import ctypes
import select

libc = ctypes.CDLL(None)
libc.pthread_sigmask(2, (ctypes.c_ulong * 16)(*[2**64 - 1] * 16), None)
for _ in range(8):
    if libc.fork() == 0:
        held = bytearray(300 * 2**20)
        for at in range(0, len(held), 4096):
            held[at] = 1
        select.select([], [], [], 10**6)
select.select([], [], [], 10**6)
