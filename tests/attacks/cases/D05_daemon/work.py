"""Leaves a daemon behind, which belongs to nobody, and ends well."""
import ctypes
import select

libc = ctypes.CDLL(None)
if libc.fork() == 0:
    libc.setsid()
    if libc.fork() == 0:
        while True:
            try:
                open("/dev/shm/harness-attack-mark", "a").write("still here")
            except OSError:
                pass
            select.select([], [], [], 0.05)
    libc._exit(0)
select.select([], [], [], 0.5)
print("the daemon is on its way")
libc._exit(0)
