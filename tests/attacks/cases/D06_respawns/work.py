"""A process that is never there long enough to be killed: each makes the next and ends."""
import ctypes
import select

libc = ctypes.CDLL(None)
if libc.fork() == 0:
    libc.setsid()
    while True:
        if libc.fork() != 0:
            libc._exit(0)
        select.select([], [], [], 0.001)
select.select([], [], [], 0.5)
libc._exit(0)
